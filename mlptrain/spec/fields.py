"""The spec: everything that says how a network is made and trained, field by field. Frozen, plain, complete."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from mlptrain.data.columns import Kind
from mlptrain.data.features import Imputing, Scaling, StandardScaling
from mlptrain.data.table import TableFormat
from mlptrain.engine.activations import ReLU
from mlptrain.engine.initializers import Auto, BiasInitializer, Initializer, Zeros
from mlptrain.engine.layers import AnyActivation, AnyDropout, Norm
from mlptrain.engine.losses import Loss
from mlptrain.engine.optimizers import Adam, Optimizer
from mlptrain.engine.penalties import Penalty
from mlptrain.engine.schedules import Schedule

Positive = Annotated[int, Ge(1), Le(10**9)]
Units = Annotated[int, Ge(1), Le(10**6)]
Monitor = Literal["loss", "accuracy", "balanced_accuracy", "f1", "auc", "log_loss", "mcc", "rmse", "mae", "r2"]


@dataclass(frozen=True, kw_only=True)
class Images:
    """A pair of IDX files (gzip or not)."""

    images: str
    labels: str | None = None


Source = str | Images
"""A table's file, or images."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """What is held out of the training file."""

    validation: Annotated[float, Ge(0), Lt(1)] | Source = 0.0
    """A share of the rows, or a file of its own."""
    test: Annotated[float, Ge(0), Lt(1)] = 0.0
    """A share of the rows that only `eval` sees."""
    type: Literal["auto", "random", "stratify"] = "auto"
    """`stratify` keeps the classes' shares in every part; `auto` does so for classes."""


@dataclass(frozen=True, kw_only=True)
class Data(TableFormat):
    """Where the rows come from and how they are read. Paths are relative to the spec's folder."""

    train: Source
    target: str | tuple[str, ...] = ""
    """The column to predict; a list for several numbers at once. Not needed for images."""
    test: Source | None = None
    """What `mlptrain eval MODEL` is measured on."""
    columns: Mapping[str, Kind] = field(default_factory=dict)
    """Kinds that overrule what is found: number, category, boolean, ignore."""
    split: Split = field(default_factory=Split)
    missing_values: tuple[str, ...] = ()
    """Texts that mean missing, beside the empty cell."""
    imputing: Imputing = field(default_factory=Imputing)
    scaling: Scaling = field(default_factory=StandardScaling)
    """Of number columns, by statistics of the training rows."""
    scale_target: bool = True
    """Whether number targets are standardised for the network (never for the poisson loss)."""
    min_frequency: Positive = 1
    """Levels of a category rarer than this share the slot for unseen values."""
    sample_weight: str | None = None
    """A column of row weights; it is no feature."""


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
class ModelSpec:
    """The network: hidden layers (units, norm, activation, dropout, in this order) and a linear output layer."""

    hidden: tuple[Units, ...] = (64, 64)
    """Units of each hidden layer; [] is linear or logistic regression."""
    layers: tuple[LayerSpec, ...] | None = None
    """The long form, in place of `hidden`."""
    activation: AnyActivation = field(default_factory=ReLU)
    norm: Norm | None = None
    dropout: AnyDropout | tuple[AnyDropout, ...] | None = None
    """The probability of zeroing, for all hidden layers or as a list, one for each."""
    input_dropout: AnyDropout | None = None
    kernel_initializer: Auto | Initializer = field(default_factory=Auto)
    bias_initializer: BiasInitializer = field(default_factory=Zeros)
    max_norm: Annotated[float, Gt(0)] | None = None
    """Bound on the norm (not squared) of each hidden unit's incoming weights."""
    dtype: Literal["float32", "float64"] = "float32"


@dataclass(frozen=True, kw_only=True)
class Schedules:
    """How a quantity changes during training; without a schedule it is constant."""

    learning_rate: Schedule | None = None
    momentum: Schedule | None = None
    dropout: Schedule | None = None


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
    monitor: Monitor = "loss"
    """The quantity of the validation part that decides the best epoch, early stopping and reductions."""
    early_stopping: EarlyStopping | None = None
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
    seed: Annotated[int, Ge(0), Lt(2**63)] = 0
