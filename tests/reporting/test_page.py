"""Pages: no text of a user changes what they are made of, and they keep what they promise to a browser and a reader."""

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise
from shutil import which
from subprocess import run
from zlib import crc32

import pytest

from mlptrain.reporting.heat_map import DARKEST
from mlptrain.reporting.page import write_page
from mlptrain.reporting.page_columns import MOST_COLUMNS, describe_columns
from tests.support.html import Reader, count_elements
from tests.support.patience import PATIENCE
from tests.support.reports import make_report
from tests.support.strings import DANGEROUS, HOSTILE

KINDS = {"two classes": 2, "three classes": 3, "numbers": 0}
EXPECTED_FLAWS = ["comment ' mlptrain report '", "declaration 'doctype html'"]


def make_enemy(start: int):
    """A namer that gives each tame name a tag and a hostile text before it, from a place in the list on."""
    return lambda tame: "<i>" + HOSTILE[(start + crc32(tame.encode())) % len(HOSTILE)] + tame


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS)
def page(request):
    return write_page(make_report(classes=request.param))


def find_values(page, name):
    """The values of an attribute."""
    return re.findall(rf'\s{name}="([^"]*)"', page)


@pytest.mark.parametrize("classes", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("start", range(0, 12, 3))
def test_names_change_no_element_and_no_attribute(classes, start):
    hostile = write_page(make_report(make_enemy(start * 29), classes=classes))
    assert count_elements(hostile) == count_elements(write_page(make_report(classes=classes)))
    assert DANGEROUS.search(hostile) is None


def test_a_name_of_ten_thousand_letters_is_cut_everywhere():
    tame = len(write_page(make_report()))
    page = write_page(make_report(lambda name: name + "x" * 10_000))
    assert len(page) < tame + 300_000
    assert not re.search(r"<(p|li)\b[^>]*>[^<]*x{80}", page)


def test_a_page_is_well_formed(page):
    assert Reader(page).flaws[::-1] == EXPECTED_FLAWS


def test_each_id_is_there_once_and_each_reference_resolves(page):
    ids = find_values(page, "id")
    assert len(ids) == len(set(ids))
    named = [each for value in find_values(page, "aria-labelledby") for each in value.split()]
    links = [value.removeprefix("#") for value in find_values(page, "href")]
    assert len(named) > 40
    assert {*named, *links, *find_values(page, "for")} <= set(ids)
    assert all(value.startswith("#") for value in find_values(page, "href"))


def test_the_policy_allows_the_style_of_the_page_and_nothing_else(page):
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'" in page
    assert not re.search(r"<script|\sstyle=|\son\w+=|url\(|@import|src=", page)
    assert page.count("http") == page.count("http-equiv") == 1


def test_the_template_trusts_one_text():
    template = files("mlptrain.reporting").joinpath("page.j2").read_text(encoding="utf-8")
    assert template.count("safe") == template.count("style|safe") == 1
    assert "autoescape" not in template


def test_every_class_has_a_rule_and_no_drawing_a_colour(page):
    style, body = page.partition("</style>")[::2]
    used = {name for value in find_values(body, "class") for name in value.split()}
    assert used <= set(re.findall(r"\.([a-z]\w*)", style))
    assert not re.search(r'\s(fill|stroke|color)="|#[0-9a-f]{3}', re.sub('href="#[^"]*"', "", body))


def test_letters_stand_on_nothing_darker_than_half(page):
    assert all(float(value) <= 0.55 for value in find_values(page, "fill-opacity"))


def test_headings_skip_no_level_and_cells_are_named(page):
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.count("<th ") == page.count("<th scope=")
    assert page.count("<th>") == 0


def test_every_drawing_is_named_and_described(page):
    assert page.count("<svg ") == page.count('role="img" aria-labelledby=') == page.count("<desc ")
    assert not re.search(r"<(title|desc) [^>]*></", page)


def test_the_same_facts_give_the_same_page():
    assert write_page(make_report()) == write_page(make_report())


@pytest.mark.parametrize("part", ["quality", "weak_rows", "importance", "effects"])
def test_a_part_that_is_not_there_says_why(part):
    report = replace(make_report(), **{part: None}, absent={part: "there are no rows for it"})
    assert "There are no rows for it." in write_page(report)


def test_a_model_alone_has_a_page():
    report = make_report()
    bare = replace(
        report,
        subject=replace(report.subject, rows=None, rows_name=""),
        findings=(),
        quality=None,
        weak_rows=None,
        importance=None,
        effects=None,
        layers=(),
        columns=(),
        absent=dict.fromkeys(("quality", "weak_rows", "importance", "effects"), "give --data"),
    )
    page = write_page(bare)
    assert page.count("Give --data.") == 3
    assert "Nothing stands out" in page


def test_large_tables_and_many_classes_stay_small():
    page = write_page(make_report(classes=60, columns=2000, networks=12, rows=100_000))
    assert len(page.encode()) < 2_000_000
    assert f"{2000 - 1 - MOST_COLUMNS:,} more columns are not shown" in page
    assert "The 20 pairs of classes that are confused most" in page
    assert "The 20 most important of 2,000 columns" in page
    assert 'class="heat"' not in page


def test_the_confusion_is_drawn_up_to_thirty_classes():
    page = write_page(make_report(classes=30))
    assert page.count('class="heat"') == 900
    assert len(page.encode()) < 400_000


@pytest.mark.parametrize(
    ("classes", "said"), [(2, "AUC of class 1: "), (3, "AUC of each class"), (30, "AUC of the 6 largest of 30 classes")]
)
def test_curves_say_of_which_classes_they_are(classes, said):
    assert f'<p class="quiet">{said}' in write_page(make_report(classes=classes))


def test_beside_a_wide_confusion_are_the_pairs_that_are_confused_most():
    assert "The 10 pairs of classes that are confused most" in write_page(make_report(classes=30))
    assert "confused most" not in write_page(make_report(classes=3))


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_many_numbers_and_dates_are_lines_and_all_else_is_bars(classes):
    page = write_page(make_report(classes=classes))
    effects = re.findall(r"<title [^>]*>Effect of column (\d)</title>(.*?)</svg>", page, re.DOTALL)
    assert {name for name, marks in effects if 'class="line' in marks} == {"0", "3"}
    assert {name for name, marks in effects if 'class="bar' in marks} == {"1", "2"}
    assert all((">missing<" in marks) == (name in "03") for name, marks in effects)


def test_what_is_counted_agrees_with_its_verb():
    used = [each for each in make_report(classes=2).columns if each.inputs]
    said = [describe_columns(used[:k], used[:j]) for k, j in ((1, 0), (1, 1), (2, 2))]
    assert [" column becomes " in each for each in said] == [True, True, False]
    assert ["; 1 is not used" in each for each in said] == [False, True, False]
    assert " columns become " in said[2]
    assert said[2].endswith("; 2 are not used.")


def test_axes_have_no_exponents_where_a_unit_says_it():
    page = write_page(make_report(classes=0, rows=1500))
    ticks = re.findall(r'<text [^>]*text-anchor="(?:middle|end)">([-\d.]+[kMGTe]?[-\d]*)</text>', page)
    assert any(text.endswith("k") for text in ticks)
    assert not [text for text in ticks if "e" in text]


def test_thousands_of_points_are_one_path_of_at_most_1500():
    page = write_page(make_report(classes=0, rows=100_000))
    points = [data for data in find_values(page, "d") if data.count("h0") > 100]
    assert [data.count("h0") for data in points] == [1500]


@pytest.mark.integration
@pytest.mark.skipif(not which("chromium"), reason="needs Chromium: apt-get install chromium")
def test_a_browser_has_nothing_to_complain_of(page, tmp_path):
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0", "--dump-dom"]
    command = ["chromium", *options, f"--user-data-dir={tmp_path}", f"file://{tmp_path}/page.html"]
    ended = run(command, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=True)
    assert "CONSOLE" not in ended.stderr
    assert ended.stdout.count("<svg ") == page.count("<svg ")


def read_palette(scheme):
    """The colours of the style, by name, in light or dark."""
    style = files("mlptrain.reporting").joinpath("page.css").read_text(encoding="utf-8")
    pairs = re.findall(r"--(\w+): light-dark\((#\w{6}), (#\w{6})\)", style)
    return {name: [int(pair[scheme][k : k + 2], 16) / 255 for k in (1, 3, 5)] for name, *pair in pairs}


def measure_contrast(one, other):
    """(L₁ + 0.05) / (L₂ + 0.05), L the relative luminance of sRGB (WCAG 2.2)."""
    weights = (0.2126, 0.7152, 0.0722)
    lights = [
        sum(
            w * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
            for w, c in zip(weights, colour, strict=True)
        )
        for colour in (one, other)
    ]
    return (max(lights) + 0.05) / (min(lights) + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_letters_and_lines_stand_out_from_their_ground(scheme):
    colours = read_palette(scheme)
    full = [DARKEST * s + (1 - DARKEST) * g for s, g in zip(colours["s1"], colours["ground"], strict=True)]
    grounds = (colours["ground"], colours["raised"])
    letters = [measure_contrast(colours[name], ground) for name in ("ink", "quiet", "link") for ground in grounds]
    assert min(*letters, measure_contrast(colours["ink"], full)) >= 4.5
    lines = [
        measure_contrast(colours[name], colours["ground"]) for name in ("s1", "s2", "s3", "s4", "s5", "s6", "warn")
    ]
    assert min(lines) >= 3
