"""What the scripts of the peers share: the file as pandas reads it, images, the table as numbers."""

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
CHUNK = 50_000
"""Rows that are predicted at once."""


def table(work: dict[str, Any], **options: Any) -> Any:
    """The table of a work; columns of a file without a header are column_1, column_2 …"""
    import pandas

    names = None if work["header"] else [f"column_{n}" for n in range(1, work["columns"] + 1)]
    return pandas.read_csv(work["train"], names=names, skipinitialspace=True, **options)


def chunks(path: str) -> Any:
    """A table to predict, piece by piece."""
    import pandas

    return pandas.read_csv(path, chunksize=CHUNK)


def images(work: dict[str, Any]) -> tuple[Array, Array]:
    """Pixels (rows, 784) between 0 and 1, and the classes."""
    pixels = np.frombuffer(gzip.decompress(Path(work["train"]).read_bytes()), np.uint8, offset=16)
    labels = np.frombuffer(gzip.decompress(Path(work["labels"]).read_bytes()), np.uint8, offset=8)
    return pixels.reshape(len(labels), -1).astype(np.float32) / np.float32(255), labels.astype(np.int64)


@dataclass(frozen=True)
class Encoder:
    """Standardised numbers, a missing one as their mean; one-hot categories, a missing or unknown one as none."""

    means: dict[str, float]
    deviations: dict[str, float]
    levels: dict[str, list[str]]

    @classmethod
    def fitted(cls, frame: Any) -> Self:
        numbers = frame.select_dtypes("number")
        others = [name for name in frame.columns if name not in numbers.columns]
        levels: dict[str, list[str]] = {name: sorted(frame[name].dropna().unique()) for name in others}
        return cls(numbers.mean().to_dict(), numbers.std(ddof=0).replace(0, 1).to_dict(), levels)

    def __call__(self, frame: Any) -> Array:
        """(rows, numbers and levels), float32."""
        import pandas

        width = len(self.means) + sum(map(len, self.levels.values()))
        x, rows = np.zeros((len(frame), width), np.float32), np.arange(len(frame))
        for position, name in enumerate(self.means):
            values = frame[name].fillna(self.means[name])
            x[:, position] = (values - self.means[name]) / self.deviations[name]
        start = len(self.means)
        for name, levels in self.levels.items():
            codes = pandas.Categorical(frame[name], categories=levels).codes
            known = codes >= 0
            x[rows[known], start + codes[known]] = 1
            start += len(levels)
        return x
