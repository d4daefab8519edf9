"""Several models on the same rows: paired differences, the sentence about them, and what cannot be compared."""

from dataclasses import replace

import numpy as np
import pytest

import mlptrain
from mlptrain.diagnostics.comparison import (
    Contender,
    MetricDifference,
    compare_models,
    describe_verdict,
    find_interval,
    list_setting_differences,
    require_comparable,
)
from mlptrain.engine.metrics import is_larger_better
from mlptrain.errors import SpecError
from mlptrain.model.memory_rows import make_evaluation_rows
from tests.support.in_memory import drop_gaps, make_columns, make_spec

COLUMNS = drop_gaps(make_columns())


def fit(target="label", columns=COLUMNS, **sections):
    return mlptrain.fit(make_spec(target, **sections), columns).model


def enter(name, model, columns=COLUMNS):
    """A model among those that are compared."""
    rows = make_evaluation_rows(columns, model.spec.data, model.columns(), model.head, [])
    return Contender(name=name, model=model, judged=model.judge_and_evaluate(rows))


@pytest.fixture(scope="module")
def models():
    """By target, a model that has learned and one that has not."""
    poor = {"optimizer": {"name": "sgd", "learning_rate": 1e-9}}
    return {target: (fit(target), fit(target, **poor)) for target in ("label", "price")}


@pytest.mark.parametrize("target", ["label", "price"])
def test_the_better_model_is_first_and_is_surely_better(models, target):
    good, poor = models[target]
    for order in ((("good", good), ("poor", poor)), (("poor", poor), ("good", good))):
        found = compare_models([enter(*each) for each in order], "rows")
        assert [each.name for each in found.models] == ["good", "poor"]
        (difference,) = found.differences
        values = [each.metrics[found.metric] for each in found.models]
        sign = 1 if is_larger_better(found.metric) else -1
        assert difference.gain == sign * (values[0] - values[1])
        assert difference.is_decided
        assert found.verdict.startswith('"good" is better than "poor" (by ')
        assert {each.key for each in found.settings} >= {"optimizer"}


@pytest.mark.parametrize("target", ["label", "price"])
def test_a_model_and_itself_do_not_differ(models, target):
    first, _ = models[target]
    found = compare_models([enter(name, first) for name in "abc"], "rows")
    assert [each.name for each in found.models] == ["a", "b", "c"]
    assert [each.interval for each in found.differences] == [(0.0, 0.0)] * 3
    assert found.verdict == "all intervals of differences include 0: the ranking is not decided"
    assert found.disagreement.disputed == ()
    assert found.disagreement.rows in (0, None)
    assert found.settings == ()


def test_the_intervals_of_more_pairs_are_wider(models):
    good, poor = models["label"]
    two, three = (
        compare_models([enter(str(k), model) for k, model in enumerate(each)], "rows").differences[-1].interval
        for each in ([good, poor], [good, good, poor])
    )
    assert three[0] < two[0] < two[1] < three[1]


def test_models_disagree_where_their_labels_differ(models):
    good, poor = models["label"]
    found = compare_models([enter("good", good), enter("poor", poor)], "rows").disagreement
    assert found.rows == int((good.predict(COLUMNS) != poor.predict(COLUMNS)).sum())
    assert 0 < len(found.disputed) <= min(12, found.rows)
    for each in found.disputed:
        assert each.predictions[0] != each.predictions[1]
    spreads = [abs(each.probabilities[0] - each.probabilities[1]) for each in found.disputed]
    assert spreads == sorted(spreads, reverse=True)


def test_rows_of_unknown_classes_are_wrong_for_all(models):
    labels = COLUMNS["label"]
    strange = {**COLUMNS, "label": ["new" if k % 3 == 0 else label for k, label in enumerate(labels)]}
    whole, some = (
        compare_models([enter(name, model, columns) for name, model in zip("ab", models["label"], strict=True)], "rows")
        for columns in (COLUMNS, strange)
    )
    assert some.metric in ("accuracy", "error_rate")
    (difference,) = some.differences
    assert sum(difference.interval) / 2 == pytest.approx(difference.gain, rel=0.1)
    assert some.disagreement.rows < whole.disagreement.rows


def make_difference(better, worse, interval):
    return MetricDifference(better=better, worse=worse, gain=0.2, interval=interval)


SURE, UNSURE = (0.1, 0.3), (-0.1, 0.5)


@pytest.mark.parametrize(
    ("first", "second", "third", "said"),
    [
        (SURE, SURE, UNSURE, '"a" is better than "b" and "c" (by 0.2000 of auc, 95 %: 0.1000 to 0.3000)'),
        (UNSURE, SURE, UNSURE, '"a" has the best auc, better than "c"; whether it is better than "b" is not decided'),
        (UNSURE, UNSURE, SURE, '"a" has the best auc; whether it is better than "b" and "c" is not decided'),
        (UNSURE, UNSURE, UNSURE, "all intervals of differences include 0: the ranking is not decided"),
        (None, None, None, '"a" has the best auc; no intervals are known, so that the ranking is not decided'),
    ],
)
def test_the_verdict_says_what_is_decided(first, second, third, said):
    pairs = (("a", "b", first), ("a", "c", second), ("b", "c", third))
    assert describe_verdict([make_difference(*each) for each in pairs], "auc", ["a", "b", "c"]) == said


def test_two_models_that_cannot_be_told_apart():
    said = describe_verdict([make_difference("a", "b", UNSURE)], "auc", ["a", "b"])
    figures = "by 0.2000 of auc, 95 %: -0.1000 to 0.5000"
    assert said == f"the interval of the difference includes 0: the ranking is not decided ({figures})"


def test_an_interval_holds_the_share_that_it_says():
    values = np.append(np.arange(1000.0), np.nan)
    low, high = find_interval(values, 0.05)
    assert ((values >= low) & (values <= high)).sum() == 950
    assert find_interval(np.array([np.nan]), 0.05) is None


def test_the_first_difference_is_named():
    label = fit()
    other = {**COLUMNS, "label": [f"{each}!" for each in COLUMNS["label"]]}
    weighted = {**COLUMNS, "w": [1.0] * len(COLUMNS["label"])}
    cases = {
        'the target of one is "label", that of two is "price"': fit("price"),
        'the target of one is "label", that of two is "colour"': fit("colour"),
        'class 1 of one is "': fit(columns=other),
        'the column of weights of one is "none", that of two is "w"': fit(
            columns=weighted, data={"sample_weight": "w"}
        ),
    }
    for said, model in cases.items():
        with pytest.raises(SpecError, match=said):
            require_comparable([("one", label), ("two", model)])
    require_comparable([("one", label), ("two", fit(seed=2)), ("three", label)])


def test_rows_that_are_read_otherwise_are_not_compared(models):
    model, _ = models["price"]
    more = {**COLUMNS, "price": [each + 1 for each in COLUMNS["price"]]}
    with pytest.raises(SpecError, match="a and b cannot be compared: they do not read the same targets"):
        compare_models([enter("a", model), enter("b", model, more)], "rows")


def test_settings_that_differ_are_named_as_one_writes_them():
    spec = {"seed": 1, "optimizer": {"name": "adam", "learning_rate": 0.1}, "model": {"hidden": [8], "dropout": 0.0}}
    rate = replace_value(spec, optimizer={"name": "adam", "learning_rate": 0.2})
    sgd = replace_value(spec, optimizer={"name": "sgd", "learning_rate": 0.1}, seed=2)
    found = {each.key: each.values for each in list_setting_differences([spec, rate])}
    assert found == {"optimizer.learning_rate": ("0.1", "0.2")}
    found = {each.key: each.values for each in list_setting_differences([spec, rate, sgd])}
    assert found["seed"] == ("1", "1", "2")
    assert found["optimizer"] == tuple(
        f"{{name: {name}, learning_rate: {value}}}" for name, value in (("adam", 0.1), ("adam", 0.2), ("sgd", 0.1))
    )
    assert list(list_setting_differences([spec, spec, spec])) == []


def replace_value(spec, **values):
    return {**spec, **values}


def test_a_model_that_was_trained_on_the_rows_says_so(models):
    first, second = (enter(name, model) for name, model in zip("ab", models["price"], strict=True))
    found = compare_models([replace(first, seen="it has"), second], "rows")
    assert [each.seen for each in found.models] == ["it has", ""]
