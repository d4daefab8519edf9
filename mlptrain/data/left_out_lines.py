"""Lines of a file that its format leaves out, and the notice of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

MOST_LINES = 3
"""Lines at the end that a notice shows."""
LONGEST_LINE = 60
"""Characters of a line that a notice shows."""


@dataclass(frozen=True, kw_only=True)
class LeftOutLines:
    """The lines of one file that `data.skip_after_names` and `data.skip_footer` leave out."""

    after_names: int = 0
    at_end: Sequence[tuple[int, str]] = ()
    """The lines at the end: the number of each in the file, from 1, and its text."""
    unit: str = "line"
    """What a line of the file is called."""

    def end_with(self, lines: Sequence[tuple[int, str]]) -> "LeftOutLines":
        """The same lines behind the names, and others at the end."""
        return replace(self, at_end=lines)

    def describe(self) -> str:
        """The notice of the lines; empty if there are none."""
        said = [f"{self.after_names} after the names (data.skip_after_names)"] if self.after_names else []
        said += [f"{len(self.at_end)} at the end, {self.list_end()} (data.skip_footer)"] if self.at_end else []
        return f"lines left out: {', '.join(said)}" if said else ""

    def list_end(self) -> str:
        """The first lines at the end, with what they say: whoever reads it sees whether one of them is a row."""
        shown = [f"{self.unit} {number} ({cut_line(text)!r})" for number, text in self.at_end[:MOST_LINES]]
        more = len(self.at_end) - len(shown)
        return ", ".join(shown) + f" and {more:,} more" * bool(more)


def cut_line(text: str) -> str:
    """The text of a line, as much of it as a notice shows."""
    bare = text.strip("\r\n")
    return bare if len(bare) <= LONGEST_LINE else f"{bare[: LONGEST_LINE - 1]}…"


def describe_left_out_lines(files: Mapping[str, LeftOutLines]) -> list[str]:
    """The notices of the lines that are left out of files, which are named where there are several."""
    said = {name: notice for name, lines in files.items() if (notice := lines.describe())}
    return list(said.values()) if len(files) == 1 else [f"{name}: {notice}" for name, notice in said.items()]
