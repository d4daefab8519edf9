"""The accuracy benchmark: scores, ranks and means are those of others' code; baselines are read as written; runs."""

import csv
import doctest
import json
import random
from dataclasses import replace

import accuracy
import accuracy_baselines
import accuracy_report
import accuracy_scores
import numpy as np
import pytest
from accuracy_baselines import Baselines, Worth, read_baselines
from accuracy_report import Run, report
from accuracy_scores import TASKS, auc, error, log_loss, mean_ranks, rmse, shifted_geometric_mean
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gmean, rankdata
from sklearn import metrics as sklearn_metrics

from mlptrain.spec.file import load_spec

values = st.lists(st.integers(0, 20).map(lambda k: k / 20), min_size=1, max_size=30)
names = st.from_regex(r"[a-z][a-z_0-9]{0,8}", fullmatch=True)


@pytest.mark.parametrize("module", [accuracy, accuracy_baselines, accuracy_report, accuracy_scores])
def test_the_examples_of_the_docstrings_are_so(module):
    assert not doctest.testmod(module).failed


# ── Scores ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(values)
def test_ranks_are_scipys(some):
    assert mean_ranks(some) == rankdata(some).tolist()


@given(values)
def test_the_shifted_geometric_mean_is_scipys_of_shifted_values(some):
    assert shifted_geometric_mean(some) == pytest.approx(gmean(np.array(some) + 0.01))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", "c")])
def test_metrics_of_classes_are_scikit_learns(classes, seed):
    rng = np.random.default_rng(seed)
    truth = [*classes, *rng.choice(classes, 50).tolist()]
    p = rng.dirichlet(np.ones(len(classes)), len(truth)).round(1)  # ties
    p[:, -1] = 1 - p[:, :-1].sum(axis=1)
    p = p.clip(accuracy_scores.FLOOR, 1)
    p /= p.sum(axis=1, keepdims=True)
    predicted = [classes[k] for k in p.argmax(axis=1)]
    columns = {"y": predicted} | {f"probability_{name}": list(map(str, p[:, k])) for k, name in enumerate(classes)}
    found = TASKS["binary"].metrics("y", {"y": truth}, columns)
    assert found["error"] == pytest.approx(1 - sklearn_metrics.accuracy_score(truth, predicted))
    assert found["log_loss"] == pytest.approx(sklearn_metrics.log_loss(truth, p, labels=list(classes)), rel=1e-6)
    assert ("auc" in found) == (len(classes) == 2)
    if len(classes) == 2:
        expected = sklearn_metrics.roc_auc_score([name == "yes" for name in truth], p[:, 1])
        assert found["auc"] == pytest.approx(expected)


def test_metrics_of_numbers_are_scikit_learns():
    rng = np.random.default_rng(0)
    truth, predicted = rng.normal(size=(2, 40)) * 1e3
    texts = {"y": list(map(str, truth))}, {"y": list(map(str, predicted))}
    found = TASKS["regression"].metrics("y", *texts)
    assert found["rmse"] == pytest.approx(sklearn_metrics.root_mean_squared_error(truth, predicted))
    r2 = 1 - (found["rmse"] / found["deviation"]) ** 2
    assert r2 == pytest.approx(sklearn_metrics.r2_score(truth, predicted))


def test_extremes():
    assert error(["a", "b"], ["a", "b"]) == 0
    assert log_loss(["unknown"], {"a": [1.0]}) == pytest.approx(-np.log(accuracy_scores.FLOOR))
    assert auc([False, True], [0.1, 0.2]) == 1
    assert auc([False, True], [0.5, 0.5]) == 0.5
    assert rmse([1.0], [1.0]) == 0


# ── Baselines ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def pipe(*cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def as_markdown(models, tables, scores, log_losses):
    """A file of baselines: the best of each row bold, what is None not measured."""

    def cells(row, style):
        least = min((value for value in row if value is not None), default=None)
        for value in row:
            text = "–" if value is None else f"{value:{style}}"
            yield f"**{text}**" if value is not None and value == least else text

    yield from ["# Others", "", pipe("set", "task", "n_train", *models), pipe(*["---:"] * (len(models) + 3))]
    yield from (
        pipe(f"{name} (a remark)", "bin", 9, *cells(row, ".4f")) for name, row in zip(tables, scores, strict=True)
    )
    yield from ["", "## Log loss (classification)", "", pipe("set", *models), pipe(*["---:"] * (len(models) + 1))]
    yield from (pipe(name, *cells(row, ".2f")) for name, row in zip(tables, log_losses, strict=True))


@st.composite
def published(draw):
    models = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    models = [f"model_{name}" for name in models]
    tables = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    grid = st.lists(
        st.lists(st.none() | st.integers(1, 9999), min_size=len(models), max_size=len(models)),
        min_size=len(tables),
        max_size=len(tables),
    )
    return models, tables, draw(grid), draw(grid)


def scaled(grid, unit):
    return [[None if value is None else value / unit for value in row] for row in grid]


@given(published())
def test_baselines_are_read_as_they_are_written(drawn):
    models, tables, scores, log_losses = drawn
    scores, log_losses = scaled(scores, 10**4), scaled(log_losses, 10**2)
    found = read_baselines("\n".join(as_markdown(models, tables, scores, log_losses)))
    assert list(found.worths) == models
    for k, model in enumerate(models):
        expected = {
            name: Worth(score=row[k], log_loss=lost[k])
            for name, row, lost in zip(tables, scores, log_losses, strict=True)
            if row[k] is not None
        }
        assert found.worths[model] == expected
        assert (model in found.ranked) == (len(expected) == len(tables))
    assert found.digits == {name: 4 if any(row) else 0 for name, row in zip(tables, scores, strict=True)}


def test_a_text_without_tables_has_no_baselines():
    assert read_baselines("# Nothing\n\n| a |\n| --- |\n") == Baselines()


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def run_of(table, recipe, score, *, seed=0, classes=True):
    metrics = {"error": score, "log_loss": score} if classes else {"rmse": score, "deviation": 2.0}
    return Run(
        table=table, recipe=recipe, overrides=(), seed=seed, task="binary" if classes else "regression",
        metrics=metrics, seconds=1.0, wall=2.0, predict_wall=1.0, peak=1.0, fit={}, threads=1, version="mlptrain 0",
        commit="c0", machine="a machine", when="2020-01-01T00:00:00Z",
    )  # fmt: skip


def rows_under(lines, heading):
    """The cells of the first table after a heading, without marks of the best."""
    rest = lines[next(k for k, line in enumerate(lines) if line.startswith(heading)) :]
    table = []
    for line in rest:
        if line.startswith("|"):
            table.append([cell.strip(" *") for cell in line.strip("|").split("|")])
        elif table:
            break
    return [table[0], *table[2:]]


TABLES = ("adult", "letter", "phoneme", "cpu_act", "abalone")


def drawn_baselines(seed, models=4):
    rng = random.Random(seed)
    worths = {
        f"model_{k}": {name: Worth(score=rng.randint(1, 30) / 100, log_loss=0.5, seconds=3.0) for name in TABLES}
        for k in range(models)
    }
    return Baselines(worths, dict.fromkeys(TABLES, 2))


@pytest.mark.parametrize("seed", range(4))
def test_a_recipe_that_repeats_a_baseline_stands_where_it_stands(seed):
    baselines = drawn_baselines(seed)
    scores = baselines.worths["model_1"]
    runs = [
        run_of(name, "model_1", scores[name].score + shift, seed=k, classes=name not in ("cpu_act", "abalone"))
        for k, shift in enumerate((-0.05, 0.0, 0.1))  # the median is the baseline's
        for name in TABLES
    ]
    lines = list(report(runs, baselines))
    for title, among in (
        ("### All 5", TABLES),
        ("### The 3 tables that", ("adult", "letter", "abalone")),
        ("### The 2 untouched", ("phoneme", "cpu_act")),
    ):
        head, *rows = rows_under(lines, title)
        figures = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
        ours, theirs = figures["mlptrain model_1"], figures["model_1"]
        for column in ("rank with model_1", "SGM error", "SGM nRMSE", "mean nRMSE"):
            assert ours[column] == theirs[column]
        assert ours["mean rank"] == "–"
        everyone = [[worths[name].score for worths in baselines.worths.values()] for name in among]
        expected = np.mean([rankdata(row) for row in everyone], axis=0)
        assert [figures[model]["mean rank"] for model in baselines.worths] == [f"{rank:.2f}" for rank in expected]
    assert [row[4] for row in rows_under(lines, "## Beside the reference")[1:]] == ["+0.0%"] * 5
    assert f"* Seconds: 5, those of the reference {3 * 5}." in lines


def test_recipes_are_compared_on_the_tables_that_they_have():
    runs = [run_of(name, "long", 0.1) for name in TABLES[:3]] + [run_of(name, "begun", 0.1) for name in TABLES[:2]]
    lines = list(report(runs, drawn_baselines(0)))
    assert "### All 3 tables: long" in lines
    assert "### All 2 tables: begun" in lines


def test_the_best_of_a_table_is_bold_and_missing_seeds_are_counted():
    runs = [run_of("adult", "ours", 0.001, seed=k) for k in range(3)] + [run_of("letter", "ours", 0.5)]
    lines = list(report(runs, drawn_baselines(0)))
    adult, letter = (next(line for line in lines if line.startswith(f"| {name}")) for name in ("adult", "letter"))
    assert adult.endswith("| **0.00** |")
    assert letter.endswith("| 0.50 (1) |")


def test_without_baselines_and_without_runs():
    assert "No results yet." in list(report([], Baselines()))
    lines = list(report([run_of("adult", "ours", 0.1), run_of("new", "ours", 0.2, classes=False)], Baselines()))
    head, row = rows_under(lines, "### All 2 tables: ours")
    assert head == ["model", "SGM error", "SGM nRMSE", "mean nRMSE", "mean log loss", "seconds"]
    assert row[0] == "mlptrain ours"
    assert not any(line.startswith("## Beside") for line in lines)


# ── Runs ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def tables(tmp_path):
    """A folder of two prepared tables: classes that are numerals, and numbers."""
    rng = np.random.default_rng(0)
    for name, task, target in (("spotted", "binary", "class of it"), ("weighed", "regression", "kg")):
        folder = tmp_path / "tables" / name
        folder.mkdir(parents=True)
        meta = {"task": task, "target": target, "categorical": ["colour"], "numeric": ["x: 1"]}
        (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
        for part in ("train", "test"):
            with (folder / f"{part}.csv").open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(["colour", "x: 1", target])
                for x in rng.normal(size=60):
                    colour = rng.choice(["1", "2"])
                    y = int(x > 0) if task == "binary" else x + float(colour)
                    writer.writerow([colour, x, y])
    return tmp_path / "tables"


def command(monkeypatch, *arguments):
    """Run the benchmark and give back its exit status."""
    monkeypatch.setattr("sys.argv", ["accuracy.py", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        accuracy.main()
    return ended.value.code


def test_each_run_is_one_line_and_made_once(tables, tmp_path, monkeypatch, capsys):
    spec, results, page = tmp_path / "small.yaml", tmp_path / "results.jsonl", tmp_path / "page.md"
    spec.write_text("model: {hidden: [4]}\ntraining: {epochs: 9}\n", encoding="utf-8")
    common = ("--tables", tables, "--spec", spec, "--results", results, "--baselines", tmp_path / "none.md")
    results.write_text('{"torn": ', encoding="utf-8")
    assert command(monkeypatch, *common, "--seeds", 3, "--set", "training.epochs=2", "--out", page) == 0
    first = results.read_bytes()
    runs = [Run(**json.loads(line)) for line in first.splitlines()[1:]]
    assert [(run.table, run.seed, run.overrides) for run in runs] == [
        ("spotted", 3, ["training.epochs=2"]),
        ("weighed", 3, ["training.epochs=2"]),
    ]
    assert [run.fit["epochs"] for run in runs] == [2, 2]
    assert "validation" in runs[0].fit["metrics"]
    assert runs[0].metrics.keys() == {"error", "log_loss", "auc"}
    assert f"{runs[1].metrics['rmse']:.4g}" in page.read_text(encoding="utf-8")
    assert command(monkeypatch, *common, "--seeds", 3, "--set", "training.epochs=2") == 0
    assert results.read_bytes() == first
    assert (
        command(monkeypatch, *common, "--seeds", 3, "--only", "weighed", "--set", "training.class_weight=balanced") == 1
    )
    assert "failed" in capsys.readouterr().err
    assert results.read_bytes() == first


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("", (0.2, None)),
        ("data: {scaling: robust}", (0.2, None)),
        ("data:\n  split:\n    validation: 0.1", (0.1, None)),
        ("data: {split: {folds: 3}}", (0.0, 3)),
    ],
)
def test_a_recipe_keeps_its_own_validation_rows(tables, data, expected):
    recipe = accuracy.Recipe("mine", f"training: {{epochs: 3}}\n{data}\noptimizer: {{learning_rate: 1e-2}}\n")
    table = accuracy.read_table(tables / "spotted")
    spec, _ = load_spec("mine", (), accuracy.spec_text(accuracy.Job(table, recipe, (), 5)))
    assert (spec.data.split.validation, spec.data.split.folds) == expected
    assert spec.seed == 5
    assert spec.training.epochs == 3
    assert spec.optimizer.learning_rate == 0.01
    assert spec.data.columns == {
        "colour": "category",
        "x: 1": "number",
        "class of it": "category",
    }


def test_of_the_same_run_the_last_counts(tmp_path):
    run = run_of("adult", "ours", 0.1)
    for again in (run, run_of("adult", "ours", 0.2, seed=1), replace(run, metrics={"error": 0.3})):
        accuracy.append(tmp_path / "results.jsonl", again)
    assert [found.score for found in accuracy.read_runs(tmp_path / "results.jsonl")] == [0.3, 0.2]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--tables", "nowhere"), "no prepared tables"),
        (("--only", "lost"), "no table lost"),
        (("--spec", "lost.yaml"), "no such file"),
        (("--set", "training.epoch=1"), "unknown key"),
        (("--results", "nowhere/results.jsonl"), "its folder is not there"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_run(tables, tmp_path, monkeypatch, wrong, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text("seed: 1\n", encoding="utf-8")
    problem = command(monkeypatch, "--tables", tables, "--spec", "small.yaml", *wrong)
    assert said in problem
    assert "\n" not in problem
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.yaml", "tables"]
