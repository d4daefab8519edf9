"""`eval`: a model on a file, or on the test part that its spec names."""

import filecmp
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlptrain.commands.input_format import ModelInputFormat
from mlptrain.commands.input_settings import set_input_format
from mlptrain.errors import DataError, MissingFile, SpecError
from mlptrain.model.evaluation import Evaluation
from mlptrain.model.model import Model
from mlptrain.model.percent_notices import describe_percent_cells, describe_percent_sign
from mlptrain.model.rows import Rows, locate_file, read_rows
from mlptrain.model.slicing import Slicing, slice_rows_by_part
from mlptrain.preparation.material import TrainingData, digest_training_data, read_training_data_again
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.splits import Parts
from mlptrain.spec.fields import Images

if TYPE_CHECKING:
    from mlptrain.explain.importance import Importance
    from mlptrain.explain.permutation import Permutation


@dataclass(frozen=True, kw_only=True, repr=False)
class EvaluationResult(Evaluation):
    """What a model is worth on rows, and what each of its columns is worth to it."""

    importance: "Importance | None" = None
    """None where it was not asked for."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is to be measured of a model on rows."""

    by: str | None = None
    """The column by whose values the rows are measured apart, too."""
    resamples: int | None = None
    """Bootstrap samples of the intervals; None: as many as the rows allow."""
    importance: "Permutation | None" = None
    """How the importance of the columns is found; None: not at all."""

    @property
    def texts(self) -> list[str]:
        """The columns that are read as texts, beside those of the model."""
        return [] if self.by is None else [self.by]

    def measure(self, model: Model, rows: Rows, slicing: Slicing | None = None) -> EvaluationResult:
        """The answer; what both measurements say of the rows is said once."""
        found = model.evaluate_rows(rows, by=self.by, resamples=self.resamples, slicing=slicing)
        result = EvaluationResult(**vars(found))
        if self.importance is None:
            return result
        try:
            importance = find_importance(model, rows, self.importance)
        except DataError as problem:  # the metrics are known all the same
            return replace(result, notices=(*found.notices, f"the importance of the columns is not known: {problem}"))
        new = [message for message in importance.notices if message not in found.notices]
        return replace(result, importance=importance, notices=(*found.notices, *new))


def find_importance(model: Model, rows: Rows, permutation: "Permutation") -> "Importance":
    """The importance of the columns; who does not ask for it does not wait until the methods are loaded."""
    from mlptrain.explain.importance import Importance
    from mlptrain.explain.methods import explain_rows

    found = explain_rows(model, rows, permutation, clock=time.monotonic)
    assert isinstance(found, Importance)
    return found


def evaluate_files(
    model_path: str,
    data: str | None = None,
    labels: str | None = None,
    *,
    by: str | None = None,
    resamples: int | None = None,
    importance: "Permutation | None" = None,
    settings: Sequence[str] = (),
) -> EvaluationResult:
    """The metrics of a model on a file, or on the test part that its spec names; `by` a column also in slices.

    With a way to find the `importance` of the columns, that of the same rows, too.
    """
    trained = Model.load(model_path)
    question = Question(by=by, resamples=resamples, importance=importance)
    require_columns_to_explain(trained, question)
    model = set_input_format(trained, settings)
    sign = describe_percent_sign(trained.spec.data, model.spec.data)
    if data is None:
        with name_key_of_model_spec(model, Path(model_path)):
            found = evaluate_known_rows(model, Path(model_path), question, settings)
        return replace(found, notices=(*sign, *found.notices))
    if not model.reads_images and labels is None:
        found = evaluate_table_file(model, data, question, settings)
    else:
        found = question.measure(model, read_evaluation_file(model, data, labels, question.texts))
    seen = describe_seen_file(model, Path(model_path), data)
    return replace(found, seen=seen, notices=(*sign, *found.notices))


def require_columns_to_explain(model: Model, question: Question) -> None:
    """Refuse to look for the importance of columns where there are none."""
    if question.importance is not None and model.reads_images:
        raise SpecError("--importance: the model was trained on images, which have no columns; leave it out")


def evaluate_known_rows(
    model: Model, model_path: Path, question: Question, settings: Sequence[str]
) -> EvaluationResult:
    """The metrics of a model on the test part that its spec names, or on the training file where it names none."""
    if isinstance(test := model.spec.data.test, str) and not model.reads_images:
        path = locate_file(test, model_path.parent / model.spec_folder)
        return evaluate_table_file(model, path, question, settings)
    if names_test_part(model):
        return question.measure(model, read_test_rows(model, model_path, question.texts))
    return evaluate_training_rows(model, model_path, question)


@contextmanager
def name_key_of_model_spec(model: Model, model_path: Path) -> Iterator[None]:
    """Say of a file that is not there which key of the model's spec names it."""
    key = "data.train" if model.spec.data.test is None else "data.test"
    try:
        yield
    except MissingFile as problem:
        raise DataError(f"{model_path}: {key}: {problem}; give DATA") from None


def names_test_part(model: Model) -> bool:
    """Whether the spec names rows for the test."""
    data = model.spec.data
    return data.test is not None or bool(data.split.test) or data.split.type == "column"


def describe_seen_file(model: Model, model_path: Path, data: str) -> str:
    """The sentence that a file is the one that the model was trained on, or holds the same bytes; empty if not."""
    if not (same := compare_with_training_file(model, model_path, data)):
        return ""
    alone = "; without DATA the test part alone is measured" if names_test_part(model) else ""
    return f"{same}: the model has seen these rows, and does worse on new ones{alone}"


def compare_with_training_file(model: Model, model_path: Path, data: str) -> str:
    """The words that a file is the one that the model was trained on, or holds the same bytes; empty if not."""
    source, folder = model.spec.data.train, model_path.parent / model.spec_folder
    if model.reads_images or not isinstance(source, str) or source in ("", "-") or data == "-":
        return ""
    training = Path(locate_file(source, folder))
    if not (training.is_file() and Path(data).is_file() and filecmp.cmp(training, data, shallow=False)):
        return ""
    return f"{data} {'is' if training.samefile(data) else 'holds the same rows as'} the training file"


def evaluate_training_rows(model: Model, model_path: Path, question: Question) -> EvaluationResult:
    """The metrics on the training file, for want of a test part: of all rows, and of its parts if they are known."""
    if model.spec.data.train == "":
        raise SpecError(f"{model_path}: it was trained on rows in memory, and its spec names no test part; give DATA")
    folder = model_path.parent / model.spec_folder
    training = read_training_data_again(model, folder, texts=question.texts)
    changed = model.data_digest not in ("", digest_training_data(training))
    parts = None if changed or not model.data_digest else find_validation_part(model, training)
    slicing = (
        None if question.by is not None or parts is None else slice_rows_by_part(training.rows.count, parts.validation)
    )
    found = question.measure(model, training.rows, slicing)
    return replace(found, seen=describe_training_rows(training.rows, parts, changed=changed))


def find_validation_part(model: Model, training: TrainingData) -> Parts | None:
    """The training and validation rows; None where every row was trained on by some network, or for want of any."""
    if len(model.networks) > 1 or training.spec.data.split.folds is not None or training.spec.training.refit:
        return None
    parts = divide_rows(training)[0]
    return parts if len(parts.validation) else None


def describe_training_rows(rows: Rows, parts: Parts | None, *, changed: bool) -> str:
    """The sentence that the rows were seen, and how."""
    if changed:
        return f"no test part, so this is the training file {rows.name}, which has changed since: most rows were seen"
    known = "" if parts is None else f" ({len(parts.train):,} in training, {len(parts.validation):,} to validate on)"
    what = f"no test part, so these are the rows of the training file {rows.name}"
    return f"{what}, which the model has seen{known}: it does worse on new ones"


def evaluate_table_file(model: Model, data: str, question: Question, settings: Sequence[str]) -> EvaluationResult:
    """The metrics of a model on a table, read as the training file was, or as it looks where that does not fit."""
    others = [*model.spec.data.targets, *filter(None, (model.spec.data.sample_weight, question.by))]
    form = ModelInputFormat(model, data, others, settings, "mlptrain eval")

    def evaluate(reader: Model) -> EvaluationResult:
        rows = read_evaluation_file(reader, data, None, question.texts)
        cells = describe_percent_cells(rows.inputs.types, reader.columns().values(), model.spec.data)
        found = question.measure(reader, rows)
        return replace(found, notices=(*cells, *rows.inputs.left_out, *found.notices))

    found = form.try_readings(evaluate)
    return replace(found, notices=(*form.notices, *found.notices))


def read_evaluation_file(model: Model, data: str, labels: str | None, texts: Sequence[str]) -> Rows:
    """The rows of the file(s) that the user named."""
    if not model.reads_images:
        if labels is not None:
            raise SpecError("--labels: the model was trained on a table; its targets are a column of DATA")
        rows = read_rows(data, model.spec.data, Path(), texts=texts, only=model.columns())
        hint = f"to predict it, which needs no target: mlptrain predict MODEL {data}"
        return require_target_columns(rows, model, hint)
    if labels is None:
        raise SpecError("--labels is missing: give the IDX file of the labels")
    return read_rows(Images(images=data, labels=labels), model.spec.data, Path(), texts=texts)


def require_target_columns(rows: Rows, model: Model, hint: str) -> Rows:
    """The rows; where the target alone is missing, an error with the `hint` at what does without it."""
    there = rows.inputs.columns
    absent = [name for name in model.spec.data.targets if name not in there]
    if absent and model.columns().keys() <= there.keys():
        raise DataError(f"{rows.inputs.missing(absent)}; {hint}")
    return rows


def read_test_rows(model: Model, model_path: Path, texts: Sequence[str]) -> Rows:
    """The test part that the spec names: a file, a share of the training file, or what its column says."""
    data, folder = model.spec.data, model_path.parent / model.spec_folder
    if data.test is not None:
        return read_rows(data.test, data, folder, texts=texts, only=model.columns())
    if data.train == "":
        raise SpecError(f"{model_path}: it was trained on rows in memory, among them its test rows; give DATA")
    training = read_training_data_again(model, folder, texts=texts)
    if model.data_digest not in ("", digest_training_data(training)):
        why = "it has changed since the model was trained, so that its test rows can no longer be told from the others"
        raise DataError(f"{training.rows.name}: {why}; give DATA")
    test = divide_rows(training)[0].test
    if not len(test):
        raise DataError(f'{training.rows.name}: column "{data.split.column}": no row says test; give DATA')
    return training.rows.take(test)
