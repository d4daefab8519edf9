"""The memory that `check` states: its parts, and the law that real processes of `fit` hold to it."""

import gzip
import re
import struct
import subprocess
import sys
import tracemalloc
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import yaml

from mlptrain.commands.fit import fit_files
from mlptrain.data import arrow_csv
from mlptrain.data.cells import NumberCells, TextCells
from mlptrain.engine.lbfgs import LBFGS
from mlptrain.engine.optimizers import Optimizer
from mlptrain.fitting import memory_estimate
from mlptrain.fitting.memory_estimate import (
    MIB,
    NUMBA,
    PYARROW,
    Phases,
    bound_row_memory_with_files,
    count_distinct_text_bytes,
    count_encoded_part_bytes,
    count_network_bytes,
    count_optimizer_slot_bytes,
    count_read_rows_bytes,
    estimate_epoch_data_bytes,
    estimate_memory_by_phase,
    estimate_metric_computation_bytes,
    estimate_row_subset_bytes,
    extrapolate_peak_memory,
    measure_training_step_bytes,
    measure_watch_bytes,
    trace_peak_memory,
)
from mlptrain.fitting.part_measures import evaluate_part_metrics
from mlptrain.fitting.training import make_course
from mlptrain.model.rows import read_rows
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.spec.fields import Data
from mlptrain.training import course as course_file
from mlptrain.training.state import make_initial_state
from tests.support.flows import DATASETS, mixed_rows, write_mixed
from tests.support.patience import PATIENCE
from tests.support.preparing import read_data

# the law

STATUS = Path("/proc/self/status")
CHILD = """
import sys
from pathlib import Path
from mlptrain.__main__ import main
try:
    main()
finally:
    status = Path("/proc/self/status").read_text()
    print("peak", next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1], file=sys.stderr)
"""


def tells_its_peak() -> bool:
    with suppress(OSError):
        return "VmHWM" in STATUS.read_text()
    return False


def begun(*arguments):
    command = [sys.executable, "-c", CHILD, *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, **pipes, text=True, cwd=Path(__file__).parents[2])


def ended(process):
    """What a process said, and its peak in bytes."""
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return out, 1024 * int(re.search(r"^peak (\d+)$", err, re.MULTILINE)[1])


def write_spec(folder, data, **sections):
    spec = {
        "data": {"target": "y", "split": {"validation": 0.2}} | data,
        "model": {"hidden": [16]},
        "training": {"epochs": 2, "batch_size": 256},
    } | sections
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    return path


def few_rows(folder):
    """Next to nothing but libraries."""
    return write_spec(folder, {"train": str(DATASETS / "iris.csv"), "target": "species"})


def numbers_in_one_batch(folder):
    """15,000 rows of 10 numbers, which PyArrow reads where it is there; all of them in every step, with dropout."""
    x = np.random.default_rng(1).standard_normal((15_000, 10)).round(7)
    rows = [",".join(map(str, row)) + f",{row[0] > 0:d}" for row in x.tolist()]
    (folder / "t.csv").write_text("\n".join([",".join("abcdefghij") + ",y", *rows]) + "\n")
    model = {"hidden": [128], "dropout": 0.5, "activation": "silu"}
    return write_spec(folder, {"train": "t.csv"}, model=model, training={"epochs": 2, "batch_size": "full"})


def many_levels(folder):
    """5,000 rows of 10 categories, which become 3,010 inputs."""
    codes = np.random.default_rng(2).integers(0, 300, (5000, 10)).tolist()
    rows = [",".join(f"v{code}" for code in row) + f",{'ab'[row[0] % 2]}" for row in codes]
    (folder / "t.csv").write_text("\n".join([",".join("abcdefghij") + ",y", *rows]) + "\n")
    return write_spec(folder, {"train": "t.csv"}, training={"epochs": 1, "batch_size": 32})


def many_parameters(folder):
    """300,000 parameters, of which L-BFGS keeps 20 copies and its work some more."""
    model, training = {"hidden": [540, 540]}, {"epochs": 3, "batch_size": "full"}
    data = {"train": str(DATASETS / "iris.csv"), "target": "species"}
    return write_spec(folder, data, model=model, training=training, optimizer="lbfgs")


def many_columns(folder):
    """900 rows of 1,000 numbers, which stay texts."""
    cells = np.random.default_rng(4).integers(10**6, 10**7, (900, 1000)).tolist()
    rows = [",".join(f"0.{cell}" for cell in row) for row in cells]
    header = ",".join(["y", *(f"x{place}" for place in range(1, 1000))])
    (folder / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    return write_spec(folder, {"train": "t.csv"}, training={"epochs": 1, "batch_size": 256})


def many_images(folder):
    """20,000 images of 28 × 28, whose matrix would take 60 MiB."""
    images, labels = np.zeros((20_000, 28, 28), np.uint8), np.arange(20_000) % 10
    images[:, 5:20, 5:20] = labels[:, None, None] * 25
    for name, array in (("images", images), ("labels", labels.astype(np.uint8))):
        header = b"\x00\x00\x08" + struct.pack(f">B{array.ndim}I", array.ndim, *array.shape)
        (folder / name).write_bytes(gzip.compress(header + array.tobytes(), 1))
    data = {"train": {"images": "images", "labels": "labels"}}
    return write_spec(folder, data | {"target": ""}, training={"epochs": 1, "batch_size": 256})


@pytest.mark.skipif(not tells_its_peak(), reason="this system does not tell a process's peak (VmHWM in its status)")
@pytest.mark.parametrize(
    "work", [few_rows, numbers_in_one_batch, many_levels, many_parameters, many_columns, many_images]
)
def test_the_peak_of_a_fit_is_what_check_states_within_half_as_much(tmp_path, work):
    spec = work(tmp_path)
    with begun("check", spec) as checking, begun("fit", spec, "-q", "--out", tmp_path / "m.npz") as fitting:
        said, _ = ended(checking)
        _, peak = ended(fitting)
    stated = MIB * float(re.search(r"about ([\d.,]+) MiB of memory", said)[1].replace(",", ""))
    assert peak / 1.5 <= stated <= 1.5 * peak


# phases


def started(folder, *overrides, rows=60, **sections):
    """Material, parts, the first of them prepared, and its course."""
    material = read_data(write_mixed(folder, mixed_rows(rows), **sections), overrides)
    parts = divide_rows(material)
    prepared = fit_and_encode_parts(material, parts[0])
    return material, parts, prepared, make_course(prepared, folds=len(parts))


def course(folder, *overrides, **options):
    return started(folder, *overrides, **options)[-1]


def found(folder, *overrides, libraries=(), **options):
    return estimate_memory_by_phase(*started(folder, *overrides, **options), libraries=libraries)


def test_the_peak_is_that_of_the_largest_phase_in_whole_mebibytes():
    assert Phases(reading=1, encoding=3 * MIB + 1, training=2, measuring=3 * MIB, with_files=9 * MIB).peak == 4 * MIB


def test_libraries_count_from_when_they_are_loaded(tmp_path):
    alone, reader, compiler = (found(tmp_path, libraries=each) for each in ([], ["pyarrow"], ["numba"]))
    assert reader.reading - alone.reading == PYARROW
    assert compiler.reading == alone.reading
    assert compiler.training - alone.training == pytest.approx(NUMBA, abs=MIB / 10)


def test_the_libraries_are_those_of_reading_here_and_of_the_choice_of_the_executor(tmp_path, monkeypatch):
    small = course(tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert memory_estimate.list_libraries_to_load(small) == set()
    monkeypatch.setitem(sys.modules, "pyarrow", sys)
    assert memory_estimate.list_libraries_to_load(small) == {"pyarrow"}


def test_every_phase_of_the_work_grows_with_the_rows(tmp_path):
    small, large = found(tmp_path / "a", rows=2000), found(tmp_path / "b", rows=8000)
    assert small.reading < large.reading
    assert small.encoding < large.encoding
    assert small.training < large.training
    assert small.measuring < large.measuring


def test_of_several_folds_the_last_rows_and_all_networks_stay(tmp_path):
    wide = {"model": {"hidden": [400, 400]}}
    once, folds = (found(tmp_path, f"data.split={each}", **wide) for each in ("{validation: 0.2}", "{folds: 5}"))
    parameters = 400 * 400 * 4
    assert folds.training - once.training > 4 * 2 * parameters
    assert folds.encoding - once.encoding > 4 * 2 * parameters


# rows


def test_cells_are_their_arrays_and_their_texts():
    coded = TextCells(np.zeros(100, np.int32), ["a", "bc"])
    assert coded.array_bytes == 400
    assert count_distinct_text_bytes(coded) > sys.getsizeof("a") + sys.getsizeof("bc")
    odd = TextCells(np.zeros(2, np.int32), [""])
    numbers = NumberCells(np.zeros(100), np.array([3, 7]), odd)
    assert numbers.array_bytes == 800 + 16 + 8
    assert count_distinct_text_bytes(numbers) < count_distinct_text_bytes(coded)


def test_rows_that_are_taken_are_their_share_without_the_texts(tmp_path):
    rows = started(tmp_path)[0].rows
    assert estimate_row_subset_bytes(rows, rows.count) < count_read_rows_bytes(rows)
    assert estimate_row_subset_bytes(rows, rows.count // 2) == pytest.approx(
        estimate_row_subset_bytes(rows, rows.count) / 2, abs=1
    )


def test_codes_that_are_truth_and_targets_count_once(tmp_path):
    part = course(tmp_path).train
    assert part.targets is part.truth
    assert count_encoded_part_bytes(part) == part.x.nbytes + part.truth.nbytes
    assert count_encoded_part_bytes(None) == 0


# network and work


@pytest.mark.parametrize("kind", [*get_args(Optimizer), LBFGS], ids=lambda kind: kind.__name__)
def test_slots_are_counted_without_being_made(tmp_path, kind):
    network, optimizer = course(tmp_path).network, kind()
    made = make_initial_state(network, optimizer).slots
    assert count_optimizer_slot_bytes(optimizer, network) == sum(slot.nbytes for slot in made.values())


def test_a_network_is_held_with_its_gradient_its_slots_and_the_best_copies(tmp_path):
    theta = course(tmp_path).network.parameters.theta.nbytes
    assert count_network_bytes(course(tmp_path, "optimizer=sgd", "training.epochs=1")) == 3 * theta
    assert count_network_bytes(course(tmp_path, "optimizer=sgd")) == 4 * theta
    assert count_network_bytes(course(tmp_path, "optimizer=adam")) == 6 * theta
    assert count_network_bytes(course(tmp_path, "optimizer=lbfgs", "training.batch_size=full")) > 24 * theta


def test_an_epoch_holds_small_inputs_in_its_order_and_of_large_ones_a_batch(tmp_path, monkeypatch):
    shuffled = course(tmp_path, "training.batch_size=4")
    assert estimate_epoch_data_bytes(shuffled) > shuffled.train.x.nbytes
    assert estimate_epoch_data_bytes(course(tmp_path, "training.shuffle=false")) == 0
    assert estimate_epoch_data_bytes(course(tmp_path, "training.batch_size=full")) == 0
    monkeypatch.setattr(course_file, "GATHER_AT_ONCE", 0)
    held = shuffled.train.x.nbytes - shuffled.train.x[:5].nbytes
    before = estimate_epoch_data_bytes(shuffled)
    monkeypatch.undo()
    assert estimate_epoch_data_bytes(shuffled) - before == held


@pytest.mark.parametrize("model", [{"hidden": [64, 64]}, {"hidden": [64], "dropout": 0.4, "norm": "batch"}])
def test_the_arrays_of_a_large_step_are_extrapolated_from_smaller_ones(tmp_path, monkeypatch, model):
    first, again = (course(tmp_path, "training.batch_size=full", rows=4000, model=model) for _ in range(2))
    whole = measure_training_step_bytes(first)
    monkeypatch.setattr(memory_estimate, "NUMBERS_AT_ONCE", 1 << 20)
    assert measure_training_step_bytes(again) == pytest.approx(whole, rel=0.15)


@pytest.mark.parametrize("target", ["label", "price"])
def test_predictions_and_metrics_of_many_rows_are_extrapolated_from_those_of_some(tmp_path, monkeypatch, target):
    each = course(tmp_path, rows=6000, data={"target": target})
    monkeypatch.setattr(memory_estimate, "ROWS_AT_ONCE", 6000)
    whole = estimate_metric_computation_bytes(each, 6000)
    monkeypatch.setattr(memory_estimate, "ROWS_AT_ONCE", 600)
    assert estimate_metric_computation_bytes(each, 6000) == pytest.approx(
        whole, rel=0.2
    )  # sorting takes more or less of ties
    evaluate_part_metrics(each, each.train)
    assert trace_peak_memory(lambda rows: evaluate_part_metrics(each, each.train), 6000) == pytest.approx(
        whole, rel=0.25
    )


# measured work


def test_watching_the_layers_takes_their_outputs_and_the_parameters_of_before(tmp_path):
    spec = write_mixed(tmp_path, model={"hidden": [50, 40]}, training={"watch_layers": 1, "epochs": 2})
    data = read_data(spec)
    course = make_course(fit_and_encode_parts(data, divide_rows(data)[0]))
    outputs = course.train.rows * (2 * 50 + 2 * 40 + 1) * course.network.dtype.itemsize
    theta = course.network.parameters.theta.nbytes
    assert theta + outputs / 2 < measure_watch_bytes(course) < theta + 4 * outputs + (1 << 16)
    unwatched = replace(course, spec=replace(course.spec, training=replace(course.spec.training, watch_layers=0)))
    assert measure_watch_bytes(unwatched) == 0


def test_what_is_allocated_in_between_counts_though_it_is_gone_at_the_end():
    assert trace_peak_memory(lambda rows: np.ones(rows).sum(), 100_000) == pytest.approx(800_000, rel=0.01)


def test_a_trace_that_is_under_way_goes_on():
    tracemalloc.start()
    try:
        assert trace_peak_memory(np.ones, 1000) >= 8000
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


def test_a_trace_of_ours_ends_also_with_a_fault():
    with pytest.raises(ZeroDivisionError):
        trace_peak_memory(lambda rows: rows / 0, 1)
    assert not tracemalloc.is_tracing()


def test_work_is_measured_on_all_rows_or_extrapolated_as_a_line():
    asked = []

    def work(rows):
        asked.append(rows)
        return np.ones((rows, 10)), np.ones(50_000)

    assert extrapolate_peak_memory(work, 1000, most=1000) == pytest.approx(480_000, rel=0.02)
    assert extrapolate_peak_memory(work, 1_000_000, most=2000) == pytest.approx(80_400_000, rel=0.02)
    assert asked == [1000, 1000, 2000]


# cells and matrix in files


def write_numbers(folder, rows, columns):
    """Numbers in a CSV that is read piece by piece, and two classes."""
    x = np.random.default_rng(rows).integers(10**5, 10**6, (rows, columns)).tolist()
    lines = [",".join([*(f"0.{cell}" for cell in row), "ab"[row[0] % 2]]) for row in x]
    (folder / "t.csv").write_text("\n".join([",".join([*(f"x{place}" for place in range(columns)), "y"]), *lines]))


def trace_fit_peak(folder, rows, columns, memory):
    """The peak of what a fit allocates, and the bound on what its rows may take of that with files."""
    write_numbers(folder, rows, columns)
    training = {"epochs": 1, "batch_size": 64}
    spec = write_spec(folder, {"train": "t.csv", "memory": memory}, model={"hidden": [4]}, training=training)
    peak = trace_peak_memory(lambda _: fit_files(str(spec), out=folder / "m.npz"), rows)
    return peak, bound_row_memory_with_files(read_rows("t.csv", Data(train="t.csv"), folder), 2)


def test_the_memory_of_a_fit_with_files_is_bounded_by_rows_and_columns(tmp_path, monkeypatch):
    """In memory they are not within the bound."""
    monkeypatch.setattr(arrow_csv, "PROBE", 1 << 14)
    monkeypatch.setattr(arrow_csv, "BYTES_AT_ONCE", 1 << 16)
    trace_fit_peak(tmp_path, 4_000, 24, "files")  # what is loaded with a first fit is no memory of rows
    for rows, columns in ((8_000, 24), (24_000, 8), (24_000, 24)):
        peak, bound = trace_fit_peak(tmp_path, rows, columns, "files")
        assert peak <= bound
    in_memory, bound = trace_fit_peak(tmp_path, 24_000, 24, "memory")
    assert in_memory > bound
