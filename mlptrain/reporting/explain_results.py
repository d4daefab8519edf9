"""The results of `explain`, for people and for programs: each kind has a file of its own."""

from functools import singledispatch
from typing import Any

from mlptrain.explain.changes import Counterfactuals
from mlptrain.explain.effect_curves import EffectCurves
from mlptrain.explain.importance import Importance
from mlptrain.explain.pixel_maps import PixelMaps
from mlptrain.explain.row_effects import RowEffects
from mlptrain.reporting.bars import EIGHTHS
from mlptrain.reporting.counterfactual_results import build_counterfactuals_document, format_counterfactuals
from mlptrain.reporting.effect_results import build_effects_document, format_effects
from mlptrain.reporting.importance_results import build_importance_document, format_importance
from mlptrain.reporting.pixel_results import build_pixel_maps_document, format_pixel_maps
from mlptrain.reporting.row_effect_results import build_row_effects_document, format_row_effects
from mlptrain.reporting.terminal import ANYWHERE, Terminal


@singledispatch
def format_explanation(
    result: Any, terminal: Terminal = ANYWHERE, *, signs: str = EIGHTHS, verbose: bool = False
) -> str:
    """What a method found, as text; `signs` are those of bars, `verbose` leaves nothing out."""
    raise NotImplementedError(f"no text for {type(result).__name__}")


@singledispatch
def build_explanation_document(result: Any) -> dict[str, Any]:
    """What a method found, for programs."""
    raise NotImplementedError(f"no document for {type(result).__name__}")


format_explanation.register(Importance, format_importance)
format_explanation.register(EffectCurves, format_effects)
format_explanation.register(RowEffects, format_row_effects)
build_explanation_document.register(Importance, build_importance_document)
build_explanation_document.register(EffectCurves, build_effects_document)
build_explanation_document.register(RowEffects, build_row_effects_document)
format_explanation.register(Counterfactuals, format_counterfactuals)
build_explanation_document.register(Counterfactuals, build_counterfactuals_document)
format_explanation.register(PixelMaps, format_pixel_maps)
build_explanation_document.register(PixelMaps, build_pixel_maps_document)
