"""One key of a spec set anew: names with points in them, and words that are sections."""

import json
from string import ascii_letters, digits

import pytest

from mlptrain.data.features import KINDS
from mlptrain.errors import SpecError
from mlptrain.spec.file import make_draft_from_spec
from mlptrain.spec.overriding import split_key
from mlptrain.spec.yaml_text import parse_document

SPEC = "{data: {train: t.csv, target: y, columns: {x: KIND, a.b: date}}}"


def read_spec(*overrides, kind="date"):
    return make_draft_from_spec(SPEC.replace("KIND", kind), overrides).spec


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_of_one_word_takes_settings(kind):
    rules = read_spec("data.columns.x.missing_values=['?']", kind=kind).data.rules.of("x")
    assert (rules.type, rules.missing_values) == (kind, ("?",))
    same = make_draft_from_spec(SPEC.replace("KIND", kind), {"data.columns.x.missing_values": ["?"]}).spec
    assert same.data.rules.of("x") == rules


def test_a_path_is_no_section():
    with pytest.raises(SpecError, match=r"data\.train is one value; set it as a whole"):
        read_spec("data.train.images=x")


def test_a_name_with_a_point_stands_in_quotes():
    assert read_spec('data.columns."a.b".format=%d.%m.%Y').data.rules.of("a.b").format == "%d.%m.%Y"
    assert read_spec('data.columns."c.d"=category').data.rules.of("c.d").type == "category"


@pytest.mark.parametrize("key", ["", ".", "seed.", ".seed", "a..b", '"a', 'a"b"'])
def test_what_is_no_dotted_key_is_refused(key):
    assert split_key(key) == [""]
    with pytest.raises(SpecError, match="write KEY=VALUE"):
        read_spec(f"{key}=1")


@pytest.mark.parametrize("text", ["%d.%m.%Y", "@home", "`x", "%H:%M", ">50K", "|x", "#1", "class #1", ",5", "# x"])
def test_a_text_that_yaml_takes_for_something_else_is_a_text(text):
    assert read_spec(f"data.positive_class={text}").data.positive_class == text


SIGNS = sorted({*map(chr, range(32, 127)), "\t", "§", "¦"} - set(ascii_letters + digits + "~"))


@pytest.mark.parametrize("sign", SIGNS)
def test_one_sign_alone_is_that_sign(sign):
    assert read_spec(f"data.positive_class={sign}").data.positive_class == sign


@pytest.mark.parametrize(
    ("key", "marks"),
    {"delimiter": [*filter('"'.__ne__, SIGNS), r"\t"], "decimal": [","], "thousands": ["'", " ", "_", ","]}.items(),
)
def test_a_mark_is_set_with_and_without_quotes(key, marks):
    for mark in marks:
        meant = {r"\t": "\t"}.get(mark, mark)
        assert getattr(read_spec(f"data.{key}={mark}").data, key) == meant
        assert getattr(read_spec(f"data.{key}={json.dumps(meant)}").data, key) == meant


@pytest.mark.parametrize("sign", "|>")
def test_a_block_of_text_without_text_is_refused(sign):
    with pytest.raises(SpecError, match=rf"s\.yaml:3: \{sign} begins a block of text in YAML, and none follows"):
        parse_document(f"data:\n  train: t.csv\n  delimiter: {sign}\n  target: y\n", "s.yaml")


@pytest.mark.parametrize("text", ["%", "-", "?", "a, b", "a: b", "#", "]", "*", "EUR", "m / s"])
def test_a_list_that_is_proposed_can_be_read(text):
    with pytest.raises(SpecError) as problem:
        read_spec(f"data.missing_values={json.dumps(text)}")
    proposed = str(problem.value).partition("write a list here: ")[2]
    assert read_spec(f"data.missing_values={proposed}").data.missing_values == (text,)
