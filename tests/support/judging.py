"""Judged predictions without a network: what the facts of a report are found from."""

from typing import Any

import numpy as np

from mlptrain.data.targets import ClassTarget, NumberTarget
from mlptrain.engine.losses import Loss
from mlptrain.model.evaluation import Evaluation, JudgedRows
from mlptrain.model.fitted_network import Judgement
from mlptrain.model.head import ClassHead, NumberHead, make_head


def make_class_head(loss: Loss, classes: int, positive: int = 1) -> ClassHead:
    """The head of classes "a", "b" …"""
    names = tuple(map(chr, range(97, 97 + classes)))
    head = make_head(loss, ClassTarget(name="y", classes=names, positive=positive))
    assert isinstance(head, ClassHead)
    return head


def make_number_head(loss: Loss, *names: str) -> NumberHead:
    """The head of numbers that are not scaled."""
    zeros, ones = (0.0,) * len(names), (1.0,) * len(names)
    head = make_head(loss, NumberTarget(names=names, center=zeros, scale=ones))
    assert isinstance(head, NumberHead)
    return head


def judge(truth: Any, predictions: Any, weights: Any = None, losses: Any = None, rows: Any = None) -> JudgedRows:
    """Judged rows; they are not evaluated."""
    truth, predictions = np.asarray(truth), np.asarray(predictions)
    judgement = Judgement(
        truth=truth,
        predictions=predictions,
        weights=np.ones(len(truth)) if weights is None else np.asarray(weights, np.float64),
        losses=np.zeros(len(truth)) if losses is None else np.asarray(losses, np.float64),
    )
    return JudgedRows(rows=rows, judgement=judgement, evaluation=Evaluation(rows=len(truth), metrics={}))
