"""Every cell that the spec of `init` makes missing in a column of its own is said, with its count and an example."""

import datetime as dt

import pytest
import yaml

from tests.support.command import mlptrain

DAYS = [dt.date(2020, 1, 1) + dt.timedelta(days=11 * k) for k in range(60)]
NUMBERS = [k * 37 % 11 + k / 4 for k in range(60)]


def write_numbers(decimal):
    return [f"{number:.2f}".replace(".", decimal) for number in NUMBERS]


COLUMNS = {
    "a day that no month has": ([day.strftime("%d.%m.%Y") for day in DAYS], ["31.02.2020"]),
    "a day that no year has": ([f"{day}" for day in DAYS], ["2020-13-01", "2021-02-29"]),
    "names of months": ([day.strftime("%d %b %Y") for day in DAYS], ["31 Feb 2020"]),
    "hours": ([f"{day} {k % 24:02d}:30" for k, day in enumerate(DAYS)], ["2020-01-01 25:10", "2020-02-30 10:00"]),
    "months": ([f"{day:%Y-%m}" for day in DAYS], ["2020-00"]),
    "words among dates": ([day.strftime("%d.%m.%Y") for day in DAYS], ["offen"]),
    "words among numbers": (write_numbers("."), ["k.A.", "nix"]),
    "points among commas": (write_numbers(","), ["12.50", "1.2.3"]),
    "commas among points": (write_numbers("."), ["12,5"]),
}


@pytest.mark.parametrize(("cells", "odd"), COLUMNS.values(), ids=COLUMNS)
def test_cells_that_are_made_missing_are_counted(tmp_path, cells, odd):
    cells = [*cells]
    for place, text in enumerate([*odd, odd[0]]):
        cells[5 + 9 * place] = text
    rows = [f"{cell};{k % 7};{'pq'[k % 3 > 0]}" for k, cell in enumerate(cells)]
    (tmp_path / "t.csv").write_text("\n".join(["when;count;y", *rows, ""]), encoding="utf-8")
    ended = mlptrain("init", "t.csv", "--target", "y", "--out", "t.yaml", cwd=tmp_path)
    assert ended.code == 0, ended.err
    own = yaml.safe_load((tmp_path / "t.yaml").read_text())["data"]["columns"]["when"]
    assert set(own["missing_values"]) == set(odd)
    (line,) = [line for line in ended.err.splitlines() if line.startswith('note: column "when":')]
    assert "which are taken for missing" in line
    for text in odd:
        assert f"{text!r} ({1 + (text == odd[0])})" in line
    checked = mlptrain("check", "t.yaml", cwd=tmp_path)
    assert checked.code == 0, checked.err
    comment = next(line for line in (tmp_path / "t.yaml").read_text().splitlines() if line.startswith("    when:"))
    assert f"{len(odd) + 1} missing" in comment
