"""HTML for notebooks: tables and sentences that take the colours and letters of the page they stand on.

No style, class, script or address is written: what a front end allows differs, and its theme may be light or dark. All
text passes `escape_html`; only what these functions made is of the type `Html`, so that a type checker finds the rest.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NewType

from mlptrain.reporting.text import LONGEST, escape_text

Html = NewType("Html", str)
"""Text in which every sign that HTML reads is meant so."""

LONGEST_CELL = 120
MOST_LINES = 150
MOST_ROWS = 50
"""Rows of a table; of the others it says how many they are."""


def escape_html(text: str, longest: int = LONGEST) -> Html:
    r"""A text as HTML shows it: no control and no bidirectional signs, no markup.

    >>> escape_html("<b>\u202e&")
    '&lt;b&gt;\\u202e&amp;'
    """
    return Html(escape(escape_text(text, longest)))


def join_html(parts: Iterable[Html]) -> Html:
    """Parts one below the other."""
    return Html("\n".join(parts))


def make_html_heading(text: str) -> Html:
    """What stands above a table."""
    return Html(f"<p><b>{escape_html(text)}</b></p>")


def make_html_paragraph(text: str, longest: int = 2000) -> Html:
    """A sentence."""
    return Html(f"<p>{escape_html(text, longest)}</p>")


def make_html_table(rows: Sequence[Sequence[str]], *, strong: int | None = None, most: int = MOST_ROWS) -> Html:
    """Rows as a table: the first one has the headings, the first cell of each row names it; `strong` is in bold."""
    headings, *body = rows
    lines = ["<table>", f"<thead>{make_html_row(['th'] * len(headings), headings)}</thead>", "<tbody>"]
    for number, cells in enumerate(body[:most]):
        lines.append(make_html_row(['th scope="row"', *["td"] * (len(cells) - 1)], cells, strong=number == strong))
    lines += ["</tbody>", "</table>"]
    if len(body) > most:
        lines.append(make_html_paragraph(f"and {len(body) - most:,} more"))
    return Html("\n".join(lines))


def make_html_row(kinds: Sequence[str], cells: Sequence[str], *, strong: bool = False) -> Html:
    """A row of a table."""
    opened, closed = ("<b>", "</b>") if strong else ("", "")
    texts = (
        f"<{kind}>{opened}{escape_html(cell, LONGEST_CELL)}{closed}</{kind.split()[0]}>"
        for kind, cell in zip(kinds, cells, strict=True)
    )
    return Html(f"<tr>{''.join(texts)}</tr>")


def make_html_block(text: str, most: int = MOST_LINES) -> Html:
    """A text of several lines, with its blanks, as of a spec."""
    lines = text.rstrip("\n").split("\n")
    block = Html(f"<pre>{join_html(escape_html(line) for line in lines[:most])}</pre>")
    return join_html([block, make_html_paragraph(f"and {len(lines) - most:,} more lines")]) if lines[most:] else block


def make_html_progress_bar(share: float, text: str) -> Html:
    """A bar with a sentence beside it."""
    return Html(f'<p><progress value="{share:.3f}" max="1"></progress> {escape_html(text)}</p>')
