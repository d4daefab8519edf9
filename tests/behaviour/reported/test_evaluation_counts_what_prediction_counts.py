"""Rows that were not fitted on are counted everywhere: what `predict` says of odd cells, `eval` and a fit say too."""

import json
from typing import get_args

import pytest

import mlptrain
from mlptrain.commands.evaluate import evaluate_files
from mlptrain.data.scaling import Scaling
from mlptrain.model.prediction_notices import OddCellsNotice
from tests.support import command

ROWS = [(("bern", "oslo", "rome")[k % 3], f"{k / 10:.1f}", ("yes", "no")[k % 2]) for k in range(30)]
ODD = [("BERN", "95000.0", "yes"), ("paris", "", "no"), ("oslo", "1.0", "yes")]
COUNTS = {"filled": {"x": 1}, "unseen": {"city": 2}, "beyond": {"x": 1}}
SAID = (
    *("missing cells filled: x 1", "values that training did not see: city 2"),
    "numbers or dates more than 1000 standard deviations below or above all of training: x 1",
)


def write(folder, name, rows, names="city,x,label"):
    (folder / name).write_text("\n".join([names, *map(",".join, rows)]) + "\n")


def fit(folder, data, *, name="s", more="", quiet=True):
    said = f"data: {{train: train.csv, {data}}}\nmodel: {{hidden: [2]}}\ntraining: {{epochs: 1}}\nseed: 1\n{more}"
    (folder / f"{name}.yaml").write_text(said)
    ended = command.mlptrain("fit", f"{name}.yaml", *(["-q"] if quiet else []), cwd=folder)
    assert ended.code == 0, ended.err
    return ended


def evaluate(folder, *arguments):
    ended = command.mlptrain("eval", "s.npz", *arguments, "--bootstrap", "0", cwd=folder)
    assert ended.code == 0, ended.err
    return ended


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "train.csv", ROWS)
    write(tmp_path, "odd.csv", ODD)
    return tmp_path


PLACES = {
    "a file": ("target: label", ["odd.csv"]),
    "the test file": ("target: label, test: odd.csv", []),
    "a file, of several networks": ("target: label, split: {folds: 3}", ["odd.csv"]),
    "a file, of numbers": ("target: x, columns: {x: number}", ["more.csv"]),
}


@pytest.mark.parametrize(("data", "arguments"), list(PLACES.values())[:3], ids=list(PLACES)[:3])
def test_eval_counts_odd_cells_in_text_and_in_json(folder, data, arguments):
    fit(folder, data)
    said = evaluate(folder, *arguments).err
    assert all(words in said for words in SAID)
    found = evaluate(folder, *arguments, "--json")
    document = json.loads(found.out)
    assert (document["odd_cells"], document["not_finite"], found.err.count("note: missing cells")) == (COUNTS, {}, 1)
    told = command.mlptrain("predict", "s.npz", "odd.csv", cwd=folder).err
    assert told == said


@pytest.mark.parametrize("scaling", [each().name for each in get_args(Scaling)])
def test_what_is_far_out_is_counted_under_every_scaling(folder, scaling):
    fit(folder, f"target: label, scaling: {scaling}")
    assert all(words in evaluate(folder, "odd.csv").err for words in SAID)
    assert all(words in command.mlptrain("predict", "s.npz", "odd.csv", cwd=folder).err for words in SAID)


@pytest.mark.parametrize("recipe", ["plain", "best"])
def test_what_is_far_out_is_counted_by_models_of_recipes_and_refused_if_strict(folder, recipe):
    write(folder, "far.csv", [("bern", "1000000000000", "yes"), ("oslo", "1.5", "no")])
    fit(folder, "target: label", more=f"recipe: {recipe}\nmembers: {{count: 1}}\n")
    assert SAID[-1] in evaluate(folder, "far.csv").err
    ended = command.mlptrain("predict", "s.npz", "far.csv", "--strict", cwd=folder)
    assert (ended.code, ended.out) == (3, "")
    said = f"far.csv:2: column \"x\": '1000000000000' is {SAID[-1][17:-5]} ({SAID[-1]}); mend it, or leave"
    assert said in " ".join(ended.err.split())


def test_a_share_for_the_test_is_counted_too(folder):
    names = "city,x,label,part"
    parts = [(*row, "train") for row in ROWS] + [(*row, "test") for row in ODD]
    write(folder, "train.csv", parts, names)
    fit(folder, "target: label, split: {type: column, column: part}")
    assert json.loads(evaluate(folder, "--json").out)["odd_cells"]["unseen"] == {"city": 2}


def test_a_validation_file_is_counted_in_a_fit_and_a_check(folder):
    said = fit(folder, "target: label, split: {validation: odd.csv}", quiet=False).err
    assert all(words in said for words in ("note: odd.csv: missing", *SAID))
    assert "odd.csv: missing cells filled: x 1" in command.mlptrain("check", "s.yaml", cwd=folder).err


def test_what_a_validation_file_leaves_out_is_said(folder):
    write(folder, "odd.csv", [*ODD, ("oslo", "1.5", ""), ("rome", "2.5", "no")])
    spec = "target: label, missing_target: drop, imputing: {strategy: drop_row}, split: {validation: odd.csv}"
    said = fit(folder, spec, quiet=False).err
    assert "odd.csv: 1 row without a target left out" in said
    assert "odd.csv: 1 row with missing cells left out" in said


def test_in_memory_counts_are_a_warning_and_an_attribute(folder):
    columns = {name: [row[place] for row in ROWS] for place, name in enumerate(("city", "x", "label"))}
    columns["x"] = list(map(float, columns["x"]))
    model = mlptrain.fit({"data": {"target": "label"}, "training": {"epochs": 1, "batch_size": 8}}, columns).model
    odd = {"city": ["BERN", "paris", "oslo"], "x": [95000.0, None, 1.0], "label": ["yes", "no", "yes"]}
    with pytest.warns(OddCellsNotice, match="did not see: city 2") as caught:
        found = model.evaluate(odd, resamples=0)
    assert [each.message.counts.unseen for each in caught] == [{"city": 2}]
    assert (found.odd_cells.filled, found.odd_cells.unseen, found.odd_cells.beyond) == tuple(COUNTS.values())


def test_predictions_that_are_not_finite_are_counted(folder):
    write(folder, "train.csv", [(f"{k / 10}", f"{1.3**k:.4f}") for k in range(30)], "x,y")
    write(folder, "far.csv", [("1", "5"), ("9e6", "7")], "x,y")
    adam = "optimizer: {learning_rate: 0.05}\n"
    fit(folder, "target: y, target_transform: log", more=adam)
    found = evaluate(folder, "far.csv", "--json")
    assert json.loads(found.out)["not_finite"] == {"y": 1}
    assert "far.csv:3" in found.err


# several networks


@pytest.fixture(scope="module")
def folds(tmp_path_factory):
    """Three networks; a level of one row only, which one of them has not seen."""
    folder = tmp_path_factory.mktemp("folds")
    write(folder, "train.csv", [*ROWS, ("lima", "1.0", "yes"), ("", "1.0", "no")])
    for name, split in (("random", "folds: 3"), ("repeats", "folds: 2, repeats: 2")):
        fit(folder, f"target: label, split: {{{split}}}", name=name)
    return folder


@pytest.mark.parametrize("name", ["random", "repeats"])
def test_what_one_network_saw_is_not_unseen(folds, name):
    ended = command.mlptrain("predict", f"{name}.npz", "train.csv", "--strict", cwd=folds)
    assert (ended.code, ended.err) == (0, "")
    found = command.mlptrain("eval", f"{name}.npz", "train.csv", "--bootstrap", "0", "--json", cwd=folds)
    assert json.loads(found.out)["odd_cells"] == {"filled": {}, "unseen": {}, "beyond": {}}


@pytest.mark.parametrize("name", ["random", "repeats"])
def test_what_no_network_saw_is_unseen_once(folds, name):
    write(folds, "new.csv", [("lima", "1.0", "yes"), ("cairo", "1.0", "yes")])
    assert "did not see: city 1" in command.mlptrain("predict", f"{name}.npz", "new.csv", cwd=folds).err
    ended = command.mlptrain("predict", f"{name}.npz", "new.csv", "--strict", cwd=folds)
    assert ended.code == 3
    assert "new.csv:3: column \"city\": 'cairo' is no value that training saw" in ended.err


# weights


@pytest.mark.parametrize("place", ["eval", "test", "validation"])
def test_without_the_column_of_weights_every_row_counts_once(folder, place):
    write(folder, "train.csv", [(*row, str(1 + k % 2)) for k, row in enumerate(ROWS)], "city,x,label,w")
    data = {"eval": "", "test": ", test: new.csv", "validation": ", split: {validation: new.csv}"}[place]
    write(folder, "new.csv", ROWS[:10])
    fitted = fit(folder, f"target: label, sample_weight: w{data}", quiet=False)
    said = fitted.err if place == "validation" else evaluate(folder, *(["new.csv"] if place == "eval" else [])).err
    assert "there is no column 'w' (data.sample_weight): every row counts once" in said
    write(folder, "ones.csv", [(*row, "1") for row in ROWS[:10]], "city,x,label,w")
    ones = json.loads(evaluate(folder, "ones.csv", "--json").out)
    assert json.loads(evaluate(folder, "new.csv", "--json").out)["metrics"] == ones["metrics"]


def test_in_memory_too_every_row_counts_once(folder):
    columns = {"x": [float(k) for k in range(20)], "w": [1.0, 2.0] * 10, "y": ["a", "b"] * 10}
    spec = {
        "data": {"target": "y", "sample_weight": "w", "columns": {"x": "number"}},
        "training": {"epochs": 1, "batch_size": 8},
    }
    model = mlptrain.fit(spec, columns).model
    with pytest.warns(UserWarning, match="no column 'w'"):
        found = model.evaluate({"x": columns["x"], "y": columns["y"]}, resamples=0)
    assert found.metrics == model.evaluate(columns | {"w": [1.0] * 20}, resamples=0).metrics


@pytest.mark.parametrize("zero", ["0", "0.0", "-0"])
@pytest.mark.parametrize("place", ["train", "eval", "validation"])
def test_rows_of_weight_zero_do_not_count(folder, place, zero):
    rows = [(*row, zero if k < 4 else "2") for k, row in enumerate(ROWS)]
    rows[0] = ("nowhere", "1e9", "", zero)  # such a row need not even have a target
    names = {"train": "train.csv"}.get(place, "new.csv")
    write(folder, "train.csv", [(*row, "2") for row in ROWS], "city,x,label,w")
    write(folder, names, rows, "city,x,label,w")
    data = ", split: {validation: new.csv}" if place == "validation" else ""
    fitted = fit(folder, f"target: label, sample_weight: w{data}", quiet=False)
    said = evaluate(folder, "new.csv").err if place == "eval" else fitted.err
    assert "4 rows of weight 0 left out (data.sample_weight: w)" in said


@pytest.mark.parametrize("weight", ["", "-1", "many", "1e20"])
def test_other_weights_are_refused_with_what_is_allowed(folder, weight):
    write(folder, "train.csv", [(*row, "2") for row in ROWS], "city,x,label,w")
    fit(folder, "target: label, sample_weight: w")
    write(folder, "new.csv", [(*ROWS[0], "1"), (*ROWS[1], weight)], "city,x,label,w")
    ended = command.mlptrain("eval", "s.npz", "new.csv", cwd=folder)
    assert ended.code == 3
    assert 'new.csv:3: column "w"' in ended.err


# targets that the loss cannot compare

SPECIAL = {
    "log": ("target: y, target_transform: log", "", ["-3", "0", "-1e-9"]),
    "log1p": ("target: y, target_transform: log1p", "", ["-1", "-3"]),
    "poisson": ("target: y", "loss: poisson\n", ["-1", "-0.5"]),
    "no scale": ("target: y, scale_target: false", "", ["1e39", "-1e300"]),
}
CASES = [(kind, data, more, bad) for kind, (data, more, values) in SPECIAL.items() for bad in values]


@pytest.mark.parametrize(("kind", "data", "more", "bad"), CASES)
def test_a_target_that_the_loss_cannot_compare_is_named_and_the_rest_is_measured(folder, kind, data, more, bad):
    write(folder, "train.csv", [(f"{k / 10}", f"{1 + k % 7}") for k in range(30)], "x,y")
    write(folder, "new.csv", [("1", "5"), ("2", bad)], "x,y")
    fit(folder, data + ", columns: {x: number}", more=more)
    found = evaluate(folder, "new.csv")
    assert 'loss: undefined: new.csv:3: column "y": ' in found.out
    metrics = json.loads(evaluate(folder, "new.csv", "--json").out)["metrics"]
    assert metrics["loss"] is None
    assert metrics["mae"] is not None
    said = f"data: {{train: train.csv, {data}, split: {{validation: new.csv}}}}\n{more}"
    (folder / "v.yaml").write_text(said)
    ended = command.mlptrain("fit", "v.yaml", cwd=folder)
    assert (ended.code, 'new.csv:3: column "y": ' in ended.err) == (3, True)
    write(folder, "train.csv", [("1", "5"), ("2", bad)] * 3 + [("3", "4")], "x,y")
    (folder / "t.yaml").write_text(f"data: {{train: train.csv, {data}}}\n{more}")
    ended = command.mlptrain("fit", "t.yaml", cwd=folder)
    assert (ended.code, 'train.csv:3: column "y": ' in ended.err) == (3, True)


# classes that the model does not know


@pytest.mark.parametrize("by", [None, "city"])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("unknown", [1, 12, 30])
def test_a_metric_has_a_value_or_a_reason(folder, unknown, weights, by):
    rows = [(*row, str(1 + k % 3)) for k, row in enumerate(ROWS)]
    write(folder, "train.csv", rows, "city,x,label,w")
    new = [(*row[:2], "perhaps" if k < unknown else row[2], row[3]) for k, row in enumerate(rows)]
    write(folder, "new.csv", new, "city,x,label,w")
    fit(folder, "target: label, " + (f"sample_weight: {weights}" if weights else "columns: {w: ignore}"))
    found = evaluate(folder, "new.csv", *(["--by", by] if by else []))
    measured = evaluate_files(str(folder / "s.npz"), str(folder / "new.csv"), by=by, resamples=0)
    values = {name for name, value in measured.metrics.items() if value is not None}
    assert {"accuracy", "error_rate"} == values
    assert measured.undefined.keys() == measured.metrics.keys() - values
    assert f"'perhaps' {unknown}; it knows 'no', 'yes'" in found.err


@pytest.mark.parametrize("command_name", ["eval", "predict", "explain"])
def test_the_line_that_is_left_out_at_the_end_is_shown_by_every_command(folder, command_name):
    fit(folder, "target: label, skip_footer: 1")
    write(folder, "sums.csv", [*ROWS, ("", "43.5", "")])
    ended = command.mlptrain(command_name, "s.npz", "sums.csv", cwd=folder)
    assert ended.code == 0, ended.err
    assert "lines left out: 1 at the end, line 32 (',43.5,') (data.skip_footer)" in ended.err


@pytest.mark.parametrize("last", ["Summe,43.5,", "Stand: today"])
def test_a_table_of_the_line_at_the_end_alone_has_no_rows(folder, last):
    fit(folder, "target: label, skip_footer: 1")
    (folder / "sum.csv").write_text(f"city,x,label\n{last}\n")
    ended = command.mlptrain("predict", "s.npz", "sum.csv", cwd=folder)
    assert (ended.code, ended.out) == (0, "label\n")
    assert "sum.csv: there are no rows, only names" in ended.err
    assert f"line 2 ({last!r})" in ended.err


def test_a_file_to_validate_on_shows_the_line_that_is_left_out(folder):
    write(folder, "validation.csv", [*ROWS, ("", "43.5", "")])
    ended = fit(folder, "target: label, skip_footer: 1, split: {validation: validation.csv}", quiet=False)
    assert "validation.csv: lines left out: 1 at the end, line 32 (',43.5,') (data.skip_footer)" in ended.err


def test_a_workbook_shows_the_row_that_is_left_out(folder):
    openpyxl = pytest.importorskip("openpyxl")
    fit(folder, "target: label, skip_footer: 1")
    book = openpyxl.Workbook()
    cells = [(city, float(x), label) for city, x, label in ROWS]
    for row in [("city", "x", "label"), *cells, (None, 43.5, None)]:
        book.active.append(row)
    book.save(folder / "sums.xlsx")
    assert "lines left out: 1 at the end, row 32 (',43.5') (data.skip_footer)" in evaluate(folder, "sums.xlsx").err
