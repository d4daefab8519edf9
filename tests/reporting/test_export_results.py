"""What is said of an export: where it is, how large, and how far it is from its model."""

from dataclasses import replace
from pathlib import Path

import pytest

from mlptrain.commands.export import Checked, Exported
from mlptrain.export.comparison import Comparison
from mlptrain.reporting.export_results import build_export_document, format_exported
from tests.export.test_comparison import PROBABILITIES, SCORES, make_plan, make_units

NUMBERS, LOGARITHMS = make_plan(make_units("none")), make_plan(make_units("log1p"))
GAP = "differ by at most 1.500e-7"
BY_TARGET = {"by_target": {"y": 0.5}}


def describe(plan, out="m.py", **found):
    """What is printed of a check of 1,500 rows."""
    comparison = Comparison(**{"plan": plan, "rows": 1500, "place": "rows.csv:7"} | found)
    checked = Checked(data="rows.csv", executor="cc", comparison=comparison, notices=())
    return format_exported(Exported(format="python", path=Path(out), files={"": bytes(2048)}, check=checked))


def test_an_export_is_named_with_its_size():
    made = Exported(format="python", path=Path("m.py"), files={"": bytes(2048)})
    assert format_exported(made) == ["export: m.py (python, 2.0 KiB)"]
    assert format_exported(replace(made, path=Path("-"))) == ["export: standard output (python, 2.0 KiB)"]
    folder = replace(made, files={"a": bytes(3), "b": bytes(4)})
    assert format_exported(folder) == ["export: m.py (python, 7 bytes)"]
    assert build_export_document(folder)["files"] == ["a", "b"]
    assert build_export_document(made)["check"] is None


@pytest.mark.parametrize(
    ("plan", "found", "said"),
    [
        (
            PROBABILITIES,
            {"largest": 1.5e-7},
            f"probabilities {GAP} (1e-5 is allowed), no label differs",
        ),
        (PROBABILITIES, {}, "probabilities are the same, no label differs"),
        (SCORES, {"largest": 1.5e-7}, f"scores {GAP} (1e-5 is allowed), no label differs"),
        (
            NUMBERS,
            {"largest": 1.5e-7, **BY_TARGET},
            "numbers differ by at most 1.500e-7 of the target's scale (1e-5 is allowed); y by 0.5000",
        ),
        (
            LOGARITHMS,
            {"largest": 1.5e-7, **BY_TARGET},
            "numbers differ by at most 1.500e-7 of themselves (1e-5 is allowed); y by 0.5000",
        ),
        (NUMBERS, {"by_target": {"y": 0.0}}, "numbers are the same"),
        (SCORES, {"not_finite": 1500}, "nothing to compare"),
    ],
)
def test_a_check_is_said_in_a_sentence(plan, found, said):
    assert describe(plan, **found)[1] == f"check: 1,500 rows of rows.csv by cc: {said}"
