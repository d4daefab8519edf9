"""A model: a weighted list of networks that predict with their average; one network is the list of one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.arguments import require_count, require_path, shorten_repr
from mlptrain.data.features import FeatureColumn
from mlptrain.data.odd_cells import OddCells, OddRows, join_odd_rows
from mlptrain.data.targets import convert_labels_to_array
from mlptrain.display import Displayable
from mlptrain.engine.comparisons import Value
from mlptrain.engine.losses import Loss
from mlptrain.errors import DataError, SpecError
from mlptrain.explainable import Explainable
from mlptrain.model.answers import (
    AnswerOptions,
    ColumnGroup,
    Columns,
    NotFinite,
    escape_spreadsheet_formulas,
    join_columns,
    mark_not_finite,
    select_kept_columns,
)
from mlptrain.model.baseline import measure_mean_baseline
from mlptrain.model.evaluation import Evaluation, JudgedRows, evaluate_judgement
from mlptrain.model.file import (
    ModelContents,
    decode_model,
    encode_model,
    load_contents,
    require_replaceable_model,
    save_contents,
)
from mlptrain.model.fitted_network import FittedNetwork, Judgement, average_judgements
from mlptrain.model.head import Head, list_answers
from mlptrain.model.layer_history import list_layer_columns
from mlptrain.model.memory_rows import advise_conversions, make_evaluation_rows, make_image_rows, make_prediction_rows
from mlptrain.model.network_outputs import average_predictions
from mlptrain.model.percent_notices import describe_shares
from mlptrain.model.plain_records import RecordPredictor
from mlptrain.model.prediction_notices import OddCellsNotice, warn_of_odd_rows
from mlptrain.model.products import limit_threads
from mlptrain.model.rows import Rows, describe_blank_lines, drop_uncounted_rows, find_doubtful_rows
from mlptrain.model.scores import name_scores, predict_scores, write_scores
from mlptrain.model.slicing import Slicing, slice_rows_by_column
from mlptrain.model.watched import Watched, select_leading_networks, summarize_watched
from mlptrain.notices import warn_caller
from mlptrain.randomness import stream
from mlptrain.spec.fields import Spec
from mlptrain.storage.publishing import check_writable


@dataclass(frozen=True, kw_only=True, repr=False)
class Model(ModelContents, Displayable, Explainable):
    """A weighted list of networks, each with its own spec and encoding, and how their fit went."""

    @property
    def spec(self) -> Spec:
        """The resolved spec, of several networks that of the first."""
        return self.networks[0].spec

    @property
    def head(self) -> Head:
        """Loss and target; all networks predict the same columns and classes."""
        return self.networks[0].head

    @property
    def loss(self) -> Loss:
        return self.head.loss

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision of the predictions."""
        return self.networks[0].network.dtype

    @property
    def reads_images(self) -> bool:
        """Whether the inputs are images."""
        return self.networks[0].features.on_images

    @property
    def parameters(self) -> int:
        """The numbers in θ of all networks."""
        return sum(each.network.parameters.theta.size for each in self.networks)

    @property
    def ignored_columns(self) -> set[str]:
        """Columns that were left out when the networks were trained."""
        return {name for each in self.networks for name in each.features.ignored}

    @property
    def history(self) -> dict[str, list[float | None]]:
        """The epochs, column by column, of several networks those of the first; None where a value is not defined."""
        return self.histories[0]

    @property
    def leading_networks(self) -> list[FittedNetwork]:
        """The networks with the spec of the first: those that the metrics of the fit and the histories are of."""
        return select_leading_networks(self.networks)

    @property
    def histories(self) -> tuple[dict[str, list[float | None]], ...]:
        """The same of each of the leading networks, in order."""
        return tuple(
            {name: [None if isnan(value) else value for value in values.tolist()] for name, values in each.items()}
            for each in (network.history for network in self.leading_networks)
        )

    @property
    def layers(self) -> dict[str, dict[str, list[float | None]]]:
        """What was seen of the layers, by layer and by fact, one number a snapshot; their epochs are beside them.

        Of several networks that of the first; nothing without `training.watch_layers`.
        """
        return list_layer_columns(self.networks[0].snapshots)

    @property
    def watched(self) -> Watched:
        """What the fit watched on its validation rows."""
        return summarize_watched(self.networks)

    def columns(self) -> dict[str, FeatureColumn]:
        """The input columns of any network, by name."""
        return {column.name: column for each in self.networks for column in each.features.columns}

    @property
    def classes(self) -> NDArray[Any]:
        """The labels, in the order of `predict_proba`'s columns; empty if the target is a number."""
        return convert_labels_to_array(self.head.classes)

    def predict(self, data: Any) -> NDArray[Any]:
        """The prediction of each row: labels (rows,); numbers (rows,), of several targets (rows, targets).

        `data` has the columns of training by name, in any order: a mapping of columns, a list of records, one record, a
        data frame; or an array (rows, columns) in the model's order. Of images it is an array of bytes. Labels are of
        the type that their texts read as: int64, bool or str. Filled and unseen cells are a warning, OddCellsNotice;
        so are numbers that are not finite, NotFiniteNotice. Where no label can be told from scores that are not finite,
        a DataError counts the rows.

        >>> import mlptrain
        >>> table = {"x": [0.0, 1.0, 2.0, 3.0] * 8, "y": ["1", "1", "2", "2"] * 8}
        >>> model = mlptrain.fit({"data": {"target": "y"}, "training": {"epochs": 1}}, table).model
        >>> model.predict({"x": [0.0, 1.0]}).dtype, model.classes.tolist()
        (dtype('int64'), [1, 2])
        """
        return self.head.make_array(self.predict_memory(data))

    def predict_proba(self, data: Any) -> NDArray[Any]:
        """The probability of each class (rows, classes), in the order of `classes`; SpecError if the loss has none.

        >>> import mlptrain
        >>> table = {"x": [0.0, 1.0, 2.0, 3.0] * 8, "y": ["a", "a", "b", "b"] * 8}
        >>> model = mlptrain.fit({"data": {"target": "y"}, "training": {"epochs": 1}}, table).model
        >>> model.predict_proba({"x": [0.5, 2.5]}).sum(axis=1).round(6).tolist()
        [1.0, 1.0]
        """
        self.head.require_probabilities("predict_proba")
        return self.predict_memory(data)

    def predict_scores(self, data: Any) -> NDArray[Any]:
        """The network's own outputs (rows, outputs), before the loss's link: logits, or scaled numbers.

        One a class, of two classes with one output that of the second, or one a number; of several networks those of
        their average, as `mlptrain predict --scores` writes them.
        """
        rows, network = self.read_inputs(data), self.networks[0].network
        with limit_threads(network, network.chunk_rows(), None), advise_conversions():
            return predict_scores(self.networks, self.weights, rows)

    def predict_batches(
        self, batches: Iterable[Any], *, probabilities: bool = False, keep: Sequence[str] = ()
    ) -> Iterator[Any]:
        """A pyarrow.RecordBatch of predictions for each one of rows, as `mapInArrow` of Spark wants it.

        Its columns are those to `keep`, then the target (labels of their type, numbers as doubles), then those of the
        probabilities. Odd cells are a warning after the last batch.
        """
        from mlptrain.model.batches import predict_batches

        return predict_batches(self, batches, probabilities=probabilities, keep=keep)

    def predict_memory(self, data: Any) -> NDArray[Any]:
        """Scores of the classes, or numbers, of rows in memory; odd cells are a warning."""
        if (known := self.records.predict(data)) is not None:
            if known.odd is not None:
                warn_caller(OddCellsNotice(known.odd))
            return known.values
        rows, odd, network = self.read_inputs(data), OddCells(), self.networks[0].network
        with limit_threads(network, network.chunk_rows(), None), advise_conversions():
            values = self.predict_values(rows, odd)
            shares = self.describe_shares(rows)
        lost = NotFinite()
        lost.add(self.head.mark_not_finite(values), rows)
        warn_of_odd_rows(shares, odd, lost)
        self.records.remember(data, rows, odd)
        return values

    @cached_property
    def records(self) -> RecordPredictor:
        """Predicts single records without a table."""
        return RecordPredictor(self.networks, self.weights)

    def read_inputs(self, data: Any) -> Rows:
        """The rows to predict in any data in memory."""
        return (
            make_image_rows(data) if self.reads_images else make_prediction_rows(data, self.spec.data, self.columns())
        )

    def evaluate(self, data: Any, *, by: str | None = None, resamples: int | None = None) -> Evaluation:
        """The metrics of rows with their targets, with 95 % bootstrap intervals, as the command `eval` finds them.

        `by` names a column by whose values (or quartiles) the rows are also measured apart. Filled and unseen cells are
        a warning, OddCellsNotice, and counted in `odd_cells`; all that there is to say is a warning, and in `notices`.

        >>> import mlptrain
        >>> table = {"x": [0.0, 1.0, 2.0, 3.0] * 8, "y": [1.5, 3.5, 5.5, 7.5] * 8}
        >>> model = mlptrain.fit({"data": {"target": "y"}, "training": {"epochs": 1}}, table).model
        >>> model.evaluate(table).rows
        32
        """
        if not isinstance(by, str | None):
            raise SpecError(f"by: {shorten_repr(by)} is no name of a column")
        resamples = None if resamples is None else require_count(resamples, "resamples", least=0)
        if self.reads_images:
            raise SpecError(
                "evaluate: the model was trained on images; use `mlptrain eval MODEL IMAGES --labels LABELS`"
            )
        rows = make_evaluation_rows(data, self.spec.data, self.columns(), self.head, [] if by is None else [by])
        network = self.networks[0].network
        with limit_threads(network, network.chunk_rows(), None), advise_conversions():
            found = self.evaluate_rows(rows, by=by, resamples=resamples)
        for message in found.notices:
            odd = found.odd_cells
            warn_caller(OddCellsNotice(odd) if message == odd.words() else message)
        return found

    def evaluate_rows(
        self, rows: Rows, *, by: str | None = None, resamples: int | None = None, slicing: Slicing | None = None
    ) -> Evaluation:
        """The metrics of rows whose targets are known; `slicing` divides them where no column `by` does."""
        return self.judge_and_evaluate(rows, by=by, resamples=resamples, slicing=slicing).evaluation

    def judge_and_evaluate(
        self, rows: Rows, *, by: str | None = None, resamples: int | None = None, slicing: Slicing | None = None
    ) -> JudgedRows:
        """The same, with the rows that count and what the model is worth on each of them."""
        if not rows.count:
            absent = [name for name in (*self.columns(), *self.spec.data.targets) if name not in rows.inputs.columns]
            why = f"{rows.name}: there are no rows to evaluate on"
            raise DataError(rows.inputs.missing(absent) if absent and not rows.are_images else why)
        doubts = find_doubtful_rows(rows)
        rows, notices = drop_uncounted_rows(self.spec.data, rows)
        notices += [*doubts, *describe_blank_lines(rows), *self.describe_shares(rows)]
        if by is not None:
            slicing = slice_rows_by_column(rows.require_table("--by"), by, self.spec.data.rules.missing(by))
            notices += filter(None, [slicing.notice])
        odd, lost = OddCells(), NotFinite()
        judgement = self.judge(rows, odd)
        lost.add(self.head.mark_not_finite(judgement.predictions), rows)
        seen = [odd.words(), *self.head.describe_unknown(rows), lost.words(consequence="")]
        found = evaluate_judgement(
            judgement,
            self.head,
            baseline=self.measure_baseline,
            bits=stream(self.spec.seed, "bootstrap"),
            resamples=resamples,
            slicing=slicing,
            notices=[*notices, *filter(None, seen)],
        )
        evaluation = replace(found, watched=self.watched, odd_cells=odd, not_finite=lost.counts)
        return JudgedRows(rows=rows, judgement=judgement, evaluation=evaluation)

    @np.errstate(all="ignore")  # what is too large for its numbers is seen in the predictions
    def measure_baseline(self, truth: NDArray[Any], weights: NDArray[np.float64]) -> dict[str, Value]:
        """What the networks' baselines, averaged as they are, are worth on rows; nothing if one has none."""
        baselines = [each.baseline for each in self.networks if each.baseline is not None]
        if len(baselines) < len(self.networks):
            return {}
        return measure_mean_baseline(baselines, [each.head for each in self.networks], self.weights, truth, weights)

    def describe_shares(self, rows: Rows) -> list[str]:
        """Notices of columns that may hold fractions where training had numbers in per cent."""
        return describe_shares(rows.inputs, self.columns().values(), self.spec.data)

    def predict_values(self, rows: Rows, odd: OddCells | None = None) -> NDArray[Any]:
        """Σ w p / Σ w of the networks' predictions p: scores of the classes (B, C), or numbers (B, K).

        `odd` gets the cells that are odd to every network: unseen is what no network's training saw.
        """
        found = [OddRows() for _ in self.networks]
        predicted = (each.predict(rows, own) for each, own in zip(self.networks, found, strict=True))
        values = average_predictions(predicted, self.weights)
        if odd is not None:
            odd.add(join_odd_rows(found))
        return values

    @np.errstate(all="ignore")
    def judge(self, rows: Rows, odd: OddCells | None = None) -> Judgement:
        """Averaged predictions and losses of rows whose targets are known; `odd` gets the cells odd to all networks."""
        found = [OddRows() for _ in self.networks]
        judged = [each.judge(rows, own) for each, own in zip(self.networks, found, strict=True)]
        if odd is not None:
            odd.add(join_odd_rows(found))
        return average_judgements(judged, self.weights)

    def answer(
        self, rows: Rows, options: AnswerOptions, odd: OddCells | None = None, lost: NotFinite | None = None
    ) -> Columns:
        """Predictions for all rows, in order: kept columns, the prediction under the target's name, probabilities.

        `odd` gets the counts of odd cells, `lost` those of predictions that are not finite. Two columns of one name are
        a SpecError.
        """
        values = self.predict_values(rows, odd)
        if lost is not None:
            lost.add(self.head.mark_not_finite(values), rows)
        predicted = list_answers(self.head, values, self.dtype, options)
        if options.scores:
            predicted.append(self.write_scores(rows, lost))
        kept = select_kept_columns(rows, options.keep, join_columns(predicted))
        columns = join_columns([ColumnGroup(origin="--keep", columns=kept), *predicted])
        return escape_spreadsheet_formulas(columns) if options.spreadsheet_safe else columns

    def write_scores(self, rows: Rows, lost: NotFinite | None) -> ColumnGroup:
        """The columns of the scores of rows; `lost` gets the counts of those that are not finite."""
        scores = predict_scores(self.networks, self.weights, rows)
        if lost is not None:
            lost.add(mark_not_finite(scores, name_scores(self.head)), rows)
        return ColumnGroup(origin="a score", columns=write_scores(self.head, scores, self.dtype))

    def save(self, path: str | Path) -> None:
        """Publish the model as one file; a model that stood there is kept as <name>.previous.npz.

        Any other file that stands there stays, and is a SpecError.
        """
        file = require_path(path, "path")
        check_writable(file)
        require_replaceable_model(file)
        save_contents(self, file)

    @classmethod
    def load(cls, path: str | Path) -> "Model":
        """The model in a file; anything else is a ModelFileError."""
        return load_contents(require_path(path, "path"), cls)

    def to_bytes(self) -> bytes:
        """The bytes of the model's file."""
        return encode_model(self)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Model":
        """The model in the bytes of its file; anything else is a ModelFileError."""
        if not isinstance(content, bytes | bytearray | memoryview):
            raise SpecError(f"content: {shorten_repr(content)} is not the bytes of a model's file")
        return decode_model(content, cls)

    def __repr__(self) -> str:
        """What the model predicts, from how much, in one line."""
        classes = f" ({len(self.head.classes)} classes)" if self.head.has_classes else ""
        inputs = "images" if self.reads_images else f"{len(self.columns())} columns"
        several = f"{len(self.networks)} networks, " if len(self.networks) > 1 else ""
        target = ", ".join(self.head.names) or "label"
        return f"Model: {target}{classes} from {inputs}; {several}{self.parameters:,} parameters"

    def __reduce__(self) -> tuple[Any, ...]:
        return Model.from_bytes, (self.to_bytes(),)


def load(path: str | Path) -> Model:
    """The model in a file that `mlptrain fit`, `mlptrain.fit(…, out=…)` or `model.save` wrote.

    A file that is something else, or damaged, is a ModelFileError.

    >>> import mlptrain, tempfile
    >>> table = {"x": [0.0, 1.0, 2.0, 3.0] * 8, "y": [1.5, 3.5, 5.5, 7.5] * 8}
    >>> model = mlptrain.fit({"data": {"target": "y"}, "training": {"epochs": 1}}, table).model
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(f"{folder}/line.npz")
    ...     again = mlptrain.load(f"{folder}/line.npz")
    >>> bool((again.predict(table) == model.predict(table)).all())
    True
    """
    return Model.load(path)
