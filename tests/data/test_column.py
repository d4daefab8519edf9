"""The laws of column kinds, over every member of the union: a new kind is held to them by its examples alone."""

import json
from dataclasses import fields, replace
from typing import get_args

import numpy as np
import pytest
from numpy.random import default_rng

from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.column import ColumnLook
from mlptrain.data.column_rules import ColumnRules, FeatureRules
from mlptrain.data.date_column import DateColumn
from mlptrain.data.encodings import Encoding, LevelCodes
from mlptrain.data.feature_fitting import decide_column_kinds, find_incomplete_rows, fit_features, infer_kind_from_cells
from mlptrain.data.features import CLASS_OF, COLUMN_CLASSES, KINDS, FeatureColumn, Features, Kind
from mlptrain.data.frames import adapt_texts_to_columns, read_columns
from mlptrain.data.imputing import Imputing
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.odd_cells import OddCells, OddRows
from mlptrain.data.scaling import Affine, NormalQuantiles, Scaling
from mlptrain.data.table import read_table
from mlptrain.data.table_format import TableFormat
from mlptrain.data.table_writing import write_table
from mlptrain.errors import DataError
from mlptrain.plain import from_plain, to_plain
from tests.support.table_cases import table

ROWS = 40
MATRICES = [np.dtype(np.float32), np.dtype(np.float64)]


def drawn_dates(rng):
    days = np.datetime64("2015-01-01") + rng.integers(0, 2000, ROWS)
    return [f"{day}T{hour:02d}:30" for day, hour in zip(days, rng.integers(0, 24, ROWS).tolist(), strict=True)]


EXAMPLES = {
    "number": lambda rng: [f"{value:.3f}" for value in rng.normal(5, 2, ROWS).tolist()],
    "boolean": lambda rng: ["yes", "no", *rng.choice(["yes", "no"], ROWS - 2).tolist()],
    "category": lambda rng: ["red", "blue", *rng.choice(["red", "blue", "green"], ROWS - 2).tolist()],
    "date": drawn_dates,
}
"""Cells of each kind, all of them present."""
UNSEEN = {"category": "mauve"}
"""A cell that no training row has, of kinds for which that is odd."""

every_kind = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "ignore"])
some_seeds = pytest.mark.parametrize("seed", [1, 2, 3])


def cells_of(kind: str, seed: int, *, gaps: int = 0) -> list[str]:
    """Cells of a kind, of which the first ones after the second are missing."""
    cells = EXAMPLES[kind](default_rng(seed))
    return [*cells[:2], *[""] * gaps, *cells[2 + gaps :]]


def fitted(found, kind: str, **rules) -> Features:
    """The features of a table of one column, whose kind is declared."""
    rules = FeatureRules(columns={"x": ColumnRules(type=kind)}, **rules)
    targets = np.arange(found.rows, dtype=np.float64)[:, None]
    return fit_features(found, decide_column_kinds(found, ["x"], rules), rules, targets=targets)


def all_fits(kind: str, seed: int, gaps: int) -> list[FeatureColumn]:
    """The column of drawn cells under each scaling and each encoding."""
    found = table(x=cells_of(kind, seed, gaps=gaps))
    asked = [{"scaling": each()} for each in get_args(Scaling)] + [{"encoding": each()} for each in get_args(Encoding)]
    return [fitted(found, kind, **rules).columns[0] for rules in asked]


def test_every_kind_has_examples_and_one_class():
    assert KINDS[-1] == "ignore"
    assert set(EXAMPLES) == set(KINDS) - {"ignore"}
    assert get_args(Kind) == KINDS
    assert len(KINDS) - 1 == sum(len(column.kinds) for column in COLUMN_CLASSES)


@every_kind
@some_seeds
def test_a_kind_recognises_its_own_columns(kind, seed):
    found = table(x=cells_of(kind, seed, gaps=3))
    understood = infer_kind_from_cells(found, "x", {""})
    offered = [each for each in COLUMN_CLASSES if each.is_offered(ColumnLook(found, "x", {""}))]
    if understood.kind == "ignore":
        assert understood.notice
        assert offered == [CLASS_OF[kind]]
    else:
        assert (understood.kind, offered) == (kind, [])
    said, remark = CLASS_OF[kind].describe(ColumnLook(found, "x", ()), replace(understood, kind=kind), str.upper)
    assert said == kind
    assert remark.endswith("; 3 missing (7.5%)")


@every_kind
@pytest.mark.parametrize("gaps", [0, 4])
def test_what_is_stored_is_loaded_and_breaks_no_rule(kind, gaps):
    for column in all_fits(kind, 1, gaps):
        assert isinstance(column, CLASS_OF[kind])
        assert list(column.broken_rules()) == []
        assert from_plain(FeatureColumn, json.loads(json.dumps(to_plain(column)))) == column
        assert list(to_plain(column)) == [each.name for each in fields(column)]


@every_kind
@pytest.mark.parametrize("dtype", MATRICES, ids=str)
@pytest.mark.parametrize("gaps", [0, 4])
def test_the_matrix_is_as_wide_as_the_column_says_and_finite(kind, dtype, gaps):
    found = table(x=cells_of(kind, 2, gaps=gaps))
    for column in all_fits(kind, 2, gaps):
        features = Features(columns=(column,))
        matrix = features.encode(found, dtype)
        assert (matrix.shape, matrix.dtype) == ((ROWS, column.width), dtype)
        assert np.isfinite(matrix).all()
        made = features.compact(found, dtype)
        np.testing.assert_array_equal(np.concatenate([made[0:7].copy(), made[7:ROWS].copy()]), matrix)


@every_kind
def test_training_rows_differ_from_later_ones_only_in_categories(kind):
    found = table(x=cells_of(kind, 3, gaps=4))
    features, rules = fitted(found, kind), FeatureRules()
    asked = {"rules": rules, "targets": np.ones((ROWS, 1)), "seed": 1}
    training = features.encode_training(found, MATRICES[1], **asked)
    changed = (training != features.encode(found, MATRICES[1])).any(axis=1)
    assert np.isfinite(training).all()
    assert not changed.any() or (kind == "category" and changed.sum() < ROWS // 4)


@every_kind
def test_odd_cells_are_counted_and_the_first_one_is_named(kind):
    column_of = fitted(table(x=cells_of(kind, 1)), kind)
    strange = UNSEEN.get(kind, "")
    cells = cells_of(kind, 1)
    cells[5] = cells[9] = strange
    later, odd, rows = table(x=cells), OddCells(), OddRows()
    column_of.encode(later, MATRICES[1], rows)
    odd.add(rows)
    assert odd in (OddCells(filled={"x": 2}), OddCells(unseen={"x": 2}))
    marks = (rows.filled | rows.unseen)["x"]
    assert np.flatnonzero(marks).tolist() == [5, 9]
    why = "is missing" if odd.filled else "is no value that training saw"
    problem = odd.build_error(later)
    assert isinstance(problem, DataError)
    assert str(problem) == f'f.csv:7: column "x": {strange!r} {why}'


@every_kind
def test_rows_without_a_value_are_those_whose_cell_is_empty_or_means_missing(kind):
    cells = cells_of(kind, 1)
    cells[3], cells[8] = "", "-"
    rules = FeatureRules(
        columns={"x": ColumnRules(type=kind, missing_values=("-",))}, imputing=Imputing(strategy="drop_row")
    )
    found = table(x=cells)
    dropped = find_incomplete_rows(found, decide_column_kinds(found, ["x"], rules), rules)
    assert np.flatnonzero(dropped).tolist() == [3, 8]


@every_kind
def test_a_column_that_says_nothing_is_not_fitted_and_the_reason_is_said(kind):
    cells = cells_of(kind, 1)
    with pytest.raises(DataError, match=r"f.csv: no column is left to learn from; left out: 'x'"):
        fitted(table(x=[cells[0]] * ROWS), kind)


@every_kind
@pytest.mark.parametrize("gaps", [0, 4])
def test_the_same_cells_in_csv_and_parquet_give_the_same_column(kind, gaps, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    cells = cells_of(kind, 4, gaps=gaps)
    with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as stream:
        write_table({"x": cells, "k": ["0"] * ROWS}, stream)
    columns = {"x": [cell or None for cell in cells]}
    if kind == "number":
        columns["x"] = [float(cell) if cell else None for cell in cells]
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    made = []
    for name in ("t.csv", "t.parquet"):
        found = read_table(str(tmp_path / name), TableFormat())
        features = fitted(found, kind)
        made.append((features.columns, features.encode(found, MATRICES[0]).tobytes()))
    assert made[0] == made[1]


@every_kind
def test_a_column_reads_texts_if_its_kind_does(kind):
    column = fitted(table(x=cells_of(kind, 1)), kind).columns[0]
    assert column.needs_texts == CLASS_OF[kind].needs_texts_of(kind)
    assert not (column.is_plain_number and column.needs_texts)


@pytest.mark.parametrize(
    ("kind", "trained", "given", "read"),
    [
        ("number", "0.5 1 2", [1.0, 2.5], ["1", "2.5"]),
        ("boolean", "0 1 1", [1.0, 0.0], ["1", "0"]),
        ("category", "1 2 2", [1.0, 2.5, "a"], ["1", "2.5", "a"]),
        ("category", "1.0 2 2", [1.0, 2.0], ["1.0", "2"]),
        ("category", "true false false", [True, False], ["true", "false"]),
        ("date", "2020-01-01 2021-01-01", [1.0], ["1"]),
    ],
)
def test_values_in_memory_have_the_texts_that_training_saw(kind, trained, given, read):
    column = fitted(table(x=trained), kind).columns[0]
    assert adapt_texts_to_columns(read_columns({"x": given}), [column]).texts("x") == read


def test_inputs_are_plain_numbers_or_codes_or_neither():
    def facts(kind, **rules):
        column = fitted(table(x=cells_of(kind, 1, gaps=4)), kind, **rules).columns[0]
        return column.is_plain_number, column.code_embedding

    assert facts("number") == (True, None)
    assert facts("boolean") == facts("date") == facts("category") == (False, None)
    embedding = from_plain(Encoding, {"name": "embedding", "width": 5, "one_hot_up_to": 1})
    assert facts("category", encoding=embedding) == (False, (5, 5))


NUMBER = NumberColumn(name="x", boolean=False, fill=0.0, scaling=Affine(center=0.0, scale=1.0), indicator=False)
DATE = fitted(table(x=cells_of("date", 1)), "date").columns[0]
CATEGORY = fitted(table(x=cells_of("category", 1)), "category").columns[0]
BROKEN = [
    (replace(NUMBER, scaling=Affine(center=0.0, scale=0.0)), "column 'x': its scale is not above 0"),
    (replace(NUMBER, scaling=NormalQuantiles(values=())), "column 'x': its quantiles are not in order"),
    (replace(DATE, format="%d"), "the date format '%d' has no year; write one such as %d.%m.%Y"),
    (replace(DATE, parts=replace(DATE.parts, median=1e13)), "column 'x': its dates are out of range"),
    (replace(DATE, parts=replace(DATE.parts, cycles=("day", "day"))), "column 'x': a cycle is there twice"),
    (replace(CATEGORY, levels=("a", "b", "a")), "the level 'a' is there twice"),
    (replace(CATEGORY, levels=("a", "b")), "column 'x': it has 2 levels, not 3"),
    (
        replace(CATEGORY, encoding=LevelCodes(levels=3, embedding=0)),
        "column 'x': its embedding has no width",
    ),
]


@pytest.mark.parametrize(("column", "rule"), BROKEN, ids=lambda each: each if isinstance(each, str) else "")
def test_a_broken_column_is_refused(column, rule):
    assert list(column.broken_rules()) == [rule]
    assert list(Features(columns=(column,)).broken_rules()) == [rule]


def test_every_class_has_broken_columns_to_be_refused():
    assert {type(column) for column, _ in BROKEN} == set(COLUMN_CLASSES) == {NumberColumn, DateColumn, CategoryColumn}


def test_features_have_columns_of_different_names():
    assert list(Features(columns=()).broken_rules()) == ["it has no columns"]
    assert list(Features(columns=(NUMBER, NUMBER)).broken_rules()) == ["the column 'x' is there twice"]


@pytest.mark.parametrize("column", COLUMN_CLASSES, ids=lambda each: each.__name__)
def test_a_classes_own_keys_are_keys_of_the_spec_and_refuse_other_kinds(column):
    known = {each.name for each in fields(ColumnRules)}
    others = set(KINDS) - set(column.kinds) - {"ignore"}
    for key in column.own_keys:
        assert key.name in known
        assert set(key.kinds) - {"ignore"} <= set(column.kinds)
        assert key.means in ("", *column.kinds)
        assert all(kind in key.explain_refusal(kind) for kind in others)
        assert not any(map(key.explain_refusal, [None, *key.kinds]))
