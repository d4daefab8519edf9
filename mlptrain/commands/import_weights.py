"""`import`: a model with other weights, which another program has trained further."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mlptrain.commands.fit import require_writable_output, resolve_link
from mlptrain.commands.paths import NamedFile, list_files_beside_model, require_separate_files
from mlptrain.errors import SpecError
from mlptrain.fitting.host import ignore_notice
from mlptrain.model.file import compute_relative_spec_folder, save_contents
from mlptrain.model.history import IMPORTED
from mlptrain.model.initial_weights import LoadedWeights, WeightsAlone, read_weights_file
from mlptrain.model.model import Model
from mlptrain.model.network_start import StartFromArrays
from mlptrain.storage.locking import lock_exclusively
from mlptrain.storage.publishing import remove_leftover_temporary_files


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What was written."""

    model: str
    weights: str
    out: str
    networks: int
    parameters: int


def import_weights(
    model_path: str, weights_path: Path, out: Path, notice: Callable[[str], object] = ignore_notice
) -> Imported:
    """Write the model with the weights in a file: columns, target and spec are kept, the result says it.

    Every parameter and buffer must be there; of several networks the names begin with 1., 2. … as in the model file.
    """
    target = require_writable_output(out)
    source = Path(model_path)
    read = [NamedFile(path=source, role="the model"), NamedFile(path=weights_path, role="the file of the weights")]
    written = NamedFile(path=target, role="where the model goes", option="--out", of_fit=True)
    require_separate_files([written, *list_files_beside_model(target)], read)
    model = Model.load(model_path)
    fill_networks(model, read_weights_file(weights_path))
    folder = compute_relative_spec_folder(target, source.parent / model.spec_folder)
    imported = replace(model, result=model.result | {"reason": IMPORTED}, spec_folder=folder)
    with lock_exclusively(target, notice) as locked:
        remove_leftover_temporary_files(target, alone=locked)
        save_contents(imported, target)
    return Imported(
        model=model_path,
        weights=str(weights_path),
        out=str(resolve_link(out)),
        networks=len(model.networks),
        parameters=model.parameters,
    )


def fill_networks(model: Model, weights: LoadedWeights) -> None:
    """Copy arrays into the networks of a model, each its own; a SpecError says what is missing or does not fit."""
    if not isinstance(weights, WeightsAlone):
        cure = f"use it as it is, or train on from it with `mlptrain fit SPEC --initial-weights {weights.name}`"
        raise SpecError(f"{weights.name}: this is a model, with columns of its own; {cure}")
    wanted, found = len(model.networks), len(weights.networks)
    if wanted != found:
        why = f"{weights.name} has arrays of {found} network{'s' * (found != 1)}, and the model holds {wanted}"
        raise SpecError(f"{why}; their names begin with 1., 2. … as in the file of a model of several")
    for fitted, arrays in zip(model.networks, weights.networks, strict=True):
        StartFromArrays(name=weights.name, arrays=arrays, optional=()).fill(fitted.network)
