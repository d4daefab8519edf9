"""What is seen of the layers, as a table and as a document."""

from typing import Any

from mlptrain.figures import format_figure
from mlptrain.model.layer_findings import find_layer_faults
from mlptrain.model.layer_history import FACTS, LayersSeen
from mlptrain.reporting.terminal import Terminal
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import align_rows, describe_dropped_columns, drop_columns

HEADINGS = ("layer", "units", "weights", "gradients", "update", "mean", "sd", "zeros", "dead", "saturated")
MOST_LAYERS = 8
"""What fits on one screen; --verbose shows all."""


def format_layers(seen: LayersSeen, terminal: Terminal, *, verbose: bool, title: str) -> list[str]:
    """The layers of a snapshot as a table, those with weights if not all have room, and what is wrong with them."""
    layers = (
        seen.layers
        if verbose or len(seen.layers) <= MOST_LAYERS
        else [each for each in seen.layers if each.weight_rms is not None]
    )
    shown = layers if verbose or len(layers) <= MOST_LAYERS else [*layers[: MOST_LAYERS - 1], layers[-1]]
    rows = [
        [
            f"{escape_text(each.name)} ({each.layer_kind})",
            f"{each.units:,}",
            *map(format_figure, (each.weight_rms, each.gradient_rms, each.update_ratio)),
            *map(format_figure, (each.output_mean, each.output_sd, each.zeros)),
            f"{each.dead:,}",
            f"{each.saturated:,}",
        ]
        for each in shown
    ]
    table, dropped = drop_columns([HEADINGS, *rows], terminal)
    left_out = len(seen.layers) - len(shown)
    more = f" ({left_out:,} more with --verbose)" if left_out else ""
    return [
        terminal.paint(f"{title}{more}", "strong"),
        align_rows(table, terminal=terminal),
        *describe_dropped_columns(dropped, terminal),
        *(terminal.wrap(f"  {finding.sentence}", "    ") for finding in find_layer_faults(seen)),
    ]


def list_layer_facts(seen: LayersSeen) -> dict[str, dict[str, Any]]:
    """By layer, the facts that are one number each."""
    return {each.name: {name: getattr(each, name) for name in FACTS} for each in seen.layers}
