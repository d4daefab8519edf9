"""The pictures of the README: made by one command from real runs, whole in themselves, as the code is today."""

import re
from shutil import which
from xml.etree import ElementTree

import make_pictures
import pytest

import mlptrain
from mlptrain.figures import format_figure
from tests.support.pages import ROOT, read_page

README = read_page("README.md")
NAMED = sorted(set(re.findall(r'(?:src|srcset)="([^"]+)"', README)))
DRAWINGS = [name for name in NAMED if name.endswith(".svg")]
PHOTOGRAPHS = [name for name in NAMED if name.endswith(".webp")]
SVG = "{http://www.w3.org/2000/svg}"
LARGEST = 60_000
LARGEST_PHOTOGRAPH = 120_000
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
    assert files == sorted([*DRAWINGS, *PHOTOGRAPHS]) == NAMED
    assert README.count("<picture>") == README.count(' alt="') == README.count("prefers-color-scheme: dark")


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_small_and_needs_nothing_from_elsewhere(name):
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
    assert "there is no picture nothing; there are fit, report" in capsys.readouterr().err


def read_chunks(webp):
    """The chunks of a WebP file by their names; their lengths must add up."""
    assert (webp[:4], webp[8:12]) == (b"RIFF", b"WEBP")
    assert int.from_bytes(webp[4:8], "little") == len(webp) - 8
    chunks, place = {}, 12
    while place < len(webp):
        length = int.from_bytes(webp[place + 4 : place + 8], "little")
        chunks[webp[place : place + 4]] = webp[place + 8 : place + 8 + length]
        place += 8 + length + length % 2
    assert place == len(webp)
    return chunks


def read_size(chunks):
    """Width and height, which the head of a WebP file has less 1, in three bytes each."""
    head = chunks[b"VP8X"]
    return tuple(int.from_bytes(head[k : k + 3], "little") + 1 for k in (4, 7))


def read_gallery():
    """The page of the gallery that is in the pictures."""
    return (ROOT / "docs" / "gallery" / "breast_cancer.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_the_picture_of_a_page_is_small_and_of_the_page_in_the_gallery(name):
    picture = (ROOT / name).read_bytes()
    chunks = read_chunks(picture)
    assert len(picture) <= LARGEST_PHOTOGRAPH
    assert read_size(chunks) == make_pictures.WINDOW
    assert chunks[b"PAGE"] == make_pictures.digest_top(read_gallery()), (
        f"{name} is of another page than is in the gallery; make it anew: python docs/make_pictures.py report"
    )


def test_a_picture_of_a_page_hangs_on_its_style_and_its_top_alone():
    page = read_gallery()
    top = make_pictures.digest_top(page)
    for text, is_shown in (("--ground:", True), ("How good it is</h2>", True), ("Make it again</h2>", False)):
        changed = page.replace(text, "something else")
        assert changed != page
        assert (make_pictures.digest_top(changed) != top) == is_shown


def test_without_a_browser_one_sentence_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(make_pictures, "which", lambda name: None)
    with pytest.raises(SystemExit, match="none of chromium, chromium-browser, google-chrome: install Chromium"):
        make_pictures.main(["report", "--out", str(tmp_path)])
    assert not [*tmp_path.iterdir()]


@pytest.mark.skipif(not which("false"), reason="needs a program that fails: false, of POSIX")
def test_a_browser_that_fails_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(make_pictures, "BROWSERS", ("false",))
    with pytest.raises(SystemExit, match=r"false took no picture of .*breast_cancer.html \(exit code 1\)"):
        make_pictures.main(["report", "--out", str(tmp_path)])
    assert not [*tmp_path.iterdir()]


@pytest.mark.integration
@pytest.mark.skipif(not any(map(which, make_pictures.BROWSERS)), reason="needs Chromium: apt-get install chromium")
def test_a_browser_takes_a_light_and_a_dark_picture(tmp_path):
    make_pictures.main(["report", "--out", str(tmp_path)])
    light, dark = (read_chunks((tmp_path / f"report-{name}.webp").read_bytes()) for name in ("light", "dark"))
    assert read_size(light) == read_size(dark) == make_pictures.WINDOW
    assert light[b"PAGE"] == dark[b"PAGE"]
    assert light[b"VP8 "] != dark[b"VP8 "]
