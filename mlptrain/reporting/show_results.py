"""What a model file holds, for people."""

from collections.abc import Mapping, Sequence

from mlptrain.commands.show import Description
from mlptrain.figures import format_figure
from mlptrain.reporting.spec_text import format_spec_as_yaml
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import (
    REFIT,
    align_rows,
    escape_and_indent_text,
    format_metrics,
    format_size,
)


def format_description(result: Description) -> str:
    """The sizes, metrics, columns, target, history and spec of a model file."""
    epochs = f"{result.epochs} epochs ({result.reason}), best {result.best_epoch}"
    networks = f"{result.networks} networks, " if result.networks > 1 else ""
    size = f"{result.parameters:,} parameters, {format_size(result.bytes)}"
    lines = [
        f"{escape_text(result.model)}: {networks}{size}, {epochs}",
        "",
        "metrics",
        format_metrics(result.metrics),
        *([f"  ({REFIT})"] if result.refit else []),
        "",
        "columns",
        align_rows([[escape_text(name), escape_text(kind)] for name, kind in result.columns.items()]),
        "",
        "target",
        escape_and_indent_text(result.target),
        "",
        "history",
        format_history(result.history),
        "",
        "spec",
        escape_and_indent_text(format_spec_as_yaml(result.spec)),
    ]
    return "\n".join(lines)


def format_history(history: Mapping[str, Sequence[float | None]]) -> str:
    """The history as a table of at most twenty epochs, evenly spaced, with the first and the last."""
    names = [name for name, values in history.items() if any(value is not None for value in values)]
    count = len(history["epoch"])
    if not count:
        return "  no epochs"
    chosen = sorted({round(position * (count - 1) / 19) for position in range(20)})
    shown = [name for name in names if name not in ("epoch", "best")]
    rows = [[str(int(history["epoch"][k] or 0)), *(format_figure(history[name][k]) for name in shown)] for k in chosen]
    return align_rows([["epoch", *(name.replace("_", " ") for name in shown)], *rows])
