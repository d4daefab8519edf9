"""Members: several networks side by side that predict with their average; how much of them is one and the same.

`Members` is the union. With `Networks` each member has parameters of its own. TabM's members (Gorishniy et al., 2025)
share a trunk: one W for all of them, and vectors of their own that tell them apart. The layers of a trunk are here.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.random import BitGenerator

from mlptrain.engine.arrays import Floats, multiply_matrices
from mlptrain.engine.epilogues import PLAIN, Epilogue
from mlptrain.engine.initializers import Ones, PerFeature
from mlptrain.engine.layer import Backward, ForwardContext, Layer, LayerState, Traits, sum_gradient_over_members
from mlptrain.engine.layers import Dense
from mlptrain.engine.parameters import Declaration

Count = Annotated[int, Ge(1), Le(1000)]
Start = Ones | PerFeature
"""The factors of the inputs before training."""


@dataclass(frozen=True, kw_only=True)
class Shared(Layer):
    """A layer that all members share: to it x (M, B, I) is the M·B rows of one network.

    Its gradients so are sums over the members.
    """

    layer: Layer

    @property
    def kind(self) -> str:
        return f"shared {self.layer.kind}"

    @property
    def traits(self) -> Traits:
        return replace(self.layer.traits, shared=True)

    def declare(self, inputs: int) -> dict[str, Declaration]:
        return {name: replace(each, shared=True) for name, each in self.layer.declare(inputs).items()}

    def buffers(self, inputs: int) -> dict[str, Floats]:
        return self.layer.buffers(inputs)

    def outputs(self, inputs: int) -> int:
        return self.layer.outputs(inputs)

    def takes(self, follower: Layer) -> bool:
        """Learned slopes are each member's own: they have no place in the rows of one network."""
        return self.layer.takes(follower) and not follower.blends

    def adapt(self, x: Floats, state: LayerState, bits: Sequence[BitGenerator]) -> None:
        self.layer.adapt(flatten_members(x), state, bits[:1])

    def __call__(
        self,
        x: Floats,
        state: LayerState,
        run: ForwardContext,
        epilogue: Epilogue | None = None,
        slopes: LayerState | None = None,
    ) -> tuple[Floats, Backward]:
        given = () if epilogue is None else (epilogue, slopes)
        y, backward = self.layer(flatten_members(x), state, run, *given)

        def backward_in_rows(dy: Floats, wanted: bool) -> Floats:
            dx = backward(flatten_members(dy), wanted)
            return dx.reshape(x.shape) if wanted else dx

        return y.reshape(*x.shape[:-1], y.shape[-1]), backward_in_rows


def flatten_members(x: Floats) -> Floats:
    """x (M, B, I) → (M·B, I), the members' rows one below the other."""
    return x.reshape(-1, x.shape[-1])


@dataclass(frozen=True, kw_only=True)
class Adapter(Layer):
    """y = x ⊙ r, each member with factors r of its own.   x (…, B, I)   r (…, I)   →   y (…, B, I).

    ∂r sums dy ⊙ x over the rows; dx = dy ⊙ r, of rows that all members see the sum over the members.
    """

    start: Start = field(default_factory=Ones)

    def declare(self, inputs: int) -> dict[str, Declaration]:
        return {"factor": declare_adapter_factors(inputs, self.start)}

    def __call__(self, x: Floats, state: LayerState, run: ForwardContext) -> tuple[Floats, Backward]:
        y, vjp = scale_inputs_by_factors(x, state, "factor", run)
        return y, lambda dy, wanted: sum_gradient_over_members(vjp(dy), x) if wanted else vjp(dy)


@dataclass(frozen=True, kw_only=True)
class BatchEnsemble(Dense):
    """y = ((x ⊙ r) γ W) ⊙ s + b, W shared, r, s and b each member's own (Wen et al., 2020).

    x (…, B, I)   r (…, I)   W (I, O)   s, b (…, O)   →   y (…, B, O). With m = (x ⊙ r) γ W: ∂b = Σ dy; ∂s = Σ dy ⊙ m;
    dm = dy ⊙ s; ∂W = γ Σ (x ⊙ r)ᵀ dm, over the members too; ∂r = Σ (dm γ Wᵀ) ⊙ x; dx = (dm γ Wᵀ) ⊙ r.
    s, and r but for the first layer's, start from 1; b starts from the same values in all members.
    """

    start: Start = field(default_factory=Ones)
    """r before training."""

    @classmethod
    def of(cls, dense: Dense, start: Start) -> "BatchEnsemble":
        """In place of a dense layer."""
        return cls(**{each.name: getattr(dense, each.name) for each in fields(dense)}, start=start)

    def declare(self, inputs: int) -> dict[str, Declaration]:
        of_dense = super().declare(inputs)
        return {
            "weight": replace(of_dense["weight"], shared=True),
            "bias": replace(of_dense["bias"], alike=True),
            "input_factor": declare_adapter_factors(inputs, self.start),
            "output_factor": declare_adapter_factors(self.units, Ones()),
        }

    def adapt(self, x: Floats, state: LayerState, bits: Sequence[BitGenerator]) -> None:
        """As of a dense layer, of the rows of all members."""
        r, b = state.parameters["input_factor"][..., None, :], state.parameters["bias"]
        one = LayerState(state.parameters | {"bias": b.reshape(-1, self.units)[0]}, {}, {})
        super().adapt(flatten_members(x * r), one, bits[:1])
        b[...] = one.parameters["bias"]

    def __call__(
        self,
        x: Floats,
        state: LayerState,
        run: ForwardContext,
        epilogue: Epilogue | None = None,
        slopes: LayerState | None = None,
    ) -> tuple[Floats, Backward]:
        W, b = state.parameters["weight"], state.parameters["bias"]
        gamma = self.gamma(W)
        if gamma != 1:
            W = np.multiply(W, gamma, out=run.work.array(W.shape))
        xr, input_vjp = scale_inputs_by_factors(x, state, "input_factor", run)
        m = np.dot(flatten_members(xr), W, out=run.work.array((xr.size // W.shape[0], W.shape[1])))
        z, output_vjp = scale_inputs_by_factors(m.reshape(*xr.shape[:-1], -1), state, "output_factor", run)
        y, epilogue_vjp = (epilogue or PLAIN)(z, b, run, slopes)

        def backward(dy: Floats, wanted: bool) -> Floats:
            dz = epilogue_vjp(dy)
            multiply_matrices(run.work.ones(dz.shape[-2]), dz, state.gradients["bias"])  # the sum over the rows
            dm = flatten_members(output_vjp(dz))
            dW = np.dot(flatten_members(xr).T, dm, out=state.gradients["weight"])
            if gamma != 1:
                dW *= gamma
            dxr = np.dot(dm, W.T, out=run.work.array((len(dm), W.shape[0])))
            dx = input_vjp(dxr.reshape(xr.shape))
            return sum_gradient_over_members(dx, x) if wanted else dx

        return y, backward


def declare_adapter_factors(inputs: int, start: Start) -> Declaration:
    """The factors of one vector."""
    return Declaration(shape=(inputs,), kind="adapter", initializer=start)


def scale_inputs_by_factors(
    x: Floats, state: LayerState, name: str, run: ForwardContext
) -> tuple[Floats, Callable[[Floats], Floats]]:
    """y = x ⊙ r, and the way back, which leaves ∂r and gives dy ⊙ r in the array of dy."""
    r = state.parameters[name][..., None, :]
    y = np.multiply(x, r, out=run.work.array(np.broadcast_shapes(x.shape, r.shape)))

    def vjp(dy: Floats) -> Floats:
        np.einsum("...bi,...bi->...i", dy, x, out=state.gradients[name])
        return np.multiply(dy, r, out=dy)

    return y, vjp


@dataclass(frozen=True, kw_only=True)
class Networks:
    """Networks of their own, from seeds that follow each other, trained side by side. A number means these."""

    name: Literal["networks"] = "networks"
    count: Count = 1
    """M, how many networks are trained side by side."""
    shares_trunk: ClassVar[bool] = False
    """Whether the members have hidden layers in common."""

    @property
    def axis(self) -> int | None:
        """The length of the axis of members in parameters; none where there is one network."""
        return self.count if self.count > 1 else None

    def embedding(self, layer: Layer) -> Layer:
        """What becomes of the embedding of the inputs."""
        return layer

    def entrance(self, start: Start) -> Iterator[tuple[str, Layer]]:
        """What stands before the hidden layers."""
        yield from ()

    def dense(self, layer: Dense, start: Start) -> Layer:
        """What becomes of the dense layer of a hidden one, whose input factors, if it has any, start so."""
        return layer


@dataclass(frozen=True, kw_only=True)
class TabM:
    """y = ((x ⊙ r) W) ⊙ s + b in every hidden layer: W is shared, r, s and b are each member's own, as is the output.

    Embeddings are shared. s and r start from 1, but the first r from ±1 at random, or from N(0, 1) where numbers are
    embedded, one number for each feature and member. The loss is the mean over the members (Gorishniy et al., 2025).
    """

    name: Literal["tabm"] = "tabm"
    count: Count = 32
    """M, how many networks are trained side by side."""
    shares_trunk: ClassVar[bool] = True

    @property
    def axis(self) -> int:
        return self.count

    def embedding(self, layer: Layer) -> Layer:
        return Shared(layer=layer)

    def entrance(self, start: Start) -> Iterator[tuple[str, Layer]]:
        yield from ()

    def dense(self, layer: Dense, start: Start) -> Layer:
        return BatchEnsemble.of(layer, start)


@dataclass(frozen=True, kw_only=True)
class TabMMini:
    """x ⊙ r, each member with its own r, then hidden layers whose W and b are shared, and each member's own output.

    Embeddings are shared. r starts from ±1 at random, or from N(0, 1) where numbers are embedded, one number for each
    feature and member. The loss is the mean over the members (Gorishniy et al., 2025).
    """

    name: Literal["tabm_mini"] = "tabm_mini"
    count: Count = 32
    """M, how many networks are trained side by side."""
    shares_trunk: ClassVar[bool] = True

    @property
    def axis(self) -> int:
        return self.count

    def embedding(self, layer: Layer) -> Layer:
        return Shared(layer=layer)

    def entrance(self, start: Start) -> Iterator[tuple[str, Layer]]:
        yield "input.adapter", Adapter(start=start)

    def dense(self, layer: Dense, start: Start) -> Layer:
        return Shared(layer=layer)


Members = Networks | TabM | TabMMini
