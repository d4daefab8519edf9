"""The laws of L-BFGS: it goes down or stays, and it is quick where Newton's method is."""

import numpy as np
import pytest

from mlptrain.engine.lbfgs import LBFGS, find_direction
from tests.support.drawing import DTYPES, identical, standard_normal

dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)


class Run:
    """Steps of L-BFGS on a function that gives (value, gradient)."""

    def __init__(self, function, start, optimizer=None):
        self.function, self.optimizer = function, optimizer or LBFGS()
        self.theta = start.copy()
        self.gradient = np.zeros_like(start)
        self.slots = self.optimizer.init(start.size, start.dtype)
        self.trials = []

    def objective(self):
        self.trials.append(self.theta.copy())
        value, self.gradient[...] = self.function(self.theta)
        return float(value)

    def step(self, lr=None):
        lr = self.optimizer.learning_rate if lr is None else lr
        return self.optimizer.step(self.theta, self.gradient, self.slots, lr=lr, objective=self.objective)

    def steps(self, count):
        """The values before each step."""
        return np.array([self.step() for _ in range(count)])


def quadratic(size, dtype=float, condition=100.0, seed=0):
    """½ (θ − c)ᵀ A (θ − c) with a drawn A of a known condition, its c."""
    q, _ = np.linalg.qr(standard_normal(size, size, seed=seed))
    A = (q * np.geomspace(1, condition, size) @ q.T).astype(dtype)
    c = standard_normal(size, seed=seed + 1, dtype=dtype)
    return lambda theta: (0.5 * (theta - c) @ A @ (theta - c), A @ (theta - c)), c


def rosenbrock(theta):
    """(1 − a)² + 100 (b − a²)²."""
    a, b = theta
    return (1 - a) ** 2 + 100 * (b - a * a) ** 2, [-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)]


def wavy(theta):
    """Not convex, with many minima."""
    return np.sum(np.cos(3 * theta) + 0.1 * theta**2), -3 * np.sin(3 * theta) + 0.2 * theta


@pytest.mark.parametrize("size", [1, 2, 5, 20])
def test_a_convex_quadratic_is_solved_in_few_steps(size):
    function, c = quadratic(size)
    run = Run(function, np.zeros(size))
    run.steps(15 + 3 * size)
    np.testing.assert_allclose(run.theta, c, atol=1e-7)


@dtypes
def test_a_solved_problem_stays_solved(dtype):
    """Steps beyond convergence neither move away nor warn, also where every difference drowns in rounding."""
    function, c = quadratic(5, dtype)
    run = Run(function, np.zeros(5, dtype))
    run.steps(100)
    np.testing.assert_allclose(run.theta, c, rtol=0, atol=1e-3 if dtype == np.float32 else 1e-7)
    assert run.theta.dtype == dtype
    assert np.isfinite(run.slots["s"]).all()
    assert np.isfinite(run.slots["y"]).all()


@dtypes
@pytest.mark.parametrize("power", [1, 2])
def test_a_minimum_at_zero_is_approached_without_overflow(dtype, power):
    """Differences may become so small that their products vanish: such a pair is not kept."""
    k = np.array([1, 3, 10], dtype)
    run = Run(lambda theta: (np.sum(k * theta ** (2 * power)), 2 * power * k * theta ** (2 * power - 1)), k)
    run.steps(150)
    assert np.abs(run.theta).max() < 1e-2
    assert np.isfinite(run.theta).all()


def test_rosenbrock_is_solved_to_a_millionth():
    run = Run(rosenbrock, np.array([-1.2, 1.0]))
    run.steps(60)
    np.testing.assert_allclose(run.theta, 1, atol=1e-6)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("evaluations", [1, 2, 3, 20])
def test_the_objective_never_rises(seed, evaluations):
    for function, start in ((wavy, 3 * standard_normal(6, seed=seed)), (rosenbrock, 2 * standard_normal(2, seed=seed))):
        run = Run(function, start, LBFGS(evaluations=evaluations))
        assert (np.diff(run.steps(40)) <= 0).all()


@pytest.mark.parametrize("evaluations", [1, 2, 3, 20])
def test_a_step_evaluates_no_more_than_it_says(evaluations):
    """Once where it stands, then the trials of the search, and perhaps once more to return to the best of them."""
    run = Run(rosenbrock, np.array([-1.2, 1.0]), LBFGS(evaluations=evaluations))
    run.steps(10)
    assert len(run.trials) <= 10 * (evaluations + 2)


@pytest.mark.parametrize("evaluations", range(1, 8))
@pytest.mark.parametrize("cliff", [0.06, 0.15, 0.7, 3.0])
def test_a_lower_value_that_was_found_is_kept(evaluations, cliff):
    """f = −θ up to a cliff: the search goes beyond it, and where its evaluations end there it returns."""
    run = Run(lambda theta: (-theta[0] if theta[0] < cliff else 10.0, -np.ones(1)), np.zeros(1))
    run.optimizer = LBFGS(evaluations=evaluations)
    run.step(lr=0.1)
    tried = cliff > 0.1 or evaluations > 1
    assert (0 < run.theta[0] < cliff) if tried else run.theta[0] == 0


def test_the_search_doubles_what_is_too_steep_and_halves_what_is_too_high():
    """f = −θ/2 up to a cliff at 0.7 / 2: α 0.1, 0.2, 0.4, 0.8 (beyond), then between the last good and the last bad."""
    run = Run(lambda theta: (-0.5 * theta[0] if theta[0] < 0.35 else 10.0, np.full(1, -0.5)), np.zeros(1))
    run.optimizer = LBFGS(evaluations=7)
    run.step(lr=0.1)
    alphas = np.array(run.trials)[:, 0] / 0.5
    np.testing.assert_allclose(alphas, [0, 0.1, 0.2, 0.4, 0.8, 0.6, 0.7, 0.65, 0.65], rtol=1e-12)
    assert run.theta[0] == 0.5 * alphas[-1]


@pytest.mark.parametrize("decrease", [0.5e-4, 0.9e-4, 1.1e-4, 1e-3])
@pytest.mark.parametrize("slope", [0.95, 0.91, 0.89, 0.5, -3.0])
@pytest.mark.parametrize("lr", [0.5, 2.0])
def test_a_point_is_accepted_if_it_is_low_enough_and_flat_enough(decrease, slope, lr):
    """Nocedal & Wright's (3.6) with 1e-4 and 0.9: decreases and slopes are relative to α times the first slope."""

    def function(theta):
        here = theta[0] == lr
        return -decrease * theta[0], np.array([-slope if here else -1.0])

    run = Run(function, np.zeros(1))
    run.step(lr=lr)
    accepted = len(run.trials) == 2
    assert accepted == (decrease > 1e-4 and slope < 0.9)


@pytest.mark.parametrize("g", [[0.3, -0.4], [3.0, -4.0]], ids=str)
def test_the_first_trial_goes_no_further_than_the_learning_rate(g):
    """Without pairs the scale of a step is unknown: −g, or as much of it as has a sum of magnitudes of 1."""
    run = Run(lambda theta: (theta @ g, np.array(g)), np.zeros(2))
    run.step(lr=0.25)
    np.testing.assert_allclose(run.trials[1], -0.25 * np.array(g) / max(np.abs(g).sum(), 1))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.nan])
def test_theta_stays_where_nothing_better_is_a_number(bad):
    """The value is finite at the start and nowhere else."""
    start = np.array([1.0, -2.0])
    run = Run(lambda theta: (1.0 if (theta == start).all() else bad, np.array([1.0, 1.0])), start)
    assert run.step() == 1.0
    assert identical([run.theta], [start])
    assert not run.slots["y"].any()


def test_theta_stays_where_the_objective_is_nan():
    start = np.array([1.0, -2.0])
    run = Run(lambda theta: (np.nan, np.full(2, np.nan)), start)
    assert np.isnan(run.step())
    assert identical([run.theta], [start])
    assert not run.slots["s"].any()


def test_a_cliff_of_nan_is_searched_back_from():
    """log θ is not a number beyond 0: the search halves its way back."""

    def function(theta):
        x = theta[0]
        return (x - np.log(x), np.array([1 - 1 / x])) if x > 0 else (np.nan, np.array([np.nan]))

    run = Run(function, np.array([5.0]))
    run.steps(30)
    np.testing.assert_allclose(run.theta, 1, atol=1e-6)


def test_at_a_minimum_nothing_moves():
    run = Run(lambda theta: (theta @ theta, 2 * theta), np.zeros(3))
    assert list(run.steps(3)) == [0, 0, 0]
    assert not run.theta.any()


def test_the_value_returned_is_that_before_the_step():
    function, _ = quadratic(5)
    run = Run(function, np.ones(5))
    before = float(function(run.theta)[0])
    assert run.step() == before
    assert run.step() == float(function(run.theta)[0]) or run.step() < before


@dtypes
def test_the_slots_are_the_whole_state(dtype):
    function, _ = quadratic(6, dtype)
    straight = Run(function, np.zeros(6, dtype))
    straight.steps(4)
    resumed = Run(function, straight.theta)
    resumed.slots = {name: slot.copy() for name, slot in straight.slots.items()}
    assert identical([straight.steps(6)], [resumed.steps(6)])
    assert identical([straight.theta], [resumed.theta])


def test_the_history_holds_the_last_pairs_newest_last():
    function, _ = quadratic(8)
    run, points = Run(function, np.zeros(8), LBFGS(history=3)), [np.zeros(8)]
    for _ in range(6):
        run.step()
        points.append(run.theta.copy())
    np.testing.assert_allclose(run.slots["s"], np.diff(points, axis=0)[-3:])
    np.testing.assert_allclose(run.slots["y"], np.diff([function(p)[1] for p in points], axis=0)[-3:], atol=1e-12)


def test_the_direction_is_minus_the_gradient_times_the_bfgs_matrix():
    """H built by the update formula (Nocedal & Wright, 2006, equation 6.17) from the scaled identity."""
    s, y = standard_normal(3, 5), standard_normal(3, 5, seed=1)
    y *= np.sign((s * y).sum(axis=1))[:, None]
    H = np.eye(5) * (s[-1] @ y[-1]) / (y[-1] @ y[-1])
    for pair_s, pair_y in zip(s, y, strict=True):
        rho = 1 / (pair_s @ pair_y)
        V = np.eye(5) - rho * np.outer(pair_y, pair_s)
        H = V.T @ H @ V + rho * np.outer(pair_s, pair_s)
    g = standard_normal(5, seed=2)
    padded = {"s": np.vstack([np.zeros((2, 5)), s]), "y": np.vstack([np.zeros((2, 5)), y])}
    np.testing.assert_allclose(find_direction(g, padded), -H @ g, rtol=1e-10)
    assert identical([find_direction(g, {"s": np.zeros((2, 5)), "y": np.zeros((2, 5))})], [-g])
