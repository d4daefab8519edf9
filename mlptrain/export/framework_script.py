"""Scripts that build a model's networks in a framework, load its weights and write them back: what frameworks share.

A script is made of copied definitions, those that it needs of some files of this folder, and of what is written for the
model: a function that builds each network, and the names of its arrays.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.engine.embeddings import InputEmbedding
from mlptrain.engine.layer import Layer, LayerState
from mlptrain.engine.losses import Loss
from mlptrain.engine.members import Shared
from mlptrain.engine.network import Network
from mlptrain.errors import EnvironmentFailure
from mlptrain.export.cells import PIXELS, Cells
from mlptrain.export.definitions import collect_definitions, list_defined_names
from mlptrain.export.plan import NotExportable, Plan
from mlptrain.export.processes import run_process
from mlptrain.export.python import ROW_PARTS, list_rows, pack_plan, read_parts, write_literal
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.model import Model

SHARED_PARTS = (*ROW_PARTS, "export/standalone_main.py", "export/framework_rows.py")
USES = ("encode_rows", "encode_targets", "load_weights", "compute_loss", "to_mlptrain", "predict_scores", "run_script")
"""What a script is for: it has these functions and what they need."""
WIDTH = 100
"""Characters of a line of a call."""


@dataclass(frozen=True, kw_only=True)
class LayerCode:
    """The call that makes a layer in a framework, and our names of its arrays by its own."""

    call: str
    arrays: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NetworkCode:
    """The body of the function that builds a network, and our full names of its arrays by its own."""

    body: str
    names: Mapping[str, str]


def write_call(function: str, *arguments: object, **settings: object) -> str:
    """A call as code; settings that are None are left out.

    >>> write_call("Scale", 3, 4, start=0.5, axis=None)
    'Scale(3, 4, start=0.5)'
    """
    given = [f"{name}={write_value(value)}" for name, value in settings.items() if value is not None]
    return f"{function}({', '.join([*map(str, arguments), *given])})"


def write_value(value: object) -> str:
    """A setting as code."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


def make_identifier(name: str) -> str:
    """A layer's name as frameworks allow it.

    >>> make_identifier("hidden_1.relu")
    'hidden_1_relu'
    """
    return name.replace(".", "_")


def name_arrays(layer: str, own: str, state: LayerState, arrays: Mapping[str, str]) -> dict[str, str]:
    """Our full names of the arrays of a layer that is called `own` in the framework."""
    kinds = {part: "parameters" if part in state.parameters else "buffers" for part in arrays.values()}
    return {f"{own}.{name}": f"{kinds[part]}.{layer}.{part}" for name, part in arrays.items()}


def name_embedding_arrays(layer: InputEmbedding, state: LayerState) -> dict[str, str]:
    """Our names of the arrays of an embedding, whose part for numbers is a layer of its own in frameworks."""
    tables = {f"categories_{width}" for width in layer.widths}
    return {part if part in tables else f"numeric.{part}": part for part in (*state.parameters, *state.buffers)}


def write_numbers(numbers: Sequence[int]) -> str:
    """A list of numbers as code, those that follow each other as a range.

    >>> write_numbers([0, 1, 2, 5, 7, 8])
    '[0, 1, 2, 5, 7, 8]'
    >>> write_numbers([0, 2, 3, 4, 5, 6])
    '[0, *range(2, 7)]'
    """
    runs: list[list[int]] = []
    for each in numbers:
        runs = [*runs[:-1], [*runs[-1], each]] if runs and each == runs[-1][-1] + 1 else [*runs, [each]]
    spans = (f"*range({run[0]}, {run[-1] + 1})" if len(run) > 3 else ", ".join(map(str, run)) for run in runs)
    return f"[{', '.join(spans)}]"


def indent_lines(code: str) -> str:
    """Code one level further to the right, but for its first line."""
    return code.replace("\n", "\n    ")


def wrap_call(code: str) -> str:
    """A call in lines of a length for people."""
    return "\n".join(wrap(code, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False))


def place_tables(layer: InputEmbedding, state: LayerState) -> dict[int, tuple[list[int], list[int], tuple[int, ...]]]:
    """For each width the columns that hold codes, where the rows of each begin in the table, the table's shape."""
    return {
        width: (
            [each.place for each in columns],
            list(accumulate((each.levels for each in columns[:-1]), initial=0)),
            state.parameters[f"categories_{width}"].shape,
        )
        for width, columns in layer.widths.items()
    }


def find_split(network: Network) -> int | None:
    """Before which layer members part, after those that they share; None where there is one network alone."""
    if network.members is None:
        return None
    return next(place for place, (_, layer) in enumerate(network.layers) if not isinstance(layer, Shared))


def unwrap_layer(layer: Layer) -> Layer:
    """The layer itself, of one that members share: its arrays tell that by their shapes."""
    return layer.layer if isinstance(layer, Shared) else layer


# The script


@dataclass(frozen=True, kw_only=True)
class Framework:
    """What differs between the scripts of frameworks, beside the layers."""

    kind: str
    """What a network is in words."""
    network_type: str
    parts: Sequence[str]
    """The files of this folder with layers, losses and weights."""
    training: Sequence[str]
    """How a network is trained: `{number}` stands for its number among several."""

    @property
    def signature(self) -> bytes:
        """What the first line of a script has, by which it is known again."""
        return f" {self.kind}, by mlptrain ".encode()


def write_script(model: Model, plan: Plan, networks: Sequence[NetworkCode], framework: Framework) -> str:
    """A script: what builds the networks, copied definitions, the names of arrays, the model's columns."""
    places = {body: place for place, body in enumerate(dict.fromkeys(each.body for each in networks), 1)}
    heads = {body: f"def build_network_{place}() -> {framework.network_type}:" for body, place in places.items()}
    builders = "\n\n\n".join(f"{head}\n{body}" for body, head in heads.items())
    texts = read_parts([*(f"export/{name}" for name in framework.parts), *SHARED_PARTS])
    require_losses(model, set().union(*map(list_defined_names, texts)))
    tables = write_tables(model, plan, networks, places)
    text = collect_definitions(
        [f"from collections import OrderedDict\n{builders}\n", *texts, tables], [*USES, "MODEL", "ARCHITECTURES"]
    )
    name, version = escape_text(plan.origin["model"]), plan.origin["mlptrain"]
    head = f'"""The network of {name} {framework.kind}, by mlptrain {version}.\n\n'
    head += write_usage(name, framework, several=len(networks) > 1)
    return f'{head}\n"""\n\n{text}\n\nif __name__ == "__main__":\n    run_script()\n'


def escape_text(text: str) -> str:
    r"""A text as it may stand in a text between quotes of any kind.

    >>> print(escape_text('a"b'))
    a\"b
    """
    return text.encode("unicode_escape").decode().replace('"', '\\"').replace("'", "\\'")


def write_usage(model: str, framework: Framework, *, several: bool) -> str:
    """How the script is used, and what it does not have."""
    number = ", number" if several else ""
    lines = [
        f"    network = build_network({number[2:]})",
        f'    load_weights(network, "{model}"{number})',
        *(f"    {line.format(number=number)}" for line in framework.training),
        f'    to_mlptrain({"networks" if several else "network"}, "weights.npz")',
        "",
        "Rows are mappings from columns to cells; of images, their pixels. Penalties, weight decay, bounds on norms,",
        "weights of rows, frozen layers and schedules of the training are not here: the layers and the loss are.",
    ]
    return "\n".join(lines)


def require_losses(model: Model, there: set[str]) -> None:
    """Refuse a loss that the framework's files do not have."""
    for each in model.networks:
        if name_loss(each.head.loss) not in there:
            raise NotExportable(f"the loss {each.head.loss.name!r} has no form in this export")


def name_loss(loss: Loss) -> str:
    """The function that computes a loss."""
    return f"compute_{loss.name}"


def write_loss(loss: Loss) -> str:
    """A loss with its settings as code."""
    settings = {each.name: getattr(loss, each.name) for each in fields(loss) if each.name != "name"}
    return write_call("partial", name_loss(loss), **settings) if settings else name_loss(loss)


def write_tables(model: Model, plan: Plan, networks: Sequence[NetworkCode], places: Mapping[str, int]) -> str:
    """ARCHITECTURES and MODEL, and the names of the arrays of each different network."""
    names = {places[each.body]: each.names for each in networks}
    rows = [write_architecture(each, places[code.body]) for each, code in zip(model.networks, networks, strict=True)]
    return "\n".join(
        [
            "from functools import partial",
            *(f"NAMES_{place} = {write_map(found)}" for place, found in names.items()),
            "\n".join(["ARCHITECTURES = [", *rows, "]"]),
            f"MODEL = {write_literal(json.dumps(describe_model(model, plan), allow_nan=False))}",
        ]
    )


def write_architecture(fitted: FittedNetwork, place: int) -> str:
    """A row of ARCHITECTURES."""
    names, sums_members = f"NAMES_{place}", fitted.network.gradient_scale > 1
    return (
        "    "
        + write_call("Architecture", f"build_network_{place}", names, write_loss(fitted.head.loss), sums_members)
        + ","
    )


def write_map(texts: Mapping[str, str]) -> str:
    """A dict of texts as code, a line a text."""
    return "\n".join(["{", *(f'    "{key}": "{value}",' for key, value in texts.items()), "}"])


def describe_model(model: Model, plan: Plan) -> Any:
    """The plan as JSON without operations, which stand in the script as layers, and what the loss compares."""
    networks = tuple(replace(each, operations=()) for each in plan.networks)
    origin = {name: text for name, text in plan.origin.items() if name != "spec"}
    packed = pack_plan(replace(plan, networks=networks, origin=origin))
    for described, fitted in zip(packed["networks"], model.networks, strict=True):
        widths = {"inputs": fitted.network.inputs, "outputs": fitted.network.outputs}
        described |= {"compares_codes": fitted.head.loss.classes, **widths}
    return packed


# Trying it


RUN = """
import json, runpy, sys
script = runpy.run_path(sys.argv[1])
print(json.dumps(script["predict_scores"](script["load_networks"](sys.argv[2]), json.load(sys.stdin)).tolist()))
"""
"""What a process of `predict_with_script` runs: rows as JSON in, scores as JSON out."""


def find_framework(package: str) -> str:
    """The version of a framework."""
    try:
        return version(package)
    except PackageNotFoundError:
        raise EnvironmentFailure(f"the script runs with {package}, which is not here: pip install {package}") from None


def predict_with_script(script: Path, weights: Path, cells: Cells, plan: Plan, package: str) -> NDArray[np.float64]:
    """Scores of the classes (B, C), or numbers (B, K), of rows by a script and the weights of a model file."""
    find_framework(package)
    rows = np.asarray(cells[PIXELS]).tolist() if not plan.inputs else list(list_rows(cells))
    ended = run_process([sys.executable, "-c", RUN, str(script), str(weights)], json.dumps(rows).encode())
    if ended.exit_code:
        raise EnvironmentFailure(f"{script.name}: the script has failed: {ended.problems.splitlines()[-1]}")
    return np.array(json.loads(ended.output), np.float64)
