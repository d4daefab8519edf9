"""What the README says is so: its commands are CI's, its figures are measured, its lists are whole."""

import re

import pytest

from mlptrain.spec.file import load_spec
from mlptrain.spec.recipes import list_recipes
from mlptrain.spec.reference import make_reference
from tests.support.pages import (
    PAGES,
    ROOT,
    copy_project,
    find_blocks,
    find_commands,
    missing_lines,
    read_page,
    run_command,
)

README = read_page("README.md")
NAMES_OF_SYSTEMS = {
    "scikit-learn's MLP": "sklearn_mlp",
    "LightGBM": "lightgbm",
    "CatBoost": "catboost",
    "RealMLP-TD-S of pytabkit": "realmlp_td_s",
    "RealMLP-TD of pytabkit": "realmlp_td",
}
"""Systems on our pages, and their names in benchmarks/ACCURACY.md."""


def fenced(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return [block.text for block in find_blocks(README, language)]


def numbers_of(row: str) -> set[str]:
    """The cells of a table's row that are numbers."""
    return {cell.strip(" *") for cell in row.split("|") if re.fullmatch(r"[ *]*\d[\d.]*[ *]*", cell)}


def test_the_readme_is_short_and_has_a_table_of_contents():
    assert len(README.splitlines()) <= 150
    entries = re.findall(r"^\* \[([^\]]+)\]\(#", README, re.MULTILINE)
    assert ["Contents", *entries] == re.findall(r"^## (.+)$", README, re.MULTILINE)


def test_two_commands_do_all_set_up():
    install, test = (block.strip() for block in fenced("sh"))
    assert install.endswith("mlptrain fit configs/xor.yaml")
    assert test.endswith("-m pytest -n 2 --dist loadfile")
    for command in (install, test):
        assert command.startswith("python3 -m venv .venv && .venv/bin/python -m pip install ")
        assert "\n" not in command


def test_ci_runs_the_test_command_as_it_stands_in_the_readme():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    pattern = re.search(r"grep -m1 -F '([^']+)' README.md", script)
    assert pattern
    lines = [line for line in README.splitlines() if pattern[1] in line]
    assert lines[0] == fenced("sh")[1].strip()


def test_every_config_is_listed_and_every_listed_config_is_there():
    listed = set(re.findall(r"`configs/([^`]+\.yaml)`", read_page("configs/README.md")))
    assert listed == {path.name for path in (ROOT / "configs").glob("*.yaml")}


def test_the_yaml_of_the_readme_is_a_whole_spec():
    (whole,) = fenced("yaml")
    spec, notices = load_spec("README.md", (), whole)
    assert spec.data.target == "survived"
    assert not notices


def test_the_transcripts_print_what_they_show(tmp_path):
    project = copy_project(tmp_path)
    for command in find_commands(README):
        ended = run_command(command, project)
        assert not ended.code, (command.line, ended)
        assert not missing_lines(command, ended), (command.line, missing_lines(command, ended), ended)


@pytest.mark.parametrize("ours", ["mlptrain", "mlptrain[fast]"])
def test_the_readme_quotes_the_measured_speed(ours):
    means = re.search(
        rf"\| times {re.escape(ours)} \| PyTorch eager(?:.*\n)+?\| geometric mean \| ([\d.]+)×",
        read_page("benchmarks/RESULTS.md"),
    )
    assert means
    (plain, fast) = re.findall(r"(\d\.\d\d) times", README)
    assert means[1] == {"mlptrain": plain, "mlptrain[fast]": fast}[ours]


@pytest.mark.parametrize("page", ["README.md", "docs/how-to/which-recipe.md"])
def test_a_page_quotes_the_measured_accuracy(page):
    measured = read_page("benchmarks/ACCURACY.md").splitlines()
    rows = re.findall(r"^\| ([^|]+) \|.*\|$", read_page(page), re.MULTILINE)
    assert {f"`{name}`" for name in list_recipes()} <= set(rows)
    for row in read_page(page).splitlines():
        name = row.split("|")[1].strip(" *`") if row.startswith("| ") else ""
        system = NAMES_OF_SYSTEMS.get(name, f"mlptrain {name}")
        lines = [numbers_of(line) for line in measured if line.startswith(f"| {system} |")]
        assert not numbers_of(row) or any(numbers_of(row) <= line for line in lines), row


def test_the_readme_quotes_the_measured_ranks():
    measured = read_page("benchmarks/ACCURACY.md")
    for name, rank in re.findall(r"(CatBoost|scikit-learn's MLP): (\d\.\d\d)", README):
        assert f"| {NAMES_OF_SYSTEMS[name]} | {rank} |" in measured.replace("*", "")


def test_the_reference_is_what_the_code_says():
    assert PAGES["docs/spec.md"].read_text(encoding="utf-8") == make_reference()
