"""Work done ahead by a thread of its own, or in turn where the system gives none: with the same results either way."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")

REFUSED = "can't start new thread"
"""What Python says where a limit of memory or of processes leaves no room for a thread."""


class Ahead:
    """One thread that works ahead, piece after piece; without it, a piece is done when it is handed over."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def submit(self, work: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Future[Result]:
        """Have some work done; its result, or its error, is that of the future."""
        if self._pool is not None:
            try:
                return self._pool.submit(work, *given, **named)
            except RuntimeError as problem:
                if REFUSED not in str(problem):
                    raise
                self._pool = None  # it holds the work that nobody does, so nothing more is handed to it
        done: Future[Result] = Future()
        try:
            done.set_result(work(*given, **named))
        except Exception as problem:
            done.set_exception(problem)
        return done
