"""The picture of the curves of a fit: XML that stands alone, the same for the same fit, never in a stranger's place."""

import re
from dataclasses import replace
from importlib.resources import files
from xml.etree import ElementTree

import pytest

from mlptrain.commands.fit import FitResult
from mlptrain.errors import EnvironmentFailure, SpecError
from mlptrain.model.watched import Watched
from mlptrain.reporting.curve_file import BEGINNING, COLOURS, publish_curves, require_free_picture, write_curves
from mlptrain.reporting.text import escape_text
from tests.support.command import mlptrain, write_iris
from tests.support.flows import fit_mixed
from tests.support.strings import HOSTILE, SURROGATES

WATCHED = Watched(name=None, metric="auc", values=(None,), calibrated=False, scaled=False, transformed=False)
HISTORY = {"epoch": [1.0, 2.0], "train_loss": [2.0, 1.0]}
SVG = "{http://www.w3.org/2000/svg}"
FITS = {
    "losses": {"data": {"split": {"validation": 0.25}}},
    "a metric": {"data": {"split": {"validation": 0.25}}, "training": {"epochs": 4, "monitor": "auc"}},
    "no validation": {},
    "one epoch": {"training": {"epochs": 1}},
    "folds": {"data": {"split": {"folds": 2}}},
    "many trainings": {"data": {"split": {"folds": 2, "repeats": 4}}, "training": {"epochs": 3, "monitor": "auc"}},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """How each of the fits ended."""
    return {name: fit_mixed(tmp_path_factory.mktemp("fit"), **sections) for name, sections in FITS.items()}


def read_elements(picture):
    return list(ElementTree.fromstring(picture).iter())


@pytest.mark.parametrize("name", FITS)
def test_a_picture_stands_alone(results, name):
    picture = write_curves(results[name], title="mixed.yaml")
    assert picture.encode().startswith(BEGINNING)
    elements = read_elements(picture)
    assert {each.tag.removeprefix(SVG) for each in elements} <= {
        *("svg", "title", "desc", "style", "rect", "g", "path", "text"),
    }
    rest = picture.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|url\(|@import|@font-face|\sstyle=|\son\w+=", rest)
    ids = [each.get("id") for each in elements if each.get("id")]
    assert elements[0].get("aria-labelledby").split() == ids == ["title", "about"]


@pytest.mark.parametrize("name", FITS)
def test_every_class_has_its_form(results, name):
    picture = write_curves(results[name], title="mixed.yaml")
    style = picture.partition("<style>")[2].partition("</style>")[0]
    used = {css for each in read_elements(picture) for css in (each.get("class") or "").split()}
    assert used <= set(re.findall(r"\.([a-z]\w*)", style))


def test_all_that_has_a_colour_has_one_on_white_and_one_on_dark(results):
    style = write_curves(results["losses"], title="").partition("<style>")[2].partition("</style>")[0]
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    for names, (_, on_white, on_dark) in COLOURS.items():
        assert f"{names} {{" in light
        assert f"{names} {{" in dark
        assert on_white in light
        assert on_dark in dark


def test_the_colours_are_those_of_the_page_of_a_report():
    page = files("mlptrain.reporting").joinpath("page.css").read_text(encoding="utf-8")
    pairs = dict(re.findall(r"--(\w+): light-dark\((#\w+, #\w+)\)", page))
    own = {".ground": "ground", "text": "ink", ".axis, .rule": "quiet", ".grid": "grid"}
    assert {names: ", ".join(pair) for names, (_, *pair) in COLOURS.items()} == {
        names: pairs[own.get(names, names[1:])] for names in COLOURS
    }


@pytest.mark.parametrize("name", FITS)
def test_a_picture_has_the_curves_of_the_fit(results, name):
    picture, result = write_curves(results[name], title="mixed.yaml"), results[name]
    drawn = [each for each in read_elements(picture) if "line" in (each.get("class") or "").split()]
    count = {"losses": 2, "a metric": 3, "no validation": 1, "one epoch": 0, "folds": 4, "many trainings": 24}[name]
    assert len(drawn) == count * (1 if name == "many trainings" else 2)  # the others have a sample in the legend
    described = next(each.text for each in read_elements(picture) if each.tag == f"{SVG}desc")
    assert described.count(" goes from ") == count
    assert len(re.findall("fold|repeat", described)) >= len(result.names)
    assert ("There is nothing to draw." in described) == (count == 0)


def test_the_same_fit_gives_the_same_bytes(results, tmp_path):
    again = fit_mixed(tmp_path, **FITS["a metric"])
    for name, result in (("one.svg", results["a metric"]), ("two.svg", replace(again, seconds=99.0))):
        publish_curves(result, tmp_path / name, title="mixed.yaml")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


@pytest.mark.parametrize("text", [*HOSTILE, *SURROGATES], ids=lambda text: text.encode("unicode_escape").decode()[:30])
def test_a_title_of_any_text_is_text(text):
    result = FitResult(
        model="",
        reason="epochs",
        epochs=2,
        best_epoch=1,
        metrics={},
        seconds=0.0,
        parameters=1,
        watched=WATCHED,
        positive_class=None,
        histories=(HISTORY,),
    )
    picture = write_curves(result, title=text)
    picture.encode()
    (title,) = [each.text for each in read_elements(picture) if each.tag == f"{SVG}title"]
    assert title == escape_text(f"{text}: 2 epochs").replace("\uffff", r"\uffff")


@pytest.mark.parametrize(
    ("name", "content", "kind", "message"),
    [
        ("curves.png", None, SpecError, "the name of a picture ends with .svg; name it .*curves.svg"),
        ("curves.svg", b"<svg/>", SpecError, "exists and is no picture of mlptrain"),
        ("none/curves.svg", None, EnvironmentFailure, "does not exist"),
    ],
)
def test_what_may_not_be_written_is_told_before_the_training(tmp_path, name, content, kind, message):
    write_iris(tmp_path)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=message):
        require_free_picture(tmp_path / name)
    ended = mlptrain("fit", "iris.yaml", "--svg", name, cwd=tmp_path)
    assert (ended.code, ended.out) == (2 if kind is SpecError else 6, "")
    assert "epoch" not in ended.err
    assert not (tmp_path / "iris.npz").exists()
    assert content is None or (tmp_path / name).read_bytes() == content


def test_the_command_draws_what_it_fits_and_replaces_its_own_picture(tmp_path):
    write_iris(tmp_path)
    (tmp_path / "curves.svg").write_bytes(BEGINNING)
    for _ in range(2):
        assert mlptrain("fit", "iris.yaml", "--svg", "curves.svg", cwd=tmp_path).code == 0
        assert "iris.yaml: 10 epochs" in (tmp_path / "curves.svg").read_text(encoding="utf-8")
    assert not list(tmp_path.glob(".*tmp"))


def test_the_picture_is_no_file_of_another_use(tmp_path):
    write_iris(tmp_path)
    ended = mlptrain("fit", "iris.yaml", "--svg", "a.svg", "--history", "a.svg", cwd=tmp_path)
    assert ended.code == 2
    assert "--svg a.svg: this is where the history goes; choose another name" in ended.err
