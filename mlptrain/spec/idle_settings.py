"""Settings that say nothing: what a spec gives and nothing will use, so that the user hears of it."""

from collections.abc import Collection, Iterator
from dataclasses import fields
from typing import Any

from mlptrain.spec.document import Document
from mlptrain.spec.fields import ModelSpec, Spec

Idle = tuple[tuple[str, ...], str]
"""The path of a setting, and why nothing uses it."""

OF_HIDDEN_LAYERS = ("activation", "norm", "dropout", "max_norm")


OF_FILES = (
    *("delimiter", "encoding", "header", "skip_rows", "skip_after_names", "skip_footer", "sheet", "skip_initial_space"),
)
"""The settings of how a table is read that say nothing of one in memory, whose texts may have all the others."""


def describe_file_settings(spec: Spec, document: Document) -> list[str]:
    """One notice for each setting that is for files, where the rows are in memory and the spec names no other file."""
    data = spec.data
    if data.test is not None or not isinstance(data.split.validation, int | float | None):
        return []
    return [
        f"{document.place(path)}: {'.'.join(path)} is for files: the rows are in memory"
        for path in (("data", name) for name in OF_FILES)
        if is_given(document, path) and not has_field_default(spec.data, path[-1])
    ]


def has_field_default(section: Any, name: str) -> bool:
    """Whether the value of a field is the one that it has by default."""
    default = next(each.default for each in fields(section) if each.name == name)
    return bool(getattr(section, name) == default)


def describe_idle_settings(spec: Spec, document: Document, overridden: Collection[str] = ()) -> list[str]:
    """One notice for each setting of the user's own document that nothing will use.

    A default is named only where its key is among the `overridden` ones: a resolved spec has every default written
    out, but whoever overrides one setting means it, unless to turn it off.
    """
    return [
        f"{document.place(path)}: {'.'.join(path)} is not used: {why}"
        for path, why in find_idle_settings(spec)
        if is_given(document, path) and (is_turned_on(spec, path, overridden) or not has_default(spec, path))
    ]


def is_turned_on(spec: Spec, path: tuple[str, ...], overridden: Collection[str]) -> bool:
    """Whether an override has set what stands at a path, to more than nothing."""
    return ".".join(path) in overridden and find_setting(spec, path) not in (None, False)


def has_default(spec: Spec, path: tuple[str, ...]) -> bool:
    """Whether the value at a path is the one that its section has by default."""
    section = find_setting(spec, path[:-1])
    return bool(getattr(section, path[-1]) == getattr(type(section)(), path[-1]))


def find_setting(spec: Spec, path: tuple[str, ...]) -> Any:
    """What stands at a path of a spec: a value, or a section."""
    found: Any = spec
    for step in path:
        found = getattr(found, step)
    return found


def is_given(document: Document, path: tuple[str, ...]) -> bool:
    """Whether the document itself has a value at a path, other than none."""
    tree = document.tree
    for step in path:
        if not isinstance(tree, dict) or tree.get(step) is None:
            return False
        tree = tree[step]
    return True


def find_idle_settings(spec: Spec) -> Iterator[Idle]:
    """Every setting that nothing uses beside the others, whether or not it is given."""
    yield from find_idle_layer_settings(spec.model)
    yield from find_idle_training_settings(spec)
    yield from find_idle_split(spec)


def find_idle_layer_settings(model: ModelSpec) -> Iterator[Idle]:
    """Settings of hidden layers where there are none, or where each layer has its own."""
    if model.layers is not None:
        yield ("model", "hidden"), "model.layers says which layers there are"
    if not (model.hidden if model.layers is None else model.layers):
        yield from ((("model", name), "there is no hidden layer") for name in OF_HIDDEN_LAYERS)
    elif model.layers is not None:
        for name in {each.name for each in fields(model)} & {each.name for each in fields(model.layers[0])}:
            if all(getattr(layer, name) is not None for layer in model.layers) and not is_used_by_output(name, model):
                yield ("model", name), "each of model.layers has its own"


def is_used_by_output(name: str, model: ModelSpec) -> bool:
    """Whether the output layer takes a setting over."""
    return name.endswith("_initializer") and getattr(model.output, name) is None


def find_idle_training_settings(spec: Spec) -> Iterator[Idle]:
    """Settings of batches and of the best epoch that cannot act."""
    training = spec.training
    if training.batch_size == "full":
        yield ("training", "drop_last"), "one batch has all rows"
    if not spec.data.split.validates:
        yield ("training", "ties"), "there is no validation part that tells the best epoch"
    stopping = training.early_stopping
    if stopping is not None and stopping.start_from_epoch + stopping.patience >= training.epochs:
        epochs = f"{training.epochs} epoch{'s end' if training.epochs > 1 else ' ends'}"
        why = f"{epochs} before its patience of {stopping.patience}"
        yield ("training", "early_stopping"), why


def find_idle_split(spec: Spec) -> Iterator[Idle]:
    """A way to divide the rows where nothing is held out."""
    split = spec.data.split
    if not split.validation_share and not split.test and split.folds is None and split.type != "column":
        why = "no share of the rows is held out; set validation, test or folds"
        yield ("data", "split", "type"), why
        yield ("data", "split", "column"), why
