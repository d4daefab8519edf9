import io
import re
import sys
from dataclasses import replace
from functools import cache
from itertools import dropwhile, pairwise, takewhile
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mlptrain.figures import format_figure
from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_findings import find_layer_faults
from mlptrain.reporting.console import INTERVAL, ConsoleSink, make_sink_for_console
from mlptrain.reporting.digest import Digest
from mlptrain.reporting.frame import FINAL_ROWS, Frame, draw_trial, shorten_facts
from mlptrain.reporting.glyphs import ASCII, UNICODE
from mlptrain.reporting.lines import LinesSink
from mlptrain.training.events import Started, StepsDone, TrialSteps
from tests.model.test_layer_findings import facts, seen
from tests.support.clocks import Clock
from tests.support.streams import broken_off, drawn, runs, training

SHOW_CURSOR = "\x1b[?25h"
HIDE_CURSOR = "\x1b[?25l"


def terminal(width=80, height=24, *, encoding="utf-8", env=None, **options):
    """A console on what it takes for a terminal, and a function that reads what was written there."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    environment = {"TERM": "xterm-256color", **(env or {})}
    console = Console(file=file, width=width, height=height, force_terminal=True, _environ=environment, **options)
    return console, lambda: raw.getvalue().decode(encoding)


def show(events, console, *, clock=None, tick=1.0, title=""):
    clock = clock or Clock()
    with ConsoleSink(console, clock=clock, title=title) as sink:
        for event in events:
            sink(event)
            clock.now += tick


def without_escapes(text):
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def digest_of(events):
    digest = Digest()
    for event in events:
        digest(event)
    return digest


def frame_of(events, width=80, glyphs=UNICODE, title=""):
    digest = events if isinstance(events, Digest) else digest_of(events)
    assert digest.started
    return Frame(digest, digest.started, title, width, glyphs)


def text_of(lines):
    return ["".join(text for text, _ in line) for line in lines]


def epochs_in(lines):
    row = re.compile(r"[*★ ] +(\d+)( |$)")
    below = dropwhile(lambda line: not row.match(line), lines)
    return [int(line[1:].split()[0]) for line in takewhile(row.match, below)]


@pytest.mark.parametrize("compiling", [0.5, 90.0])
def test_the_time_left_is_estimated_without_that_of_the_first_event(compiling):
    """Loops are compiled before it: an epoch of a second is one of a second, however long that took."""
    console, written = terminal(width=80, height=40)
    clock, events = Clock(), [event for event in training(10) if event.kind in ("started", "epoch")]
    with ConsoleSink(console, clock=clock) as sink:
        for position, event in enumerate(events[:5]):
            clock.now += compiling if position == 1 else 1.0
            sink(event)
    said = re.findall(r"epoch (\d+)/10  \S+, (\S+) left", without_escapes(written()))
    assert said[-1] == ("5", "0:06")
    assert {number for number, _ in said} == {"3", "4", "5"}


# the picture

NARROWEST = len("    epoch 100000/100000") + 1
"""What is never left out; the terminal crops it."""


@cache
def digest_of_run(count, best):
    return digest_of(training(count, best=best))


@drawn
@given(runs(), st.integers(1, 200), st.integers(1, 60), st.sampled_from([UNICODE, ASCII]))
def test_a_picture_fits_any_size(events, width, height, glyphs):
    frame = frame_of(events, width, glyphs, title="\x1b[2J[/b]精")
    for lines in (text_of(frame.live(height, 1.5)), text_of(frame.final(24, 1.5))):
        assert not re.search("[\x00-\x1f\x7f-\x9f]", "".join(lines))
        assert epochs_in(lines) == sorted(set(epochs_in(lines)))
    assert len(frame.live(height, 1.5)) <= height


@pytest.mark.parametrize("count", [1, 2, 7, 100, 5000, 100_000])
@pytest.mark.parametrize("width", [1, 10, 24, 40, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_what_stays_is_short(count, width):
    frame = frame_of(digest_of_run(count, max(1, count // 3)), width, title="iris.yaml")
    live, final = text_of(frame.live(40, 3.0)), text_of(frame.final(24, 3.0))
    assert max(map(len, live + final)) <= max(width, NARROWEST)
    assert len(final) <= FINAL_ROWS + 12 + 200 // width


@pytest.mark.parametrize("width", [1, 2, 3, 24, 40, 60, 120])
def test_what_follows_a_break_in_the_first_and_last_lines_is_indented(width):
    lines = text_of(frame_of(digest_of_run(100, 33), width, title="iris.yaml").final(24, 3.0))
    for text in (lines, lines[len(lines) - lines[::-1].index("") :]):
        first, *others = takewhile(bool, text)
        assert not first.startswith(" ")
        assert all(line.startswith("  "[: width - 1]) for line in others)


@pytest.mark.parametrize("count", [1, 2, 13, 100, 12_345, 100_000])
@pytest.mark.parametrize("height", [3, 9, 10, 19, 20, 24, 33, 34, 60])
def test_the_best_epoch_is_always_in_the_table_and_marked(count, height):
    best = max(1, count * 2 // 3)
    frame = frame_of(digest_of_run(count, best))
    for lines in (text_of(frame.live(height, 3.0)), text_of(frame.final(24, 3.0))):
        assert [line.split()[1] for line in lines if re.match("★ +[0-9]", line)] == [str(best)]
        assert count in epochs_in(lines)


def test_columns_are_dropped_from_the_least_important_on():
    def columns(width):
        lines = text_of(frame_of(training(3), width).live(40, 1.0))
        return lines[next(i for i, line in enumerate(lines) if line.split()[:1] == ["epoch"])].split()

    assert columns(80) == ["epoch", "loss", "accuracy", "loss", "accuracy", "rate", "rows/s"]
    assert columns(66) == ["epoch", "loss", "accuracy", "loss", "accuracy", "rate"]
    assert columns(60) == ["epoch", "loss", "accuracy", "loss", "accuracy"]
    assert columns(40) == ["epoch", "loss", "loss", "accuracy"]
    assert columns(20) == ["epoch", "loss"]
    assert columns(1) == ["epoch"]


def test_the_bar_counts_epochs_and_time():
    started, *events = training(200)
    bar = text_of(frame_of([started, *events[:50], StepsDone(epoch=51, steps=5)]).live(24, 10.0))[-1]
    assert bar.endswith("  epoch 51/200  0:10, 0:29 left")
    assert 10 <= bar.count("━") <= 11


def test_a_resumed_run_is_timed_by_its_own_epochs():
    started, *events = training(100)
    bar = text_of(frame_of([started, *events[80:90]]).live(24, 10.0))[-1]
    assert bar.endswith("  epoch 91/100  0:10, 0:10 left")


def test_the_axis_marks_the_best_epoch_under_both_curves():
    lines = text_of(frame_of(training(101, best=51)).final(24, 1.0))
    axis = next(line for line in lines if "───" in line)
    assert re.fullmatch(" *(─+)★(─+) +(─+)★(─+)", axis)
    assert abs(len(axis.split()[0].split("★")[0]) - len(axis.split()[0].split("★")[1])) <= 1


def test_nothing_is_marked_where_nothing_is_watched():
    assert "★" not in "".join(text_of(frame_of(training(30, monitor=None)).final(24, 1.0)))


def test_ascii_pictures_are_ascii():
    frame = frame_of(training(300, best=100), glyphs=ASCII)
    assert "".join(text_of(frame.live(40, 1.0)) + text_of(frame.final(24, 1.0))).isascii()


def test_a_large_span_is_drawn_in_decades():
    assert any(line.split()[:1] == ["log"] for line in text_of(frame_of(small_losses()).final(24, 1.0)))
    assert not any("log" in line for line in text_of(frame_of(training(40)).final(24, 1.0)))


def small_losses():
    for event in training(40):
        yield replace(event, train_loss=10.0**-event.epoch) if isinstance(event, EpochEnded) else event


# several trainings


def several(count, *, epochs=40, refit=False):
    """The events of folds, or of a search and its refit."""
    for number in range(1, count + 1):
        start, *rest = training(epochs)
        more = {"refit": number == 2, "refit_follows": number == 1} if refit else {"fold": number, "folds": count}
        yield from [replace(start, **more), *rest]


def test_several_trainings_share_one_block():
    console, output = terminal()
    show(several(5), console, title="iris.yaml")
    shown = without_escapes(output().rpartition(HIDE_CURSOR)[2])
    last = shown[shown.rindex("fold 1  done: 40 epochs") :]
    for number in (2, 3, 4):
        assert f"fold {number}  done: 40 epochs" in last
    assert "iris.yaml: fold 5 of 5, 120 training rows" in last
    assert last.count("★ best") == 1
    assert output().count(HIDE_CURSOR) == output().count(SHOW_CURSOR)


@pytest.mark.parametrize(
    ("options", "said"), [({}, "fold 2 of 5, epoch 21/40"), ({"refit": True}, "refit, epoch 21/40")]
)
def test_the_bar_is_of_the_whole_fit(options, said):
    count = 2 if options else 5
    events = list(several(count, **options))
    second = events[42 : 42 + 21]
    frame = Frame(digest_of(second), second[0], "", 80, UNICODE, ("fold 1  done",), 1)
    bar = text_of(frame.live(24, 60.0))[-1]
    assert said in bar
    assert bar.endswith("  1:00, 0:20 left" if options else "  1:00, 2:20 left")
    length = bar.count("━") + bar.count("─")
    assert abs(bar.count("━") / length - (1.5 / count)) < 0.05


def test_another_fit_begins_another_block():
    console, output = terminal()
    show([*several(2), *several(2)], console)
    assert without_escapes(output()).count("fold 1  done") >= 2
    assert "0:00" in without_escapes(output().rpartition(HIDE_CURSOR)[2])


@pytest.mark.parametrize("width", [1, 20, 24, 40, 80])
def test_lines_of_trainings_before_fit_the_width(width):
    frame = replace(frame_of(digest_of_run(100, 33), width), before=("fold 1  done: 40 epochs in 12.3 s",) * 9)
    assert max(map(len, text_of(frame.final(24, 1.0)))) <= max(width, NARROWEST)
    assert len(frame.live(24, 1.0)) <= 24


# the terminal


@drawn
@given(runs(), st.integers(1, 200), st.integers(1, 60), st.sampled_from(["utf-8", "ascii", "latin-1", "cp437"]))
def test_any_run_on_any_terminal(events, width, height, encoding):
    console, output = terminal(width, height, encoding=encoding)
    show(events, console, title="\x1b[2J[/b]精\ud800")
    assert output().count(HIDE_CURSOR) == output().count(SHOW_CURSOR) == 1
    assert "\x1b[2J" not in output()


@pytest.mark.parametrize(
    "environment",
    [
        {"COLUMNS": "9"},
        {"COLUMNS": "x"},
        {"LINES": "1"},
        {"TERM": "dumb"},
        {"NO_COLOR": "1"},
        {"TERM": ""},
    ],
)
def test_any_environment(environment):
    console, output = terminal(None, None, env=environment)
    show(training(40, best=30), console)
    assert re.search("★ +30|[*] +30", without_escapes(output()))


@pytest.mark.parametrize("columns", ["0", "1", "2", "3"])
def test_no_room_at_all(columns):
    console, output = terminal(None, None, env={"COLUMNS": columns})
    show(training(40, best=30), console)
    assert output().endswith(SHOW_CURSOR)


def test_without_colour_there_is_none():
    console, output = terminal(env={"NO_COLOR": "1"})
    show(training(40), console)
    assert set(re.findall(r"\x1b\[([0-9;]*)m", output())) <= {"0", "1", "2"}


def test_a_dumb_terminal_gets_the_last_picture_only():
    console, output = terminal(env={"TERM": "dumb"})
    show(training(40), console)
    assert "\x1b" not in output()
    assert output().count("done: 40 epochs") == 1
    assert "left" not in output()


def test_what_stays_is_the_final_picture():
    console, output = terminal()
    show(training(5000, best=3171), console, tick=0.01, title="iris.yaml")
    shown = without_escapes(output().rpartition(HIDE_CURSOR)[2]).splitlines()
    final = text_of(frame_of(training(5000, best=3171), title="iris.yaml").final(24, 0.0))
    assert [line.rstrip() for line in shown[-len(final) :]] == [line.rstrip() for line in final]


def test_an_error_shows_the_cursor_again_and_where_the_run_stood():
    console, output = terminal()
    before = sys.stdout, sys.stderr
    with pytest.raises(KeyboardInterrupt):
        show(broken_off(41, of=1000), console, tick=0.5)
    assert (sys.stdout, sys.stderr) == before
    assert output().endswith(SHOW_CURSOR)
    assert "not finished: 41 of 1,000 epochs in 21.0 s" in without_escapes(output())


def test_before_training_nothing_is_written():
    console, output = terminal()
    with ConsoleSink(console, clock=Clock()):
        pass
    assert output() == ""


def test_no_more_than_ten_pictures_a_second():
    console, _ = terminal()
    drawn_at = []
    clock = Clock()

    class Watched(ConsoleSink):
        def _draw(self):
            drawn_at.append(clock.now)
            super()._draw()

    with Watched(console, clock=clock) as sink:
        for event in training(3000):
            sink(event)
            clock.now += 0.001
    assert 20 <= len(drawn_at) <= 31
    assert min(b - a for a, b in pairwise(drawn_at)) >= INTERVAL


def test_a_slow_terminal_takes_a_fiftieth_of_the_time():
    console, _ = terminal()
    clock = Clock()
    spent = 0.0

    class Slow(ConsoleSink):
        def _picture(self):
            nonlocal spent
            spent += 0.05
            clock.now += 0.05
            return super()._picture()

    begun = clock.now
    with Slow(console, clock=clock) as sink:
        for event in training(20_000):
            sink(event)
            clock.now += 0.001
    assert spent <= 0.03 * (clock.now - begun) + 0.2


def test_a_terminal_that_is_gone_does_not_end_training():
    console, _ = terminal()
    sink = ConsoleSink(console, clock=(clock := Clock()))
    events = list(training(50))

    class Gone(io.StringIO):
        def write(self, text):
            raise OSError(5, "Input/output error")

    with sink:
        for event in events:
            if isinstance(event, EpochEnded) and event.epoch == 20:
                console.file = Gone()
            sink(event)
            clock.now += 1
    assert sink._live is None


def test_values_that_are_no_numbers():
    events = [replace(e, train_loss=nan, validation_loss=nan) if isinstance(e, EpochEnded) else e for e in training(5)]
    assert sum(" nan " in line for line in text_of(frame_of(events).final(24, 1.0))) == 5


def test_one_sink_can_show_several_runs():
    console, output = terminal()
    show([*training(3), *training(2)], console)
    assert without_escapes(output()).count("done: ") == 2


def test_the_sink_follows_the_terminal():
    class Tty(io.StringIO):
        def isatty(self):
            return True

    def sink(file, **env):
        return make_sink_for_console(Console(file=file, _environ={"TERM": "xterm", **env}))

    assert isinstance(sink(Tty()), ConsoleSink)
    assert isinstance(sink(Tty(), TERM="dumb"), LinesSink)
    assert isinstance(sink(io.StringIO()), LinesSink)
    assert isinstance(sink(io.StringIO(), FORCE_COLOR="1"), LinesSink)


def test_the_start_is_shown_at_once():
    console, output = terminal()
    with ConsoleSink(console, clock=Clock()) as sink:
        started = next(iter(training(3)))
        assert isinstance(started, Started)
        sink(started)
        assert "epoch 1/3" in without_escapes(output())


def test_compiling_is_said_until_the_first_event():
    (console, output), clock = terminal(), Clock()
    with ConsoleSink(console, clock=clock) as sink:
        started, first, *_ = training(3)
        sink(replace(started, compiles=True))
        assert "compiling the loops ...  0:00" in without_escapes(output())
        assert "epoch 1/3" not in without_escapes(output())
        clock.now += 1
        sink(first)
        assert "epoch 2/3" in without_escapes(output())


# trials

TRIALS = [TrialSteps(trial=k, trials=2, steps=steps, planned=300) for k in (1, 2) for steps in (30, 150, 300)]


def test_a_trial_moves_and_leaves_nothing():
    console, output = terminal()
    show(TRIALS, console)
    shown = without_escapes(output())
    assert re.findall(r"trial \d of 2, step \d+/300", shown)[:2] == [
        "trial 1 of 2, step 30/300",
        "trial 1 of 2, step 150/300",
    ]
    assert "trial 2 of 2, step 150/300" in shown
    show([*TRIALS, *training(3)], console)
    assert without_escapes(output()).count("done: 3 epochs") == 1


@pytest.mark.parametrize("width", [1, 10, 40, 80, 200])
def test_the_bar_of_a_trial_fits(width):
    (line,) = text_of([draw_trial(TRIALS[1], width, ASCII)])
    assert len(line) <= max(width, 2)
    assert width < 40 or line.endswith("trial 1 of 2, step 150/300")


# what a first epoch that trains nothing is marked with


@pytest.mark.parametrize(("rate", "marked"), [(0.0, 0), (0.001, 1)])
def test_a_first_epoch_without_a_learning_rate_is_no_best_one(rate, marked):
    started, first, *rest = training(3, planned=9, best=1)
    first = replace(first, learning_rate=rate)
    events = [started, first, *[event for event in rest if isinstance(event, EpochEnded)]]
    assert "".join(text_of(frame_of(events).live(40, 1.0))).count("★ ") == 1 + marked
    ended = "".join(text_of(frame_of([started, first, *rest]).final(40, 1.0)))
    assert ended.count("★ ") == 1 + marked
    assert ("none better than epoch 1, which trained nothing" in ended) == (not marked)


@pytest.mark.parametrize("width", [20, 40, 60, 200])
def test_the_line_of_a_training_before_ends_with_a_whole_fact(width):
    facts = ["fold 1  done: 40 epochs in 12.3 s", "best epoch 33 (validation loss 0.1234)"]
    line = shorten_facts(", ".join(facts), width)
    assert len(line) <= width
    assert width < len(facts[0]) or line in (facts[0], ", ".join(facts))


def test_the_axis_says_the_losses_of_epochs_not_of_their_means():
    lines = text_of(frame_of(digest_of_run(5000, 5000)).final(40, 1.0))
    epochs = [event for event in training(5000) if isinstance(event, EpochEnded)]
    losses = [loss for epoch in epochs for loss in (epoch.train_loss, epoch.validation_loss)]
    for end in (max(losses), min(losses)):
        assert any(line.strip().startswith(format_figure(end)) for line in lines)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_what_is_wrong_inside_the_network_stands_under_the_table(width):
    started, *events = training(40, best=12)
    layers = seen(facts("hidden_1", gradient_rms=1e-9))
    frame = frame_of([started, *events[:-1], layers, events[-1]])
    sentence = find_layer_faults(layers)[0].sentence
    for lines in (frame.final(24, 1.0), replace(frame, width=width).live(24, 1.0), frame.live(60, 1.0)):
        texts = text_of(lines)
        assert sentence in " ".join(line.strip() for line in texts)
        assert len(texts) <= 60
    assert len(frame.final(24, 1.0)) <= 24 - 1
    assert len(frame.live(24, 1.0)) <= 24
    assert "vanish" not in str(frame.live(12, 1.0))


def test_the_reason_of_a_cell_without_a_value_stands_once_under_the_table():
    started, *events = training(40, best=12)
    events = [replace(each, undefined="one class") if isinstance(each, EpochEnded) else each for each in events]
    lines = text_of(frame_of([started, *events]).final(24, 1.0))
    assert [line for line in lines if "undefined" in line] == ["  (-: accuracy is undefined: one class)"]
    assert len(lines) <= 24 - 1
