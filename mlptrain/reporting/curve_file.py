"""The curves of a fit as an SVG file that stands alone: nothing is linked, and the reader's setting is heeded."""

import re
from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from pathlib import Path

from mlptrain.commands.fit import FitResult
from mlptrain.errors import SpecError
from mlptrain.reporting.html_parts import Html, escape_html
from mlptrain.reporting.svg import FONT, Chart
from mlptrain.reporting.training_charts import chart_trainings
from mlptrain.reporting.training_curves import list_training_curves
from mlptrain.reporting.words import format_count_with_noun
from mlptrain.storage.publishing import begins_with_or_empty, check_writable, publish_file, require_replaceable_file

BEGINNING = b"<!-- curves of mlptrain -->\n"
"""What every such file begins with: by it a file is known that may be replaced."""
NO_XML = re.compile("[\ufffe\uffff]")
MARGIN = 12
COLOURS = {  # of the ground, of letters and axes, of faint lines, of six curves: on white, on dark
    ".ground": ("fill", "#ffffff", "#15181d"),
    "text": ("fill", "#1a1e26", "#e6e8ec"),
    ".axis, .rule": ("stroke", "#565e6b", "#a3abb8"),
    ".grid": ("stroke", "#e4e7ec", "#2b3039"),
    ".s1": ("stroke", "#1f6fb8", "#62a8ec"),
    ".s2": ("stroke", "#c2570c", "#f29a4c"),
    ".s3": ("stroke", "#1c7f4b", "#4fc489"),
    ".s4": ("stroke", "#8445b0", "#c490ea"),
    ".s5": ("stroke", "#a83252", "#f0829f"),
    ".s6": ("stroke", "#5d6b00", "#bdcb4d"),
}
FORMS = f"""\
svg {{ color-scheme: light dark; }}
text {{ font: {FONT}px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }}
.title {{ font-weight: bold; }}
path {{ fill: none; }}
.line {{ stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }}
.rule {{ stroke-dasharray: 2 3; }}
.dashed {{ stroke-dasharray: 6 4; }}
.dotted {{ stroke-dasharray: 1 5; }}
.long {{ stroke-dasharray: 12 4; }}
.mixed {{ stroke-dasharray: 10 4 1 4; }}
.short {{ stroke-dasharray: 4 3; }}
.faint {{ stroke-width: 1.25; stroke-opacity: 0.6; }}"""


def require_free_picture(path: Path) -> None:
    """Refuse to write where no file can be, in the place of a file that is no picture of ours, or by another name."""
    if path.suffix.lower() != ".svg":
        raise SpecError(f"--svg {path}: the name of a picture ends with .svg; name it {path.with_suffix('.svg')}")
    check_writable(path)
    own = partial(begins_with_or_empty, beginning=BEGINNING)
    require_replaceable_file(path, own, option="--svg", fault="is no picture of mlptrain")


def publish_curves(result: FitResult, path: Path, *, title: str) -> None:
    """Write the curves of a fit to a file, which is whole or not there; the same fit gives the same bytes."""
    content = write_curves(result, title=title).encode()
    publish_file(path, lambda stream: stream.write(content))


def write_curves(result: FitResult, *, title: str) -> str:
    """The picture of the curves of a fit: a title, charts side by side."""
    trainings = list_training_curves(result.histories, result.names, result.watched, running_loss=result.running_loss)
    charts = [chart.draw() for chart in chart_trainings(trainings)]
    epochs = format_count_with_noun(result.epochs, "epoch")
    count = f"{len(trainings)} trainings of up to {epochs}" if len(trainings) > 1 else epochs
    return write_picture(charts, title=f"{title}: {count}")


def write_picture(charts: Sequence[Chart], *, title: str) -> str:
    """Charts side by side below a title."""
    top = MARGIN + 2 * FONT
    width = sum(chart.width for chart in charts) or 440
    height = top + max((chart.height for chart in charts), default=2 * FONT)
    about = " ".join(f"{chart.title}: {chart.description}" for chart in charts) or "There is nothing to draw."
    lines = [
        BEGINNING.decode().strip(),
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'role="img" aria-labelledby="title about">',
        f'<title id="title">{escape_xml(title)}</title>',
        f'<desc id="about">{escape_html(about, 4000)}</desc>',
        f"<style>\n{write_style()}\n</style>",
        '<rect class="ground" width="100%" height="100%"/>',
        f'<text x="{MARGIN}" y="{MARGIN + FONT}" class="title">{escape_xml(title)}</text>',
    ]
    places = accumulate((chart.width for chart in charts), initial=0)
    for chart, place in zip(charts, places, strict=False):
        marks = "\n".join(mark for mark in chart.marks if mark)
        lines.append(f'<g transform="translate({place} {top})">\n{marks}\n</g>')
    return "\n".join([*lines, "</svg>\n"])


def escape_xml(text: str) -> Html:
    r"""A text as XML shows it, which has two signs fewer than HTML.

    >>> escape_xml("a & b\uffff")
    'a &amp; b\\uffff'
    """
    return escape_html(NO_XML.sub(lambda match: f"\\u{ord(match[0]):x}", text))


def write_style() -> str:
    """The forms of all classes, their colours on white, and those on dark where the reader's setting is dark."""
    light, dark = (
        "\n".join(f"{names} {{ {what}: {pair[which]}; }}" for names, (what, *pair) in COLOURS.items())
        for which in (0, 1)
    )
    return f"{FORMS}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"
