"""Every part of the benchmarks runs to its end, on next to no work, and its figures are what they say."""

import argparse
import csv
import doctest
import json
import subprocess
import sys
from dataclasses import asdict, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import growth
import measuring
import numpy as np
import one_row
import pairs
import predict
import pytest
import reading
import real_tables
import row_calls
import same_models
import saving
import startup
import step
import step_peers
import tables
import ten_specs
import whole

from tests.support.patience import PATIENCE

ROOT = Path(__file__).parents[2]


def load_run():
    """`benchmarks/run.py`, by its path: there is another file of this name."""
    found = spec_from_file_location("benchmarks_run", ROOT / "benchmarks" / "run.py")
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module


run = load_run()
TINY = step_peers.Work(name="least", batch=4, widths=(3, 5, 2), optimizer="adam", batches=2, scan=2)
ALONE = {"mlptrain": ()}
"""The variants, where a second one would show nothing more."""


@pytest.fixture
def alone(monkeypatch):
    """mlptrain in one variant, and no peers."""
    for module in (growth, pairs, predict, reading, startup, whole):
        monkeypatch.setattr(module, "variants", lambda: ALONE)
    for module in (predict, whole):
        monkeypatch.setattr(module, "SCRIPTS", {})


def options_of(part, *arguments):
    return part.PART.parser().parse_args(["--quick", *map(str, arguments)])


def cells(section, beginning):
    """The cells of the first row of a section's tables that begins so."""
    line = next(line for line in section.lines if line.startswith(f"| {beginning}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


# ── Steps ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("peer", step_peers.OWN)
def test_every_work_has_its_steps(peer, dropout):
    make_steps(peer, dropout)


def test_scikit_learn_makes_steps_but_has_no_dropout():
    make_steps("sklearn", 0.0)
    with pytest.raises(step_peers.NoEquivalentError, match="has no dropout"):
        make_steps("sklearn", 0.5)


def make_steps(peer, dropout):
    with step_peers.ALL[peer].make(replace(TINY, dropout=dropout)) as one:
        for t in range(4):
            one(t)


def test_steps_are_measured_in_turn_and_shown(capsys):
    results = step.measure_all([TINY], [], rounds=2, burst=0.001)
    assert [len(results[TINY][peer]) for peer in step_peers.OWN] == [2, 2, 2]
    rows = [line for line in step.tables(results, list(step_peers.OWN)) if line.startswith("| least")]
    assert [line.count("|") for line in rows] == [7, 2, 2]
    assert "step: least: done" in capsys.readouterr().err


def test_steps_are_served_by_lines_too():
    orders = [asdict(TINY), 3, asdict(replace(TINY, dropout=0.5)), 2, None]
    command = [sys.executable, str(ROOT / "benchmarks" / "step_peers.py"), "mlptrain"]
    text = "".join(json.dumps(order) + "\n" for order in orders)
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert all(float(line) >= 0 for line in done.stdout.splitlines())
    assert len(done.stdout.splitlines()) == 4


# ── Whole processes ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_whole_trainings_are_measured(monkeypatch, alone):
    monkeypatch.setattr(whole, "WORKS", [replace(whole.WORKS[0], epochs=1)])
    section = whole.report(options_of(whole, "--rounds", 1))
    assert cells(section, "iris")[1] == "mlptrain"
    assert cells(section, "iris")[-1].startswith("accuracy 0.")


def test_a_work_whose_files_are_not_there_is_left_out(tmp_path):
    section = whole.report(options_of(whole, "--data", tmp_path, "--works", "adult"))
    assert "the work adult (not in the folder of data: adult_train.csv)" in section.left_out


def test_predictions_of_a_table_are_measured(alone):
    section = predict.report(options_of(predict, "--only", "csv", "--rows", 30))
    assert cells(section, "mlptrain")[-1] == "not measured"


@pytest.fixture
def brief(monkeypatch):
    """One row from Python, on next to no rows."""
    for name in (*one_row.NEEDED, *one_row.ONNX):
        pytest.importorskip(name, reason="pip install -e '.[bench,integration]'")
    monkeypatch.setattr(row_calls, "ROWS", 60)
    monkeypatch.setattr(one_row, "BURST", 1e-3)


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore::mlptrain.notices.Notice")
def test_one_row_is_measured_beside_others(brief):
    section = predict.report(options_of(predict, "--only", "one_row", "--rounds", 2))
    for who in (one_row.RECORD, one_row.FRAME, one_row.ESTIMATOR, one_row.SKLEARN, one_row.EXPORTED, one_row.ALONE):
        assert float(cells(section, who)[2].split()[0]) > 0
    assert [len(cells(section, words)) for words, *_ in one_row.RATIOS] == [3] * len(one_row.RATIOS)
    assert section.left_out == []


def test_where_a_library_is_missing_one_row_is_left_out(monkeypatch):
    monkeypatch.setattr(one_row, "missing", list)
    section = predict.report(options_of(predict, "--only", "one_row"))
    assert section.left_out == ["one row (not installed: pandas, sklearn)"]


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore::mlptrain.notices.Notice")
@pytest.mark.parametrize("name", row_calls.CALLS)
def test_a_call_of_one_row_is_served(brief, name, capsys):
    row_calls.serve(iter([json.dumps(name), "2", "null"]))
    assert [float(line) > 0 for line in capsys.readouterr().out.split()] == [True, True]


def test_reading_is_measured(monkeypatch, alone):
    monkeypatch.setattr(reading, "missing", list)
    section = reading.report(options_of(reading, "--rows", 30))
    assert len(cells(section, "mlptrain")) == 5


def test_growth_is_measured(alone):
    found = growth.measure(growth.Size(20, 2, 2, epochs=1), 1)
    assert list(found) == [("fit", "mlptrain"), ("predict", "mlptrain")]
    small, large = (measuring.Process(seconds, 1e9, "") for seconds in (1.0, 10.0))
    nothing = measuring.Process(0.0, 0.0, "")
    assert growth.slope(small, large, nothing, 10, "seconds") == "1.00"
    assert growth.slope(nothing, large, nothing, 10, "seconds") == "–"


def test_the_start_is_measured(monkeypatch, alone):
    monkeypatch.setattr(startup, "IMPORTS", {})
    section = startup.report(options_of(startup, "--rounds", 1))
    assert len(cells(section, "mlptrain --help")) == len(cells(section, "mlptrain predict, 1 row")) == 3


def test_saving_is_measured(tmp_path):
    assert len(list(saving.models(tmp_path, 1))) == 3
    assert len(list(saving.checkpoints(tmp_path, 300, 1, 1))) == 3


def test_a_config_is_trained_and_evaluated_where_its_table_is_there(tmp_path):
    data, empty = tmp_path / "data", tmp_path / "empty"
    data.mkdir()
    empty.mkdir()
    columns = ["survived", "pclass", "name", "sex", "age", "sibsp", "parch", "ticket", "fare", "cabin", "embarked"]
    with (data / "titanic.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for k in range(60):
            sex = ("male", "female")[k % 2]
            writer.writerow([k % 3 % 2, 1 + k % 3, "x", sex, 20 + k, k % 4, k % 5, f"t{k}", k / 3, "", "SCQ"[k % 3]])
    for name in ("with", "without"):
        (tmp_path / name).mkdir()
    assert 0 <= real_tables.measure("titanic", data, tmp_path / "with", 1).value <= 1
    assert real_tables.measure("titanic", empty, tmp_path / "without", 1) is None


# ── Versions ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def versions(monkeypatch, alone):
    """This version, twice."""
    monkeypatch.setattr(pairs.Version, "python", sys.executable)
    monkeypatch.setattr(pairs, "SHORT", 0.0)
    monkeypatch.setattr(pairs, "STARTS", 1)
    return [pairs.Version(ROOT, 1)] * 2


@pytest.mark.parametrize(
    ("part", "key"),
    [
        ("step", ("step tiny", "mlptrain")),
        ("whole", ("whole iris", "mlptrain")),
        ("startup", ("mlptrain --help", "times import numpy")),
    ],
)
def test_two_versions_are_measured_in_pairs(versions, tmp_path, part, key):
    versions[0].check()
    some = {"works": ["tiny", "iris"], "variants": list(ALONE), "data": tmp_path}
    options = argparse.Namespace(pairs=1, slices=2, epochs=1, threads=1, **some)
    results = pairs.MEASURES[part](versions, options)
    assert list(results) == [key]
    assert [len(pair) for pair in results[key]] == [2]
    (line,) = list(pairs.table({key: results[key] * pairs.FEWEST}))[2:]
    assert line.count("|") == 7


def test_an_interval_covers_the_median_as_often_as_it_says():
    draw = np.random.default_rng(1)
    for count in (6, 31, 60):
        intervals = [pairs.median_interval(draw.normal(size=count).tolist()) for _ in range(1000)]
        assert np.mean([low <= 0 <= high for low, high in intervals]) > 0.94
    with pytest.raises(ValueError, match="5 values are too few"):
        pairs.median_interval([1.0] * 5)


def test_a_version_is_as_fast_by_the_upper_end_of_the_interval():
    assert pairs.is_as_fast([(1.0, 1.02)] * 31)
    assert pairs.is_as_fast([(1.0, 1.0)] * 22 + [(1.0, 2.0)] * 9)
    assert not pairs.is_as_fast([(1.0, 1.0)] * 21 + [(1.0, 2.0)] * 10)


def test_versions_take_turns():
    assert list(pairs.alternate(3, 0)) == [0, 1, 1, 0, 0, 1]
    assert list(pairs.alternate(2, 1)) == [1, 0, 0, 1]


def test_a_version_that_imports_another_checkout_is_refused(versions, tmp_path):
    with pytest.raises(SystemExit, match="which is not in"):
        pairs.Version(tmp_path, 1).check()


def test_two_versions_that_are_one_train_the_same_models(monkeypatch, capsys):
    monkeypatch.setattr(ten_specs, "FAMILIES", {"members": ten_specs.members})
    python = Path(sys.executable)
    assert same_models.compare_versions(python, python, [2])
    first, *lines, last = capsys.readouterr().out.splitlines()
    assert first.startswith("old: mlptrain ")
    assert [line.split(" (")[0] for line in lines] == ["2 members: same"]
    assert last == "1 of 1 models are the same"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        ({"b": [1.0, 2.5, 3.25]}, "b differs by at most 0.5; 1 arrays differ"),
        ({"b": [1.0]}, "b differs in shape, (3,) and (1,); 1 arrays differ"),
        ({"c": [1.0]}, "other arrays: c"),
        ({"metadata": {"x": [1, {"y": 2}]}}, "metadata differ at x[1].y: 3 and 2"),
    ],
)
def test_the_first_difference_of_two_models_is_named(tmp_path, changed, said):
    arrays = {"metadata": {"x": [1, {"y": 3}]}, "a": [0.0], "b": [1.0, 2.0, 3.0]}
    for name, each in (("old", arrays), ("new", arrays | changed)):
        texts = {"metadata": np.frombuffer(json.dumps(each["metadata"]).encode(), np.uint8)}
        np.savez(tmp_path / f"{name}.npz", **({key: np.array(value) for key, value in each.items()} | texts))
    assert same_models.describe_difference(tmp_path / "old.npz", tmp_path / "new.npz") == said


def test_a_seed_draws_the_same_specs_and_another_seed_others(tmp_path):
    texts = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        texts.append([path.read_text() for path in ten_specs.write_specs(tmp_path / name, seed).values()])
    assert texts[0] == texts[1]
    assert len(texts[0]) == 10
    assert sum(a != b for a, b in zip(texts[0], texts[2], strict=True)) >= 5


# ── What they share ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_examples_of_the_docstrings_are_so():
    assert not doctest.testmod(pairs).failed


def test_figures_are_medians_and_quartiles_of_ratios():
    assert measuring.quartiles([3.0, 1.0, 2.0]) == (1.5, 2.0, 2.5)
    assert measuring.spread([3.0, 1.0, 2.0], ".1f") == "2.0 (1.5–2.5)"
    assert measuring.spread([2.0], ".1f") == "2.0"
    assert measuring.ratios([4.0, 6.0], [2.0, 2.0]) == [2.0, 3.0]


def test_a_process_that_fails_is_an_error():
    assert measuring.measured([sys.executable, "-c", "print('x')"]).output == "x"
    with pytest.raises(RuntimeError, match="ended with 3"):
        measuring.measured([sys.executable, "-c", "raise SystemExit(3)"])


@pytest.mark.parametrize("name", run.PARTS)
def test_every_part_takes_the_options_that_all_share(name, tmp_path):
    options = run.PARTS[name].parser().parse_args(["--quick", "--data", str(tmp_path)])
    assert options.quick
    assert options.data == tmp_path


def test_parts_are_put_into_one_page(monkeypatch, tmp_path):
    part = measuring.Part("", lambda _options: measuring.Section("step: x", ["a line"], ["a library"]))
    monkeypatch.setattr(run, "PARTS", {"step": part, "whole": part})
    monkeypatch.setattr(sys, "argv", ["run.py", "--only", "step", "--out", str(tmp_path / "page.md")])
    run.main()
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "## step: x\n\na line\n" in text
    assert text.endswith("* step: a library\n* whole: not asked for\n")


def test_tables_have_the_rows_that_were_asked_for(tmp_path):
    tables.mixed(tmp_path / "mixed.csv", 7)
    tables.digits(tmp_path / "digits.csv", 5, 2)
    rows = (tmp_path / "mixed.csv").read_text().splitlines()
    assert (len(rows), len(rows[0].split(","))) == (8, 20)
    assert len((tmp_path / "digits.csv").read_text().splitlines()) == 6
    assert len(tables.beginning(tmp_path / "mixed.csv", tmp_path / "b.csv", 2).read_text().splitlines()) == 3
    assert len(tables.tripled(tmp_path / "mixed.csv", tmp_path / "t.csv").read_text().splitlines()) == 22
