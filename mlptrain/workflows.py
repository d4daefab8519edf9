"""What the commands do: paths in, frozen results out. No terminal here; sinks get the events."""

import io
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.architecture import build_network
from mlptrain.data.features import ClassTarget, Features, NumberTarget, Target
from mlptrain.data.images import read_images
from mlptrain.data.table import Table, from_columns, read_table, write_table
from mlptrain.engine.metrics import Undefined, Value
from mlptrain.errors import DataError, MlptrainError, ModelFileError, SpecError
from mlptrain.model_file import Model, check_replaceable, folder_between, history_arrays, load, save
from mlptrain.publishing import check_writable, publish
from mlptrain.spec import Data, Images, Source, Spec, to_plain
from mlptrain.training.events import EpochEnded, Event, Finished
from mlptrain.training.examples import Examples, evaluate, metrics, outputs_for
from mlptrain.training.examples import predict as predict_rows
from mlptrain.training.gradient_check import ParameterCheck, check_gradient
from mlptrain.training.loop import Course, never
from mlptrain.training.loop import fit as train
from mlptrain.training.preparation import Prepared, Rows, encode_inputs, examples, prepare, read_rows, split_parts
from mlptrain.training.state import initial_state

Sink = Callable[[Event], None]
Metrics = dict[str, float | None]


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """How a training ended."""

    model: str
    reason: str
    epochs: int
    best_epoch: int
    metrics: dict[str, Metrics]
    """Per part (train, validation), measured in evaluation mode with the parameters that were kept."""
    seconds: float
    parameters: int


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a model is worth on a file."""

    rows: int
    metrics: Metrics
    undefined: dict[str, str] = field(default_factory=dict)
    """Why a metric is null."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """The columns of a prediction, in order, and the cells of each input column that were filled or unseen."""

    columns: dict[str, list[str]]
    odd_cells: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Description:
    """What `mlptrain show` says of a model file."""

    model: str
    parameters: int
    bytes: int
    reason: str
    epochs: int
    best_epoch: int
    metrics: dict[str, Metrics]
    columns: dict[str, str]
    target: str
    history: dict[str, list[float | None]]
    spec: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Check:
    """What `mlptrain check` found."""

    spec: Spec
    notices: Sequence[str]
    columns: Sequence[tuple[str, str, str, str]]
    """Per column: its name, what it is understood as, what the network gets, a remark."""
    batch: int
    layers: Sequence[tuple[str, tuple[int, ...], int]]
    """Per layer: its name, the shape of its output for a batch, its number of parameters."""
    parameters: int
    memory: int
    """Bytes: rows, θ, gradient, optimizer state, the arrays of a step."""
    gradient: Sequence[ParameterCheck]


def load_spec(path: str, overrides: Sequence[str]) -> tuple[Spec, Path, list[str]]:
    """The spec of a file ("-": standard input), its folder, and notices."""
    from mlptrain.spec_file import load_spec as read
    from mlptrain.spec_file import read_stdin

    text = read_stdin() if path == "-" else None
    spec, notices = read("standard input" if path == "-" else path, overrides, text)
    return spec, Path() if path == "-" else Path(path).parent, notices


def default_output(spec_path: str) -> Path:
    """<spec name>.npz in the working directory."""
    return Path("model.npz" if spec_path == "-" else f"{Path(spec_path).stem}.npz")


def new_course(prepared: Prepared) -> Course:
    """The network, initialised, with the rows it learns from."""
    spec, target = prepared.spec, prepared.target
    network = build_network(spec.model, prepared.features.width, outputs_for(prepared.loss, target))
    network.parameters.initialize(spec.seed)
    return Course(
        network=network,
        spec=spec,
        loss=prepared.loss,
        target=target,
        train=prepared.train,
        validation=prepared.validation,
    )


def fit(
    spec_path: str,
    *,
    out: Path | None = None,
    overrides: Sequence[str] = (),
    sinks: Iterable[Sink] = (),
    notice: Callable[[str], None] = lambda message: None,
    stop: Callable[[], bool] = never,
    clock: Callable[[], float] = time.monotonic,
) -> FitResult:
    """Train what a spec says and write the model."""
    spec, folder, notices = load_spec(spec_path, overrides)
    out = out or default_output(spec_path)
    check_writable(out)
    check_replaceable(out)
    for message in notices:
        notice(message)
    prepared = prepare(spec, folder)
    for message in left_out(prepared):
        notice(message)
    course = new_course(prepared)
    state = initial_state(course.network, prepared.spec.optimizer)
    finished: Finished | None = None
    for event in train(course, state, clock=clock, stop=stop):
        finished = event if isinstance(event, Finished) else None
        for sink in sinks:
            sink(event)
    assert finished is not None
    if not finished.epochs:
        raise MlptrainInterrupted("stopped before the first epoch ended; nothing was written")
    result = FitResult(
        model=str(out),
        reason=finished.reason,
        epochs=finished.epochs,
        best_epoch=finished.best_epoch,
        metrics=final_metrics(course),
        seconds=finished.seconds,
        parameters=course.network.parameters.theta.size,
    )
    save(trained(prepared, course, result, state.history, folder_between(out, folder)), out)
    return result


class MlptrainInterrupted(MlptrainError):
    """The user stopped the command."""

    exit_code = 130


def trained(
    prepared: Prepared, course: Course, result: FitResult, history: list[EpochEnded], spec_folder: str
) -> Model:
    """What the model file holds; no times, no paths of this machine, so that the same run gives the same bytes."""
    kept = ("reason", "epochs", "best_epoch", "metrics")
    return Model(
        spec=prepared.spec,
        features=prepared.features,
        target=prepared.target,
        network=course.network,
        result={name: getattr(result, name) for name in kept},
        history=history_arrays(history),
        spec_folder=spec_folder,
    )


def left_out(prepared: Prepared) -> list[str]:
    """A notice of the columns that are not used."""
    ignored = {
        name: why for name, why in prepared.features.ignored.items() if why != "as declared"
    }
    shown = "; ".join(f"{name} ({why})" for name, why in list(ignored.items())[:10])
    more = f" and {len(ignored) - 10} more" if len(ignored) > 10 else ""
    return [f"columns not used: {shown}{more}"] if ignored else []


def final_metrics(course: Course) -> dict[str, Metrics]:
    """All metrics of the parts, with the parameters that were kept."""
    parts = {"train": course.train} | ({"validation": course.validation} if course.validation else {})
    return {name: split_values(measured(course, part))[0] for name, part in parts.items()}


def measured(course: Course | Model, part: Examples) -> dict[str, Value]:
    """Loss and metrics of a part in evaluation mode."""
    loss, predictions = evaluate(course.network, course.loss, course.target, part)
    return {"loss": loss} | metrics(course.loss, course.target, part, predictions)


def split_values(values: Mapping[str, Value]) -> tuple[Metrics, dict[str, str]]:
    """Numbers (None where undefined), and the reasons of what is undefined."""
    undefined = {name: value.reason for name, value in values.items() if isinstance(value, Undefined)}
    numbers = {name: None if isinstance(value, Undefined) else value for name, value in values.items()}
    return numbers, undefined


def evaluate_model(model_path: str, data: str | None = None, labels: str | None = None) -> Evaluation:
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
    return whole.take(split_parts(model.spec, whole).test)


def predict(model: Model, rows: Rows, *, keep: Sequence[str] = (), probabilities: bool = False) -> Predictions:
    """Predictions for all rows, in order: the kept columns, the prediction under the target's name, probabilities."""
    odd: dict[str, int] = {}
    x = encode_inputs(model.features, rows, model.network.dtype, odd)
    values = predict_rows(model.network, model.loss, model.target, x)
    columns = kept_columns(rows, keep) | predicted_columns(model, values)
    if probabilities:
        columns |= probability_columns(model, values)
    return Predictions(columns=columns, odd_cells=odd)


def predict_file(model_path: str, data: str, *, keep: Sequence[str] = (), probabilities: bool = False) -> Predictions:
    """Predictions of a model file for a data file."""
    model = load(Path(model_path))
    if isinstance(model.features, Features):
        table = read_table(data, model.spec.data)
        if table.inner_blank_lines:
            raise DataError(f"{table.name}: {table.inner_blank_lines} blank lines between the rows; remove them")
        rows = Rows(table.name, table)
    else:
        rows = Rows(data, None, read_images(data))
    return predict(model, rows, keep=keep, probabilities=probabilities)


def kept_columns(rows: Rows, keep: Sequence[str]) -> dict[str, list[str]]:
    """Columns of the input that are passed through; "all" is all of them."""
    if not keep:
        return {}
    if rows.table is None:
        raise SpecError("--keep: images have no columns")
    names = list(rows.table.columns) if list(keep) == ["all"] else keep
    return {name: rows.table.column(name) for name in names}


def predicted_columns(model: Model, values: NDArray[Any]) -> dict[str, list[str]]:
    """The prediction under the target's own name."""
    if isinstance(model.target, ClassTarget):
        labels = model.target.classes
        return {model.target.name: [labels[code] for code in values.argmax(axis=1)]}
    return {name: texts(values[:, position], model) for position, name in enumerate(model.target.names)}


def probability_columns(model: Model, values: NDArray[Any]) -> dict[str, list[str]]:
    """One column a class."""
    if not isinstance(model.target, ClassTarget):
        raise SpecError("--probabilities: the target is a number; it has no classes")
    if not model.loss.probabilistic:
        raise SpecError(f"--probabilities: the scores of the {model.loss.name} loss are not probabilities")
    return {
        f"probability_{label}": texts(values[:, code], model) for code, label in enumerate(model.target.classes)
    }


def texts(values: NDArray[Any], model: Model) -> list[str]:
    """Numbers in the shortest text that reads back as the same number of the model's precision."""
    return [str(value) for value in values.astype(model.network.dtype).tolist()] if (
        model.network.dtype == np.float64
    ) else [np.format_float_positional(value, trim="0") if 1e-4 <= abs(value) < 1e16 else str(value) for value in values.astype(np.float32)]


def check(spec_path: str, *, overrides: Sequence[str] = ()) -> Check:
    """The resolved spec, the columns, the model and its memory, and a gradient check of this very spec."""
    spec, folder, notices = load_spec(spec_path, overrides)
    prepared = prepare(spec, folder)
    course = new_course(prepared)
    network = course.network
    layers = []
    for (name, layer), width in zip(network.layers, network.widths[1:], strict=True):
        own = [each.size for key, each in network.parameters.values.items() if key.rpartition(".")[0] == name]
        layers.append((f"{name} ({type(layer).__name__})", (course.batch_size, width), sum(own)))
    return Check(
        spec=prepared.spec,
        notices=[*notices, *left_out(prepared)],
        columns=understood_columns(prepared),
        batch=course.batch_size,
        layers=layers,
        parameters=network.parameters.theta.size,
        memory=memory(course),
        gradient=check_gradient(course),
    )


def understood_columns(prepared: Prepared) -> list[tuple[str, str, str, str]]:
    """Every input column and the target, in words."""
    fitted = {column.name: column for column in prepared.features.columns}
    rows = []
    for name, found in prepared.understood.items():
        column = fitted.get(name)
        given = "not used" if column is None else f"{column.width} input{'s' * (column.width > 1)}"
        rows.append((name, found.kind, given, prepared.features.ignored.get(name, found.note)))
    return [*rows, *target_rows(prepared.target)]


def target_rows(target: Target) -> list[tuple[str, str, str, str]]:
    """The target column(s), in words."""
    if isinstance(target, ClassTarget):
        labels = ", ".join(target.classes[:10]) + (" …" if len(target.classes) > 10 else "")
        return [(target.name, "target", f"{len(target.classes)} classes", labels)]
    return [(name, "target", "number", "") for name in target.names]


def describe(model_path: str) -> Description:
    """What a model file holds."""
    model = load(Path(model_path))
    history = {name: [None if value != value else value for value in values.tolist()] for name, values in model.history.items()}
    return Description(
        model=model_path,
        parameters=model.network.parameters.theta.size,
        bytes=Path(model_path).stat().st_size,
        columns={column.name: f"{column.kind}, {column.width} inputs" for column in model.features.columns},
        target="\n".join(f"{name}: {size} {labels}" for name, _, size, labels in target_rows(model.target)),
        history=history,
        spec=to_plain(model.spec),
        **model.result,
    )


def write_predictions(predictions: Predictions, out: Path) -> None:
    """Publish predictions as a CSV file."""
    text = io.StringIO(newline="")
    write_table(predictions.columns, text)
    publish(out, lambda stream: stream.write(text.getvalue().encode()) and None)


def memory(course: Course) -> int:
    """Bytes of a training: the rows of both parts, θ, gradient, optimizer slots and best copy, arrays of a step."""
    theta = course.network.parameters.theta
    slots = initial_state(course.network, course.spec.optimizer).slots
    parts = [course.train] + ([course.validation] if course.validation else [])
    rows = sum(part.x.nbytes + part.targets.nbytes + part.truth.nbytes for part in parts)
    per_row = sum(course.network.widths) * theta.itemsize
    return rows + 3 * theta.nbytes + sum(slot.nbytes for slot in slots.values()) + 2 * course.batch_size * per_row


class LoadedModel:
    """A model in memory: `predict` takes a mapping of columns, a data frame or a two-dimensional array."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def spec(self) -> dict[str, Any]:
        """The resolved spec, as plain values."""
        plain: dict[str, Any] = to_plain(self.model.spec)
        return plain

    def predict(self, table: Any, *, probabilities: bool = False) -> dict[str, list[str]]:
        """The predicted columns, by name."""
        rows = Rows("table", columns_of(table, self.model))
        return predict(self.model, rows, probabilities=probabilities).columns


def columns_of(table: Any, model: Model) -> Table:
    """The columns of a mapping, of any data frame (named columns that can be looked up), or of an array in order."""
    if isinstance(table, Mapping):
        return from_columns(table)
    if hasattr(table, "columns"):
        return from_columns({name: table[name] for name in table.columns})
    array = np.asarray(table)
    names = [column.name for column in model.features.columns]
    if array.ndim != 2 or array.shape[1] != len(names):
        raise DataError(f"table: an array of {len(names)} columns is expected ({', '.join(names)})")
    return from_columns({name: array[:, position] for position, name in enumerate(names)})


def load_model(path: str) -> LoadedModel:
    """The model in a file."""
    return LoadedModel(load(Path(path)))
