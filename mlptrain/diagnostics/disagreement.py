"""Where models that judge the same rows disagree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlptrain.diagnostics.weak_rows import join_answers
from mlptrain.model.evaluation import JudgedRows
from mlptrain.model.model import Model

MOST_DISPUTED = 12
"""Rows that are shown."""


@dataclass(frozen=True, kw_only=True)
class DisputedRow:
    """A row of which models say different things."""

    place: str
    """File and line."""
    truth: str
    predictions: tuple[str, ...]
    """Of each model, in the order of the ranking."""
    probabilities: tuple[float, ...]
    """What each gives the true class; of numbers none."""


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """Where models disagree."""

    rows: int | None
    """The rows of which not all models predict the same class; None of numbers."""
    disputed: tuple[DisputedRow, ...]
    """Those whose answers lie furthest apart: of classes in the true class, of numbers in standard deviations."""


def find_disagreement(judged: Sequence[JudgedRows], models: Sequence[Model]) -> Disagreement:
    """Where models disagree about rows whose truth is known."""
    head, truth = models[0].head, judged[0].judgement.truth
    answers = [each.judgement.predictions for each in judged]
    if not head.has_classes:
        spread = measure_spread(answers, truth)
        return Disagreement(rows=None, disputed=tuple(describe_disputed_rows(judged, models, spread, spread > 0)))
    labels = np.stack([each.argmax(axis=1) for each in answers])
    known = head.find_known(truth)
    chances = np.stack([each[np.arange(len(truth)), np.where(known, truth, 0)] for each in answers])
    differ = (labels != labels[0]).any(axis=0) & known
    disputed = describe_disputed_rows(judged, models, np.ptp(chances, axis=0), differ)
    return Disagreement(rows=int(differ.sum()), disputed=tuple(disputed))


def measure_spread(answers: Sequence[NDArray[np.float64]], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest of the targets' (max − min of the answers) / (standard deviation of the truth) (B,)."""
    deviations = truth.std(axis=0)
    widths = np.ptp(np.stack(answers), axis=0) / np.where(deviations > 0, deviations, 1.0)
    spread: NDArray[np.float64] = widths.max(axis=1)
    return spread


def describe_disputed_rows(
    judged: Sequence[JudgedRows], models: Sequence[Model], spread: NDArray[np.float64], differ: NDArray[np.bool_]
) -> Iterator[DisputedRow]:
    """Rows whose answers differ, the widest spread first."""
    order = np.argsort(-np.nan_to_num(spread, nan=-1.0), kind="stable")
    head, rows, truth = models[0].head, judged[0].rows, judged[0].judgement.truth
    for row in order[differ[order]][:MOST_DISPUTED].tolist():
        one = slice(row, row + 1)
        said = [
            model.head.write_answers(each.judgement.predictions[one], model.dtype)
            for model, each in zip(models, judged, strict=True)
        ]
        chances = [float(each.judgement.predictions[row, truth[row]]) for each in judged] if head.has_classes else []
        yield DisputedRow(
            place=rows.describe_place(row).rpartition("/")[2],
            truth=join_answers(head.write_answers(head.make_perfect_values(truth[one]), models[0].dtype), 0),
            predictions=tuple(join_answers(each, 0) for each in said),
            probabilities=tuple(chances),
        )
