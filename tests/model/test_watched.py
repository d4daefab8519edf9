"""What a fit watched: its name, and the value of the best epoch as it was while training."""

import pytest

from mlptrain.commands.evaluate import evaluate_files
from mlptrain.model.model import Model
from mlptrain.reporting.evaluate_results import format_evaluation
from mlptrain.reporting.fit_results import format_fit_result
from tests.support.flows import fit, fit_mixed

SPLIT = "data.split.validation=0.3"


@pytest.mark.parametrize("monitor", ["loss", "f1"])
def test_the_watched_value_is_that_of_the_best_epoch(tmp_path, monitor):
    result = fit_mixed(tmp_path, SPLIT, f"training.monitor={monitor}")
    assert (result.watched.name, result.watched.calibrated, result.watched.several) == (monitor, False, False)
    assert result.watched.values == (result.metrics["validation"][monitor],)
    assert format_fit_result(result).splitlines()[1].split()[0] == monitor


def test_a_watched_loss_keeps_its_name_and_value_after_calibration(tmp_path):
    result = fit_mixed(tmp_path, SPLIT, "model.calibration=temperature", "optimizer.learning_rate=0.3")
    [value] = result.watched.values
    assert result.watched.calibrated
    assert value != result.metrics["validation"]["loss"]
    history = Model.load(result.model).history
    assert value == history["validation_loss"][result.best_epoch - 1]
    rows = [line.split() for line in format_fit_result(result).splitlines()]
    assert [row[0] for row in rows[1:3]] == ["loss", "log_loss"]
    evaluation = format_evaluation(evaluate_files(result.model, str(tmp_path / "mixed.csv")))
    assert [line for line in evaluation.splitlines() if line.startswith("  ")][1].split()[0] == "log_loss"


def test_folds_have_a_value_each_and_a_table_of_eighty_columns(tmp_path):
    result = fit_mixed(tmp_path, "data.split.folds=3", "model.calibration=temperature", "training.epochs=2")
    assert len(result.watched.values) == 3
    table = format_fit_result(result).splitlines()
    assert table[0].split()[:3] == ["validation", "epoch", "loss"]
    assert max(len(line) for line in table[:-1] if not line.startswith("  (")) <= 80


def test_without_validation_rows_nothing_is_watched(tmp_path):
    result = fit_mixed(tmp_path)
    assert (result.watched.name, result.watched.metric, result.watched.values) == (None, "accuracy", (None,))
    assert format_fit_result(result).splitlines()[1].split()[0] == "accuracy"


@pytest.mark.parametrize(("scaled", "said"), [("true", True), ("false", False)])
def test_the_loss_of_a_scaled_target_says_so(tmp_path, scaled, said):
    result = fit_mixed(tmp_path, SPLIT, f"data.scale_target={scaled}", data={"target": "price"})
    assert result.watched.scaled == said
    assert ("of the scaled target" in format_fit_result(result)) == said


@pytest.mark.parametrize("transform", ["log", "log1p"])
def test_the_loss_of_a_logarithm_says_so(tmp_path, transform):
    rows = [f"{k},{k % 7 + 1}" for k in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *rows]) + "\n")
    data = f"{{train: t.csv, target: y, target_transform: {transform}, split: {{validation: 0.3}}}}"
    (tmp_path / "s.yaml").write_text(f"data: {data}\ntraining: {{epochs: 1}}\n")
    result = fit(str(tmp_path / "s.yaml"), out=tmp_path / "m.npz")
    assert "(loss: of the logarithm of the target, scaled)" in format_fit_result(result)


def test_verbose_shows_every_metric(tmp_path):
    result = fit_mixed(tmp_path, SPLIT)
    evaluation = evaluate_files(result.model, str(tmp_path / "mixed.csv"))
    for name in result.metrics["train"]:
        assert f"  {name} " in format_fit_result(result, verbose=True)
        assert f"  {name} " in format_evaluation(evaluation, verbose=True)
    assert "error_rate" not in format_fit_result(result) + format_evaluation(evaluation)
