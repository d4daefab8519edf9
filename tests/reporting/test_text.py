import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.reporting.text import LONGEST, escape_text, escape_unencodable
from tests.support.streams import drawn

DANGEROUS = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *"\u2028\u2029\u202a\u202b\u202c\u202d\u202e"}
DANGEROUS |= {"\u2066", "\u2067", "\u2068", "\u2069"}
texts = st.text(st.characters() | st.characters(categories=["Cs", "Cc", "Cf"]), max_size=2 * LONGEST)


@drawn
@given(texts)
def test_nothing_dangerous_is_left(text):
    assert not DANGEROUS & set(escape_text(text))
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in escape_text(text))


@drawn
@given(texts)
def test_never_longer_than_the_limit_and_always_encodable(text):
    assert len(escape_text(text)) <= LONGEST
    escape_text(text).encode("utf-8")


@drawn
@given(texts)
def test_twice_is_once(text):
    assert escape_text(escape_text(text)) == escape_text(text)


@drawn
@given(st.text(st.characters(categories=["L", "N", "P", "S", "M"]), max_size=LONGEST))
def test_safe_text_is_unchanged(text):
    assert escape_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\ud800", r"\ud800"),
        ("[/b]", "[/b]"),
        ("é 精 ★", "é 精 ★"),
    ],
)
def test_escapes_are_visible(text, shown):
    assert escape_text(text) == shown


def test_what_is_cut_says_so():
    assert escape_text("x" * LONGEST) == "x" * LONGEST
    assert escape_text("x" * (LONGEST + 1)) == "x" * (LONGEST - 1) + "…"


@drawn
@given(texts, st.sampled_from(["ascii", "latin-1", "cp1252", "cp437", "gbk", "utf-8"]))
def test_encodable_in_every_encoding(text, encoding):
    shown = escape_unencodable(escape_text(text), encoding)
    assert shown.encode(encoding).decode(encoding) == shown == escape_unencodable(shown, encoding)
