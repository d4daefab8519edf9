"""The result of `check`, for people and for programs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mlptrain.commands.check import LEFT_OUT_BY_SPEC, Check
from mlptrain.plain import to_plain
from mlptrain.reporting.terminal import ANYWHERE, Paint, Terminal, measure_width, shorten_to_width
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import align_rows, describe_dropped_columns, drop_columns, format_size
from mlptrain.reporting.words import format_count_with_noun
from mlptrain.spec.defaults import list_changed_keys
from mlptrain.spec.file import Expansion
from mlptrain.training.gradient_check import ParameterCheck

MOST_COLUMNS, MOST_LAYERS = 7, 5
"""What fits on one screen; --verbose shows all."""
SHORTEST_WORDS = 20
"""Less room than this is not worth a remark."""


def format_check(result: Check, terminal: Terminal = ANYWHERE, *, verbose: bool = False) -> str:
    """The columns and why, the model and its memory, the gradient in a line: what fits on one screen."""
    lines = describe_columns(result, terminal, verbose=verbose) if result.columns else []
    lines.append(terminal.wrap(describe_rows(result)))
    lines += describe_model(result, terminal, verbose=verbose)
    lines += describe_gradient(result, terminal, verbose=verbose)
    if result.recipe is not None:
        lines += [terminal.wrap(line) for line in describe_recipe(result.recipe)]
    changed = len(list(list_changed_keys(result.spec)))
    keys = f"{format_count_with_noun(changed, 'key')} {'is' if changed == 1 else 'are'} not the default"
    lines.append(terminal.wrap(f"spec: {keys}; `mlptrain check SPEC --spec` prints all"))
    return "\n".join(lines)


def describe_rows(result: Check) -> str:
    """How the rows are divided: "rows: 700, of which 595 for training, 105 for validation"."""
    parts = ", ".join(f"{count:,} for {name}" for name, count in result.division.items())
    several = f"; {result.trainings} networks, each on other rows, of the first: " if result.trainings > 1 else ": "
    return f"{format_count_with_noun(result.rows, 'row')}{several}{parts}"


def describe_columns(result: Check, terminal: Terminal, *, verbose: bool) -> list[str]:
    """How each column was understood and why, those that are left out, and the target."""
    used = [row for row in result.columns if row[1] != "target" and row[2] != "not used"]
    left_out = [row for row in result.columns if row[2] == "not used"]
    shown = used if verbose or len(used) <= MOST_COLUMNS + 1 else used[:MOST_COLUMNS]
    lines = format_column_rows([["column", "kind", "inputs", ""], *shown], terminal, verbose=verbose)
    if len(shown) < len(used):
        kinds = Counter(kind for _, kind, _, _ in used[len(shown) :])
        more = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        lines.append(terminal.wrap(f"  and {len(used) - len(shown):,} more: {more} (--verbose shows all)", "    "))
    lines += describe_left_out_columns(left_out, terminal, verbose=verbose)
    for name, _, what, labels in (row for row in result.columns if row[1] == "target"):
        between = " " if "classes" in what else "; "
        lines.append(terminal.wrap(f"target {escape_text(name)}: {what}{between}{escape_text(labels)}"))
    return lines


def format_column_rows(rows: Sequence[Sequence[str]], terminal: Terminal, *, verbose: bool) -> list[str]:
    """The columns as a table, each on one line: what a cell has no room for is cut, unless all is asked for."""
    cells = [[escape_text(cell, 60) for cell in row] for row in rows]
    cells = [[name, kind, given.removesuffix("s").removesuffix(" input"), why] for name, kind, given, why in cells]
    cells[0][2] = "inputs"
    width = 2 + sum(max(measure_width(row[k]) for row in cells) + 2 for k in range(3))
    room = (terminal.width or 100) - width
    if verbose and terminal.width is None:
        room = 10**6
    if room < SHORTEST_WORDS:
        table = align_rows([row[:3] for row in cells], terminal=terminal, left=2).split("\n")
        return [*table, *describe_dropped_columns(["what the cells are"], terminal)]
    cells = [
        [*row[:3], shorten_to_width(escape_text(full[3], 2000), room)] for row, full in zip(cells, rows, strict=True)
    ]
    paints: list[Paint] = ["", "train", "", "quiet"]
    return align_rows(cells, terminal=terminal, paints=paints, left=4).split("\n")


def describe_left_out_columns(rows: Sequence[Sequence[str]], terminal: Terminal, *, verbose: bool) -> list[str]:
    """The columns that the network does not get, and why: those that the spec leaves out apart from others."""
    declared = [
        (row[0], why.lstrip("; ")) for row in rows for _, mark, why in [row[3].partition(LEFT_OUT_BY_SPEC)] if mark
    ]
    others = [(row[0], row[3]) for row in rows if LEFT_OUT_BY_SPEC not in row[3]]
    lines = []
    for words, group in (("left out", others), ("left out, as the spec says", declared)):
        shown = group if verbose or len(group) <= MOST_COLUMNS else group[:MOST_COLUMNS]
        named = "; ".join(
            escape_text(name, 40) + (f" ({shorten_to_width(escape_text(why, 2000), 80)})" if why else "")
            for name, why in shown
        )
        more = f"; and {len(group) - len(shown):,} more (--verbose shows all)" if len(shown) < len(group) else ""
        lines += [terminal.wrap(f"{words}: {named}{more}")] if group else []
    return lines


def describe_model(result: Check, terminal: Terminal, *, verbose: bool) -> list[str]:
    """The layers that have parameters, all parameters, the memory of training."""
    layers = [layer for layer in result.layers if verbose or layer[2]]
    shown = layers if verbose or len(layers) <= MOST_LAYERS + 1 else [*layers[: MOST_LAYERS - 1], layers[-1]]
    rows = [[escape_text(name), " x ".join(map(str, shape)), f"{count:,}"] for name, shape, count in shown]
    table, _ = drop_columns([["layer", "output", "parameters"], *rows], terminal)
    between = f"; {len(layers) - len(shown):,} layers between are not shown" if len(shown) < len(layers) else ""
    size = f"{format_count_with_noun(result.inputs, 'input')}, {format_count_with_noun(result.parameters, 'parameter')}"
    memory = f"training takes about {format_size(result.memory)} of memory{describe_memory_with_files(result)}"
    lines = [
        terminal.wrap(f"model: {size}; {memory}{between}"),
        align_rows(table, terminal=terminal, paints=["", "quiet"]),
    ]
    if verbose:
        lines += [
            f"  matrix products: {escape_text(result.products)}",
            f"  elementwise: {escape_text(result.elementwise)}",
        ]
    return lines


CLEARLY_LESS = 0.9
"""Of the memory with all arrays in it, the part up to which it is said what files would save."""


def describe_memory_with_files(result: Check) -> str:
    """How much memory training takes with its arrays in files, and how much disk, where that is clearly less memory."""
    if result.memory_with_files > CLEARLY_LESS * result.memory:
        return ""
    memory, disk = map(format_size, (result.memory_with_files, result.disk_with_files))
    return f", with data.memory: files at most {memory} and {disk} of disk"


def describe_gradient(result: Check, terminal: Terminal, *, verbose: bool) -> list[str]:
    """How many parameters have the right gradient, and the largest error; those that are wrong by name."""
    right = sum(check.right for check in result.gradient)
    worst = max(check.error for check in result.gradient)
    facts = f"{right:,} of {len(result.gradient):,} right, worst relative error {worst:.1e}"
    rows = format_count_with_noun(result.rows_checked, "row")
    line = terminal.wrap(f"gradient: {facts} (against finite differences in float64, {rows})")
    verdict: Paint = "best" if right == len(result.gradient) else "bad"
    head, colon, rest = line.partition(":")
    table = [format_parameter_check(check) for check in result.gradient if verbose or not check.right]
    return [terminal.paint(head + colon, verdict) + rest, *([align_rows(table, terminal=terminal)] if table else [])]


def format_parameter_check(check: ParameterCheck) -> list[str]:
    """One parameter: its name, its shape, its error, the verdict."""
    shape = " x ".join(map(str, check.shape))
    return [escape_text(check.name), shape, f"{check.error:.1e}", "right" if check.right else "WRONG"]


def describe_recipe(expansion: Expansion) -> list[str]:
    """Say which recipe the spec names, which facts decided its cases, and what the user has overridden."""
    recipe, facts = expansion.recipe, expansion.facts
    overridden = ", ".join(expansion.overridden) or "nothing"
    rows = f"for {format_count_with_noun(facts.rows, 'row')} and a target of {facts.target}"
    return [f"recipe {recipe.name}: {rows}; overridden: {overridden}", *describe_trial(expansion)]


def describe_trial(expansion: Expansion) -> list[str]:
    """Say which choices `fit` decides between, and which of them is shown."""
    trial = expansion.recipe.trial
    if trial is None:
        return []
    choices = " or ".join(choice.about for choice in trial.choices)
    return [f"`fit` decides by trials of {trial.steps:,} steps: {choices}; shown is: {expansion.choice}"]


def build_check_document(result: Check) -> dict[str, Any]:
    """The result of `check` for programs."""
    targets = [row for row in result.columns if row[1] == "target"]
    others = [row for row in result.columns if row[1] != "target"]
    memory = ("memory", "memory_with_files", "disk_with_files")
    kept = ("rows", "inputs", "parameters", *memory, "products", "elementwise", "rows_checked", "trainings")
    return {
        **{name: getattr(result, name) for name in kept},
        "division": dict(result.division),
        "columns": [dict(zip(("name", "kind", "inputs", "why"), row, strict=True)) for row in others],
        "target": [dict(zip(("name", "what", "labels"), (row[0], *row[2:]), strict=True)) for row in targets],
        "layers": [dict(zip(("name", "output", "parameters"), layer, strict=True)) for layer in result.layers],
        "gradient": [asdict(check) | {"right": check.right} for check in result.gradient],
        "recipe": None if result.recipe is None else result.recipe.recipe.name,
        "notices": list(result.notices),
        "not_default": list(list_changed_keys(result.spec)),
        "spec": to_plain(result.spec),
    }
