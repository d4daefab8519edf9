"""`init`: whatever the file, the spec that is written loads, trains, and says what is in the file."""

import csv
import gzip
import io
import re
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlptrain.commands.init import make_starter_spec
from mlptrain.data.column_rules import FeatureRules
from mlptrain.data.feature_fitting import decide_column_kinds
from mlptrain.data.grammar import is_number
from mlptrain.data.sniffing import sniff_format
from mlptrain.data.table import read_table
from mlptrain.data.table_writing import write_table
from mlptrain.errors import DataError, SpecError
from mlptrain.spec.file import load_draft, load_spec
from mlptrain.spec.recipes import list_recipes
from tests.support.command import mlptrain
from tests.support.flows import fit

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
NAMES = WORDS.filter(lambda name: name.strip() and not is_number(name.strip()))
VALUES = ("1.5", "2", "-3e2", "", "red", "blue", "=1+1", "2020-01-05", "yes", "001", "a b", "x,y", 'q"q')
ROWS = 24
DECIDED = ("training.epochs=1", "data.split.type=random")


def written(path, columns):
    with path.open("w", encoding="utf-8", newline="") as stream:
        write_table(columns, stream)
    return path


@st.composite
def tables(draw):
    names = draw(st.lists(NAMES, min_size=2, max_size=6, unique_by=lambda name: name.strip()))
    columns = {name: draw(st.lists(st.sampled_from(VALUES), min_size=ROWS, max_size=ROWS)) for name in names[2:]}
    columns[names[0]] = [f"{row * row % 17}.25" for row in range(ROWS)]
    return columns | {names[1]: [("yes", "no")[row % 2] for row in range(ROWS)]}, names[1]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=tables())
def test_the_spec_of_any_table_loads_and_trains_and_says_what_the_columns_are(made, tmp_path):
    columns, target = made
    data = written(tmp_path / "data.csv", columns)
    text = make_starter_spec(str(data), target, folder=tmp_path).text
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    spec, notices = load_spec(str(tmp_path / "s.yaml"))
    assert not notices
    table = read_table(str(data), spec.data)
    found = decide_column_kinds(table, [name for name in columns if name != target], spec.data.rules)
    rules = {name: replace(own, type=None) for name, own in spec.data.rules.columns.items()}
    anew = decide_column_kinds(table, [name for name in columns if name != target], FeatureRules(columns=rules))
    for name, each in found.items():
        assert each.kind == anew[name].kind or (each.kind, anew[name].kind) == ("date", "ignore")
    assert fit(str(tmp_path / "s.yaml"), out=tmp_path / "m.npz", overrides=DECIDED).epochs == 1


PLAIN = {
    "size": [f"{row}.5" for row in range(ROWS)],
    "colour": [("röt", "grün", "blau")[row % 3] for row in range(ROWS)],
    "label": [("ja", "nein")[row % 2] for row in range(ROWS)],
}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_how_a_file_is_written_is_found_out(delimiter, encoding, pack, tmp_path):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(
        [list(PLAIN), *zip(*PLAIN.values(), strict=True)]
    )
    (tmp_path / "data").write_bytes(pack(text.getvalue().encode(encoding)))
    table = read_table(str(tmp_path / "data"), sniff_format(str(tmp_path / "data")))
    assert {name: table.texts(name) for name in table.columns} == PLAIN


@pytest.mark.parametrize("first", ["1.5", "-2", "1e3"])
def test_a_first_line_with_a_number_is_no_header(first, tmp_path):
    (tmp_path / "d.csv").write_text(
        "".join(f"{first}, {'red' if k % 3 else 'blue'}, {('yes', 'no')[k % 2]}\n" for k in range(20))
    )
    made = make_starter_spec(str(tmp_path / "d.csv"), "column_3", folder=tmp_path)
    assert "header: false" in made.text
    assert "skip_initial_space: true" in made.text
    with pytest.raises(DataError, match="the columns were numbered"):
        make_starter_spec(str(tmp_path / "d.csv"), "label", folder=tmp_path)


@pytest.mark.parametrize(
    ("cells", "keys"),
    [
        (("1,5", "2,25", "10,125"), {"decimal": ","}),
        (("1.234,5", "2.000,25", "1.000.000,5"), {"decimal": ",", "thousands": "."}),
        (("1,234", "2,000", "1,000,000"), {"thousands": ","}),
    ],
)
def test_decimal_commas_and_marks_of_thousands_are_found(cells, keys, tmp_path):
    columns = {"x": [cells[row % 3] for row in range(ROWS)], "y": [("a", "b")[row % 2] for row in range(ROWS)]}
    data = written(tmp_path / "d.csv", columns)
    (tmp_path / "s.yaml").write_text(make_starter_spec(str(data), "y", folder=tmp_path).text)
    spec, _ = load_spec(str(tmp_path / "s.yaml"))
    assert {key: getattr(spec.data, key) for key in keys} == keys
    assert spec.data.columns == {"x": "number"}


def test_what_a_human_may_want_to_decide_is_said(tmp_path):
    columns = {
        "id": list(map(str, range(ROWS))),
        "code": [str(row % 4) for row in range(ROWS)],
        "when": [f"2024-03-{row % 28 + 1:02}" for row in range(ROWS)],
        "gaps": [("", "1.5", "2.5")[row % 3] for row in range(ROWS)],
        "y": [str(row % 5) for row in range(ROWS)],
    }
    text = make_starter_spec(str(written(tmp_path / "d.csv", columns)), "y", folder=tmp_path).text
    assert "id: ignore" in text
    assert "4 different ones; if they are codes: category" in text
    assert "when: date" in text
    assert "8 missing (33.3%)" in text
    assert "5 different ones; if they are classes, set loss: cross_entropy" in text


def test_targets_with_gaps_are_dropped_and_two_numbers_are_classes(tmp_path):
    columns = {"x": [f"{row}.5" for row in range(ROWS)], "y": [("1", "2", "")[row % 3] for row in range(ROWS)]}
    (tmp_path / "s.yaml").write_text(
        make_starter_spec(str(written(tmp_path / "d.csv", columns)), "y", folder=tmp_path).text
    )
    spec, _ = load_spec(str(tmp_path / "s.yaml"))
    assert spec.data.missing_target == "drop"
    assert "accuracy" in fit(str(tmp_path / "s.yaml"), out=tmp_path / "m.npz", overrides=DECIDED).metrics["train"]


@pytest.mark.parametrize("name", list_recipes())
def test_the_spec_begins_with_the_plain_recipe_and_names_the_others(name, tmp_path):
    text = make_starter_spec(str(written(tmp_path / "d.csv", PLAIN)), "label", folder=tmp_path).text
    assert load_draft("s.yaml", (), text).recipe.name == "plain"
    assert text.count(f"recipe: {name} ") == 1
    (tmp_path / "s.yaml").write_text(text.replace("recipe: plain", f"recipe: {name}"), encoding="utf-8")
    assert fit(str(tmp_path / "s.yaml"), out=tmp_path / "m.npz", overrides=DECIDED).epochs == 1


@pytest.mark.parametrize(
    ("name", "target", "labels", "error", "said"),
    [
        ("-", "y", None, SpecError, "save standard input"),
        ("d.csv", None, None, SpecError, "--target is missing"),
        ("d.csv", "y", "labels", SpecError, "this is a table"),
        ("d.csv", "Label", None, DataError, "did you mean 'label'"),
        ("empty.csv", "y", None, DataError, "the file is empty"),
        ("names.csv", "y", None, DataError, "there are no rows"),
        ("images", None, None, SpecError, "--labels is missing"),
        ("nowhere.csv", "y", None, DataError, "no such file"),
    ],
)
def test_what_cannot_be_is_said(name, target, labels, error, said, tmp_path):
    written(tmp_path / "d.csv", PLAIN)
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "names.csv").write_text("x,y\n")
    (tmp_path / "images").write_bytes(struct.pack(">4I", 0x803, 2, 2, 2) + bytes(8))
    with pytest.raises(error, match=said):
        make_starter_spec(name if name == "-" else str(tmp_path / name), target, labels=labels, folder=tmp_path)


def test_images_and_labels_become_a_spec(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (30, 4, 4), np.uint8)
    (tmp_path / "images").write_bytes(struct.pack(">4I", 0x803, 30, 4, 4) + pixels.tobytes())
    (tmp_path / "labels").write_bytes(struct.pack(">2I", 0x801, 30) + bytes(k % 3 for k in range(30)))
    made = make_starter_spec(str(tmp_path / "images"), None, labels=str(tmp_path / "labels"), folder=tmp_path)
    (tmp_path / "s.yaml").write_text(made.text, encoding="utf-8")
    assert fit(str(tmp_path / "s.yaml"), out=tmp_path / "m.npz", overrides=["training.epochs=1"]).epochs == 1


def test_what_is_commented_out_for_prices_is_a_setting(tmp_path):
    rows = "".join(f"{k % 7}.5,{2 ** (k % 12) * 10 + k}\n" for k in range(80))
    (tmp_path / "houses.csv").write_text("x,price\n" + rows)
    text = make_starter_spec(str(tmp_path / "houses.csv"), "price", folder=tmp_path).text
    (line,) = [line for line in text.splitlines() if "rmsle" in line]
    setting = line.removeprefix("# ").partition("    #")[0]
    assert load_spec("s.yaml", (), f"{text}\n{setting}\n")[0].training.monitor == "rmsle"


SQUARES = [str(k * k % 17) for k in range(40)]
DECIMALS = [f"{k * k % 17}.5" for k in range(40)]
LETTERS = ["abcd"[k % 4] for k in range(40)]
TARGETS = {
    "one class": (["a"] * 40, "there is one class only"),
    "one class, or none": (["a", ""] * 20, "there is one class only"),
    "one number": (["3.5"] * 40, "the target is constant"),
    "one number, or none": (["3.5", ""] * 20, "the target is constant"),
    "nothing": ([""] * 40, "the target is missing in all rows"),
    "blanks": (["  "] * 40, "the target is missing in all rows"),
    "NA": (["NA"] * 40, "the target is missing in all rows"),
    "dashes": (["-"] * 40, "there is one class only"),
    "a class a row": ([f"n{k}" for k in range(40)], "too few rows"),
    "two rows": (["p", "q"] + [""] * 38, "too few rows"),
    "one row": (["p"], "no column is left to learn from"),
    "three rows of one class each": (["p", "q", "r"], "too few rows"),
    "three rows": (["p", "q", "p"], ""),
    "three numbers": (["1.5", "2.5", "9"], ""),
    "four rows": (["p", "q", "p", "q"], ""),
    "a class of one row": (["p"] * 39 + ["q"], ""),
    "a class of two rows": (["p"] * 38 + ["q"] * 2, ""),
    "numbers in another form": (
        [f"{k},25" for k in range(40)],
        r"^[^ ]*d\.csv: column \"y\": all cells of the target look",
    ),
    "days": ([f"2024-01-{k % 28 + 1:02}" for k in range(40)], ""),
}


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_has_a_reason_why_there_is_no_spec_or_a_spec_that_trains(name, tmp_path):
    target, reason = TARGETS[name]
    rows = len(target)
    data = written(tmp_path / "d.csv", {"x": DECIMALS[:rows], "z": LETTERS[:rows], "y": target})
    if reason:
        with pytest.raises(DataError, match=reason):
            make_starter_spec(str(data), "y", folder=tmp_path)
        return
    (tmp_path / "s.yaml").write_text(make_starter_spec(str(data), "y", folder=tmp_path).text, encoding="utf-8")
    assert fit(str(tmp_path / "s.yaml"), out=tmp_path / "m.npz", overrides=["training.epochs=1"]).epochs == 1


@st.composite
def small_tables(draw):
    rows = draw(st.integers(1, 12))
    cells = st.lists(st.sampled_from(["1", "2", "2.5", "", "a", "b", "-", "2020-01-05"]), min_size=rows, max_size=rows)
    return {name: draw(cells) for name in ("x", "z", "y")}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns=small_tables())
def test_no_spec_is_written_of_a_small_table_that_cannot_be_trained(columns, tmp_path):
    data = written(tmp_path / "d.csv", columns)
    try:
        text = make_starter_spec(str(data), "y", folder=tmp_path).text
    except DataError:
        return
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    assert fit(str(tmp_path / "s.yaml"), out=tmp_path / "m.npz", overrides=["training.epochs=1"]).epochs == 1


COMMENTED = {
    "two classes": ["p", "q"] * 20,
    "several classes": ["p", "q", "r", "s"] * 10,
    "regression": [f"{k * 7 % 13}.5" for k in range(40)],
    "prices": [f"{100 * 1.3 ** (k % 25):.2f}" for k in range(40)],
    "codes": [str(k % 5) for k in range(40)],
}


@pytest.mark.parametrize("name", COMMENTED)
def test_each_setting_that_is_commented_out_is_valid_by_itself(name, tmp_path):
    data = written(tmp_path / "d.csv", {"x": SQUARES, "z": LETTERS, "y": COMMENTED[name]})
    lines = make_starter_spec(str(data), "y", folder=tmp_path).text.splitlines()
    settings_of = {
        number: found for number, line in enumerate(lines) if (found := re.fullmatch(r"( *)# (\w+: .+?)    #.*", line))
    }
    assert len(settings_of) == len(list_recipes()) - 1 + (name in ("two classes", "prices"))
    for number, found in settings_of.items():
        kept = [line for line in lines if not (found[2].startswith("recipe") and line.startswith("recipe"))]
        kept[kept.index(lines[number])] = found[1] + found[2]
        (tmp_path / "s.yaml").write_text("\n".join(kept), encoding="utf-8")
        assert fit(str(tmp_path / "s.yaml"), out=tmp_path / "m.npz", overrides=["training.epochs=1"]).epochs == 1


YES_AND_NO = "nein/ja no/yes 0/1 false/true False/True N/Y neg/pos N/J non/oui -1/1 -/+ 0.0/1.0"


@pytest.mark.parametrize(("no", "yes"), [pair.split("/") for pair in YES_AND_NO.split()])
def test_the_class_that_means_yes_is_the_positive_one(no, yes, tmp_path):
    data = written(tmp_path / "d.csv", {"x": SQUARES, "y": [yes, no] * 20})
    text = make_starter_spec(str(data), "y", folder=tmp_path).text
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    assert load_spec(str(tmp_path / "s.yaml"))[0].data.positive_class == yes
    found = fit(str(tmp_path / "s.yaml"), out=tmp_path / "m.npz", overrides=["training.epochs=1"])
    assert found.positive_class == yes


def test_without_a_target_likely_ones_are_proposed(tmp_path):
    """By their names, else the last that are no identifiers, dates, constants or texts of many values."""
    columns = {
        "kind": LETTERS,
        "size": SQUARES,
        "one": ["1"] * 40,
        "day": [f"2024-01-{k % 28 + 1:02}" for k in range(40)],
        "id": [str(k) for k in range(40)],
    }
    with pytest.raises(SpecError, match=r"of which 'size', 'kind' are likely; write: .* --target size"):
        make_starter_spec(str(written(tmp_path / "d.csv", columns)), None, folder=tmp_path)
    columns = {"Label": LETTERS, **columns}
    with pytest.raises(SpecError, match=r"of which 'Label' is likely; write: .* --target Label"):
        make_starter_spec(str(written(tmp_path / "d.csv", columns)), None, folder=tmp_path)


def test_what_is_left_out_far_out_or_a_date_is_said(tmp_path):
    columns = {
        "ticket": [f"A/{k} {k * 77}" if k % 4 == 0 else str(k * 991) for k in range(400)],
        "day": [f"2024-01-{k % 28 + 1:02}" for k in range(400)],
        "size": ["1e30" if k == 7 else f"{k % 17}.5" for k in range(400)],
        "y": ["ja", "nein"] * 200,
    }
    notices = make_starter_spec(str(written(tmp_path / "d.csv", columns)), "y", folder=tmp_path).notices
    said = "\n".join(notices)
    assert "columns left out: ticket (text with 400 different values in 400 cells, of which 300 are numbers)" in said
    assert 'column "day": dates, used as data.columns says; to leave them out: ignore' in said
    assert said.count("day") == 1
    assert 'column "size": 1e30 on line 9 is ' in said


@pytest.mark.parametrize(
    ("name", "numbers", "kind"),
    [
        ("PassengerId", [3 * k * k for k in range(40)], "ignore"),
        ("row no", [10 * k for k in range(40)], "ignore"),
        ("place", [k * 7 % 40 for k in range(40)], "ignore"),
        ("price", [3 * k * k for k in range(40)], "number"),
        ("PassengerId", [k * k % 37 for k in range(40)], "number"),
    ],
)
def test_whole_numbers_that_name_the_rows_are_left_out(name, numbers, kind, tmp_path):
    """`init` says so on its output and in the spec, and does not make an input of what it calls an identifier."""
    others = {"size": [f"{k % 9}.5" for k in range(40)], "y": [f"{k % 5}.25" for k in range(40)]}
    path = written(tmp_path / "t.csv", {name: list(map(str, numbers)), **others})
    starter = make_starter_spec(str(path), "y", folder=tmp_path)
    (line,) = [line for line in starter.text.splitlines() if line.strip().startswith((f"{name}:", f'"{name}":'))]
    assert line.partition(":")[2].split()[0] == kind
    assert (kind == "ignore") == any(f"{name} (whole numbers, different" in each for each in starter.notices)
    alone = written(tmp_path / "alone.csv", {name: list(map(str, numbers)), "y": others["y"]})
    assert ": number  " in make_starter_spec(str(alone), "y", folder=tmp_path).text


def test_comments_stand_in_one_column_but_for_those_of_long_lines(tmp_path):
    long = "an extremely long name of a column that says all there is to say"
    columns = {"a": SQUARES, long: LETTERS, "bcd": SQUARES, "y": ["p", "q"] * 20}
    text = make_starter_spec(str(written(tmp_path / "d.csv", columns)), "y", folder=tmp_path).text
    lines = [line for line in text.splitlines() if line.startswith("    ") and "#" in line]
    assert [line.index("#") for line in lines if len(line.partition("#")[0]) < 60] == [19, 19]
    assert "say: category  # 4 levels" in text


def test_what_is_no_data_is_said_before_what_is_in_the_way(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{k},{k % 2}\n" for k in range(20)))
    first = ["init", "t.csv", "--target", "y"]
    assert mlptrain(*first, cwd=tmp_path).code == 0
    again = mlptrain(*first, cwd=tmp_path)
    assert (again.code, "t.yaml: exists; choose another --out" in again.err) == (2, True)
    spec = mlptrain("init", "t.yaml", "--target", "y", cwd=tmp_path)
    assert (spec.code, "t.yaml: this is a spec, and no data" in spec.err) == (3, True)
    (tmp_path / "t.csv").unlink()
    absent = mlptrain(*first, cwd=tmp_path)
    assert (absent.code, "t.csv: no such file" in absent.err) == (3, True)
