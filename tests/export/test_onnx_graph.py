"""Graphs in the making: nothing is there twice, names are unique, operators are those that runtimes have."""

import numpy as np
import pytest

from mlptrain.export.onnx_graph import DOUBLE, Graph, concatenate

FLOAT = np.dtype(np.float32)


def test_equal_formulas_are_the_same_nodes():
    graph = Graph()
    x = graph.add_input("x", DOUBLE, 2, "")
    first, second = ((np.array([1.0, 2.0]) - x) * 3 for _ in range(2))
    assert first.name == second.name
    assert [node.operator for node in graph.nodes] == ["Sub", "Mul"]
    assert len(graph.constants) == 2


def test_constants_of_other_types_or_shapes_are_others():
    graph = Graph()
    values = [(1, FLOAT), (1, DOUBLE), ([1], DOUBLE), (True, np.bool_), ("1", np.str_), (-0.0, DOUBLE), (0.0, DOUBLE)]
    names = {graph.add_constant(value, dtype).name for value, dtype in values}
    assert len(names) == len(graph.constants) == len(values)
    assert [each.shape for each in graph.constants.values()] == [np.shape(value) for value, _ in values]


def test_no_name_is_there_twice():
    graph = Graph()
    given = [graph.add_input(name, DOUBLE, 1, "") for name in ("Add_1", "constant_0", "y", "predicted_y")]
    total = concatenate(given) + 1
    graph.add_output(total, "y", (4,), "")
    assert [port.name for port in graph.outputs] == ["predicted_predicted_y"]
    names = [port.name for port in graph.inputs] + [name for node in graph.nodes for name in node.outputs]
    assert len({*names, *graph.constants}) == len(names) + len(graph.constants)


@pytest.mark.parametrize(("dtype", "operators"), [(DOUBLE, {"Add", "Sin"}), (FLOAT, {"Cos"})])
def test_the_cosine_of_doubles_is_a_sine(dtype, operators):
    graph = Graph()
    graph.add_input("x", dtype, 1, "").cos()
    assert {node.operator for node in graph.nodes} == operators
