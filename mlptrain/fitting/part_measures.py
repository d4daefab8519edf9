"""What a network is worth on the parts of its rows when its training is over."""

from dataclasses import dataclass

import numpy as np

from mlptrain.engine.comparisons import Value
from mlptrain.engine.metrics import Metrics, separate_undefined, undefine_nonfinite
from mlptrain.fitting.outcome import TrainingResult
from mlptrain.model.baseline import fit_baseline, measure_baseline
from mlptrain.model.examples import Examples
from mlptrain.model.network_outputs import measure_part_metrics, predict_with_mean_loss
from mlptrain.training.course import Course
from mlptrain.training.events import Finished


@dataclass(frozen=True, kw_only=True)
class PartMeasures:
    """What a network is worth on a part: of all targets together, and of each of several."""

    values: dict[str, Value]
    targets: dict[str, Metrics]


def make_training_result(course: Course, finished: Finished) -> TrainingResult:
    """How a training ended, and what its network and the baseline are worth on its parts."""
    measures = measure_parts(course) if finished.epochs else {}
    separated = {name: separate_undefined(part.values) for name, part in measures.items()}
    return TrainingResult(
        reason=finished.reason,
        epochs=finished.epochs,
        best_epoch=finished.best_epoch,
        metrics={name: values for name, (values, _) in separated.items()},
        undefined={name: reasons for name, (_, reasons) in separated.items()},
        baseline=measure_baselines(course) if measures else {},
        targets={name: part.targets for name, part in measures.items() if part.targets},
    )


def list_parts(course: Course) -> dict[str, Examples]:
    """The training rows, and the validation rows if there are any."""
    return {"train": course.train} | ({"validation": course.validation} if course.validation else {})


def measure_parts(course: Course) -> dict[str, PartMeasures]:
    """All metrics of the parts, with the parameters that were kept."""
    return {name: evaluate_part_metrics(course, part) for name, part in list_parts(course).items()}


@np.errstate(all="ignore")
def evaluate_part_metrics(course: Course, part: Examples) -> PartMeasures:
    """Loss and metrics of a part in evaluation mode; undefined where one is not a finite number."""
    head = course.head
    loss, predictions = predict_with_mean_loss(course.network, head, part)
    values = undefine_nonfinite({"loss": loss} | measure_part_metrics(head, part, predictions))
    return PartMeasures(values=values, targets=head.measure_each_target(predictions, part.truth, part.weights))


def measure_baselines(course: Course) -> dict[str, Metrics]:
    """What the baseline of the training rows is worth on the parts."""
    baseline = fit_baseline(course.head, course.train)
    found = {}
    for name, part in list_parts(course).items():
        weights = np.ones(part.rows) if part.weights is None else part.weights.astype(np.float64)
        values = measure_baseline(baseline, course.head, part.truth, weights)
        found[name] = separate_undefined(undefine_nonfinite(values))[0]
    return found
