"""From a spec to rows: read the files, understand the columns, split, fit, encode, resolve what was left open."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.cells import NumberCells
from mlptrain.data.columns import MANY, Understood, dates, numbers, rows_of, understand
from mlptrain.data.features import (
    Compact,
    Features,
    OddCells,
    PixelFeatures,
    fit_features,
    incomplete_rows,
    understand_columns,
)
from mlptrain.data.images import read_images, read_labels
from mlptrain.data.splits import Parts, folds, split_by_column, split_groups, split_rows, split_times
from mlptrain.data.table import Table, listed, read_table
from mlptrain.data.targets import (
    ClassTarget,
    NumberTarget,
    Target,
    equal_labels,
    fit_classes,
    fit_numbers,
    missing_targets,
    require_present,
    target_values,
)
from mlptrain.engine.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError, Poisson
from mlptrain.errors import DataError, EnvironmentFailure, SpecError
from mlptrain.memory import available_memory
from mlptrain.spec.fields import Data, Images, Source, Spec
from mlptrain.training.examples import Examples, loss_targets

AnyFeatures = Features | PixelFeatures
METRICS_OF_NUMBERS = frozenset(["rmse", "mae", "r2"])


@dataclass(frozen=True)
class Rows:
    """Inputs that are read but not encoded: a table, or images with their labels."""

    name: str
    table: Table | None = None
    images: NDArray[np.uint8] | None = None
    labels: Table | None = None

    @property
    def count(self) -> int:
        if self.images is not None:
            return len(self.images)
        assert self.table is not None
        return self.table.rows

    def take(self, rows: NDArray[np.int64]) -> "Rows":
        """Some of the rows."""
        if self.images is not None:
            return Rows(self.name, None, self.images[rows], None if self.labels is None else self.labels.take(rows))
        assert self.table is not None
        return Rows(self.name, self.table.take(rows))

    @property
    def answers(self) -> Table:
        """The table of the target: of images their labels."""
        found = self.labels if self.images is not None else self.table
        if found is None:
            raise SpecError(f"{self.name}: these images have no labels; name their file: {{images: …, labels: …}}")
        return found


@dataclass(frozen=True, kw_only=True)
class Material:
    """The rows of a spec's training file, understood, before any of them is set apart."""

    spec: Spec
    """The spec with nothing left open."""
    loss: Loss
    rows: Rows
    classes: ClassTarget | None
    """The classes of the whole file; None for a target of numbers."""
    understood: dict[str, Understood]
    incomplete: NDArray[np.bool_]
    """The rows that lack a cell without which they are no use for training and validation."""
    notices: Sequence[str]
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The rows of one training, and all that was fitted on them."""

    spec: Spec
    loss: Loss
    features: AnyFeatures
    target: Target
    train: Examples
    validation: Examples | None
    understood: dict[str, Understood] = field(default_factory=dict)
    notices: Sequence[str] = ()


def read_rows(source: Source, data: Data, folder: Path, *, texts: Sequence[str] = ()) -> Rows:
    """The rows of files, or of a pair of image files; paths are relative to `folder`."""
    if isinstance(source, Images):
        images = read_images(located(source.images, folder))
        labels = None if source.labels is None else read_labels(located(source.labels, folder), len(images))
        return Rows(source.images, None, images, labels)
    files = [located(path, folder) for path in ([source] if isinstance(source, str) else source)]
    table = read_table(files, data, texts={*texts, *text_columns(data)})
    return Rows(table.name, table)


def text_columns(data: Data) -> list[str]:
    """The columns of which the spec says that their texts matter."""
    named = [name for name, own in data.rules.columns.items() if own.type in ("category", "boolean", "date")]
    return [*named, *([data.split.column] if data.split.column else [])]


def located(path: str, folder: Path) -> str:
    """A path of the spec, as the process sees it; "-" is standard input."""
    return path if path == "-" else str(folder / path)


def prepare(spec: Spec, folder: Path) -> Prepared:
    """Everything the first training of a spec needs, from the files that it names."""
    material = read_material(spec, folder)
    return prepare_part(material, partitions(material)[0])


def read_material(spec: Spec, folder: Path, *, texts: Sequence[str] = ()) -> Material:
    """The rows of the training file, its columns understood, without the rows that are to be dropped."""
    data = spec.data
    rows = read_rows(data.train, data, folder, texts=texts)
    if not rows.count:
        raise DataError(f"{rows.name}: there are no rows, only names")
    rows, notices = check_target(spec, rows)
    classes = fit_classes_of(spec, rows)
    spec = resolved(spec, classes)
    understood = understand_inputs(spec, rows)
    incomplete = np.zeros(rows.count, bool)
    if rows.table is not None and understood:
        incomplete = incomplete_rows(rows.table, understood, data.rules)
    if classes is not None and (notice := equal_labels(classes)):
        notices.append(notice)
    notices += blank_lines(rows)
    notices += [f'column "{name}": {found.note}' for name, found in understood.items() if found.notice]
    assert spec.loss is not None
    return Material(
        spec=spec,
        loss=spec.loss,
        rows=rows,
        classes=classes,
        understood=understood,
        incomplete=incomplete,
        notices=notices,
        folder=folder,
    )


def digest(material: Material) -> str:
    """SHA-256 of the targets and of all columns of numbers: the same for the same rows in the same order."""
    table, found = material.rows.table, hashlib.sha256()
    if material.classes is not None:
        found.update(target_codes(material).astype("<i8").tobytes())
    if table is not None:
        rules = material.spec.data.rules
        numeric = [name for name, each in material.understood.items() if each.kind == "number"]
        for name in [*numeric, *(material.spec.data.targets if material.classes is None else ())]:
            found.update((numbers(table, name, rules.missing(name)) + 0.0).astype("<f8").tobytes())
    return found.hexdigest()


def blank_lines(rows: Rows) -> list[str]:
    """A notice of blank lines between the rows."""
    lines = 0 if rows.table is None else rows.table.inner_blank_lines
    return [f"{rows.name}: {lines} blank line{'s' * (lines > 1)} between the rows left out"] if lines else []


def some(rows: Rows, chosen: NDArray[np.bool_]) -> Rows:
    """The chosen rows; there must be any."""
    if not chosen.any():
        raise DataError(f"{rows.name}: no row is left; all of them lack a cell that is needed")
    return rows.take(np.flatnonzero(chosen))


def check_target(spec: Spec, rows: Rows) -> tuple[Rows, list[str]]:
    """The rows that have a target, and notices of those that do not; an error unless the spec lets them drop."""
    names, table, missing = spec.data.targets, rows.table, spec.data.missing_targets
    if table is None:
        return rows, []
    if absent := [name for name in names if name not in table.columns]:
        raise DataError(table.missing(absent))
    if spec.data.missing_target == "error":
        require_present(table, names, missing, numeric=False)
        return rows, []
    gaps = missing_targets(table, names, missing)
    if not gaps.any():
        return rows, []
    return some(rows, ~gaps), [f"{gaps.sum():,} rows without a target left out (data.missing_target: drop)"]


def fit_classes_of(spec: Spec, rows: Rows) -> ClassTarget | None:
    """The classes of the target, or None for numbers: by the loss, else as declared, else by what its cells are."""
    names = spec.data.targets
    if not target_has_classes(spec, rows):
        return None
    if rows.table is not None:
        check_labels(spec, rows.table, names[0])
    return fit_classes(names[0] or "label", rows.answers.coded(names[0]), rows.name)


def check_labels(spec: Spec, table: Table, name: str) -> None:
    """Refuse a loss of classes for a target of many numbers with fractions."""
    cells = table.column(name)
    if spec.loss is None or spec.data.rules.of(name).type == "category":
        return
    texts = [] if isinstance(cells, NumberCells) else list(cells.counts)
    figures = [text for text in texts if table.grammar.reads(text)]
    fractions = sum(not float(table.grammar.normal(text.strip(" "))).is_integer() for text in figures)
    if isinstance(cells, NumberCells) or (len(figures) == len(texts) > MANY and fractions > MANY // 2):
        cure = f"use mean_squared_error, or declare classes with data.columns: {{{name}: category}}"
        why = f"is for classes, but the target {name!r} has many different numbers"
        raise SpecError(f"loss: {spec.loss.name} {why}; {cure}")


def target_has_classes(spec: Spec, rows: Rows) -> bool:
    """Whether the target is one of classes; numbers are, if there are two different ones (1 and 2, −1 and 1)."""
    names, data = spec.data.targets, spec.data
    if rows.table is None or (spec.loss is not None and spec.loss.classes):
        return True
    if len(names) > 1:
        return False
    kind = data.rules.of(names[0]).type or understand(rows.table, names[0], {"", *data.missing_targets}).kind
    if kind == "ignore":  # constant, a running number, dates, or text that is different in nearly every row
        table = rows.table
        return not all(map(table.grammar.reads, table.coded(names[0]).counts))
    return kind != "number" or len(different_numbers(rows.table, names[0], most=2)) == 2


def different_numbers(table: Table, name: str, *, most: int) -> set[float]:
    """The different numbers of a column, or `most` + 1 of them if there are more."""
    cells = table.column(name)
    texts = [] if isinstance(cells, NumberCells) else [text for text in cells.counts if table.grammar.reads(text)]
    if isinstance(cells, NumberCells) or len(texts) > 10 * most:
        return {float(number) for number in range(most + 1)}
    return {float(table.grammar.normal(text.strip(" "))) for text in texts}


def resolved(spec: Spec, classes: ClassTarget | None) -> Spec:
    """The spec with its loss: the given one, or what suits the target; an error where the two do not go together."""
    count = None if classes is None else len(classes.classes)
    loss = spec.loss or default_loss(count)
    if loss.classes and len(spec.data.targets) > 1:
        raise SpecError(f"loss: {loss.name} needs one target column, not {len(spec.data.targets)}")
    if isinstance(loss, BinaryCrossEntropy) and count and count > 2:
        raise SpecError(f"loss: binary_cross_entropy needs two classes, the target has {count}; use cross_entropy")
    if spec.training.class_weight is not None and classes is None:
        raise SpecError(f"training.class_weight: the target is a number (loss {loss.name}); there are no classes")
    if spec.data.target_transform != "none" and classes is not None:
        raise SpecError("data.target_transform: the target has classes; only numbers have a logarithm")
    check_monitor(spec.training.monitor, loss, classes=classes is not None)
    return replace(spec, loss=loss)


def check_monitor(metric: str, loss: Loss, *, classes: bool) -> None:
    """Refuse to watch a metric that has no value for this target or this loss."""
    if metric != "loss" and (metric in METRICS_OF_NUMBERS) == classes:
        needed, found = ("numbers", "classes") if classes else ("classes", "numbers")
        raise SpecError(f"training.monitor: {metric} is a metric of {needed}; the target has {found}")
    if metric == "log_loss" and not loss.probabilistic:
        raise SpecError(f"training.monitor: log_loss needs probabilities; the {loss.name} loss gives scores")


def understand_inputs(spec: Spec, rows: Rows) -> dict[str, Understood]:
    """What each input column is, from all rows of the file."""
    data, table = spec.data, rows.table
    if table is None:
        return {}
    rules = data.rules
    if unknown := [name for name in rules.columns if name not in table.columns]:
        raise DataError(f"data.columns: {table.missing(unknown)}")
    for name in (data.sample_weight, data.split.column):
        if name is not None:
            table.column(name)
    apart = {*data.targets, data.sample_weight}
    if data.split.column not in rules.columns:
        apart.add(data.split.column)
    understood = understand_columns(table, [name for name in table.columns if name not in apart], rules)
    for name, found in understood.items():
        if rules.of(name).scaling is not None and found.kind != "number":
            why = (
                f"is no column of numbers ({found.kind}{f': {found.note}' if found.note else ''}), so it is not scaled"
            )
            raise SpecError(f"data.columns.{name}.scaling: {name!r} {why}; remove the scaling, or set type: number")
    return understood


def partitions(material: Material) -> list[Parts]:
    """Which rows are for training, validation and test: once, or for each fold and repeat."""
    split = material.spec.data.split
    first = parts_of(material, repeat=0)
    if split.folds is None:
        return [first, *(redrawn(material, first, repeat) for repeat in range(1, split.repeats))]
    rest = np.sort(np.concatenate([first.train, first.validation]))
    return [
        Parts(train=rest[train], validation=rest[held], test=first.test)
        for repeat in range(split.repeats)
        for train, held in fold_rows(material, rest, repeat)
    ]


def redrawn(material: Material, first: Parts, repeat: int) -> Parts:
    """Another share for validation, of the rows that are not for the test: those stay apart in every repeat."""
    split, seed = material.spec.data.split, material.spec.seed
    assert isinstance(split.validation, float)
    rest = np.sort(np.concatenate([first.train, first.validation]))
    keys = {name: key[rest] for name, key in split_keys(material).items()}
    share = split.validation * material.rows.count / len(rest)
    if "groups" in keys:
        drawn = split_groups(keys["groups"], validation=share, test=0.0, seed=seed, repeat=repeat)
    else:
        classes = keys.get("classes")
        drawn = split_rows(len(rest), validation=share, test=0.0, seed=seed, repeat=repeat, classes=classes)
    return Parts(train=rest[drawn.train], validation=rest[drawn.validation], test=first.test)


def fold_rows(material: Material, rest: NDArray[np.int64], repeat: int) -> list[tuple[Any, Any]]:
    """The folds of the rows that are not for the test."""
    split, count = material.spec.data.split, len(rest)
    assert split.folds is not None
    keys = split_keys(material)
    found = folds(
        count,
        k=split.folds,
        seed=material.spec.seed,
        repeat=repeat,
        **{name: key[rest] for name, key in keys.items()},
    )
    if any(not len(part) for fold in found for part in fold):
        what = "groups" if "groups" in keys else "rows"
        raise SpecError(
            f"data.split.folds: there are too few {what} in {count} rows for {split.folds} folds; take fewer"
        )
    return found


def split_keys(material: Material) -> dict[str, NDArray[Any]]:
    """What the rows are divided by: classes, groups or times."""
    split, rows, classes = material.spec.data.split, material.rows, material.classes
    if split.type in ("group", "time"):
        assert split.column is not None
        assert rows.table is not None
        if split.type == "group":
            cells = rows.table.coded(split.column)
            if gaps := rows_of(cells, {"", *material.spec.data.rules.missing(split.column)}):
                why = "the group is missing, by which data.split divides the rows; fill it in"
                raise rows.table.fault(gaps[0], split.column, why)
            return {"groups": cells.codes.astype(np.int64)}
        return {"times": row_times(material, rows.table, split.column)}
    if split.type == "stratify" and classes is None:
        raise SpecError("data.split.type: stratify needs a target of classes; use random")
    if split.type in ("auto", "stratify") and classes is not None:
        return {"classes": target_codes(material)}
    return {}


def row_times(material: Material, table: Table, column: str) -> NDArray[np.float64]:
    """The time of each row: numbers as they are, dates in seconds."""
    own, missing = material.spec.data.rules.of(column), material.spec.data.rules.missing(column)
    texts = [text for text in table.coded(column).counts if text not in {"", *missing}]
    plain = own.format is None and own.type != "date" and all(map(table.grammar.reads, texts))
    times = numbers(table, column, missing) if plain else dates(table, column, missing, own.format)
    if np.isnan(times).any():
        row = int(np.isnan(times).argmax())
        raise table.fault(row, column, "the time is missing, by which data.split divides the rows; fill it in")
    return times


def parts_of(material: Material, *, repeat: int) -> Parts:
    """One split, by shares or by a column; an error if a part that is wanted has no rows."""
    spec, rows = material.spec, material.rows
    split = spec.data.split
    if split.type == "column":
        assert split.column is not None
        assert rows.table is not None
        return named_parts(rows.table, split.column)
    share = split.validation if isinstance(split.validation, float) else 0.0
    keys, shares = split_keys(material), {"validation": share, "test": split.test}
    if "times" in keys:
        parts = split_times(keys["times"], **shares)
    elif "groups" in keys:
        parts = split_groups(keys["groups"], **shares, seed=spec.seed, repeat=repeat)
    else:
        parts = split_rows(rows.count, **shares, seed=spec.seed, repeat=repeat, classes=keys.get("classes"))
    for name, wanted, got in (("validation", share, parts.validation), ("test", split.test, parts.test)):
        if wanted and not len(got):
            why, cure = no_rows(keys)
            raise SpecError(f"data.split.{name}: {wanted:g} of {rows.count} rows {why}; {cure}")
    if not len(parts.train):
        raise SpecError(f"data.split: no row of {rows.count} is left for training; take smaller shares")
    return parts


def no_rows(keys: dict[str, NDArray[Any]]) -> tuple[str, str]:
    """Why a part has no rows, and what to do."""
    if "classes" in keys and np.bincount(keys["classes"]).max() == 1:
        return "is no row: every class has one row, which goes to training", "set data.split.type: random"
    if "groups" in keys and len(np.unique(keys["groups"])) < 3:
        return "is no group: there are too few groups", "divide the rows by another column"
    return "is no row at all", "take a larger share"


def named_parts(table: Table, column: str) -> Parts:
    """The parts that a column names."""
    try:
        parts = split_by_column(table.texts(column))
    except ValueError as problem:
        row, cell = problem.args
        raise table.fault(row, column, f"{cell!r} is not a part; write train, validation or test") from None
    if not len(parts.train):
        raise DataError(f'{table.name}: column "{column}": no row says train; nothing can be learned')
    return parts


def prepare_part(material: Material, parts: Parts) -> Prepared:
    """One training: columns and target fitted on its training rows, all rows encoded."""
    spec, whole = material.spec, material.rows
    check_classes(material, parts)
    parts, dropped = complete(material, parts)
    rows = whole.take(parts.train) if len(parts.train) < whole.count else whole
    notices = [*material.notices, *single_rows(material), *dropped]
    target = material.classes or fit_number_target(spec, rows)
    features, train = fit_inputs(material, rows, target, notices)
    held = held_out(material, parts)
    return Prepared(
        spec=spec,
        loss=material.loss,
        features=features,
        target=target,
        train=with_class_weights(spec, target, train),
        validation=None if held is None else examples(spec, features, target, held),
        understood=material.understood,
        notices=notices,
    )


def complete(material: Material, parts: Parts) -> tuple[Parts, list[str]]:
    """The parts without incomplete rows (but for the test, where every row counts), and a notice of them."""
    train, validation = (rows[~material.incomplete[rows]] for rows in (parts.train, parts.validation))
    left_out = len(parts.train) + len(parts.validation) - len(train) - len(validation)
    if not len(train):
        raise DataError(f"{material.rows.name}: every training row lacks a cell (data.imputing: drop_row)")
    notices = [f"{left_out:,} rows with missing cells left out (data.imputing: drop_row)"] if left_out else []
    return Parts(train=train, validation=validation, test=parts.test), notices


def check_classes(material: Material, parts: Parts) -> None:
    """An error for a class that is held out whole, so that it cannot be learned (of folds, only some would know it)."""
    classes, rows = material.classes, material.rows
    if classes is None or material.spec.data.split.folds is not None:
        return
    codes = target_codes(material)
    held = np.concatenate([parts.validation, parts.test])
    unknown = np.flatnonzero(~np.isin(codes[held], codes[parts.train]))
    if unknown.size:
        row = int(np.sort(held[unknown])[0])
        label = classes.classes[codes[row]]
        why = f"the class {label!r} is in no training row, only among those held out; no network can learn it"
        cure = "hold out other rows (data.split.type: stratify keeps every class in training)"
        raise rows.answers.fault(row, classes.name, f"{why}; {cure}")


def target_codes(material: Material) -> NDArray[np.int64]:
    """The code of each row's class."""
    assert material.classes is not None
    answers = material.rows.answers
    return material.classes.codes(answers.coded(material.classes.name if material.rows.table is not None else ""))


def single_rows(material: Material) -> list[str]:
    """A notice of classes of one row, which a stratified split leaves in training."""
    if material.classes is None or not material.spec.data.split.validates:
        return []
    counts = np.bincount(target_codes(material), minlength=len(material.classes.classes))
    single = [label for label, count in zip(material.classes.classes, counts.tolist(), strict=True) if count == 1]
    if not single:
        return []
    return [
        f"classes of 1 row: {listed(single, 5)}; in a stratified split they go to training, and nothing measures them"
    ]


def default_loss(classes: int | None) -> Loss:
    """binary_cross_entropy for two classes, cross_entropy for more, mean_squared_error for numbers."""
    if classes is None:
        return MeanSquaredError()
    return BinaryCrossEntropy() if classes == 2 else CrossEntropy()


def held_out(material: Material, parts: Parts) -> Rows | None:
    """The rows of the validation part."""
    spec = material.spec
    validation = spec.data.split.validation
    if not isinstance(validation, float):
        rows = read_rows(validation, spec.data, material.folder)
        if not rows.count:
            raise DataError(f"{rows.name}: there are no rows to validate on")
        rows = check_target(spec, rows)[0]
        if rows.table is None:
            return rows
        return some(rows, ~incomplete_rows(rows.table, material.understood, spec.data.rules))
    return material.rows.take(parts.validation) if len(parts.validation) else None


def fit_number_target(spec: Spec, rows: Rows) -> NumberTarget:
    """Center and scale of number targets, from the training rows."""
    names, data = spec.data.targets, spec.data
    assert rows.table is not None
    require_present(rows.table, names, data.missing_targets, numeric=True)
    values = target_values(rows.table, names, data.missing_targets)
    if isinstance(spec.loss, Poisson) and values.min() < 0:
        raise DataError(f'{rows.name}: column "{names[0]}": the poisson loss counts from 0, {values.min():g} is less')
    scaled = data.scale_target and not isinstance(spec.loss, Poisson)
    return fit_numbers(names, values, scaled=scaled, source=rows.name, transform=data.target_transform)


def fit_inputs(material: Material, rows: Rows, target: Target, notices: list[str]) -> tuple[AnyFeatures, Examples]:
    """The fitted input columns, and the training rows, encoded."""
    spec, table = material.spec, rows.table
    dtype = np.dtype(spec.model.dtype)
    if table is None:
        assert rows.images is not None
        pixels = PixelFeatures(shape=rows.images.shape[1:])
        return pixels, examples(spec, pixels, target, rows)
    truth = true_values(spec, target, rows)
    rules, answers = spec.data.rules, encoding_targets(target, truth)
    features = fit_features(table, material.understood, rules, targets=answers, notices=notices)
    require_memory(features, table, material.rows.count, dtype)
    x = features.encode_training(table, dtype, rules=rules, targets=answers, seed=spec.seed)
    return features, with_truth(spec, target, rows, truth, x)


def encoding_targets(target: Target, truth: NDArray[Any]) -> NDArray[np.float64]:
    """The targets of target encodings (rows, K): numbers, the 0/1 of two classes, or one column for each of several."""
    if isinstance(target, NumberTarget):
        return truth
    one_hot = (truth[:, None] == np.arange(len(target.classes))).astype(np.float64)
    return one_hot[:, 1:] if len(target.classes) == 2 else one_hot


def require_memory(features: Features, table: Table, rows: int, dtype: np.dtype[Any]) -> None:
    """An error, before anything is allocated, if the matrix does not fit into the memory."""
    needed, there = features.width * rows * dtype.itemsize, available_memory()
    if there is not None and needed > there:
        widest = max(features.columns, key=lambda column: column.width)
        cure = f"column {widest.name!r} alone has {widest.width}: raise data.min_frequency, or encode or ignore it"
        raise EnvironmentFailure(
            f"{table.name}: {rows:,} rows of {features.width:,} inputs need {needed / 2**30:,.1f} GiB of memory, "
            f"{there / 2**30:,.1f} GiB are free; {cure}"
        )


def true_values(spec: Spec, target: Target, rows: Rows, *, unknown: bool = False) -> NDArray[Any]:
    """The targets as metrics want them: codes of classes, or numbers in the user's units."""
    if isinstance(target, ClassTarget):
        return class_codes(target, rows, unknown=unknown)
    assert rows.table is not None
    missing = spec.data.missing_targets
    require_present(rows.table, target.names, missing, numeric=True)
    return target_values(rows.table, target.names, missing)


def examples(spec: Spec, features: AnyFeatures, target: Target, rows: Rows, *, unknown: bool = False) -> Examples:
    """The rows encoded. A class that training does not know is an error, or with `unknown` is coded −1."""
    truth = true_values(spec, target, rows, unknown=unknown)
    return with_truth(spec, target, rows, truth, encode_inputs(features, rows, np.dtype(spec.model.dtype)))


def with_truth(spec: Spec, target: Target, rows: Rows, truth: NDArray[Any], x: NDArray[Any]) -> Examples:
    """Encoded inputs with their targets and weights."""
    assert spec.loss is not None
    return Examples(
        x=x,
        targets=loss_targets(spec.loss, target, truth, x.dtype),
        truth=truth,
        weights=sample_weights(spec.data, rows, x.dtype),
    )


def class_codes(target: ClassTarget, rows: Rows, *, unknown: bool) -> NDArray[np.int64]:
    """The codes of the rows' classes."""
    answers, name = rows.answers, target.name if rows.table is not None else ""
    if rows.table is not None and name not in answers.columns:
        raise DataError(answers.missing([name]))
    codes = target.codes(answers.coded(name))
    if not unknown and (codes < 0).any():
        row = int((codes < 0).argmax())
        known = ", ".join(target.classes[:20])
        cell = answers.columns[name].text(row)
        why = "the target is missing" if not cell else f"the class {cell!r} does not occur in the training file"
        raise answers.fault(row, target.name, f"{why}; the classes are {known}")
    return codes


def encode_inputs(features: AnyFeatures, rows: Rows, dtype: np.dtype[Any]) -> NDArray[Any]:
    """The input matrix of rows."""
    inputs = compact_inputs(features, rows, dtype)
    return inputs.matrix() if isinstance(inputs, Compact) else inputs


def compact_inputs(
    features: AnyFeatures, rows: Rows, dtype: np.dtype[Any], odd: OddCells | None = None
) -> Compact | NDArray[Any]:
    """The inputs, some rows at a time; an error where a table is given for images or the other way round."""
    if isinstance(features, PixelFeatures):
        if rows.images is None:
            raise DataError(f"{rows.name}: the model was trained on images; give an IDX file")
        if rows.images.shape[1:] != features.shape:
            raise DataError(
                f"{rows.name}: images of {sizes(rows.images.shape[1:])}, the model knows {sizes(features.shape)}"
            )
        return features.encode_images(rows.images, dtype)
    if rows.table is None:
        raise DataError(f"{rows.name}: the model was trained on a table; give one")
    return features.compact(rows.table, dtype, odd)


def sizes(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def sample_weights(data: Data, rows: Rows, dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """The rows' weights, checked."""
    if data.sample_weight is None or rows.table is None:
        return None
    weights = numbers(rows.table, data.sample_weight, ())
    bad = ~((weights > 0) & (weights <= np.finfo(np.float32).max))
    if bad.any():
        row = int(bad.argmax())
        cell = rows.table.columns[data.sample_weight].text(row)
        why = f"{cell!r} is not a weight; weights are numbers above 0 and below 3e38"
        raise rows.table.fault(row, data.sample_weight, why)
    return weights.astype(dtype)


def with_class_weights(spec: Spec, target: Target, part: Examples) -> Examples:
    """The training rows with the classes' weights: rows / (classes · rows of the class), or as given."""
    given = spec.training.class_weight
    if given is None or not isinstance(target, ClassTarget):
        return part
    if given == "balanced":
        counts = np.bincount(part.truth, minlength=len(target.classes))
        weights = part.rows / (len(counts) * np.maximum(counts, 1))
    else:
        unknown = [label for label in given if label not in target.classes]
        if unknown:
            raise SpecError(f"training.class_weight: {unknown[0]!r} is no class; they are {', '.join(target.classes)}")
        weights = np.array([given.get(label, 1.0) for label in target.classes])
    return replace(part, class_weights=weights.astype(part.x.dtype))
