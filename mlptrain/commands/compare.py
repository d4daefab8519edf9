"""`compare`: several models, also those of a folder, on the same rows: which is better, and whether that is decided."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlptrain.commands.common_rows import NamedModel, describe_seen_rows, judge_data, judge_test_part
from mlptrain.commands.judged_file import JudgedFile
from mlptrain.commands.known_rows import TEST
from mlptrain.commands.latest_model import choose_model, list_candidates
from mlptrain.commands.paths import name_models
from mlptrain.data.files import name_input
from mlptrain.diagnostics.comparison import Contender, ModelComparison, compare_models, require_comparable
from mlptrain.display import Displayable
from mlptrain.errors import ModelFileError, SpecError
from mlptrain.model.model import Model


@dataclass(frozen=True, kw_only=True)
class LeftOutModel:
    """A file of a folder that is named like a model and cannot be read as one."""

    file: str
    why: str
    """The message, which names the file."""


@dataclass(frozen=True, kw_only=True)
class ComparedFiles(Displayable):
    """Several model files on the same rows."""

    comparison: ModelComparison
    files: dict[str, str]
    """The file of each model, by its name in the comparison."""
    left_out: tuple[LeftOutModel, ...] = ()
    """The files of folders that could not be read."""
    notices: tuple[str, ...] = ()
    """What there is to say about the choice of the models and how they read the rows, each sentence once."""


@dataclass(frozen=True, kw_only=True)
class NamedFiles:
    """The model files that arguments mean."""

    paths: tuple[str, ...]
    of_folders: frozenset[str]
    """Those that a folder was named for."""
    notices: tuple[str, ...]


def compare_files(
    arguments: Sequence[str], data: str | None = None, *, labels: str | None = None, settings: Sequence[str] = ()
) -> ComparedFiles:
    """Models, specs that stand for theirs and folders of models on DATA, or on the test part that they share.

    Models that do not predict the same are a SpecError. A file of a folder that cannot be read is in `left_out`; one
    that is named itself is an error.
    """
    require_readable_data(data, labels, settings)
    named = find_model_files(arguments)
    models, left_out = load_models(named)
    require_several(models, left_out)
    require_comparable([(each.name, each.model) for each in models])
    found = judge_test_part(models) if data is None else judge_data(models, data, labels, settings)
    contenders = [
        Contender(
            name=each.name,
            model=file.reader,
            judged=file.judged,
            seen=describe_seen_rows(each, data, file.judged.rows),
        )
        for each, file in zip(models, found, strict=True)
    ]
    return ComparedFiles(
        comparison=compare_models(contenders, TEST if data is None else f"the rows of {name_input(Path(data).name)}"),
        files={each.name: str(each.path) for each in models},
        left_out=tuple(left_out),
        notices=tuple(dict.fromkeys([*named.notices, *list_reading_notices(found)])),
    )


def require_readable_data(data: str | None, labels: str | None, settings: Sequence[str]) -> None:
    """Refuse rows that can be read only once, and options of rows that are not named."""
    if data == "-":
        raise SpecError("--data -: standard input can be read once, and several models read it; name a file")
    if data is None and labels is not None:
        raise SpecError("--labels: give the images, too: --data IMAGES")
    if data is None and settings:
        raise SpecError("--set: says how DATA is written, and none is named; give --data")


def find_model_files(arguments: Sequence[str]) -> NamedFiles:
    """The files that arguments mean: a folder stands for the models in it, a spec for its own."""
    paths, of_folders, notices = list[str](), set[str](), list[str]()
    for argument in arguments:
        if Path(argument).is_dir():
            inside = [str(path) for path in list_candidates(Path(argument))]
            if not inside:
                raise SpecError(f"{argument}: there is no model (.npz) in this folder; name another, or models")
            paths += inside
            of_folders |= set(inside)
        else:
            chosen = choose_model(argument)
            paths.append(chosen.model)
            notices += filter(None, [chosen.notice])
    return NamedFiles(paths=tuple(paths), of_folders=frozenset(of_folders), notices=tuple(notices))


def load_models(named: NamedFiles) -> tuple[list[NamedModel], list[LeftOutModel]]:
    """The models in the files, by their names, and the files of folders that cannot be read."""
    models, left_out = [], []
    for name, path in zip(name_models(named.paths), named.paths, strict=True):
        try:
            models.append(NamedModel(name=name, path=Path(path), model=Model.load(path)))
        except ModelFileError as problem:
            if path not in named.of_folders:
                raise
            left_out.append(LeftOutModel(file=path, why=str(problem)))
    return models, left_out


def require_several(models: Sequence[NamedModel], left_out: Sequence[LeftOutModel]) -> None:
    """Refuse to compare fewer than two models."""
    if len(models) > 1:
        return
    damaged = f" ({'; '.join(each.why for each in left_out)})" if left_out else ""
    if not models:
        raise SpecError(f"no model is there to compare{damaged}")
    only = models[0].path
    raise SpecError(f"{only}: a comparison takes two models{damaged}; `mlptrain eval {only}` measures one")


def list_reading_notices(files: Sequence[JudgedFile]) -> Iterator[str]:
    """What there is to say about how the models read the rows."""
    for each in files:
        yield from (*each.notices, *each.judged.evaluation.notices)
