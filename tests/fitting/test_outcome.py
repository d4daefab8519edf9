"""How a fit ended: what is said of one training, of several, and of a model's file."""

from dataclasses import asdict, fields
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.fitting.outcome import Outcome, TrainingResult, aggregate_fold_metrics, summarize_results
from mlptrain.model.rules import check_result
from tests.support.flows import drawn

REASONS = ("epochs", "early_stopping", "time_limit", "interrupted")
values = st.none() | st.floats(-10, 10)
results = st.builds(
    TrainingResult,
    reason=st.sampled_from(REASONS),
    epochs=st.integers(1, 50),
    best_epoch=st.integers(1, 50),
    metrics=st.fixed_dictionaries(
        {part: st.fixed_dictionaries({"loss": values, "auc": values}) for part in ("train", "validation")}
    ),
)


def summarized(found, *, asked=None, refit=None):
    return summarize_results(found, seconds=2.5, parameters=7, asked=asked or len(found), refit=refit)


def result(reason="epochs", epochs=3, best=2, loss=0.5):
    return TrainingResult(reason=reason, epochs=epochs, best_epoch=best, metrics={"train": {"loss": loss}})


@drawn
@given(results)
def test_of_one_training_the_outcome_says_what_it_did(one):
    found = summarized([one])
    assert (found.reason, found.epochs, found.best_epoch) == (one.reason, one.epochs, one.best_epoch)
    assert found.metrics == one.metrics
    assert (found.folds, found.deviations) == ((), {})
    assert (found.seconds, found.parameters) == (2.5, 7)


@drawn
@given(st.lists(results, min_size=2, max_size=5))
def test_of_several_trainings_it_says_means_and_deviations_and_the_most_epochs(trainings):
    found = summarized(trainings)
    assert found.folds == tuple(trainings)
    assert found.epochs == max(each.epochs for each in trainings)
    assert found.best_epoch == round(mean([each.best_epoch for each in trainings]))
    for part in ("train", "validation"):
        for name in ("loss", "auc"):
            known = [each.metrics[part][name] for each in trainings]
            for statistic, combined in ((mean, found.metrics), (stdev, found.deviations)):
                expected = None if None in known else pytest.approx(statistic(known))
                assert combined[part][name] == expected


@pytest.mark.parametrize(
    ("reasons", "reason"),
    [
        (["epochs"], "epochs"),
        (["early_stopping"], "early_stopping"),
        (["epochs", "early_stopping", "epochs"], "early_stopping"),
        (["early_stopping", "time_limit"], "time_limit"),
        (["time_limit", "interrupted"], "interrupted"),
        (["interrupted"], "interrupted"),
    ],
)
def test_the_reason_is_what_cut_any_training_short(reasons, reason):
    assert summarized([result(each) for each in reasons]).reason == reason


def test_fewer_trainings_than_were_asked_for_are_an_interruption():
    assert summarized([result(), result()], asked=3).reason == "interrupted"
    assert summarized([result(), result()], asked=2).reason == "epochs"


def test_a_metric_that_one_fold_lacks_has_no_mean():
    folds = [result(loss=0.5), result(loss=None)]
    assert aggregate_fold_metrics(folds, "train", mean) == {"loss": None}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("refit", [None, False, True])
def test_the_facts_are_all_but_times_and_what_a_model_file_may_say(count, refit):
    found = summarized([result(epochs=k + 1) for k in range(count)], refit=refit)
    facts = found.facts()
    check_result(facts)
    assert facts.keys() <= {each.name for each in fields(Outcome)} - {"seconds", "parameters"}
    assert ("folds" in facts, "deviations" in facts) == (count > 1, count > 1)
    assert facts.get("folds", []) == [asdict(each) for each in found.folds]
    assert ("refit" in facts, facts.get("refit")) == (refit is not None, refit)


def test_other_times_have_the_same_facts():
    one, two = (
        summarize_results([result()], seconds=seconds, parameters=7, asked=1, refit=None) for seconds in (1.0, 9.0)
    )
    assert one != two
    assert one.facts() == two.facts()
