"""A target whose name in the file has blanks around it, which may be none that can be typed."""

import pytest
import yaml

from tests.support.command import mlptrain

ROWS = "".join(f"{row},{row * 7 % 10},{'uv'[row % 2]}\n" for row in range(30))


@pytest.mark.parametrize("name", ["y\xa0", "y ", " y", "y\u200b"])
def test_init_takes_the_only_column_that_differs_by_blanks_and_says_so(tmp_path, name):
    (tmp_path / "t.csv").write_text(f"a,b,{name}\n{ROWS}", encoding="utf-8")
    ended = mlptrain("init", "t.csv", "--target", "y", "--out", "s.yaml", cwd=tmp_path)
    assert ended.code == 0
    assert f"the target is the column {name!r}, whose name has a" in ended.err
    assert yaml.safe_load((tmp_path / "s.yaml").read_text(encoding="utf-8"))["data"]["target"] == name
    assert mlptrain("check", "s.yaml", cwd=tmp_path).code == 0


def test_of_two_such_columns_none_is_taken(tmp_path):
    (tmp_path / "t.csv").write_text(f"y ,b,y\xa0\n{ROWS}", encoding="utf-8")
    ended = mlptrain("init", "t.csv", "--target", "y", "--out", "s.yaml", cwd=tmp_path)
    assert (ended.code, "column 'y' is missing" in ended.err) == (3, True)
    assert not (tmp_path / "s.yaml").exists()


@pytest.mark.parametrize("command", ["fit", "check"])
def test_an_unknown_name_in_columns_is_told_with_its_line(tmp_path, command):
    (tmp_path / "t.csv").write_text(f"a,b,y\n{ROWS}")
    data = "data:\n  train: t.csv\n  target: y\n  columns:\n    a: number\n    {}: ignore\n"
    (tmp_path / "s.yaml").write_text(data.format("nosuch"))
    ended = mlptrain(command, "s.yaml", cwd=tmp_path)
    assert ended.code == 3
    assert ended.err.startswith("error: s.yaml:6: data.columns.nosuch: t.csv:1: column 'nosuch' is missing")
    (tmp_path / "s.yaml").write_text(data.format("b"))
    ended = mlptrain(command, "s.yaml", "--set", "data.columns.foo=ignore", cwd=tmp_path)
    assert ended.err.startswith("error: --set data.columns.foo: t.csv:1: column 'foo' is missing")
