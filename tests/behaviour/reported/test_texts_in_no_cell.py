"""What a spec lists of cells and no cell is, is said: marks of missing cells, and cells to replace."""

import pytest

import mlptrain as package
from tests.support.catalogue import MODEL, TRAINING
from tests.support.command import mlptrain

ROWS = [
    (("red", "blue", "k.A.")[k % 3], f"{k * 37 % 11}.5" if k % 7 else "-999", "2024-01-0" + str(1 + k % 5), "pq"[k % 2])
    for k in range(60)
]
NAMES = ("colour", "size", "day", "y")
ONE = "1 text of the spec in no cell of the rows:"
SETTINGS = {
    "marks that are there": ("missing_values: [k.A., -999]", ""),
    "a number written otherwise": ("missing_values: [-999.0]", ""),
    "blanks around it": ("missing_values: [' k.A. ']", ""),
    "a mark of the target": ("missing_values: [q], missing_target: drop, target: colour", ""),
    "one of several": (
        "missing_values: [k.A., n/v, -999]",
        "1 text of the spec in no cell of the rows: data.missing_values ('n/v')",
    ),
    "another case": (
        "missing_values: [K.a.]",
        f"{ONE} data.missing_values ('K.a.')",
    ),
    "in another column alone": (
        "columns: {size: {missing_values: [red, -999]}}",
        f"{ONE} data.columns.size.missing_values ('red')",
    ),
    "cells to replace": ("replace: {red: blue, -999: ''}", ""),
    "replaced by value": ("replace: {-999.0: '0'}", ""),
    "no cells to replace": (
        "replace: {green: blue, red: blue}",
        f"{ONE} data.replace ('green')",
    ),
    "all of them": (
        "missing_values: [a, b], replace: {c: d}, columns: {size: {missing_values: [e]}}",
        "4 texts of the spec in no cell of the rows: data.missing_values ('a', 'b'); "
        "data.columns.size.missing_values ('e'); data.replace ('c')",
    ),
}


@pytest.mark.parametrize(("said", "note"), SETTINGS.values(), ids=SETTINGS)
def test_texts_of_a_spec_that_no_cell_is_are_counted_in_one_note(tmp_path, said, note):
    (tmp_path / "t.csv").write_text("".join(",".join(row) + "\n" for row in (NAMES, *ROWS)), encoding="utf-8")
    target = "" if "target:" in said else ", target: y"
    (tmp_path / "m.yaml").write_text(
        f"data: {{train: t.csv{target}, {said}}}\nmodel: {{{MODEL}}}\ntraining: {{{TRAINING}}}\n"
    )
    for command in ("fit", "check"):
        ended = mlptrain(command, "m.yaml", cwd=tmp_path)
        assert ended.code == 0, ended.err
        lines = [line for line in (ended.out + ended.err).splitlines() if "in no cell" in line]
        assert " ".join(lines).count("in no cell") == bool(note)
        assert note in " ".join((ended.out + ended.err).split())


FRAMES = {"texts": str, "values": lambda text: float(text) if text.strip("-").replace(".", "").isdecimal() else text}


@pytest.mark.parametrize("convert", FRAMES.values(), ids=FRAMES)
def test_texts_that_no_value_in_memory_is_are_counted_too(convert, recwarn):
    columns = {
        name: [convert(cell) for cell in cells] for name, cells in zip(NAMES, zip(*ROWS, strict=True), strict=True)
    }
    spec = {
        "data": {"target": "y", "missing_values": ["-999.0", "n/v"], "replace": {"k.A.": "", "lost": ""}},
        "model": {"hidden": [2]},
        "training": {"epochs": 1},
    }
    package.fit(spec, columns)
    said = [str(each.message) for each in recwarn if "in no cell" in str(each.message)]
    assert said == ["2 texts of the spec in no cell of the rows: data.missing_values ('n/v'); data.replace ('lost')"]
