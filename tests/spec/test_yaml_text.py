"""YAML without guesses: what it is asked for is read, all else is refused at once, with its line."""

import io
import os
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlptrain.errors import SpecError
from mlptrain.spec.document import DEEPEST, MOST_NODES
from mlptrain.spec.fields import Spec
from mlptrain.spec.file import load_spec
from mlptrain.spec.yaml_text import LARGEST_FILE, read_spec_file, read_stdin
from tests.support.spec_cases import DATA, drawn, load, problems

# Numbers and truth values are what the schema asks for, not what YAML takes them for.


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E-3", 1e-3),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("+2", 2.0),
        ("0.001", 0.001),
        ("'0.001'", 0.001),
        ('"1e-3"', 1e-3),
        ("0.1e+1", 1.0),
        (">-\n   0.5", 0.5),
        ("1e-320", 1e-320),
    ],
)
def test_a_real_number_may_be_written(text, value):
    assert load(DATA + f"optimizer:\n  learning_rate: {text}\n").optimizer.learning_rate == value


@pytest.mark.parametrize(
    "text",
    [
        "1_000",
        "1,500",
        "'1,500'",
        "0x1F",
        "0o17",
        "017",
        "00.5",
        "1:30",
        "190:20:30",
        ".inf",
        "inf",
        "-inf",
        "nan",
        ".nan",
        "1e400",
        "9" * 5000,
        "1e",
        "e3",
        "１",
        "'1 '",
        "yes",
        "true",
        "null",
        "''",
        "2020-13-45",
        "1/3",
        "[1]",
        "{a: 1}",
        "1e-3x",
    ],
)
def test_what_is_no_real_number_is_refused_with_its_line(text):
    (problem,) = problems(DATA + f"optimizer:\n  learning_rate: {text}\n")
    assert problem.startswith("s.yaml:3: optimizer.learning_rate: ")
    assert problem.endswith(": write a number such as 0.001 or 1e-3")
    assert len(problem) < 200


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("64", 64), ("'64'", 64), ("+64", 64), ("9" * 18, 10**18 - 1)])
def test_a_whole_number_may_be_written(text, value):
    assert load(DATA + f"seed: {text}\n").seed == value


@pytest.mark.parametrize(
    "text",
    [
        "64.0",
        "1e2",
        "1_000",
        "0x1F",
        "0o17",
        "0b1",
        "017",
        "1:30",
        "9" * 101,
        "9" * 5000,
        "0x" + "f" * 5000,
        "true",
        "''",
        "[1]",
        "１",
    ],
)
def test_what_is_no_whole_number_is_refused_with_its_line(text):
    (problem,) = problems(DATA + f"\nseed: {text}\n")
    assert problem.startswith("s.yaml:3: seed: ")
    assert problem.endswith(": write a whole number such as 64")


@pytest.mark.parametrize("text", ["yes", "no", "on", "off", "True", "FALSE", "y", "1", "0", "''", "null", "[true]"])
def test_a_truth_value_is_true_or_false(text):
    assert [load(DATA + f"training: {{drop_last: {word}}}\n").training.drop_last for word in ("true", "false")] == [
        True,
        False,
    ]
    (problem,) = problems(DATA + f"training: {{drop_last: {text}}}\n")
    assert problem.startswith("s.yaml:2: training.drop_last: ")
    assert problem.endswith(": write true or false")


# Forms of YAML.


@pytest.mark.parametrize(
    "text",
    [
        "data:\n  train: a.csv\n  target: y\n",
        "data:\r\n  train: a.csv\r\n  target: y\r\n",
        "data: {train: a.csv, target: y}",
        "\ufeffdata: {train: a.csv, target: y}",
        "---\ndata: {train: a.csv, target: y}\n...\n",
        "# text\n\n\ndata:   # more\n    train: 'a.csv'   # more\n    target: \"y\"\n",
        "data:\n  train: >-\n    a.csv\n  target: |-\n    y\n",
        "'data': {'train': a.csv, \"target\": y}",
        '{"data": {"train": "a.csv", "target": "y"}}',
        "? data\n: {train: a.csv, target: y}",
        '"d\\x61ta": {train: "\\u0061.csv", target: y}',
    ],
)
def test_one_spec_may_be_written_in_many_ways(text):
    assert load(text) == load(DATA)


REFUSED = {
    "empty": ("", "s.yaml:1: the spec is empty; it begins with 'data:'"),
    "only-comments": ("# nothing\n\n# at all", "s.yaml:1: the spec is empty; it begins with 'data:'"),
    "only-a-dash-line": ("---\n", "s.yaml:1: the spec is empty; it begins with 'data:'"),
    "list": ("- a\n- b\n", "s.yaml:1: the spec is not a map of keys; it begins with 'data:'"),
    "scalar": ("data", "s.yaml:1: the spec is not a map of keys; it begins with 'data:'"),
    "number": ("42", "s.yaml:1: the spec is not a map of keys"),
    "empty-map": ("{}", "s.yaml:1: data: 'data' is missing"),
    "two-documents": (DATA + "---\nseed: 1\n", "s.yaml:2: a second document begins here; a spec is one document"),
    "two-documents-after-an-end": (DATA + "...\n---\nseed: 1\n", "s.yaml:3: a second document begins here"),
    "anchor": (DATA + "seed: &a 1\n", "s.yaml:2: anchors and aliases are not allowed in a spec; write the value out"),
    "anchor-of-a-map": ("data: &d {train: a.csv}\n", "s.yaml:1: anchors and aliases are not allowed"),
    "alias": (DATA + "\nseed: *a\n", "s.yaml:3: anchors and aliases are not allowed"),
    "recursion": (DATA + "model: &a [*a]\n", "s.yaml:2: anchors and aliases are not allowed"),
    "merge": (DATA + "<<: {seed: 1}\n", "s.yaml:2: <<: unknown key '<<'; the keys are data, model"),
    "merge-of-an-alias": (DATA + "model: &a {}\noptimizer: {<<: *a}\n", "s.yaml:2: anchors and aliases"),
    "python-tag": (
        DATA + "seed: !!python/name:os.system\n",
        "s.yaml:2: tags such as tag:yaml.org,2002:python/name:os.system",
    ),
    "python-object": (
        "data: !!python/object/apply:os.system [x]",
        "s.yaml:1: tags such as tag:yaml.org,2002:python/object/",
    ),
    "binary": (
        DATA + "seed: !!binary aGk=\n",
        "s.yaml:2: tags such as tag:yaml.org,2002:binary are not allowed in a spec",
    ),
    "set": (DATA + "model: !!set {a, b}\n", "s.yaml:2: tags such as tag:yaml.org,2002:set are not allowed"),
    "plain-tag": (DATA + "seed: !!int 1\n", "s.yaml:2: tags such as tag:yaml.org,2002:int are not allowed"),
    "own-tag": (DATA + "seed: !x 1\n", "s.yaml:2: tags such as !x are not allowed in a spec; write plain values"),
    "bare-tag": (DATA + "seed: ! 1\n", "s.yaml:2: tags such as ! are not allowed"),
    "yaml-directive": (
        "%YAML 1.1\n---\n" + DATA,
        "s.yaml:1: directives such as %YAML are not allowed in a spec; remove",
    ),
    "tag-directive": ("%TAG !e! tag:e.org,2026:\n---\n" + DATA, "s.yaml:1: directives such as %YAML are not allowed"),
    "newer-yaml": ("%YAML 3.0\n---\n" + DATA, "s.yaml:1: directives such as %YAML are not allowed in a spec"),
    "tab": (DATA + "model:\n\tdtype: float64\n", "s.yaml:3: tabs are not allowed for indentation in YAML; use spaces"),
    "duplicate-key": (DATA + "seed: 1\n\nseed: 2\n", "s.yaml:4: 'seed' is given twice (first at s.yaml:2)"),
    "duplicate-section": (DATA + "data: {}\n", "s.yaml:2: 'data' is given twice (first at s.yaml:1)"),
    "duplicate-in-flow": (
        "data: {train: a,\n  train: b, target: y}",
        "s.yaml:2: 'train' is given twice (first at s.yaml:1)",
    ),
    "duplicate-in-quotes": (DATA + "seed: 1\n'seed': 1\n", "s.yaml:3: 'seed' is given twice (first at s.yaml:2)"),
    "duplicate-in-a-list": (
        DATA + "model:\n  layers:\n  - units: 1\n    units: 2\n",
        "s.yaml:5: 'units' is given twice (first",
    ),
    "list-as-key": (DATA + "[a, b]: 1\n", "s.yaml:2: a key must be plain text, not a list or a map"),
    "map-as-key": (DATA + "? {a: 1}\n: 1\n", "s.yaml:2: a key must be plain text, not a list or a map"),
    "number-as-key": (DATA + "1: 2\n", "s.yaml:2: 1: unknown key '1'; the keys are"),
    "null-as-key": (DATA + "~: 2\n", "s.yaml:2: ~: unknown key '~'; the keys are"),
    "nan-as-key": (DATA + ".nan: 2\n", "s.yaml:2: .nan: unknown key '.nan'; the keys are"),
    "equals-as-value": (DATA + "loss: =\n", "s.yaml:2: loss: '=' is not one of"),
    "date-that-is-none": (DATA + "loss: 2020-13-45\n", "s.yaml:2: loss: '2020-13-45' is not one of"),
    "deep-lists": (
        DATA + "model: " + "[" * 1000,
        "s.yaml:2: the spec is nested too deeply or too long; is this the right",
    ),
    "very-deep-lists": ("[" * 100_000, "s.yaml:1: the spec is nested too deeply or too long"),
    "very-deep-maps": ("{" * 100_000, "s.yaml:1: the spec is nested too deeply or too long"),
    "deep-blocks": ("- " * 1000 + "x", "s.yaml:1: the spec is nested too deeply or too long"),
    "deep-keys": ("? " * 1000 + "x", "s.yaml:1: the spec is nested too deeply or too long"),
    "many-nodes": ("a: [" + "1, " * MOST_NODES + "1]", "s.yaml:1: the spec is nested too deeply or too long"),
    "unclosed-quote": (
        DATA + "seed: 'x\n\n\nmodel: {}\n",
        "s.yaml:2: the quote at column 7 is not closed",
    ),
    "unclosed-bracket": (DATA + "model: {hidden: [1, 2}\n\n", "s.yaml:2: '}' closes the '[' at column 17"),
    "unclosed-brace": (DATA + "model: {hidden: [1]\n\n\n", "s.yaml:2: the '{' at column 8 is not closed"),
    "no-blank-after-the-colon": (
        "data:\n  train: a.csv\n  target:y",
        "s.yaml:3: a blank is missing after the colon of 'target'; write target: y",
    ),
    "no-blank-after-the-colon-before-others": (
        "data:\n  train: a.csv\n  target:y\nseed: 1\n",
        "s.yaml:3: a blank is missing after the colon of 'target'; write target: y",
    ),
    "no-blank-after-the-colon-at-the-end": (DATA + "model:{}\n\n\n", "s.yaml:2: a blank is missing after the colon"),
    "colon-in-text": (
        DATA + "loss: a: b\n",
        "s.yaml:2: a second ': ' stands at column 8, inside a value; put a text with ': ' in it in quotes",
    ),
    "at-sign": (DATA + "loss: @a\n", "s.yaml:2: a value may not begin with '@' (at column 7)"),
    "wrong-indentation": (
        DATA + "model:\n  hidden: [1]\n dtype: float64\n",
        "s.yaml:4: this line is indented by 1 blank, otherwise than what stands above it (line 3 by 2, line 2 by 0)",
    ),
    "no-colon": (DATA + "seed 1\nmodel: {}\n", "s.yaml:2: 'seed 1' has no colon; write KEY: VALUE"),
    "wrong-escape": (DATA + 'loss: "\\q"\n', "s.yaml:2: a backslash in double quotes"),
    "escape-beyond-unicode": (
        DATA + '\nloss: "\\U00110000"\n',
        "s.yaml:3: \\U stands before a number that is no character",
    ),
    "nul": (DATA + "\nseed: \0\n", "s.yaml:3: the character U+0000 is not allowed in YAML; remove it"),
    "bell": (DATA + "loss: a\x07\n", "s.yaml:2: the character U+0007 is not allowed in YAML; remove it"),
    "surrogate": (DATA + "loss: \ud800\n", "s.yaml:2: the character U+D800 is not allowed in YAML; remove it"),
    "utf-16-as-utf-8": ("d\0a\0t\0a\0", "s.yaml:1: the character U+0000 is not allowed in YAML; remove it"),
}


SOON = 20
"""Processor seconds: what is linear takes less on the slowest machine, what is quadratic more on the fastest."""


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_a_spec_has_no_use_for_is_refused_with_its_line_and_soon(text, said):
    began = time.process_time()
    (problem,) = problems(text)
    assert time.process_time() - began < SOON
    assert problem.startswith(said)


def test_as_deep_and_as_long_as_allowed_is_read():
    deep = "[" * (DEEPEST - 2) + "]" * (DEEPEST - 2)
    assert problems(DATA + f"model: {{hidden: {deep}}}")[0].startswith("s.yaml:2: model.hidden[0]")
    names = ", ".join(f"c{number}" for number in range(MOST_NODES - 30))
    assert len(load(f"data: {{train: a, target: y, missing_values: [{names}]}}").data.missing_values) == MOST_NODES - 30


@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000,
        "'" + "a\n" * 40_000,
        "a: " + "b " * 80_000,
        '"' + "\\" * 100_000,
        "#" * 200_000,
        "\n" * 200_000,
        "model: {activation: " + "r" * 100_000 + "}",
        "r" * 1000 + ": 1",
        "- " * 50_000,
        "a:\n" * 9_000,
        "!" * 50_000,
        "&" * 50_000,
    ],
)
def test_nothing_takes_long(text):
    began = time.process_time()
    said = problems(text + "\n")
    assert time.process_time() - began < SOON
    assert all(each.startswith("s.yaml:") and len(each) < 3000 for each in said)


PIECES = [
    "data",
    "model",
    "train",
    "target",
    "seed",
    "hidden",
    "optimizer",
    "name",
    "adam",
    "lr",
    "dropout",
    "0.5",
    "1",
    "x",
    "null",
]
PIECES += [
    ": ",
    ":",
    "- ",
    "-",
    "\n",
    "\n  ",
    "\n ",
    "{",
    "}",
    "[",
    "]",
    ",",
    ", ",
    "'",
    '"',
    "#",
    " # ",
    "&a ",
    "*a",
    "!!int ",
    "!",
]
PIECES += [
    "|",
    ">",
    "|-\n",
    "? ",
    "---\n",
    "...",
    "%YAML 1.1\n",
    "\t",
    "\\",
    "\\n",
    "<<: ",
    "=",
    "~",
    "\ufeff",
    "é",
    "\u2028",
    "\x85",
    "@",
]
PIECES += [
    "data: {train: a.csv, target: y}\n",
    "model: {hidden: [1]}\n",
    "(map)",
    "(",
    '"\\U0011ffff"',
    '"\\U99999999"',
    "\0",
    "\ud800",
    "early_stop: ",
]


@settings(drawn, max_examples=600)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=20))
def test_any_text_is_a_spec_or_a_spec_error(text):
    said = None
    try:
        spec = load(text)
    except SpecError as problem:
        said = problem.problems
    assert isinstance(spec, Spec) if said is None else all(each.startswith("s.yaml:") for each in said)


@settings(drawn, max_examples=200)
@given(st.lists(st.sampled_from(PIECES), max_size=4).map("".join), st.integers(0, 400), st.integers(0, 5))
def test_any_damage_to_a_spec_gives_a_spec_or_a_spec_error(piece, start, length):
    said = None
    try:
        spec = load(WHOLE[:start] + piece + WHOLE[start + length :])
    except SpecError as problem:
        said = problem.problems
    assert isinstance(spec, Spec) if said is None else all(each.startswith("s.yaml:") for each in said)


WHOLE = """\
data:
  train: iris.csv
  target: species
  columns: {zip: category}
  split: {validation: 0.2}
model:
  layers: [{units: 4, activation: relu}, {units: 5, norm: batch}]
  dropout: [0.1, gaussian]
optimizer: {name: adam, learning_rate: 1e-3}
schedules:
  learning_rate: {name: warm_up, then: {name: cosine}}
training:
  batch_size: full
  class_weight: {a: 1, b: 2}
  early_stopping: {patience: 10}
seed: 1
"""


# Files and standard input.


def said_of(path) -> str:
    with pytest.raises(SpecError) as error:
        load_spec(str(path))
    return str(error.value)


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
def test_a_file_is_read_as_utf_8(tmp_path, start):
    (tmp_path / "s.yaml").write_bytes(start + "data: {train: é.csv, target: ★}".encode())
    assert load_spec(str(tmp_path / "s.yaml"))[0].data.train == "é.csv"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"data:\n  train: caf\xe9\n", ":2: byte 19 (0xe9) is not UTF-8; save the spec as UTF-8"),
        (DATA.encode("utf-16"), ":1: byte 1 (0xff) is not UTF-8; save the spec as UTF-8"),
        (DATA.encode("utf-16-le"), ":1: the character U+0000 is not allowed in YAML; remove it"),
        (b"\x80\x04\x95", ":1: byte 1 (0x80) is not UTF-8"),
        (b"", ":1: the spec is empty"),
        (
            b" " * (LARGEST_FILE + 1),
            f": more than {LARGEST_FILE} bytes are too many for a spec; is this the right file?",
        ),
    ],
)
def test_what_is_no_text_of_a_spec_is_refused(tmp_path, content, said, monkeypatch):
    (tmp_path / "s.yaml").write_bytes(content)
    assert said_of(tmp_path / "s.yaml").startswith(f"{tmp_path / 's.yaml'}{said}")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    with pytest.raises(SpecError) as error:
        load_spec("standard input", (), read_stdin())
    assert str(error.value).startswith(f"standard input{said}")


def test_standard_input_is_read_as_a_file_is(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbf" + DATA.encode())))
    assert load(read_stdin()) == load(DATA)


def test_a_huge_file_is_not_read(tmp_path):
    with (tmp_path / "s.yaml").open("wb") as stream:
        stream.truncate(10**9)
    assert "bytes are too many for a spec" in said_of(tmp_path / "s.yaml")


def test_the_largest_file_is_read(tmp_path):
    (tmp_path / "s.yaml").write_text(DATA.ljust(LARGEST_FILE), "utf-8")
    assert read_spec_file(str(tmp_path / "s.yaml")).strip() == DATA.strip()


def test_what_is_no_file_is_refused(tmp_path):
    assert said_of(tmp_path) == f"{tmp_path}: this is a folder; name a YAML file"
    assert said_of("/dev/null") == "/dev/null: this is not a regular file; name a YAML file"
    os.mkfifo(tmp_path / "pipe")
    assert said_of(tmp_path / "pipe").endswith("this is not a regular file; name a YAML file")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "cannot be read: " in said_of(tmp_path / "loop")
    assert said_of(tmp_path / ("a" * 300)).endswith("cannot be read: File name too long")
    assert "cannot be read: " in said_of(tmp_path / "a\0b")


def test_a_missing_file_has_a_near_one_as_a_hint(tmp_path, monkeypatch):
    (tmp_path / "iris.yaml").touch()
    near = str(tmp_path / "iris.yaml")
    assert said_of(tmp_path / "iris.yml") == f"{tmp_path / 'iris.yml'}: no such file; did you mean {near!r}?"
    assert said_of(tmp_path / "q").startswith(
        f"{tmp_path / 'q'}: no such file; no file of a like name is in the folder"
    )
    absent = f"the folder {tmp_path / 'no'} does not exist"
    assert said_of(tmp_path / "no" / "q").startswith(f"{tmp_path / 'no' / 'q'}: no such file; {absent}: make it")

    def refuse(self):
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    said = said_of(tmp_path / "iris.yml")
    assert said.startswith(f"{tmp_path / 'iris.yml'}: no such file; no file of a like name is in the folder")
