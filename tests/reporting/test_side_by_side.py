"""Trainings side by side in one picture, whatever its size."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mlptrain.reporting.glyphs import ASCII, UNICODE
from mlptrain.reporting.side_by_side import compute_share, draw_trainings
from mlptrain.training.events import Finished, Started, TrainingProgress
from tests.reporting.test_console import show, terminal, text_of, without_escapes
from tests.support.streams import drawn

STEPS = 7


def progress_of(number, epoch, *, trainings=5, over=False):
    value = 1 / (epoch + 1)
    return TrainingProgress(
        training=number,
        trainings=trainings,
        repeats=1,
        epochs=12,
        steps_per_epoch=STEPS,
        monitor="loss",
        epoch=epoch,
        value=value if epoch else None,
        best_epoch=epoch,
        best_value=value if epoch else None,
        reason="early_stopping" if over else None,
    )


def test_the_share_grows_by_steps_and_is_whole_at_the_end_however_early():
    shares = [compute_share(replace(progress_of(1, epoch), steps=steps)) for epoch in range(12) for steps in (0, 3)]
    assert shares == sorted(shares)
    assert (shares[0], compute_share(progress_of(1, 12)), compute_share(progress_of(1, 3, over=True))) == (0, 1, 1)


@drawn
@given(
    st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=30),
    st.integers(1, 120),
    st.integers(1, 40),
    st.sampled_from([UNICODE, ASCII]),
)
def test_it_has_room_in_every_terminal(states, width, height, glyphs):
    seen = [progress_of(k, epoch, trainings=30, over=over) for k, (epoch, over) in enumerate(states, 1)]
    lines = text_of(draw_trainings(seen, "spec.yaml", (width, height), glyphs, 3.0))
    assert len(lines) <= height
    assert all(len(line) <= max(width, 4) for line in lines)
    if width >= 80 and height >= len(seen) + 4:
        for each in seen:
            assert sum(f"fold {each.training} " in line for line in lines) == 1


def test_where_there_is_no_room_those_under_way_stay():
    seen = [progress_of(k, 12, trainings=20, over=True) for k in range(1, 19)] + [
        progress_of(k, 2, trainings=20) for k in (19, 20)
    ]
    text = "\n".join(text_of(draw_trainings(seen, "", (80, 8), UNICODE, 3.0)))
    assert "fold 19 " in text
    assert "fold 20 " in text
    assert "18 of 20 done" in text


def test_the_console_shows_all_of_them_and_leaves_the_picture_of_the_last():
    started = Started(
        epochs=12,
        steps_per_epoch=STEPS,
        train_rows=10,
        validation_rows=5,
        parameters=3,
        monitor="loss",
        metric="loss",
        larger_is_better=False,
        running_loss=True,
        fold=1,
        folds=2,
    )
    finished = Finished(reason="epochs", epochs=0, best_epoch=0, seconds=1.0)
    moves = [progress_of(k, epoch, trainings=2) for epoch in range(3) for k in (1, 2)]
    told = [started, finished, replace(started, fold=2), finished]
    console, written = terminal()
    show([*moves, *told], console)
    text = without_escapes(written())
    assert "2 trainings, 2 of them side by side" in text
    assert "fold 1  ━━━" in text
    assert "fold 2  ━━━" in text
    assert "fold 2 of 2" in text[text.rindex("side by side") :]
