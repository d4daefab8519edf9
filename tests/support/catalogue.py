"""What a case of the bad-input catalogue is made of: a small table, specs, models, a command, and what comes of it."""

import re
import shlex
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import command
from tests.support.patience import PATIENCE

PROCESSOR_SECONDS, WAITING_SECONDS = 20, PATIENCE
"""Every case ends soon, also on a slow machine; what waits for something that never comes is stopped, too."""

NAMES = ("size", "colour", "price", "label")
ROWS = [
    (
        f"{(k * 7) % 24 + 0.5}",
        ("red", "green", "blue")[(k * 5) % 3],
        f"{100 + (k * k) % 37 + k / 10:.1f}",
        "yes" if (k * 5) % 24 > 11 else "no",
    )
    for k in range(24)
]
"""Two numbers that are all different, a category of three, two classes of twelve rows."""


def text_of(*rows: tuple[str, ...], end: str = "\n") -> str:
    """Rows as the lines of a file."""
    return "".join(",".join(row) + end for row in rows)


TABLE = text_of(NAMES, *ROWS)

DATA, MODEL, TRAINING = "train: table.csv, target: label", "hidden: [2]", "epochs: 1"


def spec(data: str = DATA, model: str = MODEL, training: str = TRAINING, more: str = "") -> str:
    """A spec of which each part can be replaced: data on line 1, model on 2, training on 3, more from 4 on."""
    return f"data: {{{data}}}\nmodel: {{{model}}}\ntraining: {{{training}}}\n{more}"


PRICES = spec(data="train: table.csv, target: price")


def with_line(number: int, text: str) -> str:
    """The table with one line (counted from 1) replaced."""
    lines = TABLE.splitlines()
    lines[number - 1] = text
    return "\n".join(lines) + "\n"


def with_cell(line: int, column: str, text: str, table: str = TABLE) -> str:
    """The table with one cell replaced."""
    rows = [row.split(",") for row in table.splitlines()]
    rows[line - 1][NAMES.index(column)] = text
    return text_of(*map(tuple, rows))


def with_cells(column: str, *texts: str) -> str:
    """The table with a column of other cells: the texts, over and over."""
    place = NAMES.index(column)
    cells = [texts[row % len(texts)] for row in range(len(ROWS))]
    return text_of(NAMES, *((*row[:place], cell, *row[place + 1 :]) for row, cell in zip(ROWS, cells, strict=True)))


def with_column(name: str, *texts: str) -> str:
    """The table with one column more, of the texts, over and over."""
    cells = [texts[row % len(texts)] for row in range(len(ROWS))]
    return text_of((*NAMES, name), *((*row, cell) for row, cell in zip(ROWS, cells, strict=True)))


def renamed(column: str, name: str) -> str:
    """The table with another name for one of its columns."""
    return TABLE.replace(column, name, 1)


def repeated(times: int) -> str:
    """The table with its rows several times."""
    return text_of(NAMES, *ROWS * times)


Files = Mapping[str, str | bytes]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One command in a folder with a table, a spec, two models (of classes and of prices), and files of its own."""

    name: str
    command: str
    code: int
    said: tuple[str, ...]
    """Patterns, each of which stands in one line on stderr."""
    out: tuple[str, ...] = ()
    """The same for stdout."""
    unsaid: tuple[str, ...] = ()
    """Patterns that stand nowhere."""
    files: Files = field(default_factory=dict)
    make: Callable[[Path], object] | None = None
    """Makes what cannot be said as content."""
    stdin: bytes = b""
    lines: int = 1
    """How many errors there are; one line each."""
    seconds: float = PROCESSOR_SECONDS
    """How long it may work."""


FIT, PREDICT, EVAL = "fit spec.yaml", "predict model.npz rows.csv", "eval model.npz rows.csv"

Make = Callable[[Path], object]


def contents(files: Mapping[str, str | bytes | None]) -> Files:
    """Files with their content, of those that are given."""
    return {name: content for name, content in files.items() if content is not None}


def bad(
    name: str,
    *said: str,
    table: str | bytes | None = None,
    spec: str | bytes | None = None,
    rows: str | bytes | None = None,
    files: Files | None = None,
    command: str = FIT,
    code: int = 3,
    make: Make | None = None,
    unsaid: tuple[str, ...] = (),
    stdin: bytes = b"",
    lines: int = 1,
) -> Case:
    """A case that ends in an error."""
    files = contents({"table.csv": table, "spec.yaml": spec, "rows.csv": rows}) | dict(files or {})
    return Case(
        name=name,
        command=command,
        code=code,
        said=said,
        files=files,
        make=make,
        unsaid=unsaid,
        stdin=stdin,
        lines=lines,
    )


def good(
    name: str,
    *said: str,
    table: str | bytes | None = None,
    spec: str | bytes | None = None,
    rows: str | bytes | None = None,
    files: Files | None = None,
    command: str = FIT,
    make: Make | None = None,
    out: tuple[str, ...] = (),
    unsaid: tuple[str, ...] = (),
    stdin: bytes = b"",
    seconds: float = PROCESSOR_SECONDS,
) -> Case:
    """A case that is accepted, with its notes."""
    files = contents({"table.csv": table, "spec.yaml": spec, "rows.csv": rows}) | dict(files or {})
    return Case(
        name=name,
        command=command,
        code=0,
        said=said,
        files=files,
        make=make,
        out=out,
        unsaid=unsaid,
        stdin=stdin,
        lines=0,
        seconds=seconds,
    )


class TooSlow(BaseException):
    """The guard: no handler of errors takes this for one of its own."""


@contextmanager
def guarded(seconds: float) -> Iterator[None]:
    """Raise where a command works or waits for too long."""

    def stop(number, frame):
        raise TooSlow

    clocks = {
        signal.ITIMER_PROF: (signal.SIGPROF, seconds),
        signal.ITIMER_REAL: (signal.SIGALRM, WAITING_SECONDS),
    }
    before = {number: signal.signal(number, stop) for number, _ in clocks.values()}
    for clock, (_, limit) in clocks.items():
        signal.setitimer(clock, limit)
    try:
        yield
    finally:
        for clock in clocks:
            signal.setitimer(clock, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def run(folder: Path, line: str, stdin: bytes = b"", seconds: float = PROCESSOR_SECONDS) -> command.Ended:
    """A command line, under guard."""
    with guarded(seconds):
        return command.mlptrain(*shlex.split(line), cwd=folder, stdin=stdin)


def write(folder: Path, files: Files) -> None:
    """Write files."""
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def check(case: Case, folder: Path) -> None:
    """Run a case in a folder that has all it needs, and hold it to what is wanted."""
    write(folder, case.files)
    if case.make is not None:
        case.make(folder)
    before = state(folder)
    ended = run(folder, case.command, case.stdin, case.seconds)
    errors = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert ended.code == case.code, ended.err or ended.out
    assert "Traceback" not in ended.err
    assert "bug in mlptrain" not in ended.err
    assert "\x1b" not in ended.err + ended.out
    assert len(errors) == case.lines, ended.err
    if case.code:
        assert ended.out == ""
        assert all(line.startswith(("error: ", "note: ")) for line in ended.err.splitlines()), ended.err
        assert state(folder) == before
    for pattern in case.said:
        assert re.search(pattern, ended.err, re.IGNORECASE), f"{pattern!r} is not in {ended.err!r}"
    for pattern in case.out:
        assert re.search(pattern, ended.out, re.IGNORECASE), f"{pattern!r} is not in {ended.out!r}"
    for pattern in case.unsaid:
        assert not re.search(pattern, ended.err + ended.out, re.IGNORECASE), f"{pattern!r} is in {ended.err!r}"
    assert not [path for path in folder.rglob("*") if path.name.endswith(".tmp")]


def state(folder: Path) -> dict[str, object]:
    """Every name below a folder, and the content of what is a file of a sensible size."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 10**7
        else path.lstat().st_size
        for path in folder.rglob("*")
    }
