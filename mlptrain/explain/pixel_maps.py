"""What the pixels of images add to the answers: maps of numbers, of all images together and of single ones."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mlptrain.data.odd_cells import OddCells
from mlptrain.display import Displayable
from mlptrain.explain.importance import write_number

Grid = tuple[tuple[float, ...], ...]
"""A number for each pixel, line by line."""


@dataclass(frozen=True, kw_only=True)
class ImageMap:
    """How the answer for one image comes about: score = baseline + Σ values, but for a small gap."""

    row: int
    """Its number in the file, from 1."""
    prediction: str
    explained: str
    """The class, or the target, whose score this is."""
    score: float
    baseline: float
    """The score of the usual image."""
    values: Grid
    """The effect of each pixel, below 0 where it speaks against the class."""


@dataclass(frozen=True, kw_only=True)
class PixelMaps(Displayable):
    """How much each pixel adds to the answers for images."""

    method: str
    score: str
    """What a score is: "log-odds", "prediction"."""
    usual: str
    """What effects are counted from."""
    height: int
    width: int
    values: Grid
    """The mean over the images of the size of each pixel's effect."""
    rows: int
    """The images that the mean is over."""
    rows_given: int
    images: tuple[ImageMap, ...] = ()
    """Those that were asked for, one by one."""
    largest_gap: float
    """How far the effects of an image at most miss its difference from the baseline, as a share of the mean one."""
    odd_cells: OddCells = field(default_factory=OddCells)
    """None: pixels have no cells that are missing or unseen."""
    seen: str = ""
    """Empty: which images the model was trained on is not known."""
    notices: tuple[str, ...] = ()

    def tabulate(self) -> tuple[dict[str, list[str]], set[str]]:
        """One line a pixel as columns of texts, all of them numbers: of single images, where they were asked for."""
        name = "effect" if self.images else "importance"
        maps = [(str(each.row), each.values) for each in self.images] or [("", self.values)]
        cells = [(row, *cell) for row, values in maps for cell in list_pixels(values)]
        columns = dict(zip(("row", "y", "x", name), map(list, zip(*cells, strict=True)), strict=True))
        if not self.images:
            del columns["row"]
        return columns, set(columns)


def list_pixels(values: Grid) -> Iterator[tuple[str, str, str]]:
    """The place of each pixel from the top and from the left, from 1, and its value."""
    for y, line in enumerate(values, 1):
        for x, value in enumerate(line, 1):
            yield str(y), str(x), write_number(value)
