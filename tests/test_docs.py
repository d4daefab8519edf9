"""What the pages say is so: their specs run, their commands print what they show, their links lead somewhere."""

import importlib
import os
import re

import pytest

from mlptrain.spec.file import load_spec
from tests.support.pages import (
    PAGES,
    copy_project,
    find_anchors,
    find_blocks,
    find_commands,
    find_headings,
    find_links,
    find_specs,
    missing_lines,
    read_page,
    run_command,
    write_files,
)

HOW_TO = [name for name in PAGES if name.startswith("docs/how-to/")]
TOLD = [*HOW_TO, "docs/first-hour.md"]
"""Pages whose commands a reader types."""
WRITTEN_BY_INIT = "docs/how-to/begin-with-init.md"
SHORTER = {
    "docs/how-to/which-recipe.md": {"fit": ["--set", "training.epochs=2"]},
    "docs/how-to/keep-to-a-time.md": {"fit": ["--set", "training.time_limit=1s"]},
}
"""What makes the slow commands of a page short."""


@pytest.fixture
def folder(tmp_path):
    return copy_project(tmp_path)


@pytest.mark.parametrize("name", TOLD)
def test_the_commands_of_a_page_print_what_it_shows(name, folder):
    page = read_page(name)
    write_files(page, folder)
    for command in find_commands(page):
        if "^C" in command.printed and os.name != "posix":
            pytest.skip("signals of POSIX")
        verb = command.line.split()[1]
        ended = run_command(command, folder, *SHORTER.get(name, {}).get(verb, ()))
        assert bool(ended.code) == command.should_fail, (command.line, ended)
        assert not missing_lines(command, ended), (command.line, missing_lines(command, ended), ended)


@pytest.mark.parametrize("name", HOW_TO)
def test_a_how_to_has_one_runnable_spec_and_fits_it(name):
    page = read_page(name)
    if name == WRITTEN_BY_INIT:
        assert len(find_blocks(page, "yaml")) == 1
        spec_file = "iris.yaml"
    else:
        (spec,) = find_specs(page)
        assert "train: datasets/" in spec.text or "datasets/digits.csv" in page
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
        assert not notices


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


def test_the_modules_that_the_pages_name_are_there():
    for name in PAGES:
        for path in re.findall(r"`(mlptrain/[\w/]+\.py)`", read_page(name)) if name.startswith("docs/") else ():
            assert importlib.util.find_spec(path.removesuffix(".py").replace("/", ".")), path
