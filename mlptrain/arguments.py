"""Arguments of the Python face, checked at its border; a wrong one is a SpecError that names the argument."""

import os
from collections.abc import Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

from mlptrain.errors import SpecError
from mlptrain.machine import count_usable_cores


def require_path(value: Any, name: str) -> Path:
    """A text or a path as a path.

    >>> require_path("iris.npz", "out").name
    'iris.npz'
    """
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str) or not text or "\0" in text:
        raise SpecError(f"{name}: {shorten_repr(value)} is no path; give a text or a pathlib.Path")
    return Path(text)


def require_count(value: Any, name: str, *, least: int) -> int:
    """A whole number that is not below the least one.

    >>> require_count(2, "threads", least=1)
    2
    """
    if not isinstance(value, Integral) or int(value) < least:
        raise SpecError(f"{name}: {shorten_repr(value)} is no whole number from {least} on")
    return int(value)


def count_threads(n_jobs: int | None) -> int | None:
    """The threads of a fit as `n_jobs` counts them: −1 is all cores, −2 all but one; None stays None.

    >>> count_threads(2), count_threads(-1) == count_usable_cores(), count_threads(None)
    (2, True, None)
    """
    if n_jobs is None:
        return None
    if not isinstance(n_jobs, Integral) or n_jobs == 0:
        raise SpecError(f"n_jobs: {shorten_repr(n_jobs)} is no number of threads; −1 is all cores, None as it pays")
    return int(n_jobs) if n_jobs > 0 else max(count_usable_cores() + 1 + int(n_jobs), 1)


def require_choice(value: Any, name: str, choices: Sequence[str]) -> None:
    """One of some words.

    >>> require_choice("resume", "unfinished", ["refuse", "resume"])
    """
    if not isinstance(value, str) or value not in choices:
        raise SpecError(f"{name}: {shorten_repr(value)} is not one of {', '.join(choices)}")


def shorten_repr(value: Any) -> str:
    """A value as Python writes it, not too long for a message."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
