"""Each kind of finding: a case that has it, and a near one that has not."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from mlptrain.annotations import read_field_docs
from mlptrain.data.odd_cells import OddCells
from mlptrain.diagnostics.finding_kinds import KINDS, Evidence
from mlptrain.diagnostics.network_layers import NetworkLayers
from mlptrain.diagnostics.quality import Quality, Reliability, ReliabilityGroup, make_reliability
from mlptrain.diagnostics.training_course import NetworkCourse, TrainingCourse
from mlptrain.diagnostics.weak_rows import WeakRows, WeakSlice
from mlptrain.explain.importance import ColumnImportance, Importance
from mlptrain.figures import format_setting
from mlptrain.model.evaluation import ClassResult, Evaluation
from mlptrain.model.layer_findings import LayerFinding
from mlptrain.model.watched import Watched
from tests.support.pages import read_page

WATCHED = Watched(name="loss", metric="accuracy", values=(0.3,), calibrated=False, scaled=False, transformed=False)


def evaluate(value=0.8, half=0.03, *, metric="accuracy", baseline=0.6, rows=1000, **more):
    interval = {metric: (value - half, value + half)}
    return Evaluation(
        rows=rows,
        metrics={metric: value},
        baseline={metric: baseline},
        intervals=interval,
        watched=replace(WATCHED, metric=metric),
        **more,
    )


def find_rare_class(log_loss):
    """Of 95 % of one class: the accuracy of the baseline, and a log loss beside that of the baseline, 0.6."""
    found, other = evaluate(0.95, 0.02, baseline=0.95), evaluate(log_loss, 0.02, metric="log_loss", baseline=0.6)
    both = {name: getattr(found, name) | getattr(other, name) for name in ("metrics", "baseline", "intervals")}
    return replace(found, **both)


def course(losses=(1.0, 0.5, 0.3, 0.29, 0.29, 0.3), *, rates=None, networks=1, reason="epochs"):
    count = len(losses)
    best = losses.index(min(losses)) + 1
    history = {
        "epoch": tuple(range(1, count + 1)),
        "train_loss": losses,
        "train_metric": (None,) * count,
        "validation_loss": losses,
        "validation_metric": (None,) * count,
        "learning_rate": rates or (0.01,) * count,
        "penalty": (0.0,) * count,
        "best": tuple(min(losses[: place + 1]) == loss for place, loss in enumerate(losses)),
    }
    each = NetworkCourse(name="", best_epoch=best, history=history)
    return TrainingCourse(
        reason=reason,
        epochs=count,
        watched=WATCHED,
        running_loss=False,
        refit=False,
        networks=(each,) * networks,
        metrics={},
        baseline={},
    )


def see(evaluation=None, *, training=None, reliability=(), **more):
    """Evidence of a healthy model but for what is given."""
    quality = Quality(evaluation=evaluation or evaluate(), reliability=reliability)
    return Evidence(**{"course": course(), "quality": quality, "training": training} | more)


def count_classes(predicted, rows=20.0):
    """Two of three classes are predicted as they are; of the third, `predicted` rows are."""
    confusion = ((50.0, 0.0, 0.0), (0.0, 50.0, 0.0), (rows - predicted, 0.0, predicted))
    classes = tuple(
        ClassResult(name=name, rows=sum(line), precision=None, recall=None, f1=None)
        for name, line in zip("abc", confusion, strict=True)
    )
    return evaluate(confusion=confusion, classes=classes)


def calibrate(outside, name="a", error=0.1):
    """Ten groups of rows, so many of them with probabilities outside."""
    groups = tuple(
        ReliabilityGroup(predicted=0.5, observed=0.5 - error, low=0.3, high=0.49 if place < outside else 0.51, rows=100)
        for place in range(10)
    )
    return Reliability(name=name, groups=groups)


def rank(*importances):
    columns = tuple(
        ColumnImportance(column=f"x{place}", importance=each, interval=(each - 0.01, each + 0.01), above_zero=1.0)
        for place, each in enumerate(importances)
    )
    return Importance(
        method="permutation",
        metric="accuracy",
        larger_is_better=True,
        score=0.8,
        rows=100,
        rows_given=100,
        repeats=5,
        repeats_asked=5,
        columns=columns,
    )


def slice_rows(*, weak=True, metric=0.6):
    each = WeakSlice(column="sex", value="male", rows=90, metric=metric, interval=(0.5, 0.75), is_weak=weak)
    return WeakRows(metric="accuracy", overall=0.8, slices=(each,), slices_measured=1, worst=())


def lose_cells(kind, count, rows=1000):
    return evaluate(rows=rows, odd_cells=OddCells(**{kind: {"age": count}}))


DEAD = LayerFinding(code="dead", layer="1.activation", sentence="layer 1 (relu): 9 of 10 units are dead")


class Pair(NamedTuple):
    """Evidence of a finding, and evidence near it of none."""

    code: str
    has: Evidence
    has_not: Evidence
    figures: tuple[str, ...]
    """What its sentence names."""


PAIRS = [
    Pair("R02", see(evaluate(0.62)), see(evaluate(0.64)), ("accuracy", "0.5900 to 0.6500", "0.6000")),
    Pair(
        "R02",
        see(evaluate(9.5, 0.6, metric="rmse", baseline=10.0)),
        see(evaluate(9.3, 0.6, metric="rmse", baseline=10.0)),
        ("rmse",),
    ),
    Pair("R02", see(find_rare_class(0.65)), see(find_rare_class(0.55)), ("accuracy", "0.9500")),
    Pair(
        "R07",
        see(layers=(NetworkLayers(snapshots=(), faults=(DEAD,)),)),
        see(layers=(NetworkLayers(snapshots=(), faults=()),)),
        ("9 of 10 units",),
    ),
    Pair("R10", see(count_classes(0)), see(count_classes(1)), ('"c"', "20")),
    Pair("R10", see(count_classes(0, rows=5)), see(count_classes(0, rows=4)), ('"c"', "5")),
    Pair(
        "R01",
        see(evaluate(0.8, 0.03), training=evaluate(0.9, 0.03)),
        see(evaluate(0.8, 0.045), training=evaluate(0.88, 0.045)),
        ("0.9000", "0.8000", "33%"),
    ),
    Pair(
        "R01",
        see(evaluate(0.8, 0.01), training=evaluate(0.86, 0.01)),
        see(evaluate(0.8, 0.01), training=evaluate(0.84, 0.01)),
        ("23%",),
    ),
    Pair(
        "R01",
        see(evaluate(0.5, 0.01, metric="log_loss", baseline=0.69), training=evaluate(0.1, 0.01, metric="log_loss")),
        see(evaluate(0.1, 0.01, metric="log_loss", baseline=0.69), training=evaluate(0.05, 0.01, metric="log_loss")),
        ("log_loss", "68%"),
    ),
    Pair("R06", see(importance=rank(0.5, 0.05, 0.05)), see(importance=rank(0.5, 0.1, 0.1)), ('"x0"', "83%")),
    Pair("R06", see(importance=rank(0.5, 0.1)), see(importance=rank(0.5)), ('"x0"', "83%")),
    Pair("R05", see(weak_rows=slice_rows()), see(weak_rows=slice_rows(weak=False)), ("sex", "male", "90")),
    Pair("R05", see(weak_rows=slice_rows(metric=0.69)), see(weak_rows=slice_rows(metric=0.71)), ("0.6900", "0.8000")),
    Pair(
        "R08",
        see(lose_cells("filled", 400), training=lose_cells("filled", 150)),
        see(lose_cells("filled", 290), training=lose_cells("filled", 150)),
        ('"age"', "40%", "15.0%", "missing"),
    ),
    Pair(
        "R08",
        see(lose_cells("unseen", 60), training=lose_cells("unseen", 0)),
        see(lose_cells("unseen", 40), training=lose_cells("unseen", 0)),
        ('"age"', "6%", "training did not see"),
    ),
    Pair(
        "R08",
        see(lose_cells("unseen", 6, rows=50), training=lose_cells("unseen", 2)),
        see(lose_cells("unseen", 3, rows=50), training=lose_cells("unseen", 15)),
        ("12%",),
    ),
    Pair(
        "R08",
        see(lose_cells("filled", 12, rows=50), training=lose_cells("filled", 40)),
        see(lose_cells("filled", 5, rows=50), training=lose_cells("filled", 40)),
        ("24%", "4.0%"),
    ),
    Pair("R04", see(reliability=(calibrate(3),)), see(reliability=(calibrate(2),)), ("3 of 10", "too high")),
    Pair(
        "R04",
        see(reliability=(calibrate(3, error=0.021),)),
        see(reliability=(calibrate(10, error=0.019),)),
        ("3 of 10", "too high"),
    ),
    Pair("R04", see(reliability=(calibrate(4),) * 6), see(reliability=(calibrate(3),) * 6), ("4 of 10",)),
    Pair(
        "R09",
        see(course=course((1.0, 0.8, 0.6, 0.5, 0.4))),
        see(course=course((1.0, 0.8, 0.6, 0.5, 0.4), rates=(0.01, 0.01, 0.01, 0.004, 0.001))),
        ("0.4000", "more epochs"),
    ),
    Pair("R09", see(course=course((0.3, 0.4, 0.5, 0.5))), see(course=course((0.3, 0.2, 0.5, 0.5))), ("first epoch",)),
    Pair("R03", see(evaluate(half=0.051)), see(evaluate(half=0.049)), ("1,000 rows", "0.7490", "0.8510")),
    Pair("R03", see(evaluate(rows=29)), see(evaluate(rows=30)), ("29 rows",)),
    Pair("R03", see(replace(evaluate(rows=1), intervals={})), see(replace(evaluate(), intervals={})), ("1 row is",)),
    Pair(
        "R03",
        see(evaluate(10.0, 1.1, metric="rmse", baseline=20.0)),
        see(evaluate(10.0, 0.9, metric="rmse", baseline=20.0)),
        ("rmse",),
    ),
]


@pytest.mark.parametrize("pair", PAIRS, ids=[each.code for each in PAIRS])
def test_a_finding_is_made_where_it_holds_and_not_near_it(pair):
    sentences = {code: kind.describe(pair.has) for code, kind in KINDS.items()}
    assert [code for code, said in sentences.items() if said] == [pair.code]
    for figure in pair.figures:
        assert figure in sentences[pair.code]
    assert {code: said for code, kind in KINDS.items() if (said := kind.describe(pair.has_not))} == {}


@pytest.mark.parametrize(("value", "share"), [(0.7, "67%"), (0.6, "all"), (0.5, "all")])
def test_no_more_than_all_of_the_gain_is_lost(value, share):
    evidence = see(evaluate(value, baseline=0.6), training=evaluate(0.9))
    assert f"so that {share} of the gain is lost" in KINDS["R01"].describe(evidence)


def test_every_kind_has_a_pair():
    assert {each.code for each in PAIRS} == set(KINDS)


def test_nothing_is_found_without_evidence():
    nothing = Evidence(course=replace(course(), networks=()))
    assert [kind.describe(nothing) for kind in KINDS.values()] == [""] * len(KINDS)


def test_codes_and_parts_are_known_to_the_page():
    assert list(KINDS) == [kind.code for kind in KINDS.values()]
    assert len({kind.code for kind in KINDS.values()}) == 10
    parts = {"quality", "weak_rows", "importance", "course", "layers", "columns"}
    assert {kind.part for kind in KINDS.values()} <= parts


@pytest.mark.parametrize("networks", [1, 2, 5])
def test_what_fewer_than_half_of_the_networks_have_is_not_said_of_epochs(networks):
    ending, other = course((1.0, 0.8, 0.6, 0.5, 0.4)).networks[0], course().networks[0]
    for count in range(networks + 1):
        mixed = replace(course(), networks=(ending,) * count + (other,) * (networks - count))
        assert bool(KINDS["R09"].describe(see(course=mixed))) == (count > 0 and 2 * count >= networks)


def draw_reliability(classes, temperature, seed):
    """Of 600 rows, whose classes are drawn with the softmax of logits z, and are told with that of z / temperature."""
    draw = np.random.default_rng(seed)
    z = draw.normal(0, 2, (600, classes))
    p, told = (np.exp(each) / np.exp(each).sum(axis=1, keepdims=True) for each in (z, z / temperature))
    truth = (p.cumsum(axis=1) < draw.random((600, 1))).sum(axis=1)
    shown = range(classes if classes > 2 else 1)
    return see(reliability=tuple(make_reliability("a", told[:, k], truth == k, np.ones(600)) for k in shown))


@pytest.mark.parametrize("classes", [2, 4])
def test_right_probabilities_are_seldom_called_off_and_wrong_ones_nearly_always(classes):
    says = KINDS["R04"].describe
    assert sum(bool(says(draw_reliability(classes, 1.0, seed))) for seed in range(60)) <= 4
    assert sum(bool(says(draw_reliability(classes, 0.5, seed))) for seed in range(20)) >= 19


def write_row(kind):
    """The row of a kind in the docs: its code, its title, what it is, its thresholds and why they are so."""
    docs = read_field_docs(type(kind))
    thresholds = [f"**{format_setting(getattr(kind, name))}**: {' '.join(text.split())}" for name, text in docs.items()]
    what = (type(kind).__doc__ or "").partition("\n")[0]
    return f"| {kind.code} | {kind.title} | {what} | {' '.join(thresholds)} |"


def test_the_docs_have_the_table_of_all_kinds():
    rows = [line for line in read_page("docs/how-to/report.md").splitlines() if line.startswith("| R")]
    assert rows == [write_row(KINDS[code]) for code in sorted(KINDS)]
