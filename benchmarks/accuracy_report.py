"""What was measured beside what other systems score, as Markdown.

A run is one recipe on one table with one seed; a model is a recipe of ours (the medians of its runs) or a baseline.
Tables are compared only where a recipe has a result; recipes that have results on the same tables stand together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, median
from typing import Any

from accuracy_baselines import Baselines, Worth
from accuracy_scores import mean_ranks, shifted_geometric_mean
from measuring import heading, row

TUNED_ON = (
    *("adult", "bank_marketing", "credit_default", "letter", "magic"),
    *("abalone", "winequality_white", "bike_hour", "protein_casp"),
)
"""The tables on which the defaults of RealMLP were tuned (Holzmüller et al., 2024)."""
NOTHING = "–"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One recipe on one table with one seed: a line of the results."""

    table: str
    recipe: str
    overrides: Sequence[str]
    seed: int
    task: str
    metrics: Mapping[str, float]
    """error and log_loss, and auc of two classes; or rmse, and the deviation of the test targets."""
    seconds: float
    """Of the training, as `mlptrain fit` says."""
    wall: float
    """Of the whole process `mlptrain fit`."""
    predict_wall: float
    peak: float
    """Memory of `mlptrain fit`, bytes."""
    fit: Mapping[str, Any]
    """What else `mlptrain fit --json` says."""
    threads: int
    version: str
    commit: str
    machine: str
    when: str
    processor: float | None = None
    """Processor time of `mlptrain fit`, seconds, which other work on the machine does not lengthen much."""

    @property
    def key(self) -> tuple[str, str, tuple[str, ...], int]:
        """What makes it the same run."""
        return self.table, self.recipe, tuple(self.overrides), self.seed

    @property
    def model(self) -> str:
        """The recipe with its overrides, as it is called here."""
        return " ".join(["mlptrain", self.recipe, *self.overrides])

    @property
    def score(self) -> float:
        """Error, or RMSE."""
        return self.metrics["error" if "error" in self.metrics else "rmse"]


@dataclass(frozen=True)
class Comparison:
    """All runs beside the baselines."""

    runs: Sequence[Run]
    baselines: Baselines

    @cached_property
    def tables(self) -> list[str]:
        """Every table that has a run: as the baselines have them, then the others by name."""
        names, known = {run.table for run in self.runs}, list(self.baselines.digits)
        return [*(name for name in known if name in names), *sorted(names - set(known))]

    @cached_property
    def first(self) -> dict[str, Run]:
        """A run of each table: its task, and the deviation of its test targets, are the same in all."""
        return {run.table: run for run in self.runs}

    @cached_property
    def ours(self) -> dict[str, dict[str, list[Run]]]:
        """The runs by model and table."""
        found: dict[str, dict[str, list[Run]]] = {}
        for run in self.runs:
            found.setdefault(run.model, {}).setdefault(run.table, []).append(run)
        return found

    @cached_property
    def worths(self) -> dict[str, Mapping[str, Worth]]:
        """What every model is worth by table; ours as medians over the seeds."""
        ours = {model: {name: middle(runs) for name, runs in tables.items()} for model, tables in self.ours.items()}
        return {**self.baselines.worths, **ours}

    def classes(self, name: str) -> bool:
        """Whether the target of a table is a class."""
        return "error" in self.first[name].metrics

    def shown(self, name: str, score: float) -> str:
        """A score to the digits of the baselines; to four that count where there are none."""
        digits = self.baselines.digits.get(name)
        return f"{score:.4g}" if digits is None else f"{score:.{digits}f}"

    def score(self, model: str, name: str) -> float | None:
        """A model's score as it is shown: what looks the same is the same."""
        worth = self.worths[model].get(name)
        return None if worth is None else float(self.shown(name, worth.score))

    def relative(self, name: str, worth: Worth) -> float:
        """The error, or RMSE over the standard deviation of the test targets (nRMSE)."""
        return worth.score if self.classes(name) else worth.score / self.first[name].metrics["deviation"]

    def values(self, names: Sequence[str], of: Callable[[str, Worth], float | None]) -> dict[str, list[float]]:
        """A quantity by model, on those of the tables that have it."""
        found = {
            model: [of(name, worths[name]) for name in names if name in worths] for model, worths in self.worths.items()
        }
        return {model: [value for value in values if value is not None] for model, values in found.items()}


def middle(runs: Sequence[Run]) -> Worth:
    """The medians over the seeds."""

    def metric(name: str) -> float | None:
        values = [run.metrics[name] for run in runs if name in run.metrics]
        return median(values) if values else None

    return Worth(
        score=median(run.score for run in runs),
        log_loss=metric("log_loss"),
        auc=metric("auc"),
        seconds=median(run.seconds for run in runs),
    )


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def report(runs: Sequence[Run], baselines: Baselines) -> Iterator[str]:
    """The whole page."""
    yield "# Accuracy"
    yield ""
    if not runs:
        yield "No results yet."
        return
    c = Comparison(runs, baselines)
    yield from origin(c)
    for title, lines in (
        ("Test error and RMSE", scores(c)),
        ("Log loss", quantity(c, lambda worth: worth.log_loss, "{:.4f}", min)),
        ("AUC (two classes)", quantity(c, lambda worth: worth.auc, "{:.4f}", max)),
        ("Training seconds", seconds(c)),
        ("Per model", per_model(c)),
        ("Beside the reference implementation", beside_reference(c)),
    ):
        yield from section(title, list(lines))


def section(title: str, lines: Sequence[str], level: str = "##") -> Iterator[str]:
    """A heading and what stands under it, if anything does."""
    if lines:
        yield from ["", f"{level} {title}", *([""] if lines[0] else []), *lines]


def origin(c: Comparison) -> Iterator[str]:
    """When, where and with what the runs were made."""

    def listed(values: Iterable[object]) -> str:
        return ", ".join(sorted({str(value) for value in values}))

    days = sorted(run.when[:10] for run in c.runs)
    yield (
        f"{len(c.runs)} runs, {' to '.join(dict.fromkeys((days[0], days[-1])))}: "
        f"{listed(run.version for run in c.runs)} at "
        f"{listed(run.commit for run in c.runs)}; {listed(run.machine for run in c.runs)}; "
        f"threads: {listed(run.threads for run in c.runs)}; seeds: {listed(run.seed for run in c.runs)}."
    )
    if not c.baselines.worths:
        yield "There are no baselines to compare with."
    without = [name for name in c.tables if name not in c.baselines.digits]
    if c.baselines.worths and without:
        yield f"Without baselines: {', '.join(without)}."


def scores(c: Comparison) -> Iterator[str]:
    """Error and RMSE: the median over the seeds, and of how many where some are missing."""
    yield "Error (1 − accuracy) of classes, RMSE of numbers, on the test part; small is good, the best is bold."
    yield "Ours: medians over the seeds; (n): over n seeds, where others have more."
    yield ""
    yield from heading("table", "task", *c.worths)
    most = max(len(runs) for tables in c.ours.values() for runs in tables.values())
    for name in c.tables:
        counts = [len(c.ours.get(model, {}).get(name, ())) for model in c.worths]
        values = [c.score(model, name) for model in c.worths]
        texts = [NOTHING if value is None else c.shown(name, value) for value in values]
        yield row(name, c.first[name].task, *map(noted(most), bold(texts, values, min), counts))


def noted(most: int) -> Callable[[str, int], str]:
    """What says after a figure over how many it is, where it is over fewer than the most."""
    return lambda text, n: f"{text} ({n})" if 0 < n < most else text


def quantity(
    c: Comparison, of: Callable[[Worth], float | None], style: str, best: Callable[..., float] | None
) -> Iterator[str]:
    """A table of one quantity: a row a table that has any of it, a column a model."""
    rows = {name: [of(w[name]) if name in w else None for w in c.worths.values()] for name in c.tables}
    if not any(value is not None for values in rows.values() for value in values):
        return
    yield from heading("table", *c.worths)
    for name, values in rows.items():
        if any(value is not None for value in values):
            yield row(name, *bold([written(value, style) for value in values], values, best))


def seconds(c: Comparison) -> Iterator[str]:
    """Training times, and what the whole processes took."""
    yield "As `mlptrain fit` says: without its start, reading the table and writing the model."
    for model, measured in c.ours.items():
        whole = sum(median(run.wall for run in runs) for runs in measured.values())
        spent = [[run.processor for run in runs if run.processor is not None] for runs in measured.values()]
        of_processor = f", {sum(map(median, spent)):.0f} s of processor time" if all(spent) else ""
        yield f"Whole processes of {short(model)}, summed over {len(measured)} tables: {whole:.0f} s{of_processor}."
    yield ""
    yield from quantity(c, lambda worth: worth.seconds, "{:.1f}", None)


def written(value: float | None, style: str) -> str:
    return NOTHING if value is None else style.format(value)


def bold(texts: Sequence[str], values: Sequence[float | None], best: Callable[..., float] | None) -> list[str]:
    """The texts, those that look like the best value's bold."""
    known = {value: text for text, value in zip(texts, values, strict=True) if value is not None}
    if best is None or not known:
        return list(texts)
    winner = known[best(known)]
    return [f"**{text}**" if text == winner else text for text in texts]


# ── Models over many tables ───────────────────────────────────────────────────────────────────────────────────────────


def per_model(c: Comparison) -> Iterator[str]:
    """Models over all tables, over those that RealMLP was tuned on, and over the others."""
    yield "Mean rank: among the baselines that were measured on every table, and with one recipe at a time among them;"
    yield "scores that are equal as shown share their ranks. SGM: exp(mean(log(x + 0.01))), x being the error,"
    yield "or nRMSE = RMSE / standard deviation of the test targets. (n): over n tables, where others have more."
    for names, models in together(c):
        for title, group in groups(names):
            yield from section(f"{title}: {', '.join(map(short, models))}", list(standing(c, models, group)), "###")


def together(c: Comparison) -> Iterator[tuple[list[str], list[str]]]:
    """Tables, and the models of ours that have results on just these; tables without baselines only where none has."""
    found: dict[tuple[str, ...], list[str]] = {}
    for model, measured in c.ours.items():
        names = [name for name in c.tables if name in measured]
        compared = [name for name in names if name in c.baselines.digits]
        found.setdefault(tuple(compared or names), []).append(model)
    for tables, models in found.items():
        yield list(tables), models


def groups(names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """All tables; and apart, if there are both, those that RealMLP was tuned on and the others."""
    tuned, untouched = [n for n in names if n in TUNED_ON], [n for n in names if n not in TUNED_ON]
    yield f"All {len(names)} tables", list(names)
    if tuned and untouched:
        yield f"The {len(tuned)} tables that RealMLP's defaults were tuned on", tuned
        yield f"The {len(untouched)} untouched tables", untouched


def short(model: str) -> str:
    return model.removeprefix("mlptrain ")


@dataclass(frozen=True)
class Column:
    """One figure of every model, made from its values on some tables."""

    title: str
    style: str
    best: Callable[..., float] | None
    combine: Callable[[Sequence[float]], float]
    values: Mapping[str, Sequence[float]]

    def texts(self, models: Sequence[str]) -> list[str]:
        """The cells of the column; the best of those over the most tables is bold."""
        values = [self.values.get(model, ()) for model in models]
        counts = list(map(len, values))
        figures = [self.combine(of) if of else None for of in values]
        fit = [figure if n == max(counts) else None for figure, n in zip(figures, counts, strict=True)]
        texts = bold([written(figure, self.style) for figure in figures], fit, self.best)
        return list(map(noted(max(counts)), texts, counts))


def standing(c: Comparison, ours: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """Ours and the baselines over some tables."""
    theirs = [model for model, worths in c.baselines.worths.items() if worths.keys() & set(names)]
    models = [*theirs, *ours]
    shown = [column for column in columns(c, ours, names) if any(map(column.values.get, models))]
    yield from heading("model", *(column.title for column in shown))
    for cells in zip(models, *(column.texts(models) for column in shown), strict=True):
        yield row(*cells)


def columns(c: Comparison, ours: Sequence[str], names: Sequence[str]) -> Iterator[Column]:
    """Ranks, means and sums over some tables."""
    classes, numbers = [n for n in names if c.classes(n)], [n for n in names if not c.classes(n)]
    if ranked := c.baselines.ranked:
        yield Column("mean rank", "{:.2f}", min, fmean, ranks(c, ranked, names))
        for model in ours:
            yield Column(f"rank with {short(model)}", "{:.2f}", min, fmean, ranks(c, [*ranked, model], names))

    relative = c.values(numbers, c.relative)
    yield Column("SGM error", "{:.4f}", min, shifted_geometric_mean, c.values(classes, c.relative))
    yield Column("SGM nRMSE", "{:.4f}", min, shifted_geometric_mean, relative)
    yield Column("mean nRMSE", "{:.4f}", min, fmean, relative)
    yield Column("mean log loss", "{:.4f}", min, fmean, c.values(classes, lambda _, worth: worth.log_loss))
    yield Column("seconds", "{:.0f}", None, sum, c.values(names, lambda _, worth: worth.seconds))


def ranks(c: Comparison, models: Sequence[str], names: Sequence[str]) -> dict[str, Sequence[float]]:
    """The models' ranks on each of some tables that all of them have."""
    by_table = [mean_ranks([c.score(model, name) for model in models]) for name in names if name in c.baselines.digits]
    return dict(zip(models, zip(*by_table, strict=True), strict=False))


# ── The reference implementation ──────────────────────────────────────────────────────────────────────────────────────


def beside_reference(c: Comparison) -> Iterator[str]:
    """Recipes that have the name of a baseline, beside it."""
    for model, measured in c.ours.items():
        reference = c.baselines.worths.get(next(iter(measured.values()))[0].recipe, {})
        if names := [name for name in c.tables if name in measured and name in reference]:
            yield from section(short(model), list(beside(c, measured, reference, names)), "###")


def beside(
    c: Comparison, measured: Mapping[str, Sequence[Run]], reference: Mapping[str, Worth], names: Sequence[str]
) -> Iterator[str]:
    """One recipe and its reference, table by table, and the means."""
    ours = {name: middle(measured[name]) for name in names}
    change = {name: ours[name].score / reference[name].score - 1 for name in names}
    yield from heading("table", "reference", "median", "seeds from … to", "difference", "reference s", "s")
    for name in names:
        scores = [run.score for run in measured[name]]
        yield row(
            name,
            c.shown(name, reference[name].score),
            c.shown(name, ours[name].score),
            f"{c.shown(name, min(scores))} … {c.shown(name, max(scores))} ({len(scores)})",
            f"{change[name]:+.1%}",
            written(reference[name].seconds, "{:.1f}"),
            written(ours[name].seconds, "{:.1f}"),
        )
    yield ""
    for title, group in (
        *groups(names),
        ("Error of classes", [name for name in names if c.classes(name)]),
        ("RMSE of numbers", [name for name in names if not c.classes(name)]),
    ):
        if group:
            yield f"* {title}: {fmean(change[name] for name in group):+.2%} in the mean."
    spent, theirs = (sum(of[name].seconds or 0 for name in names) for of in (ours, reference))
    yield f"* Seconds: {spent:.0f}, those of the reference {theirs:.0f}."
