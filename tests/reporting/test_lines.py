import io
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_findings import find_layer_faults
from mlptrain.reporting.lines import LinesSink
from mlptrain.training.events import Finished, StepsDone, TrialSteps
from tests.model.test_layer_findings import facts, seen
from tests.support.clocks import Clock
from tests.support.streams import broken_off, drawn, runs, training


def written(events, *, title="", clock=None, tick=None, stream=None):
    stream = stream or io.StringIO()
    clock = clock or Clock()
    with LinesSink(stream, title=title, clock=clock) as sink:
        for event in events:
            sink(event)
            clock.now += tick or 0.0
    return stream.getvalue()


def epochs_in(text):
    return [int(number) for number in re.findall(r"^[* ] +(\d+) ", text, re.MULTILINE)]


@drawn
@given(runs(), st.text(max_size=300))
def test_any_run_gives_lines_without_control_characters(events, title):
    text = written(events, title=title)
    assert text.endswith("\n")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert epochs_in(text) == sorted(set(epochs_in(text)))


@pytest.mark.parametrize("count", [1, 2, 3, 19, 20, 21, 100, 999, 1000, 12_345, 100_000])
def test_a_few_dozen_lines_for_any_number_of_epochs(count):
    epochs = epochs_in(written(training(count)))
    assert len(epochs) <= 36
    assert epochs[0] == 1
    assert epochs[-1] == count
    assert len(epochs) >= min(count, 12)


def test_it_reads_like_this():
    assert written(training(40, best=26), title="iris.yaml").splitlines() == TRANSCRIPT.strip("\n").splitlines()


TRANSCRIPT = """
iris.yaml: 120 training rows, 30 validation rows, 4,675 parameters, 40 epochs
* best yet    train       train  validation  validation    learning
  epoch        loss    accuracy        loss    accuracy        rate    rows/s
*     1      0.8085      0.5957      0.8285      0.4957    0.001000      1.2M
*     2      0.6476      0.6762      0.6676      0.5762    0.001000      1.2M
*     4      0.4166      0.7917      0.4366      0.6917    0.001000      1.2M
*     5      0.3347      0.8327      0.3547      0.7327    0.001000      1.2M
*     6      0.2692      0.8654      0.2892      0.7654    0.001000      1.2M
*     8      0.1753      0.9124      0.1953      0.8124    0.001000      1.2M
*    10      0.1154      0.9423      0.1354      0.8423    0.001000      1.2M
*    12     0.07721      0.9614     0.09721      0.8614    0.001000      1.2M
*    14     0.05285      0.9736     0.07285      0.8736    0.001000      1.2M
*    16     0.03732      0.9813     0.05732      0.8813    0.001000      1.2M
*    18     0.02742      0.9863     0.04742      0.8863    0.001000      1.2M
*    20     0.02111      0.9894     0.04111      0.8894    0.001000      1.2M
*    22     0.01708      0.9915     0.03708      0.8915    0.001000      1.2M
*    24     0.01452      0.9927     0.03452      0.8927    0.001000      1.2M
*    26     0.01288      0.9936     0.03288      0.8936    0.001000      1.2M
     28     0.01184      0.9941     0.03184      0.8941    0.001000      1.2M
     30     0.01117      0.9944     0.03117      0.8944    0.001000      1.2M
     32     0.01075      0.9946     0.03075      0.8946    0.001000      1.2M
     34     0.01048      0.9948     0.03048      0.8948    0.001000      1.2M
     36     0.01030      0.9948     0.03030      0.8948    0.001000      1.2M
     38     0.01019      0.9949     0.03019      0.8949    0.001000      1.2M
     40     0.01012      0.9949     0.03012      0.8949    0.001000      1.2M
done: 40 epochs in 12.3 s, best epoch 26 (validation loss 0.03288)
"""


def test_several_trainings_have_few_lines_each_and_their_headings_once():
    trainings = [[replace(start, fold=k, folds=5), *rest] for k in range(1, 6) for start, *rest in [training(300)]]
    lines = written([event for events in trainings for event in events], title="iris.yaml").splitlines()
    assert len(lines) <= 5 * 8
    assert sum("best yet" in line for line in lines) == 1
    assert sum(line.startswith("done: ") for line in lines) == 5


def test_an_early_end_is_shown_too():
    text = written(training(537, planned=100_000, best=300))
    assert epochs_in(text) == [1, 2, 5, 10, 20, 50, 100, 200, 300, 500, 537]
    assert text.splitlines()[-1] == "done: 537 epochs in 12.3 s, best epoch 300 (validation loss 0.03655)"


def test_the_best_so_far_is_marked():
    marked = re.findall(r"^\* +(\d+) ", written(training(10, best=4)), re.MULTILINE)
    assert marked == ["1", "2", "3", "4"]


@pytest.mark.parametrize("best", [1, 2, 13, 99, 137, 300, 537])
def test_the_best_epoch_has_a_row_wherever_it_lies(best):
    text = written(training(537, best=best), tick=0.1)
    assert re.findall(r"^\* +(\d+) ", text, re.MULTILINE)[-1] == str(best)
    assert epochs_in(text) == sorted(set(epochs_in(text)))
    unwatched = epochs_in(written(training(537, best=best, monitor=None), tick=0.1))
    assert set(epochs_in(text)) == {*unwatched, best}


def test_nothing_is_marked_where_nothing_is_watched():
    assert "*" not in written(training(10, monitor=None))


def test_slow_epochs_have_a_line_at_most_every_ten_seconds():
    text = written(training(500, planned=1_000_000), tick=1.0)
    epochs = epochs_in(text)
    assert len(epochs) <= 50 + 9
    assert max(later - earlier for earlier, later in pairwise(epochs)) <= 500 / 30 + 1


def test_a_day_has_hundreds_of_lines_and_a_sign_of_life_every_five_minutes():
    epochs = epochs_in(written(training(8640, planned=10**7), tick=10.0))
    assert len(epochs) <= 420
    assert max(later - earlier for earlier, later in pairwise(epochs)) <= 30


def test_a_long_epoch_shows_its_steps():
    started, *_ = training(3)
    clock = Clock()
    steps = [StepsDone(epoch=1, steps=step) for step in range(1, 10)]
    lines = written([started, *steps], clock=clock, tick=4.0).splitlines()
    assert lines[1:3] == ["  epoch 1, step 3 of 10", "  epoch 1, step 6 of 10"]


def test_an_error_leaves_the_last_epoch_and_where_the_run_stood():
    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        written(broken_off(7, of=1000), stream=stream, tick=0.5)
    assert epochs_in(stream.getvalue()) == [1, 2, 5, 7]
    assert stream.getvalue().endswith("not finished: 7 of 1,000 epochs in 4.0 s\n")


def test_a_column_appears_with_its_first_value():
    events = [replace(e, penalty=0.5) if isinstance(e, EpochEnded) and e.epoch > 2 else e for e in training(4)]
    headings = [line for line in written(events).splitlines() if "rows/s" in line]
    assert ["penalty" in heading for heading in headings] == [False, True]


def watched_run(count, *layers):
    """A run whose layers are watched: those of each epoch, before its end."""
    started, *events = training(count)
    yield replace(started, spec={"training": {"watch_layers": 1}})
    for epoch, event in enumerate(events[:-1], 1):
        yield replace(layers[(epoch - 1) % len(layers)], epoch=epoch)
        yield replace(event, gradient_norm=0.25)
    yield events[-1]


VANISHED = seen(facts("hidden_1", gradient_rms=1e-9))


def test_where_the_layers_are_watched_the_norm_of_the_gradient_has_a_column():
    heading, row = [line for line in written(watched_run(1, seen())).splitlines() if "rate" in line or "0.2500" in line]
    assert heading.split()[-2:] == ["norm", "rows/s"]
    assert row.split()[-2] == "0.2500"
    assert "norm" not in written(training(1))


def test_what_is_wrong_with_a_layer_is_written_once_and_of_each_training():
    text = written([*watched_run(5, seen(), VANISHED), *watched_run(3, VANISHED)])
    told = [line for line in text.splitlines() if "vanish" in line]
    sentence = find_layer_faults(VANISHED)[0].sentence
    assert told == [f"  epoch 2: {sentence}", f"  epoch 1: {sentence}"]


def test_the_running_loss_is_called_batch_loss():
    started, *events = training(2)
    assert "batch" not in written([started, *events])
    assert re.search("batch .*\n *epoch +loss ", written([replace(started, running_loss=True), *events]))


def test_what_is_measured_on_no_row_has_no_column():
    started, *events = training(2)
    events = [replace(e, train_metric=None) if isinstance(e, EpochEnded) else e for e in events]
    text = written([replace(started, validation_rows=0, monitor=None), *events])
    assert "validation" not in text
    assert "accuracy" not in text


def test_an_encoding_that_lacks_letters():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    with LinesSink(stream, title="é" * 300, clock=Clock()) as sink:
        for event in training(3):
            sink(event)
    assert rb"\xe9\xe9" in raw.getvalue()
    assert rb"\u2026" in raw.getvalue()


def test_a_stream_that_is_gone_does_not_end_training():
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    with LinesSink(Gone(), clock=Clock()) as sink:
        for event in training(50):
            sink(event)
    assert isinstance(event, Finished)


def test_one_sink_can_show_several_runs():
    text = written([*training(3), *training(2)])
    assert epochs_in(text) == [1, 2, 3, 1, 2]
    assert text.count("done: ") == 2


def test_the_epochs_of_the_run_before_are_counted_and_the_best_is_remembered():
    started, *epochs, finished = training(50, best=20)
    stream = io.StringIO()
    sink = LinesSink(stream, clock=Clock())
    for event in (replace(started, earlier=tuple(epochs[:30])), *epochs[30:], finished):
        sink(event)
    lines = stream.getvalue().splitlines()
    assert lines[1] == "30 epochs done before"
    assert "best epoch 20 (validation loss 0.0" in lines[-1]


def test_compiling_is_said_behind_the_start():
    started, *rest = training(2)
    lines = written([replace(started, compiles=True), *rest]).splitlines()
    assert lines[1] == "compiling the loops ..."
    assert [lines[0], *lines[2:]] == written([started, *rest]).splitlines()


def test_a_long_trial_says_how_far_it_has_come():
    stream, clock = io.StringIO(), Clock()
    with LinesSink(stream, clock=clock) as sink:
        for steps in (10, 20, 300):
            clock.now += 6
            sink(TrialSteps(trial=1, trials=2, steps=steps, planned=300))
    assert stream.getvalue() == "  trial 1 of 2, step 20 of 300\n"


@pytest.mark.parametrize("count", [5, 100_000, 10_000_000])
@pytest.mark.parametrize("running", [True, False])
def test_the_legend_does_not_run_into_the_heading(count, running):
    started, first, *_ = training(1, planned=count)
    heading = written([replace(started, running_loss=running), first]).splitlines()[1]
    assert re.match(r"\* best yet {2,}(batch|train) ", heading)


def test_a_first_epoch_that_trains_nothing_is_not_marked():
    started, first, *_ = training(1, planned=5)
    for rate, mark in ((0.0, " "), (0.001, "*")):
        lines = written([started, replace(first, learning_rate=rate)]).splitlines()
        assert next(line for line in lines if re.match(r"[* ] +1 ", line))[0] == mark


def test_the_reason_of_a_cell_without_a_value_is_said_once_under_the_table():
    started, *events = training(3)
    epochs = [replace(each, validation_metric=None, undefined="one class is missing") for each in events[:-1]]
    lines = written([started, *epochs, events[-1]]).splitlines()
    assert lines[-2:] == ["  (-: accuracy is undefined: one class is missing)", lines[-1]]
    assert lines[-1].startswith("done: 3 epochs")
    assert sum("undefined" in line for line in lines) == 1
