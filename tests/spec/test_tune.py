"""The section `tune`: what a study may set, and every mistake in it with its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.errors import SpecError
from mlptrain.spec.file import load_draft, make_draft_from_document
from mlptrain.spec.tune import Choices, Range, read_search_space, take_tune_section
from mlptrain.spec.yaml_text import parse_document
from tests.support.flows import drawn

BASE = "data: {train: t.csv, target: y, split: {validation: 0.2}}\n"


def read(text):
    document = parse_document(BASE + text, "s.yaml")
    section = take_tune_section(document)
    assert section is not None
    return document, read_search_space(section)


def search(text):
    _, space = read(f"tune:\n  search:\n    optimizer.learning_rate: {text}\n")
    return space.searched["optimizer.learning_rate"]


def test_a_spec_without_the_section_has_none_and_with_it_is_the_same_spec():
    document = parse_document(BASE, "s.yaml")
    assert take_tune_section(document) is None
    text = f"{BASE}tune: {{search: {{seed: {{low: 1, high: 3}}}}}}\n"
    draft, plain = load_draft("s.yaml", text=text), load_draft("s.yaml", text=BASE)
    assert draft.spec == plain.spec
    assert draft.user_settings == plain.user_settings
    (notice,) = [each for each in draft.notices if "tune" in each]
    assert notice == "s.yaml:2: tune: only `mlptrain tune` searches; the rest is as it stands"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{low: 1e-4, high: 0.1, scale: log}", Range(key="", low=1e-4, high=0.1, log=True)),
        ("{low: 0.0, high: 0.5, step: 0.25}", Range(key="", low=0, high=0.5, step=0.25)),
        ("{low: 8, high: 64}", Range(key="", low=8, high=64, whole=True)),
        ("{low: 8, high: 64, step: 8}", Range(key="", low=8, high=64, step=8, whole=True)),
        ("{low: 8, high: 64.0}", Range(key="", low=8, high=64)),
        ("{choices: [a, [1, 2], {b: c}]}", Choices(key="", values=["a", ["1", "2"], {"b": "c"}])),
    ],
)
def test_values_are_read_as_they_are_written(text, found):
    assert {**vars(search(text)), "key": ""} == vars(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{low: 2, high: 1}", "low must be below high (got 2 and 1)"),
        ("{low: a, high: 1}", "low: write a number"),
        ("{low: 1}", "high: write a number"),
        ("{low: 0, high: 1, step: 0}", "step: write a number above 0"),
        ("{low: 0, high: 1, scale: log}", "log needs bounds above 0, and no step"),
        ("{low: 1, high: 9, step: 2, scale: log}", "log needs bounds above 0, and no step"),
        ("{low: 1, high: 9, scale: cubic}", "write linear or log (got 'cubic')"),
        ("{low: 1, high: 9, chioces: 3}", "unknown key 'chioces'; did you mean 'choices'?"),
        ("{choices: [1]}", "write a list of two values at least"),
        ("{choices: [1, 2], low: 3}", "choices stand alone"),
        ("3", "write {low: …, high: …} or {choices: […]}"),
        ("{low: 1, high: .inf}", "high: write a number"),
    ],
)
def test_a_mistake_is_named_with_its_line(text, said):
    with pytest.raises(SpecError) as problem:
        search(text)
    (message,) = problem.value.problems
    assert message.startswith("s.yaml:4: tune.search.optimizer.learning_rate")
    assert said in message


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("tune: {trials: 0, samplr: tpe, search: {data.train: {choices: [a, b]}}}", [2, 2, 2]),
        ("tune:\n  trials: many\n  time_limit: soon\n  search: {}", [3, 5]),
        ("tune:\n  sampler: grid\n  search:\n    seed: {low: 0.5, high: 1}", [5]),
        ("tune: 3", [2, 2]),
    ],
)
def test_all_mistakes_are_told_at_once(text, lines):
    with pytest.raises(SpecError) as problem:
        read(f"{text}\n")
    assert [int(said.split(":")[1]) for said in problem.value.problems] == lines


@drawn
@given(st.floats(1e-6, 1.0), st.floats(1e-6, 1.0), st.integers(1, 50))
def test_a_value_of_a_range_is_in_the_spec_what_it_was(low, width, count):
    step = width / count
    steps = Range(key="k", low=low, high=low + width, step=step).list_steps()
    assert steps is not None
    assert len(steps) in (count, count + 1)  # the upper bound, but for rounding
    assert float(Range(key="k", low=low, high=2.0).write(low)) == pytest.approx(low, rel=1e-5)


def test_values_that_are_set_stand_where_the_study_says():
    document, space = read(
        "tune:\n  search:\n    model.hidden: {choices: [[4], [8, 8]]}\n    seed: {low: 1, high: 9}\n"
    )
    draft = make_draft_from_document(document, [space.set_value("model.hidden", 1), space.set_value("seed", 3.0)])
    assert draft.spec.model.hidden == (8, 8)
    assert draft.spec.seed == 3
    assert space.count_combinations() == 18


def test_a_value_that_the_spec_does_not_take_is_told_at_the_line_of_the_search():
    document, space = read("tune:\n  search:\n    optimizer.learning_ratee: {low: 1, high: 9}\n")
    draft = make_draft_from_document(document, [space.set_value("optimizer.learning_ratee", 1)])
    with pytest.raises(SpecError, match=r"s.yaml:4: optimizer.learning_ratee: unknown key .*'learning_rate'"):
        draft.check()
