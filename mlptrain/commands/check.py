"""`check`: the columns and why, the network and its memory, a gradient check of this very spec, the resolved spec."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlptrain.commands.fit import read_checked_draft
from mlptrain.data.column import ColumnLook, Understood
from mlptrain.data.feature_fitting import AS_DECLARED
from mlptrain.data.features import CLASS_OF
from mlptrain.display import Displayable
from mlptrain.fitting.candidates import Candidate, describe_absent_test_files, list_spec_candidates, read_rows_of_draft
from mlptrain.fitting.execution import choose_executor
from mlptrain.fitting.host import Host
from mlptrain.fitting.memory_estimate import estimate_disk_with_files, estimate_memory_by_phase
from mlptrain.fitting.training import list_row_notices, make_course
from mlptrain.model.products import describe_products, limit_threads
from mlptrain.preparation.column_notices import describe_declared_columns, list_column_notices
from mlptrain.preparation.material import TrainingData
from mlptrain.preparation.partitions import divide_rows, join_validation_to_training
from mlptrain.preparation.preparation import EncodedData, fit_and_encode_parts
from mlptrain.preparation.splits import Parts
from mlptrain.spec.fields import Spec
from mlptrain.spec.file import Draft, Expansion
from mlptrain.training.course import Course
from mlptrain.training.gradient_check import ParameterCheck, check_gradient, count_checked_rows

LEFT_OUT_BY_SPEC = AS_DECLARED
"""What the reason of a column that the spec leaves out begins with."""


@dataclass(frozen=True, kw_only=True)
class Check(Displayable):
    """What `mlptrain check` found."""

    spec: Spec
    recipe: Expansion | None
    """What became of the recipe that the spec names."""
    notices: Sequence[str]
    column_notices: Sequence[str]
    """Those of the notices that the list of the columns says, too."""
    rows: int
    """All rows with a target."""
    division: Mapping[str, int]
    """How many of them the first training trains on, validates on, and leaves for the test."""
    trainings: int
    """How many networks are trained: one, or one a fold or repeat; a refit is not counted."""
    inputs: int
    """Inputs of the network."""
    columns: Sequence[tuple[str, str, str, str]]
    """Per column: its name, its kind, what the network gets, what its cells are, or why it is left out."""
    rows_checked: int
    """The rows on which the gradient was checked."""
    layers: Sequence[tuple[str, tuple[int, ...], int]]
    """Per layer: its name, the shape of its output for a batch, its number of parameters."""
    parameters: int
    memory: int
    """Bytes of the process of `fit` at its peak: libraries, rows, network, and the work on them."""
    memory_with_files: int
    """The same with `data.memory: files`, without what the system holds of files and drops where memory is short."""
    disk_with_files: int
    """Bytes of these files."""
    products: str
    """The library of matrix products, its kernels and threads."""
    elementwise: str
    """Who runs the elementwise formulas, and why."""
    gradient: Sequence[ParameterCheck]


def check_files(
    spec_path: str, *, overrides: Sequence[str] = (), threads: int | None = None, spill_dir: Path | None = None
) -> Check:
    """The resolved spec, the columns, the model and its memory, and a gradient check of this very spec.

    Products have one thread while they are small, as in training, unless `threads` says how many.
    """
    draft, folder = read_checked_draft(spec_path, overrides)
    said = list(draft.notices)
    candidate = read_first_candidate(draft, folder, Host(notice=said.append, spill_dir=spill_dir))
    data = candidate.data
    parts = divide_rows(data)
    with draft.name_places():
        encoded = fit_and_encode_parts(data, parts[0])
        course = make_course(encoded, folds=len(parts))
    with limit_threads(course.network, course.batch_size, threads):
        gradient, products = check_gradient(course), describe_products(course.network, course.batch_size)
    unused = list_column_notices(encoded.understood, encoded.features.ignored)
    declared = describe_declared_columns(encoded.understood)
    said += describe_absent_test_files(draft, folder)
    return Check(
        spec=encoded.spec,
        recipe=candidate.expansion,
        notices=[*said, *unused, *list_row_notices(encoded), *declared],
        column_notices=[*unused, *declared],
        rows=data.rows.count,
        division=count_divided_rows(course, parts[0]),
        trainings=len(parts),
        inputs=course.network.inputs,
        columns=summarize_columns(data, encoded),
        rows_checked=count_checked_rows(course),
        layers=summarize_layers(course),
        parameters=course.network.parameters.theta.size,
        **estimate_room(data, parts, encoded, course),
        products=products,
        elementwise=choose_executor(course).describe(),
        gradient=gradient,
    )


def estimate_room(data: TrainingData, parts: Sequence[Parts], encoded: EncodedData, course: Course) -> dict[str, int]:
    """The bytes that a fit takes: of memory, and of memory and disk with its arrays in files."""
    trainings = [*parts, join_validation_to_training(parts[0])] if data.spec.training.refit else parts
    memory = estimate_memory_by_phase(data, trainings, encoded, course)
    disk = estimate_disk_with_files(data, encoded)
    return {"memory": memory.peak, "memory_with_files": memory.with_files, "disk_with_files": disk}


def read_first_candidate(draft: Draft, folder: Path, host: Host) -> Candidate:
    """What a spec means for the rows of its training file; of several choices of a recipe the first."""
    return list_spec_candidates(draft, read_rows_of_draft(draft, folder, host), folder)[0]


def count_divided_rows(course: Course, part: Parts) -> dict[str, int]:
    """The rows of the parts of one training; parts without rows are left out."""
    validation = 0 if course.validation is None else course.validation.rows
    counts = {"training": course.train.rows, "validation": validation, "test": len(part.test)}
    return {name: count for name, count in counts.items() if count}


def summarize_layers(course: Course) -> list[tuple[str, tuple[int, ...], int]]:
    """Per layer: its name, the shape of its output for a batch, its number of parameters."""
    network = course.network
    layers: list[tuple[str, tuple[int, ...], int]] = []
    for name, layer, inputs in network.walk():
        own = {key: each.size for key, each in network.parameters.values.items() if key.rpartition(".")[0] == name}
        frozen = ", frozen" if own.keys() & network.frozen else ""
        layers.append((f"{name} ({layer.kind}{frozen})", (course.batch_size, layer.outputs(inputs)), sum(own.values())))
    return layers


def summarize_columns(data: TrainingData, encoded: EncodedData) -> list[tuple[str, str, str, str]]:
    """Every input column and the target, in words, each with what its cells are and the reason of its kind."""
    fitted = {column.name: column for column in encoded.features.columns}
    rows = []
    for name, found in encoded.understood.items():
        column = fitted.get(name)
        given = "not used" if column is None else f"{column.width} input{'s' * (column.width > 1)}"
        why = encoded.features.ignored.get(name) or describe_cells(data, name, found)
        rows.append((name, found.kind, given, found.reason if why == AS_DECLARED else why))
    for name, role, what, labels in encoded.head.describe():
        rows.append((name, role, what, f"{labels}; {data.target_reason}" if labels else data.target_reason))
    return rows


def describe_cells(data: TrainingData, name: str, found: Understood) -> str:
    """What the cells of a column are, after a remark where there is one."""
    words = CLASS_OF[found.kind].describe(look_at_column(data, name), Understood(found.kind), str)[1]
    return "; ".join(each for each in ("" if found.note == AS_DECLARED else found.note, words) if each)


def look_at_column(data: TrainingData, name: str) -> ColumnLook:
    """A column of the table, with the texts that mean missing in it."""
    return ColumnLook(data.rows.require_table(name), name, {"", *data.spec.data.rules.missing(name)})
