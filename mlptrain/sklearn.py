"""The estimators of scikit-learn: `MLPTrainClassifier` and `MLPTrainRegressor`, which fit as `mlptrain.fit` does.

A column is of the kind that its type says, unless the parameter `categories` or the spec says otherwise. The model is
that of `mlptrain fit` on a file of the same rows where these kinds are declared.
"""

from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mlptrain.arguments import count_threads
from mlptrain.data.cells import TextCells
from mlptrain.data.frames import convert_frame_to_columns, read_frame
from mlptrain.data.label_texts import convert_labels, describe_other_texts, find_labels, write_labels
from mlptrain.data.targets import convert_labels_to_array
from mlptrain.errors import DataError, EnvironmentFailure, SpecError
from mlptrain.interface import fit_in_memory, make_host, read_given_weights
from mlptrain.model.estimator_rows import (
    Columns,
    EstimatorRows,
    find_label_places,
    is_frame,
    join_parts,
    list_inputs_of_model,
    list_text_names,
    make_counted_rows,
    name_places,
    name_targets,
    require_names_of_training,
    require_no_masks,
    require_size,
    require_targets,
    require_targets_of_training,
    split_columns,
)
from mlptrain.model.estimator_weights import multiply_weights, read_weights, require_class_weights
from mlptrain.model.memory_rows import NAME
from mlptrain.model.model import Model
from mlptrain.notices import warn_caller
from mlptrain.reporting.sinks import make_sink
from mlptrain.spec.parameters import (
    KEYS,
    Roles,
    declare_categories,
    drop_keys_said_elsewhere,
    list_ignored_columns,
    make_draft_from_parameters,
    refuse_class_weights_twice,
)

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import assert_all_finite, check_array, check_consistent_length, check_random_state, column_or_1d
    from sklearn.utils.class_weight import compute_class_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:
    WHY = "mlptrain.sklearn: the estimators need scikit-learn, 1.6 or newer"
    raise EnvironmentFailure(f"{WHY}: pip install 'mlptrain[sklearn]'") from None

__all__ = ["MLPTrainClassifier", "MLPTrainRegressor"]

Array = NDArray[Any]
Doubles = NDArray[np.float64]


class TableEstimator(BaseEstimator):  # type: ignore[misc]
    """What both estimators share: the parameters, rows of any form as a table, the model."""

    target_kind: ClassVar[str]
    """What the spec declares the targets to be."""

    def __init__(
        self,
        recipe: str | None = "plain",
        *,
        hidden: Sequence[int] | None = None,
        activation: str | Mapping[str, Any] | None = None,
        dropout: float | Sequence[float] | None = None,
        learning_rate: float | None = None,
        epochs: int | None = None,
        batch_size: int | str | None = None,
        validation: float | None = None,
        early_stopping: bool | int | Mapping[str, Any] | None = None,
        time_limit: float | str | None = None,
        initial_weights: str | Path | Model | None = None,
        categories: Sequence[str | int] | None = None,
        spec: Mapping[str, Any] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.recipe, self.spec, self.categories = recipe, spec, categories
        self.hidden, self.activation, self.dropout = hidden, activation, dropout
        self.learning_rate, self.epochs, self.batch_size = learning_rate, epochs, batch_size
        self.validation, self.early_stopping, self.time_limit = validation, early_stopping, time_limit
        self.random_state, self.n_jobs, self.verbose = random_state, n_jobs, verbose
        self.initial_weights = initial_weights

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> Self:
        """Train on the rows of X and y; those of X_val and y_val tell the best epoch, if they are given.

        A row of weight 0 is left out. SpecError or DataError, which are ValueErrors, say what is wrong with the
        parameters or the rows. Notices are warnings.
        """
        self.__dict__.pop("model_", None)  # a fit that fails leaves no model of other columns
        require_no_masks(y=y, sample_weight=sample_weight, y_val=y_val)
        train = self.read_training_rows(X, y, sample_weight)
        held = self.read_validation_rows(X_val, y_val, y, train.targets)
        columns, weight, part = join_parts(train, held)
        targets = dict.fromkeys(train.targets, self.target_kind)
        roles = Roles(kinds=self.find_kinds(train.inputs), targets=targets, weight=weight, part=part)
        self.take_over(self.train(columns, roles))
        return self

    def train(self, columns: Columns, roles: Roles) -> Model:
        """The model of the rows whose weight is not 0."""
        seed, ignored = draw_seed(self.random_state), list_ignored_columns(self.spec)
        flat, weights = {name: getattr(self, name) for name in KEYS}, read_given_weights(self.initial_weights)
        draft = make_draft_from_parameters(self.recipe, self.spec, flat, roles=roles, seed=seed, weights=weights)
        rows = make_counted_rows(columns, draft.spec.data, roles.weight, ignored=ignored)
        sinks = [make_sink("lines", title=type(self).__name__)] if self.verbose else []
        return fit_in_memory(draft, rows, Path(), sinks, make_host(count_threads(self.n_jobs))).model

    def take_over(self, model: Model) -> None:
        """Keep a fitted model, and what there is to say of its fit."""
        self.model_, self.result_, self.history_ = model, dict(model.result), model.history
        self.n_iter_, self.best_iteration_ = model.result["epochs"], model.result["best_epoch"]

    # Rows

    def read_training_rows(self, X: Any, y: Any, sample_weight: Any) -> EstimatorRows:
        """The rows to train on; what is to be learned is that of the rows whose weight is not 0."""
        inputs, weights, targets = self.read_inputs(X, reset=True), read_weights(sample_weight), self.read_targets(y)
        check_consistent_length(X, targets, weights)
        if weights is not None and not weights.all():
            targets = np.where((weights > 0).reshape(-1, *[1] * (targets.ndim - 1)), targets, targets[weights > 0][0])
        self.learn_targets(targets)
        written = self.write_targets(targets, name_targets(y, targets, list(inputs)))
        return EstimatorRows(inputs=inputs, targets=written, weights=self.weigh_rows(targets, weights))

    def read_validation_rows(self, X: Any, y: Any, trained: Any, known: Columns) -> EstimatorRows | None:
        """The rows that tell the best epoch; None where none are given. `trained` is y, `known` its columns."""
        if X is None and y is None:
            return None
        if X is None or y is None:
            raise SpecError("X_val and y_val belong together; give both, or neither")
        inputs, targets = self.read_inputs(X), self.read_targets(y)
        check_consistent_length(X, targets)
        require_targets_of_training(trained, known, y, targets)
        written = self.write_targets(targets, list(known))
        return EstimatorRows(inputs=inputs, targets=written, weights=self.weigh_rows(targets, None))

    def learn_targets(self, targets: Array) -> None:
        """Keep what there is to know of the targets before a fit: nothing of numbers."""

    def weigh_rows(self, targets: Array, weights: Doubles | None) -> Doubles | None:  # noqa: ARG002
        """The weights of rows, as they are given."""
        return weights

    def read_inputs(self, X: Any, *, reset: bool = False) -> Columns:
        """The columns of X by name, checked as scikit-learn does; with `reset` their names and number are kept."""
        least = 2 if reset else 1  # of one row there is nothing to learn
        if is_frame(X):
            require_size(X, least)
            validate_data(self, X, reset=reset, skip_check_array=True)
            columns = convert_frame_to_columns(X, NAME)
            names, values = list_text_names(columns), list(columns.values())
        else:
            options = {"dtype": None, "ensure_all_finite": False, "ensure_min_samples": least}
            names, values = [], split_columns(X, validate_data(self, X, reset=reset, **options))
        if reset:
            self.input_names_ = names or name_places(len(values))
        require_names_of_training(names, self.input_names_)  # scikit-learn below 1.9 knows those of pandas alone
        return dict(zip(self.input_names_, values, strict=True))

    def find_kinds(self, inputs: Columns) -> dict[str, str]:
        """The kind of each input column: that of its type, or category where the parameter says so."""
        known = read_frame(inputs, name=NAME, unread=list_ignored_columns(self.spec)).types
        return declare_categories({name: known[name].kind for name in inputs}, self.categories)

    def predict_values(self, X: Any) -> Doubles:
        """What the model predicts: scores of the classes (rows, classes), or numbers (rows, targets)."""
        check_is_fitted(self)
        return np.asarray(self.model_.predict_memory(self.read_inputs(X)), np.float64)

    # Files

    def save(self, path: str | Path) -> None:
        """Write the model as `mlptrain fit` does: an .npz that the commands and `mlptrain.load` read."""
        check_is_fitted(self)
        self.model_.save(path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The estimator of a model in a file, with the parameters that its spec says."""
        model = Model.load(path)
        estimator = cls(recipe=None, spec=drop_keys_said_elsewhere(model.spec), random_state=model.spec.seed)
        names = list_inputs_of_model(model, str(path))
        estimator.restore_targets(model, str(path))
        estimator.input_names_, estimator.n_features_in_ = names, len(names)
        if names != name_places(len(names)):
            estimator.feature_names_in_ = np.array(names, object)
        estimator.take_over(model)
        return estimator

    def __getstate__(self) -> dict[str, Any]:
        """The state with the bytes of models' files, so that a pickle holds no object of ours but the estimator."""
        state = dict(super().__getstate__())
        return state | {name: value.to_bytes() for name, value in state.items() if isinstance(value, Model)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        kept = {name: state[name] for name in ("model_", "initial_weights") if isinstance(state.get(name), bytes)}
        super().__setstate__(state | {name: Model.from_bytes(value) for name, value in kept.items()})

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.categorical = tags.input_tags.string = True
        return tags


class MLPTrainClassifier(ClassifierMixin, TableEstimator):  # type: ignore[misc]
    """A classifier trained by mlptrain on the columns of an array or a data frame.

    `recipe` names a packaged spec, None for none; `spec` is a dict of keys of the spec that lie over it. The other
    parameters lie over both, and None leaves them to the recipe: `hidden` (units of each layer), `activation`,
    `dropout`, `learning_rate`, `epochs`, `batch_size`, `validation` (the share of the rows that tells the best epoch),
    `early_stopping` (a patience in epochs) and `time_limit` (such as "30s"). `initial_weights`, a model or its file, is
    what training starts from. `class_weight` ("balanced", or a dict of labels) multiplies the weights of the rows, in
    training and in the choice of the best epoch. `categories` lists columns, by name or position, that are categories
    although they hold numbers. `random_state` is the seed, `n_jobs` the number of threads of a fit; with `verbose` each
    epoch is a line on stderr.

    Fitted: `classes_`, `n_features_in_`, `feature_names_in_` (of a frame whose names are texts), `n_iter_` and
    `best_iteration_` in epochs, `model_` (the Model), `result_` (metrics and more, plain values) and `history_`.
    """

    target_kind = "category"

    def __init__(
        self,
        recipe: str | None = "plain",
        *,
        hidden: Sequence[int] | None = None,
        activation: str | Mapping[str, Any] | None = None,
        dropout: float | Sequence[float] | None = None,
        learning_rate: float | None = None,
        epochs: int | None = None,
        batch_size: int | str | None = None,
        validation: float | None = None,
        early_stopping: bool | int | Mapping[str, Any] | None = None,
        time_limit: float | str | None = None,
        initial_weights: str | Path | Model | None = None,
        class_weight: str | Mapping[Any, float] | None = None,
        categories: Sequence[str | int] | None = None,
        spec: Mapping[str, Any] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            recipe,
            hidden=hidden,
            activation=activation,
            dropout=dropout,
            learning_rate=learning_rate,
            epochs=epochs,
            batch_size=batch_size,
            validation=validation,
            early_stopping=early_stopping,
            time_limit=time_limit,
            initial_weights=initial_weights,
            categories=categories,
            spec=spec,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def read_targets(self, y: Any) -> Array:
        """The labels (rows,), of any type."""
        require_targets(y, type(self).__name__)
        labels = column_or_1d(convert_labels(y), warn=True)
        assert_all_finite(labels, input_name="y")
        if labels.dtype == object:
            find_labels(labels)  # whose error says more than the one of the next line
        check_classification_targets(labels)
        return np.asarray(labels)

    def learn_targets(self, labels: Array) -> None:
        """Keep the classes, their texts and their weights."""
        self.classes_ = find_labels(labels)
        self.label_texts_ = write_labels(self.classes_.tolist())
        if notice := describe_other_texts(self.classes_.tolist(), self.label_texts_):
            warn_caller(notice)
        refuse_class_weights_twice(self.spec, self.class_weight)
        require_class_weights(self.class_weight)
        self.class_weight_ = compute_class_weight(self.class_weight, classes=self.classes_, y=labels)

    def find_places(self, labels: Array) -> NDArray[np.int64]:
        """The place of each label in `classes_`; a DataError for one that is no class."""
        return find_label_places(labels, self.classes_.tolist())

    def write_targets(self, labels: Array, names: Sequence[str]) -> Columns:
        """The column of the labels' texts."""
        return {names[0]: np.array(self.label_texts_, object)[self.find_places(labels)]}

    def weigh_rows(self, labels: Array, weights: Doubles | None) -> Doubles | None:
        """The weights of rows, times those of their classes."""
        if self.class_weight is None:
            return weights
        return multiply_weights(self.class_weight_[self.find_places(labels)], labels.tolist(), weights)

    def take_over(self, model: Model) -> None:
        """Keep a fitted model, and which of its scores is that of each class."""
        super().take_over(model)
        cells = TextCells(np.arange(len(self.label_texts_), dtype=np.int32), self.label_texts_)
        self.places_ = model.head.target.codes(cells)  # type: ignore[union-attr]
        if (self.places_ < 0).any():
            raise SpecError("spec: data: what it says of missing values or replacements makes other labels of y")

    def restore_targets(self, model: Model, name: str) -> None:
        """The classes of a model in a file, of the type that their texts read as."""
        if not model.head.has_classes:
            raise SpecError(f"{name}: this model predicts no classes; load it by MLPTrainRegressor")
        self.classes_, first = np.unique(convert_labels_to_array(model.head.classes), return_index=True)
        self.label_texts_ = [model.head.classes[k] for k in first.tolist()]

    def score_classes(self, X: Any) -> Doubles:
        """The scores of the classes (rows, classes), in the order of `classes_`."""
        return self.predict_values(X)[:, self.places_]

    def predict(self, X: Any) -> Array:
        """The label of each row; a DataError where the scores are not finite numbers, of which there is no greatest."""
        scores = self.score_classes(X)
        if not (finite := np.isfinite(scores).all(axis=1)).all():
            count = int((~finite).sum())
            raise DataError(f"predict: in {count:,} of {len(scores):,} rows the scores of the classes are not finite")
        return np.asarray(self.classes_[scores.argmax(axis=1)])

    def predict_proba(self, X: Any) -> Doubles:
        """The probability of each class (rows, classes), in the order of `classes_`."""
        check_is_fitted(self)
        self.model_.head.require_probabilities("predict_proba")
        scores = self.score_classes(X)
        return scores / scores.sum(axis=1, keepdims=True)  # of float32 the sum is 1 but for its last digit


class MLPTrainRegressor(RegressorMixin, TableEstimator):  # type: ignore[misc]
    """A regressor trained by mlptrain on the columns of an array or a data frame; y is one number a row, or several.

    The parameters and what is fitted are those of MLPTrainClassifier, without `class_weight` and `classes_`:
    `n_features_in_`, `feature_names_in_`, `n_iter_`, `best_iteration_`, `model_`, `result_`, `history_`.
    """

    target_kind = "number"

    def read_targets(self, y: Any) -> Array:
        """The numbers (rows,), of several targets (rows, targets)."""
        require_targets(y, type(self).__name__)
        values = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        return np.asarray(column_or_1d(values, warn=True) if values.ndim == 2 and values.shape[1] == 1 else values)

    def write_targets(self, values: Array, names: Sequence[str]) -> Columns:
        """The columns of the targets."""
        return dict(zip(names, values.reshape(len(values), -1).T, strict=True))

    def restore_targets(self, model: Model, name: str) -> None:
        """Refuse a model in a file that predicts no numbers."""
        if model.head.has_classes:
            raise SpecError(f"{name}: this model predicts classes; load it by MLPTrainClassifier")

    def predict(self, X: Any) -> Doubles:
        """The number of each row (rows,), of several targets (rows, targets)."""
        values = self.predict_values(X)
        return np.asarray(self.model_.head.make_array(values))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def draw_seed(random_state: Any) -> int:
    """The seed that a random state means: a whole number itself, else one that is drawn."""
    if isinstance(random_state, Integral):
        return int(random_state)
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    return int(check_random_state(random_state).randint(2**31 - 1))
