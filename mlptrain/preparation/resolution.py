"""What a spec leaves open, resolved by the rows: classes or numbers, the loss; and what does not suit them."""

from collections.abc import Collection
from dataclasses import replace

from mlptrain.data.cells import FEW
from mlptrain.data.column import ColumnLook
from mlptrain.data.feature_fitting import infer_column_kind
from mlptrain.data.number_reading import read_booleans
from mlptrain.data.number_recognition import MANY
from mlptrain.data.table import Table
from mlptrain.data.targets import ClassTarget, fit_classes
from mlptrain.data.truth_values import look_at_truth_values
from mlptrain.engine.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from mlptrain.engine.metrics import METRICS
from mlptrain.errors import DataError, SpecError
from mlptrain.model.rows import Rows
from mlptrain.spec.fields import Spec


def resolve_target_classes(spec: Spec, rows: Rows) -> ClassTarget | None:
    """The classes of the target, or None for numbers: by the loss, else as declared, else by what its cells are."""
    if not has_class_target(spec, rows):
        return None
    name = spec.data.targets[0]
    if not rows.are_images:
        refuse_numeric_class_target(spec, rows.answers, name)
        if spec.data.rules.of(name).type == "boolean":
            read_booleans(rows.answers, name, spec.data.missing_targets)
    column = rows.answer_column(name)
    found = fit_classes(name or "label", rows.answers.code_texts(column), rows.name, rows.answers.grammar_of(column))
    if spec.data.positive_class is None:
        return found
    try:
        return found.choose_positive(spec.data.positive_class)
    except ValueError as problem:
        raise SpecError(f"data.positive_class: {problem}") from None


def refuse_numeric_class_target(spec: Spec, table: Table, name: str) -> None:
    """Refuse a loss of classes for a target of many numbers with fractions."""
    cells = table.column(name)
    if spec.loss is None or spec.data.rules.of(name).type == "category":
        return
    many = cells.count_different_numbers() > FEW
    texts = [] if many else list(table.code_texts(name).counts)
    grammar = table.grammar_of(name)
    figures = [text for text in texts if grammar.reads(text)]
    fractions = sum(not grammar.read_number(text).is_integer() for text in figures)
    if many or (len(figures) == len(texts) > MANY and fractions > MANY // 2):
        cure = f"use mean_squared_error, or declare classes with data.columns: {{{name}: category}}"
        why = f"is for classes, but the target {name!r} has many different numbers"
        raise SpecError(f"loss: {spec.loss.name} {why}; {cure}")


def has_class_target(spec: Spec, rows: Rows) -> bool:
    """Whether the target is one of classes; two different numbers (1 and 2, −1 and 1) are classes, too, unless they are
    declared as numbers.
    """
    names, data = spec.data.targets, spec.data
    if rows.are_images or (spec.loss is not None and spec.loss.classes):
        return True
    if len(names) > 1:
        return False
    table, declared = rows.answers, data.rules.of(names[0]).type
    if declared is not None:
        return declared != "number"
    kind = infer_target_kind(table, names[0], {"", *data.missing_targets})
    if kind == "ignore":  # constant, a running number, dates, or text that is different in nearly every row
        return not all(map(table.grammar_of(names[0]).reads, table.code_texts(names[0]).counts))
    return kind != "number" or len(find_distinct_numbers(table, names[0], most=2)) == 2


def infer_target_kind(table: Table, name: str, missing: set[str]) -> str:
    """The kind that the cells of a target have; words among numbers are an error."""
    try:
        return infer_column_kind(table, name, missing).kind
    except DataError as problem:
        seen = look_at_truth_values(ColumnLook(table, name, missing).counts)
        if seen is not None and seen.strays:
            return "category"  # what stands beside true and false may be a class as well
        drop = "; data.missing_target: drop leaves out rows without a target"
        raise DataError(f"{problem}{drop if 'missing_values' in str(problem) else ''}") from None


def explain_target_kind(spec: Spec, classes: ClassTarget | None) -> str:
    """Why the target is one of classes or of numbers."""
    names = spec.data.targets
    if spec.data.rules.of(names[0] if names else "").type is not None:
        return "as declared"
    if spec.loss is not None and spec.loss.classes:
        return f"as the loss says ({spec.loss.name})"
    if classes is None:
        return "several targets are numbers" if len(names) > 1 else "its cells are numbers"
    return "two different values" if len(classes.classes) == 2 else "its cells are labels"


def find_distinct_numbers(table: Table, name: str, *, most: int) -> Collection[float]:
    """The different numbers of a column, or `most` + 1 numbers if there are more."""
    cells, grammar = table.column(name), table.grammar_of(name)
    texts = [text for text in cells.kept_texts.counts if grammar.reads(text)]
    if cells.is_numeric or len(texts) > 10 * most:
        return range(most + 1)
    return {grammar.read_number(text) for text in texts}


def resolve_loss(spec: Spec, classes: ClassTarget | None) -> Loss:
    """The given loss, or what suits the target; an error where the spec and the target do not go together."""
    count = None if classes is None else len(classes.classes)
    loss = spec.loss or choose_loss(count)
    if loss.classes and len(spec.data.targets) > 1:
        raise SpecError(f"loss: {loss.name} needs one target column, not {len(spec.data.targets)}")
    if count and loss.most_classes is not None and count > loss.most_classes:
        raise SpecError(f"loss: {loss.name} needs two classes, the target has {count}; use cross_entropy")
    if spec.data.positive_class is not None and classes is None:
        raise SpecError(
            f"data.positive_class: the target is a number (loss {loss.name}), which has no classes; remove it"
        )
    if spec.training.class_weight is not None and classes is None:
        raise SpecError(f"training.class_weight: the target is a number (loss {loss.name}); there are no classes")
    if spec.data.target_transform != "none" and classes is not None:
        raise SpecError("data.target_transform: the target has classes; only numbers have a logarithm")
    if spec.model.calibration != "none" and not loss.probabilistic:
        raise SpecError(f"model.calibration: the {loss.name} loss gives no probabilities; remove it")
    check_monitor_suits_target(spec.training.monitor, loss, count or 0)
    return loss


def resolve_spec_loss(spec: Spec, classes: ClassTarget | None) -> tuple[Spec, Loss]:
    """The spec with its loss, and the loss."""
    loss = resolve_loss(spec, classes)
    return replace(spec, loss=loss), loss


def choose_loss(classes: int | None) -> Loss:
    """binary_cross_entropy for two classes, cross_entropy for more, mean_squared_error for numbers."""
    if classes is None:
        return MeanSquaredError()
    return BinaryCrossEntropy() if classes == 2 else CrossEntropy()


def check_monitor_suits_target(metric: str, loss: Loss, classes: int) -> None:
    """Refuse to watch a metric that has no value for this target or this loss."""
    if metric == "loss":
        return
    if METRICS[metric].of_classes != (classes > 0):
        needed, found = ("numbers", "classes") if classes else ("classes", "numbers")
        raise SpecError(f"training.monitor: {metric} is a metric of {needed}; the target has {found}")
    if classes < METRICS[metric].least_classes:
        why = f"of the target's {classes} classes it says nothing; watch accuracy"
        raise SpecError(f"training.monitor: {metric} needs {METRICS[metric].least_classes} classes or more; {why}")
    if METRICS[metric].needs_probabilities and not loss.probabilistic:
        raise SpecError(f"training.monitor: {metric} needs probabilities; the {loss.name} loss gives scores")
