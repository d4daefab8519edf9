"""The columns of a report: every judged row is counted once, whatever its cell is."""

from collections import Counter
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlptrain
from mlptrain.diagnostics.column_summary import BUCKETS, MOST_COLUMNS, MOST_LEVELS, choose_edges, summarize_columns
from mlptrain.model.memory_rows import make_evaluation_rows
from mlptrain.notices import Notice
from tests.support.drawing import drawn
from tests.support.in_memory import KINDS, make_columns, make_spec

COLUMNS = make_columns()


def summarize(model, columns):
    rows = make_evaluation_rows(columns, model.spec.data, model.columns(), model.head, [])
    return summarize_columns(model, model.judge_and_evaluate(rows, resamples=0))


@pytest.fixture(scope="module")
def model():
    return mlptrain.fit(make_spec(training={"epochs": 1}), COLUMNS).model


@pytest.fixture(scope="module")
def found(model):
    return {each.name: each for each in summarize(model, COLUMNS)[0]}


@pytest.mark.parametrize("name", KINDS)
def test_every_row_is_counted_once(found, name):
    own, known = found[name], [cell for cell in COLUMNS[name] if cell is not None]
    counted = own.histogram.counts if own.histogram else [each.rows for each in own.levels]
    assert sum(counted) + own.others + own.below + own.above == len(known)
    assert (own.kind, own.missing, own.different) == (KINDS[name], 60 - len(known), len(set(known)))
    assert (own.histogram is None) == (len(set(known)) <= MOST_LEVELS)


@pytest.mark.parametrize("name", ["colour", "fresh"])
def test_levels_are_counted_the_most_frequent_first(found, name):
    counts = Counter(map(str, filter(lambda cell: cell is not None, COLUMNS[name])))
    assert {each.level: each.rows for each in found[name].levels} == counts
    assert [each.rows for each in found[name].levels] == sorted(counts.values(), reverse=True)


def test_numbers_and_dates_have_a_range(found):
    assert (found["size"].lowest, found["size"].highest) == ("0", "10")
    assert found["day"].lowest.startswith("2020-01-01")
    assert (found["colour"].lowest, found["colour"].highest) == ("", "")


def test_what_training_did_not_see_is_counted(model):
    columns = COLUMNS | {"colour": ["pink"] * 60, "pieces": [10**9] * 60, "size": [None] * 60}
    found = {each.name: each for each in summarize(model, columns)[0]}
    assert (found["colour"].unseen, found["pieces"].beyond) == (60, 60)
    assert (found["size"].missing, found["size"].different, found["size"].lowest) == (60, 0, "")
    assert [(each.level, each.rows) for each in found["pieces"].levels] == [("1000000000", 60)]


def test_without_rows_the_kinds_alone_are_told(model):
    summaries, more = summarize_columns(model, None)
    assert ({each.name: each.kind for each in summaries if not each.left_out}, more) == (KINDS, 0)
    assert {(each.missing, each.unseen, each.beyond, each.different) for each in summaries} == {(None,) * 4}


def test_left_out_columns_come_last_with_their_reason():
    columns = {"x": [1.5, 2.0, 3.0, 4.0] * 8, "same": ["a"] * 32, "y": ["p", "q"] * 16, "z": ["u", "v"] * 16}
    spec = {"data": {"target": "y", "columns": {"z": "ignore"}}, "training": {"epochs": 1}}
    with pytest.warns(Notice, match="same"):
        model = mlptrain.fit(spec, columns).model
    *used, same, ignored = summarize(model, columns)[0]
    assert [each.name for each in used] == ["x"]
    assert (same.name, same.left_out) == ("same", "constant")
    assert ignored.name == "z"
    assert ignored.left_out


def test_of_very_many_columns_the_others_are_counted():
    columns = {f"c{k}": [0.5, 1.5, 2.5 + k] * 12 for k in range(MOST_COLUMNS + 5)} | {"y": ["p", "q"] * 18}
    spec = {"data": {"target": "y", "columns": {"c0": "ignore"}}, "training": {"epochs": 1}}
    model = mlptrain.fit(spec, columns).model
    summaries, more = summarize(model, columns)
    assert (len(summaries), more) == (MOST_COLUMNS, 5)


def test_a_frequent_level_is_no_other_and_a_rare_one_is():
    cells = [level for k, level in enumerate("abcdefghijkl") for _ in range(12 - k)]
    columns = {"x": cells, "y": [k % 2 for k in range(len(cells))]}
    model = mlptrain.fit({"data": {"target": "y"}, "training": {"epochs": 1}}, columns).model
    (own,) = summarize(model, columns)[0]
    assert [(each.level, each.rows) for each in own.levels] == [("abcdefgh"[k], 12 - k) for k in range(MOST_LEVELS)]
    assert (own.others, own.different) == (4 + 3 + 2 + 1, 12)


@drawn
@given(
    values=st.lists(st.one_of(st.integers(-300, 300), st.floats(-1e20, 1e20)), min_size=9, max_size=80, unique=True),
    whole=st.booleans(),
)
def test_buckets_hold_the_central_numbers_and_equally_many_whole_ones(values, whole):
    known = np.array([floor(value) if whole else value for value in values], np.float64)
    edges = choose_edges(known)
    whole = (known == np.floor(known)).all()
    assert len(edges) == BUCKETS + 1 or (whole and len(edges) <= 2 * BUCKETS + 1)
    assert (np.diff(edges) > 0).all()
    assert edges[-2] <= known.max()
    assert ((known >= edges[0]) & (known <= edges[-1])).mean() >= 0.97
    if whole and np.abs(known).max() < 1e15 and edges[0] % 1 == 0.5:
        assert len({round(width) for width in np.diff(edges)}) == 1
