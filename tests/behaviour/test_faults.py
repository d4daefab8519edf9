"""The faults that a network can have: each config shows its own, its cure takes it away, and the page tells both."""

import re
import shlex
import warnings
from dataclasses import dataclass
from functools import cache
from math import sqrt

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import mlptrain
from mlptrain.fitting.likely_cause import SLOW
from mlptrain.fitting.remark import RISE
from mlptrain.model.history import EpochEnded
from mlptrain.model.layer_findings import EXPLODED, HUGE, LEAP, MANY, VANISHED, find_layer_faults
from mlptrain.model.layer_history import LayersSeen
from mlptrain.notices import Notice
from tests.support.pages import ROOT, copy_project, find_commands, read_page, run_command

CONFIGS = {path.stem: path for path in sorted((ROOT / "configs" / "faults").glob("*.yaml"))}
PAGE = "docs/how-to/why-does-my-network-not-learn.md"
SHOWN = {
    "vanishing_gradients": ({"vanishing"}, "it did not learn: 6 layers of sigmoid learn slowly"),
    "exploding_gradients": ({"exploding"}, "it has gone astray .* its initial weights are probably too large"),
    "dead_units": ({"dead"}, "it did not learn: the learning rate of 1 is far above the usual"),
    "saturated_units": ({"saturated", "vanishing"}, "it did not learn: the inputs of column .* set data.scaling"),
    "learning_rate_too_high": ({"leaping"}, "it has gone astray .* the learning rate of 0.3 is far above the usual"),
    "learning_rate_too_low": (set(), "it did not learn: the learning rate of 1e-5 is far below the usual"),
    "overfitting": (set(), r"it overfits from epoch \d+ on"),
}
"""The findings in the layers of each fault, and the remark at its end."""


@dataclass(frozen=True)
class Run:
    """What a fit has told."""

    epochs: list[EpochEnded]
    snapshots: list[LayersSeen]
    remark: str

    @property
    def codes(self) -> set[str]:
        return {finding.code for seen in self.snapshots for finding in find_layer_faults(seen)}

    def collect(self, fact: str, *, snapshot: int = -1, kind: str = "") -> np.ndarray:
        """A fact of each layer that has it, in the first snapshot or the last."""
        layers = [each for each in self.snapshots[snapshot].layers if each.name.endswith(kind)]
        return np.array([value for each in layers if (value := getattr(each, fact)) is not None], float)


def read_cure(name: str) -> list[str]:
    """The options of the cure, as the config's comment has them."""
    found = re.search(r"^# Cure: (.+)$", CONFIGS[name].read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return shlex.split(found[1])


@cache
def run(name: str, *, cured: bool) -> Run:
    events = []
    overrides = read_cure(name)[1::2] if cured else []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)  # digits has columns of one value
        fit = mlptrain.fit(CONFIGS[name], overrides=overrides, sinks=events.append, progress=False)
    epochs, snapshots = ([each for each in events if isinstance(each, kind)] for kind in (EpochEnded, LayersSeen))
    return Run(epochs, snapshots, fit.outcome.remark)


def run_both(name: str) -> tuple[Run, Run]:
    return run(name, cured=False), run(name, cured=True)


# every fault


def test_every_config_of_a_fault_is_tested_here():
    assert CONFIGS.keys() == SHOWN.keys()


@pytest.mark.parametrize("name", SHOWN)
def test_a_fault_is_told_by_its_layers_and_its_remark_and_by_no_other(name):
    codes, remark = SHOWN[name]
    fault = run(name, cured=False)
    assert fault.codes == codes
    assert re.match(remark, fault.remark)


@pytest.mark.parametrize("name", SHOWN)
def test_a_cure_leaves_nothing_to_tell_and_a_lower_loss(name):
    fault, cure = run_both(name)
    assert cure.codes == set()
    assert cure.remark == "" or cure.remark.startswith("it was still improving at the end")
    assert cure.epochs[-1].train_loss < cure.epochs[0].train_loss
    assert cure.epochs[-1].validation_loss < 0.9 * fault.epochs[-1].validation_loss


@pytest.mark.parametrize("name", SHOWN)
def test_the_page_runs_the_fault_and_then_the_cure_of_its_config(name):
    lines = [command.line for command in find_commands(read_page(PAGE))]
    fault = f"mlptrain fit configs/faults/{name}.yaml"
    cure = shlex.join([*shlex.split(fault), *read_cure(name)])
    assert lines.index(fault) < lines.index(cure)


def test_the_page_says_from_where_on_a_fault_is_told():
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$", read_page(PAGE), re.MULTILINE)
    told = {
        "vanishing gradients": [f"{VANISHED:g}"],
        "exploding gradients": [f"{EXPLODED:,.0f}", f"{HUGE:g}"],
        "dead units": [f"{100 * MANY:g} %"],
        "saturated units": [f"{100 * MANY:g} %"],
        "learning rate too high": [f"{LEAP:g}"],
        "learning rate too low": [f"1/{1 / SLOW:g}"],
        "overfitting": [f"{100 * (RISE - 1):.0f} %"],
    }
    assert {fault: re.findall(r"[\d.,/]*\d(?: %)?", said) for fault, said in rows if fault != "fault"} == told


# what the page says of each


def test_sigmoid_makes_gradients_four_times_smaller_a_layer_and_relu_does_not():
    fault, cure = (each.collect("gradient_rms", snapshot=0) for each in run_both("vanishing_gradients"))
    factors = fault[2:6] / fault[1:5]
    assert 3 < factors.min() < 4.2 < factors.max() < 6
    assert fault[0] < VANISHED * fault[-1]
    assert 0.05 < (cure / cure[-1]).min() < (cure / cure[-1]).max() < 20


def test_weights_that_are_too_large_make_sums_larger_by_the_same_factor_in_each_layer():
    fault, cure = run_both("exploding_gradients")
    sums = np.array([fault.collect("output_sd", snapshot=0, kind=f"hidden_{layer}")[0] for layer in range(1, 7)])
    factors = sums[1:] / sums[:-1]
    assert np.exp(np.log(factors).mean()) == pytest.approx(sqrt(64 * 0.5**2 / 2), rel=0.1)
    assert cure.collect("output_sd", snapshot=0)[-1] < 10
    gradients, cured = (each.collect("gradient_rms") / each.collect("weight_rms") for each in (fault, cure))
    assert gradients.max() / gradients.min() < 10
    assert gradients.max() > HUGE
    assert cured.max() < 1


def test_whole_layers_die_and_nothing_flows_back_through_them():
    fault, cure = run_both("dead_units")
    assert fault.collect("dead", kind=".relu").max() == 64
    assert set(fault.collect("gradient_rms")) == {0.0}
    assert fault.epochs[-1].validation_loss == pytest.approx(np.log(10), rel=0.05)
    assert set(cure.collect("dead")) == {0.0}


def test_inputs_that_are_not_scaled_saturate_every_unit():
    fault, cure = run_both("saturated_units")
    assert fault.collect("saturated", kind="hidden_1.tanh").tolist() == [32]
    assert fault.collect("output_sd", kind="hidden_1")[0] > 100
    assert set(cure.collect("saturated")) == {0.0}


def find_curvature() -> float:
    """The largest eigenvalue of the second derivatives of the mean squared error, by the lines of the page."""
    table = np.loadtxt(ROOT / "datasets" / "diabetes.csv", delimiter=",", skiprows=1)[:, :-1]
    x = (table - table.mean(axis=0)) / table.std(axis=0)
    return float(np.linalg.eigvalsh(2 * x.T @ x / len(x))[-1])


def test_steps_beyond_two_over_the_curvature_lead_away_by_the_factor_of_the_page():
    fault, cure = run_both("learning_rate_too_high")
    rate, factor = 0.3, 0.3 * find_curvature() - 1
    assert cure.epochs[-1].learning_rate < 2 / find_curvature() < rate == fault.epochs[-1].learning_rate
    losses = [each.train_loss for each in fault.epochs]
    assert losses[-1] / losses[-2] == pytest.approx(factor**2, rel=0.03)
    assert fault.collect("update_ratio")[0] == pytest.approx(1 + 1 / factor, rel=0.03)
    assert cure.collect("update_ratio")[0] < 0.1


def test_steps_that_are_too_small_lead_nowhere():
    fault, cure = run_both("learning_rate_too_low")
    first, last = fault.epochs[0].train_loss, fault.epochs[-1].train_loss
    assert (1 - 1e-5 * find_curvature()) ** (2 * len(fault.epochs)) < last / first < 1
    assert max(each.layers[0].update_ratio for each in fault.snapshots) < 1e-4
    assert cure.epochs[-1].train_loss < first / 5


def test_decay_keeps_the_weights_small_and_the_validation_loss_near_its_best():
    fault, cure = run_both("overfitting")
    rises = [
        each.epochs[-1].validation_loss / min(epoch.validation_loss for epoch in each.epochs) for each in (fault, cure)
    ]
    assert rises[1] < RISE < rises[0]
    assert min(each.validation_loss for each in cure.epochs) < min(each.validation_loss for each in fault.epochs)
    assert fault.epochs[-1].train_loss < cure.epochs[-1].train_loss
    assert (cure.collect("weight_rms") < fault.collect("weight_rms")).all()


def test_a_report_has_the_parts_that_the_page_names(tmp_path):
    section = read_page(PAGE).partition("## The same in a report")[2].partition("\n## ")[0]
    named = [" ".join(words.split()) for words in re.findall(r"\*{1,2}(\w[^*]+)\*", section)]
    copy_project(tmp_path)
    for command in find_commands(section):
        assert run_command(command, tmp_path).code == 0
    report = (tmp_path / "saturated_units.html").read_text(encoding="utf-8")
    assert len(named) == 7
    assert [words for words in named if words not in report] == []
