"""One key of a spec set anew: names with points in them, and words that are sections."""

import pytest

from mlptrain.data.features import KINDS
from mlptrain.errors import SpecError
from mlptrain.spec.file import make_draft_from_spec
from mlptrain.spec.overriding import split_key

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


@pytest.mark.parametrize("text", ["%d.%m.%Y", "@home", "`x", "%", "%H:%M"])
def test_a_text_that_begins_with_a_sign_that_yaml_keeps_for_itself_is_a_text(text):
    assert read_spec(f"data.positive_class={text}").data.positive_class == text


def test_a_list_that_is_proposed_can_be_read():
    with pytest.raises(SpecError, match=r'write a list here: \["%"\]'):
        read_spec("data.units=%")
    assert read_spec('data.units=["%"]').data.units == ("%",)
