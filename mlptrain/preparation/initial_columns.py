"""What comes with the weights of a model that a network starts from: the fitted columns, and the target."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mlptrain.data.column import ColumnSettings, Understood
from mlptrain.data.column_rules import FeatureRules
from mlptrain.data.encodings import OneHotEncoding
from mlptrain.data.feature_fitting import AS_DECLARED
from mlptrain.data.features import FeatureColumn
from mlptrain.data.frames import adapt_texts_to_columns, adapt_texts_to_known
from mlptrain.data.table import Table
from mlptrain.data.targets import ClassTarget
from mlptrain.errors import DataError, SpecError
from mlptrain.model.head import Head
from mlptrain.model.initial_weights import LoadedWeights, WeightsOfModel
from mlptrain.model.network_start import HEAD, KEY, NetworkStart
from mlptrain.model.rows import AnyFeatures, ImageRows, Rows
from mlptrain.spec.fields import Spec

REFIT = "set initial_weights.refit_columns: true to fit the columns anew"
FRESH = "set initial_weights.head: fresh to learn this target"


@dataclass(frozen=True)
class FittedRules:
    """Rules of columns that are fitted: no encoding of theirs is made of the targets of other rows."""

    rules: FeatureRules

    def settle(self, name: str, kind: str) -> ColumnSettings:
        """All that is said about a column of a kind."""
        return replace(self.rules.settle(name, kind), encoding=OneHotEncoding())


def find_known_columns(spec: Spec, weights: LoadedWeights | None) -> WeightsOfModel | None:
    """The model whose fitted columns come with its weights; None where columns are fitted on the training rows."""
    kept = spec.start is not None and not spec.start.refit_columns
    return weights if kept and isinstance(weights, WeightsOfModel) else None


def find_known_target(spec: Spec, weights: LoadedWeights | None) -> WeightsOfModel | None:
    """The model whose target comes with its weights; None where the target is fitted on the training rows."""
    kept = spec.start is not None and spec.start.head == "keep"
    return weights if kept and isinstance(weights, WeightsOfModel) else None


def list_fresh_layers(spec: Spec) -> Sequence[str]:
    """The layers whose weights are drawn although the others start from weights."""
    return HEAD if spec.start is not None and spec.start.head == "fresh" else ()


def note_start(spec: Spec, weights: LoadedWeights | None) -> Spec:
    """The spec with the digest of the weights that its networks start from; columns do not come with arrays alone."""
    if weights is None or spec.start is None:
        return spec
    refit = spec.start.refit_columns or not isinstance(weights, WeightsOfModel)
    return replace(spec, initial_weights=replace(spec.start, digest=weights.digest, refit_columns=refit))


def require_as_many_networks(spec: Spec, weights: LoadedWeights) -> None:
    """A model of several networks starts as many trainings."""
    trainings, networks = spec.data.split.trainings, len(weights.networks)
    if networks not in (1, trainings):
        why = f"{weights.name} holds {networks} networks, and this spec trains {trainings}"
        raise SpecError(f"{KEY}: {why}; name a model of one network, or set data.split to as many folds or repeats")


def write_known_texts(rows: Rows, spec: Spec, weights: LoadedWeights | None) -> Rows:
    """The rows with values of columns that know their type written as the model knows them: 1 for its 1.0."""
    columns, target = find_known_columns(spec, weights), find_known_target(spec, weights)
    if isinstance(rows, ImageRows):
        return rows
    table = rows.table
    if columns is not None:
        table = adapt_texts_to_columns(table, list_columns(columns))
    if target is not None and (head := target.networks[0].head).has_classes:
        table = adapt_texts_to_known(table, {head.names[0]: head.classes})
    return replace(rows, table=table)


# Columns.


def understand_columns_like(
    weights: WeightsOfModel, spec: Spec, table: Table, names: Sequence[str]
) -> dict[str, Understood]:
    """The kinds of input columns as they are in the model that the weights come from."""
    columns, rules = list_columns(weights), spec.data.rules
    known = {column.name: column.kind_in_spec for column in columns}
    if absent := [name for name in known if name not in table.columns]:
        raise DataError(f"{table.missing(absent)} (an input of {weights.name}, whose weights meet it; {REFIT})")
    if taken := [name for name in known if name not in names]:
        raise SpecError(f"{KEY}: {taken[0]!r} is an input of {weights.name}, and here it is none; {REFIT}")
    found = {}
    for name in [*known, *(name for name in names if name not in known)]:  # as the network meets them
        declared = rules.of(name).kind
        if name in known:
            require_declared_kind(weights, name, declared, known[name])
            found[name] = Understood(known[name], f"as in {weights.name}", declared=declared is not None)
        elif declared == "ignore":
            found[name] = Understood("ignore", AS_DECLARED, declared=True)
        else:
            found[name] = Understood("ignore", f"no input of {weights.name}")
    for column in columns:
        require_same_missing_texts(weights, column, rules)
    return found


def list_columns(weights: WeightsOfModel) -> list[FeatureColumn]:
    """The fitted columns of all networks, each once: some networks of several may lack one."""
    columns = (column for fitted in weights.networks for column in fitted.features.columns)
    return [*{column.name: column for column in columns}.values()]


def list_left_out_columns(understood: Mapping[str, Understood], features: AnyFeatures) -> dict[str, str]:
    """The columns that are no inputs of a network, and why; those of other networks for the reason that it had."""
    left_out = {name: found for name, found in understood.items() if found.kind == "ignore"}
    known = {name: why for name, why in features.ignored.items() if name in understood and name not in left_out}
    return known | {name: AS_DECLARED if found.declared else found.note for name, found in left_out.items()}


def require_declared_kind(weights: WeightsOfModel, name: str, declared: str | None, known: str) -> None:
    """A kind that the spec declares is that of the model."""
    if declared not in (None, known):
        why = f"{name!r} is declared as {declared}, but it is a {known} in {weights.name}, whose columns are used"
        raise SpecError(f"data.columns.{name}: {why}; leave it out, or {REFIT}")


def require_same_missing_texts(weights: WeightsOfModel, column: FeatureColumn, rules: FeatureRules) -> None:
    """The texts that mean missing in a column are those of the model."""
    if {*column.missing} != {*rules.missing(column.name)}:
        then, now = (", ".join(map(repr, texts)) or "no text" for texts in (column.missing, rules.missing(column.name)))
        why = f"in {column.name!r} {then} means missing beside the empty cell in {weights.name}, and here {now}"
        raise SpecError(f"data.missing_values: {why}; set it as it was, or {REFIT}")


def describe_start(spec: Spec, weights: LoadedWeights) -> Iterator[str]:
    """Notices of what is another thing than in the model, though nothing forbids it."""
    folds = spec.data.split.folds
    if folds is not None and len(weights.networks) == 1:
        why = "where it was trained on rows that a fold holds out, the validation values flatter"
        yield f"{KEY}: all {folds} folds start from the one network of {weights.name}; {why}"
    if not isinstance(weights, WeightsOfModel):
        return
    if find_known_columns(spec, weights) is None:
        why = f"the weights of {weights.name} meet inputs of another meaning than in its training"
        yield f"initial_weights.refit_columns: columns fitted anew: {why}"
    else:
        yield from list_unused_settings(weights, spec)
    if find_known_target(spec, weights) is not None:
        yield from list_unused_target_settings(weights, spec)


def list_unused_settings(weights: WeightsOfModel, spec: Spec) -> Iterator[str]:
    """Notices of the settings of columns that are others than those of the model, and so say nothing."""
    now, then = spec.data, weights.networks[0].spec.data
    for name in ("scaling", "imputing", "category_encoding", "min_frequency"):
        if getattr(now, name) != getattr(then, name):
            yield f"data.{name} is not used: the columns come with {weights.name}, as they were fitted there"
    for name, own in now.rules.columns.items():
        if replace(own, type=None) != replace(then.rules.of(name), type=None) and own.type != "ignore":
            yield f"data.columns.{name} says nothing but its type: the column comes with {weights.name}"


def list_unused_target_settings(weights: WeightsOfModel, spec: Spec) -> Iterator[str]:
    """Notices of the settings of the target that are others than those of the model; its loss may be another."""
    first = weights.networks[0]
    for name in ("scale_target", "clamp_target"):
        if getattr(spec.data, name) != getattr(first.spec.data, name):
            yield f"data.{name} is not used: the target comes with {weights.name}, as it was fitted there"
    if spec.loss is not None and spec.loss.name != first.head.loss.name:
        yield f"loss: {spec.loss.name}; {weights.name} was trained with {first.head.loss.name}"


# The target.


def take_target_of_model(spec: Spec, weights: WeightsOfModel, rows: Rows) -> tuple[Spec, ClassTarget | None]:
    """The spec, with the loss of the model unless it says another, and the classes of the model; None for numbers."""
    head = weights.networks[0].head
    require_same_target(spec, weights.name, head)
    if not isinstance(head.target, ClassTarget):
        return replace(spec, loss=spec.loss or head.loss), None
    target = head.target
    refuse_unknown_classes(weights.name, target, rows)
    if spec.data.positive_class is not None:
        try:
            target = target.choose_positive(spec.data.positive_class)
        except ValueError as problem:
            raise SpecError(f"data.positive_class: {problem}") from None
    return replace(spec, loss=spec.loss or head.loss), target


def require_same_target(spec: Spec, name: str, head: Head) -> None:
    """The target of the spec is that of the model."""
    names, of_model = [*spec.data.targets], [*head.names]
    if any(names) and names != of_model:
        shown = " and ".join(map(repr, of_model))
        raise SpecError(f"data.target: {name} predicts {shown}; name it, or {FRESH}")
    what, declared = "classes" if head.has_classes else "numbers", spec.data.rules.of(head.names[0]).type
    if spec.loss is not None and spec.loss.classes and not head.has_classes:
        raise SpecError(f"loss: {spec.loss.name} is for classes, and {name} predicts numbers; {FRESH}")
    if spec.loss is not None and spec.loss.counts and head.scales_target:
        why = f"{spec.loss.name} is for counts as they are, and {name} was trained with scaled ones"
        raise SpecError(f"loss: {why}; leave it out, or {FRESH}")
    if declared is not None and (declared == "number") == head.has_classes:
        why = f"the target is declared as {declared}, and {name} predicts {what}"
        raise SpecError(f"data.columns.{head.names[0]}: {why}; leave it out, or {FRESH}")
    transform = getattr(head.target, "transform", "none")
    if spec.data.target_transform != transform:
        raise SpecError(f"data.target_transform: {name} was trained with {transform}; set that, or {FRESH}")


def refuse_unknown_classes(name: str, target: ClassTarget, rows: Rows) -> None:
    """An error at the first label that is no class of the model."""
    answers, column = rows.answers, rows.answer_column(target.name)
    codes = target.codes(answers.code_texts(column), answers.grammar_of(column))
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        label, known = answers.columns[column].text(row), ", ".join(target.classes[:20])
        why = f"the class {label!r} is none of {name}, whose classes are {known}"
        raise answers.fault(row, target.name, f"{why}; remove the row, or set initial_weights.head: fresh")


def choose_features(spec: Spec, weights: LoadedWeights | None, number: int) -> AnyFeatures | None:
    """The fitted columns that come with the weights of a training; None where the training fits them."""
    known = find_known_columns(spec, weights)
    return None if known is None else known.choose_network(number).features


def choose_head(spec: Spec, weights: LoadedWeights | None, number: int) -> Head | None:
    """The head that comes with the weights of a training; None where the training fits its target."""
    known = find_known_target(spec, weights)
    return None if known is None else known.choose_network(number).head


def choose_start(spec: Spec, weights: LoadedWeights | None, number: int) -> NetworkStart | None:
    """What the network of a training starts from; None where its weights are drawn."""
    return None if weights is None else weights.make_start(number, list_fresh_layers(spec))
