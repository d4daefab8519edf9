"""The notice of lines that are left out says how many there are, and shows the first of those at the end."""

from hypothesis import given
from hypothesis import strategies as st

from mlptrain.data.left_out_lines import LONGEST_LINE, MOST_LINES, LeftOutLines, describe_left_out_lines

ENDS = st.lists(st.tuples(st.integers(1, 99), st.text(max_size=2 * LONGEST_LINE)), max_size=2 * MOST_LINES)


@given(after=st.integers(0, 3), end=ENDS)
def test_every_line_is_counted_and_the_first_ones_are_shown(after, end):
    said = LeftOutLines(after_names=after).end_with(end).describe()
    assert bool(said) == bool(after or end)
    assert ("skip_after_names" in said) == bool(after)
    assert (f"{len(end)} at the end, " in said) == bool(end)
    assert all(f"line {number} (" in said for number, _ in end[:MOST_LINES])
    assert (f"and {len(end) - MOST_LINES} more" in said) == (len(end) > MOST_LINES)
    assert len(said) < 100 + MOST_LINES * 12 * LONGEST_LINE
    assert said.isprintable()


def test_a_line_is_quoted_without_its_end():
    said = LeftOutLines(at_end=[(8, "1005;1.000,00;;;;\r\n")]).describe()
    assert said == "lines left out: 1 at the end, line 8 ('1005;1.000,00;;;;') (data.skip_footer)"


def test_files_are_named_where_there_are_several():
    one, none = LeftOutLines(at_end=[(4, "sum")], unit="row"), LeftOutLines()
    said = "lines left out: 1 at the end, row 4 ('sum') (data.skip_footer)"
    assert describe_left_out_lines({"a.csv": one}) == [said]
    assert describe_left_out_lines({"a.csv": none, "b.csv": one}) == [f"b.csv: {said}"]
    assert describe_left_out_lines({"a.csv": none}) == []
