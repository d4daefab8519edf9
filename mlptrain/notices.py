"""Notices of the Python face: warnings that point at the user's own line, not at one of this package."""

import sys
import warnings

PACKAGE = __name__.partition(".")[0]


class Notice(UserWarning):
    """Something that the user should know and that is no error."""


def warn_caller(notice: str | Warning) -> None:
    """Warn at the line outside of this package that called into it."""
    warnings.warn(notice, Notice, stacklevel=count_own_frames() + 1)


def count_own_frames() -> int:
    """How many of the innermost frames are of this package, without that of this function."""
    frame, count = sys._getframe(1), 0
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == PACKAGE:
        frame, count = frame.f_back, count + 1
    return count
