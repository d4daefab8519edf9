"""Pieces of one file predicted by several workers: what comes out is what one process would write.

This process reads and writes; the workers encode, predict and make texts of the numbers. What a piece is to be refused
or told for is found out here, where the lines of the file are known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from mlptrain.data.odd_cells import OddCells
from mlptrain.data.table import Table
from mlptrain.errors import DataError
from mlptrain.model.answers import AnswerOptions, Columns, NotFinite
from mlptrain.model.model import Model
from mlptrain.model.products import limit_threads
from mlptrain.model.rows import Rows, TableRows
from mlptrain.workers.contract import Channel, Executor, Task


class LinesAreElsewhereError(Exception):
    """A line of the file was asked for where only its cells are."""


def refuse_lines(_rows: Sequence[int]) -> list[int]:
    """Lines are found by reading the file again, which a worker does not."""
    raise LinesAreElsewhereError


def forget_lines(table: Table) -> Table:
    """The table without what finds the lines of its rows."""
    return replace(table, parts=[replace(part, lines_of=refuse_lines) for part in table.parts])


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The predicted columns of a piece, and its odd cells."""

    columns: Columns
    odd: OddCells


@dataclass(frozen=True, kw_only=True)
class AnswerJob:
    """Predicts pieces of a table."""

    model: Model
    options: AnswerOptions
    threads: int | None

    def __call__(self, task: Task, _channel: Channel) -> Answer | None:
        """The answer for a piece; None where it must be told which line is to blame."""
        rows, odd, lost = TableRows(task.payload), OddCells(), NotFinite()
        network = self.model.networks[0].network
        try:
            with limit_threads(network, network.chunk_rows(), self.threads):
                columns = self.model.answer(rows, self.options, odd, lost)
        except (DataError, LinesAreElsewhereError):
            return None
        return None if lost.counts else Answer(columns=columns, odd=odd)


@dataclass
class PieceQueue:
    """Pieces on their way: read, and not yet answered in their turn."""

    pieces: Iterator[Rows]
    waiting: dict[int, Rows] = field(default_factory=dict)
    problem: DataError | None = None
    """Why reading ended, if it is not the end of the file."""

    def make_tasks(self) -> Iterator[Task]:
        """A task for each piece, read when a worker is free for it."""
        try:
            for number, rows in enumerate(self.pieces):
                self.waiting[number] = rows
                yield Task(key=number, name="a piece of the input", payload=forget_lines(rows.inputs))
        except DataError as problem:
            self.problem = problem


def answer_side_by_side(
    job: AnswerJob, pieces: Iterator[Rows], executor: Executor
) -> Iterator[tuple[Rows, Answer | None]]:
    """Each piece with its answer, in the order of the file; what is wrong comes in its turn, too."""
    queue, answers, turn = PieceQueue(pieces), dict[int, Answer | None](), 0
    for done in executor.run(job, queue.make_tasks(), ignore_message, never_stop):
        assert isinstance(done.key, int)
        answers[done.key] = done.result
        while turn in answers:
            yield queue.waiting.pop(turn), answers.pop(turn)
            turn += 1
    if queue.problem is not None:
        raise queue.problem


def ignore_message(_key: object, _message: object) -> None:
    """Workers tell nothing before their results."""


def never_stop() -> bool:
    """A signal ends the command at once."""
    return False
