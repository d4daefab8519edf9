"""Results as notebooks show them: tables, sentences and a curve in the page's own letters and colours.

`render_html` has a case for each kind of result; a new kind is a function that is registered here.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import singledispatch
from typing import Any

from mlptrain.commands.check import Check
from mlptrain.commands.compare import ComparedFiles
from mlptrain.commands.evaluate import EvaluationResult
from mlptrain.commands.find_lr import RateSearch
from mlptrain.commands.fit import FitResult, make_fit_result
from mlptrain.commands.init import Starter
from mlptrain.commands.report import ComparedReports
from mlptrain.commands.show import Description, describe_model
from mlptrain.diagnostics.comparison import ModelComparison
from mlptrain.diagnostics.report import Report
from mlptrain.explain.changes import Counterfactuals
from mlptrain.explain.effect_curves import EffectCurves
from mlptrain.explain.importance import Importance
from mlptrain.explain.pixel_maps import PixelMaps
from mlptrain.explain.row_effects import RowEffects
from mlptrain.figures import format_figure, format_interval
from mlptrain.fitting.fit import Fit
from mlptrain.fitting.outcome import Outcome, TrainingResult
from mlptrain.model.baseline import describe_no_better
from mlptrain.model.evaluation import Evaluation
from mlptrain.model.model import Model
from mlptrain.reporting.check_results import describe_gradient, describe_recipe, describe_rows
from mlptrain.reporting.counterfactual_results import MEANING_OF_CHANGES, list_sentences
from mlptrain.reporting.effect_results import FEW, MEANING, describe_effects, tabulate_points, tabulate_ranges
from mlptrain.reporting.evaluate_results import (
    CONFUSION,
    choose_metrics,
    describe_class_gaps,
    describe_positive_class,
    describe_slice_gaps,
    explain_baseline_gaps,
    tabulate_classes,
    tabulate_confusion,
    tabulate_evaluation,
    tabulate_slices,
    tabulate_targets,
)
from mlptrain.reporting.find_lr_results import describe_suggestion, describe_test
from mlptrain.reporting.fit_results import collect_parts, describe_worth, tabulate_folds
from mlptrain.reporting.html_parts import (
    Html,
    join_html,
    make_html_block,
    make_html_heading,
    make_html_paragraph,
    make_html_table,
)
from mlptrain.reporting.importance_results import (
    describe_importance,
    list_remarks,
    tabulate_groups,
    tabulate_importance,
)
from mlptrain.reporting.loss_chart import draw_loss_chart
from mlptrain.reporting.metric_rows import choose_headline, describe_scaled_loss, shorten_metrics
from mlptrain.reporting.page_report import describe_muted, describe_subject
from mlptrain.reporting.pixel_results import describe_image_map, describe_pixel_maps, describe_pixel_sum
from mlptrain.reporting.pixel_shades import draw_map_picture, split_signs
from mlptrain.reporting.row_effect_results import (
    MOST_EXPLAINED,
    describe_row_effect,
    describe_sum,
    tabulate_row_effect,
)
from mlptrain.reporting.show_results import (
    MOST_EPOCHS,
    add_baseline,
    describe_end,
    describe_shown_gaps,
    tabulate_history,
)
from mlptrain.reporting.terminal import ANYWHERE
from mlptrain.reporting.text_tables import REFIT, format_size, tabulate_metrics
from mlptrain.reporting.training_curves import list_training_curves
from mlptrain.reporting.words import format_count_with_noun

LARGEST = 60_000
"""Bytes of HTML at most: notebooks keep all that they show."""


@singledispatch
def render_html(result: Any) -> Html:
    """A result as HTML of at most 60 KB, in which no text of the user is read as markup."""
    raise NotImplementedError(f"a notebook shows no {type(result).__name__}")


def keep_small(parts: Iterable[Html]) -> Html:
    """As many parts as there is room for, from the first on, and how many have none."""
    room, kept, left_out = LARGEST - 200, list[Html](), 0
    for part in filter(None, parts):
        size = len(part.encode()) + 1
        if size <= room:
            kept.append(part)
            room -= size
        else:
            left_out += 1
    more = [make_html_paragraph(f"({left_out} more parts are too large to be shown here)")] if left_out else []
    return join_html([*kept, *more])


@render_html.register
def _(result: Fit) -> Html:
    model = result.model
    headline = repr(result).partition("\n")[0]
    parts = [make_html_heading(headline), *render_outcome(make_fit_result(result, ""))]
    return keep_small([*parts, draw_history(describe_model(model, "", 0)), make_html_paragraph(repr(model))])


@render_html.register
def _(result: FitResult) -> Html:
    model = f"model: {result.model} ({format_count_with_noun(result.parameters, 'parameter')})"
    return keep_small([*render_outcome(result), make_html_paragraph(model)])


@render_html.register
def _(result: Outcome) -> Html:
    best = f"{result.reason}: {format_count_with_noun(result.epochs, 'epoch')}, best {result.best_epoch}"
    parts = [make_html_heading(best), make_html_table(tabulate_metrics(result.metrics))]
    for number, each in enumerate(result.folds, 1):
        parts += [make_html_heading(f"training {number}"), make_html_table(tabulate_metrics(each.metrics))]
    return keep_small([*parts, *([make_html_paragraph(result.remark)] if result.remark else [])])


@render_html.register
def _(result: TrainingResult) -> Html:
    best = f"{result.reason}: {format_count_with_noun(result.epochs, 'epoch')}, best {result.best_epoch}"
    return keep_small([make_html_heading(best), make_html_table(tabulate_metrics(result.metrics))])


def render_outcome(result: FitResult) -> Iterator[Html]:
    """The metrics that `fit` ends with, and what it says about them."""
    if result.folds:
        rows = tabulate_folds(result, verbose=False)
        names, part = rows[0][2:], rows[0][0]
    else:
        shown = collect_parts(result, verbose=False)
        rows, names, part = tabulate_metrics(shown), list(next(iter(shown.values()))), list(result.metrics)[-1]
    yield make_html_table(rows)
    yield from render_remarks(describe_scaled_loss(names, result.watched))
    yield from render_remarks(describe_worth(result, part, ANYWHERE, verbose=False))
    if result.positive_class is not None:
        yield make_html_paragraph(f"positive class: {result.positive_class}")
    if result.refit:
        yield make_html_paragraph(REFIT)
    if result.remark:
        yield make_html_paragraph(result.remark)


def render_remarks(lines: Sequence[str]) -> Iterator[Html]:
    """Lines that stand in brackets below a table of text."""
    return (make_html_paragraph(line.strip().removeprefix("(").removesuffix(")")) for line in lines)


@render_html.register
def _(result: Evaluation) -> Html:
    return keep_small(render_evaluation(result))


@render_html.register
def _(result: EvaluationResult) -> Html:
    importance = [] if result.importance is None else render_importance(result.importance)
    return keep_small([*render_evaluation(result), *importance])


def render_evaluation(result: Evaluation) -> Iterator[Html]:
    """The metrics with their intervals, then the classes, the targets and the slices, if there are any."""
    names = choose_metrics(result, verbose=False)
    if result.seen:
        yield make_html_paragraph(result.seen)
    yield make_html_table(tabulate_evaluation(result, names))
    yield from (make_html_paragraph(f"{name}: undefined: {why}") for name, why in result.undefined.items())
    yield from render_remarks(explain_baseline_gaps(result, names))
    if result.intervals:
        yield make_html_paragraph(f"intervals from {result.resamples:,} bootstrap samples")
    if result.watched is not None:
        yield from render_remarks(describe_scaled_loss(names, result.watched))
        no_better = describe_no_better("these", names[0], result.metrics, result.baseline)
        yield from render_remarks([no_better] if no_better else [])
    if result.classes:
        yield make_html_heading(f"classes{describe_positive_class(result)}")
        yield make_html_table(tabulate_classes(result))
        yield from render_remarks(describe_class_gaps(result.classes, ANYWHERE))
    if confusion := tabulate_confusion(result):
        yield make_html_heading(CONFUSION)
        yield make_html_table(confusion)
    if result.targets:
        yield make_html_heading("targets")
        yield make_html_table(tabulate_targets(result, names))
    if result.by:
        yield make_html_heading(f"by {result.by}")
        yield make_html_table(tabulate_slices(result, names))
        yield from render_remarks(describe_slice_gaps(result.slices, names, ANYWHERE))


@render_html.register
def _(result: Importance) -> Html:
    return keep_small(render_importance(result))


def render_importance(result: Importance) -> Iterator[Html]:
    """The columns, the groups, and what the tables do not mean."""
    if result.seen:
        yield make_html_paragraph(result.seen)
    yield make_html_paragraph(describe_importance(result))
    yield make_html_table(tabulate_importance(result))
    if result.groups:
        yield make_html_heading("moved together")
        yield make_html_table(tabulate_groups(result))
    yield from map(make_html_paragraph, list_remarks(result))


@render_html.register
def _(result: EffectCurves) -> Html:
    return keep_small(render_effects(result))


def render_effects(result: EffectCurves) -> Iterator[Html]:
    """The ranges of all columns, and of few columns all values."""
    if result.seen:
        yield make_html_paragraph(result.seen)
    yield make_html_paragraph(describe_effects(result))
    yield make_html_table(tabulate_ranges(result))
    yield make_html_paragraph(MEANING)
    for each in result.columns if len(result.columns) <= FEW else ():
        yield make_html_heading(each.column)
        yield make_html_table(tabulate_points(result, each))


@render_html.register
def _(result: Counterfactuals) -> Html:
    return keep_small(map(make_html_paragraph, [*list_sentences(result), MEANING_OF_CHANGES]))


@render_html.register
def _(result: Report) -> Html:
    return keep_small(render_report(result))


def render_report(result: Report) -> Iterator[Html]:
    """What a report is about, what stands out, how good the model is and what it looks at."""
    yield make_html_heading(result.subject.name)
    yield make_html_paragraph(describe_subject(result))
    if result.subject.seen:
        yield make_html_paragraph(result.subject.seen)
    said = [f"{each.title} ({each.code}): {each.sentence}" for each in result.findings] or ["Nothing stands out."]
    yield from map(make_html_paragraph, said)
    if result.muted:
        yield make_html_paragraph(describe_muted(result.muted))
    if result.quality is not None:
        names = choose_metrics(result.quality.evaluation, verbose=False)
        yield make_html_table(tabulate_evaluation(result.quality.evaluation, names))
    if result.importance is not None:
        yield from render_importance(result.importance)
    yield make_html_paragraph("The whole page: write_html(path); all facts are its attributes.")


@render_html.register
def _(result: ModelComparison) -> Html:
    return keep_small(render_comparison(result))


@render_html.register
def _(result: ComparedFiles) -> Html:
    left_out = (make_html_paragraph(f"left out: {each.why}") for each in result.left_out)
    return keep_small([*render_comparison(result.comparison), *left_out])


@render_html.register
def _(result: ComparedReports) -> Html:
    more = make_html_paragraph("The whole page: write_html(path); the report of each model is in reports.")
    return keep_small([*render_comparison(result.comparison), more])


def render_comparison(result: ModelComparison) -> Iterator[Html]:
    """The models by their metric, and whether the ranking is decided."""
    yield make_html_paragraph(result.verdict)
    rows = [
        [
            each.name,
            format_figure(each.metrics[result.metric]),
            format_interval(*each.intervals[result.metric]) if result.metric in each.intervals else "",
        ]
        for each in result.models
    ]
    yield make_html_table([["model", result.metric, "95 % interval"], *rows])


@render_html.register
def _(result: RowEffects) -> Html:
    return keep_small(render_row_effects(result))


def render_row_effects(result: RowEffects) -> Iterator[Html]:
    """The effects of the first rows, and what they add up to."""
    for each in result.rows[:MOST_EXPLAINED]:
        yield make_html_paragraph(describe_row_effect(each, result))
        yield make_html_table(tabulate_row_effect(each))
    if len(result.rows) > MOST_EXPLAINED:
        yield make_html_paragraph(f"and {len(result.rows) - MOST_EXPLAINED:,} more rows, in rows")
    yield make_html_paragraph(describe_sum(result))


@render_html.register
def _(result: PixelMaps) -> Html:
    return keep_small(render_pixel_maps(result))


def render_pixel_maps(result: PixelMaps) -> Iterator[Html]:
    """The map of all images, or of the first that were asked for what speaks for the answer and what against it."""
    if not result.images:
        yield make_html_paragraph(describe_pixel_maps(result))
        yield draw_map_picture(result.values, describe_pixel_maps(result))
    for each in result.images[:MOST_EXPLAINED]:
        yield make_html_paragraph(f"{describe_image_map(each, result)} (left: for, right: against)")
        maps = split_signs(each.values)
        largest = max(max(line) for values in maps for line in values)
        yield join_html(
            draw_map_picture(values, f"image {each.row}, {name}", largest)
            for name, values in zip(("for", "against"), maps, strict=True)
        )
    if len(result.images) > MOST_EXPLAINED:
        yield make_html_paragraph(f"and {len(result.images) - MOST_EXPLAINED:,} more images, in images")
    yield make_html_paragraph(describe_pixel_sum(result))


@render_html.register
def _(result: Model) -> Html:
    return keep_small([make_html_heading(repr(result)), *render_description(describe_model(result, "", 0))])


@render_html.register
def _(result: Description) -> Html:
    networks = f"{result.networks} networks, " if result.networks > 1 else ""
    size = f"{format_count_with_noun(result.parameters, 'parameter')}, {format_size(result.bytes)}"
    return keep_small([make_html_heading(f"{result.model}: {networks}{size}"), *render_description(result)])


def render_description(result: Description) -> Iterator[Html]:
    """The metrics, the history, the columns and the target of a model."""
    epochs = format_count_with_noun(result.epochs, "epoch")
    yield make_html_paragraph(f"{describe_end(result)}: {epochs}, best {result.best_epoch}")
    watched, measured = result.watched, list(result.metrics.values())[-1]
    names = shorten_metrics(result.metrics, watched, first=choose_headline(measured, watched))
    yield make_html_table(tabulate_metrics(result.metrics | add_baseline(result), names))
    yield from render_remarks(describe_shown_gaps(result, names))
    yield from render_remarks([*describe_scaled_loss(names, watched), *([REFIT] if result.refit else [])])
    yield draw_history(result)
    if result.history.get("epoch"):
        yield make_html_table(tabulate_history(result, MOST_EPOCHS))
    if result.columns:
        yield make_html_table([["column", "inputs"], *([name, kind] for name, kind in result.columns.items())])
    yield from (make_html_paragraph(f"target {line}") for line in result.target.split("\n"))


def draw_history(result: Description) -> Html:
    """The curves of the losses, of several networks those of the first."""
    (first,) = list_training_curves([result.history], (), result.watched, running_loss=result.running_loss)
    epochs = first.epochs
    return draw_loss_chart(first.losses, first=epochs.first, last=epochs.last, best=epochs.best)


@render_html.register
def _(result: Check) -> Html:
    return keep_small(render_check(result))


def render_check(result: Check) -> Iterator[Html]:
    """The columns and why, the model and its memory, the gradient."""
    inputs = format_count_with_noun(result.inputs, "input")
    parameters = format_count_with_noun(result.parameters, "parameter")
    yield make_html_heading(f"Check: {inputs}, {parameters}; about {format_size(result.memory)} of memory")
    yield make_html_paragraph(describe_rows(result))
    if result.columns:
        yield make_html_table([["column", "kind", "inputs", ""], *result.columns])
    layers = [[name, " × ".join(map(str, shape)), f"{count:,}"] for name, shape, count in result.layers]
    yield make_html_table([["layer", "output", "parameters"], *layers])
    yield make_html_paragraph(describe_gradient(result, ANYWHERE, verbose=False)[0])
    yield from map(make_html_paragraph, describe_recipe(result.recipe) if result.recipe is not None else [])
    yield from map(make_html_paragraph, result.notices)


@render_html.register
def _(result: RateSearch) -> Html:
    said = [describe_test(result), *describe_suggestion(result), *filter(None, [result.option]), *result.notices]
    return keep_small(map(make_html_paragraph, said))


@render_html.register
def _(result: Starter) -> Html:
    rows = format_count_with_noun(result.rows, "row")
    columns = [["column", "kind", ""], *result.columns]
    parts = [
        make_html_heading(f"Starter: {result.target_name} ({result.target}), {rows}"),
        make_html_block(result.text),
        make_html_table(columns) if result.columns else Html(""),
        *map(make_html_paragraph, result.notices),
    ]
    return keep_small(parts)
