"""How much each pixel adds to the answers for images, for people and for programs."""

from typing import Any

from mlptrain.explain.pixel_maps import ImageMap, PixelMaps
from mlptrain.figures import format_figure
from mlptrain.reporting.bars import EIGHTHS
from mlptrain.reporting.pixel_shades import MOST_SHADED, choose_shades, draw_map, draw_maps_side_by_side, split_signs
from mlptrain.reporting.terminal import ANYWHERE, Terminal
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.words import format_count_with_noun

MOST_EXPLAINED = 5
"""Images that are shown unless all are asked for."""
MEANING_OF_PIXELS = "they say what the model did with the pixels, not what makes an image what it is"


def format_pixel_maps(
    result: PixelMaps, terminal: Terminal = ANYWHERE, *, signs: str = EIGHTHS, verbose: bool = False
) -> str:
    """The map of all images, or of those that were asked for what speaks for the answer and what against it."""
    room, shades = terminal.width or MOST_SHADED, choose_shades(signs)
    lines = []
    if not result.images:
        lines += [terminal.wrap(describe_pixel_maps(result)), *draw_map(result.values, shades, room)]
    most = len(result.images) if verbose else MOST_EXPLAINED
    for each in result.images[:most]:
        lines.append(terminal.paint(terminal.wrap(describe_image_map(each, result)), "strong"))
        lines += draw_maps_side_by_side(*split_signs(each.values), names=("for", "against"), shades=shades, room=room)
    more = len(result.images) - most
    lines += [f"and {format_count_with_noun(more, 'more image')}; --verbose has all"] if more > 0 else []
    return "\n".join([*lines, terminal.wrap(f"  ({describe_pixel_sum(result)})", "   ")])


def describe_pixel_maps(result: PixelMaps) -> str:
    """What the map of all images says, on how many of them, and what its darkest shade is."""
    of = f" of {result.rows_given:,}" if result.rows < result.rows_given else ""
    largest = format_figure(max(map(max, result.values)))
    return f"mean size of each pixel's effect on the {result.score} ({result.rows:,}{of} images, at most {largest})"


def describe_image_map(each: ImageMap, result: PixelMaps) -> str:
    """Which image, what is predicted for it, and from where to where its pixels lead."""
    which = "" if each.explained == each.prediction else f" of {escape_text(each.explained, 40)}"
    way = f"{format_figure(each.score)}, from {format_figure(each.baseline)}"
    return f"image {each.row:,}: {escape_text(each.prediction, 40)}; {result.score}{which} {way}"


def describe_pixel_sum(result: PixelMaps) -> str:
    """What the effects add up to, and what they do not mean."""
    return f"effects add up from {result.usual} to an image; {MEANING_OF_PIXELS}"


def build_pixel_maps_document(result: PixelMaps) -> dict[str, Any]:
    """All maps for programs, as nested numbers."""
    same = ("method", "score", "usual", "height", "width", "rows", "rows_given", "largest_gap", "values")
    document: dict[str, Any] = {name: getattr(result, name) for name in same}
    document["images"] = [dict(vars(each)) for each in result.images]
    document["seen"] = result.seen or None
    return document
