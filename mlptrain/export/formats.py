"""What a model can be exported to: frozen dataclasses, a union at the end.

A format writes files from a `Source`; the names of the files are relative to what the user names, "" being itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, get_args

from mlptrain.errors import SpecError
from mlptrain.export.c import SIGNATURE as C_SIGNATURE
from mlptrain.export.c import write_c
from mlptrain.export.plan import Plan
from mlptrain.export.python import SIGNATURE as PYTHON_SIGNATURE
from mlptrain.export.python import write_python
from mlptrain.model.model import Model

Files = Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A model to export: as it is, where its file is, and its plan."""

    model: Model
    path: Path
    plan: Plan


@dataclass(frozen=True, kw_only=True)
class PythonFormat:
    """One Python file that predicts with the standard library alone."""

    name: ClassVar[str] = "python"
    ending: ClassVar[str] = ".py"
    signature: ClassVar[bytes] = PYTHON_SIGNATURE
    """What a file of this format has near its begin: only such a file may be replaced."""

    def write(self, source: Source) -> Files:
        """The files."""
        return {"": write_python(source.plan).encode()}


@dataclass(frozen=True, kw_only=True)
class CFormat:
    """One C99 header with all that a prediction needs, without the heap."""

    name: ClassVar[str] = "c"
    ending: ClassVar[str] = ".h"
    signature: ClassVar[bytes] = C_SIGNATURE

    def write(self, source: Source) -> Files:
        """The files."""
        return {"": write_c(source.plan).encode()}


Format = PythonFormat | CFormat
"""The formats."""

FORMATS: Mapping[str, type[Format]] = {each.name: each for each in get_args(Format)}


def choose_format(name: str) -> Format:
    """The format of a name."""
    if name not in FORMATS:
        raise SpecError(f"--format: {name!r} is not one of {', '.join(FORMATS)}")
    return FORMATS[name]()
