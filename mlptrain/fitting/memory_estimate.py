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
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from mlptrain.data.cells import Cells, compute_distinct_text_limit
from mlptrain.data.features import count_batch_copy_bytes
from mlptrain.data.table import Table
from mlptrain.engine.network import Network
from mlptrain.engine.optimizers import Optimizer
from mlptrain.fitting.execution import choose_executor
from mlptrain.model.examples import Examples
from mlptrain.model.network_outputs import measure_part_metrics, predict_with_row_losses
from mlptrain.model.rows import Rows
from mlptrain.preparation.material import TrainingData
from mlptrain.preparation.preparation import EncodedData
from mlptrain.preparation.splits import Parts
from mlptrain.spec.block_shuffle import BlockShuffle
from mlptrain.training.course import Course, shuffles_inputs_at_once
from mlptrain.training.layer_watch import LayerWatch

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
NUMBERS_OF_ROW, NUMBERS_OF_OUTPUT = 20, 6
"""Numbers of float64 that memory holds for a row at the peak of a fit whose cells and matrix are in files: row numbers,
the order, target, weight, and one column while it is fitted or what metrics are computed from; and for each output of
the network: targets, logits, predictions, scores while they are compared."""
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
    with_files: int
    """At the peak of a fit with `data.memory: files`, at most, without pages of mapped files."""

    @property
    def peak(self) -> int:
        """The largest one of the phases, in whole MiB: what is allocated varies a little from run to run."""
        return ceil(max(self.reading, self.encoding, self.training, self.measuring) / MIB) * MIB


def estimate_memory_by_phase(
    data: TrainingData,
    parts: Sequence[Parts],
    encoded: EncodedData,
    course: Course,
    *,
    libraries: Collection[str] | None = None,
) -> Phases:
    """The memory of a fit, phase by phase; `encoded` and `course` are those of the first of the `parts`.

    Everything that was read stays until the end; of several folds also the encoded rows of the last one until the next
    ones are encoded, and all networks. The course's network is used: its gradient and its buffers change.
    """
    libraries = list_libraries_to_load(course) if libraries is None else libraries
    loaded = PROCESS + (PYARROW if "pyarrow" in libraries else 0) + count_image_bytes(data.rows)
    read = loaded + sum(count_table_bytes(table) for table in data.rows.tables)
    read += 0 if data.weights is None else data.weights.nbytes
    kept = read + sum(each.train.nbytes + each.validation.nbytes + each.test.nbytes for each in parts)
    encoded_rows = (
        count_encoded_part_bytes(encoded.train)
        + count_encoded_part_bytes(encoded.validation)
        - count_shared_image_bytes(data, encoded)
    )
    work = measure_training_step_bytes(course) + measure_evaluation_chunk_bytes(course)
    others = (len(parts) - 1) * (2 * course.network.parameters.theta.nbytes + work)
    compiler = NUMBA if "numba" in libraries else 0
    before = kept + others + (encoded_rows + compiler if len(parts) > 1 else 0)
    model = kept + compiler + others + encoded_rows + count_network_bytes(course) + work
    held = 0 if course.validation is None else course.validation.rows
    watched = course.train.rows if course.spec.training.train_loss == "evaluation" else held
    return Phases(
        reading=read + estimate_extra_reading_bytes(data.rows),
        encoding=before + estimate_extra_encoding_bytes(data, parts[0], encoded),
        training=model
        + estimate_epoch_data_bytes(course)
        + measure_watch_bytes(course)
        + estimate_metric_computation_bytes(course, max(watched, held)),
        with_files=loaded + model - read - encoded_rows + bound_row_memory_with_files(data.rows, course.head.outputs),
        measuring=model + estimate_metric_computation_bytes(course, max(course.train.rows, held)),
    )


def list_libraries_to_load(course: Course) -> set[str]:
    """The large libraries that `fit` will load: what reading the same files has loaded here, and the compiler."""
    read = {name for name in ("pyarrow",) if sys.modules.get(name) is not None}
    return read | ({"numba"} if choose_executor(course).compiled else set())


# rows as they were read


def count_read_rows_bytes(rows: Rows) -> int:
    """Bytes of rows that are not encoded."""
    return count_image_bytes(rows) + sum(count_table_bytes(table) for table in rows.tables)


def count_image_bytes(rows: Rows) -> int:
    """Bytes of the images, which are held beside the tables."""
    return sum(array.nbytes for array in rows.arrays.values())


def count_table_bytes(table: Table) -> int:
    """Bytes of all cells, and of their different texts."""
    return sum(cells.array_bytes + count_distinct_text_bytes(cells) for cells in table.columns.values())


def count_distinct_text_bytes(cells: Cells) -> int:
    """Bytes of the different texts of a column."""
    return sum(sys.getsizeof(text) + COUNTED for text in cells.kept_texts.values)


def estimate_extra_reading_bytes(rows: Rows) -> int:
    """Extra bytes while the cells are read: packed images; the coding of texts; numbers' first texts."""
    columns = rows.inputs.columns.values()
    numeric = sum(cells.is_numeric for cells in columns)
    different = sum(len(cells.kept_texts.values) for cells in columns if not cells.is_numeric)
    first = numeric * min(compute_distinct_text_limit(max(len(columns), 1)), rows.count)
    return count_image_bytes(rows) + (TEXT + CODE) * first + CODE * different


def estimate_row_subset_bytes(rows: Rows, count: int) -> int:
    """Bytes of `count` of the rows, taken out; texts are shared."""
    arrays = sum(cells.array_bytes for table in rows.tables for cells in table.columns.values())
    return (arrays + count_image_bytes(rows)) * count // rows.count


# rows as the network sees them


def count_encoded_part_bytes(part: Examples | None) -> int:
    """Bytes of an encoded part."""
    if part is None:
        return 0
    own = {id(array): array.nbytes for array in (part.x, part.targets, part.truth, part.weights) if array is not None}
    return sum(own.values())


def count_shared_image_bytes(data: TrainingData, encoded: EncodedData) -> int:
    """Bytes of images that are all for training: their matrix is the file's own."""
    return 0 if encoded.train.rows < data.rows.count else count_image_bytes(data.rows)


def estimate_extra_encoding_bytes(data: TrainingData, parts: Parts, encoded: EncodedData) -> int:
    """The rows taken for a part, and the work on it; those of the training part stay until both are encoded.

    Images that were taken are the matrix already.
    """
    train, rows = encoded.train, data.rows
    own = estimate_row_subset_bytes(rows, train.rows) if train.rows < rows.count else 0
    encoding = measure_encoding_peak_bytes(data, parts, encoded)
    first = own + estimate_encoding_target_bytes(encoded) + max(encoding, FITTING * DOUBLE * train.rows)
    if encoded.validation is None:
        return first
    held = encoded.validation.rows
    matrix = 0 if rows.are_images else count_encoded_part_bytes(train)
    return max(first, own + matrix + estimate_row_subset_bytes(rows, held) + encoding * held // train.rows)


def estimate_encoding_target_bytes(encoded: EncodedData) -> int:
    """The targets as encodings want them: of classes one column of float64 for each, and whether a row is of it."""
    if encoded.understood == {}:
        return 0
    return encoded.head.encoding_targets(encoded.train.truth[:1]).nbytes * encoded.train.rows


def measure_encoding_peak_bytes(data: TrainingData, parts: Parts, encoded: EncodedData) -> int:
    """Bytes at the peak of encoding the training rows, their matrix included."""
    features, dtype = encoded.features, encoded.train.x.dtype
    at_once = max(min(ROWS_AT_ONCE, NUMBERS_AT_ONCE // features.width), 16)
    sample = data.rows.take(parts.train[:at_once])
    rules = data.spec.data.rules
    answers = encoded.head.encoding_targets(encoded.train.truth[: sample.count])

    def encode(count: int) -> Any:
        rows = sample.take(np.arange(count))
        return rows.encode_training(features, dtype, rules=rules, targets=answers[:count], seed=data.spec.seed)

    return extrapolate_peak_memory(encode, encoded.train.rows, most=sample.count)


# rows whose cells and matrix are in files


def bound_row_memory_with_files(rows: Rows, outputs: int) -> int:
    """The most bytes that rows take in memory where cells and matrix are in files.

    8 · (20 + 6 K) · rows for K outputs, and for each column the texts up to which it stays coded.
    """
    columns = len(rows.inputs.columns)
    texts = 2 * (TEXT + CODE) * columns * compute_distinct_text_limit(max(columns, 1))
    return DOUBLE * (NUMBERS_OF_ROW + NUMBERS_OF_OUTPUT * outputs) * rows.count + texts


def estimate_disk_with_files(data: TrainingData, encoded: EncodedData) -> int:
    """Bytes of disk with `data.memory: files`: cells as they were read, the matrix, and what it is made of."""
    cells = sum(each.array_bytes for table in data.rows.tables for each in table.columns.values())
    parts = [each for each in (encoded.train, encoded.validation) if each is not None]
    codes = sum(column.keeps_codes for column in encoded.features.columns)
    numbers = sum(column.width for column in encoded.features.columns if not column.keeps_codes)
    made = encoded.train.rows * (DOUBLE * codes + numbers * encoded.train.x.dtype.itemsize)
    return cells + made + sum(part.x.nbytes for part in parts)


# the network and its work


def count_network_bytes(course: Course) -> int:
    """θ, its gradient, the optimizer's slots, copies of the best θ: the last one stays until the next one is made."""
    theta, spec = course.network.parameters.theta, course.spec
    copies = 3 + (spec.training.epochs > 1) + spec.optimizer.temporaries
    return copies * theta.nbytes + count_optimizer_slot_bytes(spec.optimizer, course.network)


def count_optimizer_slot_bytes(optimizer: Optimizer, network: Network) -> int:
    """Bytes of the optimizer's state: its slots for one parameter, times the parameters."""
    one = sum(slot.nbytes for slot in optimizer.init(1, network.dtype).values())
    return one * network.parameters.theta.size


def estimate_epoch_data_bytes(course: Course) -> int:
    """What an epoch holds: weights; if it is shuffled its order, targets, and all inputs where they are small.

    Of larger inputs one batch at a time is gathered, and of images one is made in any case. Members have orders and
    batches of their own.
    """
    part, members = course.train, course.network.members or 1
    weights = part.training_weights()
    own = 0 if weights is None else weights.nbytes
    if not course.is_shuffled:
        return own + count_batch_copy_bytes(part.x, course.batch_size)
    shuffle = course.spec.training.shuffle
    if isinstance(shuffle, BlockShuffle) and not shuffles_inputs_at_once(course):
        return own + members * estimate_group_bytes(course, shuffle)
    gathered = part.x[: None if shuffles_inputs_at_once(course) else course.batch_size + 1].nbytes
    return own + members * (part.targets.nbytes + 2 * DOUBLE * part.rows + gathered)


def estimate_group_bytes(course: Course, shuffle: BlockShuffle) -> int:
    """Bytes of a group of blocks, its order and a batch of it (twice where groups meet): inputs, targets, weights."""
    assert shuffle.blocks is not None
    assert shuffle.together is not None
    part = course.train
    group = min(shuffle.blocks * shuffle.together, part.rows)
    one = part.x[:1].nbytes + part.targets[:1].nbytes + DOUBLE
    return (group + 2 * course.batch_size) * one + 2 * DOUBLE * group


@np.errstate(all="ignore")
def measure_training_step_bytes(course: Course) -> int:
    """Bytes of a step's arrays, outputs, masks and derivatives: for a batch, and for the smaller last one."""
    network, part, spec = course.network, course.train.take_first(course.batch_size), course.spec
    weights = part.training_weights()

    def step(rows: int) -> Any:
        run = network.begin(rows, train=True, noise=course.noise(0))
        own = None if weights is None else weights[:rows]
        x, targets = part.x[:rows], part.targets[:rows]
        if network.members is not None:  # their own rows were counted where they are gathered
            x, targets = (np.broadcast_to(each, (network.members, *each.shape)) for each in (x, targets))
        batch = x, targets, own
        return network.objective(*batch, loss=course.head.loss, penalty=spec.regularization, run=run)

    numbers = network.inputs + sum(layer.outputs(inputs) for _, layer, inputs in network.walk())
    whole = extrapolate_peak_memory(step, part.rows, most=max(NUMBERS_AT_ONCE // (4 * numbers), 16))
    last = course.train.rows % part.rows
    return whole + whole * last // part.rows


@np.errstate(all="ignore")
def measure_evaluation_chunk_bytes(course: Course) -> int:
    """The arrays of evaluation: for a chunk of rows, and for the smaller last one of each part."""
    network = course.network
    chunk = min(network.chunk_rows(), course.train.rows)
    whole = trace_peak_memory(lambda rows: deque(network.logits(course.train.x[:rows]), 0), chunk)
    parts = [course.train.rows] + ([course.validation.rows] if course.validation else [])
    return whole + sum(whole * (rows % chunk) // chunk for rows in parts)


def measure_watch_bytes(course: Course) -> int:
    """What is held where the layers are watched: θ before a step, the outputs of all layers for some rows."""
    if not course.spec.training.watch_layers:
        return 0
    theta = course.network.parameters.theta.nbytes
    return theta + trace_peak_memory(lambda _: LayerWatch(course).measure_outputs(), course.train.rows)


@np.errstate(all="ignore")
def estimate_metric_computation_bytes(course: Course, rows: int) -> int:
    """Bytes that measuring `rows` takes: predictions, and the larger of chunk joining (with losses) and metrics."""
    some = course.train.take_first(ROWS_AT_ONCE)
    losses, predictions = predict_with_row_losses(course.network, course.head, some)
    own, lost = (array.nbytes * rows // some.rows for array in (predictions, losses))

    def measure(count: int) -> Any:
        return measure_part_metrics(course.head, some.take_first(count), predictions[:count])

    joining = own + 2 * lost + 2 * DOUBLE * rows  # the mean of the losses is one of float64, with weights
    return own + max(joining, extrapolate_peak_memory(measure, rows, most=some.rows))


# measured work


def extrapolate_peak_memory(work: Callable[[int], Any], rows: int, *, most: int) -> int:
    """Bytes at the peak of `work(rows)`: measured on `most` rows, and on half as many where there are more of them."""
    if rows <= most:
        return trace_peak_memory(work, rows)
    half = most // 2
    low, high = trace_peak_memory(work, half), trace_peak_memory(work, most)
    return high + (high - low) * (rows - most) // (most - half)


def trace_peak_memory(work: Callable[[int], Any], rows: int) -> int:
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
