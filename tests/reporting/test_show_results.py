from dataclasses import replace

import pytest

from mlptrain.commands.show import show_file
from mlptrain.model.history import STORED_COLUMNS
from mlptrain.reporting.glyphs import ASCII, UNICODE
from mlptrain.reporting.html_results import render_html
from mlptrain.reporting.show_results import build_description_document, format_description
from mlptrain.reporting.terminal import Terminal, measure_width
from tests.support.flows import fit_mixed

SPLITS = {"one training": {"validation": 0.25}, "repeats": {"folds": 2, "repeats": 4}}


@pytest.fixture(scope="module")
def descriptions(tmp_path_factory):
    """What `show` knows of a model of each kind; all watch a metric."""
    found = {}
    for name, split in SPLITS.items():
        folder = tmp_path_factory.mktemp("shown")
        training = {"epochs": 4, "batch_size": 16, "monitor": "auc"}
        found[name] = show_file(fit_mixed(folder, data={"split": split}, training=training).model)
    return found


@pytest.mark.parametrize("name", SPLITS)
@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("glyphs", [ASCII, UNICODE])
def test_the_curves_are_few_lines_that_the_terminal_has_room_for(descriptions, name, width, glyphs):
    found = descriptions[name]
    shown = format_description(found, Terminal(width=width), glyphs=glyphs).splitlines()
    without = format_description(replace(found, histories=({},) * found.networks), Terminal(width=width)).splitlines()
    assert {measure_width(line) <= width for line in set(shown) - set(without)} == {True}
    assert 5 <= len(shown) - len(without) <= (8 if width >= 80 else 10)
    assert len(format_description(found, Terminal(width=100), glyphs=glyphs).splitlines()) <= 40
    assert glyphs is UNICODE or "\n".join(shown).isascii()


def test_several_trainings_have_a_line_each_and_verbose_has_all(descriptions):
    found, names = (
        descriptions["repeats"],
        [f"repeat {repeat} fold {fold}" for repeat in range(1, 5) for fold in (1, 2)],
    )
    assert found.names == tuple(names)
    assert [name for name in names if name in format_description(found)] == names[:5]
    assert "and 3 more networks" in format_description(found)
    assert [name for name in names if name in format_description(found, verbose=True)] == names


def test_the_watched_metric_has_a_curve_unless_it_is_the_loss(descriptions):
    found = descriptions["one training"]
    curves = format_description(found).partition("\nhistory")[0]
    assert "validation auc\n" in curves
    loss = replace(found, watched=replace(found.watched, name="loss"))
    titles = next(line for line in format_description(loss).splitlines() if line.split()[:2] == ["batch", "loss"])
    assert titles.split() == ["batch", "loss", "validation", "loss"]


@pytest.mark.parametrize("lost", [{*STORED_COLUMNS}, {*STORED_COLUMNS} - {"epoch"}, {"best"}])
def test_a_history_of_which_there_is_little_is_shown_all_the_same(descriptions, lost):
    found = descriptions["one training"]
    history = {name: values for name, values in found.history.items() if name not in lost}
    bare = replace(found, history=history, histories=(history,))
    shown = format_description(bare)
    assert ("history: no epochs" in shown) is (not history)
    assert ("█" in shown) is ("train_loss" in history)
    assert ("<svg" in render_html(bare)) is ("train_loss" in history)


def test_the_document_has_the_history_of_each_of_several_networks(descriptions):
    for found in descriptions.values():
        document = build_description_document(found)
        assert document["history"] == found.history
        assert [*document.get("histories", ())] == ([*found.histories] if found.networks > 1 else [])
