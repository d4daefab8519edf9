"""Small plans that are tried in C: what a network is given, or its operations, link and units make of it, comes out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlptrain.data.scaling import Affine
from mlptrain.data.table_format import TableFormat
from mlptrain.export.c import write_c
from mlptrain.export.c_program import compile_program
from mlptrain.export.plan import Average, Input, NetworkPlan, NumberInput, NumberPlan, Operation, Plan, Units

STRICT = ("-std=c99", "-O0", "-Wall", "-Wextra", "-Werror", "-pedantic")
AS_IT_IS = Affine(center=0.0, scale=1.0)


def compile_plans(folder: Path, plans: Sequence[Plan], flags: Sequence[str] = STRICT) -> Path:
    """A program of the headers of plans, whose models have different names."""
    headers = [folder / f"{number}.h" for number in range(len(plans))]
    for header, plan in zip(headers, plans, strict=True):
        header.write_text(write_c(plan), encoding="utf-8")
    return compile_program(folder, headers, plans, flags)


def make_plan(name: str, inputs: Sequence[Input], network: NetworkPlan, outputs: int, **more: Any) -> Plan:
    """A plan of one network that predicts so many numbers."""
    return Plan(
        inputs=tuple(inputs),
        networks=(network,),
        targets=tuple(f"y{number}" for number in range(outputs)),
        **{"classes": (), "are_probabilities": False, "dtype": "float64", "table": TableFormat(), **more},
        origin={"model": f"{name}.npz", "sha256": "0" * 64, "mlptrain": "0.0"},
    )


def make_network(columns: Sequence[Any], **more: Any) -> NetworkPlan:
    """A network of columns, without operations."""
    link = Average(is_pair=False)
    empty = {"share": 1.0, "pixels": None, "operations": (), "members": 1, "units": None, "link": link}
    return NetworkPlan(columns=tuple(columns), **{**empty, **more})


def make_layers_plan(
    name: str, operations: Sequence[Operation], inputs: int, outputs: int, *, units: Units | None = None, **more: Any
) -> Plan:
    """A plan whose inputs are numbers as they are."""
    given = [NumberInput(name=f"x{number}") for number in range(inputs)]
    columns = [NumberPlan(input=each.name, fill=0.0, scaling=AS_IT_IS, indicator=False) for each in given]
    link = {key: more.pop(key) for key in ("link", "members") if key in more}
    network = make_network(columns, operations=tuple(operations), units=units, **link)
    return make_plan(name, given, network, outputs, **more)


def name_inputs(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """The cells of such a plan, from its inputs (B, I)."""
    return {f"x{number}": values for number, values in enumerate(matrix.T)}
