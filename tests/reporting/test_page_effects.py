"""The drawing of an effect: bars where each value stands for itself, a line where points end intervals."""

import pytest

from mlptrain.explain.effect_curves import Effect, EffectCurves, EffectPoint
from mlptrain.reporting.page_effects import FEW_VALUES, draw_effect


@pytest.mark.parametrize("count", [3, FEW_VALUES, FEW_VALUES + 1])
@pytest.mark.parametrize("has_every_value", [False, True])
def test_few_values_are_bars_and_ends_of_intervals_a_line(count, has_every_value):
    points = tuple(EffectPoint(value=float(k), rows=10, effect=(k / 10,)) for k in range(count))
    effect = Effect(column="x", curve="ale", points=points, has_every_value=has_every_value)
    given = {"method": "effects", "rows": 10 * count, "rows_given": 10 * count, "outputs": ("y",)}
    effects = EffectCurves(**given, of_classes=False, mean=(0.0,), columns=(effect,))
    figure = draw_effect(effects, effect)
    assert ("rows with each value" in figure.remark) == (has_every_value and count <= FEW_VALUES)
