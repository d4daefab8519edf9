"""mlptrain: train multilayer perceptrons on tables, from a YAML spec to a safe .npz.

The Python side of the commands: `fit`, `evaluate`, `predict`, `load_model`. Nothing heavy is imported until it is used.
"""

from typing import Any

__all__ = ["evaluate", "fit", "load_model", "predict"]

_WORKFLOWS = {"fit": "fit", "evaluate": "evaluate_model", "predict": "predict_file", "load_model": "load_model"}


def __getattr__(name: str) -> Any:
    if name not in _WORKFLOWS:
        raise AttributeError(f"module 'mlptrain' has no attribute {name!r}")
    from mlptrain import workflows

    return getattr(workflows, _WORKFLOWS[name])
