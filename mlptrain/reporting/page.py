"""A report as one HTML page: no script, nothing from elsewhere, light and dark by the reader's setting.

The page is filled in by Jinja2 (the only file that imports it and MarkupSafe). Every text is escaped twice over: what
could move a cursor or turn a text around by `escape_text`, what HTML reads by Jinja2.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from mlptrain.arguments import require_path
from mlptrain.commands.report import ComparedReports
from mlptrain.diagnostics.report import Report
from mlptrain.reporting.page_blocks import Page
from mlptrain.reporting.page_comparison import lay_out_comparison
from mlptrain.reporting.page_report import lay_out_report
from mlptrain.reporting.svg import Chart, write_svg
from mlptrain.reporting.text import escape_text
from mlptrain.storage.publishing import begins_with_or_empty, check_writable, publish_file, require_replaceable_file

BEGINNING = b"<!doctype html>\n<!-- mlptrain report -->\n"
"""What every page begins with: by it a page is known that may be replaced."""
LONGEST_SENTENCE, LONGEST_WORD = 2000, 80
"""Letters of a paragraph, and of a word in it: a digest in hexadecimal has 64."""


def write_page(report: Report | ComparedReports) -> str:
    """The page of a report, or of several models; the same report gives the same bytes."""
    return fill_page(lay_out_report(report) if isinstance(report, Report) else lay_out_comparison(report))


def fill_page(page: Page) -> str:
    """A page as HTML."""
    style = read_resource("page.css")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["plain"] = escape_text
    environment.filters["sentence"] = escape_sentence
    environment.tests["drawing"] = is_chart
    digest = b64encode(sha256(style.encode()).digest()).decode()
    template = environment.from_string(read_resource("page.j2"))
    return BEGINNING.decode() + template.render(page=page, style=style, digest=digest, draw=make_pen())


def read_resource(name: str) -> str:
    """A file of this package."""
    return files("mlptrain.reporting").joinpath(name).read_text(encoding="utf-8")


def escape_sentence(text: str) -> str:
    """A sentence as it is shown, in which no name without a blank fills lines and lines.

    >>> len(escape_sentence(f"column {'x' * 10_000} is weak"))
    95
    """
    return escape_text(re.sub(rf"\S{{{LONGEST_WORD + 1},}}", cut_word, text), LONGEST_SENTENCE)


def cut_word(found: re.Match[str]) -> str:
    """A word that is too long, cut."""
    return found[0][: LONGEST_WORD - 1] + "…"


def make_pen() -> Callable[[Chart], Markup]:
    """What draws the charts of one page, whose ids are counted from 1."""
    numbers = count(1)

    def draw(chart: Chart) -> Markup:
        return Markup(write_svg(chart, next(numbers)))  # noqa: S704  (it has escaped its texts itself)

    return draw


def is_chart(value: object) -> bool:
    """Whether a cell is a drawing."""
    return isinstance(value, Chart)


def require_free_page(path: Path, option: str = "--out") -> None:
    """Refuse to write where no file can be, or in the place of a file that is no page of ours."""
    if str(path) == "-":
        return
    check_writable(path)
    own = BEGINNING
    require_replaceable_file(path, lambda file: begins_with_or_empty(file, own), fault="is no report", option=option)


def publish_page(report: Report | ComparedReports, path: Path) -> None:
    """Write the page of a report, which is whole or not there."""
    page = write_page(report).encode()
    publish_file(path, lambda stream: stream.write(page))


def export_page(report: Report | ComparedReports, path: Any) -> None:
    """Write the page of a report from Python: an error names the argument."""
    file = require_path(path, "path")
    require_free_page(file, option="")
    publish_page(report, file)
