"""The peers' scripts run to their end on next to no work, where their libraries are installed."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import whole

from tests.support.command import DATASETS, IRIS
from tests.support.patience import PATIENCE

PEERS = Path(__file__).parents[2] / "benchmarks" / "peers"
INSTALL = "pip install -e '.[bench]'"


def run_peer(script, *arguments):
    """What a peer's script prints."""
    command = [sys.executable, str(PEERS / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.integration
@pytest.mark.parametrize("peer", whole.SCRIPTS)
def test_a_peer_trains_and_predicts(tmp_path, peer):
    script, modules = whole.SCRIPTS[peer]
    if missing := [name for name in modules if find_spec(name) is None]:
        pytest.skip(f"{', '.join(missing)} is not installed: {INSTALL}")
    work = replace(whole.WORKS[0], epochs=2).order(DATASETS, tmp_path / "model")
    assert 0 <= json.loads(run_peer(script, "fit", json.dumps(work)))["score"] <= 1
    header, *rows = IRIS.read_text().splitlines()
    inputs = [line.rpartition(",")[0] for line in (header, *rows[:5])]
    (tmp_path / "rows.csv").write_text("\n".join(inputs) + "\n")
    run_peer(script, "predict", tmp_path / "model", tmp_path / "rows.csv", tmp_path / "p.csv")
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 6
