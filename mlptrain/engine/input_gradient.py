"""How a function of a network's logits changes with its inputs: the way back in evaluation, to their very beginning.

Codes of categories have no derivative. Where there are any, the inputs are h, what the layer `InputEmbedding` makes of
x: h (…, B, D′), the members' own where their embeddings are. Without that layer h is x.
"""

from collections.abc import Callable

import numpy as np

from mlptrain.engine.arrays import Floats
from mlptrain.engine.embeddings import InputEmbedding
from mlptrain.engine.members import Shared
from mlptrain.engine.network import Network

WayToInputs = Callable[[Floats], Floats]
"""Takes ∂f/∂logits, which it may overwrite, and gives ∂f/∂x; it is used once."""


def find_input_embedding(network: Network) -> InputEmbedding | None:
    """The layer that embeds the inputs; None where there is none."""
    first = network.layers[0][1]
    layer = first.layer if isinstance(first, Shared) else first
    return layer if isinstance(layer, InputEmbedding) else None


def copy_in_float64(network: Network) -> Network:
    """The same network in float64, whose passes leave the arrays of the first one alone."""
    copy = network.like("float64")
    copy.parameters.theta[...] = network.parameters.theta
    return copy


def embed_inputs(network: Network, x: Floats) -> Floats:
    """h of rows x (B, I), of members (M, B, D′); a fresh array."""
    rows = repeat_rows_for_members(network, x)
    if find_input_embedding(network) is None:
        return rows.copy()
    return network.stages[0](rows, network.begin(len(x)))[0].copy()


def run_with_way_back(network: Network, x: Floats, *, embedded: bool = False) -> tuple[Floats, WayToInputs]:
    """The logits of x (…, B, I), of members (M, B, K), and the way back to ∂f/∂x of the shape of x.

    Rows (B, I) that all members see get the sum over the members. With `embedded`, x is h. What is returned is valid
    until the next pass; the way back leaves ∂f/∂θ in `parameters.gradient`.
    """
    rows = repeat_rows_for_members(network, x)
    run, tape = network.begin(rows.shape[-2]), []
    y, first = rows, 1 if embedded and find_input_embedding(network) is not None else 0
    for stage in network.stages[first:]:
        y, backward = stage(y, run)
        tape.append(backward)

    def go_back(dy: Floats) -> Floats:
        for backward in reversed(tape):
            dy = backward(dy, True)
        return dy if dy.ndim == x.ndim else dy.sum(axis=0)

    return y, go_back


def repeat_rows_for_members(network: Network, x: Floats) -> Floats:
    """x (B, I), which all members see, as rows of each (M, B, I)."""
    return x if network.members is None or x.ndim > 2 else np.broadcast_to(x, (network.members, *x.shape))
