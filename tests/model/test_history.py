"""Epochs as columns, and back."""

from dataclasses import fields
from math import nan

import numpy as np
import pytest

from mlptrain.model.history import COLUMNS, STORED_COLUMNS, EpochEnded, restore_epochs, tabulate_epochs


def epoch(number, **values):
    base = {
        "epoch": number,
        "train_loss": 0.1 + number / 3,
        "train_metric": None,
        "penalty": 0.0,
        "validation_loss": 1e-300,
        "validation_metric": 0.5,
        "learning_rate": 1e-3,
        "best": number == 2,
        "rows_per_second": 12.5,
    }
    return EpochEnded(**(base | values))


EPOCHS = [epoch(1), epoch(2, gradient_norm=3.0), epoch(3, validation_loss=None, validation_metric=None)]


def test_epochs_come_back_from_their_columns_with_their_types():
    back = restore_epochs(tabulate_epochs(EPOCHS, COLUMNS))
    assert back == EPOCHS
    assert [type(value) for value in vars(back[1]).values()] == [type(value) for value in vars(EPOCHS[1]).values()]


def test_stored_columns_lack_the_speed_and_reasons_alone():
    assert {*STORED_COLUMNS, "rows_per_second", "undefined"} == {field.name for field in fields(EpochEnded)}
    columns = tabulate_epochs(EPOCHS)
    assert tuple(columns) == STORED_COLUMNS
    back = restore_epochs(columns)
    assert all(np.isnan(each.rows_per_second) for each in back)
    np.testing.assert_equal(tabulate_epochs(back, COLUMNS), columns | {"rows_per_second": [nan] * 3})


def test_columns_are_numbers_of_one_length_and_none_is_nan():
    columns = tabulate_epochs(EPOCHS, COLUMNS)
    assert {(column.dtype, column.shape) for column in columns.values()} == {(np.dtype(np.float64), (3,))}
    assert np.isnan(columns["train_metric"]).all()
    assert columns["best"].tolist() == [0, 1, 0]


def test_no_epoch():
    assert restore_epochs(tabulate_epochs([])) == []


def test_columns_of_different_lengths_are_refused():
    columns = tabulate_epochs(EPOCHS)
    with pytest.raises(ValueError, match="is shorter than"):
        restore_epochs(columns | {"penalty": columns["penalty"][:2]})
