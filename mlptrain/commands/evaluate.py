"""`eval`: a model on a file, or on the test part that its spec names."""

from collections.abc import Sequence
from pathlib import Path

from mlptrain.errors import DataError, SpecError
from mlptrain.model.evaluation import Evaluation
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows, read_rows
from mlptrain.preparation.material import digest_training_data, read_training_data
from mlptrain.preparation.partitions import divide_rows
from mlptrain.spec.fields import Images


def evaluate_files(
    model_path: str,
    data: str | None = None,
    labels: str | None = None,
    *,
    by: str | None = None,
    resamples: int | None = None,
) -> Evaluation:
    """The metrics of a model on a file, or on the test part that its spec names; `by` a column also in slices."""
    model = Model.load(model_path)
    texts = [] if by is None else [by]
    if data is None:
        rows = read_test_rows(model, Path(model_path), texts)
    else:
        rows = read_evaluation_file(model, data, labels, texts)
    return model.evaluate_rows(rows, by=by, resamples=resamples)


def read_evaluation_file(model: Model, data: str, labels: str | None, texts: Sequence[str]) -> Rows:
    """The rows of the file(s) that the user named."""
    if not model.reads_images:
        if labels is not None:
            raise SpecError("--labels: the model was trained on a table; its targets are a column of DATA")
        return read_rows(data, model.spec.data, Path(), texts=texts, only=model.columns())
    if labels is None:
        raise SpecError("--labels is missing: give the IDX file of the labels")
    return read_rows(Images(images=data, labels=labels), model.spec.data, Path(), texts=texts)


def read_test_rows(model: Model, model_path: Path, texts: Sequence[str]) -> Rows:
    """The test part that the spec names: a file, a share of the training file, or what its column says."""
    data, folder = model.spec.data, model_path.parent / model.spec_folder
    if data.test is not None:
        return read_rows(data.test, data, folder, texts=texts, only=model.columns())
    if not data.split.test and data.split.type != "column":
        raise SpecError(f"{model_path}: its spec names no test part; give DATA")
    if data.train == "":
        raise SpecError(f"{model_path}: it was trained on rows in memory, among them its test rows; give DATA")
    training = read_training_data(model.spec, folder, texts=texts)
    if model.data_digest not in ("", digest_training_data(training)):
        why = "it has changed since the model was trained, so that its test rows can no longer be told from the others"
        raise DataError(f"{training.rows.name}: {why}; give DATA")
    test = divide_rows(training)[0].test
    if not len(test):
        raise DataError(f'{training.rows.name}: column "{data.split.column}": no row says test; give DATA')
    return training.rows.take(test)
