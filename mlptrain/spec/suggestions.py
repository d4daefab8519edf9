"""What was probably meant: names near to a wrong one, and the places of the whole spec where a key would be right."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args, get_origin

from mlptrain.annotations import list_component_names, list_union_members, read_field_types, strip_annotation
from mlptrain.spec.fields import Spec
from mlptrain.spec.words import ALIASES, ELSEWHERE, KEY_SYNONYMS, NAME_ALIASES, NAME_KEYS, SYNONYMS


@dataclass(frozen=True)
class KnownKey:
    """A key that may stand somewhere in a spec: `model.layers[0].units`, in a section or a component."""

    path: str
    owner: type
    rivals: tuple[str, ...]
    """The names of all components that may stand in its owner's place."""

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


def list_keys_below(kind: Any, path: str, above: tuple[Any, ...] = ()) -> Iterator[KnownKey]:
    """The keys of all sections and components that a value of a type may be; no type within itself."""
    members = [strip_annotation(member) for member in list_union_members(strip_annotation(kind))]
    rivals = tuple(name for member in members for name in list_component_names(member))
    for member in members:
        if is_dataclass(member) and member not in above:
            for name, hint in read_field_types(member).items():  # type: ignore[arg-type]
                place = f"{path}.{name}".removeprefix(".")
                yield KnownKey(place, member, rivals)  # type: ignore[arg-type]
                yield from list_keys_below(hint, place, (*above, member))
        elif get_origin(member) is tuple:
            yield from list_keys_below(get_args(member)[0], f"{path}[0]", (*above, member))
        elif get_origin(member) is Mapping:
            yield from list_keys_below(get_args(member)[1], f"{path}.NAME", (*above, member))


@cache
def list_known_keys() -> Sequence[KnownKey]:
    """Every key of a spec, the shallowest first; those of lists and of schedules, which few specs have, last."""

    def rank(known: KnownKey) -> tuple[bool, int]:
        return known.path.startswith("schedules") or "[" in known.path, known.path.count(".")

    return sorted(list_keys_below(Spec, ""), key=rank)


def find_key_elsewhere(key: str, owner: type | None = None) -> str | None:
    """The place of a spec where a key, or our word for it, would be right; the shallowest if there are several.

    The place is not that of `owner` with another component in it.

    >>> find_key_elsewhere("lr"), find_key_elsewhere("epochs"), find_key_elsewhere("nonsense")
    ('optimizer.learning_rate', 'training.epochs', None)
    """
    word = simplify_name(key)
    if word in ELSEWHERE:
        return ELSEWHERE[word]
    ours = {word, simplify_name(ALIASES.get(key, ALIASES.get(word, key)))}
    return next((known.path for known in list_keys_elsewhere(owner) if simplify_name(known.name) in ours), None)


@cache
def list_keys_elsewhere(owner: type | None) -> Sequence[KnownKey]:
    """The keys of a spec, but those of components that may stand where `owner` stands."""
    rivals = find_rival_names(owner)
    return [known for known in list_known_keys() if not rivals.intersection(known.rivals)]


def suggest_key(owner: type, key: str) -> str:
    """A hint what an unknown key of a section or component was meant for; empty if nothing is near."""
    own = [*(each.name for each in fields(owner)), *(["recipe"] if owner is Spec else [])]
    if same := find_same_name(key, own):
        return f"; did you mean {same!r}?"
    if (meant := KEY_SYNONYMS.get(simplify_name(key))) in own:
        return f"; did you mean {meant!r}?"
    if find_rival_names(owner) and simplify_name(key) in NAME_KEYS:
        return "; did you mean 'name'?"
    if key in find_rival_names(owner):
        return f"; did you mean {{name: {key}, …}}?"
    if elsewhere := find_key_elsewhere(key, owner):
        return propose_place(elsewhere)
    if (near := suggest_name(key, own)) or find_rival_names(owner):
        return near
    names = {known.name: known.path for known in reversed(list_keys_elsewhere(owner))}
    close = get_close_matches(key, names, n=1, cutoff=0.8)
    return propose_place(names[close[0]]) if close else ""


def propose_place(path: str) -> str:
    """The question whether a key of another place was meant.

    >>> propose_place("seed")
    "; did you mean 'seed' at the top of the spec, in no section?"
    """
    return f"; did you mean {path!r}{'' if '.' in path else ' at the top of the spec, in no section'}?"


@cache
def find_rival_names(owner: type | None) -> set[str]:
    """The names of the components that may stand where `owner` stands."""
    return {name for known in list_known_keys() if known.owner is owner for name in known.rivals}


def suggest_name(word: str, names: Sequence[str]) -> str:
    """The name that differs by capitals and signs only, else the nearest one, if any is near.

    >>> suggest_name("LeakyReLU", ["leaky_relu", "relu"])
    "; did you mean 'leaky_relu'?"
    """
    word_alone = simplify_name(word)
    meant = (SYNONYMS.get(word_alone), SIMPLE_NAME_ALIASES.get(word_alone))
    close = find_same_name(word, names) or next((each for each in meant if each in names), None)
    close = close or next(iter(get_close_matches(word, names, n=1, cutoff=0.6)), None)
    return f"; did you mean {close!r}?" if close else ""


def find_same_name(word: str, names: Sequence[str]) -> str | None:
    """The name that differs from a word by capitals and signs only."""
    return next((name for name in names if simplify_name(name) == simplify_name(word)), None)


def simplify_name(name: str) -> str:
    """A name without capitals and signs.

    >>> simplify_name("Leaky-ReLU")
    'leakyrelu'
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


SIMPLE_NAME_ALIASES: Mapping[str, str] = {simplify_name(theirs): ours for theirs, ours in NAME_ALIASES.items()}
"""Other tools' names of components without capitals and signs, and ours."""


def write_meant_number(text: str) -> str | None:
    """A text such as 20% or 0,5 as the number that a spec wants; None for any other text, and for 1,000.

    >>> [write_meant_number(text) for text in ("20%", "12.5 %", "0,25", "a%", "1,000")]
    ['0.2', '0.125', '0.25', None, None]
    """
    if found := re.fullmatch(r"\s*([0-9]{1,3}(?:\.[0-9]{1,6})?)\s*%\s*", text):
        return f"{float(found[1]) / 100:.10g}"
    found = re.fullmatch(r"\s*([-+]?(?:0,[0-9]{1,9}|[1-9][0-9]{0,8},(?:[0-9]{1,2}|[0-9]{4,9})))\s*", text)
    return found[1].replace(",", ".") if found else None
