from mlptrain.reporting.glyphs import UNICODE
from mlptrain.reporting.progress import Progress
from mlptrain.training.events import Started, TrialSteps
from tests.support.clocks import Clock
from tests.support.streams import training


def follow(events, clock=None):
    clock = clock or Clock()
    progress = Progress("iris.yaml", clock)
    for event in events:
        progress(event)
        clock.now += 1
    return progress


def fold(number, of):
    for event in training(4):
        yield Started(**vars(event) | {"fold": number, "folds": of}) if isinstance(event, Started) else event


def test_before_the_first_training_there_is_no_frame():
    assert follow([]).make_frame(80, UNICODE) is None
    assert follow([TrialSteps(trial=1, trials=2, steps=1, planned=3)]).make_frame(80, UNICODE) is None


def test_a_fold_goes_on_with_the_next_and_the_last_one_ends():
    assert [follow(fold(k, 3)).goes_on for k in (1, 2, 3)] == [True, True, False]


def test_the_trainings_before_are_a_line_each():
    progress = follow([*fold(1, 3), *fold(2, 3), *fold(3, 3)])
    frame = progress.make_frame(80, UNICODE)
    assert [line.split()[:2] for line in frame.before] == [["fold", "1"], ["fold", "2"]]
    assert frame.worked == 2


def test_the_time_is_that_of_all_trainings():
    assert follow([*fold(1, 2), *fold(2, 2)]).elapsed == 12


def test_a_trial_is_at_hand_until_it_has_all_its_steps():
    trials = [TrialSteps(trial=1, trials=2, steps=step, planned=3) for step in (1, 2, 3)]
    assert follow(trials[:2]).trial == trials[1]
    assert follow(trials).trial is None


def test_what_is_forgotten_is_forgotten():
    progress = follow([*fold(1, 2)])
    progress.forget()
    assert progress.make_frame(80, UNICODE) is None
    progress(next(iter(training(3))))
    assert progress.make_frame(80, UNICODE).before == ()
