"""`model.report`: the facts of the command, from rows in memory."""

import csv
import warnings

import pytest

import mlptrain
from mlptrain.commands.report import ReportOptions, report_files
from mlptrain.errors import SpecError
from tests.support.in_memory import drop_gaps, make_columns, make_spec

COLUMNS = drop_gaps(make_columns())


@pytest.fixture(scope="module", params=["label", "price"])
def model(request):
    return mlptrain.fit(make_spec(request.param), COLUMNS).model


def test_the_facts_are_those_of_the_command(model, tmp_path):
    with (tmp_path / "t.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([COLUMNS, *zip(*COLUMNS.values(), strict=True)])
    model.save(tmp_path / "model.npz")
    filed = report_files(str(tmp_path / "model.npz"), str(tmp_path / "t.csv"), ReportOptions(time_limit="1h"))
    found = model.report(COLUMNS, time_limit="1h")
    assert found.quality == filed.quality
    assert found.importance == filed.importance
    assert (found.findings, found.course) == (filed.findings, filed.course)
    assert [each.loss for each in found.weak_rows.worst] == [each.loss for each in filed.weak_rows.worst]


def test_a_report_is_shown_and_written(model, tmp_path):
    report = model.report(COLUMNS, name="mine", time_limit="1s", mute="R03", keep_rows=False)
    assert report._repr_html_().startswith("<p><b>mine</b></p>")
    assert report.weak_rows.worst == ()
    report.write_html(tmp_path / "a.html")
    report.write_html(str(tmp_path / "a.html"))
    assert "<title>mine: report</title>" in (tmp_path / "a.html").read_text()
    (tmp_path / "b.html").write_text("mine")
    with pytest.raises(SpecError, match="exists and is no report; choose another name"):
        report.write_html(tmp_path / "b.html")


def test_training_rows_are_judged_too(model):
    beside = model.report(COLUMNS, training=COLUMNS, time_limit="1s")
    assert "training" not in beside.absent
    assert {each.code for each in beside.findings}.isdisjoint({"R01", "R08"})
    alone = model.report(COLUMNS, time_limit="1s")
    assert alone.absent == {"training": "the training rows were not given: model.report(data, training=rows)"}


def test_a_model_alone_says_what_is_missing(model):
    report = model.report()
    assert report.quality is None
    assert set(report.absent.values()) == {"no rows were given: model.report(data)"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": 3}, "name: 3 is no name of a model"),
        ({"mute": ["R1"]}, "mute: no finding has the code 'R1'"),
        ({"mute": 3}, "mute: 3 is no code of a finding, and no list of them"),
        ({"mute": [3]}, "mute: no finding has the code 3"),
        ({"labels": [1]}, "labels: the model was trained on a table"),
        ({"time_limit": "soon"}, "time_limit: 'soon' is no duration"),
    ],
)
def test_what_is_wrong_is_named(model, wrong, said):
    with pytest.raises(SpecError, match=said):
        model.report(COLUMNS, **wrong)


def test_odd_cells_are_warnings():
    columns = COLUMNS | {"colour": ["mauve"] * len(COLUMNS["colour"])}
    model = mlptrain.fit(make_spec("price"), COLUMNS).model
    with warnings.catch_warnings(record=True, action="always") as caught:
        model.report(columns, time_limit="1s")
    assert ["values that training did not see" in str(each.message) for each in caught] == [True]
    assert caught[0].filename == __file__
    assert caught[0].message.counts.unseen["colour"] == len(columns["colour"])
