"""Features: fitted on the training rows, the same numbers as scikit-learn's, joined by name."""

import csv
import json
from itertools import islice
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.random import default_rng
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.column import Understood
from mlptrain.data.column_rules import ColumnRules, FeatureRules
from mlptrain.data.date_column import DateColumn
from mlptrain.data.encodings import Encoding, FrequencyEncoding, OneHotEncoding, OrdinalEncoding, TargetEncoding
from mlptrain.data.feature_fitting import decide_column_kinds, find_incomplete_rows, fit_features
from mlptrain.data.features import Features, Kind, PixelFeatures
from mlptrain.data.grammar import is_number
from mlptrain.data.imputing import Imputing
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.number_reading import TRUE
from mlptrain.data.number_texts import MISSING_NUMBERS
from mlptrain.data.odd_cells import OddCells, OddRows
from mlptrain.data.scaling import MinMaxScaling, NoScaling, QuantileScaling, RobustScaling, Scaling, StandardScaling
from mlptrain.errors import DataError
from mlptrain.plain import from_plain, to_plain
from tests.support.table_cases import columns_of, drawn, table

FLOAT64, FLOAT32 = np.dtype(np.float64), np.dtype(np.float32)


def fitted(found, targets=None, notices=None, **rules):
    """The features of a table, fitted on all of its rows."""
    rules = FeatureRules(**rules)
    targets = np.zeros((found.rows, 1)) if targets is None else targets
    return fit_features(
        found, decide_column_kinds(found, list(found.columns), rules), rules, targets=targets, notices=notices
    )


def declared(**kinds: Kind) -> dict[str, ColumnRules]:
    """The rules of columns whose kinds are declared."""
    return {name: ColumnRules(type=kind) for name, kind in kinds.items()}


def number_cells(seed: int, rows: int = 200, *, scale: float = 1.0, offset: float = 0.0, gaps: float = 0.0):
    """Cells of normal numbers, some of them missing, and the numbers (NaN where missing)."""
    rng = default_rng(seed)
    values = rng.normal(offset, scale, rows)
    values[rng.random(rows) < gaps] = np.nan
    return ["" if np.isnan(value) else repr(float(value)) for value in values], values


# Scaling and filling: scikit-learn says the same.

SKLEARN = {StandardScaling: StandardScaler, MinMaxScaling: MinMaxScaler}


def counted(rows):
    """The counts of odd cells."""
    counts = OddCells()
    counts.add(rows)
    return counts


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
    odd = OddRows()
    matrix = fitted(table(x=cells), scaling=scaling).encode(table(x=cells), FLOAT64, odd)
    assert matrix.shape == (200, 1)
    assert counted(odd) == OddCells()
    np.testing.assert_allclose(matrix[:, 0], scaling.fit(values)(values), atol=1e-12)


def test_statistics_are_those_of_the_training_rows_without_the_gaps():
    train = table(x="1 2 3 _ 6", b="yes no yes _ yes")
    features = fitted(train)
    x, b = features.columns
    assert (x.fill, x.scaling.center, x.scaling.scale) == (2.5, 3.0, np.std([1, 2, 3, 6]))
    assert (b.boolean, b.fill, b.scaling.center, b.scaling.scale) == (True, 1.0, 0.75, np.std([1, 0, 1, 1]))
    odd = OddRows()
    matrix = features.encode(table(x="_ 9", b="no _"), FLOAT64, odd)
    u, v = x.scaling.scale, b.scaling.scale
    expected = [[(2.5 - 3) / u, 1, -0.75 / v, 0], [6 / u, 0, 0.25 / v, 1]]
    np.testing.assert_allclose(matrix, expected, rtol=1e-15)
    assert counted(odd) == OddCells(filled={"x": 1, "b": 1})


def test_the_indicator_column_is_there_only_where_training_has_gaps_and_it_is_wanted():
    gaps, whole = table(x="1 2 _"), table(x="1 2 3")
    assert fitted(gaps).width == 2
    assert fitted(whole).width == 1
    assert fitted(gaps, imputing=Imputing(indicator=False)).width == 1
    odd = OddRows()
    assert fitted(whole).encode(gaps, FLOAT64, odd).tolist()[2] == [0.0]
    assert counted(odd) == OddCells(filled={"x": 1})


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


def test_a_number_that_scaling_leaves_too_large_is_an_error_with_its_line():
    features = fitted(table(x="1 2 3"))
    for dtype in (FLOAT32, FLOAT64):
        assert np.isfinite(features.encode(table(x="8e29 -8e29"), dtype)).all()
        with pytest.raises(
            DataError, match=r"f.csv:2: .*'1e31' is out of all proportion .* \(1.225e31 once scaled\); mend"
        ):
            features.encode(table(x="1e31"), dtype)
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
    levels = {cell for cell in train if train.count(cell) >= least}
    assume(levels and len(set(train)) > 1)
    assume(not any("\0" in cell for cell in cells))
    features = fitted(table(x=train), columns=declared(x="category"), min_frequency=least)
    column = features.columns[0]
    assert set(column.levels) == levels
    odd = OddRows()
    matrix = features.encode(table(x=cells), FLOAT32, odd)
    assert matrix.dtype == FLOAT32
    assert set(np.unique(matrix)) <= {0, 1}
    np.testing.assert_array_equal(matrix.sum(axis=1), 1)
    names = [*column.levels, None]
    assert [names[code] for code in matrix.argmax(axis=1)] == [cell if cell in levels else None for cell in cells]
    unseen = sum(cell not in levels for cell in cells)
    assert counted(odd) == OddCells(unseen={"x": unseen} if unseen else {})


def test_missing_categories_are_the_last_level():
    column = fitted(table(x="b _ a NA"), columns={"x": ColumnRules(missing_values=("NA",))}).columns[0]
    assert column.levels == ("a", "b", "")
    assert column.codes(table(x="NA _ b c")).tolist() == [2, 2, 1, 3]


def test_levels_stand_in_natural_order():
    assert fitted(table(x="10 9 b a b"), columns=declared(x="category")).columns[0].levels == ("10", "9", "a", "b")
    assert fitted(table(x="10 9 010"), columns=declared(x="category")).columns[0].levels == ("9", "010")


def test_listed_texts_are_missing_in_every_kind_of_column():
    found = table(x="1 - 2", c="a - b", b="yes - no")
    features = fitted(found, missing_values=("-",))
    odd = OddRows()
    matrix = features.encode(found, FLOAT64, odd)
    assert counted(odd) == OddCells(filled={"x": 1, "b": 1})
    assert matrix[1].tolist() == [0, 1, 0, 0, 1, 0, pytest.approx(0), 1]
    assert features.columns[1].levels == ("a", "b", "")


def test_a_columns_own_missing_texts_are_those_of_no_other():
    found = table(x="1 -9 2", y="1 -9 2", c="a -9 b")
    features = fitted(found, columns={"x": ColumnRules(missing_values=("-9",))}, missing_values=("b",))
    x, y, c = features.columns
    assert (x.fill, x.indicator, y.fill, y.indicator) == (1.5, True, 1.0, False)
    assert c.levels == ("-9", "a", "")


# The table and the matrix.


@settings(drawn, max_examples=200)
@given(columns_of(labels, least=2), st.randoms(use_true_random=False))
def test_encoding_goes_by_name_not_by_place(columns, random):
    found = table(**columns)
    assume(found.rows)
    kinds = {name: ColumnRules(type="category") for name in columns}
    assume(any(len(set(cells)) > 1 for cells in columns.values()))
    features = fitted(found, columns=kinds)
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
    said = "f.csv:1: columns 'age', 'fare' are missing; did you mean 'Age', 'fares'?"
    assert str(error.value) == f"{said} ('Age' has other capitals; write names alike in both places)"


def test_what_is_left_out_is_named_with_the_reason():
    found = table(x="1 2 3", c="7 7 7", m="_ _ _", declared="1 2 3", train_constant="5 5 5")
    understood = decide_column_kinds(found, list(found.columns), FeatureRules(columns=declared(declared="ignore")))
    understood["train_constant"] = Understood("number")
    assert fit_features(found, understood, FeatureRules(), targets=np.zeros((3, 1))).ignored == {
        "c": "constant",
        "m": "all cells are missing",
        "declared": "as declared",
        "train_constant": "constant in the training rows",
    }


@pytest.mark.parametrize(
    ("kind", "cells"), [("number", "1 1 1"), ("number", "_ _"), ("boolean", "yes yes"), ("category", "a a")]
)
def test_a_column_that_says_nothing_in_training_is_left_out(kind, cells):
    rules = FeatureRules()
    found = table(x=cells, y=["1", "2", "3"][: len(cells.split())])
    features = fit_features(
        found, {"x": Understood(kind), "y": Understood("number")}, rules, targets=np.zeros((found.rows, 1))
    )
    assert [column.name for column in features.columns] == ["y"]
    assert features.ignored == {"x": "constant in the training rows"}


def test_levels_that_are_all_too_rare_are_left_out_and_it_is_said():
    features = fitted(table(x="1 2 3", c="a b c"), min_frequency=2)
    assert features.ignored == {"c": "constant or too rare in the training rows"}


def test_without_any_column_there_is_nothing_to_learn_from():
    with pytest.raises(DataError, match=r"f.csv: no column is left to learn from; left out: 'a', 'b'"):
        fitted(table(a="1 1", b="_ _"))
    with pytest.raises(DataError, match=r"f.csv: no column is left to learn from; there is none beside the target"):
        fit_features(table(a="1"), {}, FeatureRules(), targets=np.zeros((1, 1)))


def test_declared_kinds_overrule_what_is_found():
    found = table(a="1 2", b="1 0", c="x y")
    kinds = declared(a="category", b="number")
    columns = fitted(found, columns=kinds).columns
    assert [type(column) for column in columns] == [CategoryColumn, NumberColumn, CategoryColumn]
    assert [getattr(column, "boolean", None) for column in columns] == [None, False, None]
    with pytest.raises(DataError, match=r"f.csv:2: column \"c\": 'x' is not a number"):
        fitted(found, columns=declared(c="number"))


@pytest.mark.parametrize("scaling", [kind() for kind in get_args(Scaling)], ids=lambda each: each.name)
@pytest.mark.parametrize("encoding", [kind() for kind in get_args(Encoding)], ids=lambda each: each.name)
def test_fitted_features_survive_json(scaling, encoding):
    found = table(x="1 2 _ 4", c="a b a c", b="yes no no yes", k="1 1 1 1", d="1.2.2020 2.2.2020 _ 5.8.2021")
    features = fitted(
        found,
        targets=np.array([[0.1], [1 / 3], [1e-300], [2.0]]),
        missing_values=("?",),
        scaling=scaling,
        encoding=encoding,
        columns=declared(d="date"),
    )
    assert {type(column) for column in features.columns} == {NumberColumn, CategoryColumn, DateColumn}
    for fit in (features, PixelFeatures(shape=(28, 28))):
        assert from_plain(Features | PixelFeatures, json.loads(json.dumps(to_plain(fit)))) == fit


# What single columns may say.


def test_a_columns_own_rules_go_before_those_of_all():
    found = table(x="1 2 3 _", y="1 2 3 _", c="a b a a", d="a b a a")
    own = {
        "x": ColumnRules(scaling=MinMaxScaling(), imputing=Imputing(strategy="constant", value=9, indicator=False)),
        "c": ColumnRules(encoding=FrequencyEncoding(), min_frequency=2),
    }
    x, y, c, d = fitted(found, columns=own, imputing=Imputing(strategy="mean")).columns
    assert (x.fill, x.indicator, x.scaling) == (9, False, MinMaxScaling().fit(np.array([1.0, 3.0])))
    assert (y.fill, y.indicator, y.scaling) == (2, True, StandardScaling().fit(np.array([1.0, 2.0, 3.0])))
    assert (c.levels, c.encoding.name, d.levels, d.encoding.name) == (("a",), "level_values", ("a", "b"), "one_hot")


def test_encodings_levels_and_formats_declare_the_kind():
    found = table(x="1 2 3", y="1 2 3", z="1/2/2020 2/2/2020 3/2/2020")
    own = {
        "x": ColumnRules(encoding=OrdinalEncoding()),
        "y": ColumnRules(levels=("3", "2", "1")),
        "z": ColumnRules(format="DD/MM/YYYY"),
    }
    understood = decide_column_kinds(found, list("xyz"), FeatureRules(columns=own))
    assert [each.kind for each in understood.values()] == ["category", "category", "date"]
    numbers = "as declared; its cells are numbers"
    assert [each.note for each in understood.values()] == [numbers, numbers, "as declared"]


def test_declared_levels_are_an_order_and_others_are_the_mean():
    own = {"x": ColumnRules(levels=("low", "mid", "high"), encoding=OrdinalEncoding())}
    found = table(x="low high mid low _ odd")
    matrix = fitted(found, columns=own, min_frequency=3).encode(found, FLOAT64)[:, 0]
    places = np.array([0, 2, 1, 0, 0.75, 0.75])
    np.testing.assert_allclose(matrix, (places - places.mean()) / places.std(), atol=1e-12)


def test_ordinal_levels_leave_missing_out_of_the_order():
    column = fitted(table(x="b _ a c"), encoding=OrdinalEncoding()).columns[0]
    assert column.levels == ("a", "b", "c")


def test_dates_are_ignored_with_a_notice_unless_declared():
    cells = ["2020-01-01", "2020-03-05", "", "2021-07-09"]
    found = table(x="1 2 4 3", d=cells)
    assert fitted(found).ignored == {"d": "dates; to use them, set data.columns: {d: date}"}
    column = fitted(found, columns=declared(d="date")).columns[1]
    assert (column.format, column.indicator, column.width) == ("YYYY-MM-DD", True, column.parts.width + 1)
    odd = OddRows()
    matrix = fitted(found, columns=declared(d="date")).encode(found, FLOAT64, odd)
    assert counted(odd).filled == {"d": 1}
    assert matrix[:, -1].tolist() == [0, 0, 1, 0]
    np.testing.assert_array_equal(matrix[2, 1:-1], matrix[1, 1:-1])  # the median date


def test_rows_that_lack_a_cell_are_dropped_where_it_is_asked_for():
    found = table(x="1 NA 3 4", y="1 2 _ 4", c="a b c _", i="_ 7 7 7", d=["2020-01-01"] * 4)
    for strategy, expected in (("median", [0, 0, 0, 0]), ("drop_row", [0, 1, 1, 1])):
        rules = FeatureRules(imputing=Imputing(strategy=strategy))
        understood = decide_column_kinds(found, list(found.columns), rules)
        assert find_incomplete_rows(found, understood, rules).tolist() == expected
    rules = FeatureRules(columns={"x": ColumnRules(imputing=Imputing(strategy="drop_row"))})
    assert find_incomplete_rows(found, {"x": Understood("number"), "y": Understood("number")}, rules).tolist() == [
        0,
        1,
        0,
        0,
    ]


def test_a_number_far_out_is_named_once():
    notices: list[str] = []
    fitted(table(x=[*map(str, range(1, 90, 2)), "1e9"], y=[*map(str, range(2, 92, 2)), "1"]), notices=notices)
    assert notices == ['column "x": 1e9 on line 47 is 2e+07 interquartile ranges from the median']


def test_running_numbers_are_ignored_unless_there_is_nothing_else():
    running = [str(k) for k in range(5, 25)]
    assert fitted(table(i=running, x=running[::-1])).ignored == {"i": "a running number: an identifier"}
    assert [column.name for column in fitted(table(i=running)).columns] == ["i"]
    assert fitted(table(i=running[:9], x=running[8::-1])).ignored == {}


# The slot for unseen values is trained.


def category_matrix(rows: int):
    features = fitted(table(a=["x", "y"] * 2, n="1 2 3 4", b=["u", "v", "w", "u"]))
    rng = default_rng(1)
    cells = {"a": rng.choice(["x", "y"], rows), "n": ["1"] * rows, "b": rng.choice(["u", "v", "w"], rows)}
    found = table(**{name: list(map(str, column)) for name, column in cells.items()})
    return features, features.encode(found, FLOAT32), found


def training_matrix(rows: int, seed: int):
    """The matrix of the training rows, before and after some cells are hidden."""
    features, before, found = category_matrix(rows)
    targets = np.zeros((rows, 1))
    return before, features.encode_training(found, FLOAT32, rules=FeatureRules(), targets=targets, seed=seed)


def test_about_one_cell_in_a_hundred_is_hidden_in_the_slot():
    before, after = training_matrix(100_000, 7)
    for slot, block in ((2, slice(0, 3)), (7, slice(4, 8))):
        hidden = after[:, slot] == 1
        assert abs(hidden.mean() - 0.01) < 4 * (0.01 * 0.99 / 100_000) ** 0.5
        np.testing.assert_array_equal(after[~hidden, block], before[~hidden, block])
        np.testing.assert_array_equal(after[hidden, block].sum(axis=1), 1)
    np.testing.assert_array_equal(after[:, 3], before[:, 3])
    both = ((after[:, 2] == 1) & (after[:, 7] == 1)).mean()
    assert both < 5 * 0.01**2  # each column hides rows of its own


def test_what_is_hidden_is_a_function_of_the_seed():
    one, same, other = (training_matrix(1000, seed)[1].tobytes() for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_no_training_row_sees_its_own_target():
    rng = default_rng(4)
    found, y = table(c=list(rng.choice(list("abc"), 60))), rng.normal(size=(60, 1))
    rules = FeatureRules(encoding=TargetEncoding())
    features = fitted(found, y, encoding=TargetEncoding())
    matrix = features.encode_training(found, FLOAT64, rules=rules, targets=y, seed=1)
    moved = y.copy()
    moved[7] += 100
    again = features.encode_training(found, FLOAT64, rules=rules, targets=moved, seed=1)
    np.testing.assert_array_equal(again[7], matrix[7])
    assert (again != matrix).sum() > 10


# Images.


def test_pixels_are_divided_by_255():
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4) * 11
    features = PixelFeatures(shape=(3, 4))
    matrix = features.compact_images(images, FLOAT64, "i")[:]
    assert matrix.shape == (2, features.width) == (2, 12)
    np.testing.assert_array_equal(matrix, images.reshape(2, 12) / 255)


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)
def test_pixels_answer_as_the_matrix_does_that_they_stand_for(dtype):
    images = default_rng(5).integers(0, 256, (20, 4, 3)).astype(np.uint8)
    pixels = PixelFeatures(shape=(4, 3)).compact_images(images, dtype, "i")
    matrix = images.reshape(20, 12).astype(dtype)
    matrix /= 255
    rows, out = default_rng(6).permutation(20)[:7], np.empty((7, 12), dtype)
    assert pixels.take(rows, axis=0, out=out) is out
    for made, wanted in [
        (pixels[:], matrix),
        (pixels[3:9], matrix[3:9]),
        (pixels.take(rows, axis=0), matrix[rows]),
        (out, matrix[rows]),
    ]:
        assert made.dtype == dtype
        np.testing.assert_array_equal(made, wanted)
    assert len(pixels) == len(matrix)
    assert pixels.dtype == matrix.dtype
    assert pixels.nbytes == images.nbytes


# The whole matrix, as scikit-learn makes it of the same table.

SHARED_TABLES = Path(__file__).parents[3] / "shared" / "tables"
TABLES = ["abalone", "adult", "bank_marketing", "california_housing", "german_credit", "magic"]
MOST_ROWS = 3000

SCALERS = {
    StandardScaling(): StandardScaler,
    MinMaxScaling(): MinMaxScaler,
    RobustScaling(): RobustScaler,
    QuantileScaling(quantiles=100): lambda: QuantileTransformer(
        n_quantiles=100, output_distribution="normal", subsample=None
    ),
}
ENCODERS = {
    OneHotEncoding(): lambda: OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    OrdinalEncoding(): lambda: OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
    TargetEncoding(): lambda: TargetEncoder(target_type="continuous"),
    TargetEncoding(smoothing=7.0): lambda: TargetEncoder(target_type="continuous", smooth=7.0),
}
IMPUTINGS = [Imputing(), Imputing(strategy="mean"), Imputing(strategy="constant", value=-3.0)]


def shared_table(name: str) -> tuple[dict[str, list[str]], dict[str, list[str]], str]:
    """The first rows of the two parts of a table, and the name of its target."""
    if not SHARED_TABLES.exists():
        pytest.skip(f"{SHARED_TABLES} is not there: the shared tables lie beside the repository on some machines only")
    parts = []
    for part in ("train", "test"):
        with (SHARED_TABLES / name / f"{part}.csv").open(encoding="utf-8", newline="") as stream:
            names, *rows = islice(csv.reader(stream), MOST_ROWS + 1)
        parts.append({column: list(cells) for column, cells in zip(names, zip(*rows, strict=True), strict=True)})
    return parts[0], parts[1], list(parts[0])[-1]


def generated_table(seed: int) -> tuple[dict[str, list[str]], dict[str, list[str]], str]:
    """Two parts of numbers with and without gaps, categories with and without, truth values and a target."""

    def part(rows: int, rng, colours: list[str]) -> dict[str, list[str]]:
        x, z = rng.normal(5, 3, rows), rng.exponential(1e-3, rows)
        gaps = rng.random((3, rows)) < 0.2
        return {
            "x": [repr(value) for value in x.tolist()],
            "gaps": ["" if gap else repr(value) for value, gap in zip(z.tolist(), gaps[0], strict=True)],
            "few": ["NA" if gap else str(value) for value, gap in zip(rng.integers(0, 9, rows), gaps[1], strict=True)],
            "colour": rng.choice(colours, rows).tolist(),
            "size": ["" if gap else size for size, gap in zip(rng.choice(list("SML"), rows), gaps[2], strict=True)],
            "truth": rng.choice(["yes", "no"], rows).tolist(),
            "y": [repr(value) for value in (x + 2 * gaps[1] + rng.normal(size=rows)).tolist()],
        }

    rng = default_rng(seed)
    return part(400, rng, ["red", "green", "blue"]), part(200, rng, ["red", "green", "mauve"]), "y"


def oracle(train, test, y, features, scaling, imputing, encoding):
    """The matrix of the test rows by scikit-learn, column after column."""
    blocks = []
    for column in features.columns:
        if isinstance(column, NumberColumn):
            known, new = (as_floats(part[column.name], boolean=column.boolean) for part in (train, test))
            blocks.append(numbers_by_sklearn(known, new, scaling, imputing))
        else:
            known, new = (np.array(part[column.name], object)[:, None] for part in (train, test))
            blocks.append(categories_by_sklearn(known, new, y, encoding, column))
    return np.hstack(blocks)


def as_floats(cells, *, boolean: bool):
    if boolean:
        return np.array([[np.nan if not cell else float(cell.lower() in TRUE)] for cell in cells])
    return np.array([[np.nan if cell in MISSING_NUMBERS else float(cell)] for cell in cells])


def numbers_by_sklearn(known, new, scaling, imputing):
    strategy = {
        "strategy": imputing.strategy,
        "fill_value": imputing.value if imputing.strategy == "constant" else None,
    }
    filler = SimpleImputer(**strategy, add_indicator=True).fit(known)
    scaler = SCALERS[scaling]().fit(known)  # of the known numbers, before any is filled in
    filled = filler.transform(new)
    scaled = scaler.transform(filled[:, :1])
    if isinstance(scaling, RobustScaling):
        if np.ptp(np.nanpercentile(known, [25, 75])) == 0:
            scaled = 2 * (filled[:, :1] - np.nanmedian(known)) / np.ptp(known[~np.isnan(known)])
        scaled = scaled / np.sqrt(1 + (scaled / 3) ** 2)
    return np.hstack([scaled, filled[:, 1:]])


def categories_by_sklearn(known, new, y, encoding, column):
    levels = set(known[:, 0].tolist())
    unseen = np.array([[cell not in levels] for cell in new[:, 0].tolist()], np.float64)
    if isinstance(encoding, OneHotEncoding):
        encoder = ENCODERS[encoding]().fit(known)
        places = [encoder.categories_[0].tolist().index(level) for level in column.levels]  # ours has "" last
        return np.hstack([encoder.transform(new)[:, places], unseen])
    if isinstance(encoding, OrdinalEncoding):
        encoder = ENCODERS[encoding]().fit(known[known[:, 0] != ""][:, :1])
        places, own = encoder.transform(new), encoder.transform(known)
        fill = np.nanmean(own)
        own, places = (np.where(np.isnan(each), fill, each) for each in (own, places))
        return (places - own.mean()) / own.std()
    encoder = ENCODERS[encoding]().fit(known, y)
    own = encoder.transform(known)
    (scale,) = column.encoding.scale  # no less than the standard error of the encoded values
    assert scale >= own.std() - 1e-9
    return (encoder.transform(new) - own.mean()) / (scale or 1)


@pytest.mark.parametrize("name", [*TABLES, 1, 2])
@pytest.mark.parametrize(
    ("scaling", "encoding", "imputing"),
    [
        *((scaling, OneHotEncoding(), Imputing()) for scaling in SCALERS),
        *((StandardScaling(), encoding, Imputing()) for encoding in list(ENCODERS)[1:]),
        *((StandardScaling(), OneHotEncoding(), imputing) for imputing in IMPUTINGS[1:]),
    ],
    ids=lambda each: str(getattr(each, "name", getattr(each, "strategy", each))),
)
def test_the_whole_matrix_agrees_with_sklearn(name, scaling, encoding, imputing):
    train, test, target = generated_table(name) if isinstance(name, int) else shared_table(name)
    y = as_targets(train.pop(target))
    test.pop(target)
    rules = {"scaling": scaling, "encoding": encoding, "imputing": imputing}
    features = fitted(table(**train), y[:, None], **rules)
    matrix = features.encode(table(**test), FLOAT64)
    expected = oracle(train, test, y, features, scaling, imputing, encoding)
    assert matrix.shape == expected.shape
    np.testing.assert_allclose(matrix, expected, rtol=1e-6, atol=1e-6)


def as_targets(cells):
    """Numbers as they are; of classes, whether a row has the first one."""
    numbers = all(is_number(cell) for cell in cells)
    return np.array([float(cell) if numbers else float(cell == cells[0]) for cell in cells])


@pytest.mark.parametrize("name", ["adult", "bank_marketing", 1, 2])
@pytest.mark.parametrize("least", [2, 60, 300])
def test_rare_levels_are_one_with_unseen_ones_as_in_sklearn(name, least):
    train, test, _ = generated_table(name) if isinstance(name, int) else shared_table(name)
    features = fitted(table(**train), min_frequency=least)
    matrix = features.encode(table(**test), FLOAT64)
    for column, place in features.places():
        if isinstance(column, CategoryColumn):
            known, new = (np.array(part[column.name], object)[:, None] for part in (train, test))
            encoder = OneHotEncoder(min_frequency=least, handle_unknown="infrequent_if_exist", sparse_output=False)
            theirs = encoder.fit(known).transform(new)
            rare = encoder.infrequent_categories_[0]
            kept = [level for level in encoder.categories_[0].tolist() if rare is None or level not in rare]
            order = [kept.index(level) for level in column.levels]
            slot = 1 - theirs[:, : len(kept)].sum(axis=1, keepdims=True)
            np.testing.assert_array_equal(matrix[:, place], np.hstack([theirs[:, order], slot]))
