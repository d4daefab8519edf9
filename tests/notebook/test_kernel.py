"""In a kernel of Jupyter: what cells show of commands and of fits, and what the stop button does."""

import re

import pytest

from tests.support.command import write_iris
from tests.support.html import find_flaws
from tests.support.notebooks import execute_cells, interrupt_cell, join_stream, prepare_kernels
from tests.support.pages import copy_project, find_blocks, read_page, write_files

pytestmark = pytest.mark.integration


@pytest.fixture
def folder(tmp_path, monkeypatch):
    prepare_kernels(tmp_path, monkeypatch)
    return copy_project(tmp_path)


def of_type(outputs, kind):
    return [output for output in outputs if output.output_type == kind]


def test_a_command_in_a_cell_writes_plain_lines(folder):
    fit, wrong = execute_cells("!mlptrain fit configs/xor.yaml", "!mlptrain fit xor.yaml", folder=folder)
    printed = join_stream(fit)
    assert "done: 1,000 epochs" in printed
    assert "model: xor.npz" in printed
    assert "error: " in join_stream(wrong)
    assert "\x1b" not in printed + join_stream(wrong)


FIT = "import mlptrain\nresult = mlptrain.fit('configs/iris.yaml')"


def test_a_fit_in_python_has_one_picture_that_ends_with_the_last_epoch(folder):
    imported, fit, folds, quiet = execute_cells(
        "import sys\nbefore = set(sys.modules)\nimport mlptrain\n"
        "print(sorted({each.split('.')[0] for each in set(sys.modules) - before}))",
        FIT,
        "_ = mlptrain.fit('configs/iris.yaml', overrides=['data.split={folds: 3}', 'training.epochs=9'])",
        "_ = mlptrain.fit('configs/iris.yaml', progress=False)\nassert not {'rich', 'ipywidgets'} & set(sys.modules)",
        folder=folder,
    )
    assert not {"IPython", "rich", "numpy", "ipywidgets"} & set(eval(join_stream(imported)))
    assert [output.output_type for output in fit] == ["display_data"]
    for outputs in (fit, folds):
        (picture,) = of_type(outputs, "display_data")
        html, text = picture.data["text/html"], picture.data["text/plain"]
        (last,) = re.findall(r"^(?:done|stopped early): (\d+) epochs in", text, re.MULTILINE)
        assert re.search(rf">{last}(</b>)?</th>", html)
        assert find_flaws(html) == []
        assert "<progress" not in html
    assert "fold 3 of 3" in html
    assert "\x1b" not in join_stream(folds)
    assert quiet == []


MARKED = "lambda event: event.kind == 'epoch' and open('seen', 'w').close()"
LONG = f"overrides={{'training.epochs': 10**6}}, sinks=[{MARKED}]"


def test_the_stop_button_leaves_a_checkpoint_and_the_message(folder):
    write_iris(folder)
    outputs = interrupt_cell(
        f"import mlptrain\nmlptrain.fit('iris.yaml', out='iris.npz', {LONG})", folder, awaited="seen"
    )
    (error,) = of_type(outputs, "error")
    assert error.ename == "Interrupted"
    assert "stopped" in error.evalue
    assert "unfinished=" in error.evalue or "--resume" in error.evalue
    assert list(folder.glob("*.ckpt"))
    (picture,) = of_type(outputs, "display_data")
    assert "interrupted: " in picture.data["text/html"]


def test_the_stop_button_gives_the_best_model_of_a_fit_in_memory(folder):
    write_iris(folder)
    outputs = interrupt_cell(
        "import mlptrain\n"
        f"try:\n    mlptrain.fit('iris.yaml', {LONG})\n"
        "except mlptrain.errors.Interrupted as stopped:\n    print(stopped, '|', stopped.model)",
        folder,
        awaited="seen",
    )
    printed = join_stream(outputs)
    assert printed.startswith("stopped after epoch ")
    assert "| Model: species (3 classes) from 4 columns" in printed


def test_a_result_at_the_end_of_a_cell_is_shown(folder):
    outputs = execute_cells(
        "import mlptrain\nresult = mlptrain.fit('configs/iris.yaml', progress=False)\nresult",
        "result.model",
        "result.model.evaluate({name: [4.0, 5.0] for name in result.model.columns()} | {'species': ['setosa'] * 2})",
        folder=folder,
    )
    for said in outputs:
        (shown,) = of_type(said, "execute_result")
        html = shown.data["text/html"]
        assert len(html.encode()) <= 60_000
        assert find_flaws(html) == []
        assert not {"<script", "<style", "style=", "http"} & set(re.findall(r"<script|<style|style=|http", html))
        assert shown.data["text/plain"]


def test_an_error_is_the_users_line_and_one_sentence(folder):
    cells = "import mlptrain", "rows = {'x': [1]}\nmlptrain.fit({'modl': {}, 'data': {'target': 'y'}}, rows)"
    (error,) = execute_cells(*cells, folder=folder, last_fails=True)[1]
    assert error.ename == "SpecError"
    assert error.traceback == [
        "line 2: mlptrain.fit({'modl': {}, 'data': {'target': 'y'}}, rows)",
        "SpecError: spec: modl: unknown key 'modl'; did you mean 'model'?",
    ]


def test_the_page_about_notebooks_runs_in_one_and_its_error_is_what_it_shows(folder):
    page = read_page("docs/how-to/work-in-a-notebook.md")
    write_files(page, folder)
    cells = [block.text for block in find_blocks(page, "python")]
    (shown,) = find_blocks(page, "text")
    failing = shown.text.partition(": ")[2].partition("\n")[0]
    *outputs, (error,) = execute_cells(*cells, failing, folder=folder, last_fails=True)
    assert "\n".join(error.traceback) == shown.text.strip()
    assert [output.output_type for said in outputs[2:5] for output in said] == ["execute_result"] * 3
