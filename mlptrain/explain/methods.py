"""The methods of `explain`, and how one is chosen: by its name, with options that are its fields."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mlptrain.annotations import list_component_names, list_union_members, read_field_types
from mlptrain.arguments import require_choice
from mlptrain.errors import DataError, SpecError
from mlptrain.explain.changes import Counterfactuals
from mlptrain.explain.counterfactual import Counterfactual
from mlptrain.explain.effect_curves import EffectCurves
from mlptrain.explain.effects import Effects
from mlptrain.explain.gradients import Gradients
from mlptrain.explain.importance import Importance
from mlptrain.explain.permutation import Clock, Permutation
from mlptrain.explain.pixel_maps import PixelMaps
from mlptrain.explain.pixels import PixelGradients
from mlptrain.explain.row_effects import RowEffects
from mlptrain.explain.shapley import Shapley
from mlptrain.model.model import Model
from mlptrain.model.products import limit_threads
from mlptrain.model.rows import Rows, describe_blank_lines, drop_uncounted_rows, find_doubtful_rows
from mlptrain.plain import from_plain

RowMethod = Gradients | Shapley | Counterfactual | PixelGradients
"""What explains the answers for single rows, or images, by usual ones."""
Method = Permutation | Effects | RowMethod
"""What `explain` can do. A new method is a frozen dataclass with its `name`, its options as fields and `explain`."""

Explanation = Importance | EffectCurves | RowEffects | Counterfactuals | PixelMaps
"""What the methods find."""

METHODS: Mapping[str, type[Method]] = {list_component_names(kind)[0]: kind for kind in list_union_members(Method)}


def make_method(name: str, options: Mapping[str, Any]) -> Method:
    """The method of a name with its options; those that are None are at their defaults.

    >>> make_method("permutation", {"repeats": 3, "metric": None}).repeats
    3
    """
    require_choice(name, "method", list(METHODS))
    kind: Any = METHODS[name]
    given = {key: to_list(value) for key, value in options.items() if value is not None}
    own = list_options(kind)
    if odd := [key for key in given if key not in own]:
        others = [each for each, other in METHODS.items() if odd[0] in list_options(other)]
        belongs = f"it is of {', '.join(others)}" if others else f"there are {', '.join(own)}"
        raise SpecError(f"{odd[0]}: the method {name} has no such option; {belongs}")
    try:
        method: Method = from_plain(kind, given)
    except ValueError as problem:
        raise SpecError(str(problem)) from None
    return method


def choose_method(model: Model, name: str | None, options: Mapping[str, Any], *, has_baseline: bool) -> Method:
    """The method of a name, or the one that suits the model and the options, checked against both."""
    method = make_method(name_default_method(model, options) if name is None else name, options)
    if has_baseline:
        require_row_method(method)
    require_method_of_inputs(model, method)
    return method


def name_default_method(model: Model, options: Mapping[str, Any]) -> str:
    """`pixels` of images; of tables `gradients` where single rows are asked for, else `permutation`."""
    if model.reads_images:
        return "pixels"
    return "permutation" if options.get("rows") is None else "gradients"


def list_options(kind: Any) -> list[str]:
    """The options of a method."""
    return [key for key in read_field_types(kind) if key != "name"]


def to_list(value: Any) -> Any:
    """Tuples and lists as lists all through."""
    return [to_list(each) for each in value] if isinstance(value, tuple | list) else value


def explain_rows(
    model: Model, rows: Rows, method: Method, *, clock: Clock, threads: int | None = None, usual: Rows | None = None
) -> Explanation:
    """What a method finds of a model on rows (some against usual ones), and all there is to say about the rows."""
    if not rows.count:
        absent = [name for name in model.columns() if name not in rows.inputs.columns]
        raise DataError(rows.inputs.missing(absent) if absent else f"{rows.name}: there are no rows to explain")
    notices = [*find_doubtful_rows(rows), *model.describe_shares(rows)]
    if method.needs_targets:
        rows, left_out = drop_uncounted_rows(model.spec.data, rows)
        notices += left_out
    network = model.networks[0].network
    with limit_threads(network, network.chunk_rows(), threads):
        if isinstance(method, RowMethod):
            found: Explanation = method.explain(model, rows, usual)
        else:
            found = method.explain(model, rows, clock)
    said = (*notices, *describe_blank_lines(rows), *filter(None, [found.odd_cells.words()]), *found.notices)
    return replace(found, notices=said)


def require_row_method(method: Method) -> None:
    """An error where a baseline is given to a method that has none."""
    if not isinstance(method, RowMethod):
        others = ", ".join(list_component_names(kind)[0] for kind in list_union_members(RowMethod))
        raise SpecError(f"baseline: the method {method.name} has no such option; it is of {others}")


def require_method_of_inputs(model: Model, method: Method) -> None:
    """An error where a method of tables is asked of a model of images, or the other way round."""
    if method.of_images != model.reads_images:
        own = ", ".join(name for name, kind in METHODS.items() if kind.of_images == model.reads_images)
        inputs = "images" if model.reads_images else "a table"
        raise SpecError(f"method: {method.name} does not explain a model of {inputs}; choose {own}")
