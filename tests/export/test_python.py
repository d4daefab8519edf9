"""The Python scorer: one file that predicts what the model predicts, with the standard library alone."""

import ast
import csv
import gzip
import re
import runpy
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from mlptrain.data.meanings import trim_text
from mlptrain.export.plan import NetworkPlan, Plan, TextInput, TextPlan
from mlptrain.export.python import PARTS, pack_plan, predict_with_python, write_python
from mlptrain.export.standalone_rows import find_code
from tests.support.export_cases import CASES_TO_RUN, ExportCase, assert_same_predictions, make_export_case

A_CASE = "weighted"


def write_scorer(plan: Plan, folder: Path) -> Path:
    path = folder / "scorer.py"
    path.write_text(write_python(plan), "utf-8")
    return path


def write_rows(path: Path, table: dict[str, list[str]], *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as stream:
        csv.writer(stream, delimiter=delimiter).writerows([list(table), *zip(*table.values(), strict=True)])
    return path


def write_images(path: Path, case: ExportCase) -> Path:
    pixels = case.cells["pixels"]
    assert isinstance(pixels, np.ndarray)
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(pixels.tolist())
    return path


def run(folder: Path, *given: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "scorer.py", *given]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, input=text, check=False)


def read_predictions(text: str, plan: Plan) -> tuple[list[str], np.ndarray]:
    """The labels (none of numbers) and the scores or numbers of a scorer's output."""
    names, *rows = csv.reader(text.splitlines(keepends=True))
    probabilities = [f"probability_{label}" for label in plan.classes] if plan.are_probabilities else []
    assert names == [*plan.targets, *probabilities]
    if plan.classes:
        return [row[0] for row in rows], np.array([row[1:] for row in rows], float)
    return [], np.array(rows, float)


@pytest.mark.parametrize("name", CASES_TO_RUN)
def test_scorer_reads_a_file_and_predicts_what_the_model_predicts(name, tmp_path):
    case = make_export_case(name)
    path = tmp_path / "rows.csv"
    write_rows(path, case.rows) if case.rows else write_images(path, case)
    scorer = runpy.run_path(str(write_scorer(case.plan, tmp_path)))
    options = ["--probabilities"] * case.plan.are_probabilities
    scorer["run_scorer"]([str(path), *options, "--out", str(tmp_path / "out.csv")])
    labels, found = read_predictions((tmp_path / "out.csv").read_bytes().decode(), case.plan)
    if case.plan.are_probabilities or not case.plan.classes:
        assert_same_predictions(found, case.expected, case.plan)
    if case.plan.classes:
        clear = np.ptp(np.sort(case.expected)[:, -2:], axis=1) > 2e-5
        best = [case.plan.classes[k] for k in case.expected.argmax(axis=1)]
        assert clear.any()
        assert all(one == other for one, other, is_clear in zip(labels, best, clear, strict=True) if is_clear)


@pytest.mark.parametrize("name", [A_CASE, "images"])
def test_a_process_without_any_package_predicts_cells(name, tmp_path):
    case = make_export_case(name)
    found = predict_with_python(write_scorer(case.plan, tmp_path), case.cells, case.plan)
    assert_same_predictions(found, case.expected, case.plan)


# The text


def list_names(body: list[ast.stmt]) -> list[str]:
    """The names that statements define."""
    names = []
    for each in body:
        if isinstance(each, ast.FunctionDef | ast.ClassDef):
            names.append(each.name)
        if isinstance(each, ast.Assign | ast.AnnAssign):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            names += [found.id for target in targets for found in ast.walk(target) if isinstance(found, ast.Name)]
    return names


def test_no_two_parts_define_one_name():
    texts = [files("mlptrain").joinpath(part).read_text("utf-8") for part in PARTS]
    counts = Counter(name for text in texts for name in set(list_names(ast.parse(text).body)))
    assert {name for name, count in counts.items() if count > 1} == set()


def test_a_scorer_has_short_lines_that_python_3_10_reads_and_imports_the_standard_library_alone():
    text = write_python(make_export_case(A_CASE).plan)
    tree = ast.parse(text, feature_version=(3, 10))
    assert max(map(len, text.splitlines())) <= 200
    modules = [each.module for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    modules += [name.name for each in ast.walk(tree) if isinstance(each, ast.Import) for name in each.names]
    assert {str(module).split(".")[0] for module in modules} <= sys.stdlib_module_names
    assert "mlptrain.data" not in text
    assert "mlptrain.export" not in text


HOSTILE = (
    *('"""', "'''", "\\", "\\'", '\\"', "\n", "\r\n", "\t", "#", "{x}", "%s", "\u202eabc\u202c", "\ud800", "\u2028"),
    *("'); import os  #", '"""; raise SystemExit  #', "\\N{BULLET}", "\x00", "\x1b[31m", "a,b;c", "-- ", "é"),
)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_names_levels_and_labels_score_the_same(number, tmp_path):
    case, spite = make_export_case("linear"), HOSTILE[number]
    plan, levels = case.plan, [spite, *(f"{spite}{level}" for level in range(10_000 if not number else 10))]
    text = next(given for given in plan.inputs if isinstance(given, TextInput))
    networks = tuple(spoil_network(each, text.name, spite, levels) for each in plan.networks)
    plan = replace(
        plan,
        inputs=tuple(replace(each, name=spite) if each is text else each for each in plan.inputs),
        networks=networks,
        targets=(spite,),
        classes=tuple(f"{label}{spite}" for label in plan.classes),
        origin={**plan.origin, "model": f"{spite}.npz"},
    )
    written = write_python(plan)
    assert written[written.index("\nMODEL = (") :].isascii()
    assert written.splitlines()[0].isascii()
    scorer = runpy.run_path(str(write_scorer(plan, tmp_path)))
    row = {name: cells[0] for name, cells in case.rows.items() if name != text.name}
    first, *others = [scorer["predict"]({**row, spite: level}) for level in (case.cells[text.name][0], *levels[-3:])]
    assert first["label"].endswith(spite)
    assert all(other == first for other in others)


def spoil_network(network: NetworkPlan, name: str, spite: str, levels: list[str]) -> NetworkPlan:
    """A network whose column has another name, and more levels of one code."""
    column = next(each for each in network.columns if each.input == name)
    assert isinstance(column, TextPlan)
    code = find_code(make_export_case("linear").cells[name][0], pack_plan(column.codes))
    codes = replace(column.codes, texts={**column.codes.texts, **{trim_text(level): code for level in levels}})
    changed = replace(column, input=spite, codes=codes)
    return replace(network, columns=tuple(changed if each is column else each for each in network.columns))


# The program


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scorer")
    case = make_export_case(A_CASE)
    write_scorer(case.plan, folder)
    write_rows(folder / "rows.csv", case.rows)
    return folder


def test_rows_may_come_from_stdin_or_be_compressed_and_extra_columns_pass_through(folder):
    case = make_export_case(A_CASE)
    plain = run(folder, "rows.csv")
    assert (plain.returncode, len(plain.stdout.splitlines())) == (0, len(case.expected) + 1)
    rows = (folder / "rows.csv").read_text("utf-8")
    assert run(folder, "-", text=rows).stdout == plain.stdout
    (folder / "rows.csv.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + rows.encode()))
    assert run(folder, "rows.csv.gz").stdout == plain.stdout
    more = {"id, of": [f"k{row}" for row in range(len(case.expected))], **case.rows}
    write_rows(folder / "more.csv", dict(reversed(more.items())))
    kept = list(csv.reader(run(folder, "more.csv", "--keep", "id, of", "--keep", "size").stdout.splitlines()))
    assert kept[0] == ["id, of", "size", *case.plan.targets]
    assert [row[:2] for row in kept[1:]] == [list(row) for row in zip(more["id, of"], more["size"], strict=True)]
    every = csv.reader(run(folder, "more.csv", "--keep", "all").stdout.splitlines(keepends=True))
    assert next(every) == [*reversed(more), *case.plan.targets]


def test_filled_and_unseen_cells_are_counted_on_stderr(folder):
    case = make_export_case(A_CASE)
    with pytest.warns() as said:
        case.model.predict(case.rows)
    own = " ".join(str(each.message) for each in said)
    counted = run(folder, "rows.csv").stderr
    assert all(f"{what}: " in counted for what in ("missing cells filled", "values that training did not see"))
    assert [part for part in re.split("[:;,] ", counted.strip()) if part not in own] == []


def test_a_value_that_one_of_the_networks_knows_is_not_counted(tmp_path, capsys):
    case = make_export_case("linear")
    name = next(given.name for given in case.plan.inputs if isinstance(given, TextInput))
    known = spoil_network(case.plan.networks[0], name, name, ["new to others"])
    write_rows(tmp_path / "rows.csv", {**case.rows, name: ["new to others"] * len(case.expected)})
    for networks, is_counted in ((case.plan.networks, True), ((known, *case.plan.networks[1:]), False)):
        assert len(networks) > 1
        scorer = runpy.run_path(str(write_scorer(replace(case.plan, networks=networks), tmp_path)))
        scorer["run_scorer"]([str(tmp_path / "rows.csv")])
        assert (f"{name} {len(case.expected)}" in capsys.readouterr().err) is is_counted


def change_cell(name: str, text: str) -> dict[str, list[str]]:
    """The rows of the case, the second of which has another cell."""
    rows = make_export_case(A_CASE).rows
    return {**rows, name: [rows[name][0], text, *rows[name][2:]]}


def test_a_fault_is_one_sentence_with_line_column_and_cell(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    run_scorer = runpy.run_path("scorer.py")["run_scorer"]
    rows = make_export_case(A_CASE).rows
    one = {name: cells[:1] for name, cells in rows.items()}
    size, day = "size", "day"
    faults: dict[str, tuple[int, str]] = {}

    def spoil(name: str, content: str) -> None:
        (folder / name).write_text(content, "utf-8", newline="")

    write_rows(folder / "number.csv", change_cell(size, "x"))
    faults["number.csv"] = 3, "number.csv:3: column 'size': 'x' is not a number"
    write_rows(folder / "date.csv", change_cell(day, "2001-02-30"))
    faults["date.csv"] = 3, "date.csv:3: column 'day': '2001-02-30' is not a date YYYY-MM-DD"
    write_rows(folder / "truth.csv", change_cell("fresh", "perhaps"))
    faults["truth.csv"] = 3, "truth.csv:3: column 'fresh': 'perhaps' is not a truth value"
    write_rows(folder / "large.csv", change_cell(size, "1e301"))
    faults["large.csv"] = 3, "large.csv:3: column 'size': '1e301' is too large for a number (at most 1e+300)"
    write_rows(folder / "columns.csv", {name: cells for name, cells in rows.items() if name not in (size, day)})
    faults["columns.csv"] = 3, "columns.csv:1: columns 'size', 'day' are missing; the columns are 'pieces'"
    names, first = write_rows(folder / "one.csv", one).read_text("utf-8").splitlines()
    spoil("fields.csv", f"{names}\n{first}\n{first},x\n")
    faults["fields.csv"] = 3, f"fields.csv:3: {len(rows) + 1} fields, {len(rows)} expected; mend the line"
    spoil("blank.csv", f"{names}\n{first}\n\n{first}\n")
    faults["blank.csv"] = 3, "blank.csv:3: a blank line between the rows; remove it"
    spoil("empty.csv", "\n")
    faults["empty.csv"] = 3, "empty.csv:1: the file is empty"
    (folder / "latin.csv").write_bytes(f"{names}\n{first}\n".encode("utf-16"))
    faults["latin.csv"] = 3, "latin.csv: the bytes are not utf-8"
    (folder / "broken.csv").write_bytes(gzip.compress(names.encode())[:-9])
    faults["broken.csv"] = 3, "broken.csv: the gzip data is damaged"
    faults["absent.csv"] = 3, "absent.csv: No such file or directory"
    faults["--keep=nothing rows.csv"] = 3, "rows.csv:1: column 'nothing' is missing"
    for given, (code, said) in faults.items():
        with pytest.raises(SystemExit) as ended:
            run_scorer([*given.split(), "--out", "out.csv"])
        told = capsys.readouterr().err
        assert (ended.value.code, told.count("\n")) == (code, 1), given
        assert told.startswith(f"error: {said}"), given
        assert not list(folder.glob("out.csv*"))
    nowhere = run(folder, "rows.csv", "--out", "no/such.csv")
    assert (nowhere.returncode, nowhere.stderr) == (3, "error: no/such.csv: No such file or directory\n")
    assert run(folder).returncode == 2
    assert run(folder, "rows.csv", "--no-such").returncode == 2


DIALECT = {"delimiter": ";", "encoding": "cp1252", "skip_rows": 2, "skip_after_names": 1, "skip_footer": 1}


def test_a_table_is_read_as_the_training_table_was_written(tmp_path):
    case = make_export_case(A_CASE)
    write_scorer(case.plan, tmp_path)
    rows = {
        name: [text.encode("cp1252", "replace").decode("cp1252") for text in cells] for name, cells in case.rows.items()
    }
    write_rows(tmp_path / "plain.csv", rows)
    expected = run(tmp_path, "plain.csv").stdout
    write_scorer(replace(case.plan, table=replace(case.plan.table, **DIALECT)), tmp_path)
    odd = write_rows(tmp_path / "odd.csv", rows, delimiter=";", encoding="cp1252")
    names, table = odd.read_bytes().split(b"\r\n", 1)
    odd.write_bytes(b"a title\r\n\r\n" + names + b"\r\n;units;\r\n" + table + b"sum;12\r\n\r\n")
    assert run(tmp_path, "odd.csv").stdout == expected


def test_a_reader_that_leaves_early_hears_no_complaint(folder):
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "scorer.py", "rows.csv"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 141)


# From Python


def test_predict_takes_rows(tmp_path):
    case = make_export_case(A_CASE)
    scorer = runpy.run_path(str(write_scorer(case.plan, tmp_path)))
    rows = [dict(zip(case.rows, row, strict=True)) for row in zip(*case.rows.values(), strict=True)]
    found = scorer["predict_rows"](rows)
    assert list(found[0]) == ["label", "probabilities"]
    assert_same_predictions([list(each["probabilities"].values()) for each in found], case.expected, case.plan)
    assert all(each["label"] == max(each["probabilities"], key=each["probabilities"].get) for each in found)
    with pytest.raises(ValueError, match="columns 'size', 'day' are missing"):
        scorer["predict"]({name: cell for name, cell in rows[0].items() if name not in ("size", "day")})
    with pytest.raises(ValueError, match="column 'size': 'x' is not a number"):
        scorer["predict"]({**rows[0], "size": "x"})
