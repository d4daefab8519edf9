"""What the pages say is so: their specs run, their commands print what they show, their links lead somewhere."""

import importlib
import json
import os
import re
import subprocess
import sys
from dataclasses import fields
from shutil import which

import numpy
import pytest
from typer.main import get_command

import mlptrain
from mlptrain.cli import app
from mlptrain.commands.input_settings import OWN_KEYS
from mlptrain.data.table_format import TableFormat
from mlptrain.export.formats import FORMATS
from mlptrain.model.reading_settings import FORMAT_KEYS
from mlptrain.reporting.sinks import TRACKERS
from mlptrain.spec.file import load_spec
from tests.support.command import Ended
from tests.support.pages import (
    LEFT_OUT,
    PAGES,
    ROOT,
    Command,
    copy_project,
    find_anchors,
    find_blocks,
    find_commands,
    find_headings,
    find_links,
    find_specs,
    keep_blocks,
    missing_lines,
    read_page,
    run_command,
    write_files,
)
from tests.support.renew_pages import renew_lines

HOW_TO = [name for name in PAGES if name.startswith("docs/how-to/")]
EXPORTS_PAGE = "docs/how-to/use-the-model-elsewhere.md"
TOLD = [*(name for name in HOW_TO if name != EXPORTS_PAGE), "docs/first-hour.md"]
"""Pages whose commands a reader types."""
OFFLINE = {"WANDB_MODE": "offline", "HF_HUB_OFFLINE": "1"}
WRITTEN_BY_INIT = "docs/how-to/begin-with-init.md"
SHORTER = {
    "docs/how-to/which-recipe.md": {"fit": ["--set", "training.epochs=2"]},
    "docs/how-to/keep-to-a-time.md": {"fit": ["--set", "training.time_limit=1s"]},
}
"""What makes the slow commands of a page short."""
TRACKERS_PAGE = "docs/how-to/log-to-a-tracker.md"
EXECUTORS = {
    "onnxruntime": "-e '.[integration]'",
    "torch": "torch",
    "keras": "keras torch",
    "mlflow": "mlflow-skinny pandas",
}
"""What runs the exports of a page, and how it is installed."""
LIBRARIES = {"docs/how-to/see-it-in-tensorboard.md": "tensorboard", TRACKERS_PAGE: "trackio"}
"""What the commands of a page need beside the package."""


@pytest.fixture
def folder(tmp_path):
    return copy_project(tmp_path)


def mark_pages(names):
    """The names of pages as parameters; those that need a library are integration."""
    return [pytest.param(name, marks=pytest.mark.integration) if name in LIBRARIES else name for name in names]


def need_library(name):
    """Skip where the library of a page is not there."""
    library = LIBRARIES.get(name)
    if library is not None:
        install = library if library in TRACKERS else "-e '.[integration]'"
        pytest.importorskip(library, reason=f"needs {library}: pip install {install}")


@pytest.mark.parametrize("name", mark_pages(TOLD))
def test_the_commands_of_a_page_print_what_it_shows(name, folder, monkeypatch):
    need_library(name)
    if name == TRACKERS_PAGE:
        for variable, value in (OFFLINE | {"TRACKIO_DIR": str(folder / "trackio")}).items():
            monkeypatch.setenv(variable, value)
    page = read_page(name)
    write_files(page, folder)
    for command in find_commands(page):
        if "^C" in command.printed and os.name != "posix":
            pytest.skip("signals of POSIX")
        verb = command.line.split()[1]
        ended = run_command(command, folder, *SHORTER.get(name, {}).get(verb, ()))
        assert bool(ended.code) == command.should_fail, (command.line, ended)
        assert not missing_lines(command, ended), (command.line, missing_lines(command, ended), ended)


def test_only_the_numbers_of_a_page_are_renewed_each_in_the_line_that_is_nearest():
    shown = ("layer hidden_2: 0.5", LEFT_OUT, "layer hidden_1: 1e-3", "another line: 3")
    ended = Ended(0, "layer hidden_1: 0.1\nlayer hidden_2: 0.2\n", "other lines: 3\n")
    renewed = renew_lines(Command(line="mlptrain show m.npz", printed=shown), ended)
    assert renewed == ["layer hidden_2: 0.2", LEFT_OUT, "layer hidden_1: 0.1", "another line: 3"]


@pytest.mark.parametrize("name", HOW_TO)
def test_a_how_to_has_one_runnable_spec_and_fits_it(name):
    page = read_page(name)
    if name == WRITTEN_BY_INIT:
        assert len(find_blocks(page, "yaml")) == 1
        spec_file = "iris.yaml"
    else:
        (spec,) = find_specs(page)
        saved = [f"train: {block.file_name}\n" for block in find_blocks(page, "csv") if block.file_name]
        assert any(train in spec.text for train in ["train: datasets/", *saved]) or "datasets/digits.csv" in page
        spec_file = spec.file_name
    assert any(command.line.startswith(f"mlptrain fit {spec_file}") for command in find_commands(page))


def test_init_writes_the_spec_that_its_page_shows(folder):
    page = read_page(WRITTEN_BY_INIT)
    (block,) = find_blocks(page, "yaml")
    assert block.before.endswith("It writes `iris.yaml`:\n\n")
    run_command(find_commands(page)[0], folder)
    assert (folder / "iris.yaml").read_text(encoding="utf-8") == block.text


@pytest.mark.parametrize("name", PAGES)
def test_every_yaml_block_is_a_spec_or_a_part_of_one(name):
    for block in find_blocks(read_page(name), "yaml"):
        needed = [f"data.{key}=some.csv" for key in ("train", "target") if not re.search(rf"(?<!\w){key}:", block.text)]
        _, notices = load_spec(name, needed, block.text)
        assert [said for said in notices if "only `mlptrain tune` searches" not in said] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_link_and_anchor_leads_somewhere(name):
    page = PAGES[name]
    for link in find_links(read_page(name)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in find_anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("name", PAGES)
def test_a_table_of_contents_is_that_of_the_page(name):
    page = read_page(name)
    entries = re.findall(r"^\* \[([^\]]+)\]\(#[^)]+\)$", page, re.MULTILINE)
    top = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert not entries or entries == [heading for heading in top if heading != "Contents"]


def test_the_contents_of_the_docs_name_every_page():
    links = {link.partition("#")[0] for link in find_links(read_page("docs/README.md"))}
    pages = {name.removeprefix("docs/") for name in PAGES if name.startswith("docs/")} - {"README.md"}
    assert pages <= links


def test_no_heading_stands_twice_on_a_page():
    for name in PAGES:
        if not name.startswith(("benchmarks/", "docs/spec.md", "CHANGELOG.md")):
            headings = find_headings(read_page(name))
            assert len(headings) == len(set(headings)), name


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "with_pandas", [False, pytest.param(True, marks=pytest.mark.integration)], ids=["plain", "pandas"]
)
def test_the_python_page_runs(with_pandas, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    if with_pandas:
        pytest.importorskip("pandas", reason="needs pandas: pip install -e '.[integration]'")
    names: dict[str, object] = {"__name__": "page"}
    for block in find_blocks(read_page("docs/python.md"), "python"):
        if with_pandas or not block.before.endswith("<!-- needs pandas -->\n\n"):
            exec(block.text, names)
    assert capsys.readouterr().out


APART = (TRACKERS_PAGE, EXPORTS_PAGE)
"""Pages whose Python runs in a process of its own."""
WITH_PYTHON = [name for name in HOW_TO if name not in APART and find_blocks(read_page(name), "python")]


@pytest.mark.parametrize("name", mark_pages(WITH_PYTHON))
def test_the_python_of_a_how_to_runs(name, folder, monkeypatch):
    need_library(name)
    monkeypatch.chdir(folder)
    write_files(read_page(name), folder)
    names: dict[str, object] = {"__name__": "page"}
    for block in find_blocks(read_page(name), "python"):
        exec(block.text, names)


@pytest.mark.integration
@pytest.mark.parametrize("library", TRACKERS)
def test_the_python_of_the_page_on_trackers_runs_without_a_network(library, folder):
    """In a process of its own: the libraries have threads, and warn."""
    pytest.importorskip(library, reason=f"needs {library}: pip install {library}")
    page = read_page(TRACKERS_PAGE)
    write_files(page, folder)
    needed = [
        block.text
        for block in find_blocks(page, "python")
        if not block.before.endswith(" -->\n\n") or block.before.endswith(f"<!-- needs {library} -->\n\n")
    ]
    assert len(needed) == 2
    environment = os.environ | OFFLINE | {"PYTHONPATH": str(ROOT), "TRACKIO_DIR": str(folder / "trackio")}
    subprocess.run([sys.executable, "-c", "\n".join(needed)], cwd=folder, env=environment, check=True)
    assert any(any(folder.glob(made)) for made in ("mlflow.db", "wandb/offline-run-*", "trackio/flowers.db"))


def test_a_sink_of_the_page_on_trackers_is_short():
    blocks = [block.text for block in find_blocks(read_page(TRACKERS_PAGE), "python")]
    assert len(blocks) == 1 + len(TRACKERS)
    assert max(len(text.strip().splitlines()) for text in blocks) <= 15


@pytest.mark.parametrize("library", ["cc", *(pytest.param(each, marks=pytest.mark.integration) for each in EXECUTORS)])
def test_the_page_on_exports_runs_block_by_block(library, folder):
    """The blocks that need nothing, and those that need one library or program, in the order of the page."""
    if library in EXECUTORS:
        pytest.importorskip(library, reason=f"needs {library}: pip install {EXECUTORS[library]}")
    page = keep_blocks(read_page(EXPORTS_PAGE), *([library] if library in EXECUTORS or which(library) else []))
    write_files(page, folder)
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    for block in find_blocks(page):
        if block.language == "python":
            subprocess.run([sys.executable, "-c", block.text], cwd=folder, env=environment, check=True)
        for command in find_commands(f"```console\n{block.text}```\n") if block.language == "console" else ():
            ended = run_command(command, folder)
            assert ended.code == 0, (command.line, ended)
            assert not missing_lines(command, ended), (command.line, missing_lines(command, ended), ended)


def test_the_page_on_exports_names_every_format():
    page = read_page(EXPORTS_PAGE)
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(FORMATS)
    assert set(re.findall(r"<!-- needs (\w+) -->", page)) == {"cc", *EXECUTORS}


def test_the_modules_that_the_pages_name_are_there():
    for name in PAGES:
        for path in re.findall(r"`(mlptrain/[\w/]+\.py)`", read_page(name)) if name.startswith("docs/") else ():
            assert importlib.util.find_spec(path.removesuffix(".py").replace("/", ".")), path


def list_options():
    """Each option of each command, as a user types it."""
    for command in (each for each in get_command(app).commands.values() if not each.hidden):
        for parameter in command.params:
            long = [option for option in parameter.opts if option.startswith("--")]
            yield from ((command.name, option) for option in long if option != "--help")


@pytest.mark.parametrize(("command", "option"), [*list_options()])
def test_every_option_stands_on_a_page(command, option):
    pages = "".join(read_page(name) for name in PAGES if name.startswith("docs/") and name != "docs/spec.md")
    assert re.search(rf"{option}\b", pages), command


@pytest.mark.parametrize("key", [each.name for each in fields(TableFormat)])
def test_every_key_of_how_a_table_is_written_is_explained(key):
    assert re.search(rf"\b{key}\b", read_page("docs/how-to/give-it-your-table.md"))


@pytest.fixture(scope="module")
def flowers(tmp_path_factory):
    """A folder with a small model, and how it was made."""
    folder = copy_project(tmp_path_factory.mktemp("flowers"))
    overrides = {"training.epochs": 2, "training.early_stopping": None}
    mlptrain.fit(folder / "configs" / "iris.yaml", out=folder / "flowers.npz", overrides=overrides)
    return folder


def test_a_model_file_holds_the_arrays_that_the_page_names(flowers):
    page = read_page("docs/what-is-promised.md")
    named = re.findall(
        r"^\| `([\w.<>]+)` \|", page.partition("## The model file")[2].partition("\n## ")[0], re.MULTILINE
    )
    with numpy.load(flowers / "flowers.npz", allow_pickle=False) as arrays:
        kinds = {name.partition(".")[0] for name in arrays.files}
    assert kinds <= {name.partition(".")[0] for name in named}
    assert {"parameters", "history", "metadata", "sha256"} <= kinds


def test_a_model_that_is_replaced_is_kept_unless_it_is_the_same(flowers):
    kept = flowers / "flowers.previous.npz"
    first = (flowers / "flowers.npz").read_bytes()
    for epochs, previous in ((2, None), (3, first)):
        overrides = {"training.epochs": epochs, "training.early_stopping": None}
        mlptrain.fit(flowers / "configs" / "iris.yaml", out=flowers / "flowers.npz", overrides=overrides)
        assert (kept.read_bytes() if kept.exists() else None) == previous


@pytest.mark.parametrize("verb", ["eval", "check", "report"])
def test_the_pages_name_the_keys_of_the_document(verb, flowers):
    given = {"eval": "eval flowers.npz datasets/iris.csv --bootstrap 100", "check": "check configs/iris.yaml"}
    given["report"] = "report flowers.npz --time-limit 1s"
    (command,) = find_commands(f"```console\n$ mlptrain {given[verb]} --json\n```\n")
    row = re.search(
        rf"^\| `{verb} --json` \| (.+) \|$", read_page("docs/how-to/use-the-results-elsewhere.md"), re.MULTILINE
    )
    assert row
    named = set(re.findall(r"`(\w+)`", row[1]))
    assert named <= set(json.loads(run_command(command, flowers).out))
    assert len(named) > 5


def test_the_page_on_tables_names_every_key_of_reading_that_predict_takes():
    page = " ".join(read_page("docs/how-to/give-it-your-table.md").split())
    found = re.search(r"the keys of reading alone \((.*?)\)", page)
    assert found is not None
    named = set(re.findall(r"`([a-zA-Z_.]+)`", found[1]))
    assert named == {*FORMAT_KEYS, *OWN_KEYS, "columns.NAME.format", "columns.NAME.missing_values"}
