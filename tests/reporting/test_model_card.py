"""The model card: its head is YAML and its body is Markdown, whatever the names are; what a person wrote stays."""

import re
from collections import Counter
from dataclasses import replace

import pytest
import yaml
from markdown_it import MarkdownIt

from mlptrain.errors import SpecError
from mlptrain.reporting.model_card import ENDING, escape_markdown, publish_card, require_free_card, write_card
from tests.support.reports import make_report
from tests.support.strings import DANGEROUS, HOSTILE

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})
EVIL = [
    *HOSTILE[::6],
    "# a",
    "- a",
    "1. a",
    "---",
    "a|b",
    "`a`",
    "[a](b)",
    "![a](b)",
    "<b>a</b>",
    "*a*",
    "~~a~~",
    "&amp;",
]


def split_card(card):
    """The head as values, and the body."""
    beginning, head, body = card.split("---\n", 2)
    assert beginning == ""
    return yaml.safe_load(head), body


def read_tokens(body):
    """What Markdown is made of, and its texts."""
    tokens = [each for token in MARKDOWN.parse(body) for each in (token, *(token.children or ()))]
    texts = "".join(each.content for each in tokens if each.type in ("text", "text_special"))
    return Counter(each.type for each in tokens if each.type not in ("text", "text_special")), texts


def make_card(evil="", classes=3):
    return write_card(make_report(lambda tame: evil + tame, classes=classes))


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_the_head_has_the_keys_of_the_hub(classes):
    head, _ = split_card(make_card(classes=classes))
    task = "tabular-classification" if classes else "tabular-regression"
    assert head["library_name"] == "mlptrain"
    assert head["pipeline_tag"] == task
    assert task in head["tags"]
    ((name, results),) = (tuple(each.values()) for each in head["model-index"])
    assert name == "model"
    assert results[0]["task"] == {"type": task}
    assert results[0]["dataset"] == {"type": "tabular", "name": "test rows"}
    assert [each["type"] for each in results[0]["metrics"]] == head["metrics"]
    assert all(isinstance(each["value"], float) for each in results[0]["metrics"])


@pytest.mark.parametrize("start", range(0, len(EVIL), 20))
def test_names_change_neither_head_nor_body(start):
    tame, body = split_card(make_card())
    for evil in EVIL[start : start + 20]:
        head, own = split_card(make_card(evil))
        assert head.keys() == tame.keys()
        assert read_tokens(own)[0] == read_tokens(body)[0], evil
        assert DANGEROUS.search(make_card(evil)) is None


def test_a_name_is_shown_as_it_is():
    for name in ("a_b *c* [d](e) <f> `g` | h & #i !j ~~k~~ $l$ @m", r"\*a"):
        assert read_tokens(escape_markdown(f"x {name}"))[1] == f"x {name}"


@pytest.mark.parametrize("address", ["http://a.b", "HTTPS://a.b", "www.a.b", "WWW.a.b", "x@a.b"])
def test_no_address_is_left_that_a_hub_would_link(address):
    assert re.search(r"(?i)https?://|www\.\w|\w@", escape_markdown(address)) is None


def test_the_same_report_gives_the_same_card():
    assert make_card() == make_card()


def test_a_model_alone_has_a_card():
    report = replace(make_report(), quality=None, importance=None, findings=(), absent={"quality": "no rows"})
    head, body = split_card(write_card(report))
    assert "model-index" not in head
    assert "Not known: no rows." in body
    assert "## What stands out\n\nNot known: no rows." in body


def test_a_card_is_replaced_until_a_person_has_written_in_it(tmp_path):
    path = tmp_path / "card.md"
    publish_card(make_report(), path)
    assert path.read_text().endswith(ENDING)
    require_free_card(path)
    for text in (
        path.read_text() + "Not for people.\n",
        path.read_text().replace("## Limits", "## Limits\n\nNone."),
        "x",
    ):
        path.write_text(text)
        with pytest.raises(SpecError, match="is no model card, or one whose headings were filled in"):
            require_free_card(path)
    path.write_text("")
    require_free_card(path)
    require_free_card(tmp_path / "new.md")
