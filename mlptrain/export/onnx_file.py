"""A graph as a file: the protocol buffers of ONNX, made by the library `onnx`."""

from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from mlptrain.errors import EnvironmentFailure
from mlptrain.export.onnx_graph import Array, Graph, Node, Port

if TYPE_CHECKING:
    import onnx

INSTALL = "pip install 'mlptrain[onnx]'"
ML_VERSION = 2
"""The version of the operators of ONNX-ML."""
IR_VERSIONS = {17: 8, 20: 9}
"""The version of the format that has a version of the operators."""
DOMAINS = {"LabelEncoder": "ai.onnx.ml"}
"""The domains of operators that are not in ONNX's own."""
SIGNATURE = b"\x12\x08mlptrain"
"""The producer, near the begin of a file, by which it is known again."""


def load_onnx() -> ModuleType:
    """The library; an EnvironmentFailure with the line that installs it, if it is not there."""
    try:
        import onnx
    except ImportError:
        raise EnvironmentFailure(f"ONNX files are written by the library onnx: {INSTALL}") from None
    return onnx


def serialize_graph(graph: Graph, *, name: str, version: str, description: str, facts: Mapping[str, str]) -> bytes:
    """The bytes of a model: its graph, what it is, and what it comes from."""
    onnx = load_onnx()
    made = onnx.helper.make_graph(
        [make_node(node) for node in graph.nodes],
        name,
        [describe_port(port) for port in graph.inputs],
        [describe_port(port) for port in graph.outputs],
        [make_constant(each, values) for each, values in graph.constants.items()],
    )
    versions = {"": graph.opset, "ai.onnx.ml": ML_VERSION}
    opsets = [onnx.helper.make_opsetid(domain, version) for domain, version in versions.items()]
    model = onnx.helper.make_model(
        made,
        opset_imports=opsets,
        ir_version=IR_VERSIONS[graph.opset],
        producer_name="mlptrain",
        producer_version=version,
    )
    model.doc_string = spell_out(description)
    onnx.helper.set_model_props(model, {key: spell_out(fact) for key, fact in facts.items()})
    serialized: bytes = model.SerializeToString(deterministic=True)
    return serialized


def spell_out(text: str) -> str:
    r"""A text in which bytes of a file's name that are no UTF-8, which a file of ONNX cannot hold, are spelt out.

    >>> print(spell_out("a \udcff"))
    a \udcff
    """
    return text.encode("utf-8", "backslashreplace").decode()


def make_node(node: Node) -> "onnx.NodeProto":
    given: dict[str, Any] = {key: list(value) if isinstance(value, tuple) else value for key, value in node.attributes}
    if node.operator == "Cast":
        given["to"] = find_type_code(np.dtype(given["to"]))
    made: onnx.NodeProto = load_onnx().helper.make_node(
        node.operator,
        node.inputs,
        node.outputs,
        name=node.outputs[0],
        domain=DOMAINS.get(node.operator, ""),
        **given,
    )
    return made


def find_type_code(dtype: np.dtype[Any]) -> int:
    """ONNX's code of a type."""
    onnx = load_onnx()
    is_text = dtype.kind == "U"
    return int(onnx.TensorProto.STRING if is_text else onnx.helper.np_dtype_to_tensor_dtype(dtype))


def describe_port(port: Port) -> "onnx.ValueInfoProto":
    made: onnx.ValueInfoProto = load_onnx().helper.make_tensor_value_info(
        port.name, find_type_code(port.dtype), ["N", *port.shape], port.description
    )
    return made


def make_constant(name: str, values: Array) -> "onnx.TensorProto":
    onnx = load_onnx()
    if values.dtype.kind == "U":
        return onnx.helper.make_tensor(
            name, onnx.TensorProto.STRING, values.shape, [each.encode() for each in values.ravel().tolist()]
        )
    return onnx.numpy_helper.from_array(values, name)
