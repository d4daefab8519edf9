import pytest

from mlptrain.model.watched import Watched
from mlptrain.reporting.metric_rows import choose_headline, describe_scaled_loss, order_metrics, shorten_metrics

CLASSES = {"loss": 0.31, "accuracy": 0.9, "error_rate": 0.1, "mcc": 0.8, "f1": 0.88, "auc": None, "log_loss": 0.31}
NUMBERS = {"loss": 0.2, "rmse": 52.0, "mae": 40.0, "r2": 0.5}


def watched(name="loss", *, metric="accuracy", values=(0.31,), calibrated=False, scaled=False):
    return Watched(name=name, metric=metric, values=values, calibrated=calibrated, scaled=scaled, transformed=False)


@pytest.mark.parametrize("first", CLASSES)
def test_the_first_metric_is_first_and_none_is_there_twice(first):
    found = order_metrics({"train": CLASSES}, watched(first), first=first)
    assert found[0] == first
    assert len({"accuracy", "error_rate"} & set(found)) == 1
    assert len({"loss", "log_loss"} & set(found)) == 1
    assert len(found) == len(CLASSES) - 2


def test_a_loss_that_is_another_one_in_a_part_is_shown_beside_log_loss():
    parts = {"train": CLASSES, "validation": CLASSES | {"log_loss": 0.4}}
    assert {"loss", "log_loss"} <= set(order_metrics(parts, watched(), first="loss"))


def test_a_fit_ends_with_a_few_metrics_that_are_defined_somewhere():
    assert shorten_metrics({"train": CLASSES}, watched(), first="loss") == ["loss", "accuracy", "f1"]
    assert shorten_metrics({"train": CLASSES}, watched("mcc"), first="mcc")[0] == "mcc"
    parts = {"train": CLASSES, "validation": CLASSES | {"auc": 0.9}}
    assert "auc" in shorten_metrics(parts, watched(), first="loss")


def test_the_loss_of_a_scaled_target_is_shown_only_where_it_was_watched():
    found = watched(metric="rmse", scaled=True)
    assert shorten_metrics({"train": NUMBERS}, found, first="loss") == ["loss", "rmse", "mae", "r2"]
    assert shorten_metrics({"train": NUMBERS}, found, first="rmse") == ["rmse", "mae", "r2"]
    assert describe_scaled_loss(["loss"], found)
    assert not describe_scaled_loss(["rmse"], found)
    assert not describe_scaled_loss(["loss"], watched())


@pytest.mark.parametrize(
    ("found", "metrics", "headline"),
    [
        (watched(), CLASSES, "loss"),
        (watched(calibrated=True), CLASSES, "log_loss"),
        (watched(values=(0.3, 0.2)), CLASSES, "log_loss"),
        (watched(values=(0.3, 0.2)), CLASSES | {"log_loss": None}, "loss"),
        (watched("f1", calibrated=True), CLASSES, "f1"),
        (watched(None), CLASSES, "accuracy"),
        (watched(metric="rmse", values=(0.3, 0.2)), NUMBERS, "loss"),
    ],
)
def test_what_a_measured_model_begins_with(found, metrics, headline):
    assert choose_headline(metrics, found) == headline
