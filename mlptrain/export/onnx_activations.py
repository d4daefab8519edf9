"""Activations as nodes: operators that ONNX's runtimes have for single and double precision alike."""

from functools import singledispatch

from mlptrain.engine.activations import (
    ELU,
    GELU,
    SELU,
    Activation,
    HardSigmoid,
    HardTanh,
    LeakyReLU,
    Linear,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Softsign,
    Tanh,
)
from mlptrain.export.onnx_graph import Tensor
from mlptrain.export.plan import NotExportable

LARGEST_EXPONENT = 22
"""Mish is its argument above it."""


@singledispatch
def write_activation(activation: Activation, z: Tensor) -> Tensor:
    """σ(z)."""
    raise NotExportable(f"the activation {activation.name!r} has no form in ONNX")


@write_activation.register
def write_linear(activation: Linear, z: Tensor) -> Tensor:
    return z


@write_activation.register
def write_sigmoid(activation: Sigmoid, z: Tensor) -> Tensor:
    return z.apply("Sigmoid")


@write_activation.register
def write_tanh(activation: Tanh, z: Tensor) -> Tensor:
    return z.apply("Tanh")


@write_activation.register
def write_relu(activation: ReLU, z: Tensor) -> Tensor:
    return z.apply("Relu")


@write_activation.register
def write_leaky_relu(activation: LeakyReLU, z: Tensor) -> Tensor:
    return z.max(activation.slope * z)


@write_activation.register
def write_elu(activation: ELU, z: Tensor) -> Tensor:
    return z.apply("Relu") + activation.alpha * (z.min(0).apply("Exp") - 1)


@write_activation.register
def write_selu(activation: SELU, z: Tensor) -> Tensor:
    return activation.scale * (z.apply("Relu") + activation.alpha * (z.min(0).apply("Exp") - 1))


@write_activation.register
def write_gelu(activation: GELU, z: Tensor) -> Tensor:
    """The form with tanh, z sigmoid(2 u)."""
    return z * (z * (activation.a + (activation.a * activation.c) * (z * z))).apply("Sigmoid")


@write_activation.register
def write_silu(activation: SiLU, z: Tensor) -> Tensor:
    return z * z.apply("Sigmoid")


@write_activation.register
def write_mish(activation: Mish, z: Tensor) -> Tensor:
    e = z.min(LARGEST_EXPONENT).apply("Exp")
    n = e * (e + 2)
    return z * (n / (n + 2))


@write_activation.register
def write_softplus(activation: Softplus, z: Tensor) -> Tensor:
    return z.apply("Relu") + (1 + (-z.apply("Abs")).apply("Exp")).apply("Log")


@write_activation.register
def write_softsign(activation: Softsign, z: Tensor) -> Tensor:
    return z / (1 + z.apply("Abs"))


@write_activation.register
def write_hard_sigmoid(activation: HardSigmoid, z: Tensor) -> Tensor:
    return (z / 6 + 0.5).max(0).min(1)


@write_activation.register
def write_hard_tanh(activation: HardTanh, z: Tensor) -> Tensor:
    return z.max(-1).min(1)
