"""Which keys of a spec differ from their defaults."""

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any


def list_changed_keys(value: Any, above: str = "") -> Iterator[str]:
    """The paths of the keys whose values are not the defaults, of a component those within it.

    A component of another name than the default one is changed as a whole: its `name`, and what differs from its own
    defaults.
    """
    for field in fields(value):
        found, default = getattr(value, field.name), find_default(field)
        if found == default:
            continue
        path = f"{above}{field.name}"
        if not is_dataclass(found):
            yield path
        elif type(found) is type(default) or default is MISSING:
            yield from list_changed_keys(found, f"{path}.")
        else:
            yield f"{path}.name" if hasattr(found, "name") else path
            yield from list_changed_keys(found, f"{path}.")


def find_default(field: Field[Any]) -> Any:
    """The default of a field; MISSING for one that must be given."""
    return field.default if field.default_factory is MISSING else field.default_factory()
