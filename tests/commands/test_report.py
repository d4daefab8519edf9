"""`report`: a model in, one page out; the same facts as JSON."""

import json

import pytest

from tests.support.command import IRIS, mlptrain, write_iris


@pytest.fixture(scope="module")
def iris(tmp_path_factory):
    folder = tmp_path_factory.mktemp("iris")
    write_iris(folder)
    assert mlptrain("fit", "iris.yaml", "-q", cwd=folder).code == 0
    return folder


def test_the_same_model_and_rows_give_the_same_page(iris):
    for name in ("a.html", "b.html"):
        assert mlptrain("report", "iris.npz", "--data", IRIS, "--out", name, cwd=iris) == (0, f"report: {name}\n", "")
    assert (iris / "a.html").read_bytes() == (iris / "b.html").read_bytes()


def test_the_page_needs_nothing_from_elsewhere(iris):
    page = mlptrain("report", "iris.npz", "--data", IRIS, "--out", "-", cwd=iris).out
    assert "<script" not in page
    assert " style=" not in page
    assert page.count("http") == page.count("http-equiv")


def test_the_document_has_all_parts(iris):
    found = json.loads(mlptrain("report", "iris.npz", "--data", IRIS, "--json", cwd=iris).out)
    assert found.keys() == {
        *("subject", "findings", "quality", "weak_rows", "importance", "effects", "course", "layers", "columns"),
        *("reproduction", "absent", "notices"),
    }
    assert found["subject"]["rows"] == 150
    assert found["absent"] == {}


def test_a_file_that_is_no_report_is_not_replaced(iris):
    (iris / "mine.html").write_text("<p>mine</p>")
    ended = mlptrain("report", "iris.npz", "--out", "mine.html", cwd=iris)
    assert (ended.code, ended.err) == (
        2,
        "error: --out mine.html: exists and is no report; choose another name\n",
    )
    assert (iris / "mine.html").read_text() == "<p>mine</p>"


def test_without_the_training_file_the_model_alone_is_told_of(iris, tmp_path):
    (tmp_path / "iris.npz").write_bytes((iris / "iris.npz").read_bytes())
    found = json.loads(mlptrain("report", "iris.npz", "--json", cwd=tmp_path).out)
    assert found["quality"] is None
    assert found["absent"].keys() == {"quality", "weak_rows", "importance", "effects"}
    assert "give --data" in found["absent"]["quality"]
    assert found["course"]["networks"][0]["history"]["epoch"]
