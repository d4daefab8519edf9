"""`check`: the resolved spec, the columns, the network and its memory, and a gradient check of this very spec."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlptrain.commands.show import target_rows
from mlptrain.fitting.execution import choice, products
from mlptrain.fitting.given import given_spec
from mlptrain.fitting.memory_estimate import phases
from mlptrain.fitting.trainings import left_out, new_course
from mlptrain.preparation.partitions import partitions, without_validation
from mlptrain.preparation.preparation import Prepared, prepare_part
from mlptrain.spec.fields import Spec
from mlptrain.training.gradient_check import ParameterCheck, check_gradient, rows_checked

if TYPE_CHECKING:
    from mlptrain.spec.file import Expansion


@dataclass(frozen=True, kw_only=True)
class Check:
    """What `mlptrain check` found."""

    spec: Spec
    recipe: "Expansion | None"
    """What became of the recipe that the spec names."""
    notices: Sequence[str]
    columns: Sequence[tuple[str, str, str, str]]
    """Per column: its name, what it is understood as, what the network gets, a remark."""
    rows_checked: int
    """The rows on which the gradient was checked."""
    layers: Sequence[tuple[str, tuple[int, ...], int]]
    """Per layer: its name, the shape of its output for a batch, its number of parameters."""
    parameters: int
    memory: int
    """Bytes of the process of `fit` at its peak: libraries, rows, network, and the work on them."""
    products: str
    """The library of matrix products, its kernels and threads."""
    elementwise: str
    """Who runs the elementwise formulas, and why."""
    gradient: Sequence[ParameterCheck]


def check(spec_path: str, *, overrides: Sequence[str] = ()) -> Check:
    """The resolved spec, the columns, the model and its memory, and a gradient check of this very spec."""
    given = given_spec(spec_path, overrides)
    material, expansion = given.read()
    parts = partitions(material)
    prepared = prepare_part(material, parts[0])
    course = new_course(prepared, folds=len(parts))
    network = course.network
    layers = []
    for name, layer, inputs in network.unfolded():
        own = [each.size for key, each in network.parameters.values.items() if key.rpartition(".")[0] == name]
        layers.append((f"{name} ({layer.kind})", (course.batch_size, layer.outputs(inputs)), sum(own)))
    gradient, chosen = check_gradient(course), choice(course)
    trainings = [*parts, without_validation(parts[0])] if material.spec.training.refit else parts
    return Check(
        spec=prepared.spec,
        recipe=expansion,
        notices=[*given.draft.notices, *left_out(prepared)],
        columns=understood_columns(prepared),
        rows_checked=rows_checked(course),
        layers=layers,
        parameters=network.parameters.theta.size,
        memory=phases(material, trainings, prepared, course).peak,
        products=products(course.network, course.batch_size),
        elementwise=chosen.text,
        gradient=gradient,
    )


def understood_columns(prepared: Prepared) -> list[tuple[str, str, str, str]]:
    """Every input column and the target, in words."""
    fitted = {column.name: column for column in prepared.features.columns}
    rows = []
    for name, found in prepared.understood.items():
        column = fitted.get(name)
        given = "not used" if column is None else f"{column.width} input{'s' * (column.width > 1)}"
        rows.append((name, found.kind, given, prepared.features.ignored.get(name, found.note)))
    return [*rows, *target_rows(prepared.target)]
