"""Slips in YAML are told in plain words, with the line that has to be mended; YAML's own words reach nobody."""

import random
import re

import pytest

from mlptrain.errors import SpecError
from mlptrain.spec.yaml_text import parse_document

DATA = "data:\n  train: t.csv\n"
SLIPS = {
    "deeper than its neighbour": (DATA + "    target: y\n", "3: this line is indented by 4 blanks, otherwise than"),
    "less deep than its neighbour": (DATA + " target: y\n", "3: this line is indented by 1 blank, otherwise than"),
    "deeper after a list": ("a:\n  b: [1]\n    c: x\n", "3: this line is indented by 4 blanks, otherwise than"),
    "first line indented": ("  data:\n    train: t\nseed: 1\n", "3: this line is not indented, otherwise than"),
    "tab": ("data:\n\ttrain: t.csv\n", "2: tabs are not allowed for indentation in YAML; use spaces"),
    "tab later": (DATA + "\ttarget: y\n", "3: tabs are not allowed for indentation in YAML; use spaces"),
    "no colon": (DATA + "  target y\nseed: 1\n", "3: 'target y' has no colon; write KEY: VALUE"),
    "no colon of a section": ("data\n  train: t.csv\n", "1: 'data' has no colon; write KEY: VALUE"),
    "no blank": ("data:\n  train:t.csv\n  target: y\n", "2: a blank is missing after the colon of 'train'; write tra"),
    "no blank at the end": (
        DATA + "  target:y\n",
        "3: a blank is missing after the colon of 'target'; write target: y",
    ),
    "bracket": ("a:\n  b: [3, 4\n  c: relu\n", "2: the '[' at column 6 is not closed before line 3; close it with ']'"),
    "bracket at the end": ("a:\n  b: [3, 4\n\n", "2: the '[' at column 6 is not closed; close it with ']'"),
    "brace": ("a: {b: c\nd: 1\n", "1: the '{' at column 4 is not closed before line 2; close it with '}'"),
    "brace by a bracket": ("a: {b: c]\nd: 1\n", "1: ']' closes the '{' at column 4 of line 1; close it with '}'"),
    "bracket twice": ("a: [1, 2]]\nb: 1\n", "1: ']' at column 10 closes nothing; remove it"),
    "comma": ("a: {b: c d: e}\n", "1: a comma is missing before column 11"),
    "quote": (DATA + "  target: 'y\n", "3: the quote at column 11 is not closed; close it"),
    "double quote": ('data:\n  train: "t.csv\n  target: y\n', "2: the quote at column 10 is not closed; close it"),
    "text behind quotes": ('a: "b".csv\n', "1: text stands at column 7, behind a value that has ended"),
    "list behind a key": (
        "a: - b\n",
        "1: a list begins at column 4, behind a key; begin the list on a line of its own",
    ),
    "item less deep": ("a:\n    - b: 1\n   - c: 1\n", "3: this item of a list is indented by 3 blanks, otherwise than"),
    "item deeper": ("a:\n  - b: 1\n    - c: 1\n", "3: this item of a list is indented by 4 blanks, otherwise"),
    "item among keys": (
        "a:\n  - 3\nb: 1\n- 4\n",
        "4: this item of a list stands at the depth of line 3, which is a key",
    ),
    "key among items": (
        "a:\n  - 3\n  b: 1\n",
        "3: this line stands at the depth of line 2, which is an item of a list",
    ),
    "second colon": ("a: b: c\n", "1: a second ': ' stands at column 5, inside a value; put a text with ': ' in it"),
    "backslash": ('a: "C:\\data"\n', "1: a backslash in double quotes"),
    "star": ("a: *.csv\n", "1: the sign before column 5 has a meaning in YAML; is this a text? Then put it in quotes"),
    "sign": ("a: @b\n", "1: a value may not begin with '@' (at column 4); is this a text? Then put it in quotes"),
    "no key": ("a:\n  : x\n", "2: no key stands before the colon at column 3; write KEY: VALUE"),
    "dots": ("a: b\n...\nc: d\n", "3: the dots of line 2 end the spec, and more follows; remove them"),
}
JARGON = re.compile(r"block|token|scalar|mapping|node|stream|flow|while (parsing|scanning)|document start")


@pytest.mark.parametrize(("text", "said"), SLIPS.values(), ids=SLIPS)
def test_a_slip_is_told_in_plain_words_at_the_line_to_mend(text, said):
    with pytest.raises(SpecError) as caught:
        parse_document(text, "s.yaml")
    assert str(caught.value).startswith(f"s.yaml:{said}")
    assert not JARGON.search(str(caught.value))


@pytest.mark.parametrize("text", [text for text, _ in SLIPS.values()], ids=SLIPS)
def test_lines_that_end_as_in_windows_are_counted_alike(text):
    said = []
    for written in (text, text.replace("\n", "\r\n"), text.replace("\n", "\r")):
        with pytest.raises(SpecError) as caught:
            parse_document(written, "s.yaml")
        said.append(str(caught.value))
    assert len(set(said)) == 1


def test_a_spec_with_one_sign_more_or_less_is_read_or_refused_in_plain_words():
    spec = DATA + "  columns: {a: ignore, b: 'number'}\nmodel:\n  layers:\n    - units: 3\n    - units: 4\n"
    drawn = random.Random(1)
    said = []
    for _ in range(400):
        where = drawn.randrange(len(spec))
        typed = drawn.choice(["", "\t", " ", "'", '"', "[", "}", ":", "-", ",", "\n", "*", "\\", "|", "%", "?"])
        try:
            parse_document(spec[:where] + typed + spec[where + (typed == "") :], "s.yaml")
        except SpecError as problem:
            said.append(str(problem).replace("begins a block of text in YAML", ""))
    assert len(said) > 50
    assert not [problem for problem in said if JARGON.search(problem)]
