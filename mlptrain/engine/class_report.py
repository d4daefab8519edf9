"""The report by class: precision, recall, f1 and support of each class, from the confusion matrix."""

from dataclasses import dataclass

import numpy as np

from mlptrain.engine.comparisons import Doubles


@dataclass(frozen=True)
class ClassReport:
    """Four numbers for each class (K,), NaN where there is nothing to divide by.

    Precision has no value for a class that is never predicted, recall for one that does not occur, f1 for one that is
    neither; the support is the weight of the rows of the class.
    """

    precision: Doubles
    recall: Doubles
    f1: Doubles
    support: Doubles


def report_classes(c: Doubles) -> ClassReport:
    """Precision Cᵢᵢ / Σⱼ Cⱼᵢ, recall Cᵢᵢ / Σⱼ Cᵢⱼ, f1 = 2 Cᵢᵢ / Σⱼ (Cⱼᵢ + Cᵢⱼ) and support Σⱼ Cᵢⱼ of each class i."""
    right, predicted, support = np.diag(c), c.sum(axis=0), c.sum(axis=1)
    return ClassReport(
        precision=divide_or_nan(right, predicted),
        recall=divide_or_nan(right, support),
        f1=divide_or_nan(2 * right, predicted + support),
        support=support,
    )


def divide_or_nan(numerators: Doubles, denominators: Doubles) -> Doubles:
    """numerators / denominators, NaN where the denominator is 0."""
    result = np.full(denominators.shape, np.nan)
    return np.divide(numerators, denominators, out=result, where=denominators > 0)
