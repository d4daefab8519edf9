"""The spec: everything that says how a network is made and trained, field by field. Frozen, plain, complete."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from mlptrain.data.column_rules import ColumnRules, FeatureRules, Imputing
from mlptrain.data.columns import Kind
from mlptrain.data.delimited import TableFormat
from mlptrain.data.encodings import Encoding, OneHotEncoding
from mlptrain.data.scaling import Scaling, StandardScaling
from mlptrain.data.targets import Transform
from mlptrain.engine.activations import ReLU
from mlptrain.engine.embeddings import NumericEmbedding
from mlptrain.engine.initializers import Auto, BiasInitializer, Initializer, Zeros
from mlptrain.engine.layers import AnyActivation, AnyDropout, Parametrization
from mlptrain.engine.losses import Loss
from mlptrain.engine.members import Members, Networks
from mlptrain.engine.norms import Norm
from mlptrain.engine.optimizers import Adam, Optimizer
from mlptrain.engine.penalties import Penalty
from mlptrain.engine.schedules import Schedule

Positive = Annotated[int, Ge(1), Le(10**9)]
Units = Annotated[int, Ge(1), Le(10**6)]
Monitor = Literal[
    "loss", "accuracy", "error_rate", "balanced_accuracy", "f1", "auc", "log_loss", "mcc", "rmse", "mae", "r2"
]
"""What can be watched: names of metrics."""


@dataclass(frozen=True, kw_only=True)
class Images:
    """A pair of IDX files (gzip or not)."""

    images: str
    labels: str | None = None


Source = str | tuple[str, ...] | Images
"""A table's file (CSV, TSV, Parquet; gzip or not), a pattern such as part-*.csv, a list of such; or images."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """What is held out of the training file."""

    validation: Annotated[float, Ge(0), Lt(1)] | Source = 0.0
    """A share of the rows, or a file of its own."""
    test: Annotated[float, Ge(0), Lt(1)] = 0.0
    """A share of the rows that only `eval` sees."""
    type: Literal["auto", "random", "stratify", "group", "time", "column"] = "auto"
    """`stratify` keeps the classes' shares in every part (`auto` does so for classes); `group` keeps the rows of a
    group together; `time` trains on the earliest rows and tests on the latest; `column` says train, validation or test
    in every row."""
    column: str | None = None
    """The column of groups, times or parts; it is no feature, unless `data.columns` gives it a type."""
    folds: Annotated[int, Ge(2), Le(100)] | None = None
    """So many models, each validated on another part of the rows (cross-validation); together they are one model,
    which predicts with their average."""
    repeats: Annotated[int, Ge(1), Le(100)] = 1
    """How often the folds, or the share for validation, are drawn anew; more models in the average."""

    @property
    def validates(self) -> bool:
        """Whether there are validation rows."""
        return self.validation != 0.0 or self.folds is not None or self.type == "column"


@dataclass(frozen=True, kw_only=True)
class Data(TableFormat):
    """Where the rows come from and how they are read. Paths are relative to the spec's folder."""

    train: Source
    target: str | tuple[str, ...] = ""
    """The column to predict; a list for several numbers at once. Not needed for images."""
    test: Source | None = None
    """What `mlptrain eval MODEL` is measured on."""
    columns: Mapping[str, Kind | ColumnRules] = field(default_factory=dict)
    """Kinds that overrule what is found (number, category, boolean, date, ignore), or a map of the column's own
    settings: {age: {type: number, scaling: robust}}."""
    split: Split = field(default_factory=Split)
    missing_values: tuple[str, ...] = ()
    """Texts that mean missing, beside the empty cell."""
    missing_target: Literal["error", "drop"] = "error"
    """What becomes of rows without a target."""
    imputing: Imputing = field(default_factory=Imputing)
    scaling: Scaling = field(default_factory=StandardScaling)
    """Of number columns, by statistics of the training rows."""
    category_encoding: Encoding = field(default_factory=OneHotEncoding)
    """How category columns become numbers; of one column, its `encoding`."""
    min_frequency: Positive = 1
    """Levels of a category rarer than this share the slot for unseen values."""
    scale_target: bool = True
    """Whether number targets are standardised for the network (never for the poisson loss)."""
    target_transform: Transform = "none"
    """log or log1p: the network learns the logarithm of number targets (of 1 + them); metrics and predictions keep the
    user's units."""
    clamp_target: bool = False
    """Whether predicted numbers are kept within those of the training rows."""
    sample_weight: str | None = None
    """A column of row weights; it is no feature."""

    @property
    def rules(self) -> FeatureRules:
        """What is said about columns."""
        columns = {
            name: own if isinstance(own, ColumnRules) else ColumnRules(type=own) for name, own in self.columns.items()
        }
        return FeatureRules(
            columns=columns,
            missing_values=self.missing_values,
            scaling=self.scaling,
            imputing=self.imputing,
            encoding=self.category_encoding,
            min_frequency=self.min_frequency,
        )

    @property
    def missing_targets(self) -> tuple[str, ...]:
        """The texts that mean a missing target, beside the empty cell."""
        own = (mark for name in self.targets for mark in self.rules.of(name).missing_values)
        return tuple(dict.fromkeys((*self.missing_values, *own)))

    @property
    def targets(self) -> tuple[str, ...]:
        """The target column(s)."""
        return (self.target,) if isinstance(self.target, str) else self.target


@dataclass(frozen=True, kw_only=True)
class LayerSpec:
    """One hidden layer in the long form; what it does not say is as `model` says."""

    units: Units
    activation: AnyActivation | None = None
    norm: Norm | None = None
    dropout: AnyDropout | None = None
    kernel_initializer: Auto | Initializer | None = None
    bias_initializer: BiasInitializer | None = None
    max_norm: Annotated[float, Gt(0)] | None = None


@dataclass(frozen=True, kw_only=True)
class OutputSpec:
    """The output layer, where it differs from what `model` says."""

    kernel_initializer: Initializer | None = None
    bias_initializer: BiasInitializer | None = None


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """The network: hidden layers (units, norm, activation, dropout, in this order) and a linear output layer."""

    hidden: tuple[Units, ...] = (64, 64)
    """Units of each hidden layer; [] is linear or logistic regression."""
    layers: tuple[LayerSpec, ...] | None = None
    """The long form, in place of `hidden`."""
    residual: Annotated[int, Ge(1), Le(1000)] | None = None
    """Residual blocks of so many hidden layers: each block adds its input to its output. The first hidden layer stands
    before them; the last layer of a block must have as many units as there are before the block."""
    numeric_embedding: NumericEmbedding | None = None
    """Several learned inputs beside each number, a learned function of it."""
    input_scaling: bool = False
    """Whether each input is multiplied by a learned factor."""
    activation: AnyActivation = field(default_factory=ReLU)
    norm: Norm | None = None
    dropout: AnyDropout | tuple[AnyDropout, ...] | None = None
    """The probability of zeroing, for all hidden layers or as a list, one for each."""
    input_dropout: AnyDropout | None = None
    kernel_initializer: Auto | Initializer = field(default_factory=Auto)
    bias_initializer: BiasInitializer = field(default_factory=Zeros)
    max_norm: Annotated[float, Gt(0)] | None = None
    """Bound on the norm (not squared) of each hidden unit's incoming weights."""
    parametrization: Parametrization = "standard"
    """ntk: a layer of I inputs divides its sums by √I, and `auto` draws weights of variance 1."""
    output: OutputSpec = field(default_factory=OutputSpec)
    calibration: Literal["none", "temperature"] = "none"
    """temperature: after training the logits are divided by the T that gives the validation rows the least log loss."""
    dtype: Literal["float32", "float64"] = "float32"


@dataclass(frozen=True, kw_only=True)
class Schedules:
    """How a quantity changes during training; without a schedule it is constant."""

    learning_rate: Schedule | None = None
    momentum: Schedule | None = None
    dropout: Schedule | None = None
    weight_decay: Schedule | None = None


@dataclass(frozen=True, kw_only=True)
class EarlyStopping:
    """Stop when the watched quantity has not improved by more than `min_delta` for `patience` epochs."""

    patience: Positive = 10
    min_delta: Annotated[float, Ge(0)] = 0.0
    start_from_epoch: Annotated[int, Ge(0)] = 0


@dataclass(frozen=True, kw_only=True)
class Training:
    """How long, in which batches, watching what."""

    epochs: Positive = 100
    batch_size: Positive | Literal["full"] = 32
    shuffle: bool = True
    drop_last: bool = False
    """Whether the rows that are left over after the whole batches of an epoch are left out."""
    monitor: Monitor = "loss"
    """The quantity of the validation part that decides the best epoch, early stopping and reductions."""
    ties: Literal["first", "last"] = "first"
    """Which of several epochs that are equally good is the best one."""
    early_stopping: EarlyStopping | None = None
    time_limit: Annotated[float, Gt(0)] | str | None = None
    """The time for the whole fit, as 90s, 10m or 1.5h (a number: seconds): where `epochs` do not fit into it, fewer."""
    refit: bool = False
    """Whether, once the best epoch is known, a new network is trained on all rows, those for validation included, up to
    that epoch; it is the one that is kept. Schedules run as before, from the same seed."""
    class_weight: Literal["balanced"] | Mapping[str, Annotated[float, Gt(0)]] | None = None
    """Weights of the classes: `balanced` is rows / (classes · rows of the class)."""
    train_loss: Literal["running", "evaluation"] = "running"
    """What an epoch reports: the mean over its batches as trained, or one more pass in evaluation mode."""
    gradient_norm: bool = False
    """Whether an epoch reports the norm of its last gradient."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A whole spec."""

    data: Data
    model: ModelSpec = field(default_factory=ModelSpec)
    loss: Loss | None = None
    """By default what suits the target: binary_cross_entropy, cross_entropy or mean_squared_error."""
    optimizer: Optimizer = field(default_factory=Adam)
    schedules: Schedules = field(default_factory=Schedules)
    regularization: Penalty = field(default_factory=Penalty)
    training: Training = field(default_factory=Training)
    members: Members = field(default_factory=Networks)
    """Networks side by side that predict with their average: a number, so many of their own, or `tabm` or `tabm_mini`,
    which share a trunk: {name: tabm, count: 16}."""
    seed: Annotated[int, Ge(0), Lt(2**63)] = 0
