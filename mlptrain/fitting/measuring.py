"""The metrics of a part, as results carry them."""

from collections.abc import Mapping
from math import isfinite

import numpy as np

from mlptrain.engine.metrics import Undefined, Value
from mlptrain.model.examples import Examples
from mlptrain.model.head import evaluate, metrics
from mlptrain.training.course import Course

Metrics = dict[str, float | None]


@np.errstate(all="ignore")
def measured(course: Course, part: Examples) -> dict[str, Value]:
    """Loss and metrics of a part in evaluation mode."""
    loss, predictions = evaluate(course.network, course.loss, course.target, part)
    values = {"loss": loss} | metrics(course.loss, course.target, part, predictions)
    return {name: finite(value) for name, value in values.items()}


def finite(value: Value) -> Value:
    """What is not a finite number is undefined."""
    return value if isinstance(value, Undefined) or isfinite(value) else Undefined("it is not a finite number")


def split_values(values: Mapping[str, Value]) -> tuple[Metrics, dict[str, str]]:
    """Numbers (None where undefined), and the reasons of what is undefined."""
    undefined = {name: value.reason for name, value in values.items() if isinstance(value, Undefined)}
    numbers = {name: None if isinstance(value, Undefined) else value for name, value in values.items()}
    return numbers, undefined
