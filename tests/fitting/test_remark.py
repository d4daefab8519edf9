"""One sentence about a run: each is said of a run made to show it, and none of a sound one."""

import random
from dataclasses import replace

import pytest

import mlptrain
from mlptrain.fitting.remark import Run, describe_runs
from mlptrain.model.history import EpochEnded
from mlptrain.spec.fields import Split

FOLDS = Split(folds=3)


def epochs_of(train, validation=None, *, metric=None, rate=0.01):
    """Epochs with these losses."""
    rates = rate if isinstance(rate, list) else [rate] * len(train)
    return [
        EpochEnded(
            epoch=k + 1,
            train_loss=loss,
            train_metric=None,
            penalty=0.0,
            validation_loss=None if validation is None else validation[k],
            validation_metric=None if metric is None else metric[k],
            learning_rate=rates[k],
            best=False,
            rows_per_second=1.0,
        )
        for k, loss in enumerate(train)
    ]


FALLING = [1 / (k + 1) for k in range(20)]
SOUND = [0.2 + 0.8 * 0.5**k for k in range(20)]
STEADY = [1 - 0.04 * k for k in range(20)]
LEARNED = {"mcc": 0.9, "auc": 0.95}
CHANCE = {"mcc": 0.0, "auc": 0.5}


def run_of(train, validation=None, *, best=20, metrics=LEARNED, rows=500, rate=0.01, metric=None, **known):
    defaults = {"reason": "epochs", "monitor": "loss", "baseline_loss": 2.0, "cause": "CAUSE"}
    return Run(
        epochs=epochs_of(train, validation, rate=rate, metric=metric),
        best_epoch=best,
        validation_rows=0 if validation is None else rows,
        train_metrics=metrics,
        **(defaults | known),
    )


SWINGING = [3.0, *[1.0, 4.5, 0.5] * 6, 0.6]
OVERFITTING = run_of(FALLING, [0.5 - 0.02 * k if k < 5 else 0.3 + 0.03 * k for k in range(20)], best=5)
CASES = {
    "it overfits from epoch 5 on": OVERFITTING,
    "a smaller net, or early stopping": OVERFITTING,
    "more dropout or weight decay, or a smaller net": replace(OVERFITTING, early_stopping=True),
    "it overfits from epoch 5 on (validation loss 0.4200 to 0.8700): FAST": replace(OVERFITTING, fast="FAST"),
    "it overfits from epoch 8 on": run_of(FALLING, [*SOUND[:8], *[SOUND[7] * 1.07] * 12], best=8),
    "the first epoch was the best": run_of(SOUND, [0.5 + 0.0001 * k for k in range(20)], best=1),
    "no epoch was better than the first, which has trained nothing at a learning rate of 0: a smaller": run_of(
        SOUND, [0.5 + 0.0001 * k for k in range(20)], best=1, rate=[0.0, *[0.01] * 19]
    ),
    "the first epoch was the best:": run_of(FALLING, SOUND, best=1, metrics=CHANCE, baseline_loss=0.9),
    "still improving at the end (validation loss": run_of(SOUND, [1 - 0.04 * k for k in range(20)]),
    "still improving at the end (training loss": run_of(STEADY),
    "still improving at the end (batch loss 0.3600 to 0.2400)": run_of(STEADY, running_loss=True),
    "it did not learn: CAUSE": run_of([0.7] * 20, [0.7] * 20, metrics=CHANCE, baseline_loss=0.69),
    "it has gone astray (loss on the training rows 5.000, baseline there 2.000): CAUSE": run_of(
        [*[6.0] * 10, *[5.0] * 10], metrics={"r2": -2.0}
    ),
    "it has gone astray (loss on the training rows 6.000, baseline there 2.000)": run_of(
        [*[6.0] * 10, *[5.0] * 10], metrics=LEARNED | {"loss": 6.0}
    ),
    "it did not learn: CAUSE  ": run_of([5.0] * 20, metrics={"r2": -2.0}),
    "it did not learn: CAUSE   ": run_of([2.001] * 20, metrics=LEARNED | {"loss": 2.5}),
    "it is no better than what knows nothing of a row (loss on the training rows 2.100, baseline": run_of(
        [2.4, *[2.1] * 19], metrics=LEARNED
    ),
    "its training loss swings (up to 4.500 after the first epoch, baseline 2.000): FAST": run_of(
        SWINGING, best=8, fast="FAST"
    ),
    "its batch loss swings (up to 1.500": run_of([1.5, 1.0] * 10, fast="FAST", running_loss=True),
    "its training loss swings": replace(OVERFITTING, epochs=epochs_of(SWINGING, SOUND[::-1]), fast="FAST"),
    "it did not learn: CAUSE ": run_of([0.8] * 20, metrics=CHANCE, baseline_loss=1.0),
    "learned only in part (loss on the training rows 0.5000, baseline there 2.000): CAUSE": run_of([1.0, *[0.5] * 19]),
    "learned only in part (loss on the training rows 0.5500, baseline": run_of(
        [1.0, *[0.5] * 19], metrics=LEARNED | {"loss": 0.55}
    ),
    "12 validation rows are few": run_of(
        SOUND, SOUND, monitor="accuracy", rows=12, metric=[0.5, *[10 / 12, 11 / 12] * 9, 10 / 12]
    ),
}


@pytest.mark.parametrize("said", CASES)
def test_a_history_made_to_show_it_is_told(said):
    assert said.rstrip() in describe_runs([CASES[said]], FOLDS)


SILENT = {
    "sound": run_of(SOUND, SOUND),
    "sound, without validation": run_of(SOUND),
    "solved to the last digit": run_of([10.0 ** -(k / 2) for k in range(20)]),
    "a little worse at the end": run_of(SOUND, [*SOUND[:10], *[SOUND[9] * 1.05] * 10], best=10),
    "falling at a rate that ends": run_of(
        [1 - 0.04 * k for k in range(20)], rate=[0.01 - 0.0005 * k for k in range(20)]
    ),
    "stopped early": run_of([1 - 0.04 * k for k in range(20)], reason="early_stopping"),
    "interrupted": run_of([1 - 0.04 * k for k in range(20)], reason="interrupted"),
    "short": run_of([0.7, 0.6, 0.5]),
    "scores that rank, labels that do not": run_of([0.99] * 20, metrics={"mcc": 0.0, "auc": 0.8}, cause=""),
    "half of what can be known is known": run_of([1.0, *[0.5] * 19], cause=""),
    "weights of the classes raise the loss": run_of([2.5] * 20, class_weights=True),
    "perfect from the first epoch on": run_of(SOUND, SOUND, best=1, monitor="accuracy", metric=[1.0] * 20),
    "many validation rows": run_of(SOUND, SOUND, monitor="accuracy", metric=[0.5, *[0.8, 0.9] * 9, 0.9]),
    "an accuracy of many rows that stands still": run_of(
        SOUND, SOUND, monitor="accuracy", rows=270, metric=[0.5, *[0.9, 0.9 + 1 / 270] * 9, 0.9]
    ),
    "a large rate that learns": run_of([4.5, *SOUND[1:]], fast="FAST"),
    "a large rate that jitters": run_of([value + 0.05 * (k % 2) for k, value in enumerate(SOUND)], fast="FAST"),
    "a usual rate that swings": run_of(SWINGING),
    "weights of the classes swing": run_of(SWINGING, fast="FAST", class_weights=True),
    "undefined": run_of(SOUND, [float("nan")] * 20, metrics={"mcc": None}),
    "without a baseline": run_of([1.0] * 20, metrics=CHANCE, baseline_loss=None),
}


@pytest.mark.parametrize("name", SILENT)
def test_a_sound_history_is_told_nothing_of(name):
    assert describe_runs([SILENT[name]], FOLDS) == ""


def test_of_several_trainings_it_is_told_what_half_of_them_show():
    assert describe_runs([SILENT["sound"], OVERFITTING, OVERFITTING], FOLDS).startswith(
        "in 2 of 3 folds; in fold 2 it overfits"
    )
    assert describe_runs([OVERFITTING, SILENT["sound"], SILENT["sound"]], FOLDS) == ""
    assert describe_runs([replace(OVERFITTING, epochs=[])], FOLDS) == ""


def table_of(rows, *, noise):
    """Two numbers, and a class that follows them as far as the noise allows."""
    draw = random.Random(1)
    x = [[draw.gauss(0, 1), draw.gauss(0, 1)] for _ in range(rows)]
    y = ["yes" if a + b + noise * draw.gauss(0, 1) > 0 else "no" for a, b in x]
    return {"a": [a for a, _ in x], "b": [b for _, b in x], "y": y}


def fit(table, *, epochs, rate, **model):
    spec = {
        "data": {"target": "y", "split": {"validation": 0.4}},
        "model": model,
        "optimizer": {"name": "adam", "learning_rate": rate},
        "training": {"epochs": epochs, "batch_size": 16},
        "seed": 1,
    }
    return mlptrain.fit(spec, table)


def test_a_large_net_on_noise_overfits():
    fitted = fit(table_of(120, noise=2.0), epochs=60, rate=0.02, hidden=[64, 64])
    assert "overfits from epoch" in fitted.outcome.remark
    assert fitted.outcome.remark in repr(fitted)


def test_a_run_that_is_not_finished_is_still_improving():
    assert "at the end" in fit(table_of(400, noise=0.1), epochs=6, rate=2e-3, hidden=[16]).outcome.remark


def test_a_sound_run_is_told_nothing_of():
    assert fit(table_of(400, noise=0.5), epochs=25, rate=0.02, hidden=[4]).outcome.remark == ""
