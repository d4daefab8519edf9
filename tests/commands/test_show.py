"""`show` of a model whose networks have different specs: how many there are of each, with what share of the weight."""

from dataclasses import asdict, replace

import pytest
import yaml

from mlptrain.commands.show import describe_model
from mlptrain.diagnostics.training_course import describe_course
from mlptrain.model.model import Model
from mlptrain.plain import to_plain
from mlptrain.reporting.show_results import build_description_document, format_description, format_stored_spec
from tests.support.flows import ROOT

TWO = Model.load(ROOT / "tests" / "golden" / "format_2.npz")
FIRST, SECOND = TWO.networks
JOINED = {
    "one spec": ([FIRST, FIRST], [1.0, 3.0], []),
    "two specs": ([FIRST, SECOND], [1.0, 3.0], [(1, 0.75)]),
    "several of each": ([FIRST, FIRST, SECOND, SECOND], [1.0, 1.0, 0.5, 0.5], [(2, 1 / 3)]),
    "in any order": ([FIRST, SECOND, FIRST], [2.0, 1.0, 1.0], [(1, 0.25)]),
}


def describe(networks, weights):
    return describe_model(replace(TWO, networks=networks, weights=weights), "m.npz", 1)


@pytest.mark.parametrize(("networks", "weights", "others"), JOINED.values(), ids=JOINED)
def test_networks_of_other_specs_are_counted_with_their_share(networks, weights, others):
    result = describe(networks, weights)
    assert [(each.networks, pytest.approx(each.share)) for each in result.others] == others
    text = format_description(result)
    assert all(f"{share:.0%} of the weight" in text for _, share in others)
    assert ("another spec" in text) == bool(others) == ("others" in build_description_document(result))
    count = sum(each is FIRST for each in networks)
    model = replace(TWO, networks=networks, weights=weights)
    assert [len(found) for found in (result.watched.values, result.histories, describe_course(model).networks)] == [
        count
    ] * 3
    assert [*result.names] == [each.name for each in describe_course(model).networks if each.name]


def test_their_specs_follow_that_of_the_first_as_comments():
    text = format_stored_spec(describe([FIRST, SECOND], [1.0, 3.0]))
    assert yaml.safe_load(text) == yaml.safe_load(yaml.safe_dump(to_plain(FIRST.spec)))
    comments = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]
    assert yaml.safe_load("\n".join(comments[1:])) == asdict(describe([FIRST, SECOND], [1.0, 3.0]).others[0])["spec"]
