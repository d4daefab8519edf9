"""What names the rows is left out with a note, or used with one where the spec says so."""

import pytest

import mlptrain as package
from tests.support.catalogue import MODEL, TRAINING
from tests.support.command import mlptrain

COUNT = 60
ROWS = [(f"{k * 37 % 11}.{k % 7}", "pq"[k % 2], ("yes", "no")[k % 3 > 0]) for k in range(COUNT)]
NUMBERS = {
    "running": [k + 1 for k in range(COUNT)],
    "in another order": [1000 + k * 37 % COUNT for k in range(COUNT)],
    "with gaps": [k * k * 7 + 13 for k in range(COUNT)],
}
SPEC = "data: {{train: {}, target: y{}}}\nmodel: {{{}}}\ntraining: {{{}}}\n"


def write_spec(path, train, said=""):
    path.write_text(SPEC.format(train, said, MODEL, TRAINING), encoding="utf-8")


@pytest.mark.parametrize("command", ["fit", "check"])
@pytest.mark.parametrize("numbers", NUMBERS.values(), ids=NUMBERS)
def test_numbers_that_name_the_rows_are_noted_though_the_spec_declares_them(tmp_path, numbers, command):
    lines = ["who,x,c,y", *(f"{number},{','.join(row)}" for number, row in zip(numbers, ROWS, strict=True)), ""]
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    write_spec(tmp_path / "m.yaml", "t.csv", ", columns: {who: number}")
    ended = mlptrain(command, "m.yaml", cwd=tmp_path)
    assert ended.code == 0, ended.err
    said = " ".join((ended.out + ended.err).split())
    assert said.count("probably an identifier; to leave it out, set data.columns: {who: ignore}") == 1
    write_spec(tmp_path / "m.yaml", "t.csv", ", columns: {who: number, x: ignore, c: ignore}")
    assert "identifier" not in mlptrain(command, "m.yaml", cwd=tmp_path).err  # there is nothing else to learn from


def test_numbers_that_name_the_rows_are_noted_in_memory_too(recwarn):
    columns = {name: list(cells) for name, cells in zip("xcy", zip(*ROWS, strict=True), strict=True)}
    spec = {"data": {"target": "y", "columns": {"who": "number"}}, "model": {"hidden": [2]}, "training": {"epochs": 1}}
    package.fit(spec, {"who": NUMBERS["with gaps"], **columns})
    assert sum("probably an identifier" in str(each.message) for each in recwarn) == 1


NAMES = {
    "numbers": [str(k + 1) for k in range(COUNT)],
    "numbers in another order": [str(k * 37 % COUNT) for k in range(COUNT)],
    "texts": [f"Row {k}" for k in range(COUNT)],
}
WAYS = {
    "commas": (",", '"', ()),
    "semicolons": (";", '"', ()),
    "tabs": ("\t", "", ()),
    "blanks": (" ", '"', ()),
    "commas, an empty name": (",", '"', ("",)),
    "tabs, an empty name": ("\t", "", ("",)),
}


def write_as_r(names, delimiter, quote, above):
    """A table as R writes it: the names of the rows stand under no name (write.table) or an empty one (write.csv)."""
    lines = [delimiter.join(f"{quote}{name}{quote}" for name in (*above, *"xcy"))]
    for name, (number, *texts) in zip(names, ROWS, strict=True):
        quoted = [f"{quote}{text}{quote}" for text in (name, *texts)]
        lines.append(delimiter.join([quoted[0], number, *quoted[1:]]))
    return "\n".join([*lines, ""])


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_names_of_rows_under_no_name_are_left_out_with_a_note(tmp_path, names, way):
    """The columns are those of the table without them, whoever reads it."""
    (tmp_path / "r.csv").write_text(write_as_r(names, *way), encoding="utf-8")
    (tmp_path / "t.csv").write_text("".join(",".join(row) + "\n" for row in (tuple("xcy"), *ROWS)), encoding="utf-8")
    said = "" if way[0] in ",\t" else f', delimiter: "{way[0]}"'
    write_spec(tmp_path / "r.yaml", "r.csv", said)
    write_spec(tmp_path / "t.yaml", "t.csv")
    found = {name: mlptrain("fit", f"{name}.yaml", "--json", cwd=tmp_path) for name in "rt"}
    assert found["r"].code == 0, found["r"].err
    assert ("r.csv: rows have one cell more than there are names" in found["r"].err) == (way[2] == ())
    assert 'column "Unnamed: 0" is left out: the row n' in found["r"].err
    for name in "rt":
        assert (
            mlptrain("predict", f"{name}.npz", "r.csv", cwd=tmp_path).out
            == mlptrain("predict", f"{name}.npz", "t.csv", cwd=tmp_path).out
        )
    started = mlptrain("init", "r.csv", "--target", "y", "--out", "r2.yaml", cwd=tmp_path)
    assert started.code == 0, started.err
    assert mlptrain("check", "r2.yaml", cwd=tmp_path).code == 0


def test_blanks_between_quoted_names_are_called_so(tmp_path):
    (tmp_path / "r.csv").write_text(write_as_r(NAMES["texts"], *WAYS["blanks"]), encoding="utf-8")
    write_spec(tmp_path / "r.yaml", "r.csv")
    ended = mlptrain("fit", "r.yaml", cwd=tmp_path)
    assert ended.code == 3
    assert 'r.csv:1: blanks divide the quoted names; if they divide the columns, set data.delimiter: " "' in ended.err


NO_NAMES = {
    "delimiters at the ends of lines": ["x,c", "1,p,", "2,q,", "3,p,"],
    "a title": ["sales,march", "x,c,y", "1,p,a", "2,q,b", "3,p,a"],
    "the same twice": ["x,c", "1,2,p", "1,3,q", "2,4,q"],
    "a gap": ["x,c", "a,2,p", ",3,q", "c,4,q"],
    "one longer row": ["x,c", "a,2,p", "b,3,q", "c,4"],
}


@pytest.mark.parametrize("lines", NO_NAMES.values(), ids=NO_NAMES)
def test_other_rows_that_are_longer_than_the_names_are_refused(tmp_path, lines):
    (tmp_path / "t.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    write_spec(tmp_path / "m.yaml", "t.csv")
    ended = mlptrain("check", "m.yaml", cwd=tmp_path)
    assert ended.code == 3
    assert "fields, 2 expected" in ended.err


@pytest.mark.integration
@pytest.mark.parametrize("levels", [["who"], ["who", "when"]])
@pytest.mark.parametrize("declared", [False, True])
def test_every_level_of_a_stored_index_is_noted(tmp_path, levels, declared):
    pandas = pytest.importorskip("pandas", reason="pip install -e '.[integration]'")
    pytest.importorskip("pyarrow", reason="pip install -e '.[integration]'")
    columns = {name: list(cells) for name, cells in zip("xcy", zip(*ROWS, strict=True), strict=True)}
    frame = pandas.DataFrame(columns | {"who": NUMBERS["with gaps"], "when": NUMBERS["running"]})
    frame = frame.assign(x=frame["x"].astype(float))[[*"xcy", *levels]]
    frame.set_index(levels).to_parquet(tmp_path / "t.parquet")
    said = f", columns: {{{', '.join(f'{name}: number' for name in levels)}}}" if declared else ""
    write_spec(tmp_path / "m.yaml", "t.parquet", said)
    ended = mlptrain("fit", "m.yaml", cwd=tmp_path)
    assert ended.code == 0, ended.err
    for name in levels:
        what = ": as declared;" if declared else " is left out:"
        assert f'column "{name}"{what} the index of the stored data frame' in ended.err
