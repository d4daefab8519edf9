"""What each of several trainings of a fit is called: a fold, a repeat, or a fold of a repeat."""


def name_training(number: int, count: int, repeats: int) -> str:
    """fold 2, repeat 3, repeat 2 fold 1: the name of the training `number` of `count` in so many repeats."""
    folds = count // repeats
    repeat, fold = divmod(number - 1, folds)
    if repeats == 1:
        return f"fold {fold + 1}"
    return f"repeat {repeat + 1}" if folds == 1 else f"repeat {repeat + 1} fold {fold + 1}"


def place_training(number: int, count: int, repeats: int) -> str:
    """fold 2 of 5, repeat 3 of 3, repeat 2 of 3 fold 1 of 5."""
    folds = count // repeats
    repeat, fold = divmod(number - 1, folds)
    words = [f"repeat {repeat + 1} of {repeats}"] if repeats > 1 else []
    return " ".join([*words, *([f"fold {fold + 1} of {folds}"] if folds > 1 or repeats == 1 else [])])


def choose_training_noun(count: int, repeats: int) -> str:
    """What several trainings are together: folds or repeats."""
    return "repeats" if count == repeats > 1 else "folds"
