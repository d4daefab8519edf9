"""`eval`: a model on a file, or on the test part that its spec names."""

from dataclasses import dataclass, field
from pathlib import Path

from mlptrain.data.features import ClassTarget, Features, NumberTarget
from mlptrain.errors import DataError, SpecError
from mlptrain.model_file import Model, load
from mlptrain.spec.fields import Images, Source
from mlptrain.training.examples import Examples
from mlptrain.training.preparation import Rows, examples, read_rows, split_parts
from mlptrain.workflows.measuring import Metrics, measured, split_values


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a model is worth on a file."""

    rows: int
    metrics: Metrics
    undefined: dict[str, str] = field(default_factory=dict)
    """Why a metric is null."""


def evaluate(model_path: str, data: str | None = None, labels: str | None = None) -> Evaluation:
    """The metrics of a model on a file, or on the test part that its spec names."""
    model = load(Path(model_path))
    rows = test_rows(model, Path(model_path)) if data is None else given_rows(model, data, labels)
    if not rows.count:
        raise DataError(f"{rows.name}: there are no rows to evaluate on")
    part = examples(model.spec, model.features, model.target, rows, unknown=True)
    known, unknown = known_rows(model, part)
    values, undefined = split_values(measured(model, known))
    if unknown:
        values, undefined = with_unknown(values, undefined, known.rows, unknown)
    return Evaluation(rows=rows.count, metrics=values, undefined=undefined)


def known_rows(model: Model, part: Examples) -> tuple[Examples, int]:
    """The rows whose class training knew, and the number of the others."""
    if isinstance(model.target, NumberTarget) or (part.truth >= 0).all():
        return part, 0
    keep = part.truth >= 0
    weights = None if part.weights is None else part.weights[keep]
    kept = Examples(x=part.x[keep], targets=part.targets[keep], truth=part.truth[keep], weights=weights)
    return kept, int((~keep).sum())


def with_unknown(
    values: Metrics, undefined: dict[str, str], known: int, unknown: int
) -> tuple[Metrics, dict[str, str]]:
    """Rows of classes that training did not know are wrong in accuracy; the other metrics have no value then."""
    reason = f"{unknown} rows of classes that the model does not know"
    accuracy = (values["accuracy"] or 0.0) * known / (known + unknown)
    kept: Metrics = dict.fromkeys(values)
    kept |= {"accuracy": accuracy, "error_rate": 1 - accuracy}
    return kept, undefined | {name: reason for name, value in kept.items() if value is None}


def given_rows(model: Model, data: str, labels: str | None) -> Rows:
    """The rows of the file(s) that the user named."""
    if isinstance(model.features, Features) and labels is not None:
        raise SpecError("--labels: the model was trained on a table; its targets are a column of DATA")
    source: Source = data if isinstance(model.features, Features) else Images(images=data, labels=labels)
    if isinstance(source, Images) and labels is None:
        raise SpecError("--labels is missing: give the IDX file of the labels")
    return read_rows(source, model.spec.data, Path())


def test_rows(model: Model, model_path: Path) -> Rows:
    """The test part that the spec names: a file, or a share of the training file."""
    data, folder = model.spec.data, model_path.parent / model.spec_folder
    if data.test is not None:
        return read_rows(data.test, data, folder)
    if not data.split.test:
        raise SpecError(f"{model_path}: its spec names no test part; give DATA")
    whole = read_rows(data.train, data, folder)
    return whole.take(split_parts(model.spec, whole, classes=isinstance(model.target, ClassTarget)).test)
