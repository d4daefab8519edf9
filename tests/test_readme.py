"""What the README says is so: its commands are CI's, its examples run, its lists are whole, the reference is fresh."""

import re
import sys
from pathlib import Path

import pytest

import mlptrain
from mlptrain.__main__ import main
from mlptrain.spec.file import load_spec
from mlptrain.spec.reference import reference

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def fenced(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


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
    listed = set(re.findall(r"`configs/([^`]+\.yaml)`", README))
    assert listed == {path.name for path in (ROOT / "configs").glob("*.yaml")}


def test_the_yaml_of_the_readme_is_a_spec():
    whole, *parts = fenced("yaml")
    spec, notices = load_spec("README.md", (), whole)
    assert spec.data.target == "survived"
    assert not notices
    for part in parts:
        needed = [f"{key}={value}" for key, value in (("data.train", "a.csv"), ("data.target", "y"))]
        _, notices = load_spec("README.md", needed, part)
        assert not notices


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch):
    (code,) = fenced("python")
    monkeypatch.chdir(tmp_path)
    for name in ("configs", "datasets"):
        (tmp_path / name).symlink_to(ROOT / name)
    last = code.strip().splitlines()[-1]
    names: dict[str, object] = {}
    exec(code.replace(last, f"predicted = {last}"), names)
    assert names["predicted"] == {"species": ["setosa"]}
    assert names["mlptrain"] is mlptrain


@pytest.mark.parametrize("arguments", re.findall(r"^\$ mlptrain (fit [^\n]+)", README, re.MULTILINE))
def test_the_transcript_runs(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["mlptrain", *arguments.split(), "--out", str(tmp_path / "model.npz")])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    said = capsys.readouterr().err
    assert re.search(r"120 training rows, 30 validation rows, 131 parameters, 200 epochs", said)


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_reference_is_what_the_code_says():
    assert (ROOT / "docs" / "spec.md").read_text(encoding="utf-8") == reference()
