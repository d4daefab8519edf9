"""Layers of mlptrain as modules of PyTorch.

Definitions of this file are copied into what is exported, those that it needs. Shapes: x (B, …, I), where … is nothing
or M members, networks side by side. Their parameters have a leading axis M, but for those that all members share.
"""

from collections.abc import Mapping, Sequence
from math import pi

import torch
from torch import Tensor, nn

# Layers


class SplitMembers(nn.Module):
    """x (B, I) for each of M members: (B, M, I)."""

    def __init__(self, members: int) -> None:
        super().__init__()
        self.members = members

    def forward(self, x: Tensor) -> Tensor:
        return x[:, None, :].expand(-1, self.members, -1)


class Dense(nn.Module):
    """y = γ x W + b.   W (…, I, O)   b (…, O)."""

    def __init__(self, *shape: int, gamma: float = 1.0) -> None:
        super().__init__()
        self.gamma, bound = gamma, shape[-2] ** -0.5
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(*shape[:-2], shape[-1]))

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("...i,...io->...o", x, self.gamma * self.weight) + self.bias


class BatchEnsemble(nn.Module):
    """y = ((x ⊙ r) γ W) ⊙ s + b.   W (I, O), which all members share   r (M, I)   s, b (M, O)   (Wen et al., 2020)."""

    def __init__(self, members: int, inputs: int, outputs: int, gamma: float = 1.0) -> None:
        super().__init__()
        self.gamma, bound = gamma, inputs**-0.5
        self.weight = nn.Parameter(torch.empty(inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(members, outputs))
        self.input_factor = nn.Parameter(torch.ones(members, inputs))
        self.output_factor = nn.Parameter(torch.ones(members, outputs))

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.input_factor) @ (self.gamma * self.weight) * self.output_factor + self.bias


class Scale(nn.Module):
    """y = x ⊙ s.   s (…, I)."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(shape))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


class BatchNorm(nn.Module):
    """y = γ (x − μ) / √(v + ε) + β, with mean and variance of the batch in training, running ones otherwise.

    The running variance takes the batch's biased variance, as Keras's does; that of `nn.BatchNorm1d` the unbiased one.
    """

    def __init__(self, *shape: int, epsilon: float, momentum: float) -> None:
        super().__init__()
        self.epsilon, self.momentum = epsilon, momentum
        self.scale, self.shift = nn.Parameter(torch.ones(shape)), nn.Parameter(torch.zeros(shape))
        self.running_mean: Tensor
        self.running_variance: Tensor
        self.register_buffer("running_mean", torch.zeros(shape))
        self.register_buffer("running_variance", torch.ones(shape))

    def forward(self, x: Tensor) -> Tensor:
        mean, variance = self.running_mean, self.running_variance
        if self.training:
            mean, variance = x.mean(0), x.var(0, unbiased=False)
            self.running_mean.lerp_(mean.detach(), self.momentum)
            self.running_variance.lerp_(variance.detach(), self.momentum)
        return self.scale * (x - mean) / (variance + self.epsilon).sqrt() + self.shift


class LayerNorm(nn.Module):
    """y = γ (x − μ) / √(v + ε) + β, with mean and variance over the units of each row, γ and β each member's own."""

    def __init__(self, *shape: int, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.scale, self.shift = nn.Parameter(torch.ones(shape)), nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * nn.functional.layer_norm(x, x.shape[-1:], eps=self.epsilon) + self.shift


class PReLU(nn.Module):
    """x where x > 0, a x elsewhere, with a learned slope a for each unit, or one for the layer: a (…, I) or (…, 1)."""

    def __init__(self, *shape: int, start: float) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.full(shape, start))

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x > 0, x, self.slope * x)


class Parametric(nn.Module):
    """y = x + a (σ(x) − x) with a learned a for each unit (Holzmüller et al., 2024, RealMLP)."""

    def __init__(self, activation: nn.Module, *shape: int, start: float) -> None:
        super().__init__()
        self.activation, self.slope = activation, nn.Parameter(torch.full(shape, start))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.slope * (self.activation(x) - x)


class Maxout(nn.Module):
    """y_j = max over k of x_kj; x has the first pieces of all units, then the second ones (Goodfellow et al., 2013)."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.pieces, -1)).max(-2).values


class GaussianDropout(nn.Module):
    """y = x n, n ~ N(1, p / (1 − p)), in training; y = x otherwise (Srivastava et al., 2014)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.deviation = (rate / (1 - rate)) ** 0.5

    def forward(self, x: Tensor) -> Tensor:
        return x * (1 + self.deviation * torch.randn_like(x)) if self.training else x


class Temperature(nn.Module):
    """y = x / T, T found after training to calibrate probabilities; y = x in training (Guo et al., 2017)."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.temperature: Tensor
        self.register_buffer("temperature", torch.ones(shape))

    def forward(self, x: Tensor) -> Tensor:
        return x if self.training else x / self.temperature


class Residual(nn.Sequential):
    """y = x + f(x), f the layers in a row."""

    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


# Embeddings


class InputEmbedding(nn.Module):
    """[ E, number by number | the columns `kept` as they are | T[code], category by category ].

    `numeric` makes E of the columns `numbers`. `categories` has for each width K the columns that hold codes and, of
    each, where its rows begin in T (…, L, K), L rows of all of them.
    """

    def __init__(
        self,
        numeric: nn.Module | None,
        numbers: Sequence[int],
        kept: Sequence[int],
        categories: Mapping[int, tuple[Sequence[int], Sequence[int], tuple[int, ...]]],
    ) -> None:
        super().__init__()
        self.numeric, self.numbers, self.kept = numeric, list(numbers), list(kept)
        self.places = {width: (list(columns), list(starts)) for width, (columns, starts, _) in categories.items()}
        for width, (_, _, shape) in categories.items():
            self.register_parameter(f"categories_{width}", nn.Parameter(torch.randn(shape)))

    def forward(self, x: Tensor) -> Tensor:
        parts = [] if self.numeric is None else [self.numeric(x[..., self.numbers]).flatten(-2)]
        parts.append(x[..., self.kept])
        for width, (columns, starts) in self.places.items():
            rows = x[..., columns].long() + torch.tensor(starts, device=x.device)
            parts.append(look_up_rows(self.get_parameter(f"categories_{width}"), rows).flatten(-2))
        return torch.cat(parts, -1)


def look_up_rows(T: Tensor, rows: Tensor) -> Tensor:
    """T[rows] (…, columns, K), of each member from its own T (M, L, K)."""
    if T.ndim > 2:
        rows = rows + len(T[0]) * torch.arange(len(T), device=rows.device)[:, None]
    return nn.functional.embedding(rows, T.flatten(0, -2))


class PBLD(nn.Module):
    """e = W₂ᵀ cos(2π x w₁ + b₁) + b₂.   w₁, b₁ (…, F, H)   W₂ (…, F, H, K)   b₂ (…, F, K)   (RealMLP, 2024)."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.frequency = nn.Parameter(0.1 * torch.randn(shape[:-1]))
        self.phase = nn.Parameter(torch.empty(shape[:-1]).uniform_(-pi, pi))
        bound = shape[-2] ** -0.5
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(*shape[:-2], shape[-1]))

    def forward(self, x: Tensor) -> Tensor:
        waves = torch.cos(2 * pi * self.frequency * x[..., None] + self.phase)
        return torch.einsum("...fh,...fhk->...fk", waves, self.weight) + self.bias


class PLR(nn.Module):
    """e = max(W₂ᵀ [cos θ, sin θ] + b₂, 0), θ = 2π x w₁.   w₁ (…, F, H/2)   W₂ (…, F, H, K)   (Gorishniy, 2022)."""

    def __init__(self, *shape: int, relu: bool) -> None:
        super().__init__()
        self.relu, bound = relu, shape[-2] ** -0.5
        self.frequency = nn.Parameter(0.1 * torch.randn(*shape[:-2], shape[-2] // 2))
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(*shape[:-2], shape[-1]))

    def forward(self, x: Tensor) -> Tensor:
        theta = 2 * pi * self.frequency * x[..., None]
        waves = torch.cat([theta.cos(), theta.sin()], -1)
        e = torch.einsum("...fh,...fhk->...fk", waves, self.weight) + self.bias
        return e.relu() if self.relu else e


class PiecewiseLinear(nn.Module):
    """e = x w + b + V ple(x), ple(x)ₜ = (x − startₜ) / widthₜ, cut at 0 but for the first t, at 1 but for the last.

    w, b (…, F, K)   V (…, F, T, K); pieces of width 0 are not there (Gorishniy et al., 2022).
    """

    def __init__(self, *shape: int) -> None:
        super().__init__()
        bound, per_number = shape[-1] ** -0.5, (*shape[:-2], shape[-1])
        self.slope = nn.Parameter(torch.empty(per_number).uniform_(-bound, bound))
        self.weight = nn.Parameter(torch.zeros(shape))
        self.bias = nn.Parameter(torch.zeros(per_number))
        self.start: Tensor
        self.width: Tensor
        self.register_buffer("start", torch.zeros(shape[:-1]))
        self.register_buffer("width", torch.zeros(shape[:-1]))

    def forward(self, x: Tensor) -> Tensor:
        used = self.width > 0
        t = torch.arange(used.shape[-1], device=x.device)
        ple = (x[..., None] - self.start) / torch.where(used, self.width, 1)
        ple = torch.where(t == 0, ple, ple.clamp(min=0))
        ple = torch.where(t == used.sum(-1, keepdim=True) - 1, ple, ple.clamp(max=1)) * used
        return self.slope * x[..., None] + torch.einsum("...ft,...ftk->...fk", ple, self.weight) + self.bias
