"""Many files predicted, each into one of its own name; several at a time where there are workers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mlptrain.commands.predict import Prediction
from mlptrain.commands.predict_output import OutputOptions
from mlptrain.commands.predict_pieces import ignore_message, never_stop
from mlptrain.data.files import match_files
from mlptrain.data.urls import GIVEN, give_urls
from mlptrain.errors import EnvironmentFailure, SpecError
from mlptrain.model.answers import AnswerOptions
from mlptrain.workers.contract import Channel, Executor, Task

ENDS = (".csv", ".tsv", ".tab", ".parquet", ".pq", ".xlsx", ".csv.gz", ".tsv.gz")
"""How names end under which predictions are written; files of other names get .csv behind theirs."""


@dataclass(frozen=True, kw_only=True)
class PredictedFile:
    """A file that is predicted: where its predictions are, and what there was to say."""

    data: str
    out: str
    rows: int
    notices: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class FileJob:
    """Predicts whole files, each of which is published when it is whole."""

    model: str
    options: AnswerOptions
    output: OutputOptions
    settings: Sequence[str]
    strict: bool
    threads: int | None
    urls: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The URLs that the command was given, by their names."""

    def __call__(self, task: Task, _channel: Channel) -> PredictedFile:
        """The predictions of one file, written."""
        give_urls(self.urls)
        data, out = task.payload
        prediction = Prediction(
            self.model, data, self.options, settings=self.settings, strict=self.strict, threads=self.threads
        )
        prediction.publish(Path(out), self.output)
        return PredictedFile(data=data, out=out, rows=prediction.counts.rows, notices=prediction.notices)


def predict_files(job: FileJob, data: Sequence[str], folder: Path, executor: Executor) -> Iterator[PredictedFile]:
    """Predict files (patterns among them) into a folder, and yield each in their order once it is written.

    An error of one ends the command; files that are written by then stay.
    """
    files = [file for each in data for file in match_files(each)]
    outs = [str(folder / name_predictions(file)) for file in files]
    refuse_doubled_outputs(files, outs)
    make_folder(folder)
    job = replace(job, urls=dict(GIVEN))
    tasks = (Task(key=k, name=file, payload=(file, out)) for k, (file, out) in enumerate(zip(files, outs, strict=True)))
    ready: dict[int, PredictedFile] = {}
    turn = 0
    for done in executor.run(job, tasks, ignore_message, never_stop):
        assert isinstance(done.key, int)
        ready[done.key] = done.result
        while turn in ready:
            yield ready.pop(turn)
            turn += 1


def name_predictions(file: str) -> str:
    """The name of the file that the predictions of a file go to.

    >>> [name_predictions(name) for name in ("in/a.csv", "b.parquet", "c.data", "d.csv.gz")]
    ['a.csv', 'b.parquet', 'c.data.csv', 'd.csv.gz']
    """
    name = Path(file).name
    return name if name.lower().endswith(ENDS) else f"{name}.csv"


def refuse_doubled_outputs(files: Sequence[str], outs: Sequence[str]) -> None:
    """A SpecError where the predictions of two files would go to one."""
    if "-" in files:
        raise SpecError("--out-dir: standard input has no name for its predictions; give --out")
    first: dict[str, str] = {}
    for file, out in zip(files, outs, strict=True):
        if (before := first.setdefault(out.casefold(), file)) is not file:
            raise SpecError(
                f"--out-dir: the predictions of {before} and of {file} would both be {out}; predict them apart"
            )


def make_folder(folder: Path) -> None:
    """Make the folder, if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise EnvironmentFailure(f"--out-dir {folder}: cannot be made: {problem.strerror or problem}") from None
