"""Which records around a table are no rows: padded titles; sums with a word or without one, in tables of any length."""

import pytest

from mlptrain.data.sniffing import sniff_format
from mlptrain.data.table_format import TableFormat
from mlptrain.data.table_shape import is_padded_title
from mlptrain.data.workbook_shape import look_at_workbook
from tests.data.test_workbook_shape import save
from tests.support.command import mlptrain

NAMES = ["key", "town", "size", "price", "label"]


def make_rows(count):
    return [[f"K{k}", "abc"[k % 3], k % 7 + 1, k % 11 * 1.25, ("ja", "nein")[k % 2]] for k in range(count)]


def add_up(rows, place):
    return sum(row[place] for row in rows)


def write(path, rows):
    cells = [";".join("" if cell is None else str(cell) for cell in row) for row in [NAMES, *rows]]
    path.write_text("\n".join(cells) + "\n;;;;\n", encoding="utf-8")
    return str(path)


YEARS = [["town", "2019", "2020", "2021"], ["a", "1", "2", "3"], ["b", "4", "5", "6"]]
GAPS = [["", "size", "", "price"], ["a", "1", "2", "3"], ["b", "4", "5", "6"]]


@pytest.mark.parametrize("below", [YEARS, GAPS])
@pytest.mark.parametrize(("title", "is_title"), [(["Report"], True), (["Report", "of May"], False)])
def test_one_padded_text_is_a_title_above_any_names_and_more_above_those_that_look_like_names(below, title, is_title):
    record = [*title, *[""] * (4 - len(title))]
    assert is_padded_title(record, below) == is_title
    assert is_padded_title(record, [NAMES[:4], *below])


LENGTHS = [30, 900, 1500, 4000]
ENDS = {
    "sums": (lambda rows: [None, None, add_up(rows, 2), add_up(rows, 3), None], 1, 1),
    "sums of more rows": (lambda rows: [None, None, add_up(rows, 2) + 99, add_up(rows, 3) + 0.5, None], 1, 1),
    "a sum beside other cells": (lambda rows: [None, "a", add_up(rows, 2), None, "ja"], 1, 1),
    "a word": (lambda rows: ["Summe", None, 1, 1, None], 1, 1),
    "means": (lambda rows: [None, None, 4, 6.25, None], 0, 1),
    "a row with gaps": (lambda rows: [None, "a", 4, 6.25, "ja"], 0, 0),
    "a row of one number more": (lambda rows: ["K", None, 99, 99.5, None], 0, 0),
    "a row": (lambda rows: ["K", "a", 4, 6.25, "ja"], 0, 0),
}


@pytest.mark.parametrize("count", LENGTHS)
@pytest.mark.parametrize(("make_last", "found", "found_where_usual"), ENDS.values(), ids=ENDS)
def test_the_lines_at_the_end_that_are_no_rows(make_last, found, found_where_usual, count, tmp_path):
    rows = make_rows(count)
    rows.append(make_last(rows))
    text = write(tmp_path / "t.csv", rows)
    books = [save(tmp_path / "t.xlsx", A=[NAMES, *rows])] if count < 1000 else []
    for usual, expected in ((0, found), (1, found_where_usual), (3, found_where_usual)):
        assert sniff_format(text, ["label"], usual_footer=usual).skip_footer == expected
        for book in books:
            layout, _ = look_at_workbook(book, ["label"], TableFormat(), usual_footer=usual)
            assert layout.skip_footer == expected


SPEC = """data: {train: t.csv, target: label, delimiter: ";", skip_footer: 1, columns: {key: ignore}}
model: {hidden: []}
training: {epochs: 1, batch_size: full}
"""


@pytest.mark.parametrize("count", [30, 1500])
def test_a_model_of_a_table_with_sums_knows_sums_without_a_word(count, tmp_path):
    rows = make_rows(count)
    write(tmp_path / "t.csv", [*rows, ["Summe", None, 1, 1, None]])
    (tmp_path / "s.yaml").write_text(SPEC)
    assert mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    for name, (make_last, _, found) in ENDS.items():
        write(tmp_path / "new.csv", [*rows, make_last(rows)])
        ended = mlptrain("predict", "s.npz", "new.csv", cwd=tmp_path)
        assert ended.out.count("\n") == 1 + count + 1 - found, (name, ended.err)
        assert ("read with skip_footer: 0" in ended.err) == (not found)
