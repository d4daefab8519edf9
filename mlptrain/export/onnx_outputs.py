"""What is predicted, as nodes; a whole model as an ONNX file."""

from collections.abc import Sequence
from functools import reduce, singledispatch
from operator import add

import numpy as np

from mlptrain.export.cells import PIXELS
from mlptrain.export.onnx_columns import InputTensors, declare_inputs, write_columns, write_pixels
from mlptrain.export.onnx_embeddings import count_members
from mlptrain.export.onnx_file import serialize_graph
from mlptrain.export.onnx_graph import DOUBLE, INTEGER, Graph, Tensor, concatenate
from mlptrain.export.onnx_guards import count_unseen
from mlptrain.export.onnx_operations import write_network
from mlptrain.export.plan import (
    Average,
    Exponential,
    Link,
    Logistic,
    NetworkPlan,
    NotExportable,
    Plan,
    Softmax,
    Units,
)

PROBABILITIES, SCORES = "probabilities", "scores"
"""The names of the output (N, C) of a model of classes."""
OPSET_WITH_TEXTS = 20
"""The version of the operators from which they can match and split texts."""
UNSEEN = "unseen"
"""The name of the output (N,) of odd cells."""
NOT_REFUSED = """\
A graph cannot refuse a cell. Where mlptrain does, this graph goes on: a text that is no truth value counts as \
missing; a number far beyond those of training may become infinite. A number as text, among levels that are numbers, \
counts as a level only if it is written as in training, or as Python writes it (2, 2.0, 2.5) with the decimal sign of \
the training table. As in mlptrain, a level that training did not have counts as any other value. Texts must have no \
blanks around them and be in Unicode's composed form (NFC)."""
"""What a user of the graph has to know."""


def write_onnx(plan: Plan, *, guards: bool = False, date_texts: bool = False) -> bytes:
    """The bytes of an ONNX file: cells in, labels and probabilities or numbers out.

    With `guards` a last output counts the cells of each row that are missing or unknown. With `date_texts` dates are
    texts, not seconds.
    """
    return serialize_graph(
        write_graph(plan, guards=guards, date_texts=date_texts),
        name="mlptrain",
        version=plan.origin["mlptrain"],
        description=describe_model(plan),
        facts={f"mlptrain.{key}": value for key, value in plan.origin.items()},
    )


def describe_model(plan: Plan) -> str:
    """What the graph predicts, and what it cannot refuse."""
    predicted = ", ".join(map(repr, plan.targets))
    return f"{plan.origin['model']}: predicts {predicted}; by mlptrain {plan.origin['mlptrain']}.\n{NOT_REFUSED}"


def write_graph(plan: Plan, *, guards: bool = False, date_texts: bool = False) -> Graph:
    """A model as a graph."""
    graph = Graph(opset=OPSET_WITH_TEXTS) if date_texts else Graph()
    cells = declare_inputs(graph, plan, date_texts=date_texts)
    predictions = [write_predictions(each, cells, plan) for each in plan.networks]
    shares = [each.share for each in plan.networks]
    declare_outputs(graph, average_networks(predictions, shares), plan)
    if guards:
        declare_guards(graph, cells, plan)
    graph.remove_unused()
    return graph


def write_predictions(network: NetworkPlan, cells: InputTensors, plan: Plan) -> Tensor:
    """Scores of the classes (N, C), or numbers (N, K), of one network."""
    dtype, given = np.dtype(plan.dtype), {each.name: each for each in plan.inputs}
    if network.pixels is not None:
        matrix = write_pixels(cells[PIXELS], network.pixels, dtype)
    else:
        matrix = write_columns(network.columns, cells, given, dtype)
    z = write_network(network.operations, matrix)
    values = write_link(network.link, z, has_members=count_members(network.operations) > 1)
    return values if network.units is None else restore_units(values, network.units)


def average_networks(predictions: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    """The mean of networks' predictions, weighted with their shares, whose sum is 1."""
    if len(predictions) == 1:
        return predictions[0]
    return reduce(add, (each * share for each, share in zip(predictions, shares, strict=True)))


@singledispatch
def write_link(link: Link, z: Tensor, *, has_members: bool) -> Tensor:
    """Predictions (N, C) of outputs z (N, K), or of those of members (M, N, K)."""
    raise NotExportable(f"the link {link.name!r} has no form in ONNX")


def average_members(values: Tensor, *, has_members: bool) -> Tensor:
    return values.mean(0) if has_members else values


@write_link.register
def write_softmax(link: Softmax, z: Tensor, *, has_members: bool) -> Tensor:
    return average_members(z.apply("Softmax", axis=-1), has_members=has_members)


@write_link.register
def write_logistic(link: Logistic, z: Tensor, *, has_members: bool) -> Tensor:
    return average_members(concatenate([-z, z]).apply("Sigmoid"), has_members=has_members)


@write_link.register
def write_average(link: Average, z: Tensor, *, has_members: bool) -> Tensor:
    return complete_pair(average_members(z, has_members=has_members), is_pair=link.is_pair)


@write_link.register
def write_exponential(link: Exponential, z: Tensor, *, has_members: bool) -> Tensor:
    if has_members:
        largest = z.largest(0)
        z = largest + (z - largest).apply("Exp").mean(0).apply("Log")
    v = z.min(link.ceiling).apply("Exp") * ((z - link.ceiling).apply("Relu") + 1)
    return complete_pair(v, is_pair=link.is_pair)


def complete_pair(v: Tensor, *, is_pair: bool) -> Tensor:
    """(1 − v, v) where one output stands for two classes."""
    return concatenate([1 - v, v]) if is_pair else v


def restore_units(v: Tensor, units: Units) -> Tensor:
    """f(v · scale + center) in double precision, within bounds."""
    y = v.cast(DOUBLE) * units.scale + units.center
    if units.transform != "none":
        y = y.apply("Exp")
    if units.transform == "log1p":
        y = y - 1
    return y.max(units.lowest).min(units.highest) if units.lowest else y


def declare_outputs(graph: Graph, values: Tensor, plan: Plan) -> None:
    """The outputs: labels and scores of classes, or one of each number."""
    if plan.classes:
        labels = values.apply("ArgMax", dtype=INTEGER, axis=-1, keepdims=0).look_up(plan.classes, np.str_)
        graph.add_output(labels, plan.targets[0], (), f"The predicted label of {plan.targets[0]!r}.")
        name = PROBABILITIES if plan.are_probabilities else SCORES
        listed = ", ".join(map(repr, plan.classes))
        graph.add_output(values, name, (len(plan.classes),), f"{name.capitalize()} of the classes, in order: {listed}.")
        return
    for place, name in enumerate(plan.targets):
        graph.add_output(values.take(place, axis=1), name, (), f"The predicted number {name!r}.")


def declare_guards(graph: Graph, cells: InputTensors, plan: Plan) -> None:
    """The output that counts odd cells."""
    if not plan.inputs:
        raise NotExportable("--guards: images have no cells that could be missing or unknown")
    said = "How many cells of the row are missing, or texts that training did not have."
    graph.add_output(count_unseen(cells, plan), UNSEEN, (), said)
