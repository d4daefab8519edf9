"""Permutation importance: the truth of known functions, scikit-learn's numbers, order, time, groups."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.inspection import permutation_importance

import mlptrain
from mlptrain.errors import DataError, SpecError
from mlptrain.explain import permutation as module
from mlptrain.explain.methods import explain_rows, make_method
from mlptrain.explain.permutation import FEWEST_REPEATS, draw_order, draw_shift, make_shift_bits, shift_order
from mlptrain.explain.scores import PROPER
from mlptrain.model.memory_rows import make_evaluation_rows
from tests.support.clocks import Clock
from tests.support.in_memory import drop_gaps, make_columns, make_spec
from tests.support.linear import draw_normals, make_linear_model

COLUMNS = drop_gaps(make_columns())
WEIGHTS = {"a": 3.0, "b": 1.0, "d": 0.0, "e": 0.0}


def explain(model, columns, *, clock=None, **options):
    rows = make_evaluation_rows(columns, model.spec.data, model.columns(), model.head, [])
    return explain_rows(model, rows, make_method("permutation", options), clock=clock or Clock())


def of(found):
    """The importances by column."""
    return {each.column: each for each in found.columns}


@pytest.fixture(scope="module")
def model():
    return mlptrain.fit(make_spec(data={"split": {"validation": 0.2}}), COLUMNS).model


@pytest.fixture(scope="module")
def linear():
    return make_linear_model(WEIGHTS)


# the truth


def test_no_row_keeps_its_own_cell():
    for count in (2, 3, 100):
        order = draw_order(1, 0, count)
        for names in (("a",), ("b",), ("a", "b")):
            donors = shift_order(order, draw_shift(make_shift_bits(1, names), count))
            assert sorted(donors.tolist()) == list(range(count))
            assert (donors != np.arange(count)).all()


def test_the_names_of_the_columns_decide_how_far_they_are_shifted():
    shifts = [draw_shift(make_shift_bits(1, names), 10**6) for names in (("a",), ("b",), ("a", "b"), ("b", "a"))]
    assert shifts[2] == shifts[3]
    assert len(set(shifts)) == 3


def test_intervals_hold_the_known_importance_of_a_linear_model(linear):
    """E (w a' − w a + noise)² − E noise² = 2 w² var(a); e is a copy of a that the model does not use."""
    truth = {name: 2 * w * w for name, w in WEIGHTS.items()}
    held, ordered = dict.fromkeys([*truth, "group"], 0), 0
    scale = linear.head.target.scale[0] ** 2
    for seed in range(100):
        columns = draw_normals(seed, 200, "abdr")
        columns |= {"e": columns["a"], "y": 3 * columns["a"] + columns["b"] + columns.pop("r")}
        seeded = replace(linear.networks[0], spec=replace(linear.spec, seed=seed))
        found = explain(replace(linear, networks=(seeded,)), columns, metric="loss", repeats=5)
        by_name = of(found)
        for name, value in truth.items():
            low, high = by_name[name].interval
            held[name] += low <= value / scale <= high
        (group,) = found.groups
        assert group.columns == ("a", "e")
        held["group"] += group.interval[0] <= truth["a"] / scale <= group.interval[1]
        ordered += [each.column for each in found.columns][:2] == ["a", "b"]
        assert by_name["e"].stands_in_for == "a"
        assert by_name["a"].stands_in_for is None
        assert by_name["d"].interval == (0, 0)
    assert ordered == 100
    assert min(held.values()) >= 90, held


def test_a_trained_network_needs_what_the_function_has():
    """y = 3 a + b c + noise: a before b and c; d, noise that the network has seen, costs nothing on new rows."""

    def draw(seed, rows):
        columns = draw_normals(seed, rows, "abcdr")
        return columns | {"y": 3 * columns["a"] + columns["b"] * columns["c"] + 0.5 * columns.pop("r")}

    spec = {
        "data": {"target": "y"},
        "model": {"hidden": [32], "activation": "silu"},
        "training": {"epochs": 30, "batch_size": 32},
        "seed": 2,
    }
    model = mlptrain.fit(spec, draw(5000, 800)).model
    ordered = held = 0
    for seed in range(100):
        found = explain(model, draw(seed, 300), metric="loss", repeats=5)
        names = [each.column for each in found.columns]
        ordered += names[0] == "a" and {*names[1:3]} == {"b", "c"}
        low, high = of(found)["d"].interval
        held += low <= 0 <= high
    assert ordered >= 98
    assert held >= 95


@pytest.mark.parametrize("metric", ["auc", "accuracy", "mcc"])
def test_intervals_of_other_metrics_hold_the_importance_on_many_rows(metric):
    linear = make_linear_model({"a": 2.0, "d": 0.0}, classes=True)

    def draw(seed, rows):
        columns = draw_normals(seed, rows, "ad")
        odds = np.random.default_rng([seed, 1]).random(rows) < 1 / (1 + np.exp(-2 * columns["a"]))
        return columns | {"y": np.where(odds, "yes", "no")}

    truth = of(explain(linear, draw(1000, 4000), metric=metric, repeats=3))["a"].importance
    found = [of(explain(linear, draw(seed, 150), metric=metric, repeats=3))["a"] for seed in range(12)]
    assert sum(each.interval[0] <= truth <= each.interval[1] for each in found) >= 10


def test_the_importances_are_those_of_scikit_learn(monkeypatch):
    """With its permutations: it shuffles each column anew from where the repeat before left it."""
    linear = make_linear_model({"a": 2.0, "b": -1.0, "c": 0.5}, classes=True)
    columns = draw_normals(3, 80, "abc")
    columns["y"] = np.where(columns["a"] + columns["c"] > 0, "yes", "no")

    class Estimator:
        def fit(self, x, y):
            return self

    def score(_, x, y):
        p = linear.predict_proba(dict(zip("abc", x.T, strict=True)))
        return np.log(p[np.arange(len(y)), (y == "yes").astype(int)]).mean()

    x = np.stack([columns[name] for name in "abc"], axis=1)
    theirs = permutation_importance(Estimator(), x, columns["y"], scoring=score, n_repeats=4, random_state=7)
    random = np.random.RandomState(np.random.RandomState(7).randint(np.iinfo(np.int32).max + 1))
    order, donors, given = np.arange(80), np.arange(80), []
    for _ in range(4):
        random.shuffle(order)
        donors = donors[order]
        given.append(donors)
    monkeypatch.setattr(module, "draw_order", lambda seed, repeat, count: given[repeat])
    monkeypatch.setattr(module, "shift_order", lambda donors, shift: donors)
    ours = of(explain(linear, columns, repeats=4, groups="none"))
    assert [ours[name].importance for name in "abc"] == pytest.approx(theirs.importances_mean, abs=1e-12)
    assert [ours[name].above_zero for name in "abc"] == (theirs.importances > 0).mean(axis=1).tolist()


# independence


def test_the_order_of_the_columns_makes_no_difference(model):
    turned = dict(reversed(COLUMNS.items()))
    assert explain(model, turned) == explain(model, COLUMNS)


def test_threads_make_no_difference(model):
    rows = make_evaluation_rows(COLUMNS, model.spec.data, model.columns(), model.head, [])
    method = make_method("permutation", {})
    one, two = (explain_rows(model, rows, method, clock=Clock(), threads=threads) for threads in (1, 2))
    assert [each.importance for each in one.columns] == pytest.approx(
        [each.importance for each in two.columns], rel=1e-6, abs=1e-9
    )


def test_other_rows_first_are_within_the_interval(linear):
    columns = draw_normals(5, 300, "abde") | {"y": draw_normals(6, 300, "y")["y"]}
    turned = {name: cells[::-1].copy() for name, cells in columns.items()}
    one, other = (of(explain(linear, each, metric="loss")) for each in (columns, turned))
    for name in "ab":
        assert one[name].interval[0] <= other[name].importance <= one[name].interval[1]


# time and rows


@pytest.mark.parametrize(
    ("seconds", "limit", "done"),
    [(1, "100s", 6), (1, "4.5s", 4), (1, 4.0, 4), (100, "1s", FEWEST_REPEATS), (1, "1h", 6)],
)
def test_whole_rounds_within_the_time_limit(linear, monkeypatch, seconds, limit, done):
    clock, judge = Clock(), module.EncodedRows.judge

    def take(self, *arguments, **options):
        clock.now += seconds / len(WEIGHTS) * bool(arguments)
        return judge(self, *arguments, **options)

    monkeypatch.setattr(module.EncodedRows, "judge", take)
    columns = draw_normals(5, 30, "abdey")
    found = explain(linear, columns, clock=clock, repeats=6, time_limit=limit, groups="none")
    assert (found.repeats, found.repeats_asked) == (done, 6)
    assert any("time limit" in notice for notice in found.notices) == (done < 6)
    whole = explain(linear, columns, repeats=done, groups="none")
    assert found.columns == whole.columns


def test_of_more_rows_as_many_as_asked_for_are_drawn(linear):
    found = explain(linear, draw_normals(5, 300, "abdey"), rows_limit=50, repeats=2)
    assert (found.rows, found.rows_given) == (50, 300)


def test_one_row_is_an_error(linear):
    with pytest.raises(DataError, match="one row has no other"):
        explain(linear, {name: [1.0] for name in "abdey"})


def test_a_class_that_the_model_does_not_know_is_left_out(model):
    other = COLUMNS | {"label": ["free", *COLUMNS["label"][1:]]}
    found = explain(model, other)
    assert found.rows == len(COLUMNS["label"]) - 1
    assert any("1 row of classes that the model does not know left out" in each for each in found.notices)


# metrics, groups


@pytest.mark.parametrize(
    ("monitor", "metric"),
    [("loss", "log_loss"), ("accuracy", "log_loss"), ("auc", "log_loss"), ("brier", "brier"), ("log_loss", "log_loss")],
)
def test_the_metric_is_the_watched_one_if_it_is_proper(monitor, metric):
    spec = make_spec(data={"split": {"validation": 0.2}}, training={"epochs": 1, "monitor": monitor, "batch_size": 16})
    found = explain(mlptrain.fit(spec, COLUMNS).model, COLUMNS, repeats=1)
    assert found.metric == metric
    assert metric in PROPER


def test_without_probabilities_it_is_the_loss():
    model = mlptrain.fit(make_spec(loss="hinge"), COLUMNS).model
    assert explain(model, COLUMNS, repeats=1).metric == "loss"
    with pytest.raises(SpecError, match="metric: 'log_loss' is not one of loss, accuracy"):
        explain(model, COLUMNS, metric="log_loss")


def test_an_undefined_metric_is_an_error_that_says_why(model):
    dear = [row for row, label in enumerate(COLUMNS["label"]) if label == "dear"]
    with pytest.raises(DataError, match="auc is undefined on these rows: rows of one class only; choose another"):
        explain(model, {name: [cells[row] for row in dear] for name, cells in COLUMNS.items()}, metric="auc")


@pytest.mark.parametrize(
    ("groups", "found"),
    [("none", []), ("b+d", [("b", "d")]), ("a+b, d", [("a", "b")]), ([["d", "b"], ["a"]], [("b", "d")])],
)
def test_groups_as_they_are_asked_for(linear, groups, found):
    columns = draw_normals(5, 50, "abdy")
    ours = explain(linear, columns | {"e": columns["a"]}, groups=groups, repeats=2)
    assert [each.columns for each in ours.groups] == found
    assert of(ours)["e"].partner == "a"


@pytest.mark.parametrize("target", ["label", "price", ["price", "height"]])
@pytest.mark.parametrize("split", [{}, {"folds": 3}])
def test_every_kind_of_target_and_of_model(target, split):
    model = mlptrain.fit(make_spec(target, data={"split": split}), COLUMNS).model
    found = explain(model, COLUMNS, repeats=2)
    assert {each.column for each in found.columns} == model.columns().keys()
    assert found.score == pytest.approx(model.evaluate(COLUMNS, resamples=0).metrics[found.metric], rel=1e-6)
