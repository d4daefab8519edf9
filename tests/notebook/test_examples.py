"""The notebooks in `examples`: they run, they show what is stored in them, and what is stored reads well."""

import json
import re

import pytest

from tests.support.html import find_flaws
from tests.support.notebooks import execute_example, prepare_kernels
from tests.support.pages import ROOT, mask_numbers

EXAMPLES = sorted((ROOT / "examples").glob("*.ipynb"))
LARGEST = 100_000
OF_A_MACHINE = re.compile(r"/tmp|/home|/root|/Users|[A-Z]:\\|ipykernel_|\x1b|site-packages")
TIME = re.compile(r"in # s\b.*|about # .iB of memory")

every_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


def read_cells(path, kind="code"):
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


def list_texts(outputs):
    """All that outputs say, as texts by type."""
    for output in outputs:
        yield from {"text/plain": output.get("text", "")}.items()
        yield from output.get("data", {}).items()


def list_lines(cells):
    """The lines that cells print, without numbers and spaces."""
    printed = "\n".join("".join(output.get("text", "")) for cell in cells for output in cell["outputs"])
    return [TIME.sub("", mask_numbers(line)) for line in printed.splitlines() if line.strip()]


def test_there_are_examples():
    assert len(EXAMPLES) == 3
    listed = re.findall(r"\[(\w+\.ipynb)\]", (ROOT / "examples" / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == [path.name for path in EXAMPLES]


@every_example
def test_an_example_is_small_and_says_nothing_of_a_machine(path):
    assert len(path.read_bytes()) <= LARGEST
    assert not OF_A_MACHINE.search(path.read_text(encoding="utf-8"))
    for cell in read_cells(path):
        assert not cell["metadata"]
        for kind, text in list_texts(cell["outputs"]):
            assert kind in ("text/plain", "text/html")
            assert kind == "text/plain" or find_flaws("".join(text)) == []


@every_example
def test_the_cells_of_an_example_ran_in_order_without_an_error(path):
    cells = read_cells(path)
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
    kinds = {output["output_type"] for cell in cells for output in cell["outputs"]}
    assert kinds <= {"stream", "display_data", "execute_result"}
    assert len([cell for cell in cells if cell["outputs"]]) >= len(cells) - 3


@every_example
def test_the_links_of_an_example_lead_somewhere(path):
    text = "\n".join("".join(cell["source"]) for cell in read_cells(path, "markdown"))
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert links
    assert [link for link in links if not (path.parent / link.partition("#")[0]).exists()] == []


@pytest.mark.integration
@every_example
def test_an_example_runs_and_shows_what_is_stored(path, tmp_path, monkeypatch):
    prepare_kernels(tmp_path, monkeypatch)
    executed, stored = execute_example(path, tmp_path), read_cells(path)
    cells = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert [[output.output_type for output in cell.outputs] for cell in cells] == [
        [output["output_type"] for output in cell["outputs"]] for cell in stored
    ]
    assert sorted(set(list_lines(stored)) - set(list_lines(cells))) == []
