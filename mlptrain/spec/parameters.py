"""The parameters of an estimator as a spec: the nested one lies over the recipe, the flat ones over both."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from mlptrain.arguments import shorten_repr
from mlptrain.errors import SpecError
from mlptrain.plain import to_plain
from mlptrain.spec.fields import Spec, Split
from mlptrain.spec.file import NO_WEIGHTS, Draft, GivenWeights, make_draft_from_document
from mlptrain.spec.values import ValueOverride, make_document_from_values

KEYS = {
    "hidden": "model.hidden",
    "activation": "model.activation",
    "dropout": "model.dropout",
    "learning_rate": "optimizer.learning_rate",
    "epochs": "training.epochs",
    "batch_size": "training.batch_size",
    "validation": "data.split.validation",
    "early_stopping": "training.early_stopping",
    "time_limit": "training.time_limit",
}
"""The flat parameters, and the keys that they set; None sets nothing."""
SAID_ELSEWHERE = {"recipe": "the parameter recipe", "seed": "the parameter random_state"}
"""The keys that the nested parameter must not have, and what says them."""
DATA_SAID_ELSEWHERE = {"train": "X", "target": "y", "sample_weight": "sample_weight"}
"""The same in its data section, which the arguments of a fit say."""
NO_SPLIT: Mapping[str, Any] = to_plain(Split())
"""The keys of a split that holds nothing out."""
TRAINING_SAID_ELSEWHERE = {"class_weight": "the parameter class_weight"}
"""The same in its training section, where that parameter is given."""


@dataclass(frozen=True, kw_only=True)
class Roles:
    """The columns of a table by what they are for."""

    kinds: Mapping[str, str]
    """The inputs and the kind of each."""
    targets: Mapping[str, str]
    """The targets and the kind of each."""
    weight: str | None = None
    part: str | None = None
    """The column that says which rows are for validation, where these are given."""


def make_draft_from_parameters(
    recipe: str | None,
    spec: Mapping[str, Any] | None,
    flat: Mapping[str, Any],
    *,
    roles: Roles,
    seed: int,
    weights: GivenWeights = NO_WEIGHTS,
) -> Draft:
    """The draft that the parameters of an estimator mean for a table in memory; a SpecError has all that is wrong.

    >>> roles = Roles(kinds={"x": "number"}, targets={"y": "number"})
    >>> make_draft_from_parameters(None, None, {"epochs": 3}, roles=roles, seed=0).spec.training.epochs
    3
    """
    given = dict(require_section(spec, "spec"))
    data = dict(require_section(given.pop("data", None), "spec: data"))
    refuse_keys_said_elsewhere(given, SAID_ELSEWHERE, "spec: ")
    refuse_keys_said_elsewhere(data, DATA_SAID_ELSEWHERE, "spec: data.")
    if roles.part is not None:
        refuse_other_validation_rows(flat, data.get("split"))
    targets = list(roles.targets)
    data["target"] = targets if len(targets) > 1 else targets[0]
    data["columns"] = declare_kinds(roles, require_section(data.get("columns"), "spec: data.columns"))
    if roles.weight is not None:
        data["sample_weight"] = roles.weight
    named = {} if recipe is None else {"recipe": recipe}
    document = make_document_from_values({**named, **given, "data": data, "seed": seed})
    draft = make_draft_from_document(document, list(list_overrides(flat, roles)), weights=weights, rows_given=True)
    draft.check()
    return draft


def list_ignored_columns(spec: Mapping[str, Any] | None) -> list[str]:
    """The columns that the nested parameter leaves out, whose cells may be anything.

    >>> list_ignored_columns({"data": {"columns": {"id": "ignore", "age": {"scaling": "robust"}}}})
    ['id']
    """
    data = require_section(require_section(spec, "spec").get("data"), "spec: data")
    columns = require_section(data.get("columns"), "spec: data.columns")
    kinds = {name: own.get("type") if isinstance(own, Mapping) else own for name, own in columns.items()}
    return [name for name, kind in kinds.items() if kind == "ignore"]


def drop_keys_said_elsewhere(spec: Spec) -> dict[str, Any]:
    """The nested parameter that a resolved spec means; a split by a column that is no input is left out."""
    given = {key: value for key, value in to_plain(spec).items() if key not in SAID_ELSEWHERE}
    data = {key: value for key, value in given["data"].items() if key not in DATA_SAID_ELSEWHERE}
    data["columns"] = {name: own for name, own in data["columns"].items() if name not in spec.data.targets}
    if spec.data.split.column not in (None, *data["columns"]):
        del data["split"]
    return given | {"data": data}


def require_section(value: Any, name: str) -> Mapping[str, Any]:
    """A map of keys; none where nothing is given."""
    if value is None or isinstance(value, Mapping):
        return value or {}
    raise SpecError(f"{name}: {shorten_repr(value)} is no dict of keys, as a spec has them")


def refuse_keys_said_elsewhere(section: Mapping[str, Any], elsewhere: Mapping[str, str], where: str) -> None:
    """An error for each key that is said in another way."""
    if found := [key for key in elsewhere if key in section]:
        raise SpecError(*(f"{where}{key}: {elsewhere[key]} says it; leave the key out" for key in found))


def refuse_other_validation_rows(flat: Mapping[str, Any], split: Any) -> None:
    """An error for all that says which rows are held out, where X_val has them; what says none may stay."""
    given = split if isinstance(split, Mapping) else {"": split}
    said = [f"spec: data.split.{key}" for key, value in given.items() if value != NO_SPLIT.get(key)]
    if found := ["validation"] * (flat.get("validation") is not None) + [each.rstrip(".") for each in said]:
        raise SpecError(*(f"{each}: X_val has the validation rows; leave one of them out" for each in found))


def refuse_class_weights_twice(spec: Mapping[str, Any] | None, class_weight: Any) -> None:
    """An error where the nested parameter weighs classes, too, and so the weights would count twice."""
    training = require_section(require_section(spec, "spec").get("training"), "spec: training")
    given = {key: value for key, value in training.items() if None not in (value, class_weight)}
    refuse_keys_said_elsewhere(given, TRAINING_SAID_ELSEWHERE, "spec: training.")


def declare_kinds(roles: Roles, own: Mapping[str, Any]) -> dict[str, Any]:
    """What the spec says of each column: its kind, unless the user's own spec says another, and the user's settings.

    >>> roles = Roles(kinds={"a": "number", "b": "number"}, targets={})
    >>> declare_kinds(roles, {"a": {"scaling": "robust"}, "b": "date"})
    {'a': {'type': 'number', 'scaling': 'robust'}, 'b': 'date'}
    """
    kinds = {**roles.kinds, **roles.targets}
    settings = {
        name: {"type": kinds[name], **each} if isinstance(each, Mapping) and name in kinds else each
        for name, each in own.items()
    }
    return {**kinds, **settings}


def declare_categories(kinds: Mapping[str, str], categories: Sequence[Any] | None) -> dict[str, str]:
    """The kinds of columns where some, by name or position, are categories.

    >>> declare_categories({"a": "number", "b": "number"}, [-1])
    {'a': 'number', 'b': 'category'}
    """
    names, found = list(kinds), dict(kinds)
    if isinstance(categories, str | bytes | Mapping) or not isinstance(categories, Iterable | None):
        raise SpecError(f"categories: write a list: [{shorten_repr(categories)}]")
    for each in () if categories is None else categories:
        is_number = isinstance(each, Integral) and not isinstance(each, bool)
        is_place = is_number and -len(names) <= int(each) < len(names)
        name = names[int(each)] if is_place else str(each)
        if name not in found:
            raise SpecError(f"categories: {shorten_repr(each)} is no column; they are {', '.join(names[:20])}")
        found[name] = "category"
    return found


def list_overrides(flat: Mapping[str, Any], roles: Roles) -> Iterator[ValueOverride]:
    """The flat parameters that are given, as keys of the spec; and the split where the validation rows are given."""
    for name, value in flat.items():
        if value is not None:
            yield ValueOverride(KEYS[name], expand_early_stopping(value) if name == "early_stopping" else value, name)
    if roles.part is not None:
        split = {"type": "column", "column": roles.part, "validation": 0, "folds": None, "repeats": 1}
        yield from (ValueOverride(f"data.split.{key}", value, "X_val") for key, value in split.items())


def expand_early_stopping(value: Any) -> Any:
    """The section that a patience means; True is that of the default patience, False none.

    >>> expand_early_stopping(5), expand_early_stopping(True), expand_early_stopping(False)
    ({'patience': 5}, {}, None)
    """
    if value is True or value is False:
        return {} if value else None
    return value if isinstance(value, Mapping) else {"patience": value}
