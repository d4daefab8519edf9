"""The laws of losses, over the union."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf
from numpy.random import default_rng

from mlptrain.engine import losses
from mlptrain.engine.losses import (
    TAIL,
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    Hinge,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
    average_loss_with_gradient,
    log_softmax,
    softmax,
)
from tests.support.drawing import (
    DTYPES,
    LOSSES,
    distance,
    drawn,
    identical,
    label,
    outputs_of,
    slopes,
    standard_normal,
    targets_for,
)

each = pytest.mark.parametrize("loss", LOSSES, ids=label)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)
rows = pytest.mark.parametrize("rows", [1, 2, 7])
weighted = pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
class_losses = [loss for loss in LOSSES if loss.classes]


def problem(loss, rows, seed=0, scale=2.0, dtype=np.float64):
    """Drawn logits, targets and weights."""
    draw = default_rng(seed)
    logits = (scale * draw.standard_normal((rows, outputs_of(loss)))).astype(dtype)
    targets, weights = targets_for(loss, rows, draw), draw.uniform(0.5, 3, rows).astype(dtype)
    return logits, targets if loss.classes else targets.astype(dtype), weights


# ---- the gradient


@each
@dtypes
@weighted
def test_no_gradient_is_denormal_however_far_the_logits(loss, dtype, weighted):
    """Neither in itself nor after a product with numbers of size 1e-3."""
    reach = np.linspace(0, 800, 4001, dtype=dtype)
    outputs = outputs_of(loss)
    logits = np.concatenate([sign * np.multiply.outer(reach, np.arange(outputs) + 1) for sign in (-1, 1)]).astype(dtype)
    targets = targets_for(loss, len(logits), default_rng(0))
    weights = default_rng(1).uniform(0.5, 3, len(logits)).astype(dtype) if weighted else None
    _, d = average_loss_with_gradient(loss, logits, targets if loss.classes else targets.astype(dtype), weights)
    small = np.abs(d[d != 0]).min()
    assert small * 1e-3 > np.finfo(dtype).tiny


@each
@dtypes
def test_what_is_taken_from_tails_matters_nowhere(loss, dtype, monkeypatch):
    """Only what is below 1e-12 changes at all, and that by less than a place of it or of 1e-20."""
    logits, targets, _ = problem(loss, 200, scale=15, dtype=dtype)
    value, d = loss.rows(logits, targets)
    monkeypatch.setattr(losses, "TAIL", np.float32(0))
    plain_value, plain = loss.rows(logits, targets)
    place = float(np.finfo(dtype).eps)
    large = np.abs(plain) > 2 * float(TAIL) / place
    assert identical([value, d[large]], [plain_value, plain[large]])
    np.testing.assert_allclose(d, plain, rtol=2 * place, atol=place * float(TAIL))


@each
@rows
@weighted
@pytest.mark.parametrize("seed", range(3))
def test_gradient_is_the_derivative(loss, rows, weighted, seed):
    logits, targets, weights = problem(loss, rows, seed)
    used = weights if weighted else None
    numeric = slopes(lambda: average_loss_with_gradient(loss, logits, targets, used)[0], logits)
    gradient = average_loss_with_gradient(loss, logits, targets, used)[1]
    assert distance(gradient, numeric) <= 1e-6
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-9)


@each
@pytest.mark.parametrize("offset", [0.0, 0.2499, 0.2501, 30.0, 59.9, 60.1])
def test_gradient_is_the_derivative_where_formulas_change(loss, offset):
    logits = offset + 0.003 * np.arange(1.0, 1 + 3 * outputs_of(loss)).reshape(3, -1)
    targets = np.zeros(3, int) if loss.classes else np.zeros_like(logits)
    numeric = slopes(lambda: average_loss_with_gradient(loss, logits, targets)[0], logits, 1e-6)
    np.testing.assert_allclose(average_loss_with_gradient(loss, logits, targets)[1], numeric, rtol=1e-6, atol=2e-8)


@each
def test_rows_are_independent_of_each_other(loss):
    logits, targets, _ = problem(loss, 6)
    values, derivatives = loss.rows(logits, targets)
    alone = [loss.rows(logits[i : i + 1], targets[i : i + 1]) for i in range(6)]
    np.testing.assert_allclose(values, [value[0] for value, _ in alone], rtol=1e-14)
    np.testing.assert_allclose(derivatives, [derivative[0] for _, derivative in alone], rtol=1e-13)


@each
@dtypes
def test_dtype_and_shape_are_kept(loss, dtype):
    logits, targets, weights = problem(loss, 7, dtype=dtype)
    values, derivatives = loss.rows(logits, targets)
    assert (values.dtype, values.shape) == (dtype, (7,))
    assert (derivatives.dtype, derivatives.shape) == (dtype, logits.shape)
    value, gradient = average_loss_with_gradient(loss, logits, targets, weights)
    assert type(value) is float
    assert gradient.dtype == dtype


@each
def test_inputs_are_left_as_they_are(loss):
    inputs = problem(loss, 7)
    before = [array.copy() for array in inputs]
    average_loss_with_gradient(loss, *inputs)
    loss.predict(inputs[0])
    assert identical(before, inputs)


@pytest.mark.parametrize("loss", class_losses, ids=label)
@pytest.mark.parametrize("code", [np.uint8, np.int32, np.int64])
def test_the_integer_type_of_class_codes_does_not_matter(loss, code):
    logits, targets, _ = problem(loss, 7)
    assert identical(loss.rows(logits, targets), loss.rows(logits, targets.astype(code)))


# ---- the average


@each
@drawn
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 9))
def test_average_is_the_weighted_mean_over_rows(loss, seed, rows):
    logits, targets, weights = problem(loss, rows, seed)
    values, derivatives = loss.rows(logits, targets)
    value, gradient = average_loss_with_gradient(loss, logits, targets, weights)
    np.testing.assert_allclose(value, np.average(values, weights=weights), rtol=1e-12)
    np.testing.assert_allclose(gradient, derivatives * weights[:, None] / weights.sum(), rtol=1e-12)
    np.testing.assert_allclose(average_loss_with_gradient(loss, logits, targets)[0], values.mean(), rtol=1e-12)


@each
@pytest.mark.parametrize("factor", [1e-30, 0.125, 3.0, 1e30])
def test_the_scale_of_the_weights_does_not_matter(loss, factor):
    logits, targets, weights = problem(loss, 7)
    one, other = (
        average_loss_with_gradient(loss, logits, targets, weights),
        average_loss_with_gradient(loss, logits, targets, factor * weights),
    )
    np.testing.assert_allclose(one[0], other[0], rtol=1e-12)
    np.testing.assert_allclose(one[1], other[1], rtol=1e-12)


@each
def test_equal_weights_are_no_weights(loss):
    logits, targets, _ = problem(loss, 7)
    one, other = (
        average_loss_with_gradient(loss, logits, targets),
        average_loss_with_gradient(loss, logits, targets, np.full(7, 0.3)),
    )
    np.testing.assert_allclose(one[0], other[0], rtol=1e-12)
    np.testing.assert_allclose(one[1], other[1], rtol=1e-12)


@each
def test_a_row_given_twice_is_a_row_of_weight_two(loss):
    logits, targets, _ = problem(loss, 4)
    twice, weights = [0, 1, 2, 3, 3], np.array([1.0, 1, 1, 2])
    value, gradient = average_loss_with_gradient(loss, logits, targets, weights)
    value_twice, gradient_twice = average_loss_with_gradient(loss, logits[twice], targets[twice])
    np.testing.assert_allclose(value, value_twice, rtol=1e-12)
    np.testing.assert_allclose(gradient[:3], gradient_twice[:3], rtol=1e-12)
    np.testing.assert_allclose(gradient[3], gradient_twice[3] + gradient_twice[4], rtol=1e-12)


@each
def test_a_row_of_weight_zero_is_no_row(loss):
    logits, targets, weights = problem(loss, 5)
    weights[-1] = 0
    value, gradient = average_loss_with_gradient(loss, logits, targets, weights)
    value_without, gradient_without = average_loss_with_gradient(loss, logits[:-1], targets[:-1], weights[:-1])
    np.testing.assert_allclose(value, value_without, rtol=1e-12)
    np.testing.assert_allclose(gradient[:-1], gradient_without, rtol=1e-12)
    assert not gradient[-1].any()


@each
@weighted
def test_members_are_averaged_apart(loss, weighted):
    _, targets, weights = problem(loss, 5)
    used = weights if weighted else None
    logits = standard_normal(3, 5, outputs_of(loss))
    value, gradient = average_loss_with_gradient(loss, logits, targets, used)
    alone = [average_loss_with_gradient(loss, member, targets, used) for member in logits]
    np.testing.assert_allclose(value, np.mean([v for v, _ in alone]), rtol=1e-12)
    np.testing.assert_allclose(gradient, [g for _, g in alone], rtol=1e-12)


# ---- extremes


@each
@dtypes
@weighted
def test_finite_at_extreme_logits(loss, dtype, weighted):
    pattern = np.array([1e4, -1e4, 0.0, 88.7, -88.7, 1e-30])
    logits = np.stack([np.roll(pattern, shift)[: outputs_of(loss)] for shift in range(6)] * 2).astype(dtype)
    targets = np.arange(12) // 6 if loss.classes else np.tile([[0.0], [3.0]], (6, 1)).astype(dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, gradient = average_loss_with_gradient(
            loss, logits, targets, np.full(12, 2.0, dtype) if weighted else None
        )
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert np.isfinite(loss.predict(logits)).all()


@each
def test_float32_is_float64_rounded(loss):
    logits, targets, weights = problem(loss, 50, scale=5.0, dtype=np.float32)
    value, gradient = average_loss_with_gradient(loss, logits, targets, weights)
    value64, gradient64 = average_loss_with_gradient(loss, logits.astype(float), targets, weights.astype(float))
    assert value == pytest.approx(value64, rel=1e-5)
    assert distance(gradient, gradient64) <= 1e-5


# ---- predictions


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss.probabilistic], ids=label)
@dtypes
def test_predicted_probabilities_sum_to_one(loss, dtype):
    logits = np.concatenate([standard_normal(50, outputs_of(loss)), np.eye(outputs_of(loss)) * 1e4]).astype(dtype)
    p = loss.predict(logits)
    assert p.shape == (len(logits), max(outputs_of(loss), 2))
    assert p.dtype == dtype
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-6)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if not loss.probabilistic], ids=label)
def test_a_loss_without_probabilities_predicts_its_logits_or_their_exponential(loss):
    logits, _, _ = problem(loss, 20)
    np.testing.assert_array_equal(loss.predict(logits), np.exp(logits) if isinstance(loss, Poisson) else logits)


@each
def test_members_are_predicted_apart(loss):
    logits = standard_normal(3, 5, outputs_of(loss))
    np.testing.assert_allclose(loss.predict(logits), [loss.predict(member) for member in logits], rtol=1e-14)


@each
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("scale", [0.1, 3.0, 12.0])
def test_pooled_logits_predict_the_mean_of_the_members_predictions(loss, count, scale):
    """Of expected counts up to the ceiling of the exponential, above which no sum of them is one of its tangent."""
    logits = scale * standard_normal(count, 7, outputs_of(loss), seed=4)
    pooled = loss.pool_logits(logits)
    assert pooled.shape == (7, outputs_of(loss))
    np.testing.assert_allclose(loss.predict(pooled), loss.predict(logits).mean(axis=0), rtol=1e-10, atol=1e-13)


@each
@dtypes
def test_pooled_logits_are_finite_and_of_their_type_at_extreme_logits(loss, dtype):
    logits = np.array([[[1e4] * outputs_of(loss)], [[-1e4] * outputs_of(loss)], [[0.0] * outputs_of(loss)]], dtype)
    logits[0, 0, 0] = -1e4
    pooled = loss.pool_logits(logits)
    assert pooled.dtype == dtype
    assert np.isfinite(pooled).all()


@each
@weighted
def test_members_that_see_the_same_rows_are_as_if_each_had_a_copy(loss, weighted):
    logits = standard_normal(3, 5, outputs_of(loss), seed=2)
    targets = targets_for(loss, 5, default_rng(3))
    weights = np.linspace(0.5, 2, 5) if weighted else None
    shared, d_shared = average_loss_with_gradient(loss, logits.copy(), targets, weights)
    own = np.stack([targets] * 3), None if weights is None else np.stack([weights] * 3)
    copied, d_copied = average_loss_with_gradient(loss, logits.copy(), *own)
    assert shared == copied
    np.testing.assert_array_equal(d_shared, d_copied)
    each = [average_loss_with_gradient(loss, logits[m].copy(), targets, weights) for m in range(3)]
    assert shared == pytest.approx(np.mean([value for value, _ in each]), rel=1e-12)
    np.testing.assert_allclose(d_shared, [d for _, d in each], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("loss", [each for each in LOSSES if not each.classes and type(each) is not Poisson], ids=label)
def test_a_perfect_prediction_costs_nothing_and_is_not_moved(loss):
    values, derivatives = loss.rows(standard_normal(5, 2), standard_normal(5, 2))
    assert not values.any()
    assert not derivatives.any()


@pytest.mark.parametrize("loss", class_losses, ids=label)
def test_the_predicted_class_is_that_of_the_least_loss(loss):
    logits, _, _ = problem(loss, 50)
    predicted = loss.predict(logits).argmax(axis=-1)
    classes = max(outputs_of(loss), 2)
    losses = [loss.rows(logits, np.full(50, k))[0] for k in range(classes)]
    np.testing.assert_array_equal(predicted, np.argmin(losses, axis=0))


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if not loss.classes], ids=label)
def test_the_loss_of_a_number_is_least_at_its_prediction(loss):
    """A constant prediction that minimises the loss of one target is that target."""
    targets = np.array([[2.0]])
    candidates = np.linspace(-3, 3, 6001)[:, None]
    losses = loss.rows(candidates, np.broadcast_to(targets, candidates.shape))[0]
    best = loss.predict(candidates[[losses.argmin()]])
    np.testing.assert_allclose(best, targets, atol=2e-3)


# ---- against mpmath


def log_cosh(e):
    return mpmath.log1p(2 * mpmath.sinh(e / 2) ** 2)


def cross_entropy(z, true, smoothing=0):
    log_total = mpmath.log(mpmath.fsum(mpmath.exp(x) for x in z))
    q = [(1 - smoothing) * (k == true) + smoothing / len(z) for k in range(len(z))]
    return mpmath.fsum(share * (log_total - x) for share, x in zip(q, z, strict=True))


def focal(z, true, gamma):
    log_p = -cross_entropy(z, true)
    return (-mpmath.expm1(log_p)) ** gamma * -log_p


def hinge(z, true):
    return max(mpf(0), 1 + max(x for k, x in enumerate(z) if k != true) - z[true])


EXACT_OF_ERROR = {
    MeanSquaredError: lambda loss, e: e * e,
    MeanAbsoluteError: lambda loss, e: abs(e),
    Huber: lambda loss, e: e * e / 2 if abs(e) <= loss.delta else mpf(loss.delta) * (abs(e) - mpf(loss.delta) / 2),
    LogCosh: lambda loss, e: log_cosh(e),
    Quantile: lambda loss, e: (1 - mpf(loss.level)) * e if e > 0 else -mpf(loss.level) * e,
}
EXACT_OF_CLASS = {
    CrossEntropy: lambda loss, z, y: cross_entropy(z, y, mpf(loss.label_smoothing)),
    BinaryCrossEntropy: lambda loss, z, y: cross_entropy([mpf(0), z[0]], y, mpf(loss.label_smoothing)),
    Focal: lambda loss, z, y: focal(z, y, mpf(loss.gamma)),
    Hinge: lambda loss, z, y: hinge(z, y),
}
GRID = np.concatenate(
    [[1e-30, 1e-10, 1e-5], np.arange(0.05, 1.6, 0.0313), np.arange(2, 20, 0.35), [50, 87, 89, 300, 1e4]]
).astype(np.float32)


def agrees(found, exact, dtype, floor):
    """Right to 1e-6 in float32 (1e-14 in float64), relative to the number or to `floor` where it is smaller."""
    tolerance = 1e-6 if dtype == np.float32 else 1e-14
    for f, e in zip(found, exact, strict=True):
        assert abs(mpf(float(f)) - e) <= tolerance * max(abs(e), floor)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if type(loss) in EXACT_OF_ERROR], ids=label)
@dtypes
def test_losses_of_numbers_agree_with_mpmath(loss, dtype):
    errors = np.concatenate([GRID, -GRID])
    found = loss.rows(errors[:, None].astype(dtype), np.zeros((errors.size, 1), dtype))[0]
    with mpmath.workdps(60):
        exact = [EXACT_OF_ERROR[type(loss)](loss, mpf(float(e))) for e in errors]
        agrees(found, exact, dtype, 100 * float(np.finfo(dtype).tiny))


@dtypes
def test_poisson_agrees_with_mpmath(dtype):
    z = np.concatenate([GRID[GRID < 60], -GRID])
    loss, y = Poisson(), 3.0
    values, derivatives = loss.rows(z[:, None].astype(dtype), np.full((z.size, 1), y, dtype))
    with mpmath.workdps(60):
        e = [mpmath.exp(mpf(float(x))) for x in z]
        for found, mean, x in zip(values, e, z, strict=True):
            agrees([found], [mean - y * mpf(float(x))], dtype, 5 * (mean + y * abs(float(x))))
        agrees(derivatives[:, 0], [mean - y for mean in e], dtype, 5.0)
        agrees(loss.predict(z.astype(dtype)), e, dtype, 1e-30)


@dtypes
def test_poisson_goes_on_as_its_tangent_above_sixty(dtype):
    z = np.array([[60.0], [61.0], [62.5], [1e4]], dtype)
    values, derivatives = Poisson().rows(z, np.zeros_like(z))
    np.testing.assert_allclose(values, np.exp(60) * (1 + z[:, 0].astype(float) - 60), rtol=1e-5)
    np.testing.assert_allclose(derivatives, np.exp(60), rtol=1e-5)
    np.testing.assert_array_equal(Poisson().predict(z)[:, 0], values)


@pytest.mark.parametrize("loss", class_losses, ids=label)
@dtypes
def test_losses_of_classes_agree_with_mpmath(loss, dtype):
    z = np.concatenate([GRID, -GRID])
    logits = z[:, None] if outputs_of(loss) == 1 else np.stack([np.zeros_like(z), z, -0.5 * z], axis=1)
    for true in range(max(outputs_of(loss), 2)):
        found = loss.rows(logits.astype(dtype), np.full(len(z), true))[0]
        with mpmath.workdps(60):
            exact = [EXACT_OF_CLASS[type(loss)](loss, [mpf(float(x)) for x in row], true) for row in logits]
            agrees(found, exact, dtype, 1.0)


def test_binary_cross_entropy_keeps_its_digits_where_the_prediction_is_right():
    z = GRID[GRID < 80]
    for logits, true in ((-z, 0), (z, 1)):
        found = BinaryCrossEntropy().rows(logits[:, None], np.full(z.size, true))[0]
        with mpmath.workdps(60):
            agrees(found, [mpmath.log1p(mpmath.exp(-mpf(float(x)))) for x in z], np.float32, 1e-36)


def test_every_loss_has_an_exact_form_here():
    known = {*EXACT_OF_ERROR, *EXACT_OF_CLASS, Poisson}
    assert {type(loss) for loss in LOSSES} == known


# ---- identities


@dtypes
def test_softmax_is_the_exponential_of_log_softmax(dtype):
    z = (10 * standard_normal(40, 5)).astype(dtype)
    np.testing.assert_allclose(softmax(z), np.exp(log_softmax(z)), rtol=1e-5, atol=1e-7)


def test_softmax_does_not_see_a_shift():
    z = standard_normal(40, 5)
    np.testing.assert_allclose(softmax(z + 1000), softmax(z), rtol=1e-10)


@pytest.mark.parametrize(
    ("factor", "one", "other"),
    [
        (1, Focal(gamma=0.0), CrossEntropy()),
        (2, Quantile(level=0.5), MeanAbsoluteError()),
        (2, Huber(delta=1e3), MeanSquaredError()),
    ],
    ids=["focal at 0 is cross-entropy", "the median is half the absolute error", "a wide huber is half the square"],
)
def test_special_cases_coincide(factor, one, other):
    logits, targets, _ = problem(one, 20)
    for a, b in zip(one.rows(logits, targets), other.rows(logits, targets), strict=True):
        np.testing.assert_allclose(factor * a, b, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_binary_cross_entropy_is_cross_entropy_of_logits_zero_and_z(smoothing):
    z, y, _ = problem(BinaryCrossEntropy(), 20)
    binary = BinaryCrossEntropy(label_smoothing=smoothing).rows(z, y)
    general = CrossEntropy(label_smoothing=smoothing).rows(np.concatenate([np.zeros_like(z), z], axis=1), y)
    np.testing.assert_allclose(binary[0], general[0], rtol=1e-12)
    np.testing.assert_allclose(binary[1][:, 0], general[1][:, 1], rtol=1e-11)


def test_a_network_that_knows_nothing_loses_ln_2_per_row_of_two_classes():
    y = np.array([0, 1, 1, 0])
    assert average_loss_with_gradient(BinaryCrossEntropy(), np.zeros((4, 1)), y)[0] == pytest.approx(
        np.log(2), rel=1e-15
    )
    assert average_loss_with_gradient(CrossEntropy(), np.zeros((4, 2)), y)[0] == pytest.approx(np.log(2), rel=1e-15)
