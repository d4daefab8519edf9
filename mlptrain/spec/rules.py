"""Contradictions between parts of a spec that are right by themselves: (path, problem) pairs."""

from collections.abc import Iterator
from dataclasses import fields

from mlptrain.data.column_rules import ColumnRules
from mlptrain.data.features import COLUMN_CLASSES
from mlptrain.data.table_format import is_known_encoding
from mlptrain.data.urls import find_url_fault, name_url
from mlptrain.engine.schedules import find_plateau_rule
from mlptrain.spec.durations import parse_duration
from mlptrain.spec.fields import Data, ModelSpec, Spec, narrow_to_images
from mlptrain.spec.suggestions import write_meant_number

MOST_LAYERS = 1000

Problem = tuple[tuple[str, ...], str]


def find_contradictions(spec: Spec) -> Iterator[Problem]:
    """Every contradiction that can be seen without the data."""
    yield from check_data(spec)
    yield from check_columns(spec)
    yield from check_split(spec.data)
    yield from check_layers(spec)
    yield from check_residual_blocks(spec.model)
    yield from check_schedules(spec)
    yield from check_idle_schedules(spec)
    yield from check_need_for_validation(spec)
    yield from check_refit(spec)
    yield from check_time_limit(spec)
    yield from check_optimizer(spec)
    yield from check_initial_weights(spec)


def check_data(spec: Spec) -> Iterator[Problem]:
    data = spec.data
    targets = data.targets
    images = narrow_to_images(data.train)
    if images is None and not any(targets):
        yield ("data",), "'target' is missing: which column is to be predicted?"
    if images is not None and images.labels is None:
        yield ("data", "train"), "'labels' is missing: images need labels to learn from"
    if len(set(targets)) < len(targets):
        yield ("data", "target"), "a column is named twice"
    for path, given in list_file_lists(data):
        if not given:
            yield path, "the list is empty; name a file"
        if len(set(given)) < len(given):
            yield path, "a file is named twice; its rows would count double"
    for path, source in list_source_files(data):
        if "://" in source and (fault := find_url_fault(source)):
            yield path, f"{name_url(source)!r} is a URL; {fault}"
    if data.delimiter is not None and data.delimiter in '"\r\n\0' + " " * data.skip_initial_space:
        yield ("data", "delimiter"), f"{data.delimiter!r} cannot separate cells; name the character that does"
    if not is_known_encoding(data.encoding):
        yield ("data", "encoding"), f"{data.encoding!r} is no text encoding; utf-8, cp1252 and latin-1 are common"
    if data.skip_after_names and not data.has_header:
        yield ("data", "skip_after_names"), "there is no line of names (header: false); set data.skip_rows"
    if data.thousands == data.decimal:
        yield ("data", "thousands"), f"{data.thousands!r} is the decimal point; set data.decimal as well"
    for unit in data.units:
        if not unit.strip(" .,") or any(character.isdecimal() or character in "+-" for character in unit):
            yield ("data", "units"), f"{unit!r} is no unit; write a text without digits and signs, such as '%'"
    if data.positive_class is not None and len(targets) > 1:
        yield ("data", "positive_class"), "several targets are numbers, which have no classes; remove it"
    if data.sample_weight in targets and data.sample_weight:
        yield ("data", "sample_weight"), f"{data.sample_weight!r} is the target; weights need a column of their own"


def check_columns(spec: Spec) -> Iterator[Problem]:
    data = spec.data
    for name, own in data.rules.columns.items():
        path = ("data", "columns", name)
        if name in data.targets:
            yield from check_target_rules(spec, path, own)
        if name == data.sample_weight and own != ColumnRules(missing_values=own.missing_values):
            yield path, "this is data.sample_weight, a column of numbers that is no feature; remove its settings"
        if own.imputing is not None and own.type == "ignore":
            yield (*path, "imputing"), "an ignored column is not filled; remove it, or the type"
        if own.levels is not None and own.min_frequency is not None:
            yield (*path, "min_frequency"), "the levels are given, however rare they are; remove one of the two"
        for key in (key for column in COLUMN_CLASSES for key in column.own_keys):
            value = getattr(own, key.name)
            for problem in (key.explain_refusal(own.type), key.find_fault(value)) if value is not None else ():
                if problem:
                    yield (*path, key.name), problem


def check_target_rules(spec: Spec, path: tuple[str, ...], own: ColumnRules) -> Iterator[Problem]:
    """What is said about a target must count: its kind and what means missing; the rest is for features."""
    several, loss = len(spec.data.targets) > 1, spec.loss
    if own.type in ("ignore", "date"):
        why = "it cannot be ignored" if own.type == "ignore" else "a date cannot be predicted; set number or category"
        yield path, f"this is the target; {why}"
    if several and own.type in ("category", "boolean"):
        yield path, f"there are {len(spec.data.targets)} targets, which are numbers; a {own.type} must be the only one"
    if own.type == "number" and loss is not None and loss.classes:
        yield (
            path,
            f"the target is declared as a number, and the loss {loss.name} is for classes; remove one of the two",
        )
    for key in ("scaling", "imputing", "encoding", "min_frequency", "levels", "format"):
        if getattr(own, key) is not None:
            yield path, f"this is the target; {key} is for features"


def check_split(data: Data) -> Iterator[Problem]:
    split = data.split
    share = split.validation if isinstance(split.validation, float) else 0.0
    by_column = split.type in ("group", "time", "column")
    if isinstance(split.validation, str) and (meant := write_meant_number(split.validation)):
        yield ("data", "split", "validation"), f"{split.validation!r}: write {meant}"
    if share + split.test >= 1:
        yield ("data", "split"), f"{share:g} for validation and {split.test:g} for test leave nothing for training"
    if by_column and split.column is None:
        yield (
            ("data", "split"),
            f"'column' is missing: which column holds the {split.type if split.type != 'column' else 'part'}s?",
        )
    if split.column is not None and not by_column:
        yield ("data", "split", "column"), f"type: {split.type} needs no column; set type: group, time or column"
    if split.column is not None and split.column in data.targets:
        yield ("data", "split", "column"), f"{split.column!r} is the target"
    if by_column and narrow_to_images(data.train) is not None:
        yield ("data", "split", "type"), "images have no columns; use random or stratify"
    if split.type == "column" and (split.validation != 0.0 or split.test or split.folds):
        yield ("data", "split"), "the column says what is held out; remove validation, test and folds"
    if split.folds is not None and split.validation != 0.0:
        yield ("data", "split", "validation"), "each fold is validated on the rows it holds out; remove one of the two"
    if split.repeats > 1 and split.type in ("time", "column"):
        yield ("data", "split", "repeats"), f"nothing is drawn in a {split.type} split; remove it"
    elif split.repeats > 1 and split.folds is None and not share:
        yield ("data", "split", "repeats"), "there is nothing to draw anew; set folds, or a share for validation"


def list_file_lists(data: Data) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The lists of files, each with its path in the spec."""
    given = {("data", "train"): data.train, ("data", "test"): data.test}
    for path, source in (given | {("data", "split", "validation"): data.split.validation}).items():
        if isinstance(source, tuple):
            yield path, source


def list_source_files(data: Data) -> Iterator[tuple[tuple[str, ...], str]]:
    """The names of all files, each with its path in the spec."""
    given = {("data", "train"): data.train, ("data", "test"): data.test}
    for path, source in (given | {("data", "split", "validation"): data.split.validation}).items():
        if isinstance(source, str | tuple):
            yield from ((path, file) for file in ([source] if isinstance(source, str) else source))
        elif (images := narrow_to_images(source)) is not None:
            yield (*path, "images"), images.images
            yield (*path, "labels"), images.labels or ""


def check_layers(spec: Spec) -> Iterator[Problem]:
    model = spec.model
    layers = len(model.hidden if model.layers is None else model.layers)
    if layers > MOST_LAYERS:
        key = "hidden" if model.layers is None else "layers"
        yield ("model", key), f"{layers} hidden layers; there may be {MOST_LAYERS:,}"
    if isinstance(model.dropout, tuple) and len(model.dropout) != layers:
        given = len(model.dropout)
        counts = f"{given} value{'s' * (given != 1)} for {layers} hidden layer{'s' * (layers != 1)}"
        yield ("model", "dropout"), f"{counts}; give one for each, or a single one"
    if not layers and spec.members.shares_trunk:
        why = f"the members of {spec.members.name} share hidden layers, and there are none"
        yield ("members",), f"{why}; give model.hidden, or a number of members"
    norms = [model.norm, *(layer.norm for layer in model.layers or ())]
    if spec.training.batch_size == 1 and any(norm and norm.traits.several_rows for norm in norms):
        yield ("training", "batch_size"), "batch normalisation needs batches of 2 rows or more"


def check_residual_blocks(model: ModelSpec) -> Iterator[Problem]:
    """Blocks are whole, and end as wide as they begin."""
    size = model.residual
    if size is None:
        return
    units = list(model.hidden) if model.layers is None else [layer.units for layer in model.layers]
    if len(units) < 2 or (len(units) - 1) % size:
        there = f"the first hidden layer stands before the blocks, and {max(len(units) - 1, 0)} follow it"
        yield ("model", "residual"), f"{there}: they make no whole blocks of {size}; change either number"
        return
    for last in range(size, len(units), size):
        if units[last] != units[0]:
            why = f"its block adds its output to {units[0]} numbers; make all blocks end with {units[0]} units"
            yield ("model", "residual"), f"hidden layer {last + 1} has {units[last]} units, but {why}"


def check_schedules(spec: Spec) -> Iterator[Problem]:
    for each in fields(spec.schedules):
        schedule = getattr(spec.schedules, each.name)
        while schedule is not None:
            epochs = getattr(schedule, "epochs", None)
            if epochs is not None and epochs > spec.training.epochs:
                said = f"{schedule.name} takes {epochs:g} epochs, the run has {spec.training.epochs}; shorten it"
                yield ("schedules", each.name), said
            schedule = getattr(schedule, "then", None)


def check_idle_schedules(spec: Spec) -> Iterator[Problem]:
    """Schedules of what the spec does not have, and rules that watch nothing there."""
    schedules = spec.schedules
    if schedules.dropout and not has_dropout(spec.model):
        yield ("schedules", "dropout"), "there is no dropout to change; set model.dropout, or remove it"
    if schedules.weight_decay and "weight_decay" not in spec.optimizer.schedulable:
        yield ("schedules", "weight_decay"), f"{spec.optimizer.name} has no weight decay; remove it"
    elif schedules.weight_decay and not getattr(spec.optimizer, "weight_decay", 0.0):
        said = "there is no weight decay to change; set optimizer.weight_decay, or remove it"
        yield ("schedules", "weight_decay"), said
    for name in ("momentum", "dropout", "weight_decay"):
        schedule = getattr(schedules, name)
        if schedule and find_plateau_rule(schedule):
            yield ("schedules", name), "reduce_on_plateau is for the learning rate; use another schedule"


def has_dropout(model: ModelSpec) -> bool:
    """Whether any layer drops units or inputs."""
    own = [layer.dropout for layer in model.layers or ()]
    return any(each not in (None, ()) for each in (model.dropout, model.input_dropout, *own))


def check_need_for_validation(spec: Spec) -> Iterator[Problem]:
    unwatched = not spec.data.split.validates
    training = spec.training
    if unwatched and training.early_stopping is not None:
        yield ("training", "early_stopping"), "there is no validation part to watch; set data.split.validation or folds"
    if unwatched and training.monitor != "loss":
        yield ("training", "monitor"), "there is no validation part to watch; set data.split.validation or folds"
    if unwatched and spec.model.calibration != "none":
        yield (
            ("model", "calibration"),
            "there are no validation rows to calibrate on; set data.split.validation",
        )
    schedule = spec.schedules.learning_rate
    if unwatched and schedule and find_plateau_rule(schedule):
        yield ("schedules", "learning_rate"), "there is no validation part to watch; set data.split.validation or folds"


def check_refit(spec: Spec) -> Iterator[Problem]:
    path, split = ("training", "refit"), spec.data.split
    if not spec.training.refit:
        return
    if not split.validates:
        yield path, "there is no validation part that tells the best epoch; set data.split.validation"
    elif split.folds is not None or split.repeats > 1:
        yield path, "several networks are averaged, which have seen all rows between them; remove it, or the folds"
    elif not isinstance(split.validation, float):
        yield path, "the validation rows are in a file of their own; name it in data.train, and set a share or a column"
    schedule = spec.schedules.learning_rate
    if schedule and find_plateau_rule(schedule):
        yield path, "reduce_on_plateau watches validation rows, and a refit has none; use another schedule"


def check_time_limit(spec: Spec) -> Iterator[Problem]:
    limit = spec.training.time_limit
    if isinstance(limit, str):
        try:
            parse_duration(limit)
        except ValueError as problem:
            yield ("training", "time_limit"), str(problem)


def check_optimizer(spec: Spec) -> Iterator[Problem]:
    optimizer = spec.optimizer
    if optimizer.full_batch and spec.training.batch_size != "full":
        yield ("training", "batch_size"), f"{optimizer.name} works on all rows at once; set batch_size: full"
    if not optimizer.trains_members and spec.members.count > 1:
        yield (
            ("members",),
            f"{optimizer.name} trains one network at a time; for several set data.split.folds or repeats",
        )
    if spec.schedules.momentum and "momentum" not in optimizer.schedulable:
        yield ("schedules", "momentum"), f"{optimizer.name} has no momentum; use momentum or nesterov"


def check_initial_weights(spec: Spec) -> Iterator[Problem]:
    start = spec.start
    if start is not None and "://" in start.file:
        path = ("initial_weights",) if isinstance(spec.initial_weights, str) else ("initial_weights", "file")
        yield path, f"{name_url(start.file)!r} is a URL; download the file and name it here"
    if len(set(spec.training.freeze)) < len(spec.training.freeze):
        yield ("training", "freeze"), "a layer is named twice"
