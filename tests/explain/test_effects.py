"""Effects: those of known functions, of every kind of column, in the columns' own values."""

import numpy as np
import pytest

import mlptrain
from mlptrain.errors import SpecError
from mlptrain.explain.effects import (
    FEWEST_INTERVALS,
    ICE_LINES,
    MOST_LEVELS,
    MOST_POINTS,
    ROWS_OF_INTERVAL,
    Probe,
    choose_edges,
    find_number_effects,
)
from mlptrain.explain.methods import explain_rows, make_method
from mlptrain.model.memory_rows import make_prediction_rows
from tests.support.clocks import Clock
from tests.support.in_memory import KINDS, make_columns, make_spec
from tests.support.linear import draw_normals, make_linear_model

COLUMNS = make_columns()
ROWS = 4000


class FormulaRows:
    """Rows of columns and a formula of them in place of a model: answers as `EncodedRows` does."""

    def __init__(self, formula, **columns):
        self.formula, self.columns = formula, columns
        self.count = len(next(iter(columns.values())))

    def predict(self, names, donors):
        moved = {name: cells[donors] if name in names else cells for name, cells in self.columns.items()}
        return self.formula(**moved)[:, None]

    def predict_one_row(self, names, donor, rows):
        given = {
            name: np.full(len(rows), cells[donor]) if name in names else cells[rows]
            for name, cells in self.columns.items()
        }
        return self.formula(**given)[:, None]


def effect_of(name, formula, *, local, points=24, **columns):
    """The values and the effects of a column on a formula."""
    probe = Probe(FormulaRows(formula, **columns), np.array([0]))
    found = find_number_effects(probe, name, columns[name], None, points=points, local=local)
    z = np.array([point.value for point in found.points])
    return z, np.array([point.effect[0] for point in found.points]), found


def center(curve, z, x):
    """A curve less its mean over rows."""
    return curve(z) - curve(x[(x >= z[0]) & (x <= z[-1])]).mean()


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_effects_of_a_known_function(correlation):
    """f = x² + 2 x u, E (u | x) = ρ x: PD = x² + 2 x E u, ALE = ∫ 2x + 2 E (u | x) dx = (1 + ρ) x², centred."""
    normals = draw_normals(1, ROWS, "xe")
    x = normals["x"]
    u = correlation * x + np.sqrt(1 - correlation**2) * normals["e"]

    def formula(x, u):
        return x * x + 2 * x * u

    z, dependence, _ = effect_of("x", formula, local=False, x=x, u=u)
    assert dependence == pytest.approx(z * z + 2 * z * u.mean() - formula(x, u).mean(), abs=1e-9)
    z, local, _ = effect_of("x", formula, local=True, x=x, u=u)
    assert local == pytest.approx(center(lambda x: (1 + correlation) * x * x, z, x), abs=0.4)
    z, local, _ = effect_of("u", formula, local=True, x=x, u=u)
    assert local == pytest.approx(center(lambda u: correlation * u * u, z, u), abs=0.4)


def test_a_copied_column_changes_the_dependence_alone():
    """f = x + 50 (x − copy)² is x on every row; partial dependence asks it where no row is."""
    x = draw_normals(2, ROWS, "x")["x"]

    def formula(x, copy):
        return x + 50 * (x - copy) ** 2

    z, local, _ = effect_of("x", formula, local=True, points=200, x=x, copy=x)
    assert local == pytest.approx(center(lambda x: x, z, x), abs=0.5)
    _, dependence, _ = effect_of("x", formula, local=False, x=x, copy=x)
    assert abs(dependence - (z[:: len(z) // 24][: len(dependence)])).max() > 50


def test_without_interactions_both_are_exact():
    columns = draw_normals(3, 500, "xu")
    for local in (True, False):
        z, effects, _ = effect_of("x", lambda x, u: 3 * x + u, local=local, **columns)
        assert effects - effects[0] == pytest.approx(3 * (z - z[0]), abs=1e-9)


def test_local_effects_are_centred_on_the_middles_of_the_bins():
    """Five rows are in the bin from 0 to 1, one in that from 1 to 2: the mean of the curve is (5 · ½ + 3/2) / 6."""
    _, effects, found = effect_of("x", lambda x: x, local=True, x=np.array([0.0, 0, 1, 1, 1, 2]))
    assert effects == pytest.approx(np.arange(3) - 4 / 6, abs=1e-12)
    assert [point.rows for point in found.points] == [2, 3, 1]


def test_the_lines_of_rows_are_their_predictions():
    columns = draw_normals(4, 200, "xu")
    z, _, found = effect_of("x", lambda x, u: u * x, local=True, **columns)
    lines = np.array(found.ice)
    assert lines.shape == (ICE_LINES, len(z))
    slopes = lines / z
    assert slopes == pytest.approx(np.repeat(slopes[:, :1], len(z), axis=1), abs=1e-9)
    assert set(slopes[:, 0].round(9)) <= set(columns["u"].round(9))


@pytest.mark.parametrize(
    ("values", "points", "edges"),
    [
        ([3.0, 1.0, 2.0, 2.0, np.nan], 24, [1, 2, 3]),
        ([5.0] * 4, 24, [5]),
        ([np.nan] * 3, 24, []),
        (np.arange(1001.0), 2, [10, 990]),
        (np.arange(1001.0), 3, [10, 500, 990]),
    ],
)
def test_values_are_actual_ones_between_the_outer_quantiles(values, points, edges):
    assert choose_edges(np.array(values), points).tolist() == edges


@pytest.mark.parametrize("different", [1, 2, 5, 6, 9, 30])
@pytest.mark.parametrize("points", [2, 5, 24])
def test_points_are_every_value_only_where_there_are_no_more(different, points):
    """Others are ends of intervals, whose rows lie between them."""
    x = np.arange(900.0) % different
    _, _, found = effect_of("x", lambda x: x, local=True, points=points, x=x)
    assert found.has_every_value == (different <= points)
    if found.has_every_value:
        assert [each.rows for each in found.points] == [900 // different] * different


def test_a_constant_column_and_one_without_cells_have_no_effect():
    for values in (np.ones(20), np.full(20, np.nan)):
        _, effects, found = effect_of("x", lambda x: np.nan_to_num(x), local=True, x=values)
        assert not effects.any()
        assert (found.missing is None) == (not np.isnan(values).any())


# models


def explain(model, data, **options):
    rows = make_prediction_rows(data, model.spec.data, model.columns())
    return explain_rows(model, rows, make_method("effects", options), clock=Clock())


@pytest.fixture(scope="module", params=[{}, {"folds": 3}], ids=["one network", "folds"])
def model(request):
    return mlptrain.fit(make_spec(data={"split": request.param}), COLUMNS).model


def test_every_kind_of_column_in_its_own_values(model):
    found = {each.column: each for each in explain(model, COLUMNS).columns}
    assert found.keys() == KINDS.keys()
    assert {name: each.curve for name, each in found.items()} == {
        **{"size": "ale", "pieces": "ale", "day": "ale"},
        **{"colour": "partial_dependence", "fresh": "partial_dependence"},
    }
    assert {point.value for point in found["colour"].points} == {"", "red", "green", "blue"}
    assert {str(point.value).lower() for point in found["fresh"].points} == {"", "true", "false"}
    assert {point.value for point in found["pieces"].points} <= set(COLUMNS["pieces"])
    assert all(str(point.value).startswith("2020-") for point in found["day"].points)
    assert found["size"].missing.rows == COLUMNS["size"].count(None)
    assert found["day"].missing.rows == COLUMNS["day"].count(None)
    assert found["pieces"].missing is None


def test_the_effect_of_a_level_is_the_prediction_with_it_everywhere(model):
    found = explain(model, COLUMNS, columns="colour")
    (place,) = [list(model.head.classes).index(label) for label in found.outputs]

    def mean(columns):
        rows = make_prediction_rows(columns, model.spec.data, model.columns())
        return model.predict_values(rows)[:, place].mean(dtype=np.float64)

    assert found.mean[0] == pytest.approx(mean(COLUMNS), abs=1e-6)
    for point in found.columns[0].points:
        same = COLUMNS | {"colour": [point.value or None] * len(COLUMNS["size"])}
        assert point.effect[0] == pytest.approx(mean(same) - mean(COLUMNS), abs=1e-6)


def test_effects_of_a_linear_model_are_its_weights():
    linear = make_linear_model({"a": 3.0, "b": -1.0})
    found = explain(linear, draw_normals(1, 300, "ab"), rows_limit=200)
    assert (found.rows, found.rows_given) == (200, 300)
    for each, weight in zip(found.columns, (3, -1), strict=True):
        first, last = each.points[0], each.points[-1]
        assert last.effect[0] - first.effect[0] == pytest.approx(weight * (last.value - first.value), rel=1e-9)
    dependence = explain(linear, draw_normals(1, 300, "ab"), curve="partial_dependence", points=5)
    assert all(len(each.points) == 5 for each in dependence.columns)


@pytest.mark.parametrize("rows", [8, 60, 123, 400])
def test_an_interval_has_ten_rows_unless_points_are_asked_for(rows):
    linear, columns = make_linear_model({"a": 3.0}), draw_normals(5, rows, "a")

    def count(**options):
        return len(explain(linear, columns, **options).columns[0].points)

    assert count() == min(MOST_POINTS, max(rows // ROWS_OF_INTERVAL, FEWEST_INTERVALS) + 1)
    assert count(points=7) == 7
    assert count(curve="partial_dependence") == min(MOST_POINTS, rows)


def test_the_order_of_the_columns_makes_no_difference(model):
    assert explain(model, dict(reversed(COLUMNS.items()))) == explain(model, COLUMNS)


def test_the_outputs(model):
    assert explain(model, COLUMNS).outputs == (model.head.positive_class,)
    other = explain(model, COLUMNS, class_label="cheap", columns="size")
    dear = explain(model, COLUMNS, class_label="dear", columns="size")
    assert other.outputs == ("cheap",)
    assert [point.effect[0] for point in other.columns[0].points] == pytest.approx(
        [-point.effect[0] for point in dear.columns[0].points], abs=1e-5
    )
    several = mlptrain.fit(make_spec(["price", "height"]), COLUMNS).model
    found = explain(several, COLUMNS)
    assert found.outputs == ("price", "height")
    assert {len(point.effect) for each in found.columns for point in each.list_points()} == {2}
    table, numeric = found.tabulate()
    assert {"effect_price", "effect_height", "rows"} == numeric
    assert len({len(cells) for cells in table.values()}) == 1


def test_of_very_many_levels_the_most_frequent_ones():
    texts = [f"l{k % 80 if k % 3 else k % 5}" for k in range(400)]
    columns = {"text": texts, "y": [float(len(text)) for text in texts]}
    model = mlptrain.fit(
        {"data": {"target": "y"}, "loss": "mean_squared_error", "training": {"epochs": 1}}, columns
    ).model
    found = explain(model, columns)
    assert len(found.columns[0].points) == MOST_LEVELS
    assert {f"l{k}" for k in range(5)} <= {point.value for point in found.columns[0].points}
    assert any("50 most frequent of 80 levels" in notice for notice in found.notices)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": "sise"}, "columns: 'sise' is no column of the model; did you mean 'size'"),
        ({"columns": ["sise"]}, "columns: 'sise' is no column"),
        ({"columns": "size+day"}, "columns: an effect is of one column"),
        ({"class_label": "free"}, "class: 'free' is not one of the classes; there are cheap, dear"),
        ({"metric": "auc"}, "metric: the method effects has no such option; it is of permutation"),
        ({"points": 1}, "points: 1 is out of range"),
    ],
)
def test_what_cannot_be_is_refused(model, options, said):
    with pytest.raises(SpecError, match=said):
        explain(model, COLUMNS, **options)
