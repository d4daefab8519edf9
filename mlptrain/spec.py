"""The spec: everything that says how a network is made and trained, field by field. Frozen, plain, complete.

`to_plain` and `from_plain` turn it into JSON's types and back; `spec_file` reads it from YAML and says what is wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

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


def to_plain(value: Any) -> Any:
    """Dataclasses, tuples and mappings as dicts and lists, every default written out."""
    if is_dataclass(value):
        return {each.name: to_plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {key: to_plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [to_plain(each) for each in value]
    return value


def from_plain(kind: Any, value: Any) -> Any:
    """What `to_plain` made plain, as `kind` again. It trusts its input: only for what was valid before."""
    kind = unwrapped(kind)
    if is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        return kind(**{key: from_plain(hints[key], each) for key, each in value.items()})  # type: ignore[operator]
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        return tuple(from_plain(inner[0], each) for each in value)
    if get_origin(kind) in (Union, UnionType):
        member = next((member for member in members(kind) if fits(member, value)), kind)
        return value if member is kind else from_plain(member, value)
    return value


def unwrapped(kind: Any) -> Any:
    """A type without its annotations."""
    return unwrapped(get_args(kind)[0]) if get_origin(kind) is Annotated else kind


def members(union: Any) -> list[Any]:
    """The types of a union, nested ones included, without annotations."""
    kinds = [unwrapped(each) for each in get_args(union)]
    return [inner for kind in kinds for inner in (members(kind) if get_origin(kind) in (Union, UnionType) else [kind])]


def names_of(kind: Any, tag: str = "name") -> tuple[str, ...]:
    """The names a component goes by; empty for a dataclass without one."""
    hint = get_type_hints(kind).get(tag) if is_dataclass(kind) else None
    return get_args(hint) if get_origin(hint) is Literal else ()


def fits(kind: Any, value: Any) -> bool:
    """Whether a plain value is of a member of a union."""
    if is_dataclass(kind):
        tags = {tag: names for tag in ("name", "kind") if (names := names_of(kind, tag))}
        known = {each.name for each in fields(kind)}
        return isinstance(value, dict) and (
            all(value.get(tag) in names for tag, names in tags.items()) if tags else value.keys() <= known
        )
    if get_origin(kind) is tuple:
        return isinstance(value, list)
    return value is None if kind is NoneType else not isinstance(value, dict | list)
