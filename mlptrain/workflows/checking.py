"""`check`: the resolved spec, the columns, the network and its memory, and a gradient check of this very spec."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlptrain.spec.fields import Spec
from mlptrain.training.gradient_check import ParameterCheck, check_gradient
from mlptrain.training.loop import Course
from mlptrain.training.material import read_material
from mlptrain.training.partitions import partitions
from mlptrain.training.preparation import Prepared, prepare_part
from mlptrain.training.state import initial_state
from mlptrain.workflows.description import target_rows
from mlptrain.workflows.fitting import left_out, load_spec, new_course


@dataclass(frozen=True, kw_only=True)
class Check:
    """What `mlptrain check` found."""

    spec: Spec
    notices: Sequence[str]
    columns: Sequence[tuple[str, str, str, str]]
    """Per column: its name, what it is understood as, what the network gets, a remark."""
    batch: int
    layers: Sequence[tuple[str, tuple[int, ...], int]]
    """Per layer: its name, the shape of its output for a batch, its number of parameters."""
    parameters: int
    memory: int
    """Bytes: rows, θ, gradient, optimizer state, the arrays of a step."""
    gradient: Sequence[ParameterCheck]


def check(spec_path: str, *, overrides: Sequence[str] = ()) -> Check:
    """The resolved spec, the columns, the model and its memory, and a gradient check of this very spec."""
    spec, folder, notices = load_spec(spec_path, overrides)
    material = read_material(spec, folder)
    parts = partitions(material)
    prepared = prepare_part(material, parts[0])
    course = new_course(prepared)
    network = course.network
    layers = []
    for (name, layer), width in zip(network.layers, network.widths[1:], strict=True):
        own = [each.size for key, each in network.parameters.values.items() if key.rpartition(".")[0] == name]
        layers.append((f"{name} ({type(layer).__name__})", (course.batch_size, width), sum(own)))
    return Check(
        spec=prepared.spec,
        notices=[*notices, *left_out(prepared)],
        columns=understood_columns(prepared),
        batch=course.batch_size,
        layers=layers,
        parameters=network.parameters.theta.size,
        memory=memory(course),
        gradient=check_gradient(course),
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


def memory(course: Course) -> int:
    """Bytes of a training: the rows of both parts, θ, gradient, optimizer slots and best copy, arrays of a step."""
    theta = course.network.parameters.theta
    slots = initial_state(course.network, course.spec.optimizer).slots
    parts = [course.train] + ([course.validation] if course.validation else [])
    rows = sum(part.x.nbytes + part.targets.nbytes + part.truth.nbytes for part in parts)
    per_row = sum(course.network.widths) * theta.itemsize
    return rows + 3 * theta.nbytes + sum(slot.nbytes for slot in slots.values()) + 2 * course.batch_size * per_row
