"""What a column is: numbers in every writing, odd cells among numbers, identifiers, and what is said of each."""

import json
import re

import pytest
import yaml

from tests.support.command import mlptrain

ROWS = 60
AMOUNTS = [1000 + (k * k * 37) % 8999 + (k * 7 % 10) / 10 for k in range(ROWS)]
LABELS = [("yes", "no")[k * k % 7 % 2] for k in range(ROWS)]
QUICK = ("--set", "training.epochs=1", "--set", "model.hidden=[2]")


def write_table(folder, cells, *, target="label", delimiter=";", name="odd", **data):
    """A table of a noise column, the cells and labels, and a spec for it."""
    rows = [f"{delimiter.join((name, 'noise', 'label'))}"]
    rows += [
        delimiter.join((cell, f"{k * k % 11}.5", label))
        for k, (cell, label) in enumerate(zip(cells, LABELS, strict=True))
    ]
    (folder / "t.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    spec = {"data": {"train": "t.csv", "target": target, "delimiter": delimiter, **data}}
    (folder / "s.yaml").write_text(yaml.safe_dump(spec, allow_unicode=True), encoding="utf-8")


def fit(folder):
    return mlptrain("fit", "s.yaml", *QUICK, cwd=folder)


def init(folder, target="label"):
    """The spec that `init` writes, and what it says."""
    ended = mlptrain("init", "t.csv", "--target", target, "--out", "-", cwd=folder)
    assert ended.code == 0, ended.err
    return yaml.safe_load(ended.out), ended.err


def grouped(number, mark, point="."):
    return f"{number:,.1f}".replace(",", "§").replace(".", point).replace("§", mark)


def whole(number, mark):
    return f"{round(number):,}".replace(",", mark)


def turned(number):
    """Every third number is negative."""
    return -number if int(number) % 3 == 0 else number


WRITINGS = {  # how a number is written, and the settings that read it
    "decimal commas": (lambda x: f"{x:.1f}".replace(".", ","), {"decimal": ","}),
    "points, decimal commas": (lambda x: grouped(x, ".", ","), {"decimal": ",", "thousands": "."}),
    "no-break space": (lambda x: whole(x, "\u00a0"), {"thousands": " "}),
    "narrow space": (lambda x: whole(x, "\u202f"), {"thousands": " "}),
    "thin space": (lambda x: whole(x, "\u2009"), {"thousands": " "}),
    "figure space": (lambda x: whole(x, "\u2007"), {"thousands": " "}),
    "blank": (lambda x: whole(x, " "), {"thousands": " "}),
    "apostrophe": (lambda x: grouped(x, "'"), {"thousands": "'"}),
    "typographic apostrophe": (lambda x: grouped(x, "\u2019"), {"thousands": "'"}),
    "underscore": (lambda x: grouped(x, "_"), {"thousands": "_"}),
    "minus U+2212": (lambda x: f"{turned(x):.1f}".replace("-", "\u2212"), {"loose_signs": True}),
    "en dash": (lambda x: f"{turned(x):.1f}".replace("-", "\u2013"), {"loose_signs": True}),
    "full-width figures": (
        lambda x: f"{x:.1f}".translate({48 + k: 0xFF10 + k for k in range(10)}),
        {"loose_signs": True},
    ),
    "minus behind": (lambda x: f"{x:.1f}-" if turned(x) < 0 else f"{x:.1f}", {"loose_signs": True}),
    "accounting brackets": (lambda x: f"({x:.1f})" if turned(x) < 0 else f"{x:.1f}", {"loose_signs": True}),
    "no cents": (lambda x: f"{x:.0f}.-", {"loose_signs": True}),
    "no cents, decimal commas": (
        lambda x: f"CHF {x:.0f},\u2013",
        {"decimal": ",", "loose_signs": True, "units": ["CHF"]},
    ),
    "leading apostrophe": (lambda x: f"'{x:.1f}", {"loose_signs": True}),
    "per cent": (lambda x: f"{x:.1f}%", {"units": ["%"]}),
    "euro behind": (lambda x: f"{x:.1f} €", {"units": ["€"]}),
    "dollar before, thousands": (lambda x: f"${x:,.1f}", {"thousands": ",", "units": ["$"]}),
    "a unit": (lambda x: f"{x:.1f} kg", {"units": ["kg"]}),
}
every_writing = pytest.mark.parametrize(("write", "settings"), WRITINGS.values(), ids=WRITINGS)


def is_said(settings, text):
    return all(f"data.{key}: {json.dumps(value, ensure_ascii=False)}" in text for key, value in settings.items())


@every_writing
def test_numbers_written_otherwise_are_never_taken_for_something_else_in_silence(write, settings, tmp_path):
    cells = [write(number) for number in AMOUNTS]
    write_table(tmp_path, cells)
    assert is_said(settings, fit(tmp_path).err)
    write_table(tmp_path, cells, target="odd")
    ended = fit(tmp_path)
    assert (ended.code, is_said(settings, ended.err)) == (3, True), ended.err


@every_writing
def test_the_settings_that_are_named_read_the_numbers(write, settings, tmp_path):
    cells = [write(number) for number in AMOUNTS]
    write_table(tmp_path, cells, target="odd", columns={"noise": "category"}, **settings)
    checked = mlptrain("check", "s.yaml", cwd=tmp_path)
    assert checked.code == 0, checked.err
    assert any(line.startswith("target odd: number; ") for line in checked.out.splitlines()), checked.out


@every_writing
def test_init_finds_the_settings_also_beside_words(write, settings, tmp_path):
    cells = [write(number) for number in AMOUNTS]
    cells[3:6] = ["k.A.", "#NV", "k.A."]
    rows = "\n".join(f"{cell};{label}" for cell, label in zip(cells, LABELS, strict=True))
    (tmp_path / "t.csv").write_text(f"odd;label\n{rows}\n", encoding="utf-8")
    spec, said = init(tmp_path)
    assert {key: spec["data"].get(key) for key in settings} == settings
    assert spec["data"]["columns"]["odd"] == {"type": "number", "missing_values": ["k.A.", "#NV"]}
    assert "'k.A.' (2), '#NV' (1)" in said


ODD = {
    "a word": ["unknown"],
    "two words": ["k.A.", "n/v"],
    "error of a spreadsheet": ["#DIV/0!", "#REF!", "#VALUE!"],
    "German errors": ["#NV", "#WERT!"],
    "bounds": [f"<{k}" for k in range(5, 30)],
    "bounds above": [">100", "80+", "≥ 90"],
}


@pytest.mark.parametrize("share", [0.55, 0.95])
@pytest.mark.parametrize("different", [4, 50])
@pytest.mark.parametrize("words", ODD.values(), ids=ODD)
def test_odd_cells_among_numbers_are_named_with_their_count(share, different, words, tmp_path):
    odd = round((1 - share) * ROWS)
    cells = [words[k % len(words)] for k in range(odd)] + [f"{k % different}.5" for k in range(ROWS - odd)]
    write_table(tmp_path, cells, name="x")
    ended = fit(tmp_path)
    assert ended.code == 3
    assert f"{ROWS - odd} cells are numbers but not {words[0]!r}" in ended.err
    assert "data.missing_values: [" in ended.err
    spec, _ = init(tmp_path)
    assert spec["data"]["columns"]["x"] == {"type": "number", "missing_values": list(dict.fromkeys(cells[:odd]))} or (
        words == ["unknown"] and spec["data"]["missing_values"] == words
    )
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    assert fit(tmp_path).code == 0


def test_tickets_of_many_kinds_are_left_to_be_texts_and_it_is_said(tmp_path):
    write_table(tmp_path, [f"PC {k}" if k % 5 < 2 else str(100 + k * 7) for k in range(ROWS)], name="ticket")
    ended = fit(tmp_path)
    assert ended.code == 0
    assert 'column "ticket" is a category: 36 of 60 cells are numbers; if the others mean missing' in ended.err


IDENTIFIERS = {
    "permutation": [k * 7 % ROWS for k in range(ROWS)],
    "gaps": [k * 7 % ROWS * 3 + k % 3 for k in range(ROWS)],
    "descending": list(range(ROWS, 0, -1)),
    "steps of ten": [10 * k for k in range(ROWS)],
    "large": [10**14 + k * k for k in range(ROWS)],
}


@pytest.mark.parametrize("form", ["{}", "{}.0"])
@pytest.mark.parametrize("numbers", IDENTIFIERS.values(), ids=IDENTIFIERS)
def test_whole_numbers_that_differ_in_every_row_are_a_probable_identifier(form, numbers, tmp_path):
    cells = [form.format(number) for number in numbers]
    write_table(tmp_path, cells, name="id")
    ended = fit(tmp_path)
    assert 'column "id": whole numbers, different in every row: probably an identifier' in ended.err
    write_table(tmp_path, cells, name="Unnamed: 0")
    assert 'column "Unnamed: 0" is left out: the row numbers of the data frame' in fit(tmp_path).err
    (tmp_path / "new.csv").write_text("noise\n1.5\n")
    assert mlptrain("predict", "s.npz", "new.csv", cwd=tmp_path).code == 0


def test_numbers_that_repeat_or_have_fractions_are_no_identifier(tmp_path):
    for cells in (["7"] * 2 + [str(k) for k in range(58)], [f"{k * k}.25" for k in range(ROWS)]):
        write_table(tmp_path, cells, name="id")
        assert "identifier" not in fit(tmp_path).err


@pytest.mark.parametrize(
    ("cells", "settings"),
    [
        ([f"{100 + k * 13}.{100 + k}" for k in range(ROWS)], {}),
        ([f"{100 + k * 13}.{100 + k}" if k % 3 else str(100 + k) for k in range(ROWS)], {}),
        ([f"{100 + k * 13},{100 + k}" for k in range(ROWS)], {"decimal": ","}),
    ],
)
def test_points_before_three_digits_may_be_marks_of_thousands(cells, settings, tmp_path):
    write_table(tmp_path, cells, columns={"noise": "ignore"}, **settings)
    point, mark = (".", ",") if settings else (",", ".")
    said = f'if they are marks of thousands, set data.decimal: "{point}" and data.thousands: "{mark}"'
    assert said in fit(tmp_path).err
    write_table(tmp_path, [*cells[:-1], f"0{settings.get('decimal', '.')}500"], columns={"noise": "ignore"}, **settings)
    assert "marks of thousands" not in fit(tmp_path).err


def test_quoted_thousands_are_offered_before_decimal_commas(tmp_path):
    write_table(tmp_path, [f"{1000 + 37 * k:,}" for k in range(ROWS)])
    assert 'give data.thousands: "," or data.decimal: ","' in fit(tmp_path).err


def test_every_mark_of_thousands_is_quoted_in_the_list(tmp_path):
    write_table(tmp_path, ["1"] * ROWS, thousands="x")
    assert r'" ", "\'", "_", "\u00a0"'.replace("\\'", "'") in fit(tmp_path).err


@pytest.mark.parametrize("codes", [(0, 1, 2), (1, 2, 3, 4, 5), (-1, 0, 1), tuple(range(20))])
def test_few_whole_numbers_as_a_target_are_said_to_be_numbers(codes, tmp_path):
    write_table(tmp_path, [str(codes[k % len(codes)]) for k in range(ROWS)], target="odd")
    said = f"{len(codes)} different ones; if they are classes, set loss: cross_entropy"
    assert said in fit(tmp_path).err
    assert said in mlptrain("check", "s.yaml", cwd=tmp_path).err
    write_table(tmp_path, [str(codes[k % len(codes)]) for k in range(ROWS)], target="odd", columns={"odd": "number"})
    assert "different ones" not in fit(tmp_path).err


@pytest.mark.parametrize(("pair", "noticed"), [("01", False), ("12", True), ("37", True)])
def test_two_numbers_are_two_classes_and_numbers_if_they_are_declared(pair, noticed, tmp_path):
    cells = [pair[k % 2] for k in range(ROWS)]
    write_table(tmp_path, cells, target="odd")
    assert ("taken for two classes" in fit(tmp_path).err) == noticed
    write_table(tmp_path, cells, target="odd", columns={"odd": "number"})
    assert fit(tmp_path).code == 0
    checked = mlptrain("check", "s.yaml", cwd=tmp_path).out
    assert "target odd: number; as declared" in checked.splitlines(), checked
    predicted = mlptrain("predict", "s.npz", "t.csv", cwd=tmp_path)
    assert {"0", "1", "2", "3", "7"}.isdisjoint(predicted.out.splitlines())


def test_nearly_as_many_classes_as_rows_are_noticed(tmp_path):
    write_table(tmp_path, [f"name {k}" for k in range(ROWS)], target="odd")
    assert "60 classes in 60 rows" in fit(tmp_path).err


def test_a_declared_kind_that_hides_numbers_is_said(tmp_path):
    amounts = [f"{number:.1f}" for number in AMOUNTS]
    write_table(tmp_path, amounts, columns={"odd": "ignore"})
    assert "left out, as data.columns says: 1 column ('odd'); the cells of 'odd' are numbers" in fit(tmp_path).err
    write_table(tmp_path, amounts, columns={"odd": "category"})
    assert "categories, as data.columns says, whose cells are numbers: 'odd'" in fit(tmp_path).err
    checked = mlptrain("check", "s.yaml", cwd=tmp_path).out
    assert "as declared; its cells are numbers" in checked
    write_table(tmp_path, [f"{10000 + k * 7}" for k in range(ROWS)], columns={"odd": "category"})
    assert "whose cells are numbers" not in fit(tmp_path).err


USELESS = {
    "min_frequency": ("noise", {"min_frequency": 2}),
    "scaling": ("odd", {"scaling": "robust"}),
    "imputing": ("odd", {"imputing": {"strategy": "mean"}}),
}


@pytest.mark.parametrize(("name", "settings"), USELESS.values(), ids=USELESS)
def test_a_setting_that_a_column_of_its_kind_has_not_is_an_error(name, settings, tmp_path):
    write_table(tmp_path, [("red", "blue")[k % 2] for k in range(ROWS)], columns={name: settings})
    ended = fit(tmp_path)
    assert ended.code == 2
    assert f"data.columns.{name}.{next(iter(settings))}: {name!r} is no column of" in ended.err


@pytest.mark.parametrize("rows", [60, 3000])
def test_points_before_three_digits_are_seen_however_many_numbers_there_are(rows, tmp_path):
    lines = "\n".join(f"{100 + k % 899}.{100 + k * 7 % 900};{'ab'[k % 2]}" for k in range(rows))
    (tmp_path / "t.csv").write_text(f"pop;label\n{lines}\n")
    (tmp_path / "s.yaml").write_text('data: {train: t.csv, target: label, delimiter: ";"}')
    assert "if they are marks of thousands" in fit(tmp_path).err
    (tmp_path / "t.csv").write_text(f"pop;label\n{lines}\n0.25;a\n")
    assert "if they are marks of thousands" not in fit(tmp_path).err


@pytest.mark.parametrize("cell", ["1.234,50", "\u22125", "12 %", "<5", "(3)", "５"])
@pytest.mark.parametrize("role", ["weight", "number"])
def test_weights_and_declared_numbers_name_the_cell_and_the_way(cell, role, tmp_path):
    settings = {"sample_weight": "odd"} if role == "weight" else {"columns": {"odd": "number"}}
    write_table(tmp_path, [cell, *[f"{k}.5" for k in range(1, ROWS)]], **settings)
    ended = fit(tmp_path)
    assert (ended.code, f'column "odd": {cell!r}' in ended.err) == (3, True), ended.err
    assert cell == "<5" or "to read it as a number, give data." in ended.err


@pytest.mark.parametrize("texts", [[f"{n:.1f}" for n in AMOUNTS], [f"{n:.1f}".replace(".", ",") for n in AMOUNTS]])
def test_texts_of_numbers_in_memory_stay_texts_and_it_is_said(texts):
    import mlptrain as package
    from mlptrain.notices import Notice

    rows = {"odd": texts, "label": LABELS}
    spec = {"data": {"target": "label"}, "model": {"hidden": [2]}, "training": {"epochs": 1}}
    with pytest.warns(Notice, match="look like numbers; to read them as numbers"):
        package.fit(spec, rows)


def test_many_columns_with_one_finding_are_said_together(tmp_path):
    names = [f"c{k}" for k in range(9)]
    lines = [",".join([*names, "label"])]
    lines += [",".join([*(str(r * 7 % ROWS + k) for k in range(9)), label]) for r, label in enumerate(LABELS)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "s.yaml").write_text("data: {train: t.csv, target: label}")
    said = [line for line in fit(tmp_path).err.splitlines() if "identifier" in line]
    assert len(said) == 1
    assert said[0].startswith("note: columns 'c0', 'c1', 'c2', 'c3', 'c4' and 4 more: whole numbers, different")


def test_a_declared_kind_stands_beside_odd_cells(tmp_path):
    cells = ["unknown" if k % 5 == 0 else f"{k}.5" for k in range(ROWS)]
    for kind in ("ignore", "category"):
        write_table(tmp_path, cells, columns={"odd": kind})
        assert fit(tmp_path).code == 0
        checked = mlptrain("check", "s.yaml", cwd=tmp_path)
        assert checked.code == 0, checked.err
        assert "most of its cells are numbers" in " ".join(checked.out.split())


@pytest.mark.parametrize("many", [1, 4])
@pytest.mark.parametrize("quiet", [[], ["-q"]], ids=["loud", "quiet"])
def test_fit_says_what_becomes_of_each_column_that_looks_like_another_thing(tmp_path, many, quiet):
    """Alike notes of columns that are left out and of those that become categories do not hide which are which."""
    rows = 300
    columns = {"y": [str(k * k % 7) for k in range(rows)], "x": [str(k % 13) for k in range(rows)]}
    columns |= {f"pct{n}": [f"{k * (n + 7) % 90}%" for k in range(rows)] for n in range(many)}
    columns |= {f"price{n}": [f"${k * (n + 3) % 293}.1{k}" for k in range(rows)] for n in range(many)}
    columns |= {f"day{n}": [f"2024-0{1 + k % 9}-1{k * (n + 3) % 10}" for k in range(rows)] for n in range(many)}
    lines = [";".join(cells) for cells in zip(*columns.values(), strict=True)]
    (tmp_path / "t.csv").write_text("\n".join([";".join(columns), *lines]) + "\n")
    (tmp_path / "s.yaml").write_text("data: {train: t.csv, target: y, delimiter: ;}\n")
    ended = mlptrain("fit", "s.yaml", *QUICK, *quiet, cwd=tmp_path)
    assert ended.code == 0, ended.err
    for name in columns.keys() - {"x", "y"}:
        about = (line.removeprefix("note: ").partition(":")[0] for line in ended.err.splitlines())
        notes = [said for said in about if re.search(rf"\b{name}\b", said)]
        out = not name.startswith("pct")
        becomes = ("is left out", "are left out") if out else ("is a category", "are categories")
        assert len(notes) == (1 if out or not quiet else 0), ended.err
        assert all(any(said in note for said in becomes) for note in notes)
