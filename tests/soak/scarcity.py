"""Too little memory, too small a disk, too small a file: one message, exit code 6, and files that are whole.

Memory is scarce in three ways: a limit of the address space, for children of a warm process and for whole processes;
and one array of NumPy's that is not given its memory, the first, the second, … (by the handler of NEP 49).
"""

import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mlptrain.commands.predict import Prediction
from mlptrain.model.answers import AnswerOptions
from mlptrain.model.model import Model
from tests.soak.forked import Ended, ended
from tests.soak.syscalls import Save, faults_of
from tests.soak.tally import LeftOut, Row
from tests.support.flows import fit

ROOT = Path(__file__).parents[2]
MIB = 1 << 20


def commands(folder: Path, *, rows: int = 12_000) -> list[Save]:
    """Fits of a model and predictions with it, each with a file to replace; the data lie in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(1)
    x = draw.standard_normal((rows, 12)).round(3)
    names = ",".join(f"x{k}" for k in range(12))
    lines = [",".join(map(str, each)) + f",{'yes' if each[0] > each[1] else 'no'}" for each in x.tolist()]
    table, spec, model = folder / "t.csv", folder / "t.yaml", folder / "old.npz"
    table.write_text("\n".join([f"{names},y", *lines]) + "\n", encoding="utf-8")
    spec.write_text(
        "data: {train: t.csv, target: y, split: {validation: 0.2}}\n"
        "model: {hidden: [64, 64]}\ntraining: {epochs: 2, batch_size: 200}\nseed: 1\n",
        encoding="utf-8",
    )
    end = ended(lambda: fit(str(spec), out=model, overrides=["seed=2"]))
    assert end == Ended(0, ""), end
    wanted = AnswerOptions(probabilities=True)
    old = {"m.npz": model.read_bytes()}

    def predict(path: Path) -> None:
        Prediction(str(model), str(table), wanted).publish(path)

    return [
        Save("fit", "m.npz", lambda path: fit(str(spec), out=path), old, Model.load),
        Save("predict", "y.csv", predict, {"y.csv": b"y\n"}, Path.read_bytes),
    ]


def limited(kind: int, most: int, command: Callable[[], object]) -> Callable[[], object]:
    """A command under a limit of the process."""

    def run() -> None:
        resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))
        try:
            command()
        finally:
            resource.setrlimit(kind, (resource.getrlimit(kind)[1],) * 2)  # to say what happened

    return run


def used() -> int:
    """The address space of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def steps(least: float, most: float, count: int) -> list[int]:
    """Sizes, each larger than the one before by the same factor."""
    return [round(least * (most / least) ** (k / max(count - 1, 1))) for k in range(count)]


class Room:
    """A folder in which commands run, what is there before them and what they make of it when nothing is scarce."""

    def __init__(self, one: Save, folder: Path) -> None:
        self.one, self.folder = one, folder
        one.prepare(folder)
        end = ended(lambda: one.write(folder / one.target))
        assert end == Ended(0, ""), end
        self.new = {path.name: path.read_bytes() for path in folder.iterdir()}

    @property
    def path(self) -> Path:
        """Where the command writes."""
        return self.folder / self.one.target

    def run(self, row: Row, what: str, around: Callable[[Callable[[], object]], Callable[[], object]]) -> Ended:
        """Run the command once, with something around it, and count what is wrong afterwards."""
        self.one.prepare(self.folder)
        end = ended(around(lambda: self.one.write(self.path)))
        faults = (*end.faults(0, 6), *faults_of(self.one, self.folder, self.new, end))
        row.case(f"{self.one.what}, {what}: {fault}" for fault in faults)
        return end


# ── Memory ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def address_space(room: Room, count: int) -> Row:
    """From nothing more than what is used already, to enough."""
    row, refused = Row(f"{room.one.what} under a limit of the address space"), 0
    with row.timed():
        for more in steps(64 << 10, 128 * MIB, count):
            around = lambda command, more=more: lambda: limited(resource.RLIMIT_AS, used() + more, command)()  # noqa: E731
            refused += room.run(row, f"{more} bytes more", around).code != 0
    row.note = f"{refused} refused"
    return row


class Allocator(ctypes.Structure):
    """PyDataMemAllocator of NumPy."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("ctx", "malloc", "calloc", "realloc", "free")]


class Handler(ctypes.Structure):
    """PyDataMem_Handler of NumPy."""

    _fields_ = [("name", ctypes.c_char * 127), ("version", ctypes.c_uint8), ("allocator", Allocator)]


SET_HANDLER = 304
"""The place of PyDataMem_SetHandler in the table of NumPy's C functions."""


def fail_allocation(number: int) -> None:
    """From now on NumPy gets the memory of its arrays from here, and not for array number `number`.

    The functions below are those of PyMem_RawMalloc and so on, which take what NumPy's take. To free stays theirs: it
    happens while an exception is on its way, when no Python may run.
    """
    python, pointer, size = ctypes.pythonapi, ctypes.c_void_p, ctypes.c_size_t
    raw = Allocator()
    python.PyMem_GetAllocator(0, ctypes.byref(raw))
    given = 0

    def counted(address: int, *arguments: type) -> Any:
        kind = ctypes.PYFUNCTYPE(pointer, pointer, *arguments)
        function = kind(address)

        def call(*values: object) -> object:
            nonlocal given
            given += 1
            return None if given == number else function(*values)

        return kind(call)

    makers = [counted(raw.malloc, size), counted(raw.calloc, size, size), counted(raw.realloc, pointer, size)]
    addresses = [ctypes.cast(each, pointer) for each in makers]
    handler = Handler(b"counting", 1, Allocator(raw.ctx, *addresses, raw.free))
    python.PyCapsule_New.restype, python.PyCapsule_New.argtypes = ctypes.py_object, [pointer, ctypes.c_char_p, pointer]
    python.PyCapsule_GetPointer.restype = pointer
    python.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    capsule = python.PyCapsule_New(ctypes.addressof(handler), b"mem_handler", None)
    table = python.PyCapsule_GetPointer(np._core._multiarray_umath._ARRAY_API, None)  # type: ignore[attr-defined]
    address = ctypes.cast(table, ctypes.POINTER(pointer))[SET_HANDLER]
    ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(address)(capsule)
    assert np._core.multiarray.get_handler_name() == "counting"  # type: ignore[attr-defined]
    KEPT.extend([makers, handler, capsule])


KEPT: list[object] = []
"""What NumPy points to for as long as the process lives."""


def allocations(room: Room, count: int) -> Row:
    """The memory of an array is not given: of the first, the second, … as many as the command asks for, or a share."""
    row = Row(f"{room.one.what} without memory for one array")

    def around(number: int) -> Callable[[Callable[[], object]], Callable[[], object]]:
        def run(command: Callable[[], object]) -> Callable[[], object]:
            def failing() -> None:
                fail_allocation(number)
                command()

            return failing

        return run

    with row.timed():
        most = first_beyond(lambda number: ended(around(number)(lambda: room.one.write(room.path))).code == 0)
        for number in sorted({*range(1, min(count // 2, most)), *np.linspace(1, most, count, dtype=int).tolist()}):
            room.run(row, f"array {number}", around(number))
    row.note = f"of about {most} arrays"
    return row


def first_beyond(enough: Callable[[int], bool]) -> int:
    """A power of two that is enough."""
    return next(1 << k for k in range(4, 40) if enough(1 << k))


def whole_processes(room: Room, count: int, folder: Path) -> Row:
    """`python -m mlptrain` under a limit of the address space with which the interpreter can start."""
    row, refused, ended_by_blas = Row("mlptrain fit, whole processes, under a limit of the address space"), 0, 0
    command = [
        sys.executable,
        "-m",
        "mlptrain",
        "fit",
        str(folder / "t.yaml"),
        "--out",
        str(room.path),
        "--threads",
        "1",
        "-q",
    ]
    alone = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with row.timed():
        for most in steps(100 * MIB, 1500 * MIB, count):
            room.one.prepare(room.folder)
            limit = partial(resource.setrlimit, resource.RLIMIT_AS, (most, most))
            done = subprocess.run(command, env=alone, capture_output=True, text=True, preexec_fn=limit)
            if done.stderr.startswith("OpenBLAS error"):  # while NumPy loads it, it ends the process by itself
                ended_by_blas += 1
                continue
            refused += done.returncode != 0
            end = Ended(done.returncode, done.stderr)
            faults = (*end.faults(0, 6), *faults_of(room.one, room.folder, room.new, end))
            row.case(f"{most // MIB} MiB: {fault}" for fault in faults)
    row.note = f"{refused} refused; {ended_by_blas} more ended by OpenBLAS while it was loaded"
    return row


# ── Disk ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def file_sizes(room: Room, count: int) -> Row:
    """No file may be larger than so many bytes (EFBIG): from nothing to enough."""
    row, refused = Row(f"{room.one.what} under a limit of the size of files"), 0
    with row.timed():
        for most in [0, *steps(64, 2 * len(room.new[room.one.target]), count - 1)]:
            around = lambda command, most=most: limited(resource.RLIMIT_FSIZE, most, command)  # noqa: E731
            refused += room.run(row, f"files of {most} bytes", around).code != 0
    row.note = f"{refused} refused"
    return row


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """A file system of so many bytes in memory, mounted on a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if done.returncode:
        raise LeftOut(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def small_disks(one: Save, new: dict[str, bytes], folder: Path, count: int) -> Row:
    """The disk is full before the file is written: from a disk that holds what is there, to enough."""
    row, refused, page = Row(f"{one.what} to a small disk"), 0, resource.getpagesize()
    pages = [-(-len(content) // page) for content in (*one.before.values(), *new.values())]
    least = sum(pages[: len(one.before)])
    place = folder / "disk"
    with row.timed():
        for size in np.linspace(max(least, 1), sum(pages) + 4, count, dtype=int).tolist():
            with small_disk(place, size * page):
                for name, content in one.before.items():
                    (place / name).write_bytes(content)
                end = ended(lambda: one.write(place / one.target))
                faults = (*end.faults(0, 6), *faults_of(one, place, new, end))
                row.case(f"{one.what}, a disk of {size} pages: {fault}" for fault in faults)
                refused += end.code != 0
    row.note = f"{refused} refused"
    return row


def full_device(one: Save) -> Row:
    """A device that takes nothing."""
    row = Row(f"{one.what} to /dev/full")
    with row.timed():
        end = ended(lambda: one.write(Path("/dev/full")))
        row.case(end.faults(6))
    return row


def run(folder: Path, *, count: int = 50) -> Iterator[Row]:
    """All kinds of scarcity, in so many steps each."""
    data = folder / "data"
    for one in commands(folder / "first", rows=50):  # imports everything, with little memory left behind
        Room(one, folder / "room")
        one.write(folder / "room" / one.target)
    for one in commands(data):
        room = Room(one, folder / "room")
        yield address_space(room, count)
        yield allocations(room, 4 * count)
        yield file_sizes(room, max(count * 2 // 5, 3))
        try:
            yield small_disks(one, room.new, folder, max(count * 2 // 5, 3))
        except LeftOut as why:
            yield Row(f"{one.what} to a small disk", note=f"left out: {why}")
        if one.what == "predict":
            yield full_device(one)
        else:
            yield whole_processes(room, max(count * 3 // 5, 2), data)
