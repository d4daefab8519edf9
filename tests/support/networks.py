"""Networks of everything that a spec can say, all of whose numbers are drawn, and rows for them."""

from numpy.random import default_rng

from mlptrain.engine.embeddings import PBLD, PLR, PiecewiseLinear
from mlptrain.engine.input_layout import Codes, InputLayout
from mlptrain.engine.members import Networks, TabM, TabMMini
from mlptrain.model.architecture import build_network
from mlptrain.spec.fields import ModelSpec

ROWS = 3
NUMBERS = InputLayout(width=3, numbers=(0, 2))
CODES = InputLayout(width=4, numbers=(0, 3), codes=(Codes(place=1, levels=4, width=2),))
"""number · category · 0/1 · number."""
EMBEDDINGS = [
    (NUMBERS, None),
    (CODES, None),
    (CODES, PBLD(frequencies=4, outputs=2)),
    (NUMBERS, PLR(frequencies=4, outputs=2)),
    (CODES, PLR(frequencies=2, outputs=1, relu=False)),
    (CODES, PiecewiseLinear(bins=3, outputs=2)),
]
MEMBERS = [Networks(), Networks(count=3), TabM(count=3), TabMMini(count=3)]


def make_network(layout, embedding, members=MEMBERS[0], *, hidden=(4, 3), seed=0, **model):
    """A network of two hidden layers whose numbers are all drawn, its pieces and running statistics included."""
    spec = ModelSpec(hidden=hidden, dtype="float64", numeric_embedding=embedding, **model)
    net = build_network(spec, layout, 2, members=members)
    net.initialize(draw_inputs(layout, 40, seed=9), seed)
    draw = default_rng(seed)
    net.parameters.theta[...] = 0.7 * draw.standard_normal(net.parameters.theta.size)
    for name, buffer in net.buffers.items():
        if "running" in name:
            buffer[...] = draw.uniform(0.5, 2, buffer.shape)
    return net


def draw_inputs(layout, rows=ROWS, seed=1):
    """Drawn numbers and codes."""
    draw = default_rng(seed)
    x = draw.standard_normal((rows, layout.width))
    for each in layout.codes:
        x[:, each.place] = draw.integers(0, each.levels, rows)
    return x
