"""What the parts of the long run answer: rows of a table, and a part that could not be run at all."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Row:
    """One kind of case: how many were run, what went wrong in them, how long it took."""

    what: str
    cases: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0
    note: str = ""

    def case(self, faults: Iterable[str]) -> None:
        """Count a case with all that was wrong in it, as one failure."""
        self.cases += 1
        if found := "; ".join(faults):
            self.failures.append(found)

    @contextmanager
    def timed(self) -> Iterator["Row"]:
        """Add the seconds of a block."""
        begun = time.monotonic()
        yield self
        self.seconds += time.monotonic() - begun


class LeftOut(Exception):  # noqa: N818  (what happened)
    """A part that cannot be run here, and why."""
