"""The pictures of the README: made by one command from real runs, whole in themselves, as the code is today."""

import re
from xml.etree import ElementTree

import make_pictures
import pytest

import mlptrain
from mlptrain.figures import format_figure
from tests.support.pages import ROOT, read_page

README = read_page("README.md")
NAMED = sorted(set(re.findall(r'(?:src|srcset)="([^"]+)"', README)))
SVG = "{http://www.w3.org/2000/svg}"
LARGEST = 60_000
NUMBER = r"\d[\d:.,]*(?:e-\d+)?[kM]?"


def read_texts(svg):
    """The texts of a picture, which must be XML."""
    return [each.text or "" for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def mask(text):
    """A text without numbers and the height of curves, which differ between machines."""
    return re.sub(rf"{NUMBER}|[▁▂▃▄▅▆▇█]+", "#", text).replace("\xa0", "")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The pictures of a small fit."""
    folder = tmp_path_factory.mktemp("pictures")
    make_pictures.make_fit_pictures(folder, "configs/iris.yaml", epoch=3)
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_the_readme_shows_the_pictures_that_are_there():
    files = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "pictures").iterdir())
    assert files == NAMED
    assert README.count("<picture>") == README.count(' alt="') == README.count("prefers-color-scheme: dark")


@pytest.mark.parametrize("name", NAMED)
def test_a_picture_is_small_and_needs_nothing_from_elsewhere(name):
    content = (ROOT / name).read_text(encoding="utf-8")
    assert len(content.encode()) <= LARGEST
    elements = {each.tag.removeprefix(SVG) for each in ElementTree.fromstring(content).iter()}
    assert elements <= {"svg", "title", "style", "rect", "g", "circle", "text"}
    rest = content.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|url\(|@import|@font-face|<!|\son\w+=", rest)


def test_the_numbers_of_a_picture_are_those_of_the_fit(small):
    history = mlptrain.fit(ROOT / "configs" / "iris.yaml").history
    assert small.keys() == {"fit-light.svg", "fit-dark.svg"}
    for picture in small.values():
        shown = "\n".join(read_texts(picture)).replace("\xa0", " ")
        assert "$ mlptrain fit configs/iris.yaml" in shown
        assert "epoch 4/200" in shown
        for column in ("train_loss", "validation_loss", "validation_metric"):
            assert [format_figure(value) in shown for value in history[column][:3]] == [True] * 3


def test_light_and_dark_differ_by_their_colours_alone(small):
    light, dark = (re.sub(r"fit-(?:light|dark)|#[0-9a-f]{6}|rgb\([\d, ]+\)", "", small[name]) for name in sorted(small))
    assert light == dark


def test_the_pictures_show_what_the_code_shows_today(tmp_path):
    make_pictures.main(["fit", "--out", str(tmp_path)])
    for path in tmp_path.iterdir():
        kept = (ROOT / "docs" / "pictures" / path.name).read_text(encoding="utf-8")
        today = path.read_text(encoding="utf-8")
        assert [*map(mask, read_texts(today))] == [*map(mask, read_texts(kept))]


def test_a_picture_that_is_not_known_is_refused(capsys):
    with pytest.raises(SystemExit):
        make_pictures.main(["nothing"])
    assert "there is no picture nothing; there are fit" in capsys.readouterr().err
