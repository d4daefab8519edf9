"""Formulas as steps in the array of their first argument: for a pass that nobody goes back through.

A formula is called once with arguments that write down what it does with them. The steps then are done by NumPy, in
blocks that stay in the cache, with the same bits as the formula, and no array more than they need at a time.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from mlptrain.engine.arrays import BLOCK, Floats, slice_rows_into_blocks
from mlptrain.engine.elementwise import ARRAY, Formula

Node = tuple[np.ufunc, Sequence[int]]
"""A step as it is written down: what is done, with the arguments, constants or results at these places."""
Step = tuple[np.ufunc, Callable[[list[Any]], Any], int, bool]
"""What is done, what takes its operands from a list, the place of the result in it, whether there is an array for it.
"""


class Traced(NDArrayOperatorsMixin):
    """An argument or a result that writes down what a formula does with it."""

    def __init__(self, notes: "Notes", place: int) -> None:
        self.notes, self.place = notes, place

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **options: Any) -> "Traced":
        assert (method, options) == ("__call__", {})
        return self.notes.add_step(ufunc, operands)


class Notes:
    """What a formula does, step by step, from so many arguments on."""

    def __init__(self, arguments: int) -> None:
        self.values: list[Any] = [None] * arguments
        self.nodes: dict[int, Node] = {}

    def add_step(self, ufunc: np.ufunc, operands: Sequence[Any]) -> Traced:
        """Write down a step."""
        places = [each.place if isinstance(each, Traced) else self.add_value(each) for each in operands]
        place = self.add_value(None)
        self.nodes[place] = ufunc, places
        return Traced(self, place)

    def add_value(self, value: Any) -> int:
        """The place of a constant, or of a result."""
        self.values.append(value)
        return len(self.values) - 1


class InPlace:
    """A formula of arguments of some kinds whose result takes the place of the first one, an array (…, B, O)."""

    def __init__(self, formula: Formula, kinds: str) -> None:
        notes = Notes(len(kinds))
        result = formula(*(Traced(notes, place) for place in range(len(kinds))))
        self.constants = notes.values[len(kinds) :]
        self.steps, self.scratch = plan_steps(notes, [place for place, kind in enumerate(kinds) if kind == ARRAY])
        assert getattr(result, "place", None) == max(notes.nodes, default=0)  # whatever it does, the result comes last

    def run(self, x: Floats, *others: Any) -> None:
        """Leave the result in x; the others are columns (…, O) and numbers."""
        if x.ndim > 2:
            for m, each in enumerate(x):
                self.run(each, *(other[m] if other.ndim else other for other in others))
        elif x.size <= BLOCK:
            self.do_steps(x, others, [np.empty_like(x) for _ in range(self.scratch)])
        else:
            blocks = slice_rows_into_blocks(x)
            scratch = [np.empty_like(x[blocks[0]]) for _ in range(self.scratch)]
            for rows in blocks:
                part = x[rows]
                self.do_steps(part, others, [each[: len(part)] for each in scratch])

    def do_steps(self, x: Floats, others: Sequence[Any], scratch: Sequence[Floats]) -> None:
        values = [x, *others, *self.constants, *scratch]
        for ufunc, take, place, has_array in self.steps:
            if has_array:
                ufunc(*take(values), out=values[place])
            else:
                values[place] = ufunc(*take(values))


def plan_steps(notes: Notes, arrays: Sequence[int]) -> tuple[list[Step], int]:
    """The steps, each with the array that its result goes into, and how many arrays there must be beside the first.

    A result goes into an array whose content is not needed after the step, best of all into the first argument.
    """
    last_use = {place: step for step, (_, operands) in notes.nodes.items() for place in operands}
    count = len(notes.values)
    held = {0: 0}  # of each array, by its place in the list at last, whose value it holds
    where = {place: place for place in range(count)}
    whole, steps = set(arrays), []
    for place, (ufunc, operands) in notes.nodes.items():
        taken = [where[each] for each in operands]
        if whole.isdisjoint(operands):
            steps.append((ufunc, take_places(taken), place, False))
        else:
            free = (array for array, value in held.items() if last_use.get(value, 0) <= place)
            where[place] = target = next(free, count + len(held) - 1)
            held[target] = place
            whole.add(place)
            steps.append((ufunc, take_places(taken), target, True))
    return steps, len(held) - 1


def take_places(places: Sequence[int]) -> Callable[[list[Any]], Any]:
    """What takes the values at some places of a list, always as a sequence."""
    return itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))
