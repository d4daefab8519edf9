"""The names of the files that a fit makes: its model, and those beside it."""

from pathlib import Path

MODEL_END = ".npz"
"""How the name of a model ends: by it a command without MODEL finds the newest one."""
PREVIOUS_END = ".previous.npz"
"""How the name of a model ends that another one has replaced; such a one is not found."""


CHECKPOINT_END = ".ckpt"
"""What follows the name of a model in that of its unfinished fit."""


def choose_default_output(spec_path: str) -> Path:
    """<spec name>.npz in the working directory."""
    return Path("model.npz" if spec_path == "-" else f"{Path(spec_path).stem}.npz")


def derive_checkpoint_path(model: Path) -> Path:
    """Path of the checkpoint of a fit that will write `model`."""
    return model.with_name(f"{model.name}{CHECKPOINT_END}")


def derive_previous_checkpoint_path(model: Path) -> Path:
    """Path of the checkpoint before the last one."""
    return model.with_name(f"{model.name}{CHECKPOINT_END}.prev")


def derive_lock_path(path: Path) -> Path:
    """Path of the lock of a file."""
    return path.with_name(f"{path.name}.lock")


def get_previous_model_path(path: Path) -> Path:
    """Where the model that stood at `path` is kept."""
    return path.with_name(f"{path.stem}{PREVIOUS_END}")


def derive_study_path(model: Path) -> Path:
    """Path of the journal of the study that will write `model`."""
    return model.with_suffix(".study")


def derive_lines_path(study: Path) -> Path:
    """Path of the trials of a study as lines of JSON."""
    return study.with_name(f"{study.name}.jsonl")


def derive_best_spec_path(spec: Path) -> Path:
    """Path of the best spec that a study has found, beside the spec that it began from."""
    return spec.with_name(f"{spec.stem}.best.yaml")
