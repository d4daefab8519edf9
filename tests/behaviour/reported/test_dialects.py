"""A table is the same however its text is written: what differs is found or set, and said; no row is lost."""

import gzip

import pytest

from tests.support.catalogue import MODEL, TRAINING
from tests.support.command import mlptrain

ROWS = [
    (f"{k * 7 % 24 + 0.125:.3f}", f"{k * k % 37 - 9.5:.3f}", ("Köln", "Bonn")[k % 2], "ja" if k % 3 else "nein")
    for k in range(24)
]
P = "--probabilities"
NAMES = ("size", "cost", "Straße", "label")


def text_of(rows=ROWS, names=NAMES, delimiter=",", comma=False, before="", after="", last=""):
    lines = [delimiter.join(names), *([after] if after else [])]
    lines += [delimiter.join(cell.replace(".", ",") if comma else cell for cell in row) for row in rows]
    return before + "".join(f"{line}\n" for line in lines) + last


SPEC = f"data: {{train: train.csv, target: label}}\nmodel: {{{MODEL}}}\ntraining: {{{TRAINING}}}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model of a plain CSV file, and what it predicts for that file."""
    path = tmp_path_factory.mktemp("dialects")
    (path / "train.csv").write_text(text_of(), encoding="utf-8")
    (path / "s.yaml").write_text(SPEC, encoding="utf-8")
    assert mlptrain("fit", "s.yaml", "-q", cwd=path).code == 0
    (path / "predicted").write_text(mlptrain("predict", "s.npz", "train.csv", P, cwd=path).out)
    return path


GERMAN = {"delimiter": ";", "comma": True}
DIALECTS = {
    "semicolons": (text_of(**GERMAN), "utf-8", 'delimiter: ";", decimal: ","'),
    "German Excel": (text_of(**GERMAN), "cp1252", 'delimiter: ";", encoding: "cp1252", decimal: ","'),
    "tabs in UTF-16": (text_of(delimiter="\t"), "utf-16", r'delimiter: "\t", encoding: "utf-16"'),
    "bars": (text_of(delimiter="|"), "utf-8", 'delimiter: "|"'),
    "title": (text_of(before="Kunden 2024\n\n"), "utf-8", "skip_rows: 2"),
    "padded title": (text_of(before="Kunden;;;\n", **GERMAN), "utf-8", 'delimiter: ";", skip_rows: 1, decimal: ","'),
    "sep": (text_of(before="sep=;\n", **GERMAN), "utf-8-sig", 'delimiter: ";", skip_rows: 1, decimal: ","'),
    "units": (text_of(after="cm,EUR,,"), "utf-8", "skip_after_names: 1"),
    "sums": (text_of(last="Summe,99.5,,\n"), "utf-8", "skip_footer: 1"),
    "remark": (text_of(last="Quelle: Amt\n"), "utf-8", "skip_footer: 1"),
}


@pytest.mark.parametrize("case", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("how", ["file", "gzip", "stdin"])
def test_a_model_predicts_its_table_however_it_is_written(case, how, folder):
    text, encoding, said = case
    content = text.encode(encoding)
    (folder / "rows").write_bytes(gzip.compress(content) if how == "gzip" else content)
    ended = mlptrain("predict", "s.npz", "-" if how == "stdin" else "rows", P, cwd=folder, stdin=content)
    assert (ended.code, ended.out) == (0, (folder / "predicted").read_text()), ended.err
    assert f"not written as the training file; read with {said}\n" in ended.err
    ended = mlptrain("eval", "s.npz", "-" if how == "stdin" else "rows", "--json", cwd=folder, stdin=content)
    assert ended.code == 0
    assert '"rows": 24' in ended.out
    assert said in ended.err


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("empty", [",,,", '"","","",""', "", ",,"])
def test_rows_without_a_cell_at_the_end_are_no_rows(empty, end, folder):
    text = text_of(last=f"{empty}\n{empty}\n").replace("\n", end)
    (folder / "rows").write_bytes(text.encode())
    ended = mlptrain("predict", "s.npz", "rows", P, cwd=folder)
    assert (ended.code, ended.out) == (0, (folder / "predicted").read_text())
    assert ("2 rows without any cell at the end left out" in ended.err) == bool(empty)
    ended = mlptrain("eval", "s.npz", "rows", "--json", cwd=folder)
    assert '"rows": 24' in ended.out
    assert ("2 rows without any cell at the end left out" in ended.err) == bool(empty)
    (folder / "rows").write_text(text_of(last=f"{empty}\n1,1,Bonn,ja\n"))
    ended = mlptrain("predict", "s.npz", "rows", cwd=folder)
    assert (ended.code, ended.out) == (3, "")
    assert "rows:26: a blank line between the rows" in ended.err
    assert "; remove it, so that each row gets its prediction" in ended.err


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        (["data.delimiter=;", "data.decimal=,"], 0, ""),
        (["data.skip_rows=0"], 0, "not written as"),
        (["data.delimiter=,"], 3, "columns 'size', 'cost', 'Straße' are missing"),
        (["optimizer=sgd"], 2, "only how its input is written can be set here: data.delimiter"),
        (["data.target=size"], 2, "the model is trained"),
        (["data.columns.size=ignore"], 2, "the model is trained"),
        (["data.decimal=x"], 2, "--set data.decimal: 'x' is not one of"),
    ],
)
def test_how_the_input_is_written_can_be_set_and_nothing_else(settings, code, said, folder):
    (folder / "rows").write_text(text_of(**GERMAN), encoding="utf-8")
    options = [word for setting in settings for word in ("--set", setting)]
    ended = mlptrain("predict", "s.npz", "rows", P, *options, cwd=folder)
    assert ended.code == code, ended.err
    assert said in ended.err
    assert ended.out == ((folder / "predicted").read_text() if code == 0 else "")
    assert ("not written as" in ended.err) == (said == "not written as")


def test_marks_of_missing_cells_and_missing_targets_can_be_set(folder):
    (folder / "rows").write_text(text_of([("#N/A", *ROWS[0][1:3], "")]) + text_of(ROWS[1:]).partition("\n")[2])
    ended = mlptrain("predict", "s.npz", "rows", cwd=folder)
    assert ended.code == 3
    assert "mlptrain predict … --set 'data.missing_values=[\"#N/A\"]'" in ended.err
    ended = mlptrain("predict", "s.npz", "rows", "--set", 'data.missing_values=["#N/A"]', cwd=folder)
    assert ended.code == 0
    assert "missing cells filled: size 1" in ended.err
    both = ["--set", 'data.missing_values=["#N/A"]', "--set", "data.missing_target=drop"]
    ended = mlptrain("eval", "s.npz", "rows", *both[:2], cwd=folder)
    assert "mlptrain eval … --set data.missing_target=drop" in ended.err
    assert '"rows": 23' in mlptrain("eval", "s.npz", "rows", *both, "--json", cwd=folder).out


def test_numbers_that_can_be_read_in_two_ways_are_not_guessed(folder):
    rows = [("1,234", "2,500", *row[2:]) for row in ROWS]
    (folder / "rows").write_text(text_of(rows, delimiter=";"), encoding="utf-8")
    ended = mlptrain("predict", "s.npz", "rows", cwd=folder)
    assert (ended.code, ended.out) == (3, "")
    assert "can be read in two ways; give --set data." in ended.err
    assert mlptrain("predict", "s.npz", "rows", "--set", "data.decimal=,", cwd=folder).code == 0


STRAY = {
    "missing delimiter": '1,2$78"Köln, Mitte",ja',
    "doubled quotes": '1,2$78"Köln, ""48""",ja',
    "blank before": '1,2 "Köln, Mitte" x,ja',
    "three quotes": '1,2$78"""Köln"", Mitte",ja',
    "last cell": '1,2,5"Köln, ja"',
}


@pytest.mark.parametrize("line", STRAY.values(), ids=STRAY)
def test_a_quote_within_a_field_that_hides_a_delimiter_is_refused(line, folder):
    if line.startswith('1,2$78"Köln ""48'):
        line = '1,2$78"Köln, ""48""",ja'
    (folder / "rows").write_text(text_of(last=f"{line}\n"), encoding="utf-8")
    for command in ("predict", "eval"):
        ended = mlptrain(command, "s.npz", "rows", cwd=folder)
        assert (ended.code, ended.out) == (3, "")
        assert "rows:26: a quote within an unquoted field" in ended.err


@pytest.mark.parametrize("cell", ['15"', "37°36'37.8\"N 121°2'17.9\"W", '"a ""b"", c"', '5" x 7"', '"x, y"'])
def test_inch_marks_and_quoted_cells_stay_readable(cell, folder):
    (folder / "rows").write_text(text_of(last=f"1,2,{cell},ja\n1,2,{cell},ja\n"), encoding="utf-8")
    assert mlptrain("predict", "s.npz", "rows", cwd=folder).out.count("\n") == 27


@pytest.mark.parametrize("names", [("0", "1", "2"), ("2019", "2020", "2021"), ("400.5", "401.0", "401.5")])
def test_names_may_be_numbers(names, tmp_path):
    rows = [(f"{k % 7}.5", f"{k % 5}", f"{k % 7 + k % 5}.25") for k in range(24)]
    (tmp_path / "t.csv").write_text(text_of(rows, names))
    written = mlptrain("init", "t.csv", "--target", names[2], cwd=tmp_path)
    assert written.code == 0
    assert "header: true" in (tmp_path / "t.yaml").read_text()
    assert mlptrain("fit", "t.yaml", "-q", "--set", "training.epochs=1", cwd=tmp_path).code == 0
    assert mlptrain("predict", "t.npz", "t.csv", cwd=tmp_path).out.startswith(f"{names[2]}\n")
    (tmp_path / "s.yaml").write_text(SPEC.replace("train.csv", "t.csv").replace("label", f'"{names[1]}"'))
    assert mlptrain("fit", "s.yaml", "-q", cwd=tmp_path).code == 0
    (tmp_path / "s.yaml").write_text(SPEC.replace("train.csv", "t.csv"))
    ended = mlptrain("fit", "s.yaml", "-q", cwd=tmp_path)
    assert "set data.header: false if it is a row, or data.header: true if these are the names" in ended.err


@pytest.mark.parametrize("before", ["Kunden 2024\n", "Kunden 2024;;;\n", "sep=;\n", "Stand: heute\n\nKunden\n"])
def test_fit_names_the_line_that_is_no_line_of_names(before, tmp_path):
    (tmp_path / "train.csv").write_text(text_of(before=before, **GERMAN), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(SPEC.replace("train:", "delimiter: ';', decimal: ',', train:"))
    ended = mlptrain("fit", "s.yaml", "-q", cwd=tmp_path)
    assert ended.code == 3
    assert f"set data.skip_rows: {before.count(chr(10))}" in ended.err


DELIMITED = {
    "commas within names": text_of(names=("a, b", "c, d", "e", "label"), **GERMAN),
    "two columns": text_of([row[1:4:2] for row in ROWS], ("a, b", "label"), **GERMAN),
    "three of decimals": text_of([(row[0], row[1], row[0], row[3]) for row in ROWS], **GERMAN),
    "tabs": text_of(delimiter="\t", comma=True, names=("a, b", "c, d", "e", "label")),
    "bars": text_of(delimiter="|", comma=True),
    "sep": text_of(before="sep=;\n", **GERMAN),
    "quoted sep": text_of(before='"sep=;"\n', **GERMAN),
    "title": text_of(before="Kunden, alle\n\n", **GERMAN),
    "padded title": text_of(before="Kunden;;;\n", **GERMAN),
    "units": text_of(after="cm;EUR;;", **GERMAN),
    "types": text_of(after="float;float;text;text", **GERMAN),
    "drawn line": text_of(after="----;----;----;----", **GERMAN),
    "sums by word": text_of(last="Summe;123,5;;\n;;;\n", **GERMAN),
    "total": text_of(last="Total;;;\n", **GERMAN),
    "remark": text_of(last="Quelle: Amt\n", **GERMAN),
}


@pytest.mark.parametrize("text", DELIMITED.values(), ids=DELIMITED)
def test_the_spec_that_init_writes_reads_the_rows_and_trains(text, tmp_path):
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    assert mlptrain("init", "t.csv", "--target", "label", cwd=tmp_path).code == 0
    said = (tmp_path / "t.yaml").read_text()
    assert f"{24:,} rows" in said
    assert "missing_target" not in said
    ended = mlptrain("fit", "t.yaml", "-q", "--set", "training.epochs=1", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")


def test_init_without_a_target_lists_the_columns_and_the_way_on(tmp_path):
    (tmp_path / "t.csv").write_text(text_of(), encoding="utf-8")
    ended = mlptrain("init", "t.csv", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "the columns are 'size', 'cost', 'Straße', 'label', of which 'label' is likely" in ended.err
    assert "; write: mlptrain init t.csv --target label" in ended.err


def test_init_takes_what_the_user_says_of_the_text(tmp_path):
    text = text_of(before="a;b;c;d\n", **GERMAN)
    (tmp_path / "t.csv").write_text(text, encoding="cp1252")
    options = ("--skip-rows", "1", "--encoding", "latin-1", "--delimiter", ";", "--decimal", ",")
    ended = mlptrain("init", "t.csv", "--target", "label", *options, cwd=tmp_path)
    assert ended.code == 0, ended.err
    said = (tmp_path / "t.yaml").read_text(encoding="utf-8")
    assert all(key in said for key in ("skip_rows: 1 ", 'encoding: "latin-1"', 'delimiter: ";"', 'decimal: ","'))
    assert mlptrain("fit", "t.yaml", "-q", "--set", "training.epochs=1", cwd=tmp_path).code == 0


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--delimiter", ";;"), "give the one character"),
        (("--encoding", "klingon"), "no text encoding"),
        (("--decimal", "x"), "give . or ,"),
        (("--skip-rows", "-1"), "--skip-rows"),
    ],
)
def test_init_refuses_what_no_text_is_written_with(option, said, tmp_path):
    (tmp_path / "t.csv").write_text(text_of(), encoding="utf-8")
    ended = mlptrain("init", "t.csv", "--target", "label", *option, cwd=tmp_path)
    assert ended.code == 2
    assert said in ended.err
    assert not (tmp_path / "t.yaml").exists()


@pytest.mark.parametrize(
    ("prices", "is_proposed"),
    [
        ([1.5 ** (k % 20) for k in range(60)], True),
        ([100.0 + k for k in range(60)], False),
        ([1.5 ** (k % 20) - 2 for k in range(60)], False),
        ([float(1 + k % 2 * 3 + (k == 7) * 4) for k in range(60)], False),
        ([1000 * 1.3 ** (k % 25) for k in range(60)], True),
    ],
)
def test_init_proposes_the_logarithm_for_prices_alone(prices, is_proposed, tmp_path):
    rows = [(f"{k % 7}.5", f"{k * k % 11}.25", f"{price:.3f}") for k, price in enumerate(prices)]
    (tmp_path / "t.csv").write_text(text_of(rows, ("a", "b", "price")))
    assert mlptrain("init", "t.csv", "--target", "price", cwd=tmp_path).code == 0
    said = (tmp_path / "t.yaml").read_text(encoding="utf-8")
    assert ("target_transform: log    # positive and strongly skewed" in said) == is_proposed
    assert ("monitor: rmsle" in said) == is_proposed
    assert mlptrain("fit", "t.yaml", "-q", "--set", "training.epochs=1", cwd=tmp_path).code == 0


def test_init_writes_no_spec_that_cannot_be_trained(tmp_path):
    (tmp_path / "t.csv").write_text("x,label\n" + "".join(f"3,{'ab'[k % 2]}\n" for k in range(40)))
    ended = mlptrain("init", "t.csv", "--target", "label", cwd=tmp_path)
    assert ended.code == 3
    assert "no column is left to learn from (x: constant" in ended.err
    assert not (tmp_path / "t.yaml").exists()


@pytest.mark.parametrize("rows", [12, 60])
@pytest.mark.parametrize(
    "units", [("cm", "EUR", "", ""), ("(cm)", "(EUR)", "(Ort)", "(?)"), ("float", "float", "text", "class")]
)
def test_fit_names_a_row_of_units(units, rows, tmp_path):
    table = [units, *((*ROWS[k % 24][:3], ("ja", "nein")[k % 2]) for k in range(rows))]
    (tmp_path / "train.csv").write_text(text_of(table), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(SPEC.replace("train:", "missing_target: drop, train:"))
    ended = mlptrain("fit", "s.yaml", cwd=tmp_path)
    assert "train.csv:2: no cell of this row is a number, while those below are" in ended.err
    assert "set data.skip_after_names: 1" in ended.err
    ended = mlptrain("fit", "s.yaml", "--set", "data.skip_after_names=1", "--restart", cwd=tmp_path)
    assert (ended.code, "this row" in ended.err) == (0, False)


@pytest.mark.parametrize("word", ["Summe", "TOTAL", "Mittelwert:", "sum", "Gesamtergebnis"])
def test_a_last_row_of_sums_is_named(word, folder):
    (folder / "rows").write_text(text_of(last=f"99.5,1.5,{word},ja\n"), encoding="utf-8")
    for command in ("predict", "eval"):
        ended = mlptrain(command, "s.npz", "rows", cwd=folder)
        assert ended.code == 0
        assert f"rows:26: the last row looks like sums ({word!r})" in ended.err
        ended = mlptrain(command, "s.npz", "rows", "--set", "data.skip_footer=1", cwd=folder)
        assert (ended.code, "looks like sums" in ended.err) == (0, False)


@pytest.mark.parametrize("first", ["1,2,Ulm,ja\n", "-,?,Ulm,nein\n", "k.A.,k.A.,Köln,ja\n"])
def test_rows_with_gaps_are_no_units(first, tmp_path):
    (tmp_path / "train.csv").write_text(text_of().replace("\n", f"\n{first}", 1), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(SPEC.replace("train:", 'missing_values: ["-", "?", k.A.], train:'))
    ended = mlptrain("fit", "s.yaml", cwd=tmp_path)
    assert (ended.code, "this row" in ended.err) == (0, False)
