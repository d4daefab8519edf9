"""The page of several models: its head, and each one's own report behind a click."""

from dataclasses import replace
from zlib import crc32

import pytest

from mlptrain.reporting.page import write_page
from tests.reporting.test_page import EXPECTED_FLAWS, find_values
from tests.support.comparisons import make_comparison
from tests.support.html import Reader, count_elements
from tests.support.strings import DANGEROUS, HOSTILE


@pytest.fixture(scope="module", params=[3, 0], ids=["classes", "numbers"])
def page(request):
    return write_page(make_comparison(classes=request.param))


@pytest.mark.parametrize("start", [0, 200])
def test_names_change_no_element_and_no_attribute(start):
    enemy = write_page(make_comparison(lambda tame: HOSTILE[(start + crc32(tame.encode())) % len(HOSTILE)] + tame))
    assert count_elements(enemy) == count_elements(write_page(make_comparison()))
    assert DANGEROUS.search(enemy) is None


def test_the_page_is_well_formed_and_its_links_lead_somewhere(page):
    assert Reader(page).flaws[::-1] == EXPECTED_FLAWS
    ids = find_values(page, "id")
    assert len(ids) == len(set(ids))
    named = [each for value in find_values(page, "aria-labelledby") for each in value.split()]
    assert {*named, *(value.removeprefix("#") for value in find_values(page, "href"))} <= set(ids)
    assert page.count("http") == page.count("http-equiv") == 1


def test_each_model_has_a_section_and_its_report_is_folded(page):
    for number in (1, 2):
        section = page.partition(f'<section id="model-{number}"')[2].partition("</section>")[0]
        folded = section.partition("<summary>The whole report of model")[2]
        assert folded.count('<h3 class="part">') == 7


def test_the_verdict_and_all_differences_are_there():
    compared = make_comparison(models=4)
    page = write_page(compared)
    assert "Model 0 is better." in page
    differences = page.partition("Paired differences")[2].partition("</table>")[0]
    assert differences.count("0.01000") == 3
    assert "Not all models predict the same class for 20 of 300 rows (6.7%)." in page


def test_the_worst_of_each_model_comes_first_and_muted_ones_are_counted():
    compared = make_comparison(models=2)
    reports = (replace(compared.reports[0], muted=("R03",)), replace(compared.reports[1], muted=("R03", "R09")))
    page = write_page(replace(compared, reports=reports))
    listed = page.partition('<ol class="findings">')[2].partition("</ol>")[0]
    order = [listed.index(f"model {k}: {title}") for title in ("Weak slice", "Overfitting") for k in (0, 1)]
    assert order == sorted(order)
    assert "2 findings are muted: R03, R09." in page


def test_models_of_the_same_spec_say_so():
    compared = make_comparison()
    assert "The specs are the same." in write_page(
        replace(compared, comparison=replace(compared.comparison, settings=()))
    )


def test_ten_models_stay_small():
    assert len(write_page(make_comparison(models=10)).encode()) < 2_000_000
