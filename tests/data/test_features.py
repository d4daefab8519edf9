"""Features and targets: fitted on the training rows, the same numbers as scikit-learn's, joined by name."""

import json
from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.random import default_rng
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from table_cases import columns_of, drawn, table

from mlptrain.data.columns import Understood
from mlptrain.data.features import (
    CategoryColumn,
    ClassTarget,
    FeatureRules,
    Features,
    Imputing,
    MinMaxScaling,
    NoScaling,
    NumberColumn,
    NumberTarget,
    PixelFeatures,
    Scaling,
    StandardScaling,
    Target,
    fit_classes,
    fit_features,
    fit_numbers,
    hide_categories,
    require_present,
    understand_columns,
)
from mlptrain.errors import DataError
from mlptrain.spec.plain import from_plain, to_plain

FLOAT64, FLOAT32 = np.dtype(np.float64), np.dtype(np.float32)


def fitted(found, **rules):
    """The features of a table, fitted on all of its rows."""
    rules = FeatureRules(**rules)
    return fit_features(found, understand_columns(found, list(found.columns), rules), rules)


def number_cells(seed: int, rows: int = 200, *, scale: float = 1.0, offset: float = 0.0, gaps: float = 0.0):
    """Cells of normal numbers, some of them missing, and the numbers (NaN where missing)."""
    rng = default_rng(seed)
    values = rng.normal(offset, scale, rows)
    values[rng.random(rows) < gaps] = np.nan
    return ["" if np.isnan(value) else repr(float(value)) for value in values], values


# Scaling and filling: scikit-learn says the same.

SKLEARN = {StandardScaling: StandardScaler, MinMaxScaling: MinMaxScaler}


@pytest.mark.parametrize("scaling", [StandardScaling(), MinMaxScaling()], ids=lambda scaling: scaling.name)
@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (1e-6, 0.0), (1e8, -1e9), (1.0, 1000.0)])
@pytest.mark.parametrize("seed", [1, 2])
def test_scaling_agrees_with_sklearn(scaling, scale, offset, seed):
    cells, values = number_cells(seed, scale=scale, offset=offset)
    matrix = fitted(table(x=cells), scaling=scaling).encode(table(x=cells), FLOAT64)
    expected = SKLEARN[type(scaling)]().fit_transform(values[:, None])
    np.testing.assert_allclose(matrix, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("strategy", ["median", "mean"])
@pytest.mark.parametrize("rows", [40, 41])
def test_imputing_agrees_with_sklearn(strategy, rows):
    cells, values = number_cells(rows, rows, gaps=0.3)
    features = fitted(table(x=cells), imputing=Imputing(strategy=strategy), scaling=NoScaling())
    matrix = features.encode(table(x=cells), FLOAT64)
    expected = SimpleImputer(strategy=strategy).fit_transform(values[:, None])
    np.testing.assert_allclose(matrix[:, :1], expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(matrix[:, 1:], MissingIndicator().fit_transform(values[:, None]))


def test_one_hot_agrees_with_sklearn():
    rng = default_rng(3)
    train, test = rng.choice(list("bca"), 50).tolist(), rng.choice(list("abcd"), 50).tolist()
    ours = fitted(table(x=train)).encode(table(x=test), FLOAT64)
    theirs = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(np.array(train)[:, None])
    np.testing.assert_array_equal(ours[:, :-1], theirs.transform(np.array(test)[:, None]))
    np.testing.assert_array_equal(ours[:, -1], np.array(test) == "d")


@pytest.mark.parametrize("scaling", [kind() for kind in get_args(Scaling)], ids=lambda scaling: scaling.name)
def test_without_gaps_nothing_is_filled_and_the_mean_is_as_the_scaling_says(scaling):
    cells, values = number_cells(5)
    counts: dict[str, int] = {}
    matrix = fitted(table(x=cells), scaling=scaling).encode(table(x=cells), FLOAT64, counts)
    assert matrix.shape == (200, 1)
    assert counts == {}
    mean = {"standard": 0.0, "min_max": (values.mean() - values.min()) / np.ptp(values), "none": values.mean()}
    np.testing.assert_allclose(matrix.mean(), mean[scaling.name], atol=1e-12)


def test_statistics_are_those_of_the_training_rows_without_the_gaps():
    train = table(x="1 2 3 _ 6", b="yes no yes _ yes")
    features = fitted(train)
    x, b = features.columns
    assert (x.fill, x.center, x.scale) == (2.5, 3.0, np.std([1, 2, 3, 6]))
    assert (b.boolean, b.fill, b.center, b.scale) == (True, 1.0, 0.75, np.std([1, 0, 1, 1]))
    counts: dict[str, int] = {}
    matrix = features.encode(table(x="_ 9", b="no _"), FLOAT64, counts)
    expected = [[(2.5 - 3) / x.scale, 1, -0.75 / b.scale, 0], [6 / x.scale, 0, 0.25 / b.scale, 1]]
    np.testing.assert_allclose(matrix, expected, rtol=1e-15)
    assert counts == {"x": 1, "b": 1}


def test_the_indicator_column_is_there_only_where_training_has_gaps_and_it_is_wanted():
    gaps, whole = table(x="1 2 _"), table(x="1 2 3")
    assert fitted(gaps).width == 2
    assert fitted(whole).width == 1
    assert fitted(gaps, imputing=Imputing(indicator=False)).width == 1
    counts: dict[str, int] = {}
    assert fitted(whole).encode(gaps, FLOAT64, counts).tolist()[2] == [0.0]
    assert counts == {"x": 1}


EXTREME = {
    "small": [0.0, 1e-200, 3e-200],
    "smallest": [5e-324, 1e-323, 5e-322],
    "large": [-1e300, 1e300, 0.0],
    "one-large": [1e30, 1.0, 2.0, 3.0],
    "near-constant": [1.0, 1.0 + 2**-52],
    "far-from-zero": [1e15, 1e15 + 1, 1e15 + 2],
}


@pytest.mark.parametrize("values", EXTREME.values(), ids=EXTREME)
@pytest.mark.parametrize("scaling", [StandardScaling(), MinMaxScaling()], ids=lambda scaling: scaling.name)
def test_extreme_numbers_are_scaled_to_ordinary_ones(values, scaling):
    found = table(x=[repr(value) for value in values])
    matrix = fitted(found, scaling=scaling).encode(found, FLOAT64)
    assert np.isfinite(matrix).all()
    assert np.abs(matrix).max() < 3
    assert np.ptp(matrix) > 0.5


@drawn
@given(st.lists(st.floats(-1e10, 1e10, allow_subnormal=False), min_size=2), st.integers(-300, 300))
def test_a_power_of_two_changes_no_bit_of_what_is_scaled(values, exponent):
    values = np.array(values)
    assume(np.abs(values).max() > 1 and values.std() > 1e-3)
    center, scale = StandardScaling().fit(values)
    assert StandardScaling().fit(np.ldexp(values, exponent)) == (np.ldexp(center, exponent), np.ldexp(scale, exponent))
    np.testing.assert_allclose([center, scale], [values.mean(), values.std()], rtol=1e-12, atol=1e-9)


def test_a_number_that_scaling_leaves_too_large_is_an_error_with_its_line():
    features = fitted(table(x="1 2 3"))
    assert np.isfinite(features.encode(table(x="1e38 -1e38"), FLOAT32)).all()
    assert np.isfinite(features.encode(table(x="1e299"), FLOAT64)).all()
    with pytest.raises(
        DataError, match=r'f.csv:3: column "x": \'-1e60\' is out of all proportion to the training rows'
    ):
        features.encode(table(x="1 -1e60"), FLOAT32)
    tiny = fitted(table(x="1e-300 2e-300"))
    with pytest.raises(DataError, match=r"f.csv:2: .*'1e300' is out of all proportion"):
        tiny.encode(table(x="1e300"), FLOAT64)


def test_numbers_too_large_for_float32_are_scaled_in_float64_first():
    found = table(x="1e200 2e200 3e200")
    np.testing.assert_allclose(fitted(found).encode(found, FLOAT32)[:, 0], [-(1.5**0.5), 0, 1.5**0.5], rtol=1e-6)


# Categories.

labels = st.sampled_from(["a", "b", "c", "10", "9", "é", "A", ""])


@drawn
@given(st.lists(labels, min_size=2), st.lists(labels | st.text(max_size=2), min_size=1), st.integers(1, 3))
def test_a_one_hot_row_sums_to_one_and_what_is_not_a_level_is_in_the_slot(train, cells, least):
    kinds = dict.fromkeys(["x"], "category")
    levels = {cell for cell in train if cell and train.count(cell) >= least}
    assume(levels and len(set(train)) > 1)
    features = fitted(table(x=train), kinds=kinds, min_frequency=least)
    column = features.columns[0]
    assert set(column.levels) == levels
    counts: dict[str, int] = {}
    matrix = features.encode(table(x=cells), FLOAT32, counts)
    assert matrix.dtype == FLOAT32
    assert set(np.unique(matrix)) <= {0, 1}
    np.testing.assert_array_equal(matrix.sum(axis=1), 1)
    names = [*column.levels, None]
    assert [names[code] for code in matrix.argmax(axis=1)] == [cell if cell in levels else None for cell in cells]
    assert counts == ({"x": n} if (n := sum(cell not in levels for cell in cells)) else {})


def test_levels_stand_in_natural_order():
    assert fitted(table(x="10 9 b a b"), kinds={"x": "category"}).columns[0].levels == ("10", "9", "a", "b")
    assert fitted(table(x="10 9 010"), kinds={"x": "category"}).columns[0].levels == ("9", "010", "10")


def test_listed_texts_are_missing_in_every_kind_of_column():
    found = table(x="1 - 2", c="a - b", b="yes - no")
    features = fitted(found, missing_values=("-",))
    counts: dict[str, int] = {}
    matrix = features.encode(found, FLOAT64, counts)
    assert counts == {"x": 1, "c": 1, "b": 1}
    assert matrix[1].tolist() == [0, 1, 0, 0, 1, pytest.approx(0), 1]
    assert features.columns[1].levels == ("a", "b")


# The table and the matrix.


@drawn
@given(columns_of(labels, least=2), st.randoms(use_true_random=False))
def test_encoding_goes_by_name_not_by_place(columns, random):
    found = table(**columns)
    assume(found.rows)
    kinds = dict.fromkeys(columns, "category")
    assume(any(len(set(cells)) > 1 for cells in columns.values()))
    features = fitted(found, kinds=kinds)
    names = [*columns, "one more", "another"]
    random.shuffle(names)
    extra = ["x"] * found.rows
    other = table(**{name: columns.get(name, extra) for name in names})
    np.testing.assert_array_equal(features.encode(other, FLOAT64), features.encode(found, FLOAT64))


def test_the_width_is_that_of_the_matrix_and_float32_is_float64_rounded():
    found = table(x="1 2 _ 4", c="a b a c", b="yes no no yes", constant="7 7 7 7")
    features = fitted(found)
    wide = features.encode(found, FLOAT64)
    assert wide.shape == (4, features.width) == (4, 2 + 4 + 1)
    np.testing.assert_array_equal(features.encode(found, FLOAT32), wide.astype(np.float32))


def test_an_empty_table_gives_an_empty_matrix():
    features = fitted(table(x="1 2", c="a b"))
    assert features.encode(table(x=[], c=[]), FLOAT32).shape == (0, 4)


def test_all_missing_columns_are_named_with_the_nearest_ones():
    features = fitted(table(age="1 2", fare="3 4", sex="m f"))
    with pytest.raises(DataError) as error:
        features.encode(table(Age="1", sex="m", fares="2"), FLOAT64)
    assert str(error.value) == "f.csv:1: columns 'age', 'fare' are missing; did you mean 'Age', 'fares'?"


def test_what_is_left_out_is_named_with_the_reason():
    found = table(x="1 2 3", c="7 7 7", m="_ _ _", declared="1 2 3", train_constant="5 5 5")
    understood = understand_columns(found, list(found.columns), FeatureRules(kinds={"declared": "ignore"}))
    understood["train_constant"] = Understood("number")
    assert fit_features(found, understood, FeatureRules()).ignored == {
        "c": "constant",
        "m": "all cells are missing",
        "declared": "as declared",
        "train_constant": "constant in the training rows",
    }


@pytest.mark.parametrize(
    ("kind", "cells"), [("number", "1 1 _"), ("number", "_ _"), ("boolean", "yes yes"), ("category", "a a")]
)
def test_a_column_that_says_nothing_in_training_is_left_out(kind, cells):
    rules = FeatureRules()
    found = table(x=cells, y=["1", "2", "3"][: len(cells.split())])
    features = fit_features(found, {"x": Understood(kind), "y": Understood("number")}, rules)
    assert [column.name for column in features.columns] == ["y"]
    assert features.ignored == {"x": "constant in the training rows"}


def test_levels_that_are_all_too_rare_are_left_out_and_it_is_said():
    features = fitted(table(x="1 2 3", c="a b c"), min_frequency=2)
    assert features.ignored == {"c": "constant or too rare in the training rows"}


def test_without_any_column_there_is_nothing_to_learn_from():
    with pytest.raises(DataError, match=r"f.csv: no column is left to learn from; left out: 'a', 'b'"):
        fitted(table(a="1 1", b="_ _"))
    with pytest.raises(DataError, match=r"f.csv: no column is left to learn from; there is none beside the target"):
        fit_features(table(a="1"), {}, FeatureRules())


def test_declared_kinds_overrule_what_is_found():
    found = table(a="1 2", b="1 0", c="x y")
    kinds = {"a": "category", "b": "number"}
    columns = fitted(found, kinds=kinds).columns
    assert [type(column) for column in columns] == [CategoryColumn, NumberColumn, CategoryColumn]
    assert [getattr(column, "boolean", None) for column in columns] == [None, False, None]
    with pytest.raises(DataError, match=r"f.csv:2: column \"c\": 'x' is not a number"):
        fitted(found, kinds={"c": "number"})


def test_fitted_features_and_targets_survive_json():
    found = table(x="1 2 _ 4", c="a b a c", b="yes no no yes", k="1 1 1 1")
    for fit in (
        fitted(found, missing_values=("?",)),
        PixelFeatures(shape=(28, 28)),
        ClassTarget(name="c", classes=("a", "b")),
        NumberTarget(names=("x", "z"), center=(0.1, 1e-300), scale=(1 / 3, 2.0)),
    ):
        kind = Features | PixelFeatures if isinstance(fit, Features | PixelFeatures) else Target
        assert from_plain(kind, json.loads(json.dumps(to_plain(fit)))) == fit


# The slot for unseen values is trained.


def category_matrix(rows: int):
    features = fitted(table(a=["x", "y"] * 2, n="1 2 3 4", b=["u", "v", "w", "u"]))
    rng = default_rng(1)
    cells = {"a": rng.choice(["x", "y"], rows), "n": ["1"] * rows, "b": rng.choice(["u", "v", "w"], rows)}
    return features, features.encode(table(**{name: list(column) for name, column in cells.items()}), FLOAT32)


def test_about_one_cell_in_a_hundred_is_hidden_in_the_slot():
    features, before = category_matrix(100_000)
    after = before.copy()
    hide_categories(features, after, 7)
    for slot, block in ((2, slice(0, 3)), (7, slice(4, 8))):
        hidden = after[:, slot] == 1
        assert abs(hidden.mean() - 0.01) < 4 * (0.01 * 0.99 / 100_000) ** 0.5
        np.testing.assert_array_equal(after[~hidden, block], before[~hidden, block])
        np.testing.assert_array_equal(after[hidden, block].sum(axis=1), 1)
    np.testing.assert_array_equal(after[:, 3], before[:, 3])
    both = ((after[:, 2] == 1) & (after[:, 7] == 1)).mean()
    assert both < 5 * 0.01**2  # each column hides rows of its own


def test_what_is_hidden_is_a_function_of_the_seed():
    def hidden(seed):
        features, matrix = category_matrix(1000)
        hide_categories(features, matrix, seed)
        return matrix.tobytes()

    assert hidden(1) == hidden(1)
    assert hidden(1) != hidden(2)


# Images, targets.


def test_pixels_are_divided_by_255():
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4) * 11
    features = PixelFeatures(shape=(3, 4))
    matrix = features.encode_images(images, FLOAT64)
    assert matrix.shape == (2, features.width) == (2, 12)
    np.testing.assert_array_equal(matrix, images.reshape(2, 12) / 255)
    assert features.encode_images(images, FLOAT32).dtype == FLOAT32


def test_classes_are_coded_in_natural_order_and_an_unknown_one_is_minus_one():
    target = fit_classes("y", ["10", "9", "2", "9"], "f.csv")
    assert target == ClassTarget(name="y", classes=("2", "9", "10"))
    assert target.codes(["9", "2", "x", "10", ""]).tolist() == [1, 0, -1, 2, -1]


def test_one_class_only_is_an_error():
    with pytest.raises(DataError, match=r'f.csv: column "y": there is one class only, \'a\'; nothing can be learned'):
        fit_classes("y", ["a", "a"], "f.csv")


@drawn
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2), st.booleans())
def test_scaled_targets_are_scaled_back(rows, scaled):
    values = np.array(rows)
    assume((np.ptp(values, axis=0) > 1e-3).all())
    target = fit_numbers(("a", "b"), values, scaled=scaled, source="f.csv")
    z = target.scaled(values, FLOAT64)
    np.testing.assert_allclose(target.unscaled(z), values, rtol=1e-9, atol=1e-6)
    if scaled:
        np.testing.assert_allclose([z.mean(axis=0), z.std(axis=0)], [[0, 0], [1, 1]], atol=1e-6)
    else:
        np.testing.assert_array_equal(z, values)


def test_predictions_in_the_users_units_are_float64():
    target = NumberTarget(names=("a",), center=(1e9,), scale=(0.5,))
    assert target.unscaled(np.array([[1.0]], np.float32)).tolist() == [[1e9 + 0.5]]
    assert target.read(table(a="1 NA")).tolist()[0] == [1.0]


def test_a_constant_target_is_an_error():
    with pytest.raises(DataError, match=r'f.csv: column "b": the target is constant; nothing can be learned'):
        fit_numbers(("a", "b"), np.array([[1.0, 5.0], [2.0, 5.0]]), scaled=True, source="f.csv")


def test_a_target_too_large_for_the_network_is_an_error():
    target = fit_numbers(("a", "b"), np.array([[1.0, 1e40], [2.0, 1.0]]), scaled=False, source="f.csv")
    with pytest.raises(DataError, match=r'column "b": there are targets too large for float32; set data.scale_target'):
        target.scaled(np.array([[1.0, 1e40]]), FLOAT32)
    assert np.isfinite(target.scaled(np.array([[1.0, 1e40]]), FLOAT64)).all()


def test_rows_without_a_target_are_counted_and_their_lines_named():
    require_present(table(y="a b", z="1 2"), ["y", "z"], {""})
    with pytest.raises(DataError, match=r'f.csv:3: column "y": the target is missing in 2 rows \(lines 3, 5\); remove'):
        require_present(table(y="a _ b ?"), ["y"], {"", "?"})
    with pytest.raises(DataError, match=r"missing in 7 rows \(lines 2, 3, 4, 5, 6 …\)"):
        require_present(table(x="1 2 3 4 5 6 7", y="_ _ _ _ _ _ _"), ["x", "y"], {""})
