"""Small images with planted pixels, as IDX files, and models of them."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mlptrain
from mlptrain.model.model import Model

Images = NDArray[np.uint8]

HEIGHT, WIDTH = 6, 5
PLANTED = ((1, 3), (4, 1))
"""The pixels (y, x) that decide: the first is brighter than the second in images of the class 1."""


def pack_idx(array: Any) -> bytes:
    """An array of bytes in the IDX format."""
    array = np.asarray(array, np.uint8)
    return b"\x00\x00\x08" + struct.pack(f">B{array.ndim}I", array.ndim, *array.shape) + array.tobytes()


def draw_images(count: int, seed: int, *colours: int) -> tuple[Images, Images]:
    """Images of noise, and their labels: 0 or 1, by the planted pixels (all their colours)."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, HEIGHT, WIDTH, *colours))
    one, other = (images[:, y, x].reshape(count, -1).sum(axis=1) for y, x in PLANTED)
    return images.astype(np.uint8), (one > other).astype(np.uint8)


def fit_images(folder: Path, *colours: int, hidden: Any = (8,), epochs: int = 30, **sections: Any) -> Model:
    """A model of such images, trained on files in a folder, which also has those of the test."""
    for part, count in (("train", 200), ("test", 40)):
        for name, array in zip(("images", "labels"), draw_images(count, count, *colours), strict=True):
            (folder / f"{part}.{name}").write_bytes(pack_idx(array))
    data = {part: {name: str(folder / f"{part}.{name}") for name in ("images", "labels")} for part in ("train", "test")}
    spec = {
        "data": data | sections.pop("data", {}),
        "model": {"hidden": list(hidden)} | ({"activation": "silu"} if hidden else {}) | sections.pop("model", {}),
        "optimizer": {"name": "adam", "learning_rate": 0.02},
        "training": {"epochs": epochs, "batch_size": 20},
        **sections,
    }
    return mlptrain.fit(spec).model
