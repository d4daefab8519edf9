"""Which model and which data a command means: as they are named, by the name of a spec, or the newest model file."""

from dataclasses import dataclass
from pathlib import Path

from mlptrain.errors import DataError, MlptrainError, ModelFileError, SpecError
from mlptrain.model.model import Model
from mlptrain.plain import to_stored
from mlptrain.storage.companions import (
    CHECKPOINT_END,
    MODEL_END,
    PREVIOUS_END,
    choose_default_output,
    derive_checkpoint_path,
)
from mlptrain.storage.foreign import CHECKPOINT, MODEL, SPEC, is_table, recognise_own

MODEL_ENDS = (MODEL_END, CHECKPOINT_END, f"{CHECKPOINT_END}.prev")
"""How the names of models and unfinished fits end."""
MOST_CHANGES = 4
"""Settings that are named of those that have changed."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """The model and the data of a command, and what to say about the choice of the model; empty if it was named."""

    model: str
    data: str | None
    notice: str = ""


def choose_model_and_data(first: str | None, second: str | None = None) -> Named:
    """What the arguments [MODEL] [DATA] mean. A spec stands for its model; without MODEL it is the newest file.

    A lone argument is the model if it is a model or a spec, else the data.
    """
    if second is not None:
        assert first is not None
        if is_meant_as_model(second) and not is_meant_as_model(first):
            raise SpecError(f"{second} is no data: MODEL stands before DATA: {second} {first}")
        refuse_wrong_data(second)
        return name_model(first, second)
    if first is not None and is_meant_as_model(first):
        return name_model(first, None)
    latest = find_latest_model(Path())
    return Named(model=str(latest), data=first, notice=f"the model is {latest}, the newest model file in this folder")


def choose_model(name: str | None) -> Named:
    """What the argument [MODEL] means, where no data can follow."""
    return choose_model_and_data(None) if name is None else name_model(name, None)


def name_model(name: str, data: str | None) -> Named:
    """A model by its own name, or by that of its spec."""
    if recognise_own(Path(name)) != SPEC:
        return Named(model=name, data=data)
    model = choose_default_output(name)
    if not model.is_file():
        unfinished = describe_unfinished_fit_of(model)
        cure = f"an unfinished fit is: {unfinished}" if unfinished else f"mlptrain fit {name} makes it"
        raise ModelFileError(f"{name}: this is a spec, and its model {model} is not here; {cure}")
    return Named(model=str(model), data=data, notice=describe_model_of_spec(model, Path(name)))


def describe_model_of_spec(path: Path, spec: Path) -> str:
    """Which model stands for a spec, and whether it was fitted by a spec of that folder, and by what it says now."""
    model = Model.load(path)
    folder = path.parent / model.spec_folder
    if folder.resolve() != spec.parent.resolve():
        return f"the model is {path}, by the name of {spec}; but it was fitted by a spec in the folder {folder}"
    return f"the model is {path}, of {spec}{describe_changes_since_fit(model, spec)}"


def describe_changes_since_fit(model: Model, spec: Path) -> str:
    """What a spec says otherwise than the one that a model was fitted by; empty if nothing. Overrides count, too."""
    from mlptrain.fitting.spec_changes import find_asked_changes
    from mlptrain.spec.file import load_draft

    try:
        draft = load_draft(str(spec))
        changes = [".".join(path) for path, _, _ in find_asked_changes(to_stored(model.spec), draft)]
    except MlptrainError as problem:
        return f", which can no longer be read: {problem.messages[0]}"
    more = f" and {len(changes) - MOST_CHANGES} more" if len(changes) > MOST_CHANGES else ""
    named = f"{', '.join(changes[:MOST_CHANGES])}{more}"
    return f", but was fitted with other settings ({named}); mlptrain fit {spec} makes it anew" if changes else ""


def is_meant_as_model(name: str) -> bool:
    """Whether an argument is a model or a spec, or is named like a model."""
    return name != "-" and (recognise_own(Path(name)) != "" or name.lower().endswith(MODEL_ENDS))


def refuse_wrong_data(name: str) -> None:
    """An error if what is named as data is a model, an unfinished fit or a spec."""
    if name != "-" and (kind := recognise_own(Path(name))):
        raise DataError(f"{name}: this is {kind}, and no data; name a table (CSV, Parquet), or IDX images")


def find_latest_model(folder: Path) -> Path:
    """The model in a folder that was written last; a SpecError if there is none, or several are of one age."""
    models = [path for path in list_candidates(folder) if recognise_own(path) == MODEL]
    if not models:
        raise SpecError(f"MODEL is missing, and no model is in this folder{describe_files_beside(folder)}")
    ages = {path: path.stat().st_mtime_ns for path in models}
    latest = [path for path in models if ages[path] == max(ages.values())]
    files = [path for path in latest if not path.is_symlink()] or latest
    if len(files) > 1:
        raise SpecError(f"MODEL is missing, and these are of the same age: {', '.join(map(str, files))}; name one")
    return files[0]


def describe_files_beside(folder: Path) -> str:
    """What a folder has in place of a model, and what to do: unfinished fits go before what does not count."""
    for path in sorted(folder.glob(f"*{MODEL_END}{CHECKPOINT_END}")):
        if unfinished := describe_unfinished_fit_of(path.with_suffix("")):
            return f", but an unfinished fit is ({path.name}); {unfinished}"
    others = sorted(path.name for path in folder.iterdir() if path.name.endswith((PREVIOUS_END, *MODEL_ENDS[1:])))
    beside = f" ({', '.join(others[:5])} {'does' if len(others) == 1 else 'do'} not count)" if others else ""
    return f"{beside}; name one, or mlptrain fit SPEC"


def describe_unfinished_fit_of(model: Path) -> str:
    """What to do with the unfinished fit that would write a model; empty if there is none."""
    if recognise_own(derive_checkpoint_path(model)) != CHECKPOINT:
        return ""
    specs = (model.with_suffix(end) for end in (".yaml", ".yml"))
    spec = next((str(path) for path in specs if recognise_own(path) == SPEC), "SPEC")
    return f"mlptrain fit {spec} --resume goes on with it, --finish writes the model of its best epoch"


def list_candidates(folder: Path) -> list[Path]:
    """The files that may be models, by their names, in order."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() == MODEL_END and not path.name.startswith(".") and not path.name.endswith(PREVIOUS_END)
    )


def refuse_what_is_no_spec(name: str) -> None:
    """An error if what is named as a spec is a model, an unfinished fit or a table."""
    path = Path(name)
    kind = recognise_own(path)
    if kind == MODEL:
        raise SpecError(
            f"{name}: this is {kind}, and no spec; `mlptrain show {name}` shows the spec that it was fitted by"
        )
    if kind == CHECKPOINT:
        raise SpecError(f"{name}: this is {kind}, and no spec; name its spec: mlptrain fit SPEC --resume")
    if is_table(path):
        raise SpecError(f"{name}: this is a table, and no spec; `mlptrain init {name}` writes a spec for it")
