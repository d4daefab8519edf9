"""The reference: nothing that a spec can reach is left out, nothing internal is in it, and its examples are read."""

import re
from typing import get_args

import pytest
import yaml

from mlptrain.annotations import find_nested_dataclasses, list_component_names, read_field_docs, read_field_types
from mlptrain.engine.metrics import Metric
from mlptrain.spec.examples import EXAMPLES, LETTERS
from mlptrain.spec.fields import Spec
from mlptrain.spec.file import load_spec
from mlptrain.spec.reference import find_sections, make_reference
from tests.support.spec_cases import DATA

TEXT = make_reference()
PARTS = dict(part.split("\n", 1) for part in TEXT.split("\n## ")[1:])
KINDS = sorted(set(find_nested_dataclasses(Spec)), key=lambda kind: kind.__name__)
SECTIONS = find_sections()


def rows(part: str) -> list[list[str]]:
    """The cells of the tables of a part."""
    lines = [line for line in PARTS[part].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_dataclass_has_its_row_or_its_table(kind):
    (section,) = (each for each in SECTIONS if kind in each.kinds and set(each.kinds) <= owners(kind))
    cells = rows(section.path)
    for name in list_component_names(kind):
        assert [row for row in cells if f"`{name}`" in row[0]]
    if not list_component_names(kind):
        assert {f"`{key}`" for key in read_field_types(kind)} <= {row[0] for row in cells}


def names(kind):
    return [f"`{name}`" for name in list_component_names(kind)]


def owners(kind):
    """The dataclasses of the first section in which this one stands."""
    return set(next(each.kinds for each in SECTIONS if kind in each.kinds))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.path)
def test_every_key_has_a_row_with_a_default_and_what_is_allowed(section):
    cells = rows(section.path)
    for kind in section.kinds:
        for key in set(read_field_types(kind)) - {"name"}:
            own = [row for row in cells if row[0] == f"`{key}`" or (row[0] in names(kind) and row[1] == f"`{key}`")]
            assert own
            assert all(row[-2] for row in own)


@pytest.mark.parametrize("section", [each for each in SECTIONS if not each.is_family], ids=lambda section: section.path)
def test_every_key_of_a_section_has_a_meaning(section):
    (kind,) = section.kinds
    assert set(read_field_types(kind)) == set(read_field_docs(kind))


def test_every_heading_of_a_table_says_something():
    for part in PARTS:
        cells = rows(part)
        headings = [cells[at - 1] for at, row in enumerate(cells) if set("".join(row)) == {"-"}]
        assert headings
        assert all(all(heading) for heading in headings)


def test_nothing_internal_is_in_it():
    names = {kind.__name__ for kind in KINDS if not kind.__name__.isupper()}
    words = set(re.findall(r"`([^`]+)`", TEXT)) | set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", TEXT))
    assert not words & {name for name in names if name.lower() != name and sum(map(str.isupper, name)) > 1} - {"TabM"}
    assert "∂" not in TEXT
    assert "Whether" not in TEXT
    assert not re.search(r"`\w+\.\w+\(|mlptrain\.\w", TEXT)


def test_every_key_and_every_component_says_what_it_means():
    tables = [line for line in TEXT.splitlines() if line.startswith("|")]
    assert len(tables) > 300
    assert [line for line in tables if not line.rstrip("|").rpartition(" | ")[2].strip()] == []


def test_every_link_leads_to_a_heading_and_every_heading_is_in_the_contents():
    headings = {f"#{part.replace('.', '')}" for part in PARTS}
    links = re.findall(r"\]\((#[^)]+)\)", TEXT)
    assert set(links) == headings
    assert len(re.findall(r"^\* \[", TEXT, re.MULTILINE)) == len(PARTS)


def test_every_part_has_an_example_and_every_family_its_letters():
    assert EXAMPLES.keys() == set(PARTS)
    assert LETTERS.keys() == {each.path for each in SECTIONS if each.is_family} | {"training.monitor"}


@pytest.mark.parametrize("part", EXAMPLES)
def test_every_example_is_read_without_a_notice(part):
    text = EXAMPLES[part]
    whole = text if text.startswith(("data:", "recipe:")) else DATA + text
    assert load_spec("example.yaml", (), whole)[1] == []
    keys = [key for key in part.split(".") if key not in ("spec", "recipe")]
    tree = yaml.safe_load(whole)
    if len(keys) > 0:
        assert keys[0] in tree


def test_every_metric_has_its_row():
    assert len(get_args(Metric)) > 5
    for kind in get_args(Metric):
        assert [row for row in rows("training.monitor") if row[0] == f"`{list_component_names(kind)[0]}`"]
