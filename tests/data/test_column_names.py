"""Names of columns in messages."""

from unicodedata import normalize

import pytest

from mlptrain.data.column_names import describe_missing_columns, find_near_name


@pytest.mark.parametrize("other", ["SIZE", " size ", "Size", "sizes"])
def test_the_name_that_was_meant_is_proposed(other):
    assert find_near_name("size", ["colour", other]) == [other]


@pytest.mark.parametrize(("ours", "theirs"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_that_look_alike_are_told_apart(ours, theirs):
    said = describe_missing_columns([normalize(ours, "Größe")], [normalize(theirs, "Größe"), "y"])
    assert said.endswith(f"(they look alike, but the file has them in the Unicode form {theirs}; write the names anew)")
    assert "look alike" not in describe_missing_columns(["Größe"], ["größe"])


def test_a_row_in_the_place_of_names_is_called_so():
    assert describe_missing_columns(["a"], ["1", "x"]).endswith("looks like a row: write the names above it")
    assert describe_missing_columns(["a"], ["b", "x"]) == "column 'a' is missing; the columns are 'b', 'x'"
