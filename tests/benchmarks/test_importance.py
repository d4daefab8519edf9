"""The benchmark of importances runs to its end on next to no work, is taken up again, and finds what is planted."""

import json
from pathlib import Path

import importance
import importance_files
import importance_time
import importance_truth
import numpy as np
import pytest
from importance_truth import CORRELATION, make_problem
from measuring import Process
from numpy.random import default_rng


@pytest.fixture(scope="module")
def found():
    """A table's truth and importance, on less than the page has."""
    work = importance_truth.Work(seed=1, rows=500, repeats=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importance_truth, "DRAWS", 5000)
        return work, importance_truth.measure(work)


def test_the_truth_is_measured(found):
    _, each = found
    assert each["columns"] == 24
    assert each["spearman"] > 0.7
    assert each["held"] > each["noise"] / 2
    assert 0.3 < each["r2"] < each["r2_of_function"] < 0.9


def test_total_indices_are_those_of_a_sum_where_nothing_interacts(monkeypatch):
    """T_g = Var f_g / Var f; of all factors together 1. Columns of a pair are correlated as they should be."""
    monkeypatch.setattr(importance_truth, "DRAWS", 40_000)
    problem = make_problem(default_rng(3))
    plain = importance_truth.Problem(**{**vars(problem), "products": ()})
    found = plain.measure_total_indices(default_rng(1))
    assert sum(found) == pytest.approx(1, abs=0.02)
    columns = plain.draw(40_000, default_rng(2))
    whole = plain.compute(columns)
    first, second = plain.relevant[-1]
    assert np.corrcoef(columns[first], columns[second])[0, 1] == pytest.approx(CORRELATION, abs=0.01)
    own = plain.amplitudes[-1] * sum(plain.shapes[-1](columns[name]) for name in (first, second))
    assert found[-1] == pytest.approx(own.var() / whole.var(), abs=0.02)


def test_a_result_is_kept_and_not_measured_again(found, tmp_path, capsys, monkeypatch):
    work, each = found
    calls = []
    monkeypatch.setattr(importance_truth, "list_works", lambda tables: [vars(work)])
    monkeypatch.setattr(importance_truth, "measure", lambda work: calls.append(work) or each)
    options = ["--results", str(tmp_path / "r.jsonl"), "--out", str(tmp_path / "page.md"), "--only", "truth"]
    importance.main(options)
    importance.main(options)
    assert calls == [work]
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 1
    page = (tmp_path / "page.md").read_text()
    assert page in capsys.readouterr().out
    assert "1 tables of 24 columns" in page
    assert "Measured 2" in page


def test_the_systems_find_the_same():
    metrics = list(importance_time.SCORES)
    works = [importance_time.Work(each, rows=200, columns=4, repeats=5, rounds=1, epochs=5) for each in metrics]
    results = [(vars(work), importance_time.measure(work)) for work in works]
    for _, each in results:
        assert all(0 < apart < 0.25 for name, apart in each["apart"].items() if name != importance_time.OURS)
    lines = [line for line in importance_time.report(results) if line.startswith("| ")][2:]
    assert [line.split(" | ")[0] for line in lines] == [f"| {metric}" for metric in metrics for _ in range(2)]


def test_real_tables_are_explained_whole_by_one_thread_and_turned(tmp_path, monkeypatch):
    names = "survived,pclass,name"
    (tmp_path / "titanic.csv").write_text("\n".join([names, *(f"1,2,n{k}" for k in range(9))]) + "\n")
    calls = []

    def run(command):
        calls.append(command[3:])
        data = next((word for word in command if word.endswith("turned.csv")), "")
        if data:
            turned = Path(data).read_text().splitlines()
            assert (turned[0], turned[1], turned[-1]) == (names, "1,2,n8", "1,2,n0")
        worth = 2.0 if data else 1.0 + 1e-9 * (command[-3] == "1")
        columns = [{"column": "a", "importance": worth, "interval": [0.9, 1.1]}]
        columns.append({"column": "b", "importance": 0.5, "interval": [0, 1]})
        return Process(0.5, 1e6, json.dumps({"columns": columns, "repeats": 10}))

    monkeypatch.setattr(importance_files, "measured", run)
    work = importance_files.Work("titanic", runs=2)
    each = importance_files.measure(work, tmp_path)
    assert [call[0] for call in calls] == ["fit", *["explain"] * 5]
    assert (each["rows"], each["columns"], each["outside"]) == (9, 2, 1)
    assert each["one_thread"] == pytest.approx(1e-9, rel=1e-3)
    (line,) = [line for line in importance_files.report([(vars(work), each)]) if line.startswith("| `")]
    assert line.startswith("| `titanic` | 9 | 10 | ")
    assert line.endswith("| 1.0e-09 | 1 of 2 |")
