"""Permutation importance beside a planted truth: total Sobol indices of known functions of simulated columns.

A table has ten factors that the target depends on and eleven that it does not, all independent: single columns, of
which one each holds categories, and three pairs of columns that are correlated by 0.9, each of which is one factor. The
total index of a factor g (Homma, Saltelli, 1996) is T_g = E Var(f | all others) / Var f. To permute the columns of g,
which are independent of the others, raises the squared error of f itself by 2 T_g Var f: so the importance has the
order of T. Here it is that of a network that was trained on some rows, measured on others.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Any

import numpy as np
from measuring import heading, row
from numpy.random import Generator, default_rng

import mlptrain

SINGLES, PAIRS, NOISE_SINGLES, NOISE_PAIRS = 8, 2, 10, 1
"""Factors; the last single one of either kind holds categories."""
CORRELATION, NOISE, LEVELS = 0.9, 0.4, 5
"""Within pairs; of the target the standard deviation of the noise, as a share of the function's; of a category."""
FALL = 1.35
"""How far the sizes of the main effects lie apart."""
DRAWS = 200_000

Columns = dict[str, Any]
Factor = tuple[str, ...]
Shape = Callable[[Any], Any]

SHAPES: Sequence[Shape] = (lambda x: x, lambda x: x * x, lambda x: np.sin(2 * x), np.abs, lambda x: 1.0 * (x > 0.5))


@dataclass(frozen=True)
class Work:
    """A simulated table."""

    seed: int
    rows: int = 5000
    """Of the training, and as many new ones to measure on."""
    repeats: int = 10


@dataclass(frozen=True)
class Problem:
    """A function of independent factors, and how its columns are drawn."""

    relevant: Sequence[Factor]
    noise: Sequence[Factor]
    categories: Sequence[str]
    amplitudes: Sequence[float]
    shapes: Sequence[Shape]
    effects: Any
    """Of the levels of the category that matters."""
    products: Sequence[tuple[int, int, float]]
    """Places of two factors that interact, and how much."""

    def draw(self, rows: int, random: Generator) -> Columns:
        """Columns: normal numbers, or codes of levels."""
        columns: Columns = {}
        for factor in (*self.relevant, *self.noise):
            first = random.normal(size=rows)
            columns[factor[0]] = random.integers(0, LEVELS, rows) if factor[0] in self.categories else first
            for other in factor[1:]:
                columns[other] = CORRELATION * first + np.sqrt(1 - CORRELATION**2) * random.normal(size=rows)
        return columns

    def compute(self, columns: Columns) -> Any:
        """f (B,)."""
        total: Any = 0.0
        for factor, amplitude, shape in zip(self.relevant, self.amplitudes, self.shapes, strict=True):
            if factor[0] in self.categories:
                total = total + amplitude * self.effects[columns[factor[0]]]
            else:
                total = total + amplitude * sum(shape(columns[name]) for name in factor)
        for one, other, size in self.products:
            total = total + size * columns[self.relevant[one][0]] * columns[self.relevant[other][-1]]
        return total

    def measure_total_indices(self, random: Generator) -> list[float]:
        """T of each factor that matters, by Jansen's (1999) estimate: E (f(A) − f(A with g of B))² / 2 Var f."""
        one, other = self.draw(DRAWS, random), self.draw(DRAWS, random)
        intact = self.compute(one)
        moved = (self.compute(one | {name: other[name] for name in factor}) for factor in self.relevant)
        return [float(np.mean(np.square(intact - each)) / (2 * intact.var())) for each in moved]


def make_problem(random: Generator) -> Problem:
    """A function with main effects of many sizes and shapes, and two products."""
    count = SINGLES + NOISE_SINGLES + 2 * (PAIRS + NOISE_PAIRS)
    names = [f"c{place:02}" for place in random.permutation(count)]
    take = iter(names)
    relevant = [*((next(take),) for _ in range(SINGLES)), *((next(take), next(take)) for _ in range(PAIRS))]
    noise = [*((next(take),) for _ in range(NOISE_SINGLES)), *((next(take), next(take)) for _ in range(NOISE_PAIRS))]
    factors = SINGLES + PAIRS
    effects = random.permutation(np.linspace(-1.4, 1.4, LEVELS))
    amplitudes = random.permutation(FALL ** -np.arange(factors))
    shapes = [SHAPES[place] for place in random.integers(0, len(SHAPES), factors)]
    numbers = random.permutation([place for place in range(factors) if place != SINGLES - 1])[:4].tolist()
    products = [(numbers[0], numbers[1], 0.3), (numbers[2], numbers[3], 0.2)]
    categories = [relevant[SINGLES - 1][0], noise[NOISE_SINGLES - 1][0]]
    return Problem(relevant, noise, categories, amplitudes.tolist(), shapes, effects, products)


def make_table(problem: Problem, rows: int, random: Generator) -> tuple[Columns, Any]:
    """Columns with the target as a user has them, and f."""
    columns = problem.draw(rows, random)
    f = problem.compute(columns)
    y = f + NOISE * f.std() * random.normal(size=rows)
    texts = {name: np.array([f"level {code}" for code in columns[name]]) for name in problem.categories}
    return dict(sorted((columns | texts).items())) | {"y": y}, f


def measure(work: Work) -> Mapping[str, Any]:
    """How far the importance agrees with the truth on one table."""
    random = default_rng(work.seed)
    problem = make_problem(random)
    truth = problem.measure_total_indices(random)
    (train, _), (test, f) = (make_table(problem, work.rows, random) for _ in range(2))
    model = mlptrain.fit({"recipe": "plain", "data": {"target": "y"}, "seed": work.seed}, train).model
    found = model.explain(test, repeats=work.repeats, time_limit="9h", rows_limit=work.rows)
    of_all = {(each.column,): each for each in found.columns}
    of_all |= {tuple(sorted(each.columns)): each for each in found.groups}
    relevant, noise = ([of_all[tuple(sorted(each))] for each in some] for some in (problem.relevant, problem.noise))
    left = np.square(test["y"] - model.predict(test)).mean()
    return {
        "spearman": correlate_ranks(truth, [each.importance for each in relevant]),
        "held": sum(each.interval[0] <= 0 <= each.interval[1] for each in noise),
        "noise": len(noise),
        "columns": len(found.columns),
        "r2": 1 - float(left / test["y"].var()),
        "r2_of_function": 1 - float(np.square(test["y"] - f).mean() / test["y"].var()),
        "truth": truth,
        "importance": [each.importance for each in relevant],
    }


def correlate_ranks(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's correlation of numbers that are all different."""
    ranks = [np.argsort(np.argsort(each)) for each in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def list_works(tables: int) -> list[Mapping[str, Any]]:
    """The tables of seeds 1, 2 …"""
    return [asdict(Work(seed)) for seed in range(1, tables + 1)]


def report(results: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Iterator[str]:
    """A row a table, and all together."""
    found = [each for _, each in results]
    held, noise = (sum(each[name] for each in found) for name in ("held", "noise"))
    ranks = [each["spearman"] for each in found]
    yield (
        f"{len(found)} tables of {found[0]['columns']} columns. Spearman's correlation with the total Sobol indices of "
        f"the {SINGLES + PAIRS} factors that matter: mean {fmean(ranks):.3f}, median {median(ranks):.3f}, least "
        f"{min(ranks):.3f}, at least 0.95 on {sum(rank >= 0.95 for rank in ranks)} tables. Intervals of factors "
        f"that do not matter that hold 0: {held} of {noise} ({held / noise:.1%})."
    )
    yield ""
    yield from heading("seed", "Spearman", "noise intervals that hold 0", "R² of the network", "of the function itself")
    for work, each in sorted(results, key=lambda pair: pair[0]["seed"]):
        cells = (f"{each['spearman']:.3f}", f"{each['held']} of {each['noise']}")
        yield row(str(work["seed"]), *cells, f"{each['r2']:.3f}", f"{each['r2_of_function']:.3f}")
