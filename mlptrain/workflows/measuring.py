"""The metrics of a part, as results carry them."""

from collections.abc import Mapping

from mlptrain.engine.metrics import Undefined, Value
from mlptrain.model_file import Model
from mlptrain.training.examples import Examples, evaluate, metrics
from mlptrain.training.loop import Course

Metrics = dict[str, float | None]


def measured(course: Course | Model, part: Examples) -> dict[str, Value]:
    """Loss and metrics of a part in evaluation mode."""
    loss, predictions = evaluate(course.network, course.loss, course.target, part)
    return {"loss": loss} | metrics(course.loss, course.target, part, predictions)


def split_values(values: Mapping[str, Value]) -> tuple[Metrics, dict[str, str]]:
    """Numbers (None where undefined), and the reasons of what is undefined."""
    undefined = {name: value.reason for name, value in values.items() if isinstance(value, Undefined)}
    numbers = {name: None if isinstance(value, Undefined) else value for name, value in values.items()}
    return numbers, undefined
