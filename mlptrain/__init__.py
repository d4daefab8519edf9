"""mlptrain: train multilayer perceptrons on tables, from a YAML spec to a safe .npz.

The Python side of the commands: `fit`, `evaluate`, `predict`, `load_model`. Nothing heavy is imported until it is used.
"""

from importlib import import_module
from typing import Any

__all__ = ["evaluate", "fit", "load_model", "predict"]

_HOMES = {
    "fit": "commands.fit",
    "evaluate": "commands.evaluate",
    "predict": "commands.predict",
    "load_model": "commands.predict",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mlptrain' has no attribute {name!r}")
    return getattr(import_module(f"mlptrain.{_HOMES[name]}"), name)
