"""Inputs of networks as predictions, with the standard library alone.

The text of this file is copied into what is exported, after that of `standalone_rows.py`, without its imports of ours.
"""

import math
from array import array
from collections.abc import Callable
from operator import mul
from typing import Any

from mlptrain.export.standalone_cells import read_cells
from mlptrain.export.standalone_rows import encode_row

Vector = list[float]
Values = list[Vector]
"""A vector of each member; one of them as long as all members see the same."""


def multiply_and_sum(x: Vector, w: Vector) -> float:
    """Σ x w."""
    return sum(map(mul, x, w))


multiply_and_sum = getattr(math, "sumprod", multiply_and_sum)


def compute_exp(x: float) -> float:
    """eˣ, infinite where that is too large for a number."""
    return math.exp(x) if x < 709 else math.inf


def compute_sigmoid(z: float) -> float:
    return 1 / (1 + compute_exp(-z))


def compute_softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def compute_gelu(z: float, _: dict[str, Any]) -> float:
    """The form with tanh."""
    return z / (1 + math.exp(min(z * (-1.5957691216057308 - 1.5957691216057308 * 0.044715 * z * z), 87)))


def compute_mish(z: float, _: dict[str, Any]) -> float:
    e = math.exp(min(z, 22))
    n = e * (e + 2)
    return z * (n / (n + 2))


def compute_elu(z: float, given: dict[str, Any]) -> float:
    return max(z, 0.0) + given["alpha"] * math.expm1(min(z, 0.0))


def compute_selu(z: float, _: dict[str, Any]) -> float:
    return 1.0507009873554805 * (max(z, 0.0) + 1.6732632423543772 * math.expm1(min(z, 0.0)))


CURVES: dict[str, Callable[[float, dict[str, Any]], float]] = {
    "linear": lambda z, _: z,
    "sigmoid": lambda z, _: compute_sigmoid(z),
    "tanh": lambda z, _: math.tanh(z),
    "relu": lambda z, _: max(z, 0.0),
    "leaky_relu": lambda z, given: max(z, given["slope"] * z),
    "elu": compute_elu,
    "selu": compute_selu,
    "gelu": compute_gelu,
    "silu": lambda z, _: z * compute_sigmoid(z),
    "mish": compute_mish,
    "softplus": lambda z, _: compute_softplus(z),
    "softsign": lambda z, _: z / (1 + abs(z)),
    "hard_sigmoid": lambda z, _: min(max(z / 6 + 0.5, 0.0), 1.0),
    "hard_tanh": lambda z, _: min(max(z, -1.0), 1.0),
}


# Operations


def pair_members(x: Values, *parameters: Any) -> Any:
    """Each member's vector with its parameters; what is one for all members stands for each."""
    given = [x, *parameters]
    members = max(map(len, given))
    return zip(*(each if len(each) == members else each * members for each in given), strict=True)


def apply_linear(x: Values, given: dict[str, Any]) -> Values:
    bias = given["bias"] or [[0.0] * len(given["columns"][0])]
    return [
        [multiply_and_sum(row, w) + b for w, b in zip(W, own, strict=True)]
        for row, W, own in pair_members(x, given["columns"], bias)
    ]


def apply_affine(x: Values, given: dict[str, Any]) -> Values:
    shift = given["shift"] or [[0.0] * max(map(len, x))]
    return [
        [z * a + b for z, a, b in zip(row, spread(factor, row), own, strict=True)]
        for row, factor, own in pair_members(x, given["factor"], shift)
    ]


def spread(factor: Vector, row: Vector) -> Vector:
    """A factor for each unit; one for all stands for each."""
    return factor if len(factor) == len(row) else factor * len(row)


def apply_normalize(x: Values, given: dict[str, Any]) -> Values:
    return [
        normalize_row(row, scale, shift, given["epsilon"])
        for row, scale, shift in pair_members(x, given["scale"], given["shift"])
    ]


def normalize_row(row: Vector, scale: Vector, shift: Vector, epsilon: float) -> Vector:
    mean = math.fsum(row) / len(row)
    variance = math.fsum((z - mean) ** 2 for z in row) / len(row)
    s = 1 / math.sqrt(variance + epsilon)
    return [a * (z - mean) * s + b for z, a, b in zip(row, scale, shift, strict=True)]


def apply_curve(x: Values, given: dict[str, Any]) -> Values:
    activation = given["activation"]
    curve = CURVES[activation["name"]]
    return [[curve(z, activation) for z in row] for row in x]


def apply_blended_curve(x: Values, given: dict[str, Any]) -> Values:
    activation = given["activation"]
    curve = CURVES[activation["name"]]
    return [
        [z + a * (curve(z, activation) - z) for z, a in zip(row, slope, strict=True)]
        for row, slope in pair_members(x, given["slope"])
    ]


def apply_leaky(x: Values, given: dict[str, Any]) -> Values:
    return [
        [max(z, 0.0) + a * min(z, 0.0) for z, a in zip(row, spread(slope, row), strict=True)]
        for row, slope in pair_members(x, given["slope"])
    ]


def apply_largest_piece(x: Values, given: dict[str, Any]) -> Values:
    pieces = given["pieces"]
    return [
        list(map(max, *(row[k * len(row) // pieces : (k + 1) * len(row) // pieces] for k in range(pieces))))
        for row in x
    ]


def apply_waves(x: Vector, given: dict[str, Any], m: int) -> Vector:
    phase = given["phase"] and pick(given["phase"], m)
    embedded: Vector = []
    for f, number in enumerate(x):
        angles = [w * number for w in pick(given["frequency"], m)[f]]
        if phase:
            angles = [angle + b for angle, b in zip(angles, phase[f], strict=True)]
        waves = list(map(math.cos, angles)) + (list(map(math.sin, angles)) if given["sines"] else [])
        values = [
            multiply_and_sum(waves, v) + b
            for v, b in zip(pick(given["columns"], m)[f], pick(given["bias"], m)[f], strict=True)
        ]
        embedded += [max(e, 0.0) for e in values] if given["relu"] else values
    return embedded


def apply_pieces(x: Vector, given: dict[str, Any], m: int) -> Vector:
    embedded: Vector = []
    for f, number in enumerate(x):
        start, width, low, high = (pick(given[name], m)[f] for name in ("start", "width", "lowest", "highest"))
        cut = [
            min(max((number - s) / w, least), most) for s, w, least, most in zip(start, width, low, high, strict=True)
        ]
        embedded += [
            slope * number + multiply_and_sum(cut, v) + b
            for v, slope, b in zip(
                pick(given["columns"], m)[f], pick(given["slope"], m)[f], pick(given["bias"], m)[f], strict=True
            )
        ]
    return embedded


def pick(values: Any, m: int) -> Any:
    """The parameters of a member; what is one for all is each one's."""
    return values[m] if len(values) > 1 else values[0]


NUMERIC = {"waves": apply_waves, "pieces": apply_pieces}


def apply_embed(x: Values, given: dict[str, Any]) -> Values:
    numeric, tables = given["numeric"], given["tables"]
    own = [len(numeric["bias"])] if numeric else []
    members = max([len(x), *own, *(len(each["table"]) for each in tables)])
    return [embed_row(pick(x, m), given, m) for m in range(members)]


def embed_row(row: Vector, given: dict[str, Any], m: int) -> Vector:
    numeric = given["numeric"]
    numbers = [row[place] for place in given["numbers"]]
    embedded = NUMERIC[numeric["name"]](numbers, numeric, m) if numeric else []
    embedded += [row[place] for place in given["kept"]]
    for each in given["tables"]:
        embedded += pick(each["table"], m)[int(row[each["place"]])]
    return embedded


def apply_added_back(x: Values, given: dict[str, Any]) -> Values:
    y = apply_operations(x, given["operations"])
    return [[a + b for a, b in zip(row, added, strict=True)] for row, added in pair_members(x, y)]


OPERATIONS = {
    "linear": apply_linear,
    "affine": apply_affine,
    "normalize": apply_normalize,
    "curve": apply_curve,
    "blended_curve": apply_blended_curve,
    "leaky": apply_leaky,
    "largest_piece": apply_largest_piece,
    "embed": apply_embed,
    "added_back": apply_added_back,
}


def apply_operations(x: Values, operations: list[dict[str, Any]]) -> Values:
    """The operations, one after another."""
    for each in operations:
        x = OPERATIONS[each["name"]](x, each)
    return x


def turn_weights(plain: Any) -> Any:
    """The model with the columns of its weights as rows, so that each output is one sum of products."""
    if isinstance(plain, list):
        return [turn_weights(each) for each in plain] if plain and not isinstance(plain[0], float) else plain
    if not isinstance(plain, dict):
        return plain
    turned = {key: turn_weights(each) for key, each in plain.items() if key != "weight"}
    if "weight" in plain:
        turned["columns"] = [turn_matrix(each) for each in plain["weight"]]
    return turned


def turn_matrix(W: Any) -> Any:
    """W (I, O) as (O, I), or each of several (F, I, O)."""
    return (
        [turn_matrix(each) for each in W]
        if isinstance(W[0][0], list)
        else [list(each) for each in zip(*W, strict=True)]
    )


# Outputs


def average_members(vectors: Values) -> Vector:
    return [math.fsum(each) / len(vectors) for each in zip(*vectors, strict=True)]


def predict_softmax(z: Values, _: dict[str, Any]) -> Vector:
    return average_members([normalize_exponentials(row) for row in z])


def normalize_exponentials(row: Vector) -> Vector:
    e = [math.exp(each - max(row)) for each in row]
    return [each / math.fsum(e) for each in e]


def predict_logistic(z: Values, _: dict[str, Any]) -> Vector:
    return average_members([[compute_sigmoid(-row[0]), compute_sigmoid(row[0])] for row in z])


def predict_average(z: Values, given: dict[str, Any]) -> Vector:
    return pair_classes(average_members(z), given)


def predict_exponential(z: Values, given: dict[str, Any]) -> Vector:
    values = []
    for each in zip(*z, strict=True):
        pooled = max(each) + math.log(math.fsum(math.exp(one - max(each)) for one in each) / len(each))
        values.append(math.exp(min(pooled, given["ceiling"])) * (1 + max(pooled - given["ceiling"], 0)))
    return pair_classes(values, given)


def pair_classes(values: Vector, given: dict[str, Any]) -> Vector:
    return [1 - values[0], values[0]] if given["is_pair"] else values


LINKS = {
    "softmax": predict_softmax,
    "logistic": predict_logistic,
    "average": predict_average,
    "exponential": predict_exponential,
}
TRANSFORMS: dict[str, Callable[[float], float]] = {
    "none": float,
    "log": compute_exp,
    "log1p": lambda y: math.expm1(y) if y < 709 else math.inf,
}


def restore_units(values: Vector, units: dict[str, Any]) -> Vector:
    """The numbers in the user's units."""
    scaled = zip(values, units["scale"], units["center"], strict=True)
    restored = [TRANSFORMS[units["transform"]](v * s + c) for v, s, c in scaled]
    if not units["lowest"]:
        return restored
    bounds = zip(restored, units["lowest"], units["highest"], strict=True)
    return [min(max(y, low), high) for y, low, high in bounds]


def predict_inputs(x: Vector, network: dict[str, Any]) -> Vector:
    """Scores of the classes, or numbers, of one network for its inputs."""
    z = apply_operations([x], network["operations"])
    if len(z) < network["members"]:
        z = z * network["members"]
    values = LINKS[network["link"]["name"]](z, network["link"])
    return restore_units(values, network["units"]) if network["units"] else values


def predict_row(row: dict[str, Any], model: dict[str, Any]) -> Vector:
    """Scores of the classes, or numbers, of a row of cells of any type; of an image its `pixels`, 0 … 255."""
    return predict_cells(row if model["networks"][0]["pixels"] else read_cells(row, model), model)


def predict_cells(cells: dict[str, Any], model: dict[str, Any]) -> Vector:
    """Scores of the classes, or numbers, of cells that are read: the networks' weighted mean."""
    found = [
        (network["share"], predict_inputs(list_inputs(cells, network, model["dtype"]), network))
        for network in model["networks"]
    ]
    return [
        math.fsum(share * each for share, each in zip([s for s, _ in found], values, strict=True))
        for values in zip(*(v for _, v in found), strict=True)
    ]


def list_inputs(cells: dict[str, Any], network: dict[str, Any], dtype: str) -> Vector:
    """The inputs of a network in its precision."""
    if network["pixels"]:
        return [each / 255 for each in cells["pixels"]]
    x = encode_row(cells, network)
    return array("f", x).tolist() if dtype == "float32" else x
