"""What is wrong inside a network, from what is seen of its layers: a sentence each, with what to do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlptrain.figures import format_setting
from mlptrain.model.layer_history import LayerFacts, LayersSeen

MANY = 0.1
"""The part of the units of a layer that are dead, or saturated, from which on that is said."""
VANISHED, EXPLODED = 1e-3, 1e3
"""The root mean square of a layer's gradient / that of the output layer, up to which (from which on) that is said.

In networks that learn it lies between 0.01 and 100."""
HUGE = 30.0
"""The same / that of the layer's own weights, from which on that is said.

In networks that learn it is below 5 where the target has classes, and up to 25 at the output where it is a number."""
LEAP = 0.5
"""The update ratio of a layer from which on the steps are too large: 0.001 is usual, some 0.01 in the first epochs."""
SETTLED = 3
"""Epochs after which large steps are said: weights that begin at 0 are made by their first steps."""
WEIGHTED = ("Dense", "BatchEnsemble", "shared Dense")
"""The layers whose gradients are compared: those of embeddings and norms are of other sizes."""
BOUNDED = ("sigmoid", "tanh", "softsign", "hard_sigmoid", "hard_tanh")


@dataclass(frozen=True, kw_only=True)
class LayerFinding:
    """Something that is wrong with a layer."""

    code: str
    """What it is: dead, saturated, vanishing, exploding, leaping."""
    layer: str
    sentence: str
    """What it is, and what to do."""


@dataclass(frozen=True, kw_only=True)
class HiddenLayer:
    """A layer with weights: its facts, the name of its activation, whether a norm stands between them."""

    facts: LayerFacts
    activation: str
    is_normed: bool

    @property
    def title(self) -> str:
        """What it is called in a sentence."""
        return f"layer {self.facts.name}" + (f" ({self.activation})" if self.activation else "")


def find_layer_faults(seen: LayersSeen) -> list[LayerFinding]:
    """What is wrong, at most one finding of units, one of gradients and one of steps."""
    layers = list_weighted_layers(seen)
    gradients = find_odd_gradients(layers) or find_huge_gradients(layers)
    leaps = find_leaps(layers) if seen.epoch > SETTLED else None
    found = (find_idle_units(seen.layers, layers), gradients, leaps)
    return [each for each in found if each is not None]


def list_weighted_layers(seen: LayersSeen) -> list[HiddenLayer]:
    """The hidden layers and the output layer, in their order."""
    return [
        HiddenLayer(
            facts=facts,
            activation=next(iter(list_parts_after(facts, seen.layers, norms=False)), ""),
            is_normed=any(list_parts_after(facts, seen.layers, norms=True)),
        )
        for facts in seen.layers
        if facts.layer_kind in WEIGHTED
    ]


def list_parts_after(facts: LayerFacts, layers: Sequence[LayerFacts], *, norms: bool) -> Iterator[str]:
    """The names of the norm, or of the activation, that belong to a layer."""
    prefix = f"{facts.name}."
    for each in layers:
        part = each.name.removeprefix(prefix)
        if each.name.startswith(prefix) and part.endswith("_norm") == norms:
            yield part


def find_idle_units(all_layers: Sequence[LayerFacts], layers: Sequence[HiddenLayer]) -> LayerFinding | None:
    """The layer with the most dead or saturated units, if there are many."""
    worst = max(all_layers, key=lambda each: max(each.dead, each.saturated) / each.units)
    amount = max(worst.dead, worst.saturated)
    if amount < max(MANY * worst.units, 1):
        return None
    own = next((each for each in layers if worst.name.startswith(f"{each.facts.name}.")), None)
    title = f"layer {worst.name}" if own is None else own.title
    count = f"{amount:,} of {worst.units:,} units are"
    if worst.dead >= worst.saturated:
        said = f"{title}: {count} dead (0 for every row): use leaky_relu, or a smaller optimizer.learning_rate"
        return LayerFinding(code="dead", layer=worst.name, sentence=said)
    cure = "use relu" if own is not None and own.is_normed else "use relu, model.norm: batch, or scaled inputs"
    said = f"{title}: {count} saturated (at a bound for nearly every row): {cure}"
    return LayerFinding(code="saturated", layer=worst.name, sentence=said)


def find_odd_gradients(layers: Sequence[HiddenLayer]) -> LayerFinding | None:
    """The layer whose gradients are much smaller, or much larger, than those of the output layer."""
    *hidden, output = layers
    reference = output.facts.gradient_rms
    known = [(each.facts.gradient_rms / reference, each) for each in hidden if each.facts.gradient_rms and reference]
    if not known:
        return None
    ratio, layer = min(known, key=lambda pair: pair[0])
    if ratio < VANISHED:
        cures = ["relu"] * (layer.activation in BOUNDED) + ["model.norm: batch"] * (not layer.is_normed)
        cure = f"use {', or '.join(cures or ['fewer layers', 'model.residual: 2'])}"
        said = f"{layer.title}: gradients are {format_magnitude(ratio)} of those at the output: they vanish: {cure}"
        return LayerFinding(code="vanishing", layer=layer.facts.name, sentence=said)
    ratio, layer = max(known, key=lambda pair: pair[0])
    return (
        describe_explosion(layer, f"{format_magnitude(ratio)} times those at the output") if ratio > EXPLODED else None
    )


def find_huge_gradients(layers: Sequence[HiddenLayer]) -> LayerFinding | None:
    """The layer whose gradients are the largest beside its weights, if they are many times as large."""
    known = [
        (each.facts.gradient_rms / each.facts.weight_rms, each)
        for each in layers
        if each.facts.gradient_rms and each.facts.weight_rms
    ]
    ratio, layer = max(known, key=lambda pair: pair[0], default=(0.0, layers[-1]))
    return describe_explosion(layer, f"{format_magnitude(ratio)} times its weights") if ratio > HUGE else None


def format_magnitude(value: float) -> str:
    """Two digits of a figure: how much larger something is says enough.

    >>> [format_magnitude(value) for value in (0.00023456, 54.32, 108.6, 1.0e6)]
    ['0.00023', '54', '110', '1e6']
    """
    return format_setting(float(f"{value:.2g}"))


def describe_explosion(layer: HiddenLayer, size: str) -> LayerFinding:
    """The finding that the gradients of a layer are too large."""
    cure = "use optimizer.global_clipnorm: 1" + ("" if layer.is_normed else ", or model.norm: batch")
    said = f"{layer.title}: gradients are {size}: they explode: {cure}"
    return LayerFinding(code="exploding", layer=layer.facts.name, sentence=said)


def find_leaps(layers: Sequence[HiddenLayer]) -> LayerFinding | None:
    """The layer whose weights the last step has changed by a large part."""
    worst = max(layers, key=lambda each: each.facts.update_ratio or 0.0)
    ratio = worst.facts.update_ratio or 0.0
    if ratio < LEAP:
        return None
    said = f"{worst.title}: the last step has changed the weights by {100 * ratio:,.0f} % of their size"
    cure = "try a smaller optimizer.learning_rate"
    return LayerFinding(code="leaping", layer=worst.facts.name, sentence=f"{said}: {cure}")
