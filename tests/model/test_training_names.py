"""What trainings are called: folds, repeats, or folds of repeats, wherever they are named."""

import pytest

from mlptrain.model.training_names import choose_training_noun, name_training, place_training
from mlptrain.reporting.fit_results import build_fit_document, format_fit_result
from tests.support.flows import fit_mixed

NAMES = {
    (2, 5, 1): ("fold 2", "fold 2 of 5", "folds"),
    (2, 3, 3): ("repeat 2", "repeat 2 of 3", "repeats"),
    (1, 6, 2): ("repeat 1 fold 1", "repeat 1 of 2 fold 1 of 3", "folds"),
    (6, 6, 2): ("repeat 2 fold 3", "repeat 2 of 2 fold 3 of 3", "folds"),
}


@pytest.mark.parametrize("training", NAMES)
def test_a_training_is_called_what_it_is(training):
    _, count, repeats = training
    assert (name_training(*training), place_training(*training), choose_training_noun(count, repeats)) == NAMES[
        training
    ]


SPLITS = {
    "folds": ({"folds": 2}, ["fold 1", "fold 2"]),
    "repeats": ({"validation": 0.25, "repeats": 2}, ["repeat 1", "repeat 2"]),
    "both": (
        {"folds": 2, "repeats": 2},
        ["repeat 1 fold 1", "repeat 1 fold 2", "repeat 2 fold 1", "repeat 2 fold 2"],
    ),
}


@pytest.mark.parametrize("name", SPLITS)
def test_the_table_of_a_fit_names_its_trainings(tmp_path, name):
    split, rows = SPLITS[name]
    result = fit_mixed(tmp_path, data={"split": split})
    shown = [line.strip().split("  ")[0] for line in format_fit_result(result).splitlines()[1:]]
    assert shown[: len(rows)] == rows
    assert "names" not in build_fit_document(result)
