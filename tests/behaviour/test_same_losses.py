"""Ten short trainings, drawn from the recipes and the configs, have the losses that they had when these were stored.

`python benchmarks/same_models.py --store tests/behaviour/same_losses.json` stored them. Products are summed in another
order by another processor's kernels: of these trainings that moves the losses by 1e-6 at most, so 1e-5 is a change.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ten_specs import FAMILIES, fit_arguments, read_losses, write_specs

from tests.support.patience import PATIENCE

STORED = json.loads(Path(__file__).with_name("same_losses.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    return write_specs(tmp_path_factory.mktemp("specs"))


def test_every_spec_has_its_losses():
    assert list(STORED) == list(FAMILIES)
    assert len(FAMILIES) == 10


@pytest.mark.parametrize("name", FAMILIES)
def test_a_training_has_the_losses_it_had(name, specs, tmp_path):
    out = tmp_path / "model.npz"
    command = [sys.executable, "-m", "mlptrain", *fit_arguments(specs[name], out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    found = read_losses(out.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines())
    assert [len(epoch) for epoch in found] == [len(epoch) for epoch in STORED[name]]
    for epoch, (losses, stored) in enumerate(zip(found, STORED[name], strict=True)):
        assert losses == pytest.approx(stored, rel=1e-5), f"{name}, line {epoch + 1} of its epochs"
