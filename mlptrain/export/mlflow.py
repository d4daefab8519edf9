"""A model as a folder that MLflow loads: the model file itself, what runs it, and what it takes and gives.

Nothing of MLflow is imported: it finds the loader by its name in the file MLmodel.
"""

import json
import platform
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.features import PixelFeatures
from mlptrain.errors import SpecError
from mlptrain.export.cells import PIXELS, Cells
from mlptrain.export.plan import DateInput, Plan
from mlptrain.model.model import Model
from mlptrain.notices import Notice

LOADER = "mlptrain.export.mlflow"
SIGNATURE = f'loader_module: "{LOADER}"'.encode()
MODEL_FILE = "model.npz"
OLDEST = "mlflow>=2.19"
"""The first version that knows columns of any type: mlptrain itself reads what cells mean, and says what is wrong."""
PARAMETERS = [{"name": "probabilities", "type": "boolean", "default": False, "shape": None}]

MLMODEL = """flavors:
  python_function:
    {signature}
    data: {data}
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    python_version: {python}
model_uuid: {uuid}
signature:
  inputs: {inputs}
  outputs: {outputs}
  params: {params}
metadata:
  model: {model}
  sha256: {sha256}
  mlptrain: {version}
"""
PYTHON_ENV = """python: {python}
build_dependencies:
  - pip
dependencies:
  - -r requirements.txt
"""
CONDA = """name: mlptrain
channels:
  - conda-forge
dependencies:
  - python={python}
  - pip
  - pip:
      - -r requirements.txt
"""


def write_mlflow(model: Model, plan: Plan, content: bytes) -> dict[str, bytes]:
    """The files of the folder, for a model whose file has this content."""
    python, version = platform.python_version(), plan.origin["mlptrain"]
    requirements = f"mlptrain=={version}\nnumpy=={np.__version__}\n{OLDEST}\n"
    described = MLMODEL.format(
        signature=SIGNATURE.decode(),
        data=MODEL_FILE,
        python=python,
        uuid=plan.origin["sha256"][:32],
        inputs=quote_json(describe_inputs(model, plan)),
        outputs=quote_json(describe_outputs(model, plan)),
        params=quote_json(PARAMETERS if plan.are_probabilities else None),
        model=quote_text(plan.origin["model"]),
        sha256=quote_text(plan.origin["sha256"]),
        version=quote_text(version),
    )
    texts = {
        "MLmodel": described,
        "conda.yaml": CONDA.format(python=python),
        "python_env.yaml": PYTHON_ENV.format(python=python),
        "requirements.txt": requirements,
    }
    return {**{name: text.encode() for name, text in texts.items()}, MODEL_FILE: content}


def quote_json(value: Any) -> str:
    """A value as JSON within a text of YAML."""
    return "null" if value is None else quote_text(json.dumps(value))


def quote_text(text: str) -> str:
    r"""A text as YAML has it, in ASCII whatever is in it; a half of a character, which YAML has not, is spelt out.

    >>> print(quote_text('a"\\é\ud800'))
    "a\"\\\U000000E9\\ud800"
    """
    whole = text.encode("utf-8", "backslashreplace").decode()
    plain = json.dumps(whole, ensure_ascii=False)
    return "".join(each if " " <= each <= "~" else f"\\U{ord(each):08X}" for each in plain)


def describe_inputs(model: Model, plan: Plan) -> list[dict[str, Any]]:
    """The columns, of any type; of images a tensor of bytes."""
    features = model.networks[0].features
    if isinstance(features, PixelFeatures):
        return [describe_tensor("uint8", *features.shape)]
    return [{"type": "any", "name": each.name, "required": True} for each in plan.inputs]


def describe_outputs(model: Model, plan: Plan) -> list[dict[str, Any]]:
    """What `predict` gives: an array of labels or of numbers."""
    of_each_row = () if len(plan.targets) == 1 else (len(plan.targets),)
    return [describe_tensor(model.classes.dtype.name if plan.classes else "float64", *of_each_row)]


def describe_tensor(dtype: str, *shape: int) -> dict[str, Any]:
    """An array of any number of rows."""
    name = "str" if dtype.startswith("str") else dtype
    return {"type": "tensor", "tensor-spec": {"dtype": name, "shape": [-1, *shape]}}


@dataclass(frozen=True)
class MlflowModel:
    """What MLflow predicts with."""

    model: Model

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> NDArray[Any]:
        """The labels or numbers of a data frame's rows; with the parameter `probabilities`, those of the classes.

        Probabilities are (rows, classes), in the order of `model.classes`.
        """
        asked = dict(params or {})
        has_probabilities = asked.pop("probabilities", False)
        if asked:
            raise SpecError(f"params: {next(iter(asked))!r:.80} is not known here; there is probabilities")
        return self.model.predict_proba(data) if has_probabilities else self.model.predict(data)


def _load_pyfunc(path: str) -> MlflowModel:
    """The model in a file: MLflow calls it by this name."""
    return MlflowModel(Model.load(path))


def predict_with_mlflow(path: Path, cells: Cells, plan: Plan) -> NDArray[np.float64]:
    """Scores of the classes (B, C), or numbers (B, K), of rows, by the model in the folder at `path`."""
    loaded = _load_pyfunc(str(path / MODEL_FILE)).model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)  # the rows have been looked at
        values: NDArray[np.float64] = loaded.predict_memory(make_columns(cells, plan, loaded)).astype(np.float64)
    return values


def make_columns(cells: Cells, plan: Plan, model: Model) -> Any:
    """Cells as a user has them: moments as dates of NumPy; pixels as images."""
    features = model.networks[0].features
    if isinstance(features, PixelFeatures):
        return np.reshape(cells[PIXELS], (-1, *features.shape))
    dates = {each.name for each in plan.inputs if isinstance(each, DateInput)}
    return {name: make_dates(values) if name in dates else values for name, values in cells.items()}


def make_dates(seconds: Any) -> NDArray[np.datetime64]:
    """Seconds since 1970 as dates."""
    missing = np.isnan(seconds)
    found: NDArray[np.datetime64] = np.where(missing, 0, np.round(seconds * 1e6)).astype("datetime64[us]")
    found[missing] = np.datetime64("NaT")
    return found
