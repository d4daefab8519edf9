"""What `export` has written, and how it compares with the model: in sentences, and for programs."""

from typing import Any

from mlptrain.commands.export import Checked, Exported
from mlptrain.export.comparison import BOUND, Comparison
from mlptrain.figures import format_figure
from mlptrain.reporting.text import escape_text
from mlptrain.reporting.text_tables import format_size

LONGEST = 2000
"""Characters of a line, whatever the names in it."""


def format_exported(result: Exported) -> list[str]:
    """Where the export is and how large; what the check has found."""
    where = "standard output" if str(result.path) == "-" else result.path
    written = f"export: {where} ({result.format}, {format_size(result.size)})"
    lines = [written] if result.check is None else [written, format_checked(result.check)]
    return [escape_text(line, LONGEST) for line in lines]


def format_checked(check: Checked) -> str:
    """What the check has found, in a sentence."""
    found = check.comparison
    rows = f"{found.rows:,} row{'s' * (found.rows != 1)} of {check.data} by {check.executor}"
    if found.rows == found.not_finite:
        return f"check: {rows}: nothing to compare"
    return f"check: {rows}: {describe_difference(found)}"


def describe_difference(found: Comparison) -> str:
    """How far the predictions differ."""
    of_classes, units = bool(found.plan.classes), found.plan.networks[0].units
    what = ("probabilities" if found.plan.are_probabilities else "scores") if of_classes else "numbers"
    scale = "" if units is None else " of the target's scale" if units.transform == "none" else " of themselves"
    largest = f"differ by at most {format_figure(found.largest)}{scale} (1e-5 is allowed)"
    said = f"{what} {largest if found.largest else 'are the same'}"
    if of_classes:
        return f"{said}, {f'{found.labels:,} labels differ' if found.labels else 'no label differs'}"
    gaps = ", ".join(f"{name} by {format_figure(gap)}" for name, gap in found.by_target.items())
    return f"{said}; {gaps}" if found.largest else said


def build_export_document(result: Exported) -> dict[str, Any]:
    """The same for programs."""
    check = result.check
    return {
        "format": result.format,
        "path": str(result.path),
        "files": [name for name in result.files if name],
        "bytes": result.size,
        "check": None if check is None else build_check_document(check),
    }


def build_check_document(check: Checked) -> dict[str, Any]:
    found = check.comparison
    return {
        "data": check.data,
        "executor": check.executor,
        "rows": found.rows,
        "not_finite": found.not_finite,
        "largest_difference": found.largest,
        "bound": BOUND,
        "place": found.place or None,
        "labels_differ": found.labels if found.plan.classes else None,
        "by_target": found.by_target,
    }
