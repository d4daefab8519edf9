"""What can go wrong, one class per exit code. The message says what, where, why and what to do, in one sentence."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

INSTALLED = {"site-packages", "dist-packages"}
"""Where libraries stand, IPython among them."""
CELLS = ("ipykernel_", "<ipython-input-")
"""How the files begin that ipykernel and IPython name cells by."""


class MlptrainError(Exception):
    """An error that the user can do something about; `str(error)` is the message, one line per problem."""

    exit_code: ClassVar[int] = 1

    @property
    def messages(self) -> Sequence[str]:
        """One message per problem."""
        return [str(self)]

    def _render_traceback_(self) -> list[str]:
        """What IPython and notebooks show of the error: the user's own lines on the way to it, and the message."""
        said = f"{type(self).__name__}: {self}"
        return [*list_users_lines(self), *map(escape_unprintable, [said, *getattr(self, "__notes__", ())])]


def list_users_lines(error: Exception) -> Iterator[str]:
    """The lines of cells and files of the user that an error has passed, as "line 3: mlptrain.fit(spec)"."""
    from sysconfig import get_path
    from traceback import extract_tb

    others = {Path(__file__).parent, Path(get_path("stdlib"))}
    for frame in extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if frame.line and not others & set(path.parents) and not INSTALLED & set(path.parts):
            cell = any(part.startswith(CELLS) for part in path.parts)
            yield escape_unprintable(f"{'' if cell else f'{path.name}, '}line {frame.lineno}: {frame.line}")


def escape_unprintable(text: str) -> str:
    r"""A text without signs that move a cursor or turn texts around; lines stay lines.

    >>> escape_unprintable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    signs = (sign if sign.isprintable() or sign == "\n" else repr(sign)[1:-1] for sign in text)
    return "".join(signs)


class SpecError(MlptrainError, ValueError):
    """The command line, the spec or an argument is wrong. Carries every problem found, each with its own place."""

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems: Sequence[str] = problems

    @property
    def messages(self) -> Sequence[str]:
        """One message per problem."""
        return self.problems


class DataError(MlptrainError, ValueError):
    """A table or an image file is not what it should be."""

    exit_code = 3


class MissingFile(DataError):
    """A data file is not there, or none that a pattern matches.

    A command that has the spec says the place of the `key` that names it, where that is known.
    """

    key: Sequence[str] = ()


class CellFault(DataError):
    """A cell is not what its column wants; a command that has no spec to mend replaces the cure."""

    def __init__(self, said: str, cure: str = "", *, column: str = "", text: str = "") -> None:
        super().__init__(f"{said}; {cure}" if cure else said)
        self.said, self.cure, self.column, self.text = said, cure, column, text


class Diverged(MlptrainError):
    """Training left the finite numbers."""

    exit_code = 4


class ModelFileError(MlptrainError):
    """A file is not a model of mlptrain, or is damaged."""

    exit_code = 5


class Interrupted(MlptrainError):
    """The user stopped a command. Of a fit, `model` is the best so far, or None before the first epoch's end."""

    exit_code = 130
    model: Any = None


class Terminated(Interrupted):
    """SIGTERM stopped a command."""

    exit_code = 143


class HungUp(Interrupted):
    """SIGHUP stopped a command: its terminal has gone."""

    exit_code = 129


class EndSignal(KeyboardInterrupt):
    """SIGTERM or SIGHUP came, and ends a command as Ctrl-C does; `error` is the kind that says so."""

    def __init__(self, error: type[Interrupted]) -> None:
        super().__init__()
        self.error = error


def make_interruption(stop: KeyboardInterrupt, message: str = "stopped; nothing was written") -> Interrupted:
    """The error that a command was ended from outside, with the exit code of what ended it."""
    return stop.error(message) if isinstance(stop, EndSignal) else Interrupted(message)


class EnvironmentFailure(MlptrainError):
    """The disk, the memory, a permission or a lock stands in the way."""

    exit_code = 6
