"""What a spec may not say together, although each part by itself is right: (path, problem) pairs."""

from collections.abc import Iterator

from mlptrain.data.table import known_encoding
from mlptrain.engine.layers import BatchNorm
from mlptrain.engine.lbfgs import LBFGS
from mlptrain.engine.schedules import plateau_rule
from mlptrain.spec.fields import Data, Images, Spec

Problem = tuple[tuple[str, ...], str]


def contradictions(spec: Spec) -> Iterator[Problem]:
    """Every contradiction that can be seen without the data."""
    yield from of_data(spec)
    yield from of_layers(spec)
    yield from of_training(spec)
    yield from of_optimizer(spec)


def of_data(spec: Spec) -> Iterator[Problem]:
    data = spec.data
    targets = (data.target,) if isinstance(data.target, str) else data.target
    if isinstance(data.train, str) and not any(targets):
        yield ("data",), "'target' is missing: which column is to be predicted?"
    if isinstance(data.train, Images) and data.train.labels is None:
        yield ("data", "train"), "'labels' is missing: images need labels to learn from"
    if len(set(targets)) < len(targets):
        yield ("data", "target"), "a column is named twice"
    for path, source in sources(data):
        if "://" in source:
            yield path, f"{source!r} is a URL; download the file and name it here"
    if data.delimiter is not None and data.delimiter in '"\r\n\0' + " " * data.skip_initial_space:
        yield ("data", "delimiter"), f"{data.delimiter!r} cannot separate cells; name the character that does"
    if not known_encoding(data.encoding):
        yield ("data", "encoding"), f"{data.encoding!r} is no text encoding; utf-8, cp1252 and latin-1 are common"
    for target in targets:
        if data.columns.get(target) == "ignore":
            yield ("data", "columns", target), "this is the target; it cannot be ignored"
        if target and target == data.sample_weight:
            yield ("data", "sample_weight"), f"{target!r} is the target; weights need a column of their own"
    share = data.split.validation if isinstance(data.split.validation, float) else 0.0
    if share + data.split.test >= 1:
        yield ("data", "split"), f"{share:g} for validation and {data.split.test:g} for test leave nothing for training"


def sources(data: Data) -> Iterator[tuple[tuple[str, ...], str]]:
    """The names of all files, each with its path in the spec."""
    given = {("data", "train"): data.train, ("data", "test"): data.test}
    for path, source in (given | {("data", "split", "validation"): data.split.validation}).items():
        if isinstance(source, str):
            yield path, source
        elif isinstance(source, Images):
            yield (*path, "images"), source.images
            yield (*path, "labels"), source.labels or ""


def of_layers(spec: Spec) -> Iterator[Problem]:
    model = spec.model
    layers = len(model.hidden if model.layers is None else model.layers)
    if isinstance(model.dropout, tuple) and len(model.dropout) != layers:
        given = len(model.dropout)
        yield ("model", "dropout"), f"{given} values for {layers} hidden layers; give one for each, or a single one"
    norms = [model.norm, *(layer.norm for layer in model.layers or ())]
    if spec.training.batch_size == 1 and any(isinstance(norm, BatchNorm) for norm in norms):
        yield ("training", "batch_size"), "batch normalisation needs batches of 2 rows or more"


def of_training(spec: Spec) -> Iterator[Problem]:
    unwatched = spec.data.split.validation == 0.0
    training = spec.training
    if unwatched and training.early_stopping is not None:
        yield ("training", "early_stopping"), "there is no validation part to watch; set data.split.validation"
    if unwatched and training.monitor != "loss":
        yield ("training", "monitor"), "there is no validation part to watch; set data.split.validation"
    schedule = spec.schedules.learning_rate
    if unwatched and schedule and plateau_rule(schedule):
        yield ("schedules", "learning_rate"), "there is no validation part to watch; set data.split.validation"


def of_optimizer(spec: Spec) -> Iterator[Problem]:
    optimizer = spec.optimizer
    if isinstance(optimizer, LBFGS) and spec.training.batch_size != "full":
        yield ("training", "batch_size"), "lbfgs works on all rows at once; set batch_size: full"
    if spec.schedules.momentum and not hasattr(optimizer, "momentum"):
        yield ("schedules", "momentum"), f"{optimizer.name} has no momentum; use momentum or nesterov"
