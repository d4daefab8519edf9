"""One document laid over another: the upper one's word counts, and every place is that of who said it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.spec.document import Document, Place
from mlptrain.spec.merging import GIVES_WAY, list_overridden, merge_documents, merge_trees
from tests.support.spec_cases import drawn

KEYS = st.sampled_from(["name", "data", "split", "model", "hidden", "layers", "folds", "validation", "type", "x"])
LEAVES = st.sampled_from(["a", "b", "column", None, ["1", "2"]])
TREES = st.recursive(
    LEAVES, lambda inner: st.dictionaries(KEYS.filter(lambda key: key != "name"), inner, max_size=4), max_leaves=12
).filter(lambda tree: isinstance(tree, dict))
NAMED = st.builds(lambda tree, name: {**tree, "x": {"name": name, "a": "1"}}, TREES, st.sampled_from(["p", "q"]))
MAPS = TREES | NAMED


def places(tree, text, path=()):
    """A place for every node of a tree."""
    found = {path: Place(text)}
    for key, child in tree.items() if isinstance(tree, dict) else ():
        found |= places(child, text, (*path, key))
    return found


def document(tree, name):
    return Document(name, tree, places(tree, name))


def leaves(tree, path=()):
    if isinstance(tree, dict) and tree:
        for key, child in tree.items():
            yield from leaves(child, (*path, key))
    else:
        yield path, tree


def at(tree, path):
    for step in path:
        tree = tree[step]
    return tree


@drawn
@given(MAPS, MAPS)
def test_merging_twice_is_merging_once(below, above):
    once = merge_trees(below, above, (), [])
    assert merge_trees(once, above, (), []) == once
    assert merge_trees(above, above, (), []) == above
    assert merge_trees({}, above, (), []) == above


@drawn
@given(MAPS, MAPS)
def test_what_is_above_counts_and_what_it_does_not_touch_stays(below, above):
    found = merge_trees(below, above, (), [])
    for path, value in leaves(above):
        assert value == {} or at(found, path) == value
    for path, value in leaves(below):
        if path and path[0] not in above:
            assert at(found, path) == value


@drawn
@given(MAPS, MAPS)
def test_a_place_is_that_of_the_document_that_said_so(below, above):
    found = merge_documents(document(below, "below"), document(above, "above"))
    for path, value in leaves(found.tree):
        said = found.places[path].text
        assert at({"above": above, "below": below}[said], path) == value or value == {}
    assert set(places(found.tree, "")) == set(found.places)


@drawn
@given(MAPS, MAPS)
def test_what_was_overridden_is_what_differs_afterwards(below, above):
    changed = {tuple(key.split(".")) for key in list_overridden(below, above) if key}
    found = merge_trees(below, above, (), [])
    for path, value in leaves(below):
        try:
            kept = at(found, path) == value
        except (KeyError, TypeError):
            kept = False
        assert kept or value == {} or any(path[: len(key)] == key for key in changed)


def test_a_component_of_another_name_replaces_the_whole():
    below = {"optimizer": {"name": "adamw", "beta_1": "0.8"}}
    assert merge_trees(below, {"optimizer": {"name": "sgd"}}, (), []) == {"optimizer": {"name": "sgd"}}
    same = {"optimizer": {"name": "adamw", "learning_rate": "1"}}
    assert merge_trees(below, same, (), []) == {"optimizer": {"name": "adamw", "beta_1": "0.8", "learning_rate": "1"}}


@pytest.mark.parametrize(
    ("path", "rival", "value"),
    [(path, rival, value) for path, rivals in GIVES_WAY.items() for rival, value in rivals.items()],
)
def test_a_key_falls_away_beside_another_way_to_say_it(path, rival, value):
    def within(**keys):
        tree = keys
        for step in reversed(path[:-1]):
            tree = {step: tree}
        return tree

    below, above = within(**{path[-1]: "1"}), within(**{rival: value or "2"})
    assert merge_trees(below, above, (), []) == above
    assert list(list_overridden(below, above)) == [".".join(path)]
    assert merge_trees(below, within(**{rival: None}), (), []) == within(**{path[-1]: "1", rival: None})
