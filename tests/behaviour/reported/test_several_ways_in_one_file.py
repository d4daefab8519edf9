"""Columns of one file that are written in several ways are read together, and one error names all that is needed."""

import itertools
import re
import shlex

import pytest

from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.number_forms import find_common_forms
from tests.support.command import mlptrain

NAMES = ["share", "price", "big", "y"]
ROWS = [(k + 0.5, 4.25 * k, 1_234_567 * k, k % 7 + 0.75) for k in range(1, 41)]
PLAIN = (".", "")


def write_number(number, point, mark):
    text = f"{number:,}" if isinstance(number, int) else f"{number:,.2f}"
    return text.replace(",", "_").replace(".", point).replace("_", mark)


def write(path, point, mark, *, units=("", ""), gap="", encoding="utf-8", rows=ROWS):
    lines = [NAMES]
    for place, (share, price, big, y) in enumerate(rows):
        cells = [write_number(each, point, mark) for each in (share, price, big, y)]
        cells[:2] = [f"{cell} {unit}".strip() for cell, unit in zip(cells, units, strict=False)]
        lines.append([gap if gap and place == 3 else cells[0], *cells[1:]])
    path.write_bytes("".join(";".join(line) + "\n" for line in lines).encode(encoding))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model of plain numbers, which predicts `plain.csv`."""
    path = tmp_path_factory.mktemp("ways")
    write(path / "plain.csv", *PLAIN)
    columns = ", ".join(f"{name}: number" for name in NAMES)
    said = f"train: plain.csv, delimiter: ';', target: y, columns: {{{columns}}}"
    (path / "m.yaml").write_text(f"data: {{{said}}}\nmodel: {{hidden: []}}\ntraining: {{epochs: 1}}\n")
    assert mlptrain("fit", "m.yaml", "-q", cwd=path).code == 0
    return path


MARKS = [
    (point, mark) for point in ".," for mark in (",", ".", " ", "'", "") if mark != point and (point, mark) != PLAIN
]


@pytest.mark.parametrize("rows", [1, 2, 40])
@pytest.mark.parametrize(("point", "mark"), MARKS)
def test_marks_of_one_column_are_read_beside_those_of_another(folder, point, mark, rows):
    for name, way in (("plain", PLAIN), ("other", (point, mark))):
        write(folder / f"{name}.csv", *way, rows=ROWS[:rows])
    for command in ("predict", "eval"):
        expected = mlptrain(command, "m.npz", "plain.csv", cwd=folder).out
        ended = mlptrain(command, "m.npz", "other.csv", cwd=folder)
        assert ended.code == 0, ended.err
        assert ended.out == expected[expected.find("\n") + 1 if expected.startswith("plain.csv is") else 0 :]


def find_options(err):
    """The options of `--set` that a message proposes, as a shell reads them."""
    return shlex.split("--set " + err.partition(" … --set ")[2].partition(" if ")[0])


NEEDS = [
    (way, units, gap)
    for way, units, gap in itertools.product([(".", ","), (",", ".")], [("", ""), ("%", ""), ("%", "€")], ["", "k.A."])
    if units[0] or gap
]
GIVEN = [[], ["--set", "data.decimal={}"], ["--set", 'data.units=["%"]']]


@pytest.mark.parametrize(("way", "units", "gap"), NEEDS)
@pytest.mark.parametrize("given", GIVEN)
def test_one_error_names_all_settings_that_a_file_needs(folder, way, units, gap, given):
    write(folder / "plain.csv", *PLAIN, gap="?" if gap else "")
    write(folder / "other.csv", *way, units=units, gap=gap, encoding="cp1252")
    point, _ = way
    own = [each.format(point) for each in given]
    ended = mlptrain("predict", "m.npz", "other.csv", *own, cwd=folder)
    if ended.code:
        assert "€" not in ended.err.partition("missing_values")[2]
        again = mlptrain("predict", "m.npz", "other.csv", *own, *find_options(ended.err), cwd=folder)
        assert again.code == 0, (ended.err, again.err)
        assert again.out == mlptrain("predict", "m.npz", "plain.csv", cwd=folder).out
    else:
        assert (own[1:], units, gap) == (['data.units=["%"]'], ("%", ""), "")


@pytest.mark.parametrize("own", [[], ["--set", 'data.units=["kg"]']])
def test_numbers_of_one_column_in_two_units_are_not_read_alike(folder, own):
    (folder / "other.csv").write_text("share;price;big\n1.5 kg;2;3\n2.5 g;2;3\n")
    ended = mlptrain("predict", "m.npz", "other.csv", *own, cwd=folder)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.endswith("give plain numbers in one unit (there are kg, g)\n")
    assert "--set" not in ended.err


def test_what_one_column_settles_is_doubtful_in_none():
    now = NumberGrammar()
    ways = {
        ("1,234",): {(".", ","), (",", "")},
        ("1,234", "0,5"): {(",", "")},
        ("1.234.567", "3,8"): {(",", ".")},
        ("1,234.5",): {(".", ",")},
        ("1 234,5",): {(",", " ")},
    }
    for texts, found in ways.items():
        for columns in ([texts], [[text] for text in texts], [texts, ["7", "8"]]):
            forms = find_common_forms(columns, now)
            assert {(form.grammar.decimal, form.grammar.thousands) for form in forms} == found, columns
    assert [form.grammar.decimal for form in find_common_forms([["1,234"]], now, ["thousands"])] == [","]
    assert find_common_forms([["1,234"]], now, ["decimal", "thousands"]) == []
    assert find_common_forms([["1.5"], ["2"]], now) == []


def test_an_odd_cell_among_others_is_no_way_of_writing(folder):
    (folder / "other.csv").write_text("share;price;big\n1.5;1;3\n2.5;2;3\n1,545;3;4\n")
    ended = mlptrain("predict", "m.npz", "other.csv", cwd=folder)
    assert (ended.code, ended.out) == (3, "")
    assert re.search(r"other\.csv:4: column \"share\": '1,545' is not a number", ended.err)
