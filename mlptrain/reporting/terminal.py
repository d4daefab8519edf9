"""What a text is written on: a terminal, how wide, with colours or not; a notebook. Words are wrapped, signs painted.

Rich is not needed for this, and would take longer to load than `predict` takes.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Literal
from unicodedata import combining, east_asian_width

Paint = Literal["", "quiet", "strong", "train", "validation", "best", "bad"]

CODES: dict[Paint, str] = {
    "": "",
    "quiet": "2",
    "strong": "1",
    "train": "36",
    "validation": "33",
    "best": "1;32",
    "bad": "1;31",
}
"""The codes of the terminal: the colours are those of the live picture."""
NARROWEST = 20
"""Text is not wrapped to less than this."""


@dataclass(frozen=True)
class Terminal:
    """A terminal of so many columns; None where lines may be of any length, as in a file or a pipe."""

    width: int | None = None
    colour: bool = False

    def paint(self, text: str, paint: Paint) -> str:
        """The text in a colour, where there are colours."""
        return f"\x1b[{CODES[paint]}m{text}\x1b[0m" if self.colour and CODES[paint] and text.strip() else text

    def wrap(self, text: str, indent: str = "  ") -> str:
        """Lines that are broken between words only; what follows a break is indented."""
        if self.width is None:
            return text
        return "\n".join(wrap_line(line, max(self.width, NARROWEST), indent) for line in text.split("\n"))

    def has_room(self, width: int) -> bool:
        """Whether a line of this width fits."""
        return self.width is None or width <= self.width


ANYWHERE = Terminal()
"""A file or a pipe: lines of any length, no colours."""


def find_terminal(stream: IO[str]) -> Terminal:
    """What a stream leads to. NO_COLOR is honoured; TERM=dumb and the cell of a notebook have no colours."""
    try:
        if not stream.isatty():
            return ANYWHERE
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return ANYWHERE
    told = os.environ.get("COLUMNS", "")
    width = int(told) if told.isdecimal() and int(told) else columns or 80
    return Terminal(width=width, colour=has_colours())


def has_colours() -> bool:
    """Whether the environment wants colours, on a terminal."""
    old_windows = sys.platform == "win32" and not {"WT_SESSION", "TERM", "ANSICON"} & os.environ.keys()
    return not os.environ.get("NO_COLOR") and not old_windows and obeys_escape_codes(os.environ)


def is_live_terminal(stream: IO[str]) -> bool:
    """Whether a stream leads to a terminal on which a picture can be drawn anew in its place."""
    return stream.isatty() and obeys_escape_codes(os.environ)


KERNEL_SETS = {"PAGER": "cat", "GIT_PAGER": "cat", "CLICOLOR_FORCE": "1", "TERM": "xterm-color"}
"""What ipykernel sets, all together (ipykernel/zmqshell.py); a person may have set one or the other."""


def obeys_escape_codes(environment: Mapping[str, str]) -> bool:
    """Whether a terminal with this environment moves its cursor and changes its colours when it is told to.

    The cell of a notebook does not: IPython runs `!mlptrain …` on a pseudo-terminal and keeps all that is written.
    `JPY_PARENT_PID` tells that a kernel is above (jupyter_client/launcher.py); kernels that a front end starts by
    itself are known by what they set.
    """
    in_cell = "JPY_PARENT_PID" in environment or KERNEL_SETS.items() <= environment.items()
    return not in_cell and environment.get("TERM", "") not in ("dumb", "unknown")


def is_in_notebook() -> bool:
    """Whether this process is the kernel of a notebook: Jupyter's, or one made from it, such as Colab's.

    IPython is not loaded for the question: where it is not loaded yet, there is no kernel.
    """
    find_shell = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = find_shell() if find_shell is not None else None
    return any(each.__name__ == "ZMQInteractiveShell" for each in type(shell).__mro__)


def wrap_line(line: str, width: int, indent: str = "  ") -> str:
    """One line, broken between words: a word that is wider than the line, such as a path, stays whole."""
    if measure_width(line) <= width:
        return line
    words = line.lstrip(" ")
    lines, current = [], line[: len(line) - len(words)]
    for word in words.split(" "):
        longer = f"{current} {word}" if current.strip(" ") else current + word
        if current.strip(" ") and measure_width(longer) > width:
            lines.append(current.rstrip(" "))
            longer = indent + word
        current = longer
    return "\n".join([*lines, current.rstrip(" ")])


def measure_width(text: str) -> int:
    """The columns that a text takes: two for each wide sign of East Asia, none for an accent of its own."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def shorten_to_width(text: str, width: int) -> str:
    """The first words of a text that take no more columns than `width`, and … where something is left out.

    >>> shorten_to_width("three different ones", 14), shorten_to_width("three different ones", 4)
    ('three …', 'thr…')
    """
    if measure_width(text) <= width:
        return text
    while text and measure_width(text) > width - 1:
        text = text[: text.rstrip().rfind(" ") + 1] or text[:-1]
    return f"{text}…"
