"""What a model can be exported to: frozen dataclasses, a union at the end.

A format writes files from a `Source`; the names of the files are relative to what the user names, "" being itself.
`predict` scores cells with what was written, by another program where there is one.
"""

import keyword
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mlptrain.errors import SpecError
from mlptrain.export.c import SIGNATURE as C_SIGNATURE
from mlptrain.export.c import write_c
from mlptrain.export.c_program import find_compiler, predict_with_c
from mlptrain.export.cells import Cells
from mlptrain.export.framework_script import find_framework, predict_with_script
from mlptrain.export.keras import FRAMEWORK as KERAS
from mlptrain.export.keras import write_keras
from mlptrain.export.mlflow import SIGNATURE as MLFLOW_SIGNATURE
from mlptrain.export.mlflow import predict_with_mlflow, write_mlflow
from mlptrain.export.onnx_file import SIGNATURE as ONNX_SIGNATURE
from mlptrain.export.onnx_outputs import write_onnx
from mlptrain.export.onnx_runtime import open_onnx_file, predict_with_onnx
from mlptrain.export.plan import Plan
from mlptrain.export.python import SIGNATURE as PYTHON_SIGNATURE
from mlptrain.export.python import predict_with_python, write_python
from mlptrain.export.pytorch import FRAMEWORK as PYTORCH
from mlptrain.export.pytorch import write_pytorch
from mlptrain.model.model import Model
from mlptrain.spec.suggestions import suggest_name

Files = Mapping[str, bytes]
Doubles = NDArray[np.float64]


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
    is_module: ClassVar[bool] = True
    """Whether other programs name the file as a module, so that its name must be an identifier."""
    signature: ClassVar[bytes] = PYTHON_SIGNATURE
    """What a file of this format has near its begin: only such a file may be replaced."""

    def write(self, source: Source) -> Files:
        """The files."""
        return {"": write_python(source.plan).encode()}

    def name_executor(self, path: Path) -> str:
        """What `predict` runs the file with."""
        return f"Python {platform.python_version()} (-I -S)"

    def predict(self, path: Path, cells: Cells, source: Source) -> Doubles:
        """Scores of the classes (B, C), or numbers (B, K), by the file at `path`."""
        return predict_with_python(path, cells, source.plan)


@dataclass(frozen=True, kw_only=True)
class MlflowFormat:
    """A folder that MLflow loads: the model itself, and what to run it with."""

    name: ClassVar[str] = "mlflow"
    ending: ClassVar[str] = "_mlflow"
    is_module: ClassVar[bool] = False
    signature: ClassVar[bytes] = MLFLOW_SIGNATURE

    def write(self, source: Source) -> Files:
        """The files."""
        return write_mlflow(source.model, source.plan, source.path.read_bytes())

    def name_executor(self, path: Path) -> str:
        return "the loader that MLflow calls"

    def predict(self, path: Path, cells: Cells, source: Source) -> Doubles:
        return predict_with_mlflow(path, cells, source.plan)


@dataclass(frozen=True, kw_only=True)
class CFormat:
    """One C99 header with all that a prediction needs, without the heap.

    With `enums` texts are values of enumerations, for programs that have none.
    """

    name: ClassVar[str] = "c"
    ending: ClassVar[str] = ".h"
    is_module: ClassVar[bool] = True
    signature: ClassVar[bytes] = C_SIGNATURE
    enums: bool = False

    def write(self, source: Source) -> Files:
        """The files."""
        return {"": write_c(source.plan, enums=self.enums).encode()}

    def name_executor(self, path: Path) -> str:
        return f"{Path(find_compiler()).name} (-std=c99)"

    def predict(self, path: Path, cells: Cells, source: Source) -> Doubles:
        return predict_with_c(path, cells, source.plan, enums=self.enums)


@dataclass(frozen=True, kw_only=True)
class OnnxFormat:
    """One ONNX file: cells in, labels and probabilities or numbers out.

    With `guards` one more output counts the cells of each row that are missing or unknown. Dates are seconds, or texts.
    """

    name: ClassVar[str] = "onnx"
    ending: ClassVar[str] = ".onnx"
    is_module: ClassVar[bool] = False
    signature: ClassVar[bytes] = ONNX_SIGNATURE
    guards: bool = False
    dates: Literal["seconds", "text"] = "seconds"

    def write(self, source: Source) -> Files:
        """The file."""
        return {"": write_onnx(source.plan, guards=self.guards, date_texts=self.dates == "text")}

    def name_executor(self, path: Path) -> str:
        return open_onnx_file(path)[0]

    def predict(self, path: Path, cells: Cells, source: Source) -> Doubles:
        return predict_with_onnx(path, cells, source.plan, date_texts=self.dates == "text")


@dataclass(frozen=True, kw_only=True)
class PyTorchFormat:
    """A script that builds the networks in PyTorch, loads the model's weights and writes them back."""

    name: ClassVar[str] = "pytorch"
    ending: ClassVar[str] = "_pytorch.py"
    is_module: ClassVar[bool] = True
    signature: ClassVar[bytes] = PYTORCH.signature

    def write(self, source: Source) -> Files:
        """The files."""
        return {"": write_pytorch(source.model, source.plan).encode()}

    def name_executor(self, path: Path) -> str:
        return f"PyTorch {find_framework('torch')}"

    def predict(self, path: Path, cells: Cells, source: Source) -> Doubles:
        return predict_with_script(path, source.path, cells, source.plan, "torch")


@dataclass(frozen=True, kw_only=True)
class KerasFormat:
    """A script that builds the networks in Keras, loads the model's weights and writes them back."""

    name: ClassVar[str] = "keras"
    ending: ClassVar[str] = "_keras.py"
    is_module: ClassVar[bool] = True
    signature: ClassVar[bytes] = KERAS.signature

    def write(self, source: Source) -> Files:
        """The files."""
        return {"": write_keras(source.model, source.plan).encode()}

    def name_executor(self, path: Path) -> str:
        return f"Keras {find_framework('keras')}"

    def predict(self, path: Path, cells: Cells, source: Source) -> Doubles:
        return predict_with_script(path, source.path, cells, source.plan, "keras")


Format = OnnxFormat | PythonFormat | CFormat | PyTorchFormat | KerasFormat | MlflowFormat
"""The formats."""

FORMATS: Mapping[str, type[Format]] = {each.name: each for each in get_args(Format)}


def choose_format(name: str, **options: Any) -> Format:
    """The format of a name, with the options that are given."""
    if name not in FORMATS:
        meant = suggest_name(name, list(FORMATS))
        raise SpecError(f"--format: {name!r:.80} is not one of {', '.join(FORMATS)}{meant}")
    given = {option: value for option, value in options.items() if value}
    for option in given:
        having = [each.name for each in FORMATS.values() if option in {one.name for one in fields(each)}]
        if name not in having:
            raise SpecError(f"--{option}: it is an option of --format {' and '.join(having)}, not of {name}")
    return FORMATS[name](**given)


def name_file(stem: str, chosen: Format) -> str:
    """The name of the file (or folder) for a model of a name."""
    return (make_identifier(stem) if chosen.is_module else stem) + chosen.ending


def make_identifier(text: str) -> str:
    """A text as a name that programs can import: ASCII letters, digits and _; no word of Python, no module of its own.

    >>> list(map(make_identifier, ("titanic", "my model-2", "3 folds", "json", "")))
    ['titanic', 'my_model_2', 'model_3_folds', 'json_model', 'model']
    """
    name = re.sub(r"[^0-9A-Za-z_]+", "_", text).strip("_")
    if not name or name[0].isdigit():
        name = f"model_{name}".rstrip("_")
    return f"{name}_model" if keyword.iskeyword(name) or name in sys.stdlib_module_names else name
