"""How much memory `fit` takes at its peak: what its process, its rows, its network and its work hold, phase by phase.

What `check` has at hand is asked for its size: the table, the encoded rows, θ. What exists only while something is
done (encoding, a step, predicting, measuring) is measured: the very thing is done on some rows while the interpreter
counts what is allocated, and extrapolated where there are more rows. What remains, the sizes of libraries and of small
objects of Python, are the constants below.
"""

import sys
import tracemalloc
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from math import ceil
from typing import Any

import numpy as np

from mlptrain.data.cells import Cells, NumberCells, TextCells, few
from mlptrain.data.features import Features, Pixels
from mlptrain.data.table import Table
from mlptrain.engine.lbfgs import LBFGS
from mlptrain.engine.network import Network
from mlptrain.engine.optimizers import Optimizer
from mlptrain.fitting.execution import choice
from mlptrain.model.examples import Examples
from mlptrain.model.head import judged, metrics
from mlptrain.model.rows import Rows
from mlptrain.preparation.material import Material
from mlptrain.preparation.preparation import Prepared, encoding_targets
from mlptrain.preparation.splits import Parts
from mlptrain.training.course import Course, gathers_all

MIB = 1 << 20
PROCESS = 57 * MIB
"""Python with NumPy, OpenBLAS, pydantic, PyYAML and mlptrain: the peak of a fit of some rows (Python 3.11, NumPy 2.4,
Linux on x86-64, of which 23 MiB are pages of shared libraries)."""
PYARROW = 105 * MIB
"""What reading with PyArrow adds: 40 MiB of code, and 65 MiB that its memory pool and its threads keep, for a table of
1 MiB as for one of 100 MiB."""
NUMBA = 135 * MIB
"""What compiled loops add, from the first training on: 65 MiB when Numba is imported, 70 MiB once LLVM has compiled."""
TEXT, CODE = 64, 52
"""Bytes of a short text, and while it is coded those of its code (32) and of its place in a dictionary (20)."""
COUNTED = 68
"""Bytes of a text's place in the list of a column's texts, of its number, and of its place in the dictionary of how
often each occurs."""
DOUBLE = 8
FITTING = 6
"""Numbers of float64 a row while one column is fitted: its values, the known ones, sorted ones, distances."""
ROWS_AT_ONCE, NUMBERS_AT_ONCE = 4096, 1 << 21
"""The most rows, and numbers of inputs, on which something is done to measure it: some MiB."""


@dataclass(frozen=True, kw_only=True)
class Phases:
    """Bytes of the whole process at the peak of each phase."""

    reading: int
    encoding: int
    training: int
    measuring: int

    @property
    def peak(self) -> int:
        """The largest one, in whole MiB: what is allocated varies a little from run to run."""
        return ceil(max(getattr(self, each.name) for each in fields(self)) / MIB) * MIB


def phases(
    material: Material,
    parts: Sequence[Parts],
    prepared: Prepared,
    course: Course,
    *,
    libraries: Collection[str] | None = None,
) -> Phases:
    """The memory of the fit of a material, divided into `parts`, of which `prepared` and `course` are the first.

    Everything that was read stays until the end; of several folds also the encoded rows of the last one until the next
    ones are encoded, and all networks. The course's network is used: its gradient and its buffers change.
    """
    libraries = libraries_of(course) if libraries is None else libraries
    read = PROCESS + (PYARROW if "pyarrow" in libraries else 0) + rows_as_read(material.rows)
    kept = read + sum(each.train.nbytes + each.validation.nbytes + each.test.nbytes for each in parts)
    encoded = examples_bytes(prepared.train) + examples_bytes(prepared.validation) - shared_bytes(material, prepared)
    work = step_bytes(course) + chunk_bytes(course)
    others = (len(parts) - 1) * (2 * course.network.parameters.theta.nbytes + work)
    compiler = NUMBA if "numba" in libraries else 0
    before = kept + others + (encoded + compiler if len(parts) > 1 else 0)
    model = kept + compiler + others + encoded + network_bytes(course) + work
    held = 0 if course.validation is None else course.validation.rows
    watched = course.train.rows if course.spec.training.train_loss == "evaluation" else held
    return Phases(
        reading=read + while_reading(material.rows),
        encoding=before + while_encoding(material, parts[0], prepared),
        training=model + epoch_bytes(course) + judging_bytes(course, max(watched, held)),
        measuring=model + judging_bytes(course, max(course.train.rows, held)),
    )


def libraries_of(course: Course) -> set[str]:
    """The large libraries that `fit` will load: what reading the same files has loaded here, and the compiler."""
    read = {name for name in ("pyarrow",) if sys.modules.get(name) is not None}
    return read | ({"numba"} if choice(course).compiled else set())


# rows as they were read


def rows_as_read(rows: Rows) -> int:
    """Bytes of rows that are not encoded."""
    tables = [table for table in (rows.table, rows.labels) if table is not None]
    return (0 if rows.images is None else rows.images.nbytes) + sum(table_bytes(table) for table in tables)


def table_bytes(table: Table) -> int:
    """Bytes of all cells, and of their different texts."""
    return sum(arrays_bytes(cells) + texts_bytes(cells) for cells in table.columns.values())


def arrays_bytes(cells: Cells) -> int:
    """Bytes that grow with the rows: codes, or numbers and the rows of odd cells."""
    if isinstance(cells, TextCells):
        return cells.codes.nbytes
    return cells.numbers.nbytes + cells.odd_rows.nbytes + cells.odd.codes.nbytes


def texts_bytes(cells: Cells) -> int:
    """Bytes of the different texts of a column."""
    texts = cells.values if isinstance(cells, TextCells) else cells.odd.values
    return sum(sys.getsizeof(text) + COUNTED for text in texts)


def while_reading(rows: Rows) -> int:
    """What there is beside the cells while they are read: packed images; the coding of texts; numbers' first texts."""
    if rows.table is None:
        return 0 if rows.images is None else rows.images.nbytes
    columns = rows.table.columns.values()
    numeric = sum(isinstance(cells, NumberCells) for cells in columns)
    different = sum(len(cells.values) for cells in columns if isinstance(cells, TextCells))
    first = numeric * min(few(len(columns)), rows.count)
    return (TEXT + CODE) * first + CODE * different


def taken(rows: Rows, count: int) -> int:
    """Bytes of so many of the rows, taken out; texts are shared."""
    arrays = sum(
        arrays_bytes(cells) for table in (rows.table, rows.labels) if table for cells in table.columns.values()
    )
    return (arrays + (0 if rows.images is None else rows.images.nbytes)) * count // rows.count


# rows as the network sees them


def examples_bytes(part: Examples | None) -> int:
    """Bytes of an encoded part."""
    if part is None:
        return 0
    own = {id(array): array.nbytes for array in (part.x, part.targets, part.truth, part.weights) if array is not None}
    return sum(own.values())


def shared_bytes(material: Material, prepared: Prepared) -> int:
    """Bytes of images that are all for training: their matrix is the file's own."""
    images = material.rows.images
    return 0 if images is None or prepared.train.rows < len(images) else images.nbytes


def while_encoding(material: Material, parts: Parts, prepared: Prepared) -> int:
    """The rows taken for a part, and the work on it; those of the training part stay until both are encoded.

    Images that were taken are the matrix already.
    """
    train, rows = prepared.train, material.rows
    own = taken(rows, train.rows) if train.rows < rows.count else 0
    encoding = encoding_bytes(material, parts, prepared)
    first = own + answers_bytes(prepared) + max(encoding, FITTING * DOUBLE * train.rows)
    if prepared.validation is None:
        return first
    held = prepared.validation.rows
    matrix = examples_bytes(train) if rows.images is None else 0
    return max(first, own + matrix + taken(rows, held) + encoding * held // train.rows)


def answers_bytes(prepared: Prepared) -> int:
    """The targets as encodings want them: of classes one column of float64 for each, and whether a row is of it."""
    if prepared.understood == {}:
        return 0
    return encoding_targets(prepared.target, prepared.train.truth[:1]).nbytes * prepared.train.rows


def encoding_bytes(material: Material, parts: Parts, prepared: Prepared) -> int:
    """Bytes at the peak of encoding the training rows, their matrix included."""
    features, dtype = prepared.features, prepared.train.x.dtype
    at_once = max(min(ROWS_AT_ONCE, NUMBERS_AT_ONCE // features.width), 16)
    sample = material.rows.take(parts.train[:at_once])
    rules = material.spec.data.rules
    answers = encoding_targets(prepared.target, prepared.train.truth[: sample.count])

    def encode(count: int) -> Any:
        if not isinstance(features, Features):
            assert sample.images is not None
            return features.encode_images(sample.images[:count], dtype)
        table = sample.take(np.arange(count)).table
        assert table is not None
        return features.encode_training(table, dtype, rules=rules, targets=answers[:count], seed=material.spec.seed)

    return grown(encode, prepared.train.rows, most=sample.count)


# the network and its work


def network_bytes(course: Course) -> int:
    """θ, its gradient, the optimizer's slots, copies of the best θ: the last one stays until the next one is made."""
    theta, spec = course.network.parameters.theta, course.spec
    copies = 3 + (spec.training.epochs > 1)
    if isinstance(spec.optimizer, LBFGS):
        copies += SEARCHING
    return copies * theta.nbytes + slots_bytes(spec.optimizer, course.network)


SEARCHING = 5
"""Vectors of θ's size within a step of L-BFGS: start, gradient, direction, both differences."""


def slots_bytes(optimizer: Optimizer | LBFGS, network: Network) -> int:
    """Bytes of the optimizer's state, which is so many numbers for each parameter."""
    one = sum(slot.nbytes for slot in optimizer.init(1, network.dtype).values())
    return one * network.parameters.theta.size


def epoch_bytes(course: Course) -> int:
    """What an epoch holds: weights; if it is shuffled its order, targets, and all inputs where they are small.

    Of larger inputs one batch at a time is gathered, and of images one is made in any case. Members have orders and
    batches of their own.
    """
    part, members = course.train, course.network.members or 1
    weights = part.training_weights()
    own = 0 if weights is None else weights.nbytes
    if not course.spec.training.shuffle or course.batch_size == part.rows:
        return own + (part.x[: course.batch_size].nbytes if isinstance(part.x, Pixels) else 0)
    gathered = part.x[: None if gathers_all(course) else course.batch_size + 1].nbytes
    return own + members * (part.targets.nbytes + 2 * DOUBLE * part.rows + gathered)


@np.errstate(all="ignore")
def step_bytes(course: Course) -> int:
    """The arrays of a step: outputs, masks and what is derived by them for a batch, and for the smaller last one."""
    network, part, spec = course.network, course.train.first(course.batch_size), course.spec
    weights = part.training_weights()

    def step(rows: int) -> Any:
        run = network.begin(rows, train=True, noise=course.noise(0))
        own = None if weights is None else weights[:rows]
        x, targets = part.x[:rows], part.targets[:rows]
        if network.members is not None:  # their own rows were counted where they are gathered
            x, targets = (np.broadcast_to(each, (network.members, *each.shape)) for each in (x, targets))
        batch = x, targets, own
        return network.objective(*batch, loss=course.loss, penalty=spec.regularization, run=run)

    numbers = network.inputs + sum(layer.outputs(inputs) for _, layer, inputs in network.unfolded())
    whole = grown(step, part.rows, most=max(NUMBERS_AT_ONCE // (4 * numbers), 16))
    last = course.train.rows % part.rows
    return whole + whole * last // part.rows


@np.errstate(all="ignore")
def chunk_bytes(course: Course) -> int:
    """The arrays of evaluation: for a chunk of rows, and for the smaller last one of each part."""
    network = course.network
    chunk = min(network.chunk_rows(), course.train.rows)
    whole = traced(lambda rows: deque(network.logits(course.train.x[:rows]), 0), chunk)
    parts = [course.train.rows] + ([course.validation.rows] if course.validation else [])
    return whole + sum(whole * (rows % chunk) // chunk for rows in parts)


@np.errstate(all="ignore")
def judging_bytes(course: Course, rows: int) -> int:
    """Predictions of so many rows; once more, with the losses, while chunks are joined; then what the metrics take."""
    loss, target, some = course.loss, course.target, course.train.first(ROWS_AT_ONCE)
    losses, predictions = judged(course.network, loss, target, some)
    own, lost = (array.nbytes * rows // some.rows for array in (predictions, losses))

    def measure(count: int) -> Any:
        return metrics(loss, target, some.first(count), predictions[:count])

    joining = own + 2 * lost + 2 * DOUBLE * rows  # the mean of the losses is one of float64, with weights
    return own + max(joining, grown(measure, rows, most=some.rows))


# measured work


def grown(work: Callable[[int], Any], rows: int, *, most: int) -> int:
    """Bytes at the peak of `work(rows)`: measured on `most` rows, and on half as many where there are more of them."""
    if rows <= most:
        return traced(work, rows)
    half = most // 2
    low, high = traced(work, half), traced(work, most)
    return high + (high - low) * (rows - most) // (most - half)


def traced(work: Callable[[int], Any], rows: int) -> int:
    """Bytes that Python and NumPy allocate at the most while `work(rows)` is done."""
    ours = not tracemalloc.is_tracing()
    if ours:
        tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        result = work(rows)
        _, peak = tracemalloc.get_traced_memory()
        del result
    finally:
        if ours:
            tracemalloc.stop()
    return max(peak - before, 0)
