"""Which columns several files have in common: the same ones, of which types."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from mlptrain.data.column_types import ColumnType
from mlptrain.errors import DataError


class TypedSource(Protocol):
    """A file that may know the types of its columns."""

    @property
    def name(self) -> str: ...

    def types(self) -> Mapping[str, ColumnType]: ...


def find_common_types(readers: Sequence[TypedSource]) -> dict[str, ColumnType]:
    """The types of the columns that are of one type in all files; what is an index in one of them is one in all."""
    found = [reader.types() for reader in readers]
    common = {}
    for name, first in found[0].items():
        types = [each[name] for each in found if name in each]
        if len(types) == len(found) and all(replace(each, is_index=first.is_index) == first for each in types):
            saying = [reader.name for reader, each in zip(readers, types, strict=True) if each.is_index]
            only = saying[0] if 0 < len(saying) < len(readers) else ""
            common[name] = replace(first, is_index=bool(saying), only_index_in=only)
    return common


def check_same_columns(place: str, names: Sequence[str], first: str, known: Sequence[str]) -> None:
    """An error where a file has other columns than the first one."""
    there, before = set(names), set(known)
    if absent := [column for column in known if column not in there]:
        raise DataError(f"{place}: column {absent[0]!r} is missing, which {first} has; all files need the same columns")
    if extra := [column for column in names if column not in before]:
        raise DataError(f"{place}: column {extra[0]!r} is not in {first}; all files need the same columns")
