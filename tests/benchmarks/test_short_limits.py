"""The benchmark of short limits: it runs on a tiny table, goes on where it was, and says what was measured."""

import json
import sys

import pytest
import short_limits
from short_limits import END, START, Run, collect_scores, is_worse_than_shorter, read_runs, replace_section, report


def run_of(table, limit, seed, score, seconds=1.0, task="binary"):
    return Run(
        table=table, limit=limit, seed=seed, task=task, score=score, spread=2.0 if task == "regression" else 1.0,
        seconds=seconds, said=[], commit="c", machine="m",
    )  # fmt: skip


def make_table(folder, name, task):
    (folder / name).mkdir(parents=True)
    rows = [f"{k % 17},{k % 5},{k % 7 if task == 'regression' else 'no' if k % 3 else 'yes'}" for k in range(60)]
    for part in ("train", "test"):
        (folder / name / f"{part}.csv").write_text("a,b,y\n" + "\n".join(rows) + "\n")
    meta = {"task": task, "target": "y", "numeric": ["a", "b"], "categorical": []}
    (folder / name / "meta.json").write_text(json.dumps(meta))


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_it_runs_and_is_not_run_again(tmp_path, monkeypatch, task):
    make_table(tmp_path / "tables", "tiny", task)
    page, results = tmp_path / "page.md", tmp_path / "r.jsonl"
    page.write_text(f"# Page\n\n{START}\nold\n{END}\n\nafter\n")
    line = ["short_limits.py", "--tables", tmp_path / "tables", "--limits", 1, "--seeds", 0, "--results", results]
    monkeypatch.setattr(sys, "argv", [*map(str, line), "--page", str(page)])
    short_limits.main()
    runs = read_runs(results)
    assert [run.key for run in runs] == [("tiny", 0, 0), ("tiny", 1, 0)]
    monkeypatch.setattr(short_limits, "measure", None)
    short_limits.main()
    text = page.read_text()
    assert text.startswith("# Page\n")
    assert text.endswith("\n\nafter\n")
    assert "old" not in text
    assert "| tiny | " in text


def test_the_section_compares_with_plain_on_the_same_seeds():
    runs = [run_of("a", 0, seed, 0.2 + seed / 100) for seed in (0, 1)] + [run_of("a", 15, 1, 0.105, seconds=15.3)]
    runs += [run_of("n", 0, 0, 4.0, task="regression"), run_of("n", 15, 0, 4.2, task="regression")]
    text = "\n".join(report(runs))
    assert "| a | 0.205 ± 0.0071 | 1.0 | 0.105 ± 0 (-50.0%) |" in text
    assert "| mean normalised score | 1.1025 (2 tables) |  | 1.1025 (2 tables) |" in text
    assert "* 15 s: -22.5% against `plain` in the mean; worse by more than 1%: n +5.0%; " in text
    assert "the longest fit took 102% of the limit" in text


@pytest.mark.parametrize(("long", "worse"), [(0.2, False), (0.201, False), (0.25, True)])
def test_a_longer_limit_that_is_worse_than_a_shorter_one_is_said(long, worse):
    scores = collect_scores([run_of("a", 15, 0, 0.2), run_of("a", 30, 0, long)])
    assert is_worse_than_shorter(scores, "a", 15, 30) == worse
    noisy = collect_scores([run_of("a", 15, 0, 0.1), run_of("a", 15, 1, 0.3), run_of("a", 30, 0, long)])
    assert not is_worse_than_shorter(noisy, "a", 15, 30)


def test_a_page_without_the_section_gets_it_at_its_end(tmp_path):
    page = tmp_path / "p.md"
    page.write_text("# Page\n")
    for _ in range(2):
        replace_section(page, [START, "new", END])
        assert page.read_text() == f"# Page\n\n{START}\nnew\n{END}\n"


def test_without_results_it_says_so():
    assert "Nothing has been measured yet." in list(report([]))
