"""`fit`: a spec to a model file."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlptrain.architecture import build_network
from mlptrain.errors import Interrupted
from mlptrain.model_file import Model, check_replaceable, folder_between, history_arrays, save
from mlptrain.publishing import check_writable
from mlptrain.spec.fields import Spec
from mlptrain.training.events import EpochEnded, Event, Finished
from mlptrain.training.examples import outputs_for
from mlptrain.training.loop import Course, diverged, never
from mlptrain.training.loop import fit as train
from mlptrain.training.preparation import Prepared, prepare
from mlptrain.training.state import initial_state
from mlptrain.workflows.measuring import Metrics, measured, split_values

Sink = Callable[[Event], object]


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


def load_spec(path: str, overrides: Sequence[str]) -> tuple[Spec, Path, list[str]]:
    """The spec of a file ("-": standard input), its folder, and notices."""
    from mlptrain.spec.file import load_spec as read
    from mlptrain.spec.yaml_text import read_stdin

    text = read_stdin() if path == "-" else None
    spec, notices = read("standard input" if path == "-" else path, overrides, text)
    return spec, Path() if path == "-" else Path(path).parent, notices


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


def default_output(spec_path: str) -> Path:
    """<spec name>.npz in the working directory."""
    return Path("model.npz" if spec_path == "-" else f"{Path(spec_path).stem}.npz")


def fit(
    spec_path: str,
    *,
    out: Path | None = None,
    overrides: Sequence[str] = (),
    sinks: Iterable[Sink] = (),
    notice: Callable[[str], object] = str,
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
        raise Interrupted("stopped before the first epoch ended; nothing was written")
    measures = final_metrics(course)
    if measures["train"]["loss"] is None:
        raise diverged("after the last step", state.history[-1].learning_rate)
    result = FitResult(
        model=str(out),
        reason=finished.reason,
        epochs=finished.epochs,
        best_epoch=finished.best_epoch,
        metrics=measures,
        seconds=finished.seconds,
        parameters=course.network.parameters.theta.size,
    )
    save(trained(prepared, course, result, state.history, folder_between(out, folder)), out)
    return result


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
    ignored = {name: why for name, why in prepared.features.ignored.items() if why != "as declared"}
    shown = "; ".join(f"{name} ({why})" for name, why in list(ignored.items())[:10])
    more = f" and {len(ignored) - 10} more" if len(ignored) > 10 else ""
    return [f"columns not used: {shown}{more}"] if ignored else []


def final_metrics(course: Course) -> dict[str, Metrics]:
    """All metrics of the parts, with the parameters that were kept."""
    parts = {"train": course.train} | ({"validation": course.validation} if course.validation else {})
    return {name: split_values(measured(course, part))[0] for name, part in parts.items()}
