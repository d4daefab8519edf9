"""What each of several trainings of a fit is called: a fold, a repeat, or a fold of a repeat; their best epochs."""

from collections.abc import Sequence

MOST_NAMED = 6
"""Best epochs that are named one by one; of more the first and the last."""


def locate_training(number: int, count: int, repeats: int) -> tuple[int, int]:
    """The repeat, and the fold in it, of the training `number` of `count`, each from 1."""
    repeat, fold = divmod(number - 1, count // repeats)
    return repeat + 1, fold + 1


def name_training(number: int, count: int, repeats: int) -> str:
    """fold 2, repeat 3, repeat 2 fold 1: the name of the training `number` of `count` in so many repeats."""
    repeat, fold = locate_training(number, count, repeats)
    if repeats == 1:
        return f"fold {fold}"
    return f"repeat {repeat}" if count == repeats else f"repeat {repeat} fold {fold}"


def place_training(number: int, count: int, repeats: int) -> str:
    """fold 2 of 5, repeat 3 of 3, repeat 2 of 3 fold 1 of 5."""
    folds = count // repeats
    repeat, fold = locate_training(number, count, repeats)
    words = [f"repeat {repeat} of {repeats}"] if repeats > 1 else []
    return " ".join([*words, *([f"fold {fold} of {folds}"] if folds > 1 or repeats == 1 else [])])


def choose_training_noun(count: int, repeats: int) -> str:
    """What several trainings are together: folds or repeats."""
    return "repeats" if count == repeats > 1 else "folds"


def describe_best_epochs(epochs: Sequence[int]) -> str:
    """The best epoch of each of several trainings, in their order; of many, between which they are.

    >>> describe_best_epochs([60, 38, 33]), describe_best_epochs([60]), describe_best_epochs([9, 8, 7, 6, 5, 4, 3])
    ('60, 38, 33', '60', '3 to 9')
    """
    if len(epochs) > MOST_NAMED and min(epochs) < max(epochs):
        return f"{min(epochs)} to {max(epochs)}"
    return ", ".join(map(str, epochs if len(epochs) <= MOST_NAMED else epochs[:1]))
