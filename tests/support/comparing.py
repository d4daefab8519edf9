"""Predictions that are compared with the truth: drawn ones, their weights, and all their metrics."""

import numpy as np
from numpy.random import default_rng

from mlptrain.engine.comparisons import compare_classes, compare_numbers
from mlptrain.engine.losses import softmax
from mlptrain.engine.metrics import measure_metrics


def draw_labels(seed, rows, classes, levels):
    """(probabilities, truth): every class occurs in a part of the draws, ties are frequent where levels are few."""
    draw = default_rng(seed)
    logits = np.round(2 * draw.standard_normal((rows, classes)) * levels) / levels
    return softmax(logits), draw.integers(0, classes, rows)


def draw_weights(seed, rows, weighted=True):
    """Weights of a few sizes, 0 among them but not everywhere; None where all are 1."""
    if not weighted:
        return None
    weights = default_rng(seed).choice([0.0, 0.5, 1.0, 3.7], rows)
    weights[:1] = 1.0
    return weights


def measure_classes(scores, truth, weights=None, **options):
    """All metrics of a classifier."""
    return measure_metrics(compare_classes(scores, truth, **options), weights)


def measure_numbers(predicted, truth, weights=None):
    """All metrics of predicted numbers."""
    return measure_metrics(compare_numbers(predicted, truth), weights)
