"""The gallery of docs: whole, small, telling nothing of a machine, and laid out as a report is today."""

import csv
import re
from tempfile import gettempdir

import make_gallery
import pytest

from mlptrain.reporting.page import BEGINNING
from tests.support.pages import ROOT, find_links, read_page

FOLDER = ROOT / "docs" / "gallery"
LARGEST = 150_000
NAMES = make_gallery.SPECS


def read_kept(name):
    """A page of the gallery."""
    return (FOLDER / f"{name}.html").read_text(encoding="utf-8")


def outline(name, page):
    """The headings, folds and cards of a page, its style, and the version that wrote it.

    Without what hangs on the last digits of a machine's arithmetic: numbers, and which columns are important.
    """
    with (ROOT / "datasets" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    found = re.findall(r"<(h[1-3]|summary|dt)\b[^>]*>([^<]*)", page)
    headings = [(tag, "a column" if text in columns else re.sub(r"\d[\d,.]*", "#", text)) for tag, text in found]
    return headings, re.findall(r"'sha256-[^']+'|Written by [^<]+", page)


@pytest.fixture(scope="module")
def today(tmp_path_factory):
    """The folder of the gallery, made now."""
    folder = tmp_path_factory.mktemp("gallery")
    make_gallery.main(["--out", str(folder)])
    return folder


def test_the_gallery_is_what_the_command_makes_and_its_page_links_to_each(today):
    made = sorted(path.name for path in today.iterdir())
    assert made == sorted(f"{name}.html" for name in NAMES)
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted([*made, "README.md"])
    assert set(made) <= set(find_links(read_page("docs/gallery/README.md")))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_laid_out_as_a_report_is_today(name, today):
    headings, style = outline(name, read_kept(name))
    assert len(headings) > 30
    assert len(style) == 2
    now = (today / f"{name}.html").read_text(encoding="utf-8")
    assert (headings, style) == outline(name, now), (
        f"docs/gallery/{name}.html is no longer what a report looks like; make it anew: python docs/make_gallery.py"
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_small_and_tells_nothing_of_a_machine(name, today):
    for page in (FOLDER / f"{name}.html", today / f"{name}.html"):
        content = page.read_bytes()
        assert content.startswith(BEGINNING)
        assert len(content) <= LARGEST
        assert not [folder for folder in (ROOT, gettempdir()) if str(folder).encode() in content]


def test_a_page_that_is_not_known_is_refused(capsys):
    with pytest.raises(SystemExit):
        make_gallery.main(["nothing"])
    assert "there is no page nothing; there are breast_cancer" in capsys.readouterr().err
