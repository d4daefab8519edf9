"""The spec: everything that says how a network is made and trained, field by field. Frozen, plain, complete."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from mlptrain.data.column_rules import ColumnRules, FeatureRules
from mlptrain.data.encodings import Encoding, OneHotEncoding
from mlptrain.data.features import Kind
from mlptrain.data.imputing import Imputing
from mlptrain.data.scaling import Scaling, StandardScaling
from mlptrain.data.table_format import TableFormat
from mlptrain.data.targets import Transform
from mlptrain.engine.activations import ReLU
from mlptrain.engine.dropout import AnyDropout
from mlptrain.engine.embeddings import NumericEmbedding
from mlptrain.engine.initializers import Auto, BiasInitializer, Initializer, Zeros
from mlptrain.engine.layers import Parametrization
from mlptrain.engine.losses import Loss
from mlptrain.engine.members import Members, Networks
from mlptrain.engine.metrics import METRICS
from mlptrain.engine.norms import Norm
from mlptrain.engine.optimizers import Adam, Optimizer
from mlptrain.engine.penalties import Penalty
from mlptrain.engine.schedules import Schedule
from mlptrain.engine.units import AnyActivation
from mlptrain.plain import LATER, OF_A_RUN
from mlptrain.spec.block_shuffle import BlockShuffle

Positive = Annotated[int, Ge(1), Le(10**9)]
Units = Annotated[int, Ge(1), Le(10**6)]
if TYPE_CHECKING:
    Monitor = str
else:
    Monitor = Literal[("loss", *METRICS)]
"""What can be watched: the loss, or a metric by its name."""


@dataclass(frozen=True, kw_only=True)
class Images:
    """A pair of IDX files (gzip or not)."""

    images: str
    """The file of the pixels."""
    labels: str | None = None
    """The file of the classes, one a picture; only `predict` does without."""


Source = str | tuple[str, ...] | Images
"""A table's file (CSV, TSV, Parquet; gzip or not), a pattern such as part-*.csv, a list of such; or images."""


def narrow_to_images(source: object) -> Images | None:
    """The pair of image files that a source is, None for tables."""
    return source if isinstance(source, Images) else None


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
    """Cross-validation: this many models are trained, each validated on another part of the rows; together they are one
    model, which predicts with their average."""
    repeats: Annotated[int, Ge(1), Le(100)] = 1
    """How often the folds, or the share for validation, are drawn anew; more models in the average."""

    @property
    def trainings(self) -> int:
        """How many networks are trained, each on other rows."""
        return (self.folds or 1) * self.repeats

    @property
    def validates(self) -> bool:
        """Whether there are validation rows."""
        return self.validation != 0.0 or self.folds is not None or self.type == "column"

    @property
    def validation_share(self) -> float:
        """The share of the rows that is for validation; 0 where the rows are in a file of their own."""
        return self.validation if isinstance(self.validation, float) else 0.0

    @property
    def validation_file(self) -> Source | None:
        """The validation rows' own file, if they have one."""
        return None if isinstance(self.validation, float) else self.validation

    @property
    def key_column(self) -> str:
        """The column of groups, times or parts; the rules hold that there is one where it is needed."""
        return self.column or ""


@dataclass(frozen=True, kw_only=True)
class Data(TableFormat):
    """Where the rows come from and how they are read. Paths are relative to the spec's folder.

    URLs (s3, gs, abfss, hdfs, https) are read, and never written.
    """

    train: Source
    """The training rows: a file (CSV, TSV, Parquet; gzip or not), a pattern such as part-*.csv, a list of files, or
    images."""
    target: str | tuple[str, ...] = ""
    """The column to predict; a list for several numbers at once. Not needed for images."""
    test: Source | None = None
    """The rows that `mlptrain eval MODEL` measures on; for want of a test part it measures the training file."""
    columns: Mapping[str, Kind | ColumnRules] = field(default_factory=dict)
    """Kinds that overrule what is found (number, category, boolean, date, ignore), or a map of the column's own
    settings: {age: {type: number, scaling: robust}}."""
    split: Split = field(default_factory=Split)
    """Which rows are held out for validation and test."""
    missing_values: tuple[str, ...] = ()
    """Texts that mean missing, beside the empty cell."""
    missing_target: Literal["error", "drop"] = "error"
    """`error` refuses rows without a target; `drop` leaves them out."""
    imputing: Imputing = field(default_factory=Imputing)
    """How missing numbers are filled."""
    scaling: Scaling = field(default_factory=StandardScaling)
    """How number columns are scaled, by statistics of the training rows."""
    category_encoding: Encoding = field(default_factory=OneHotEncoding)
    """How category columns become numbers; for a single column, set its `encoding` in `columns`."""
    min_frequency: Positive = 1
    """Levels of a category rarer than this share the slot for unseen values."""
    scale_target: bool = True
    """Standardise number targets for the network (never done for the poisson loss)."""
    target_transform: Transform = "none"
    """log or log1p: the network learns the logarithm of number targets (of 1 + them); metrics and predictions keep the
    user's units."""
    clamp_target: bool = False
    """Keep predicted numbers within the range of the training targets."""
    positive_class: str | None = None
    """Of two classes the one that precision, recall, f1 and average_precision are of; by default the second in the
    order shown."""
    sample_weight: str | None = None
    """A column of row weights, which is no feature. Rows of weight 0 do not count; in a file that has no such column
    every row counts once, and a note says so."""
    memory: Literal["auto", "memory", "files"] = field(default="auto", metadata=OF_A_RUN)
    """Where the cells of a table and the matrix of its rows are held: in `memory`, in `files` without a name
    (`fit --spill-dir`), or in files where they take more than 70 % of what is free. The model is the same, and does not
    keep it."""

    @property
    def column_names(self) -> frozenset[str]:
        """The columns that the spec speaks of."""
        own = (self.sample_weight, self.split.column)
        return frozenset([*self.targets, *self.columns, *filter(None, own)])

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
    """One hidden layer in the long form; keys that are left out are taken from `model`."""

    units: Units
    """The width of the layer."""
    activation: AnyActivation | None = None
    """In place of `model.activation`."""
    norm: Norm | None = None
    """In place of `model.norm`."""
    dropout: AnyDropout | None = None
    """In place of `model.dropout`."""
    kernel_initializer: Auto | Initializer | None = None
    """In place of `model.kernel_initializer`."""
    bias_initializer: BiasInitializer | None = None
    """In place of `model.bias_initializer`."""
    max_norm: Annotated[float, Gt(0)] | None = None
    """In place of `model.max_norm`."""


@dataclass(frozen=True, kw_only=True)
class OutputSpec:
    """The output layer, where it differs from the hidden layers."""

    kernel_initializer: Initializer | None = None
    """How its weights are drawn; by default as `model.kernel_initializer` says."""
    bias_initializer: BiasInitializer | None = None
    """How its biases are drawn; by default as `model.bias_initializer` says."""


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """The network: hidden layers (units, norm, activation, dropout, in this order) and a linear output layer."""

    hidden: tuple[Units, ...] = (64, 64)
    """Units of each hidden layer; [] is linear or logistic regression."""
    layers: tuple[LayerSpec, ...] | None = None
    """The long form, in place of `hidden`."""
    residual: Annotated[int, Ge(1), Le(1000)] | None = None
    """The number of hidden layers in a residual block, which adds its input to its output. The first hidden layer
    stands before the blocks; the last layer of a block must have as many units as the layer before the block."""
    numeric_embedding: NumericEmbedding | None = None
    """Replace each number by several learned functions of it; the number itself stays beside them."""
    input_scaling: bool = False
    """Multiply each input by a learned factor."""
    activation: AnyActivation = field(default_factory=ReLU)
    """What follows the weighted sums of each hidden layer."""
    norm: Norm | None = None
    """Normalisation before the activation of each hidden layer."""
    dropout: AnyDropout | tuple[AnyDropout, ...] | None = None
    """The probability of zeroing, for all hidden layers or as a list, one for each."""
    input_dropout: AnyDropout | None = None
    """The probability of zeroing an input of the network."""
    kernel_initializer: Auto | Initializer = field(default_factory=Auto)
    """How the weights of the hidden layers are drawn before training."""
    bias_initializer: BiasInitializer = field(default_factory=Zeros)
    """How their biases are drawn before training."""
    max_norm: Annotated[float, Gt(0)] | None = None
    """Bound on the norm (not squared) of each hidden unit's incoming weights."""
    parametrization: Parametrization = "standard"
    """ntk: a layer of I inputs divides its sums by √I, and `auto` draws weights of variance 1."""
    output: OutputSpec = field(default_factory=OutputSpec)
    """The output layer, where it differs."""
    calibration: Literal["none", "temperature"] = "none"
    """temperature: after training the logits are divided by the T that gives the validation rows the least log loss."""
    dtype: Literal["float32", "float64"] = "float32"
    """The precision of all computations in the network."""


@dataclass(frozen=True, kw_only=True)
class Schedules:
    """How a quantity changes during training; without a schedule it is constant."""

    learning_rate: Schedule | None = None
    """Of the optimizer's learning rate."""
    momentum: Schedule | None = None
    """Of the momentum, for the optimizers momentum and nesterov."""
    dropout: Schedule | None = None
    """Of every dropout rate."""
    weight_decay: Schedule | None = None
    """Of the weight decay."""


@dataclass(frozen=True, kw_only=True)
class EarlyStopping:
    """Stop when the watched quantity has not improved by more than `min_delta` for `patience` epochs."""

    patience: Positive = 10
    """Epochs without an improvement after which training stops."""
    min_delta: Annotated[float, Ge(0)] = 0.0
    """Smaller improvements do not count."""
    start_from_epoch: Annotated[int, Ge(0)] = 0
    """Epochs before this one do not count."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """How long the network is trained, in which batches, and which quantity decides the best epoch."""

    epochs: Positive = 100
    """Passes over the training rows, at most."""
    batch_size: Positive | Literal["full"] = 32
    """Rows of one step; `full` takes all training rows at once."""
    shuffle: bool | BlockShuffle = True
    """Draw the order of the rows anew in every epoch. A map, which may be {}, mixes them a group of blocks at a time:
    for a matrix larger than memory."""
    drop_last: bool = False
    """Leave out the last batch of an epoch if it is smaller than the others."""
    monitor: Monitor = "loss"
    """The quantity, measured on the validation rows, that decides the best epoch, early stopping and reductions of the
    learning rate."""
    ties: Literal["first", "last"] = "first"
    """Which of several equally good epochs is the best one."""
    early_stopping: EarlyStopping | None = None
    """Stop before the last epoch once nothing improves."""
    time_limit: Annotated[float, Gt(0)] | str | None = None
    """The time for the whole fit, as 90s, 10m or 1.5h (a number: seconds). If the epochs do not fit into it, fewer are
    trained, and the schedules run over those."""
    refit: bool = False
    """Once the best epoch is known, train a new network up to that epoch on all rows, those for validation included,
    and keep it. Its schedules and its seed are the same."""
    freeze: tuple[str, ...] = field(default=(), metadata=LATER)
    """The layers that stay as they are at the start, as `mlptrain check` names them: hidden_1 (with its norm and its
    activation), input.embedding. Their gradients count in no norm; running statistics stay, and are what training
    takes."""
    class_weight: Literal["balanced"] | Mapping[str, Annotated[float, Gt(0)]] | None = None
    """Weights of the classes: `balanced` is rows / (classes · rows of the class), or a map of labels, which are
    compared by what they mean: 1 and 1.0 are one."""
    train_loss: Literal["running", "evaluation"] = "running"
    """The training loss that an epoch reports: `running` is the mean over its batches as they were trained,
    `evaluation` measures all rows once more at its end."""
    gradient_norm: bool = False
    """Report the norm of the last gradient of each epoch."""
    watch_layers: Annotated[int, Ge(0), Le(10**9)] = field(default=0, metadata=LATER)
    """Look into the layers after every so many epochs, and after the last one: weights, gradients, outputs, units that
    are dead or saturated. 0 never does. What is trained stays the same."""


@dataclass(frozen=True, kw_only=True)
class InitialWeights:
    """The weights that the network starts from in place of drawn ones. The path is relative to the spec's folder."""

    file: str
    """A model that mlptrain wrote: its columns and its target come with its weights. Or an .npz of arrays alone, named
    as in a model file: columns and target are fitted as usual."""
    refit_columns: bool = False
    """Fit the columns on the training rows nevertheless: the weights then meet inputs of another meaning."""
    head: Literal["keep", "fresh"] = "keep"
    """`fresh` fits the target on the training rows, and draws the weights of the output layer."""
    digest: str | None = None
    """The SHA-256 of the file. A fit notes it here; a fit that finds it here refuses a file that has another."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """The whole spec: what is read, what is trained, and how."""

    data: Data
    """The rows and columns."""
    model: ModelSpec = field(default_factory=ModelSpec)
    """The network."""
    loss: Loss | None = None
    """The quantity to minimise; by default the one that suits the target: binary_cross_entropy, cross_entropy or
    mean_squared_error."""
    optimizer: Optimizer = field(default_factory=Adam)
    """How the parameters follow the gradient."""
    schedules: Schedules = field(default_factory=Schedules)
    """How the learning rate and others change during training."""
    regularization: Penalty = field(default_factory=Penalty)
    """Penalties added to the loss."""
    training: Training = field(default_factory=Training)
    """Epochs, batches, early stopping."""
    members: Members = field(default_factory=Networks)
    """Networks trained side by side that predict with their average: a number means that many separate networks; `tabm`
    and `tabm_mini` share a trunk: {name: tabm, count: 16}."""
    seed: Annotated[int, Ge(0), Lt(2**63)] = 0
    """The start of all random numbers; the same seed gives the same model."""
    initial_weights: str | InitialWeights | None = field(default=None, metadata=LATER)
    """The file of the weights that the network starts from, or a map with more to say about it."""

    @property
    def start(self) -> InitialWeights | None:
        """The weights that the network starts from; None where they are drawn."""
        given = self.initial_weights
        return InitialWeights(file=given) if isinstance(given, str) else given
