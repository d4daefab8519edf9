"""The cases of `test_realmlp_parity.py`: a small table, the settings of four small RealMLPs, their initial values.

All of it comes from NumPy's raw bit streams, which are the same on every machine for ever (NEP 19).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROWS, VALIDATION_ROWS, EPOCHS = 40, 12, 24
WIDTHS = (6, 5, 4)
FREQUENCIES, OUTPUTS, EMBEDDING, ONE_HOT = 4, 2, 3, 4
LEVELS = {"pair": 2, "few": 4, "many": 6}
"""The categories: one column of ±1; one-hot; in TD an embedding, in TD-S one-hot as well."""
NUMBERS = ("wide", "skewed", "rare")

Values = NDArray[np.float64]


def uniform(seed: int, shape: tuple[int, ...]) -> Values:
    """U(0, 1) from raw bits."""
    raw = np.random.PCG64(seed).random_raw(int(np.prod(shape)))
    return ((raw >> np.uint64(11)) * 2.0**-53).reshape(shape)


@dataclass(frozen=True)
class RealMLP:
    """One of the four: TD or TD-S, of classes or of a number."""

    simple: bool
    classes: bool

    def __str__(self) -> str:
        return f"{'TD-S' if self.simple else 'TD'} of {'classes' if self.classes else 'a number'}"

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Every parameter in the engine's words, layer by layer."""
        F, H, K = len(NUMBERS), FREQUENCIES, OUTPUTS
        found: dict[str, tuple[int, ...]] = {}
        one_hot, many = 1 + LEVELS["few"], LEVELS["many"]
        if self.simple:
            width = F + one_hot + many
        else:
            found = {f"input.embedding.{name}": (F, H) for name in ("frequency", "phase")}
            found |= {"input.embedding.weight": (F, H, K), "input.embedding.bias": (F, K)}
            found[f"input.embedding.categories_{EMBEDDING}"] = (many + 1, EMBEDDING)
            width = F * (K + 1) + one_hot + EMBEDDING
        found["input.scaling.scale"] = (width,)
        for number, units in enumerate(WIDTHS, 1):
            found |= {f"hidden_{number}.weight": (width, units), f"hidden_{number}.bias": (units,)}
            if not self.simple:
                found[f"hidden_{number}.parametric.slope"] = (units,)
            width = units
        outputs = 3 if self.classes else 1
        return found | {"output.weight": (width, outputs), "output.bias": (outputs,)}

    def initial(self) -> dict[str, Values]:
        """Initial values, all of them different from 0 and 1, so that no gradient is missed."""
        values = {name: uniform(100 + k, shape) for k, (name, shape) in enumerate(self.shapes().items())}
        return {name: u + (0.5 if name.endswith((".scale", ".slope")) else -0.5) for name, u in values.items()}


CASES = tuple(RealMLP(simple, classes) for simple in (False, True) for classes in (True, False))


def columns() -> dict[str, list[str]]:
    """The table, text by text: numbers, categories, both targets, and the part of each row."""
    u = uniform(1, (6, ROWS))
    table = {"wide": 100 * u[0] - 30, "skewed": np.exp(4 * u[1]), "rare": np.where(u[2] < 0.15, 1.0, 0.0)}
    found = {name: [f"{value:.6g}" for value in values] for name, values in table.items()}
    for k, (name, levels) in enumerate(LEVELS.items()):
        rows = (uniform(10 + k, (ROWS,)) * levels).astype(int)
        rows[:levels] = np.arange(levels)  # so that the training rows have all of them
        found[name] = [f"level {row}" for row in rows]
    number = 5 * np.sin(u[0] * 6) + table["rare"] + u[3]
    found["number"] = [f"{value:.6g}" for value in number]
    found["class"] = [f"class {row}" for row in np.searchsorted([-2.0, 2.0], number)]
    found["part"] = ["train"] * (ROWS - VALIDATION_ROWS) + ["validation"] * VALIDATION_ROWS
    return found
