"""Layers of mlptrain as layers of Keras, those that Keras does not have itself.

Definitions of this file are copied into what is exported, those that it needs. Shapes: x (B, …, I), where … is nothing
or M members, networks side by side. Their arrays have a leading axis M, but for those that all members share.
"""

from collections.abc import Mapping, Sequence
from math import pi
from typing import Any

import keras
from keras import ops

Shape = tuple[int, ...]


class Dense(keras.layers.Layer):
    """y = γ x W + b.   W (…, I, O)   b (…, O)."""

    def __init__(self, shape: Shape, gamma: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.gamma = gamma
        self.weight = self.add_weight(shape=shape, name="weight")
        self.bias = self.add_weight(shape=(*shape[:-2], shape[-1]), initializer="zeros", name="bias")

    def call(self, x: Any) -> Any:
        return ops.einsum("...i,...io->...o", x, self.gamma * self.weight) + self.bias


class BatchEnsemble(keras.layers.Layer):
    """y = ((x ⊙ r) γ W) ⊙ s + b.   W (I, O), which all members share   r (M, I)   s, b (M, O)   (Wen et al., 2020)."""

    def __init__(self, members: int, inputs: int, outputs: int, gamma: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.gamma = gamma
        self.weight = self.add_weight(shape=(inputs, outputs), name="weight")
        self.bias = self.add_weight(shape=(members, outputs), initializer="zeros", name="bias")
        self.input_factor = self.add_weight(shape=(members, inputs), initializer="ones", name="input_factor")
        self.output_factor = self.add_weight(shape=(members, outputs), initializer="ones", name="output_factor")

    def call(self, x: Any) -> Any:
        return ops.matmul(x * self.input_factor, self.gamma * self.weight) * self.output_factor + self.bias


class Scale(keras.layers.Layer):
    """y = x ⊙ s.   s (…, I)."""

    def __init__(self, shape: Shape, **options: Any) -> None:
        super().__init__(**options)
        self.scale = self.add_weight(shape=shape, initializer="ones", name="scale")

    def call(self, x: Any) -> Any:
        return x * self.scale


class MemberBatchNorm(keras.layers.Layer):
    """`BatchNormalization` with mean, variance, γ and β of each member: y = γ (x − μ) / √(v + ε) + β.

    As mlptrain has it, `momentum` is the weight of the new batch; Keras's own is 1 less that.
    """

    def __init__(self, shape: Shape, epsilon: float, momentum: float, **options: Any) -> None:
        super().__init__(**options)
        self.epsilon, self.momentum = epsilon, momentum
        self.scale = self.add_weight(shape=shape, initializer="ones", name="scale")
        self.shift = self.add_weight(shape=shape, initializer="zeros", name="shift")
        self.running_mean = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="running_mean")
        self.running_variance = self.add_weight(
            shape=shape, initializer="ones", trainable=False, name="running_variance"
        )

    def call(self, x: Any, training: bool | None = None) -> Any:
        mean, variance = self.running_mean, self.running_variance
        if training:
            mean, variance = ops.mean(x, 0), ops.var(x, 0)
            for running, batch in ((self.running_mean, mean), (self.running_variance, variance)):
                running.assign(running + self.momentum * (ops.stop_gradient(batch) - running))
        return self.scale * (x - mean) / ops.sqrt(variance + self.epsilon) + self.shift


class MemberLayerNorm(keras.layers.Layer):
    """`LayerNormalization` with γ and β of each member."""

    def __init__(self, shape: Shape, epsilon: float, **options: Any) -> None:
        super().__init__(**options)
        self.epsilon = epsilon
        self.scale = self.add_weight(shape=shape, initializer="ones", name="scale")
        self.shift = self.add_weight(shape=shape, initializer="zeros", name="shift")

    def call(self, x: Any) -> Any:
        mean, variance = ops.mean(x, -1, keepdims=True), ops.var(x, -1, keepdims=True)
        return self.scale * (x - mean) / ops.sqrt(variance + self.epsilon) + self.shift


class TanhGELU(keras.layers.Layer):
    """The form of GELU with tanh."""

    def call(self, x: Any) -> Any:
        return keras.activations.gelu(x, approximate=True)


class Parametric(keras.layers.Layer):
    """y = x + a (σ(x) − x) with a learned a for each unit (Holzmüller et al., 2024, RealMLP)."""

    def __init__(self, activation: Any, shape: Shape, start: float, **options: Any) -> None:
        super().__init__(**options)
        self.activation = activation
        self.slope = self.add_weight(shape=shape, initializer=keras.initializers.Constant(start), name="slope")

    def call(self, x: Any) -> Any:
        return x + self.slope * (self.activation(x) - x)


class Maxout(keras.layers.Layer):
    """y_j = max over k of x_kj; x has the first pieces of all units, then the second ones (Goodfellow et al., 2013)."""

    def __init__(self, pieces: int, **options: Any) -> None:
        super().__init__(**options)
        self.pieces = pieces

    def call(self, x: Any) -> Any:
        largest, *others = ops.split(x, self.pieces, axis=-1)
        for piece in others:
            largest = ops.maximum(largest, piece)
        return largest


class Temperature(keras.layers.Layer):
    """y = x / T, T found after training to calibrate probabilities; y = x in training (Guo et al., 2017)."""

    def __init__(self, shape: Shape, **options: Any) -> None:
        super().__init__(**options)
        self.temperature = self.add_weight(shape=shape, initializer="ones", trainable=False, name="temperature")

    def call(self, x: Any, training: bool | None = None) -> Any:
        return x if training else x / self.temperature


# Embeddings


class InputEmbedding(keras.layers.Layer):
    """[ E, number by number | the columns `kept` as they are | T[code], category by category ].

    `numeric` makes E of the columns `numbers`. `categories` has for each width K the columns that hold codes and, of
    each, where its rows begin in T (…, L, K), L rows of all of them.
    """

    def __init__(
        self,
        numeric: Any,
        numbers: Sequence[int],
        kept: Sequence[int],
        categories: Mapping[int, tuple[Sequence[int], Sequence[int], Shape]],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.numeric, self.numbers, self.kept = numeric, list(numbers), list(kept)
        self.places = [(f"categories_{width}", *each) for width, each in categories.items()]
        for name, _, _, shape in self.places:
            setattr(self, name, self.add_weight(shape=shape, initializer="random_normal", name=name))

    def call(self, x: Any) -> Any:
        parts = [] if self.numeric is None else [join_last_axes(self.numeric(ops.take(x, self.numbers, axis=-1)))]
        parts.append(ops.take(x, self.kept, axis=-1))
        for name, columns, starts, _ in self.places:
            rows = ops.cast(ops.take(x, columns, axis=-1), "int32") + ops.convert_to_tensor(starts, "int32")
            parts.append(join_last_axes(look_up_rows(getattr(self, name), rows)))
        return ops.concatenate(parts, axis=-1)


def join_last_axes(e: Any) -> Any:
    """e (B, …, F, K) → (B, …, F K)."""
    return ops.reshape(e, (-1, *e.shape[1:-2], e.shape[-2] * e.shape[-1]))


def look_up_rows(T: Any, rows: Any) -> Any:
    """T[rows] (…, columns, K), of each member from its own T (M, L, K)."""
    if len(T.shape) > 2:
        rows = rows + T.shape[1] * ops.arange(T.shape[0], dtype="int32")[:, None]
    return ops.take(ops.reshape(T, (-1, T.shape[-1])), rows, axis=0)


class PBLD(keras.layers.Layer):
    """e = W₂ᵀ cos(2π x w₁ + b₁) + b₂.   w₁, b₁ (…, F, H)   W₂ (…, F, H, K)   b₂ (…, F, K)   (RealMLP, 2024)."""

    def __init__(self, shape: Shape, **options: Any) -> None:
        super().__init__(**options)
        self.frequency = self.add_weight(shape=shape[:-1], initializer="random_normal", name="frequency")
        self.phase = self.add_weight(
            shape=shape[:-1], initializer=keras.initializers.RandomUniform(-pi, pi), name="phase"
        )
        self.weight = self.add_weight(shape=shape, name="weight")
        self.bias = self.add_weight(shape=(*shape[:-2], shape[-1]), initializer="zeros", name="bias")

    def call(self, x: Any) -> Any:
        waves = ops.cos(2 * pi * self.frequency * x[..., None] + self.phase)
        return ops.einsum("...fh,...fhk->...fk", waves, ops.convert_to_tensor(self.weight)) + self.bias


class PLR(keras.layers.Layer):
    """e = max(W₂ᵀ [cos θ, sin θ] + b₂, 0), θ = 2π x w₁.   w₁ (…, F, H/2)   W₂ (…, F, H, K)   (Gorishniy, 2022)."""

    def __init__(self, shape: Shape, relu: bool, **options: Any) -> None:
        super().__init__(**options)
        self.relu, half = relu, (*shape[:-2], shape[-2] // 2)
        self.frequency = self.add_weight(shape=half, initializer="random_normal", name="frequency")
        self.weight = self.add_weight(shape=shape, name="weight")
        self.bias = self.add_weight(shape=(*shape[:-2], shape[-1]), initializer="zeros", name="bias")

    def call(self, x: Any) -> Any:
        theta = 2 * pi * self.frequency * x[..., None]
        waves = ops.concatenate([ops.cos(theta), ops.sin(theta)], axis=-1)
        e = ops.einsum("...fh,...fhk->...fk", waves, ops.convert_to_tensor(self.weight)) + self.bias
        return ops.relu(e) if self.relu else e


class PiecewiseLinear(keras.layers.Layer):
    """e = x w + b + V ple(x), ple(x)ₜ = (x − startₜ) / widthₜ, cut at 0 but for the first t, at 1 but for the last.

    w, b (…, F, K)   V (…, F, T, K); pieces of width 0 are not there (Gorishniy et al., 2022).
    """

    def __init__(self, shape: Shape, **options: Any) -> None:
        super().__init__(**options)
        per_number = (*shape[:-2], shape[-1])
        self.slope = self.add_weight(shape=per_number, name="slope")
        self.weight = self.add_weight(shape=shape, initializer="zeros", name="weight")
        self.bias = self.add_weight(shape=per_number, initializer="zeros", name="bias")
        self.start = self.add_weight(shape=shape[:-1], initializer="zeros", trainable=False, name="start")
        self.width = self.add_weight(shape=shape[:-1], initializer="zeros", trainable=False, name="width")

    def call(self, x: Any) -> Any:
        width, t = ops.convert_to_tensor(self.width), ops.arange(self.width.shape[-1])
        used = width > 0
        last = ops.sum(ops.cast(used, "int32"), -1, keepdims=True) - 1
        ple = (x[..., None] - self.start) / ops.where(used, width, ops.ones_like(width))
        ple = ops.where(t == 0, ple, ops.maximum(ple, 0))
        ple = ops.where(t == last, ple, ops.minimum(ple, 1)) * ops.cast(used, ple.dtype)
        V = ops.convert_to_tensor(self.weight)
        return self.slope * x[..., None] + ops.einsum("...ft,...ftk->...fk", ple, V) + self.bias
