"""`check`: the resolved spec, the columns, the network and its memory, and a gradient check of this very spec."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlptrain.commands.fit import read_checked_draft
from mlptrain.fitting.candidates import list_spec_candidates
from mlptrain.fitting.execution import choose_executor
from mlptrain.fitting.memory_estimate import estimate_memory_by_phase
from mlptrain.fitting.trainings import list_data_notices, make_course
from mlptrain.model.products import describe_products
from mlptrain.preparation.column_notices import describe_declared_columns
from mlptrain.preparation.material import read_training_rows
from mlptrain.preparation.partitions import divide_rows, join_validation_to_training
from mlptrain.preparation.preparation import EncodedData, fit_and_encode_parts
from mlptrain.spec.fields import Spec
from mlptrain.spec.file import Expansion
from mlptrain.training.course import Course
from mlptrain.training.gradient_check import ParameterCheck, check_gradient, count_checked_rows


@dataclass(frozen=True, kw_only=True)
class Check:
    """What `mlptrain check` found."""

    spec: Spec
    recipe: Expansion | None
    """What became of the recipe that the spec names."""
    notices: Sequence[str]
    columns: Sequence[tuple[str, str, str, str]]
    """Per column: its name, its kind, what the network gets, a remark."""
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


def check_files(spec_path: str, *, overrides: Sequence[str] = ()) -> Check:
    """The resolved spec, the columns, the model and its memory, and a gradient check of this very spec."""
    draft, folder = read_checked_draft(spec_path, overrides)
    candidate = list_spec_candidates(draft, read_training_rows(draft.spec, folder), folder)[0]
    data = candidate.data
    parts = divide_rows(data)
    with draft.name_places():
        encoded = fit_and_encode_parts(data, parts[0])
    course = make_course(encoded, folds=len(parts))
    gradient, chosen = check_gradient(course), choose_executor(course)
    trainings = [*parts, join_validation_to_training(parts[0])] if data.spec.training.refit else parts
    return Check(
        spec=encoded.spec,
        recipe=candidate.expansion,
        notices=[*draft.notices, *list_data_notices(encoded), *describe_declared_columns(encoded.understood)],
        columns=summarize_columns(encoded, data.target_reason),
        rows_checked=count_checked_rows(course),
        layers=summarize_layers(course),
        parameters=course.network.parameters.theta.size,
        memory=estimate_memory_by_phase(data, trainings, encoded, course).peak,
        products=describe_products(course.network, course.batch_size),
        elementwise=chosen.describe(),
        gradient=gradient,
    )


def summarize_layers(course: Course) -> list[tuple[str, tuple[int, ...], int]]:
    """Per layer: its name, the shape of its output for a batch, its number of parameters."""
    network = course.network
    layers: list[tuple[str, tuple[int, ...], int]] = []
    for name, layer, inputs in network.walk():
        own = [each.size for key, each in network.parameters.values.items() if key.rpartition(".")[0] == name]
        layers.append((f"{name} ({layer.kind})", (course.batch_size, layer.outputs(inputs)), sum(own)))
    return layers


def summarize_columns(encoded: EncodedData, target_reason: str) -> list[tuple[str, str, str, str]]:
    """Every input column and the target, in words, each with the reason of its kind."""
    fitted = {column.name: column for column in encoded.features.columns}
    rows = []
    for name, found in encoded.understood.items():
        column = fitted.get(name)
        given = "not used" if column is None else f"{column.width} input{'s' * (column.width > 1)}"
        rows.append((name, found.kind, given, encoded.features.ignored.get(name, found.reason)))
    for name, role, what, labels in encoded.head.describe():
        rows.append((name, role, what, f"{labels}; {target_reason}" if labels else target_reason))
    return rows
