"""Modules loaded without a search for garbage among them."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def load_modules() -> Iterator[None]:
    """Load modules in the body of the `with`: the garbage collector rests, and never looks at what was loaded.

    Hundreds of modules make objects enough for dozens of collections, which find nothing: modules stay as long as the
    process. They took a tenth of the processor time of a short command.
    """
    before, enabled = len(sys.modules), gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > before:  # else a freeze would keep what others may leave behind
            gc.freeze()
        if enabled:
            gc.enable()
