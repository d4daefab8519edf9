"""What has changed in a spec since a fit began, in words."""

import json
from collections.abc import Iterator
from dataclasses import replace
from shlex import quote
from typing import Any

from mlptrain.figures import format_setting
from mlptrain.plain import to_stored
from mlptrain.spec.file import Draft
from mlptrain.spec.problems import write_list_item
from mlptrain.spec.words import SHORT_FORMS

NOTED_BY_FIT = (
    *(("initial_weights", "digest"), ("initial_weights", "refit_columns")),
    *(("training", "shuffle", "blocks"), ("training", "shuffle", "together")),
)
"""What a fit notes of the file of its initial weights, and chooses for the width of its inputs."""


def find_nested_differences(
    then: Any, now: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Where two plain values differ: the path and both values (None if one is missing; of a component, its name)."""
    if isinstance(then, dict) and isinstance(now, dict):
        if then.get("name") != now.get("name"):
            yield path, then.get("name"), now.get("name")
            return
        for key in dict.fromkeys([*then, *now]):
            yield from find_nested_differences(then.get(key), now.get(key), (*path, str(key)))
    elif then != now:
        yield path, then, now


def describe_change(path: tuple[str, ...], then: Any, now: Any) -> str:
    """One difference in words."""
    return f"{'.'.join(path)} was {write_setting(then)}, is {write_setting(now)}"


def write_setting(value: Any) -> str:
    """A value of a spec as its user may write it, in one line of YAML and in its short form.

    >>> write_setting({"name": "bernoulli", "rate": 0.1}), write_setting(None), write_setting([64, 32])
    ('0.1', 'none', '[64, 32]')
    """
    if isinstance(value, dict):
        short = next(
            (key for _, name, key in SHORT_FORMS.values() if value.keys() == {"name", key} and value["name"] == name),
            "",
        )
        parts = (f"{key}: {write_setting(each)}" for key, each in value.items())
        return write_setting(value[short]) if short else f"{{{', '.join(parts)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(write_setting, value))}]"
    if isinstance(value, float):
        return format_setting(value) if value else "0"
    if isinstance(value, str):
        return write_list_item(str, value)
    return "none" if value is None else json.dumps(value)


def write_undoing_override(path: tuple[str, ...], then: Any) -> str:
    """With which `--set` a setting has the value that it had; empty where one value does not do it.

    >>> write_undoing_override(("model", "hidden"), [64, 32]), write_undoing_override(("model", "norm"), None)
    (" with --set 'model.hidden=[64, 32]'", '')
    """
    values = then if isinstance(then, list) else [then]
    is_plain = then is not None and not any(isinstance(each, dict) for each in values)
    if not is_plain or any({*step} & {*'."'} for step in path):
        return ""
    override = f"{'.'.join(path)}={write_setting(then)}"
    return f" with --set {quote(override)}"


def find_asked_change(then: Any, draft: Draft) -> tuple[tuple[str, ...], Any, Any] | None:
    """The first difference between the spec of a fit and what is asked for now: its path and both values.

    The number of epochs is left out, which may grow.
    """
    return next((each for each in find_asked_changes(then, draft) if each[0] != ("training", "epochs")), None)


def find_asked_changes(then: Any, draft: Draft) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Where the spec of a fit differs from what is asked for now; the rows are not known, and what they decide is left
    out: the loss if none is given, what a fit notes, all that a recipe says, and what a time limit shortens.
    """
    shortened = draft.spec.training.time_limit is not None
    spec = replace(draft.spec, initial_weights=draft.spec.start)
    for path, before, now in find_nested_differences(then, to_stored(spec)):
        is_open = (path[0] == "loss" or path in NOTED_BY_FIT) and not now
        is_shortened = shortened and (path[0] == "schedules" or path[1:] in (("epochs",), ("time_limit",)))
        if not is_open and not is_shortened and draft.decides(path):
            yield path, before, now
