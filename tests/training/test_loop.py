"""The loop: what it says, which epoch it keeps, what a run depends on and what it does not."""

from dataclasses import replace
from itertools import count
from math import inf, isclose, nan
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from mlptrain.data.features import Pixels
from mlptrain.engine.dropout import Dropout, GaussianDropout
from mlptrain.engine.elementwise import NUMPY
from mlptrain.engine.input_layout import InputLayout
from mlptrain.engine.lbfgs import LBFGS
from mlptrain.engine.metrics import METRICS
from mlptrain.engine.norms import BatchNorm
from mlptrain.engine.optimizers import SGD, Adam, Optimizer
from mlptrain.errors import Diverged
from mlptrain.fitting.memory_estimate import trace_peak_memory
from mlptrain.model.architecture import build_network
from mlptrain.model.examples import Examples
from mlptrain.model.history import EpochEnded
from mlptrain.model.network_outputs import predict_with_mean_loss
from mlptrain.spec.fields import EarlyStopping, Monitor, Training
from mlptrain.training import course as course_file
from mlptrain.training.course import draw_batches
from mlptrain.training.events import Finished, Started, StepsDone
from mlptrain.training.loop import is_patience_exhausted, train, update_best_and_patience
from tests.support.courses import course_of, drawn, part_of, run, spec_of, state_of

TINY = SGD(learning_rate=1e-300)
"""A learning rate that moves nothing: the network stays what it was."""


def theta(course):
    return course.network.parameters.theta


def validation_loss(course):
    return predict_with_mean_loss(course.network, course.head, course.validation)[0]


def without_speed(epochs):
    return [replace(epoch, rows_per_second=0) for epoch in epochs]


def classes_for(monitor):
    """How many classes the target has where this is watched; 0 for numbers."""
    return 3 if monitor == "loss" or METRICS[monitor].of_classes else 0


def nth(number):
    """A wish to stop that is felt at the n-th question."""
    asked = count(1)
    return lambda: next(asked) >= number


# what it says


def test_started_comes_first_finished_last_and_every_epoch_between():
    events = list(train(course := course_of(), state := state_of(course)))
    assert [type(event) for event in events] == [Started, *[EpochEnded] * 5, Finished]
    assert [event.epoch for event in events[1:-1]] == [1, 2, 3, 4, 5]
    assert events[1:-1] == state.history
    assert (events[-1].reason, events[-1].epochs) == ("epochs", 5)


def test_started_counts_rows_steps_and_parameters():
    course = course_of(rows=10, validation_rows=7)
    started = next(train(course, state_of(course)))
    assert (started.train_rows, started.validation_rows, started.steps_per_epoch) == (10, 7, 3)
    assert started.parameters == 3 * 5 + 5 + 5 * 3 + 3
    assert (started.epochs, started.monitor, started.metric, started.running_loss) == (5, "loss", "accuracy", True)


def test_nothing_is_watched_without_a_validation_part():
    course = course_of(validation_rows=0, classes=0)
    started, *epochs, finished = train(course, state_of(course))
    assert (started.monitor, started.metric, started.larger_is_better) == (None, "rmse", False)
    assert all((e.validation_loss, e.validation_metric, e.best) == (None, None, False) for e in epochs)
    assert finished.best_epoch == 5


@pytest.mark.parametrize("metric", get_args(Monitor))
def test_larger_is_better_but_for_losses_and_errors(metric):
    classes = classes_for(metric)
    course = course_of(spec_of(training=Training(monitor=metric, epochs=1)), classes=classes)
    small = ("loss", "error_rate", "log_loss", "brier", "ece", "rmse", "mae", "rmsle", "mape", "median_absolute_error")
    assert next(train(course, state_of(course))).larger_is_better == (metric not in small)


def test_a_batch_norm_network_joins_a_last_row_to_the_batch_before():
    assert course_of(rows=9).steps_per_epoch == 3
    assert course_of(rows=9, model={"norm": BatchNorm()}).steps_per_epoch == 2


@pytest.mark.parametrize("compiling", [0.0, 60.0])
def test_the_first_step_which_compiles_the_loops_says_nothing_of_the_speed(compiling):
    course = course_of(rows=12)
    state, begun = state_of(course), count()

    def clock():
        return next(begun) + compiling * (state.step > 0)

    speeds = [event.rows_per_second for event in train(course, state, clock=clock) if isinstance(event, EpochEnded)]
    assert speeds[0] == 8 / 3
    assert set(speeds[1:]) == {12 / 4}


def test_steps_are_told_at_most_ten_times_a_second_and_times_come_from_the_clock():
    ticks = count(0, 0.5)
    course = course_of(rows=12)
    events = list(train(course, state_of(course), clock=lambda: next(ticks)))
    told = [event for event in events if isinstance(event, StepsDone)]
    assert [(event.epoch, event.steps) for event in told[:4]] == [(1, 1), (1, 2), (1, 3), (2, 1)]
    first = next(event for event in events if isinstance(event, EpochEnded))
    assert first.rows_per_second == 8 / (3 * 0.5)
    assert events[-1].seconds == next(ticks) - 0.5
    frozen = list(train(course, state_of(course), clock=lambda: 0.0))
    assert not any(isinstance(event, StepsDone) for event in frozen)


def test_the_gradient_norm_is_that_of_the_last_step_and_only_told_on_request():
    course = course_of(training=Training(epochs=1, batch_size="full", gradient_norm=True))
    (epoch,), _ = run(course)
    assert isclose(epoch.gradient_norm, np.linalg.norm(course.network.parameters.gradient))
    assert run(course_of())[0][0].gradient_norm is None


# losses


@pytest.mark.parametrize("weighted", [False, True])
def test_the_running_loss_of_a_network_that_stands_still_is_the_loss_in_evaluation(weighted):
    spec = spec_of(optimizer=TINY, training=Training(epochs=1, batch_size=5))
    weights = np.linspace(0.5, 3, 12) if weighted else None
    course = course_of(spec, train=part_of(spec, 12, 3, seed=1, weights=weights))
    (running,), _ = run(course)
    (evaluated,), _ = run(replace(course, spec=replace(spec, training=replace(spec.training, train_loss="evaluation"))))
    assert isclose(running.train_loss, evaluated.train_loss, rel_tol=1e-12)
    assert isclose(
        running.train_loss,
        predict_with_mean_loss(course.network, course.head, course.train)[0],
        rel_tol=1e-12,
    )
    assert running.train_metric is None
    assert evaluated.train_metric is not None


@pytest.mark.parametrize("dropout", [Dropout(rate=0.5), GaussianDropout(rate=0.5)])
def test_dropout_is_in_the_running_loss_and_not_in_the_one_in_evaluation(dropout):
    def first(train_loss):
        training = Training(epochs=1, batch_size=4, train_loss=train_loss)
        course = course_of(optimizer=TINY, model={"dropout": dropout}, training=training)
        return run(course)[0][0].train_loss, predict_with_mean_loss(course.network, course.head, course.train)[0]

    running, exact = first("running")
    evaluated, again = first("evaluation")
    assert evaluated == exact == again
    assert not isclose(running, exact, rel_tol=1e-6)


# the best epoch


@pytest.mark.parametrize(
    ("reason", "training", "last_step"),
    [
        ("epochs", Training(epochs=30, batch_size=4), 1000),
        ("early_stopping", Training(epochs=300, batch_size=4, early_stopping=EarlyStopping(patience=7)), 1000),
        ("interrupted", Training(epochs=300, batch_size=4), 101),
    ],
)
@pytest.mark.parametrize("norm", [None, BatchNorm()])
def test_the_network_holds_the_best_epoch_whatever_ended_the_run(reason, training, last_step, norm):
    course = course_of(optimizer=Adam(learning_rate=0.05), training=training, model={"norm": norm}, hidden=(16,))
    epochs, finished = run(course, stop=nth(last_step))
    losses = [epoch.validation_loss for epoch in epochs]
    assert finished.reason == reason
    assert finished.epochs == len(epochs)
    assert finished.best_epoch == 1 + losses.index(min(losses)) < len(epochs)
    assert validation_loss(course) == min(losses)


def test_without_a_validation_part_the_last_epoch_is_kept():
    course = course_of(validation_rows=0)
    epochs, finished = run(course)
    again = course_of(validation_rows=0)
    for _ in train(again, state_of(again)):
        latest = theta(again).copy()
    assert finished.best_epoch == len(epochs)
    assert np.array_equal(theta(course), latest)


def test_the_epoch_in_which_a_run_is_stopped_stays_unfinished():
    course = course_of(rows=12)  # 3 steps an epoch
    epochs, finished = run(course, stop=nth(8))
    assert (len(epochs), finished.epochs, finished.reason) == (2, 2, "interrupted")
    none, finished = run(course_of(), stop=nth(1))
    assert (none, finished.epochs, finished.best_epoch) == ([], 0, 0)


@pytest.mark.parametrize("norm", [None, BatchNorm()])
def test_a_run_stopped_within_an_epoch_is_the_run_of_the_epochs_before(norm):
    stopped = course_of(validation_rows=0, model={"norm": norm})
    whole = course_of(validation_rows=0, model={"norm": norm}, training=Training(epochs=2, batch_size=4))
    assert run(stopped, stop=nth(8))[1].best_epoch == run(whole)[1].best_epoch == 2
    assert np.array_equal(theta(stopped), theta(whole))
    for name, buffer in whole.network.buffers.items():
        assert np.array_equal(stopped.network.buffers[name], buffer)


values = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, nan, inf]) | st.none() | st.floats()


@drawn
@given(
    st.lists(values, max_size=25),
    st.sampled_from(["loss", "accuracy"]),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.3]),
    st.integers(0, 6),
)
def test_best_epoch_and_early_stopping_are_counted_exactly(seen, monitor, patience, min_delta, start):
    """Stop after the first epoch whose last `patience` epochs, all after `start`, did not improve by > min_delta."""
    stopping = EarlyStopping(patience=patience, min_delta=min_delta, start_from_epoch=start)
    course = course_of(training=Training(epochs=100, monitor=monitor, early_stopping=stopping))
    state = state_of(course)
    best, best_epoch, reference, improved = inf, 0, inf, 0
    for epoch, value in enumerate(seen, 1):
        state.epoch = epoch
        flag = update_best_and_patience(course, state, *((value, None) if monitor == "loss" else (None, value)))
        small = nan if value is None else value if monitor == "loss" else -value
        assert flag == (small < best)
        if small < best:
            best, best_epoch = small, epoch
        if small < reference - min_delta:
            reference, improved = small, epoch
        assert state.best.epoch == best_epoch
        assert is_patience_exhausted(course, state) == (epoch - improved >= patience and epoch >= start + patience)


def test_a_run_that_never_gets_better_stops_after_one_epoch_and_its_patience():
    for start, expected in ((0, 5), (1, 5), (3, 7)):
        stopping = EarlyStopping(patience=4, start_from_epoch=start)
        course = course_of(optimizer=TINY, training=Training(epochs=50, early_stopping=stopping))
        epochs, finished = run(course)
        assert (len(epochs), finished.reason, finished.best_epoch) == (expected, "early_stopping", 1)


def test_improvements_below_min_delta_do_not_count_but_the_best_of_them_is_kept():
    stopping = EarlyStopping(patience=3, min_delta=1e9)
    course = course_of(optimizer=SGD(learning_rate=0.01), training=Training(epochs=50, early_stopping=stopping))
    epochs, finished = run(course)
    assert len(epochs) == 4
    assert finished.best_epoch == 4
    assert [epoch.best for epoch in epochs] == [True] * 4


def test_an_undefined_metric_is_never_the_best():
    spec = spec_of(training=Training(epochs=3, monitor="auc"))
    course = course_of(spec)
    one_class = replace(course.validation, truth=np.zeros(8, int), targets=np.zeros(8, int))
    epochs, finished = run(replace(course, validation=one_class))
    assert [(e.best, e.validation_metric) for e in epochs] == [(False, None)] * 3
    assert finished.best_epoch == 3


@pytest.mark.parametrize("monitor", get_args(Monitor))
@drawn
@given(st.lists(st.one_of(st.just(nan), st.just(None), st.floats(-1, 1)), min_size=1, max_size=12))
def test_nan_is_never_an_improvement(monitor, seen):
    """An epoch without a value is as if it had not been, but for the patience that it takes."""
    numbers = [value for value in seen if value is not None and not np.isnan(value)]
    kept = []
    for values in (seen, numbers):
        course = course_of(spec_of(training=Training(monitor=monitor)), classes=classes_for(monitor))
        state, flags = state_of(course), []
        for epoch, value in enumerate(values, 1):
            state.epoch = epoch
            flags.append(
                update_best_and_patience(course, state, *((value, None) if monitor == "loss" else (None, value)))
            )
            assert not flags[-1] or value in numbers
        assert state.best.epoch == 0 or values[state.best.epoch - 1] in numbers
        kept.append((sum(flags), state.best.value, state.reference))
    assert kept[0] == kept[1]


@pytest.mark.parametrize("monitor", [name for name, metric in METRICS.items() if metric.larger_is_better])
def test_a_metric_that_is_better_when_larger_is_maximised(monitor):
    training = Training(epochs=25, batch_size=4, monitor=monitor)
    course = course_of(optimizer=Adam(learning_rate=0.03), training=training, classes=classes_for(monitor))
    epochs, finished = run(course)
    found = [epoch.validation_metric for epoch in epochs]
    assert min(found) < max(found) == found[finished.best_epoch - 1] or monitor == "top_5_accuracy"
    assert found.index(max(found)) == finished.best_epoch - 1


@pytest.mark.parametrize("monitor", [name for name, metric in METRICS.items() if not metric.larger_is_better])
def test_a_metric_that_is_better_when_smaller_is_minimised(monitor):
    classes = classes_for(monitor)
    course = course_of(classes=classes, training=Training(epochs=25, batch_size=4, monitor=monitor))
    epochs, finished = run(course)
    found = [inf if epoch.validation_metric is None else epoch.validation_metric for epoch in epochs]
    assert min(found) < inf or monitor == "rmsle"
    assert min(found) == inf or found.index(min(found)) == finished.best_epoch - 1


@pytest.mark.parametrize("ties", ["first", "last"])
@pytest.mark.parametrize("monitor", ["accuracy", "error_rate", "loss"])
def test_of_epochs_that_are_equally_good_the_first_or_the_last_is_kept(ties, monitor):
    """8 validation rows: few values of the error, and many epochs that share the best one; of the loss every one."""
    optimizer = TINY if monitor == "loss" else SGD(learning_rate=0.1)
    course = course_of(optimizer=optimizer, training=Training(epochs=15, batch_size=4, monitor=monitor, ties=ties))
    events = train(course, state_of(course))
    ended = [(event, theta(course).copy()) for event in events if isinstance(event, EpochEnded)]
    found = [event.validation_loss if monitor == "loss" else event.validation_metric for event, _ in ended]
    best = max(found) if monitor == "accuracy" else min(found)
    equal = [place for place, value in enumerate(found) if value == best]
    assert len(equal) > 1
    chosen = equal[0 if ties == "first" else -1]
    np.testing.assert_array_equal(theta(course), ended[chosen][1])
    assert [place for place, (event, _) in enumerate(ended) if event.best][-1] == chosen


def test_equally_good_epochs_do_not_put_off_early_stopping():
    """Also where the last of them is kept: patience waits for what is better."""
    training = Training(epochs=30, batch_size=4, ties="last", early_stopping=EarlyStopping(patience=3))
    epochs, finished = run(course_of(optimizer=TINY, training=training))
    assert (finished.reason, len(epochs), finished.best_epoch) == ("early_stopping", 4, 4)


@pytest.mark.parametrize(("rows", "batches_of"), [(12, [5, 5]), (10, [5, 5]), (4, [4]), (11, [5, 5]), (3, [3])])
def test_rows_left_over_are_left_out_where_the_spec_says_so(rows, batches_of):
    """Other rows in each epoch: it is the order that leaves them over. Too few rows for one batch are a batch."""
    course = course_of(rows=rows, training=Training(batch_size=5, drop_last=True))
    assert course.steps_per_epoch == len(batches_of)
    left = []
    for epoch in range(6):
        seen = list(draw_batches(course, epoch))
        assert [len(x) for x, _, _ in seen] == batches_of
        numbers = np.concatenate([course.row_numbers(epoch, k + 1) for k in range(len(batches_of))])
        np.testing.assert_array_equal(np.concatenate([x for x, _, _ in seen]), course.train.x[numbers])
        left.append(set(range(rows)) - set(numbers.tolist()))
    assert {len(each) for each in left} == {rows - sum(batches_of)}
    assert rows == sum(batches_of) or len({frozenset(each) for each in left}) > 1


# divergence


@pytest.mark.parametrize("optimizer", [SGD(learning_rate=1e30), SGD(learning_rate=1e300)])
def test_a_loss_that_is_not_finite_ends_the_run_and_says_where(optimizer):
    course = course_of(classes=0, optimizer=optimizer, hidden=())
    with pytest.raises(Diverged, match=r"in epoch [123], batch [123] \(learning rate 1e300?[,)].*; .*lower optimizer"):
        run(course)


def test_a_target_that_is_not_finite_ends_the_first_step():
    course = course_of(classes=0)
    course.train.targets[0] = nan
    with pytest.raises(Diverged, match="epoch 1"):
        run(course)


# batches


@pytest.mark.parametrize("at_once", [0, 1 << 24])
@pytest.mark.parametrize("weighted", [False, True])
def test_an_epoch_sees_every_row_once_with_its_target_and_weight(at_once, weighted, monkeypatch):
    monkeypatch.setattr(course_file, "GATHER_AT_ONCE", at_once)
    numbers = np.arange(10.0)
    part = Examples(
        x=numbers[:, None] * [1, 1, 1], targets=numbers, truth=numbers, weights=numbers if weighted else None
    )
    course = course_of(rows=10, train=part, training=Training(batch_size=4))
    orders = []
    for epoch in range(3):
        seen = [(x.copy(), targets, weights) for x, targets, weights in draw_batches(course, epoch)]
        assert [len(x) for x, _, _ in seen] == [4, 4, 2]
        for x, targets, weights in seen:
            assert np.array_equal(x[:, 0], targets)
            assert (weights is None) if not weighted else np.array_equal(weights, targets)
        orders.append(np.concatenate([targets for _, targets, _ in seen]).tolist())
        assert sorted(orders[-1]) == numbers.tolist()
    assert orders[0] != orders[1] != orders[2] != orders[0]


@pytest.mark.parametrize("training", [Training(batch_size=4, shuffle=False), Training(batch_size="full")])
def test_rows_stay_in_order_where_order_is_wanted_or_does_not_matter(training):
    course = course_of(training=training)
    assert np.array_equal(np.concatenate([x for x, _, _ in draw_batches(course, 3)]), course.train.x)


def test_gathering_an_epoch_at_once_or_batch_by_batch_is_the_same_training(monkeypatch):
    first = course_of()
    run(first)
    monkeypatch.setattr(course_file, "GATHER_AT_ONCE", 0)
    second = course_of()
    run(second)
    assert np.array_equal(theta(first), theta(second))


@pytest.mark.parametrize("at_once", [0, 1 << 24])
@pytest.mark.parametrize(
    "training", [Training(batch_size=4), Training(batch_size=4, shuffle=False), Training(batch_size="full")]
)
def test_images_train_as_the_matrix_does_that_they_stand_for(training, at_once, monkeypatch):
    monkeypatch.setattr(course_file, "GATHER_AT_ONCE", at_once)
    pixels = Pixels(default_rng(3).integers(0, 256, (12, 3)).astype(np.uint8), np.dtype(np.float64))
    as_matrix = course_of(training=training)
    as_matrix = replace(as_matrix, train=replace(as_matrix.train, x=pixels[:]))
    as_images = replace(course_of(training=training), train=replace(as_matrix.train, x=pixels))
    assert run(as_images, clock=lambda: 0.0) == run(as_matrix, clock=lambda: 0.0)
    assert np.array_equal(theta(as_images), theta(as_matrix))


def test_training_on_images_never_holds_their_matrix():
    pixels = Pixels(np.zeros((20_000, 300), np.uint8), np.dtype(np.float32))
    part = Examples(x=pixels, targets=np.zeros(20_000, np.int64), truth=np.zeros(20_000, np.int64))
    spec = spec_of(model={"dtype": "float32"}, training=Training(epochs=1, batch_size=500))
    empty = course_of(spec, validation_rows=0)
    network = build_network(spec.model, InputLayout(width=300), 3)
    course = replace(empty, network=network, train=part)
    assert trace_peak_memory(lambda _rows: run(course), 0) < pixels.nbytes


def test_a_batch_larger_than_the_training_part_is_the_whole_of_it():
    assert course_of(rows=12, training=Training(batch_size=1000)).batch_size == 12


@pytest.mark.parametrize("size", [2, 3, 4, 6, 12])
@pytest.mark.parametrize("norm", [None, BatchNorm()], ids=["plain", "batch norm"])
def test_batch_normalisation_never_gets_a_batch_of_one_row(size, norm):
    """A last batch of one row is part of the one before it; without batch normalisation it is a batch."""
    course = course_of(rows=13, training=Training(batch_size=size, epochs=1), model={"norm": norm})
    rows = [len(x) for x, _, _ in draw_batches(course, 0)]
    assert sum(rows) == 13
    assert (1 in rows) == (norm is None and 13 % size == 1)
    assert max(rows) == size + (norm is not None and 13 % size == 1)


# what a run depends on


NOISY = {"optimizer": Adam(), "model": {"dropout": Dropout(rate=0.3), "norm": BatchNorm()}, "hidden": (8, 8)}


def test_the_same_seed_gives_the_same_run_to_the_last_bit():
    one, two = course_of(**NOISY), course_of(**NOISY)
    assert without_speed(run(one)[0]) == without_speed(run(two)[0])
    assert theta(one).tobytes() == theta(two).tobytes()
    assert all(
        one.network.buffers[name].tobytes() == two.network.buffers[name].tobytes() for name in one.network.buffers
    )


def test_another_seed_gives_another_run():
    one, two = course_of(**NOISY), course_of(seed=2, **NOISY)
    run(one), run(two)
    assert not np.array_equal(theta(one), theta(two))


def test_a_shorter_run_is_the_beginning_of_a_longer_one():
    short, long = (course_of(training=Training(epochs=n, batch_size=4), **NOISY) for n in (3, 6))
    assert without_speed(run(short)[0]) == without_speed(run(long)[0])[:3]


@pytest.mark.parametrize("optimizer", get_args(Optimizer), ids=lambda kind: kind.__name__)
def test_every_optimizer_lowers_the_loss(optimizer):
    size = "full" if optimizer is LBFGS else 4
    course = course_of(optimizer=optimizer(), training=Training(epochs=20, batch_size=size, train_loss="evaluation"))
    epochs, _ = run(course)
    assert epochs[-1].train_loss < epochs[0].train_loss


def test_lbfgs_gets_much_further_than_sgd_in_as_many_epochs():
    def end(optimizer):
        course = course_of(rows=60, optimizer=optimizer, training=Training(epochs=40, batch_size="full"))
        return run(course)[0][-1].train_loss

    assert end(LBFGS()) < 0.2 * end(SGD(learning_rate=0.1))


def test_max_norm_holds_after_training_for_every_hidden_unit():
    course = course_of(optimizer=SGD(learning_rate=0.5), model={"max_norm": 0.4}, validation_rows=0, hidden=(6, 6))
    run(course)
    weights = course.network.parameters.values
    for name in ("hidden_1.weight", "hidden_2.weight"):
        assert np.linalg.norm(weights[name], axis=0).max() <= 0.4 * (1 + 1e-12)
    assert np.linalg.norm(weights["output.weight"], axis=0).max() > 0.4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_stays_in_the_number_type_of_the_spec(dtype):
    spec = spec_of(optimizer=Adam(), model={"dtype": dtype, "dropout": Dropout(rate=0.1)})
    part = part_of(spec, 12, 3, seed=1)
    course = course_of(spec, train=replace(part, x=part.x.astype(dtype)), validation_rows=0)
    state = state_of(course)
    list(train(course, state))
    kept = [theta(course), course.network.parameters.gradient, *state.slots.values()]
    assert {array.dtype for array in kept} == {np.dtype(dtype)}


@pytest.mark.parametrize("fold", [1, 2])
def test_loops_are_compiled_in_the_first_training_of_a_fit_alone(fold):
    compiled = pytest.importorskip("mlptrain.engine.compiled", reason="pip install numba")
    for executor, compiles in ((NUMPY, False), (compiled.NumbaExecutor(), fold == 1)):
        course = replace(course_of(), fold=fold, folds=2)
        course.network.executor = executor
        started = next(iter(train(course, state_of(course))))
        assert isinstance(started, Started)
        assert started.compiles == compiles
