"""How to make a model again: the commands, the resolved spec, the digest of the rows, the versions."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from mlptrain.model.model import Model
from mlptrain.plain import to_plain


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """How to make a model again."""

    commands: tuple[str, ...]
    spec: dict[str, Any]
    """The resolved spec, of several networks that of the first."""
    spec_folder: str
    """The folder that the spec's paths are relative to, seen from the model's."""
    data_digest: str
    """Of the training file; empty where it is not known."""
    mlptrain: str
    """The version that made the report."""


def describe_reproduction(model: Model, name: str) -> Reproduction:
    """How to make a model again."""
    spec, start = f"{name}-again.yaml", model.spec.start  # the file of the model's own name is the user's
    weights = " --initial-weights MODEL.npz" if start is not None and not start.file else ""  # it was in memory
    return Reproduction(
        commands=(f"mlptrain show {name}.npz --spec > {spec}", f"mlptrain fit {spec}{weights}"),
        spec=to_plain(model.spec),
        spec_folder=model.spec_folder,
        data_digest=model.data_digest,
        mlptrain=version("mlptrain"),
    )
