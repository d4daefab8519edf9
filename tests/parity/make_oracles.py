"""Computes the cases of `parity_cases.py` with PyTorch and Keras, and stores the results beside this file.

    pip install torch keras
    python tests/parity/make_oracles.py              # both; or: make_oracles.py pytorch, make_oracles.py keras

Everything in float64, on the CPU. `pytorch.json` and `keras.json` say which versions made them. Parameters are stored
in the engine's names and orientation, W (I, O), and rounded to 10 digits.
"""

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tests.parity.parity_cases import (
    ACTIVATIONS,
    INPUTS,
    KERAS_LOSSES,
    POINTS,
    PYTORCH_LOSSES,
    TINY,
    Array,
    Case,
    inputs,
    keras_cases,
    label,
    loss_sample,
    pytorch_cases,
)

HERE = Path(__file__).parent
Results = dict[str, Any]


def store(name: str, versions: dict[str, str], content: Results) -> None:
    versions = {**versions, "numpy": np.__version__, "python": platform.python_version()}
    lines = [f'"made_by": "python tests/parity/make_oracles.py {name}"', f'"versions": {json.dumps(versions)}']
    for section, entries in content.items():
        told = ",\n".join(f"  {json.dumps(key)}: {json.dumps(rounded(value))}" for key, value in entries.items())
        lines.append(f'"{section}": {{\n{told}\n}}')
    (HERE / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def rounded(value: Any) -> Any:
    """Arrays as nested lists, every number to 10 digits."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list | np.ndarray):
        return [rounded(each) for each in value]
    return float(f"{value:.10g}")


# ── PyTorch ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def pytorch() -> None:
    import torch

    torch.set_default_dtype(torch.float64)
    store(
        "pytorch",
        {"torch": torch.__version__},
        {
            "cases": {case.name: pytorch_case(case) for case in pytorch_cases()},
            "activations": {label(activation): pytorch_activation(activation) for activation in ACTIVATIONS},
            "losses": {label(loss): pytorch_loss_sample(loss) for loss in PYTORCH_LOSSES},
        },
    )


def pytorch_module(activation: Any, units: int = 1) -> Any:
    from torch import nn

    return {
        "linear": lambda: nn.Identity(),
        "relu": lambda: nn.ReLU(),
        "leaky_relu": lambda: nn.LeakyReLU(activation.slope),
        "elu": lambda: nn.ELU(activation.alpha),
        "selu": lambda: nn.SELU(),
        "gelu": lambda: nn.GELU(approximate="tanh"),
        "silu": lambda: nn.SiLU(),
        "mish": lambda: nn.Mish(),
        "softplus": lambda: nn.Softplus(),
        "softsign": lambda: nn.Softsign(),
        "hard_sigmoid": lambda: nn.Hardsigmoid(),
        "hard_tanh": lambda: nn.Hardtanh(),
        "sigmoid": lambda: nn.Sigmoid(),
        "tanh": lambda: nn.Tanh(),
        "prelu": lambda: nn.PReLU(1 if activation.shared else units, init=activation.slope),
    }[activation.name]()


def pytorch_loss(loss: Any, class_weights: Any = None) -> Callable[[Any, Any], Any]:
    import torch
    from torch.nn import functional as F  # noqa: N812

    if loss.name == "cross_entropy":
        weight = None if class_weights is None else torch.tensor(class_weights)
        return lambda z, y: F.cross_entropy(z, y, weight=weight, label_smoothing=loss.label_smoothing)
    return {
        "binary_cross_entropy": lambda z, y: F.binary_cross_entropy_with_logits(z[:, 0], y.to(z.dtype)),
        "mean_squared_error": F.mse_loss,
        "mean_absolute_error": F.l1_loss,
        "huber": lambda z, y: F.huber_loss(z, y, delta=loss.delta),
        "poisson": lambda z, y: F.poisson_nll_loss(z, y, log_input=True, full=False),
    }[loss.name]


def pytorch_optimizer(o: Any, weights: Iterable[Any], others: Iterable[Any]) -> Any:
    """PyTorch decays every parameter of a group, we decay weights only: hence two groups."""
    from torch import optim

    groups = [{"params": list(weights)}, {"params": list(others)}]
    lr = o.learning_rate
    betas = (getattr(o, "beta_1", 0.9), getattr(o, "beta_2", 0.999))
    if o.name == "adamw":
        groups[0]["weight_decay"], groups[1]["weight_decay"] = o.weight_decay, 0.0
    make = {
        "sgd": lambda: optim.SGD(groups, lr),
        "momentum": lambda: optim.SGD(groups, lr, momentum=o.momentum),
        "nesterov": lambda: optim.SGD(groups, lr, momentum=o.momentum, nesterov=True),
        "rmsprop": lambda: optim.RMSprop(groups, lr, alpha=o.rho, eps=o.epsilon),
        "adam": lambda: optim.Adam(groups, lr, betas, o.epsilon),
        "adamw": lambda: optim.AdamW(groups, lr, betas, o.epsilon),
        "adamax": lambda: optim.Adamax(groups, lr, betas, o.epsilon),
        "nadam": lambda: optim.NAdam(groups, lr, betas, o.epsilon),
        "radam": lambda: optim.RAdam(groups, lr, betas, o.epsilon),
        "adagrad": lambda: optim.Adagrad(groups, lr, eps=o.epsilon),
        "adadelta": lambda: optim.Adadelta(groups, lr, o.rho, o.epsilon),
    }
    return make[o.name]()


def pytorch_modules(case: Case) -> tuple[dict[str, Any], dict[str, Any]]:
    """The modules of a case in their order, and their parameters at the first values, both by our names."""
    import torch
    from torch import nn

    modules: dict[str, Any] = {}
    width = INPUTS
    for number, units in enumerate(case.hidden, start=1):
        modules[f"hidden_{number}"] = nn.Linear(width, units)
        if case.norm is not None and case.norm.name == "batch":
            modules[f"hidden_{number}.norm"] = nn.BatchNorm1d(
                units, case.norm.epsilon, momentum=case.norm.running_momentum
            )
        elif case.norm is not None:
            modules[f"hidden_{number}.norm"] = nn.LayerNorm(units, case.norm.epsilon)
        modules[f"hidden_{number}.activation"] = pytorch_module(case.activation, units)
        width = units
    modules["output"] = nn.Linear(width, case.outputs)
    named = {}
    for name, module in modules.items():
        for part, tensor in module.named_parameters():
            named[f"{name}.{pytorch_part(module, part)}"] = tensor
    for name, value in case.network().parameters.values.items():
        named[name].data = torch.tensor(value.T.copy())  # W (O, I)
    return modules, named


def pytorch_case(case: Case) -> Results:
    import torch
    from torch import nn

    modules, named = pytorch_modules(case)
    model = nn.Sequential(*modules.values())
    weights = [tensor for tensor in named.values() if tensor.ndim == 2]
    others = [tensor for tensor in named.values() if tensor.ndim != 2]

    objective = pytorch_loss(case.loss, case.class_weights)
    optimizer = pytorch_optimizer(case.optimizer, weights, others)
    losses = []
    for x, y in case.batches():
        optimizer.zero_grad(set_to_none=True)
        value = objective(model(torch.tensor(x)), torch.tensor(y))
        value.backward()
        if case.optimizer.global_clipnorm is not None:
            nn.utils.clip_grad_norm_(model.parameters(), case.optimizer.global_clipnorm)
        optimizer.step()
        losses.append(value.item())
    buffers = {
        f"{name}.{buffer.replace('running_var', 'running_variance')}": value.numpy()
        for name, module in modules.items()
        for buffer, value in module.named_buffers()
        if value.ndim
    }
    with torch.no_grad():
        logits = model.eval()(torch.tensor(inputs()[:4])).numpy()
    final = {name: tensor.detach().numpy().T for name, tensor in named.items()}
    return {"losses": losses, "parameters": final, "buffers": buffers, "logits": logits}


def pytorch_part(module: Any, part: str) -> str:
    """Our name of a module's parameter."""
    kind = type(module).__name__
    if "Norm" in kind:
        return {"weight": "scale", "bias": "shift"}[part]
    return "slope" if kind == "PReLU" else part


def pytorch_activation(activation: Any) -> Results:
    import torch

    z = torch.tensor(POINTS, requires_grad=True)
    module = pytorch_module(activation)
    y = module(z[:, None])[:, 0]
    y.sum().backward()
    own = {pytorch_part(module, part): parameter.grad.numpy() for part, parameter in module.named_parameters()}
    return {"values": y.detach().numpy(), "derivatives": z.grad.numpy(), "parameters": own}


def pytorch_loss_sample(loss: Any) -> Results:
    import torch

    logits, targets = loss_sample(loss)
    z = torch.tensor(logits, requires_grad=True)
    value = pytorch_loss(loss)(z, torch.tensor(targets))
    value.backward()
    return {"value": value.item(), "gradient": z.grad.numpy()}


# ── Keras ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def keras() -> None:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    import torch

    keras.config.set_floatx("float64")
    keras.config.set_epsilon(1e-15)  # what losses and norms clip and pad with
    store(
        "keras",
        {"keras": keras.__version__, "backend": f"torch {torch.__version__}"},
        {
            "cases": {case.name: keras_case(case) for case in keras_cases()},
            "losses": {label(loss): keras_loss_sample(loss) for loss in KERAS_LOSSES},
        },
    )


def keras_activation(activation: Any) -> Any:
    from keras import activations, layers

    functions: dict[str, Any] = {
        "tanh": "tanh",
        "relu": "relu",
        "selu": "selu",
        "silu": "silu",
        "gelu": lambda z: activations.gelu(z, approximate=True),
    }
    if activation.name == "prelu":
        return layers.PReLU(alpha_initializer="zeros")
    return layers.Activation(functions[activation.name])


def keras_loss(loss: Any) -> Any:
    from keras import losses

    return {
        "cross_entropy": lambda: losses.CategoricalCrossentropy(from_logits=True, label_smoothing=loss.label_smoothing),
        "binary_cross_entropy": lambda: losses.BinaryCrossentropy(from_logits=True),
        "mean_squared_error": lambda: losses.MeanSquaredError(),
        "huber": lambda: losses.Huber(delta=loss.delta),
        "log_cosh": lambda: losses.LogCosh(),
        "focal": lambda: losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=loss.gamma, from_logits=True),
    }[loss.name]()


def keras_optimizer(o: Any) -> Any:
    """ε tiny where Keras puts it elsewhere; biases, scales and slopes excluded from the decay."""
    from keras import optimizers

    lr = o.learning_rate
    clip = {"clipvalue": o.clipvalue, "clipnorm": o.clipnorm, "global_clipnorm": o.global_clipnorm}
    betas = {name: getattr(o, name) for name in ("beta_1", "beta_2") if hasattr(o, name)}
    make = {
        "sgd": lambda: optimizers.SGD(lr, **clip),
        "momentum": lambda: optimizers.SGD(lr, o.momentum, **clip),
        "nesterov": lambda: optimizers.SGD(lr, o.momentum, nesterov=True, **clip),
        "rmsprop": lambda: optimizers.RMSprop(lr, o.rho, epsilon=TINY**2, **clip),
        "adam": lambda: optimizers.Adam(lr, **betas, epsilon=TINY, **clip),
        "adamw": lambda: optimizers.AdamW(lr, o.weight_decay, **betas, epsilon=TINY, **clip),
        "adamax": lambda: optimizers.Adamax(lr, **betas, epsilon=TINY, **clip),
        "adagrad": lambda: optimizers.Adagrad(lr, initial_accumulator_value=0.0, epsilon=TINY**2, **clip),
        "adadelta": lambda: optimizers.Adadelta(lr, o.rho, epsilon=o.epsilon, **clip),
        "lion": lambda: optimizers.Lion(lr, **betas, **clip),
    }
    optimizer = make[o.name]()
    if o.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma", "alpha"])
    return optimizer


def keras_case(case: Case) -> Results:
    import keras
    from keras import constraints, layers, regularizers

    def dense(name: str, units: int) -> Any:
        return layers.Dense(
            units,
            name=name,
            kernel_regularizer=regularizers.L1L2(case.penalty.l1, case.penalty.l2),
            kernel_constraint=None if case.max_norm is None else constraints.MaxNorm(case.max_norm, axis=0),
        )

    named: dict[str, Any] = {}
    for number, units in enumerate(case.hidden, start=1):
        named[f"hidden_{number}"] = dense(f"hidden_{number}", units)
        if case.norm is not None and case.norm.name == "batch":
            momentum = 1 - case.norm.running_momentum
            named[f"hidden_{number}.norm"] = layers.BatchNormalization(momentum=momentum, epsilon=case.norm.epsilon)
        elif case.norm is not None:
            named[f"hidden_{number}.norm"] = layers.LayerNormalization(epsilon=case.norm.epsilon)
        named[f"hidden_{number}.activation"] = keras_activation(case.activation)
    named["output"] = dense("output", case.outputs)
    model = keras.Sequential([layers.Input((INPUTS,)), *named.values()])
    parts = {"kernel": "weight", "gamma": "scale", "beta": "shift", "alpha": "slope"}
    variables = {
        f"{name}.{parts.get(variable.name, variable.name)}": variable
        for name, layer in named.items()
        for variable in layer.trainable_variables
    }
    for name, value in case.network().parameters.values.items():
        variables[name].assign(value)

    model.compile(keras_optimizer(case.optimizer), keras_loss(case.loss))
    losses = []
    for x, y in case.batches():
        model.reset_metrics()  # else the loss returned is the mean since the start
        losses.append(float(model.train_on_batch(x, keras_targets(case.loss, y, case.outputs))))
    buffers = {
        f"{name}.{variable.name.replace('moving', 'running')}": np.asarray(variable.value.detach())
        for name, layer in named.items()
        for variable in layer.non_trainable_variables
        if variable.name.startswith("moving")
    }
    final = {name: np.asarray(variable.value.detach()) for name, variable in variables.items()}
    logits = np.asarray(model(inputs()[:4], training=False).detach())
    return {"losses": losses, "parameters": final, "buffers": buffers, "logits": logits}


def keras_targets(loss: Any, y: Array, outputs: int) -> Array:
    if loss.name in ("cross_entropy", "focal"):
        return np.eye(outputs)[y]
    return y.astype(np.float64).reshape(len(y), outputs)


def keras_loss_sample(loss: Any) -> Results:
    import torch

    logits, targets = loss_sample(loss)
    z = torch.tensor(logits, requires_grad=True)
    value = keras_loss(loss)(torch.tensor(keras_targets(loss, targets, 3)), z)
    value.backward()
    return {"value": value.item(), "gradient": z.grad.numpy()}


LIBRARIES = {"pytorch": pytorch, "keras": keras}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", nargs="?", choices=LIBRARIES, help="one of them; both if left out")
    chosen = parser.parse_args().library
    for name in [chosen] if chosen else LIBRARIES:
        LIBRARIES[name]()
