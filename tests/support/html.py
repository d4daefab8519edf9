"""What an HTML fragment consists of, as a parser reads it, and what must not be in one that a notebook shows."""

import re
from collections import Counter
from html.parser import HTMLParser

ELEMENTS = {
    *("p", "b", "table", "thead", "tbody", "tr", "th", "td", "progress", "pre", "details", "summary"),
    *("svg", "g", "path", "text"),
}
ATTRIBUTES = {
    *("scope", "value", "max", "role", "aria-label", "width", "height", "viewbox", "fill", "stroke", "d", "x", "y"),
    *("stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "font-size", "text-anchor", "transform"),
}
"""All that is needed: no style, class, id, script, event or address is among them."""
UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Reader(HTMLParser):
    """Counts elements with their attributes, keeps texts, and notes tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.texts: list[str] = []
        self.values: list[str] = []
        self.open: list[str] = []
        self.flaws: list[str] = []
        self.feed(html)
        self.close()
        self.flaws += [f"<{tag}> is not closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        self.elements[tag, tuple(name for name, _ in attrs)] += 1
        self.values += [value or "" for _, value in attrs]
        if not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.flaws.append(f"</{tag}> closes nothing")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_data(self, data):
        self.texts.append(data)

    def handle_comment(self, data):
        self.flaws.append(f"comment {data!r}")

    def handle_decl(self, decl):
        self.flaws.append(f"declaration {decl!r}")

    def handle_pi(self, data):
        self.flaws.append(f"instruction {data!r}")


def count_elements(html: str) -> Counter[tuple[str, tuple[str, ...]]]:
    """How often each element stands there, by its name and those of its attributes."""
    return Reader(html).elements


def find_flaws(html: str) -> list[str]:
    """What must not be in HTML that a notebook shows."""
    reader = Reader(html)
    used = {name for _, names in reader.elements for name in names}
    flaws = [*reader.flaws, *sorted({tag for tag, _ in reader.elements} - ELEMENTS), *sorted(used - ATTRIBUTES)]
    flaws += [f"address {value!r}" for value in reader.values if "//" in value or "url(" in value.lower()]
    flaws += [f"sign {match[0]!r}" for match in UNSEEN.finditer(html)]
    return flaws
