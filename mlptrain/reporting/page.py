"""A report as one HTML page: no script, nothing from elsewhere, light and dark by the reader's setting.

The page is filled in by Jinja2 (the only file that imports it and MarkupSafe). Every text is escaped twice over: what
could move a cursor or turn a text around by `escape_text`, what HTML reads by Jinja2.
"""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from mlptrain.diagnostics.report import Report
from mlptrain.figures import format_figure
from mlptrain.reporting.charts import draw_history
from mlptrain.reporting.html_parts import Html
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.reporting.text import escape_text
from mlptrain.storage.publishing import begins_with_or_empty, check_writable, publish_file, require_replaceable_file

BEGINNING = b"<!doctype html>\n<!-- mlptrain report -->\n"
"""What every page begins with: by it a page is known that may be replaced."""


def write_page(report: Report) -> str:
    """The page of a report; the same report gives the same bytes."""
    style = files("mlptrain.reporting").joinpath("page.css").read_text(encoding="utf-8")
    template = files("mlptrain.reporting").joinpath("page.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"figure": format_figure, "plain": escape_text}
    digest = b64encode(sha256(style.encode()).digest()).decode()
    page = environment.from_string(template).render(report=report, style=style, digest=digest, **draw_charts(report))
    return BEGINNING.decode() + page


def draw_charts(report: Report) -> dict[str, Any]:
    """The drawings of a page, and its texts that are more than a value."""
    return {
        "history": [mark_safe(draw_history(each)) for each in report.course.networks],
        "spec": format_spec_as_yaml(report.reproduction.spec),
    }


def mark_safe(drawing: Html) -> Markup:
    """A drawing, which has escaped its texts itself."""
    return Markup(drawing)  # noqa: S704  (Html is what only the functions of html_parts and charts make)


def require_free_page(path: Path) -> None:
    """Refuse to write where no file can be, or in the place of a file that is no page of ours."""
    if str(path) == "-":
        return
    check_writable(path)
    own = BEGINNING
    require_replaceable_file(path, lambda file: begins_with_or_empty(file, own), fault="is no report", option="--out")


def publish_page(report: Report, path: Path) -> None:
    """Write the page of a report, which is whole or not there."""
    page = write_page(report).encode()
    publish_file(path, lambda stream: stream.write(page))
