"""The rows that a report is about: those that the networks have not seen, as far as there are any, and what is said."""

from dataclasses import replace

import numpy as np
import pytest

import mlptrain
from mlptrain.commands.evaluate import evaluate_files
from mlptrain.commands.known_rows import HELD_OUT, STEERED, THEMSELVES, find_known_rows
from mlptrain.commands.report import ReportOptions, report_files
from mlptrain.errors import DataError, SpecError
from mlptrain.model.model import Model
from tests.support.flows import csv_text, fit, fit_mixed, mixed_rows, write_mixed
from tests.support.images import fit_images

ROWS = mixed_rows()
NEW = [row | {"size": f"{k % 7 + 0.5}"} for k, row in enumerate(ROWS[:25])]
PARTS = ["train", "train", "validation", "train", "test"]
SEEN = "no test part, so these are the rows of the training file mixed.csv, which the model has seen"
SEEN_ALL = f"{SEEN}: it does worse on new ones"
REFIT = {"epochs": 3, "batch_size": 16, "refit": True}
COLUMNS = dict.fromkeys(("id", "price", "count"), "ignore")


def report(folder, data=None, **options):
    return report_files(str(folder / "mixed.npz"), data, ReportOptions(time_limit="0.01s", **options))


def write_new(folder, name="new.csv", rows=NEW):
    (folder / name).write_text(csv_text(rows))
    return str(folder / name)


def write_parts(folder, said):
    """The mixed table with a column that says the part of each row."""
    rows = [row | {"part": said[k % len(said)]} for k, row in enumerate(ROWS)]
    split = {"type": "column", "column": "part"}
    spec = write_mixed(folder, rows, data={"split": split, "columns": COLUMNS})
    fit(str(spec), out=folder / "mixed.npz")


WAYS = {
    "test-share": ({"data": {"split": {"validation": 0.2, "test": 0.3}}}, "test rows", 18, ""),
    "test-share-of-folds": ({"data": {"split": {"folds": 3, "test": 0.3}}}, "test rows", 18, ""),
    "validation-share": ({"data": {"split": {"validation": 0.2}}}, "validation rows", 12, STEERED),
    "folds": ({"data": {"split": {"folds": 3}}}, "held-out rows", 60, HELD_OUT.format(count=3)),
    "repeated-folds": ({"data": {"split": {"folds": 2, "repeats": 2}}}, "held-out rows", 60, HELD_OUT.format(count=4)),
    "nothing": ({}, "training rows", 60, SEEN),
    "refit": ({"data": {"split": {"validation": 0.2}}, "training": REFIT}, "training rows", 60, SEEN),
    "test-file": ({"data": {"test": "new.csv"}}, "test rows", 25, ""),
    "test-files": ({"data": {"test": ["new.csv", "more.csv"]}}, "test rows", 50, ""),
    "validation-file": ({"data": {"split": {"validation": "new.csv"}}}, "validation rows", 25, STEERED),
    "validation-files": ({"data": {"split": {"validation": ["new.csv", "more.csv"]}}}, "validation rows", 50, STEERED),
}


@pytest.mark.parametrize(("sections", "name", "rows", "seen"), WAYS.values(), ids=WAYS)
def test_the_rows_are_the_most_honest_ones_that_the_spec_names(tmp_path, sections, name, rows, seen):
    for file in ("new.csv", "more.csv"):
        write_new(tmp_path, file)
    fit_mixed(tmp_path, **sections)
    found = report(tmp_path)
    assert (found.subject.rows_name, found.subject.rows) == (name, rows)
    assert found.subject.seen.startswith(seen)
    assert bool(found.subject.seen) == bool(seen)
    assert str(tmp_path) not in "".join([found.subject.seen, *found.notices, *found.absent.values()])
    assert found.absent.get("training", "") == (THEMSELVES if name == "training rows" else "")


@pytest.mark.parametrize(
    ("said", "name"), [(PARTS, "test rows"), (PARTS[:3], "validation rows")], ids=["test", "no test"]
)
def test_a_column_says_the_parts(tmp_path, said, name):
    write_parts(tmp_path, said)
    assert report(tmp_path).subject.rows_name == name


@pytest.mark.parametrize("split", [{"validation": 0.2, "test": 0.3}, {"validation": 0.2}], ids=["test", "validation"])
def test_no_row_that_is_judged_was_trained_on(tmp_path, split):
    fit_mixed(tmp_path, data={"split": split})
    found = find_known_rows(Model.load(tmp_path / "mixed.npz"), tmp_path / "mixed.npz").subjects
    judged, trained = (set(each.numbers.tolist()) for each in (found.rows, found.training))
    assert judged
    assert trained
    assert not judged & trained


def test_rows_that_were_held_out_are_judged_as_the_fit_judged_them(tmp_path):
    result = fit_mixed(tmp_path, data={"split": {"folds": 3}})
    found = report(tmp_path).quality.evaluation
    assert found.metrics["accuracy"] == pytest.approx(result.metrics["validation"]["accuracy"])
    assert found.metrics["log_loss"] == pytest.approx(result.metrics["validation"]["log_loss"])


def test_rows_that_one_of_several_networks_held_out_are_training_rows(tmp_path):
    """Networks of another recipe were trained on other parts: what the first held out, they may have seen."""
    fit_mixed(tmp_path, data={"split": {"validation": 0.2}})
    model = Model.load(tmp_path / "mixed.npz")
    other = fit_mixed(tmp_path, "seed=2", out="other.npz", data={"split": {"validation": 0.2}}).model
    mixed = replace(model, networks=[*model.networks, *Model.load(other).networks], weights=[0.5, 0.5])
    mixed.save(tmp_path / "mixed.npz")
    assert (report(tmp_path).subject.rows_name, report(tmp_path).subject.seen) == ("training rows", SEEN_ALL)
    evaluation = evaluate_files(str(tmp_path / "mixed.npz"))
    assert (evaluation.seen.replace(f"{tmp_path}/", ""), evaluation.by) == (SEEN_ALL, "")


# what the user names


def test_the_training_file_is_known_again(tmp_path):
    fit_mixed(tmp_path)
    found = report(tmp_path, str(tmp_path / "mixed.csv"))
    assert found.subject.rows_name == "the rows of mixed.csv"
    assert (
        found.subject.seen
        == "mixed.csv is the training file: the model has seen these rows, and does worse on new ones"
    )
    assert found.absent["training"] == THEMSELVES


def test_a_file_is_read_as_it_looks_and_that_is_said(tmp_path):
    fit_mixed(tmp_path)
    (tmp_path / "new.csv").write_text(csv_text(NEW).replace(",", ";"))
    found = report(tmp_path, str(tmp_path / "new.csv"))
    assert found.subject.rows == 25
    assert any("delimiter" in notice for notice in found.notices)
    assert "training" not in found.absent


def test_settings_are_of_the_file_alone(tmp_path):
    fit_mixed(tmp_path)
    (tmp_path / "new.csv").write_text(csv_text(NEW).replace(",", ";"))
    found = report(tmp_path, str(tmp_path / "new.csv"), settings=("data.delimiter=;",))
    assert found.subject.rows == 25
    assert "training" not in found.absent
    with pytest.raises(SpecError, match="--set: says how a file of rows is written, and the spec names none"):
        report(tmp_path, settings=("data.delimiter=;",))


def test_a_file_without_the_target_is_an_error_that_says_what_needs_none(tmp_path):
    fit_mixed(tmp_path)
    path = write_new(tmp_path, rows=[{"size": "1", "colour": "red", "fresh": "no"}])
    with pytest.raises(DataError, match="to predict it, which needs no target: mlptrain predict MODEL"):
        report(tmp_path, path)


def test_labels_are_of_images_that_are_named(tmp_path):
    fit_mixed(tmp_path)
    with pytest.raises(SpecError, match="--labels: give the images, too: --data IMAGES"):
        report(tmp_path, labels="labels")
    with pytest.raises(SpecError, match="--labels: the model was trained on a table"):
        report(tmp_path, write_new(tmp_path), labels="labels")


def test_images_come_with_labels(tmp_path):
    fit_images(tmp_path, epochs=1).save(tmp_path / "m.npz")
    images, labels = str(tmp_path / "test.images"), str(tmp_path / "test.labels")
    for data, named, name in ((None, None, "test rows"), (images, labels, "the rows of test.images")):
        found = report_files(str(tmp_path / "m.npz"), data, ReportOptions(labels=named))
        assert (found.subject.rows_name, found.subject.rows) == (name, 40)
    with pytest.raises(SpecError, match="--labels is missing"):
        report_files(str(tmp_path / "m.npz"), images)


# where there are none


def describe_absence(found):
    """Why there are no rows; all parts that need them say the same."""
    assert found.subject.rows is None
    (why,) = {found.absent[name] for name in ("quality", "weak_rows", "importance", "effects")}
    assert found.course.networks
    assert why.endswith("; give --data")
    assert "give DATA" not in why
    assert "/" not in why
    return why


def test_rows_of_another_training_file_are_no_test_rows(tmp_path):
    fit_mixed(tmp_path, data={"split": {"test": 0.3}})
    (tmp_path / "mixed.csv").write_text(csv_text(ROWS[:50]))
    assert "it has changed since the model was trained" in describe_absence(report(tmp_path))


def test_a_training_file_that_has_changed_was_seen_for_the_most_part(tmp_path):
    fit_mixed(tmp_path, data={"split": {"validation": 0.3}})
    (tmp_path / "mixed.csv").write_text(csv_text(ROWS[:50]))
    found = report(tmp_path)
    assert (found.subject.rows_name, found.subject.rows) == ("training rows", 50)
    assert found.subject.seen.endswith("which has changed since: most rows were seen")


@pytest.mark.parametrize(
    ("data", "key"),
    [({"test": "new.csv"}, "data.test: "), ({"split": {"validation": "new.csv"}}, "data.split.validation: "), ({}, "")],
    ids=["test", "validation", "training"],
)
def test_files_that_are_not_there_are_named(tmp_path, data, key):
    write_new(tmp_path)
    fit_mixed(tmp_path, data=data)
    for name in ("new.csv", "mixed.csv"):
        (tmp_path / name).unlink()
    why = describe_absence(report(tmp_path))
    assert why.startswith(key)
    assert "new.csv" in why if key else "mixed.csv" in why


@pytest.mark.parametrize("split", [{"validation": 0.2}, {"validation": 0.2, "test": 0.2}, {"folds": 2}], ids=str)
def test_rows_that_were_in_memory_are_gone(tmp_path, split):
    columns = {"x": list(np.arange(40.0)), "y": ["a", "b"] * 20}
    spec = {"data": {"target": "y", "split": split}, "training": {"epochs": 1, "batch_size": 8}}
    mlptrain.fit(spec, columns).model.save(tmp_path / "mixed.npz")
    assert describe_absence(report(tmp_path)) == "the model was trained on rows in memory; give --data"


# targets of numbers


def test_every_target_of_a_quantile_has_its_coverage(tmp_path):
    write_new(tmp_path)
    fit_mixed(tmp_path, data={"target": ["price", "count"], "test": "new.csv"}, loss={"name": "quantile", "level": 0.9})
    found = report(tmp_path)
    assert [each.target for each in found.quality.residuals] == ["price", "count"]
    for place, each in enumerate(found.quality.residuals):
        assert each.coverage.observed == pytest.approx(np.mean([said >= true for true, said in each.points]))
        assert float(found.weak_rows.worst[0].truth.split(", ")[place]) in [true for true, _ in each.points]
