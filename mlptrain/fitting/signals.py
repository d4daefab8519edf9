"""Signals that end a fit: the first one after the current step, with what was done kept; a second one at once."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from mlptrain.errors import HungUp, Interrupted, Terminated

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stop:
    """Remembers a signal: in training the first asks to stop after a step; any other one raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self.signal = 0
        self.heard = False

    def is_wished(self) -> bool:
        """Whether a signal has come. Once this was asked, the first signal waits for the next time."""
        self.heard = True
        return self.signal > 0

    def make_error(self, message: str, model: Any = None) -> Interrupted:
        """The error that ends the process with the signal's exit code."""
        kinds = {signal.SIGTERM: Terminated, getattr(signal, "SIGHUP", None): HungUp}
        error = kinds.get(self.signal, Interrupted)(message)
        error.model = model
        return error

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        at_once = self.signal or not self.heard
        self.signal = number
        if at_once:
            raise KeyboardInterrupt


@contextmanager
def catch_signals(signals: Sequence[int] = SIGNALS) -> Iterator[Stop]:
    """Let signals (Ctrl-C, SIGTERM and SIGHUP) end a training after the current step; it then raises Interrupted."""
    stop = Stop()
    before = {number: signal.signal(number, stop) for number in signals if signal.getsignal(number) != signal.SIG_IGN}
    try:
        yield stop
    except Interrupted as problem:
        raise stop.make_error(str(problem), problem.model) from None
    except KeyboardInterrupt:
        raise stop.make_error("stopped at once; what was written before stays as it is") from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
