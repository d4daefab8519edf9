"""Quotes in lines: what `csv` reads without doubt is read, and what may be torn is refused."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.data.stray_quotes import may_have_stray_quote
from mlptrain.data.text_lines import drop_last_lines, find_stray_quote, has_text
from mlptrain.errors import DataError
from tests.support.table_cases import read, texts_of

READ = {
    "inch marks in two cells": '3" steel,15",0.5',
    "inch marks before blanks": '5" x 7",9" x 11",ja',
    "inch marks before x": '2"x4,6",a',
    "an inch mark before a hyphen": '4"-pipe,6",a',
    "an inch mark before a bracket": '17" (black),15",4',
    "fractions of inches": '3½" steel,15¼",4',
    "feet and inches": "5'3\",6'1\",x",
    "feet and inches before a blank": "5'3\" tall,6'1\",x",
    "a letter behind one": '24"LED,27" LED,x',
    "a letter behind both": '24"LED,27"LED,x',
    "one in a line": '24"LED,27,x',
    "a quote at the end of a cell": 'a",b,c',
    "degrees": "37°36'37.8\"N 121°2'17.9\"W,15,x",
    "doubled quotes in a bare cell": 'a""b,c,d',
    "doubled quotes and inches": '5""a, 5",c',
    "a word in quotes": 'a "b" c,d,e',
    "a quoted cell behind a blank": 'a, "b",c',
    "a quoted cell": '"a, b",c,d',
    "doubled quotes": '"3"" steel, ""big""",c,d',
    "a quoted cell of quotes": '"""",c,d',
    "empty quotes": '"",c,d',
    "over lines": '"a\nb",c,d',
    "over lines, with delimiters": '"a,\nb, c\n,d",c,d',
    "over lines, between delimiters": '1,",a\nb,c,",d',
    "a quoted delimiter": 'a,",",c',
    "a quoted cell behind inch marks": '3" steel,"a, b",x',
}
DITTO = {
    "between": '1,",x\n2,",y',
    "at the end": '1,2,"\n3,4,"',
    "at the beginning": '",1,2\n",3,4',
    "three lines": '1,",x\n5,6,7\n2,",y',
}
REFUSED = {
    "a cell that is never closed": ('"a,b,c', "a quote is opened here and never closed"),
    "a quote alone": ('a,",c', "a quote is opened here and never closed"),
    "text behind a closing quote": ('"a"b,c,d', "text follows a closing quote"),
    "a blank behind a closing quote": ('"a" ,c,d', "text follows a closing quote"),
    "an inch mark at the beginning": ('" steel,b,c', "a quote is opened here and never closed"),
    "a quote that swallows a line": ('"a,b,c\n1,2",3', "fields, 3 expected"),
    "a delimiter is missing": ('$78.07"Table, round",c', "a quote within an unquoted field"),
    "a delimiter is missing before doubled quotes": ('$78"Table, 48""",c', "a quote within an unquoted field"),
    "a delimiter is missing before a number": ('5"1,5",c', "a quote within an unquoted field"),
    "a delimiter is missing before a negative number": ('5"-1,5",c', "a quote within an unquoted field"),
    "words in quotes with a delimiter": ('a "b, c",d', "a quote within an unquoted field"),
    "a quoted cell behind a blank with a delimiter": ('a, "b, c",d', "a quote within an unquoted field"),
    "a letter behind an inch mark": ('7"tablet,10",c', "a quote within an unquoted field"),
}


def read_rows(text, delimiter=","):
    found = texts_of(read(f"{delimiter.join('abc')}\n{text}\n", delimiter=delimiter))
    return [list(row) for row in zip(*found.values(), strict=True)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_what_csv_reads_without_doubt_is_read_as_csv_does(text, delimiter):
    text = text.replace(",", delimiter)
    assert read_rows(text, delimiter) == list(
        csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    )


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_may_be_torn_is_refused_with_its_line(text, said):
    with pytest.raises(DataError, match=rf"f\.csv:2: .*{said}"):
        read_rows(text)


@pytest.mark.parametrize("text", [*READ.values(), *(text for text, _ in REFUSED.values())])
def test_the_quick_look_sees_every_doubtful_quote(text):
    doubtful = any(find_stray_quote(line, ",") is not None for line in text.splitlines())
    assert may_have_stray_quote(text, ",") or not doubtful


@pytest.mark.parametrize("text", DITTO.values(), ids=DITTO)
def test_rows_that_two_lone_quotes_swallow_are_said(text):
    table = read(f"a,b,c\n0,0,0\n{text}\n")
    assert table.rows == 2
    (said,) = table.remarks
    assert said.startswith("f.csv:3: a quote that stands alone opens a cell that holds whole rows")


@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_nothing_is_said_of_other_quotes(text):
    assert not read(f"a,b,c\n{text}\n").remarks


@given(
    lines=st.lists(st.sampled_from(["a;b\n", ";\n", "\n", "c;\n"])), count=st.integers(1, 4), before=st.integers(0, 9)
)
def test_lines_at_the_end_are_left_out_with_their_numbers(lines, count, before):
    kept, dropped = [], None
    steps = drop_last_lines(lines, count, ";", before)
    try:
        while True:
            kept.append(next(steps))
    except StopIteration as end:
        dropped = end.value
    full = [(number, line) for number, line in enumerate(lines, before + 1) if has_text(line, ";")]
    assert dropped == full[-count:]
    rows = [line for line in kept if has_text(line, ";")]
    assert rows == [line for _, line in full[:-count]]
