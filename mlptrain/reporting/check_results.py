"""The result of `check`, for people."""

from collections.abc import Sequence

from mlptrain.commands.check import Check
from mlptrain.plain import to_plain
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import align_rows, escape_and_indent_text, format_size
from mlptrain.spec.file import Expansion


def format_check(result: Check) -> str:
    """The recipe, the resolved spec, the columns, the model and its gradient."""
    sections = (
        []
        if result.recipe is None
        else ["recipe", escape_and_indent_text("\n".join(describe_recipe(result.recipe))), ""]
    )
    sections += ["resolved spec", escape_and_indent_text(format_spec_as_yaml(to_plain(result.spec)))]
    if result.columns:
        sections += ["", "columns", format_columns(result.columns)]
    sections += ["", "model", align_rows([["layer", "output", "parameters"], *format_layer_rows(result)])]
    sections += [f"  {result.parameters:,} parameters; training takes about {format_size(result.memory)} of memory"]
    sections += [
        f"  matrix products: {escape_text(result.products)}",
        f"  elementwise: {escape_text(result.elementwise)}",
    ]
    sections += [
        "",
        f"gradient against finite differences (float64, {result.rows_checked} rows)",
        format_gradient(result),
    ]
    return "\n".join(sections)


def describe_recipe(expansion: Expansion) -> list[str]:
    """Say which recipe the spec names, which facts decided its cases, and what the user has overridden."""
    recipe, facts = expansion.recipe, expansion.facts
    return [
        f"{recipe.name}: {recipe.about}",
        f"as it is for {facts.rows:,} rows and a target of {facts.target}",
        f"overridden: {', '.join(expansion.overridden) or 'nothing'}",
        *describe_trial(expansion),
    ]


def describe_trial(expansion: Expansion) -> list[str]:
    """Say which choices `fit` decides between, and which of them is shown."""
    trial = expansion.recipe.trial
    if trial is None:
        return []
    choices = " or ".join(choice.about for choice in trial.choices)
    return [f"`fit` decides by trials of {trial.steps:,} steps: {choices}; shown is: {expansion.choice}"]


def format_columns(rows: Sequence[Sequence[str]], most: int = 20) -> str:
    """How each column was understood; if there are many, the first ones and the last, which is the target."""
    shown = [*rows[: most - 1], rows[-1]] if len(rows) > most else list(rows)
    table = align_rows([["column", "understood as", "", ""], *([escape_text(cell) for cell in row] for row in shown)])
    return f"{table}\n  ({len(rows) - most} more columns are not shown)" if len(rows) > most else table


def format_layer_rows(result: Check) -> list[list[str]]:
    """Name, output shape and number of parameters of each layer."""
    return [[escape_text(name), " × ".join(map(str, shape)), f"{count:,}"] for name, shape, count in result.layers]


def format_gradient(result: Check) -> str:
    """The largest relative error of each parameter's gradient."""
    rows = [
        [check.name, " × ".join(map(str, check.shape)), f"{check.error:.1e}", "right" if check.right else "WRONG"]
        for check in result.gradient
    ]
    return align_rows([["parameter", "shape", "relative error", ""], *rows])
