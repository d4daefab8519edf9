"""The benchmark of estimators: each fit is made once, a system without its libraries is left out, the page says all."""

import csv
import json
from dataclasses import replace
from statistics import fmean

import estimators
import numpy as np
import pytest
from estimator_systems import SYSTEMS
from estimators import OURS, Run, report
from measuring import missing

INSTALL = "pip install -e '.[integration,bench]'"
TABLES = ("adult", "cpu_act", "letter")


def make_run(table, system, score, seed=0):
    task = "regression" if table == "cpu_act" else "binary"
    return Run(table, system, seed, task, score, 2.0, 0.1, "c0", ["numpy 2"], "a machine")


def read_rows(lines):
    """The cells of the page's table by its first cell."""
    cells = [line.replace("*", "").strip("|").split("|") for line in lines if line.startswith("|")]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in cells}


@pytest.mark.parametrize("seed", range(4))
def test_the_page_has_the_means_of_all_runs(seed):
    rng = np.random.default_rng(seed)
    scores = {(table, system, k): rng.random() for table in TABLES for system in SYSTEMS for k in range(3)}
    rows = read_rows(lines := list(report([make_run(*key[:2], score, key[2]) for key, score in scores.items()], [])))
    for table in TABLES:
        means = {system: fmean(scores[table, system, k] for k in range(3)) for system in SYSTEMS}
        shown = [cell.split(" ± ")[0] for cell in rows[table][::2]]
        assert shown == [f"{mean:.4g}" for mean in means.values()]
        (line,) = (each for each in lines if each.startswith(f"| {table}"))
        assert f"**{min(means.values()):.4g}**" in line
        assert line.count("**") == 2
    for system in [*SYSTEMS][1:]:
        better = sum(
            fmean(scores[table, OURS, k] for k in range(3)) < fmean(scores[table, system, k] for k in range(3))
            for table in TABLES
        )
        (said,) = (line for line in lines if line.startswith(f"* Beside {system}:"))
        assert said.startswith(f"* Beside {system}: better on {better} of 3 tables")
        assert said.endswith(f"; 6 s for all of them, {system} 6 s.")


def test_systems_are_compared_on_the_seeds_that_both_have():
    runs = [make_run("adult", OURS, 0.1), make_run("adult", OURS, 0.9, 1), make_run("adult", "skorch", 0.2)]
    lines = list(report(runs, ["RealMLP-TD-S: pytabkit is not installed"]))
    (said,) = (line for line in lines if "Beside skorch" in line)
    assert "better on 1 of 1 tables; 2 s" in said
    assert "* Left out: RealMLP-TD-S: pytabkit is not installed." in lines
    assert "Nothing has been measured yet." in list(report([], []))


@pytest.fixture
def tables(tmp_path):
    """A folder of two prepared tables with missing cells: texts as classes, and numbers."""
    rng = np.random.default_rng(0)
    for name, task in (("spotted", "binary"), ("weighed", "regression")):
        folder = tmp_path / "tables" / name
        folder.mkdir(parents=True)
        meta = {"task": task, "target": "y", "categorical": ["colour"], "numeric": ["x"]}
        (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
        for part in ("train", "test"):
            with (folder / f"{part}.csv").open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(["colour", "x", "y"])
                for k, x in enumerate(rng.normal(size=80)):
                    y = ("no", "yes")[int(x > 0)] if task == "binary" else x * 3
                    writer.writerow(["" if k % 7 == 0 else "red" if k % 3 else "blue", "" if k % 9 == 4 else x, y])
    return tmp_path / "tables"


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("system", SYSTEMS)
def test_each_fit_is_one_line_and_made_once(tables, tmp_path, monkeypatch, system):
    pytest.importorskip("pandas", reason=f"needs pandas: {INSTALL}")
    if absent := missing(SYSTEMS[system].modules):
        pytest.skip(f"{', '.join(absent)} is not installed: {INSTALL}")
    results, page = tmp_path / "results.jsonl", tmp_path / "page.md"
    command = ["estimators.py", "--tables", str(tables), "--systems", system, "--seeds", "1", "--results", str(results)]
    monkeypatch.setattr("sys.argv", [*command, "--out", str(page)])
    estimators.main()
    first = results.read_bytes()
    runs = [Run(**json.loads(line)) for line in first.splitlines()]
    assert [run.key for run in runs] == [("spotted", system, 1), ("weighed", system, 1)]
    assert 0 <= runs[0].score < 0.45
    assert 0 <= runs[1].score < 4
    assert f"{runs[1].score:.4g}" in page.read_text(encoding="utf-8")
    estimators.main()
    assert results.read_bytes() == first


def test_a_system_without_its_libraries_is_left_out(tables, tmp_path, monkeypatch, capsys):
    absent = {"RealMLP-TD-S": replace(SYSTEMS["RealMLP-TD-S"], modules=("no_such_library",))}
    monkeypatch.setattr(estimators, "SYSTEMS", {**SYSTEMS, **absent})
    results = tmp_path / "results.jsonl"
    command = ["--tables", str(tables), "--systems", "RealMLP-TD-S", "--results", str(results)]
    monkeypatch.setattr("sys.argv", ["estimators.py", *command])
    estimators.main()
    printed = capsys.readouterr().out
    assert "Nothing has been measured yet." in printed
    assert "RealMLP-TD-S: no_such_library is not installed" in printed
    assert not results.exists()
