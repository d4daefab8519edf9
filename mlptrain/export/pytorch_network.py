"""Networks in PyTorch: losses, weights there and back, predictions.

Definitions of this file are copied into what is exported, those that it needs.
"""

from collections.abc import Sequence
from math import log
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mlptrain.export.framework_rows import (
    ARCHITECTURES,
    combine_logits,
    encode_rows,
    read_arrays,
    run_program,
    split_rows,
    write_arrays,
)

# Losses: ℓ of each row (and member) from logits (B, K) or (B, M, K) and targets of the same axes, codes without K


def compute_cross_entropy(logits: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """−Σ q log softmax(z), q = (1 − ε) onehot(y) + ε / K."""
    return nn.functional.cross_entropy(
        logits.movedim(-1, 1), targets, label_smoothing=label_smoothing, reduction="none"
    )


def compute_binary_cross_entropy(logits: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """−q log p − (1 − q) log(1 − p), q = (1 − ε) y + ε / 2, p = sigmoid(z)."""
    q = (1 - label_smoothing) * targets + label_smoothing / 2
    return nn.functional.binary_cross_entropy_with_logits(logits[..., 0], q.to(logits.dtype), reduction="none")


def compute_focal(logits: Tensor, targets: Tensor, gamma: float) -> Tensor:
    """−(1 − p)^γ log p, p the probability of the true class."""
    log_p = logits.log_softmax(-1).gather(-1, targets[..., None])[..., 0]
    return -((-torch.expm1(log_p)).clamp(min=torch.finfo(logits.dtype).tiny) ** gamma) * log_p


def compute_hinge(logits: Tensor, targets: Tensor) -> Tensor:
    """max(0, 1 + max over j ≠ y of z_j − z_y)."""
    own = logits.gather(-1, targets[..., None])[..., 0]
    others = logits.scatter(-1, targets[..., None], -torch.inf)
    return (1 + others.max(-1).values - own).relu()


def compute_mean_squared_error(logits: Tensor, targets: Tensor) -> Tensor:
    """e², e = z − y."""
    return (logits - targets).square().mean(-1)


def compute_mean_absolute_error(logits: Tensor, targets: Tensor) -> Tensor:
    """abs e, e = z − y."""
    return (logits - targets).abs().mean(-1)


def compute_huber(logits: Tensor, targets: Tensor, delta: float) -> Tensor:
    """½ e² where abs e ≤ δ, δ (abs e − ½ δ) elsewhere."""
    return nn.functional.huber_loss(logits, targets, delta=delta, reduction="none").mean(-1)


def compute_log_cosh(logits: Tensor, targets: Tensor) -> Tensor:
    """log cosh e = e + softplus(−2 e) − log 2."""
    e = (logits - targets).abs()
    return (e + nn.functional.softplus(-2 * e) - log(2)).mean(-1)


def compute_quantile(logits: Tensor, targets: Tensor, level: float) -> Tensor:
    """level (y − z) where y > z, (1 − level) (z − y) elsewhere."""
    e = logits - targets
    return torch.maximum((1 - level) * e, -level * e).mean(-1)


def compute_poisson(logits: Tensor, targets: Tensor, ceiling: float = 60.0) -> Tensor:
    """eᶻ − y z; above z = ceiling eᶻ goes on as its tangent."""
    mean = logits.clamp(max=ceiling).exp() * (1 + (logits - ceiling).relu())
    return (mean - targets * logits).mean(-1)


def compute_loss(logits: Tensor, targets: Tensor, number: int = 1) -> Tensor:
    """The loss that training makes small: the mean over the rows, of networks side by side the sum over them."""
    architecture = ARCHITECTURES[number - 1]
    members = logits.shape[1] if logits.ndim > 2 else 1
    if logits.ndim > 2:
        targets = targets[:, None].expand(-1, members, *targets.shape[1:])
    return architecture.loss(logits, targets).mean() * (members if architecture.sums_members else 1)


# Networks and their weights


def build_network(number: int = 1) -> nn.Sequential:
    """The network, of several one of them: x (B, I) → logits (B, K), of members (B, M, K).

    Its weights are drawn as the framework likes it; `load_weights` puts the trained ones there.
    """
    network: nn.Sequential = ARCHITECTURES[number - 1].build()
    return network


def is_transposed(network: nn.Module, name: str) -> bool:
    """Whether PyTorch has an array the other way round: the weight (O, I) of `nn.Linear`."""
    module, _, part = name.rpartition(".")
    return part == "weight" and isinstance(network.get_submodule(module), nn.Linear)


def load_weights(network: nn.Module, path: str | Path, number: int = 1) -> None:
    """Put the weights of a model file of mlptrain, or of one that `to_mlptrain` wrote, into a network."""
    arrays = read_arrays(path, number)
    turned = {name: each.T if is_transposed(network, name) else each for name, each in arrays.items()}
    network.load_state_dict({name: torch.tensor(each) for name, each in turned.items()})


def collect_weights(network: nn.Module) -> dict[str, Any]:
    """The arrays of a network, as mlptrain has them."""
    arrays = {name: each.detach().cpu().numpy() for name, each in network.state_dict().items()}
    return {name: each.T if is_transposed(network, name) else each for name, each in arrays.items()}


def to_mlptrain(networks: nn.Module | Sequence[nn.Module], path: str | Path) -> None:
    """Write weights as `mlptrain import` and `mlptrain fit --initial-weights` read them: of all networks, in order."""
    several = [networks] if isinstance(networks, nn.Module) else networks
    write_arrays(path, [collect_weights(network) for network in several])


def compute_logits(network: nn.Module, x: Any) -> Any:
    """The logits of encoded rows in evaluation, as NumPy's array."""
    was_training, device = network.training, next(network.parameters()).device
    network.eval()
    with torch.no_grad():
        logits = [network(torch.as_tensor(batch, device=device)).cpu() for batch in split_rows(x)]
    network.train(was_training)
    return torch.cat(logits).numpy()


def load_networks(path: str | Path) -> list[nn.Sequential]:
    """All networks of a model file, with their weights."""
    networks = [build_network(number) for number in range(1, len(ARCHITECTURES) + 1)]
    for number, network in enumerate(networks, 1):
        load_weights(network, path, number)
    return networks


def predict_scores(networks: Sequence[nn.Module], rows: Any) -> Any:
    """Scores of the classes (B, C), or numbers (B, K), of rows."""
    return combine_logits(
        [compute_logits(network, encode_rows(rows, number)) for number, network in enumerate(networks, 1)]
    )


def run_script() -> None:
    """Read a table, write predictions."""
    run_program(lambda path, rows: predict_scores(load_networks(path), rows))
