"""Warnings about rows that were predicted in memory."""

from collections.abc import Sequence

from mlptrain.data.odd_cells import OddCells
from mlptrain.model.answers import NotFinite
from mlptrain.notices import Notice, warn_caller


class OddCellsNotice(Notice):
    """Cells of the rows to predict or to evaluate were filled or unseen; `counts` has their numbers by column."""

    def __init__(self, counts: OddCells) -> None:
        super().__init__(counts.words())
        self.counts = counts


class NotFiniteNotice(Notice):
    """Predictions are not finite numbers; `counts` has their numbers by column."""

    def __init__(self, lost: NotFinite) -> None:
        super().__init__(lost.words(consequence=""))
        self.counts = lost.counts


def warn_of_odd_rows(messages: Sequence[str], odd: OddCells, lost: NotFinite) -> None:
    """Warn of cells that were filled, unseen or far out, of predictions that are not finite, and with `messages`."""
    for message in messages:
        warn_caller(message)
    if odd.words():
        warn_caller(OddCellsNotice(odd))
    if lost.first:
        warn_caller(NotFiniteNotice(lost))
