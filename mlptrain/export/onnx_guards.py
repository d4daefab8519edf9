"""What a graph was given that training did not have, as nodes: it refuses nothing, but it can count."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from mlptrain.export.cells import collect_codes
from mlptrain.export.onnx_columns import InputTensors, encode_texts, replace_numbers
from mlptrain.export.onnx_graph import INTEGER, TRUTH, Tensor, concatenate
from mlptrain.export.plan import Codes, DateInput, Input, NumberInput, Plan


def count_unseen(cells: InputTensors, plan: Plan) -> Tensor:
    """How many cells of each row (N,) are missing, or texts that one of the networks does not know."""
    codes = collect_codes(plan.networks)
    moments = [cells[each.name] for each in plan.inputs if isinstance(each, DateInput)]
    marks = [
        *([concatenate(moments).apply("IsNaN", dtype=TRUTH)] if moments else []),
        *(mark_missing_numbers(names, cells, source) for source, names in group_numbers(plan.inputs)),
        *(mark_unknown_texts(cells[name], each) for name, each in codes.items()),
    ]
    return concatenate(marks).cast(INTEGER).sum(1)


def group_numbers(inputs: Sequence[Input]) -> list[tuple[NumberInput, list[str]]]:
    """The names of the numbers of which the same are replaced, after one of them."""
    groups: dict[object, tuple[NumberInput, list[str]]] = {}
    for each in inputs:
        if isinstance(each, NumberInput):
            groups.setdefault(each.replaced, (each, []))[1].append(each.name)
    return list(groups.values())


def mark_missing_numbers(names: Sequence[str], cells: InputTensors, source: NumberInput) -> Tensor:
    """Where numbers (N, F) are missing, or count as missing."""
    return replace_numbers(concatenate(cells[name] for name in names), source).apply("IsNaN", dtype=TRUTH)


def mark_unknown_texts(texts: Tensor, codes: Sequence[Codes]) -> Tensor:
    """Where texts (N, 1) are missing or unknown to a network."""
    return reduce(or_, (encode_texts(texts, each).equals(each.other) for each in codes))
