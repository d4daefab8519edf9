"""How strongly columns go together, from 0 to 1, whatever their kinds; B rows, and nothing is assumed of the shape.

* numbers and numbers (also dates, booleans): |Spearman's ρ|, the correlation of ranks (Spearman, 1904);
* categories and categories: Cramér's V, corrected for its bias (Bergsma, 2013);
* a category and a number: the correlation ratio η of the ranks, of which the part that chance explains is taken off
  (ε² of Kelley, 1935).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.features import FeatureColumn
from mlptrain.data.table import Table

Doubles = NDArray[np.float64]
Codes = NDArray[np.int64]


def measure_associations(columns: Sequence[FeatureColumn], table: Table) -> Doubles:
    """The association of each pair of columns (C, C), 1 of a column with itself."""
    found = np.zeros((len(columns), len(columns)))
    of_codes = [place for place, each in enumerate(columns) if isinstance(each, CategoryColumn)]
    of_numbers = [place for place, each in enumerate(columns) if not isinstance(each, CategoryColumn)]
    ranks = np.empty((table.rows, len(of_numbers)))
    for number, place in enumerate(of_numbers):
        ranks[:, number] = standardize_ranks(columns[place].read(table))  # type: ignore[union-attr]
    found[np.ix_(of_numbers, of_numbers)] = np.abs(ranks.T @ ranks) / max(table.rows, 1)
    codes = {place: renumber_codes(columns[place].codes(table)) for place in of_codes}  # type: ignore[union-attr]
    for position, one in enumerate(of_codes):
        found[one, of_numbers] = found[of_numbers, one] = measure_correlation_ratios(codes[one], ranks)
        for other in of_codes[:position]:
            found[one, other] = found[other, one] = measure_cramers_v(codes[one], codes[other])
    np.fill_diagonal(found, 1)
    return np.minimum(found, 1)


def renumber_codes(codes: Codes) -> Codes:
    """Codes without those that no row has."""
    return np.unique(codes, return_inverse=True)[1]


def standardize_ranks(values: Doubles) -> Doubles:
    """The ranks (B,) with mean 0 and mean square 1, equal values sharing theirs; 0 for what is missing or constant."""
    known = ~np.isnan(values)
    ranks = np.zeros(len(values))
    if not known.any():
        return ranks
    _, places, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    own = (np.cumsum(counts) - (counts - 1) / 2)[places]
    ranks[known] = own - own.mean()
    size = np.sqrt(np.mean(np.square(ranks)))
    return ranks / size if size > 0 else ranks


def measure_correlation_ratios(codes: Codes, ranks: Doubles) -> Doubles:
    """√(1 − (1 − η²) (B − 1) / (B − k)) of renumbered codes, k of them, and each of the standardised ranks (B, N)."""
    rows, levels = len(codes), int(codes.max(initial=-1)) + 1
    if not 1 < levels < rows:
        return np.zeros(ranks.shape[1])
    counts = np.bincount(codes)
    sums = np.zeros((levels, ranks.shape[1]))
    np.add.at(sums, codes, ranks)
    explained = (np.square(sums) / counts[:, None]).sum(axis=0) / rows
    varies = ranks.any(axis=0)
    return np.where(varies, np.sqrt(np.maximum(1 - (1 - explained) * (rows - 1) / (rows - levels), 0)), 0)


def measure_cramers_v(one: Codes, other: Codes) -> float:
    """√(φ² / min(k − 1, r − 1)) of k and r renumbered codes, φ² = χ² / B, with Bergsma's corrections of all three."""
    rows, k, r = len(one), int(one.max(initial=-1)) + 1, int(other.max(initial=-1)) + 1
    if min(k, r) < 2:
        return 0.0
    cells = np.bincount(one * r + other, minlength=k * r).reshape(k, r) / rows
    expected = np.outer(cells.sum(axis=1), cells.sum(axis=0))
    phi = float((np.square(cells) / expected).sum() - 1)
    room = min(k - (k - 1) ** 2 / (rows - 1), r - (r - 1) ** 2 / (rows - 1)) - 1
    return float(np.sqrt(max(phi - (k - 1) * (r - 1) / (rows - 1), 0) / room)) if room > 0 else 0.0
