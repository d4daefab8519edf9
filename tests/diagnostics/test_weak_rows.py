"""Where a model is wrong: slices that are worth what their rows are, few false alarms, and the worst rows."""

from dataclasses import replace

import numpy as np
import pytest

import mlptrain
from mlptrain.diagnostics.weak_rows import (
    FEWEST_ROWS,
    LEAST_ROWS,
    LONGEST_CELL,
    MOST_CELLS,
    MOST_WORST,
    ScoredRows,
    find_weak_rows,
    measure_slices,
)
from mlptrain.engine.losses import CrossEntropy, MeanSquaredError
from mlptrain.explain.scores import KNOWN
from mlptrain.model.memory_rows import make_evaluation_rows
from mlptrain.model.rows import read_rows
from mlptrain.model.slicing import MISSING, Slicing
from mlptrain.spec.fields import Images
from tests.support.images import fit_images
from tests.support.in_memory import make_columns, make_spec, name_file, write_table
from tests.support.judging import judge, make_class_head, make_number_head

COLUMNS = make_columns(120)


def fit(target="label", columns=COLUMNS, **sections):
    return mlptrain.fit(make_spec(target, **sections), columns).model


def read(model, columns=COLUMNS):
    """Rows with their targets, as a report judges them."""
    return model.judge_and_evaluate(
        make_evaluation_rows(columns, model.spec.data, model.columns(), model.head, []), resamples=0
    )


def watch(metric):
    return {"training": {"epochs": 3, "batch_size": 16, "monitor": metric}, "data": {"split": {"validation": 0.2}}}


@pytest.mark.parametrize(
    ("target", "watched", "metric"),
    [
        *(("label", name, name) for name in ("accuracy", "error_rate", "log_loss", "brier")),
        *((target, name, name) for target in ("price", ["price", "height"]) for name in ("rmse", "mae")),
        *(("label", name, "log_loss") for name in ("f1", "mcc", "auc")),
        ("price", "r2", "rmse"),
    ],
    ids=str,
)
def test_a_slice_is_worth_what_its_rows_are(target, watched, metric):
    sections = watch(watched)
    sections["data"]["sample_weight"] = "weight"
    spec = make_spec(target, **sections)
    del spec["data"]["columns"]["weight"]
    model = mlptrain.fit(spec, COLUMNS).model
    judged = read(model)
    found = find_weak_rows(model, judged)
    assert found.metric == metric
    assert found.overall == pytest.approx(judged.evaluation.metrics[metric])
    slices = {each.value: each for each in found.slices if each.column == "colour"}
    evaluated = model.evaluate_rows(judged.rows, by="colour", resamples=0).slices
    assert slices.keys() == {each.value for each in evaluated} == {"red", "green", "blue", MISSING}
    for each in evaluated:
        assert slices[each.value].rows == each.rows
        assert (slices[each.value].metric or np.nan) == pytest.approx(each.metrics[metric] or np.nan, nan_ok=True)


def test_slices_are_of_every_metric_whose_error_is_known():
    assert {*KNOWN} == {"loss", "accuracy", "error_rate", "auc", "log_loss", "brier", "rmse", "mae"}


def score(name, head, judged):
    """Rows with a metric, without a model."""
    scored = ScoredRows(
        name=name, head=head, judgement=judged.judgement, chosen=np.arange(len(judged.judgement.truth)), overall=None
    )
    return replace(scored, overall=scored.measure(scored.chosen)[0])


def draw_case(draw, name, rows=600):
    """Rows without any structure, and columns that say nothing of them."""
    if name in ("rmse", "mae"):
        head, truth = make_number_head(MeanSquaredError(), "y"), draw.normal(size=(rows, 1))
        judged = judge(truth, truth + draw.normal(size=(rows, 1)))
    else:
        head, p = make_class_head(CrossEntropy(), 2), draw.beta(1, 2, rows)
        judged = judge((draw.random(rows) < p).astype(int), np.stack([1 - p, p], axis=1))
    slicings = [
        Slicing(str(k), list("abcdef"), draw.choice(6, rows, p=[0.5, 0.2, 0.1, 0.1, 0.06, 0.04])) for k in "xyz"
    ]
    return head, judged, slicings


@pytest.mark.parametrize("name", ["accuracy", "log_loss", "brier", "auc", "rmse", "mae"])
def test_columns_that_say_nothing_have_weak_slices_in_few_of_many_tables(name):
    draw = np.random.default_rng(4)
    alarms = []
    for _ in range(60):
        head, judged, slicings = draw_case(draw, name)
        alarms.append(any(each.is_weak for each in measure_slices(score(name, head, judged), slicings)))
    assert sum(alarms) <= 5


def test_a_planted_weak_slice_is_found_and_comes_first():
    draw = np.random.default_rng(6)
    head, judged, slicings = draw_case(draw, "accuracy")
    codes = slicings[1].codes
    wrong = (codes == 2) & (draw.random(len(codes)) < 0.8)
    truth = np.where(wrong, judged.judgement.predictions.argmin(axis=1), judged.judgement.truth)
    scored = score("accuracy", head, judge(truth, judged.judgement.predictions))
    first, *others = measure_slices(scored, slicings)
    assert (first.column, first.value, first.is_weak) == ("y", "c", True)
    assert not any(each.is_weak for each in others if each.column == "x")


def test_slices_of_few_rows_are_never_weak_and_come_last():
    codes = np.repeat([0, 1, 2], [LEAST_ROWS - 1, LEAST_ROWS, 500])
    truth = (codes < 2).astype(int)
    judged = judge(truth, np.tile([0.9, 0.1], (len(codes), 1)))
    found = measure_slices(score("accuracy", make_class_head(CrossEntropy(), 2), judged), [Slicing("x", "abc", codes)])
    assert [(each.value, each.is_weak) for each in found] == [("b", True), ("c", False), ("a", False)]


def test_nothing_is_said_of_slices_that_tell_of_single_rows():
    codes = np.repeat([0, 1, 2], [FEWEST_ROWS - 1, FEWEST_ROWS, 500])
    judged = judge((codes < 2).astype(int), np.tile([0.9, 0.1], (len(codes), 1)))
    found = measure_slices(score("accuracy", make_class_head(CrossEntropy(), 2), judged), [Slicing("x", "abc", codes)])
    assert {each.value for each in found} == {"b", "c"}


def test_rows_of_unknown_classes_are_wrong_in_the_slices_of_the_accuracy():
    model = fit(**watch("accuracy"))
    columns = COLUMNS | {"label": ["new" if colour == "red" else "dear" for colour in COLUMNS["colour"]]}
    judged = read(model, columns)
    found = find_weak_rows(model, judged)
    assert found.overall == pytest.approx(judged.evaluation.metrics["accuracy"])
    assert next(each.metric for each in found.slices if each.value == "red") == 0
    assert {each.truth for each in found.worst} == {"dear"}


# the worst rows


def test_the_worst_rows_have_the_largest_losses_and_say_where_they_are(tmp_path):
    model = mlptrain.fit(name_file(make_spec(), str(write_table(tmp_path, COLUMNS)))).model
    judged = model.judge_and_evaluate(read_rows(model.spec.data.train, model.spec.data, tmp_path), resamples=0)
    worst = find_weak_rows(model, judged, ["colour", "size"]).worst
    losses = judged.judgement.losses
    assert [each.loss for each in worst] == np.sort(losses)[::-1][:MOST_WORST].tolist()
    for each in worst:
        name, _, line = each.place.partition(":")
        row = int(line) - 2
        assert name == "table.csv"
        assert each.loss == losses[row]
        assert each.truth == COLUMNS["label"][row]
        assert each.predicted in ("dear", "cheap")
        assert each.probability == pytest.approx(np.exp(-each.loss), rel=1e-5)
        assert each.cells == {name: str(COLUMNS[name][row] or "") for name in ("colour", "size")}


def test_long_cells_are_cut_and_not_too_many_are_shown():
    names = [f"c{k}" for k in range(MOST_CELLS + 3)]
    columns = {name: ["x" * 60, "y" * 5] * 20 for name in names} | {"label": ["a", "b"] * 20}
    model = mlptrain.fit({"data": {"target": "label"}, "training": {"epochs": 1}}, columns).model
    worst = find_weak_rows(model, read(model, columns)).worst[0]
    assert list(worst.cells) == names[:MOST_CELLS]
    assert {*worst.cells.values()} <= {"x" * (LONGEST_CELL - 1) + "…", "y" * 5}


def test_several_targets_are_told_one_after_the_other():
    model = fit(["price", "height"])
    judged = read(model)
    worst = find_weak_rows(model, judged).worst[0]
    row = int(judged.judgement.losses.argmax())
    assert list(map(float, worst.truth.split(", "))) == [COLUMNS["price"][row], COLUMNS["height"][row]]
    assert worst.probability is None


def test_numbers_are_told_in_their_own_units():
    columns = COLUMNS | {"price": [1000.0 + value for value in COLUMNS["price"]]}
    model = fit("price", columns, data={"target_transform": "log"})
    for each in find_weak_rows(model, read(model, columns)).worst:
        assert float(each.truth) in columns["price"]
        assert 900 < float(each.predicted) < 1200


def test_scores_that_are_no_probabilities_are_not_told_as_such():
    model = fit(loss="hinge", **watch("f1"))
    found = find_weak_rows(model, read(model))
    assert found.metric == "loss"
    assert {each.probability for each in found.worst} == {None}
    assert found.slices


def test_images_have_places_and_no_slices(tmp_path):
    model = fit_images(tmp_path, epochs=1)
    test = {name: str(tmp_path / f"test.{name}") for name in ("images", "labels")}
    judged = model.judge_and_evaluate(read_rows(Images(**test), model.spec.data, tmp_path), resamples=0)
    found = find_weak_rows(model, judged)
    assert (found.slices, found.absent) == ((), {"slices": "images have no columns"})
    assert found.worst[0].place == f"test.images image {judged.judgement.losses.argmax() + 1}"
    assert found.worst[0].cells == {}


def test_where_nothing_can_be_told_there_is_a_reason():
    model = fit("price")
    judged = read(model)
    nothing = np.full_like(judged.judgement.losses, np.nan)
    broken = replace(judged.judgement, predictions=np.full_like(judged.judgement.predictions, np.inf), losses=nothing)
    found = find_weak_rows(model, replace(judged, judgement=broken))
    assert (found.slices, found.worst) == ((), ())
    assert found.absent == {"slices": "rmse is not defined on the rows", "worst": "no row has a finite loss"}
