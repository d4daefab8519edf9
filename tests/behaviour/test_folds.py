"""Folds and repeats: each row is held out once, each member is fitted on its own rows, together they are one model."""

from itertools import pairwise
from math import isnan
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pytest

from mlptrain.commands.evaluate import evaluate_files
from mlptrain.data.frames import read_columns
from mlptrain.errors import SpecError
from mlptrain.fitting.out_of_fold import HeldOut, HeldOutRows, are_held_out_names
from mlptrain.model.answers import AnswerOptions
from mlptrain.model.history import EpochEnded
from mlptrain.model.model import Model
from mlptrain.model.rows import TableRows, read_rows
from mlptrain.preparation.partitions import divide_rows
from mlptrain.spec.fields import Split
from mlptrain.training.events import FunctionSink, Started
from tests.support.flows import csv_text, fit, fit_mixed, mixed_rows, predict, read_csv, write_mixed
from tests.support.preparing import read_data

FOLDS = {"data": {"split": {"folds": 3}}}
WITH_TEST = {"data": {"split": {"folds": 3, "repeats": 2, "test": 0.2}}}
ROWS = mixed_rows()
KINDS = {"classes": {}, "numbers": {"target": ["price", "count"]}, "poisson": {"target": "count"}}


def fitted(folder, kind="classes", **split):
    """A model of folds and its out-of-fold predictions."""
    sections = {"loss": "poisson"} if kind == "poisson" else {}
    spec = write_mixed(folder, data=KINDS[kind] | {"split": {"folds": 3} | split}, **sections)
    result = fit(str(spec), out=folder / "m.npz", out_of_fold=folder / "held.csv")
    return result, Model.load(folder / "m.npz"), read_csv((folder / "held.csv").read_text())


def material_of(folder, *overrides):
    return read_data(folder / "mixed.yaml", overrides)


def rows_of(folder, model, chosen):
    return read_rows("mixed.csv", model.spec.data, folder).take(np.asarray(chosen))


@pytest.mark.parametrize("split", [{}, {"type": "random"}, {"type": "group", "column": "colour"}])
def test_every_row_is_held_out_once_and_is_in_no_other_part_then(tmp_path, split):
    write_mixed(tmp_path, data={"split": {"folds": 3} | split})
    parts = divide_rows(material_of(tmp_path))
    assert sorted(np.concatenate([part.validation for part in parts])) == list(range(60))
    for part in parts:
        assert sorted([*part.train, *part.validation]) == list(range(60))


def test_test_rows_are_in_no_fold_and_each_repeat_has_other_folds(tmp_path):
    write_mixed(tmp_path, **WITH_TEST)
    parts = divide_rows(material_of(tmp_path))
    assert len(parts) == 6
    (test,) = {tuple(part.test) for part in parts}
    assert len(test) == 12
    for repeat in (parts[:3], parts[3:]):
        assert sorted([*test, *np.concatenate([part.validation for part in repeat])]) == list(range(60))
    assert {tuple(part.validation) for part in parts[:3]}.isdisjoint(tuple(part.validation) for part in parts[3:])


def test_folds_of_time_are_validated_on_what_comes_after_their_training_rows(tmp_path):
    rows = [dict(row, day=str(k * 7 % 60)) for k, row in enumerate(ROWS)]
    write_mixed(tmp_path, rows, data={"split": {"folds": 4, "type": "time", "column": "day"}})
    day = np.array([int(row["day"]) for row in rows])
    parts = divide_rows(material_of(tmp_path))
    for part in parts:
        assert day[part.train].max() < day[part.validation].min()
    for one, later in pairwise(parts):
        assert set(one.train) | set(one.validation) == set(later.train)


def test_each_member_is_fitted_on_the_training_rows_of_its_fold_alone(tmp_path):
    _, model, _ = fitted(tmp_path, "numbers")
    sizes = np.array([float(row["size"] or "nan") for row in ROWS])
    prices = np.array([float(row["price"]) for row in ROWS])
    centers = set()
    for member, part in zip(model.networks, divide_rows(material_of(tmp_path)), strict=True):
        known = sizes[part.train][~np.isnan(sizes[part.train])]
        column = next(column for column in member.features.columns if column.name == "size")
        assert (column.scaling.center, column.scaling.scale) == pytest.approx((known.mean(), known.std()))
        assert column.fill == pytest.approx(np.median(known))
        assert member.head.target.center[0] == pytest.approx(prices[part.train].mean())
        centers.add(column.scaling.center)
    assert len(centers) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_out_of_fold_predictions_are_those_of_the_member_that_held_the_row_out(tmp_path, kind):
    result, model, held = fitted(tmp_path, kind)
    assert [row["row"] for row in held] == [str(k) for k in range(1, 61)]
    for number, part in enumerate(divide_rows(material_of(tmp_path)), 1):
        assert {held[k]["fold"] for k in part.validation} == {str(number)}
        alone = Model(networks=[model.networks[number - 1]])
        wanted = AnswerOptions(probabilities=kind == "classes")
        expected = alone.answer(rows_of(tmp_path, model, part.validation), wanted)
        for name, cells in expected.items():
            found = [held[k][name] for k in part.validation]
            if name == "label":
                assert found == cells
            else:
                assert [float(cell) for cell in found] == pytest.approx([float(cell) for cell in cells], rel=1e-5)
        assert [*expected] == [*held[0]][2:]
    assert len(result.folds) == 3


def test_rows_held_out_more_than_once_are_averaged(tmp_path):
    _, model, held = fitted(tmp_path, "numbers", repeats=2)
    total = np.zeros((60, 2))
    for member, part in zip(model.networks, divide_rows(material_of(tmp_path)), strict=True):
        total[part.validation] += member.predict(rows_of(tmp_path, model, part.validation))
    found = np.array([[float(row["price"]), float(row["count"])] for row in held])
    np.testing.assert_allclose(found, total / 2, rtol=1e-5)


def test_the_folds_of_each_repeat_are_those_that_held_the_row_out(tmp_path):
    """Each has a column of its own, so that a name says what it holds; a row held out in no repeat is not there."""
    _, _, held = fitted(tmp_path, repeats=2, test=0.2)
    parts = divide_rows(material_of(tmp_path))
    assert [*held[0]][:4] == ["row", "repeat_1_fold", "repeat_2_fold", "label"]
    for repeat, folds in ((1, parts[:3]), (2, parts[3:])):
        expected = {str(k + 1): str(number) for number, part in enumerate(folds, 1) for k in part.validation}
        assert {row["row"]: row[f"repeat_{repeat}_fold"] for row in held} == expected
    assert are_held_out_names([*held[0]], ["label"])
    again = fit(str(tmp_path / "mixed.yaml"), out=tmp_path / "m.npz", out_of_fold=tmp_path / "held.csv")
    assert len(again.folds) == 6


def test_a_row_that_a_repeat_did_not_hold_out_has_no_fold_there(tmp_path):
    _, model, _ = fitted(tmp_path, "numbers", repeats=2)
    held = HeldOut(TableRows(read_columns({"x": ["1", "2"]}, "t.csv")), Split(folds=3, repeats=2))
    for number, rows in ((2, [0, 1]), (4, [1])):
        predictions = np.full((len(rows), 2), float(number))
        held.add(HeldOutRows(numbers=np.array(rows), predictions=predictions, truth=predictions, weights=None), number)
    for name in ("o.csv", "o.parquet"):
        held.write(tmp_path / name, model)
    rows = read_csv((tmp_path / "o.csv").read_text())
    assert [(row["repeat_1_fold"], row["repeat_2_fold"], float(row["price"])) for row in rows] == [
        ("2", "", 2.0),
        ("2", "1", 3.0),
    ]


NOT_HELD_OUT = [["row", "y"], ["fold", "row", "y"], ["row", "folds", "y"], ["row", "repeat_1_fold", "x", "y"], ["row"]]


@pytest.mark.parametrize("names", NOT_HELD_OUT, ids=",".join)
def test_other_tables_are_no_out_of_fold_predictions(names):
    assert not are_held_out_names(names, ["y"])


def test_rows_of_the_test_part_have_no_out_of_fold_prediction(tmp_path):
    _, _, held = fitted(tmp_path, test=0.2)
    (test,) = {tuple(part.test + 1) for part in divide_rows(material_of(tmp_path))}
    assert [int(row["row"]) for row in held] == [row for row in range(1, 61) if row not in test]


@pytest.mark.parametrize("kind", KINDS)
def test_the_model_predicts_the_average_of_its_members(tmp_path, kind):
    _, model, _ = fitted(tmp_path, kind)
    whole = rows_of(tmp_path, model, range(60))
    each = [Model(networks=[member]).predict_values(whole) for member in model.networks]
    np.testing.assert_allclose(model.predict_values(whole), np.mean(each, axis=0), rtol=1e-12)
    assert not np.allclose(each[0], each[1])


def test_a_model_of_folds_is_read_back_bit_for_bit_and_the_same_spec_gives_the_same_bytes(tmp_path):
    one, two = (Path(fit_mixed(tmp_path, out=f"{k}.npz", **FOLDS).model) for k in range(2))
    assert one.read_bytes() == two.read_bytes()
    rows = str(tmp_path / "mixed.csv")
    assert predict(str(one), rows, probabilities=True) == predict(str(two), rows, probabilities=True)


@pytest.mark.parametrize("split", [{"folds": 4}, {"validation": 0.25, "repeats": 3}])
def test_the_result_is_mean_and_deviation_over_the_folds(tmp_path, split):
    result = fit_mixed(tmp_path, data={"split": split})
    assert len(result.folds) == (split.get("folds") or split["repeats"])
    for part in ("train", "validation"):
        for name, value in result.metrics[part].items():
            values = [fold.metrics[part][name] for fold in result.folds]
            assert value == pytest.approx(mean(values))
            assert result.deviations[part][name] == pytest.approx(stdev(values))
    assert result.epochs == max(fold.epochs for fold in result.folds)
    assert result.parameters == sum(
        m.network.parameters.theta.size for m in Model.load(tmp_path / "mixed.npz").networks
    )
    assert Model.load(tmp_path / "mixed.npz").result["deviations"] == result.deviations


def test_each_fold_begins_with_a_seed_of_its_own(tmp_path):
    """With nothing learned, members differ by their seeds alone; fold k is the network of seed + k − 1."""
    settings = ("optimizer={name: sgd, learning_rate: 1e-30}", "training.epochs=1", "seed=5")
    fit_mixed(tmp_path, *settings, **FOLDS)
    thetas = [member.network.parameters.theta for member in Model.load(tmp_path / "mixed.npz").networks]
    assert len({theta.tobytes() for theta in thetas}) == 3
    fit_mixed(tmp_path, *settings[:2], "seed=7", out="alone.npz")
    (alone,) = Model.load(tmp_path / "alone.npz").networks
    np.testing.assert_allclose(alone.network.parameters.theta, thetas[2], atol=1e-20)


def test_events_tell_their_fold(tmp_path):
    events = []
    fit(str(write_mixed(tmp_path, **FOLDS)), out=tmp_path / "m.npz", sinks=[FunctionSink(events.append)])
    assert [(event.fold, event.folds) for event in events if isinstance(event, Started)] == [(1, 3), (2, 3), (3, 3)]
    assert sum(isinstance(event, EpochEnded) for event in events) == 36


def test_repeated_hold_out_draws_other_validation_rows_each_time(tmp_path):
    write_mixed(tmp_path, data={"split": {"validation": 0.25, "test": 0.2, "repeats": 3}})
    parts = divide_rows(material_of(tmp_path))
    assert len({tuple(part.validation) for part in parts}) == 3
    assert all(len(part.validation) == 15 for part in parts)


@pytest.mark.parametrize("kind", [{}, {"type": "random"}, {"type": "group", "column": "group"}])
def test_test_rows_of_repeated_hold_out_are_seen_by_no_member(tmp_path, kind):
    rows = [row | {"group": str(k // 2)} for k, row in enumerate(ROWS)]
    write_mixed(tmp_path, rows, data={"split": {"validation": 0.25, "test": 0.2, "repeats": 3} | kind})
    parts = divide_rows(material_of(tmp_path))
    seen = set(np.concatenate([np.concatenate([part.train, part.validation]) for part in parts]))
    assert seen.isdisjoint(parts[0].test)
    assert all(len({*part.train} & {*part.validation}) == 0 for part in parts)
    assert len({tuple(part.validation) for part in parts}) == 3


def test_eval_measures_the_average_on_the_test_part(tmp_path):
    result = fit_mixed(tmp_path, **WITH_TEST)
    (tmp_path / "test.csv").write_text(csv_text([ROWS[k] for k in divide_rows(material_of(tmp_path))[0].test]))
    assert evaluate_files(result.model) == evaluate_files(result.model, str(tmp_path / "test.csv"))
    assert not isnan(evaluate_files(result.model).metrics["loss"])


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"folds": 61}, "too few rows in 60 rows for 61 folds; take fewer"),
        ({"folds": 4, "type": "group", "column": "colour"}, "too few groups in 60 rows for 4 folds; take fewer"),
    ],
)
def test_more_folds_than_rows_or_groups_are_refused(tmp_path, split, message):
    with pytest.raises(SpecError, match=message):
        fit_mixed(tmp_path, data={"split": split})


def test_out_of_fold_predictions_need_folds_and_a_file_of_their_own(tmp_path):
    plain, folds = write_mixed(tmp_path / "a"), write_mixed(tmp_path / "b", **FOLDS)
    with pytest.raises(SpecError, match=r"--out-of-fold: the spec has no folds; set data.split.folds"):
        fit(str(plain), out=tmp_path / "m.npz", out_of_fold=tmp_path / "held.csv")
    with pytest.raises(SpecError, match="this is where the model goes; choose another name"):
        fit(str(folds), out=tmp_path / "m.npz", out_of_fold=tmp_path / "m.npz")
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}
