"""Rows before they are encoded: what holds for tables and for images alike, and where they differ."""

import struct
from pathlib import Path

import numpy as np
import pytest

from mlptrain.data.column_rules import FeatureRules
from mlptrain.data.feature_fitting import decide_column_kinds
from mlptrain.data.frames import read_columns
from mlptrain.data.odd_cells import OddRows
from mlptrain.errors import DataError, SpecError
from mlptrain.model.rows import ImageRows, TableRows, describe_blank_lines, locate_file, read_rows, take_chosen_rows
from mlptrain.spec.fields import Data, Images

LABELS = ["3", "1", "3", "2", "1"]
SIZES = ["1.5", "", "2", "4", "3"]
PIXELS = np.arange(30, dtype=np.uint8).reshape(5, 2, 3)
FLOAT32 = np.dtype("float32")
NO_TARGETS = np.empty((5, 0))


def idx(array):
    """An array of bytes in the IDX format."""
    array = np.asarray(array, np.uint8)
    return b"\x00\x00\x08" + struct.pack(f">B{array.ndim}I", array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def table(tmp_path):
    lines = [f"{size},{label}" for size, label in zip(SIZES, LABELS, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["size,y", *lines]) + "\n")
    return read_rows("t.csv", Data(train="t.csv", target="y"), tmp_path)


@pytest.fixture
def images(tmp_path):
    (tmp_path / "i").write_bytes(idx(PIXELS))
    (tmp_path / "l").write_bytes(idx([int(label) for label in LABELS]))
    source = Images(images="i", labels="l")
    return read_rows(source, Data(train=source, target="y"), tmp_path)


@pytest.fixture(params=["table", "images"])
def rows(request):
    """Five rows of each kind, with the same labels."""
    return request.getfixturevalue(request.param)


def labels_of(rows):
    column = rows.answers.column(rows.answer_column("y"))
    return [column.text(row) for row in range(rows.count)]


def features_of(rows):
    understood = {} if rows.are_images else decide_column_kinds(rows.inputs, ["size"], FeatureRules())
    return rows.fit_features(understood, FeatureRules(), targets=NO_TARGETS, notices=[])


# what holds for both


def test_the_kind_of_rows_follows_from_what_is_read(table, images):
    assert (type(table), table.are_images) == (TableRows, False)
    assert (type(images), images.are_images) == (ImageRows, True)


def test_there_are_as_many_rows_answers_and_numbers(rows):
    assert rows.count == rows.answers.rows == rows.inputs.rows == 5
    assert rows.numbers.tolist() == [1, 2, 3, 4, 5]
    assert labels_of(rows) == LABELS
    assert all(table.rows == 5 for table in rows.tables)
    assert all(len(array) == 5 for array in rows.arrays.values())


@pytest.mark.parametrize("chosen", [[0, 1, 2, 3, 4], [4, 0], [2], [1, 1, 3], []])
def test_what_is_taken_are_those_rows_in_that_order(rows, chosen):
    some = rows.take(np.array(chosen, np.int64))
    assert (type(some), some.name, some.count) == (type(rows), rows.name, len(chosen))
    assert some.numbers.tolist() == [place + 1 for place in chosen]
    assert labels_of(some) == [LABELS[row] for row in chosen]
    assert rows.count == 5


def test_taking_twice_is_taking_once(rows):
    once, twice = rows.take(np.array([3, 1])), rows.take(np.array([1, 3, 4])).take(np.array([1, 0]))
    assert labels_of(once) == labels_of(twice)
    assert once.numbers.tolist() == twice.numbers.tolist()
    features = features_of(rows)
    one, two = (each.encode(features, FLOAT32).matrix() for each in (once, twice))
    np.testing.assert_array_equal(np.asarray(one[:]), np.asarray(two[:]))


def test_rows_that_are_taken_are_encoded_as_they_were_among_all(rows):
    features = features_of(rows)
    whole, some = (each.encode(features, FLOAT32).matrix() for each in (rows, rows.take(np.array([4, 1]))))
    np.testing.assert_array_equal(np.asarray(some[:]), np.asarray(whole[:])[[4, 1]])


def test_training_rows_are_encoded_like_any_others_where_nothing_is_hidden_from_them(rows):
    features = features_of(rows)
    found = rows.encode_training(features, FLOAT32, rules=FeatureRules(), targets=NO_TARGETS, seed=1)
    np.testing.assert_array_equal(np.asarray(found[:]), np.asarray(rows.encode(features, FLOAT32).matrix()[:]))


def test_the_chosen_rows_are_taken_and_there_must_be_any(rows):
    assert labels_of(take_chosen_rows(rows, np.array([False, True, False, False, True]))) == [LABELS[1], LABELS[4]]
    with pytest.raises(DataError, match="no row is left; all of them lack a cell that is needed") as problem:
        take_chosen_rows(rows, np.zeros(5, bool))
    assert str(problem.value).startswith(rows.name)


def test_the_place_of_a_row_begins_with_its_file(rows):
    places = [rows.describe_place(row) for row in range(5)]
    assert all(place.startswith(rows.name) for place in places)
    assert len(set(places)) == 5


# where they differ


def test_a_row_of_a_table_is_a_line_also_where_others_were_left_out(table):
    assert table.describe_place(0).endswith("t.csv:2")
    some = table.take(np.array([3, 1]))
    assert some.numbers.tolist() == [4, 2]
    assert [some.describe_place(row) for row in (0, 1)] == [table.describe_place(row) for row in (3, 1)]


def test_an_image_is_a_number(images):
    assert [images.describe_place(row) for row in (0, 4)] == ["i image 1", "i image 5"]


def test_a_cell_is_told_as_it_is_written_and_a_pixel_by_its_place(table, images):
    assert table.describe_cell(0, "size") == "column \"size\", '1.5'"
    assert images.describe_cell(0, "4") == "pixel 4"
    long = TableRows(read_columns({"x": ["y" * 100]}, "t"))
    assert long.describe_cell(0, "x") == f'column "x", {"y" * 40!r}'


def test_each_kind_refuses_the_features_of_the_other(table, images):
    of_table, of_images = features_of(table), features_of(images)
    for encode in (
        lambda: table.encode(of_images, FLOAT32),
        lambda: table.encode_training(of_images, FLOAT32, rules=FeatureRules(), targets=NO_TARGETS, seed=1),
    ):
        with pytest.raises(DataError, match="the model was trained on images; give an IDX file") as problem:
            encode()
        assert str(problem.value).startswith(table.name)
    for encode in (
        lambda: images.encode(of_table, FLOAT32),
        lambda: images.encode_training(of_table, FLOAT32, rules=FeatureRules(), targets=NO_TARGETS, seed=1),
    ):
        with pytest.raises(DataError, match=r"^i: the model was trained on a table; give one$"):
            encode()


def test_images_of_another_size_are_refused(images):
    small = ImageRows("j", PIXELS[:, :, :2])
    with pytest.raises(DataError, match="j: images of 2 × 2, the model knows 2 × 3"):
        small.encode(features_of(images), FLOAT32)


def test_pixels_are_shares_of_255(images):
    found = np.asarray(images.encode(features_of(images), FLOAT32).matrix()[:])
    np.testing.assert_allclose(found, PIXELS.reshape(5, 6) / 255, rtol=1e-6)


def test_images_without_labels_have_no_answers():
    bare = ImageRows("i", PIXELS)
    assert (bare.count, bare.tables) == (5, ())
    assert bare.take(np.array([1, 0])).count == 2
    with pytest.raises(SpecError, match=r"i: these images have no labels; name their file: \{images: …, labels: …\}"):
        _ = bare.answers


def test_only_a_table_can_give_one_to_an_option(table, images):
    assert table.require_table("--keep") is table.table
    with pytest.raises(SpecError, match=r"^--keep: images have no columns$"):
        images.require_table("--keep")


def test_the_columns_that_matter_are_those_that_are_named_and_of_images_their_labels(table, images):
    assert list(table.columns_that_matter(["size"])) == ["size"]
    assert list(images.columns_that_matter(["size"])) == [images.answer_column("y")]


def test_odd_cells_of_a_table_are_counted(table, images):
    odd = OddRows()
    table.encode(features_of(table), FLOAT32, odd)
    assert {name: int(rows.sum()) for name, rows in odd.filled.items()} == {"size": 1}
    odd = OddRows()
    images.encode(features_of(images), FLOAT32, odd)
    assert odd == OddRows()


def test_blank_lines_between_rows_are_told(tmp_path, images):
    data = Data(train="t.csv", target="y")
    told = []
    for text in ("x,y\n1,a\n2,b\n", "x,y\n1,a\n\n2,b\n", "x,y\n1,a\n\n\n2,b\n"):
        (tmp_path / "t.csv").write_text(text)
        told.append(
            [said.rpartition("t.csv: ")[2] for said in describe_blank_lines(read_rows("t.csv", data, tmp_path))]
        )
    left_out = "between the rows left out"
    assert told == [[], [f"1 blank line {left_out}"], [f"2 blank lines {left_out}"]]
    assert describe_blank_lines(images) == []


def test_several_files_are_the_rows_of_one_table(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,a\n")
    (tmp_path / "b.csv").write_text("y,x\nb,2\n")
    both = read_rows(("a.csv", "b.csv"), Data(train=("a.csv", "b.csv"), target="y"), tmp_path)
    assert [both.table.column("x").text(row) for row in range(both.count)] == ["1", "2"]
    assert both.describe_place(1).endswith("b.csv:2")
    assert both.numbers.tolist() == [1, 2]


def test_paths_are_shown_without_steps_back_unless_a_link_makes_them_another_place(tmp_path):
    (tmp_path / "specs").mkdir()
    assert locate_file("../data/x.csv", tmp_path / "specs") == str(tmp_path / "data" / "x.csv")
    assert locate_file("../part-*.csv", Path("specs")) == "part-*.csv"
    assert locate_file("-", tmp_path) == "-"
    (tmp_path / "far" / "specs").mkdir(parents=True)
    (tmp_path / "linked").symlink_to(tmp_path / "far" / "specs")
    assert locate_file("../x.csv", tmp_path / "linked") == str(tmp_path / "linked" / ".." / "x.csv")
