"""Jobs for tests, which workers can import."""

import os
import signal

from mlptrain.errors import DataError


class TooOddError(Exception):
    """An error that cannot travel."""

    def __init__(self, one, two):
        super().__init__(one)
        self.two = two


def do_as_told(task, channel):
    """What the payload says: a kind of deed, and a value."""
    deed, value = task.payload
    channel.tell(("begins", value))
    match deed:
        case "square":
            return value * value
        case "fail":
            raise DataError(f"{value} is wrong")
        case "fail oddly":
            raise TooOddError("odd", value)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "threads":
            return os.environ["OPENBLAS_NUM_THREADS"]
        case "wait":
            while not channel.is_stop_wished():
                pass
            return "stopped"
    return None
