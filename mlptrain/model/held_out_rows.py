"""Training rows, each judged by the networks that had held it out: between them, all networks have seen all rows."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.odd_cells import OddCells
from mlptrain.model.fitted_network import Judgement
from mlptrain.model.model import Model
from mlptrain.model.rows import Rows

RowNumbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, repr=False)
class HeldOutModel(Model):
    """A model of folds or repeats whose rows are all that some network has held out: these judge, each its own."""

    held_out: Sequence[RowNumbers]
    """The numbers, among the rows to be judged, of those that each network has held out."""

    @np.errstate(all="ignore")
    def judge(self, rows: Rows, odd: OddCells | None = None) -> Judgement:
        """The mean judgement of each row over the networks that held it out; cells are odd that are so to all."""
        self.predict_values(rows, odd)
        pairs = zip(self.networks, self.held_out, strict=True)
        found = [Model(networks=(network,)).judge(rows.take(own)) for network, own in pairs]
        counts = np.bincount(np.concatenate(self.held_out), minlength=rows.count)
        first = found[0]
        truth = np.empty((rows.count, *first.truth.shape[1:]), first.truth.dtype)
        predictions, losses = np.zeros((rows.count, first.predictions.shape[1])), np.zeros(rows.count)
        weights = np.ones(rows.count)
        for own, each in zip(self.held_out, found, strict=True):
            truth[own], weights[own] = each.truth, each.weights
            predictions[own] += each.predictions / counts[own, None]
            losses[own] += each.losses / counts[own]
        no_loss = next((each.no_loss for each in found if each.no_loss), "")
        return Judgement(truth, predictions, weights, losses, no_loss)


def make_held_out_model(model: Model, held_out: Sequence[RowNumbers]) -> tuple[HeldOutModel, RowNumbers]:
    """The model that judges rows by the networks that held them out, and the numbers of these rows, ascending."""
    numbers = np.unique(np.concatenate(held_out))
    own = [np.searchsorted(numbers, each) for each in held_out]
    contents = {each.name: getattr(model, each.name) for each in fields(Model)}
    return HeldOutModel(**contents, held_out=own), numbers
