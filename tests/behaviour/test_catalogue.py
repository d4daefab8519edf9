"""The bad-input catalogue: whatever is wrong with a table, a spec or a model ends in one sentence, or works."""

import bz2
import codecs
import csv
import errno
import gzip
import io
import json
import lzma
import os
import pickle
import socket
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mlptrain.data.delimited import Reader
from mlptrain.storage import container
from tests.support.catalogue import (
    DATA,
    EVAL,
    MODEL,
    NAMES,
    PREDICT,
    PRICES,
    ROWS,
    TABLE,
    TRAINING,
    bad,
    check,
    good,
    renamed,
    repeated,
    run,
    spec,
    state,
    text_of,
    with_cell,
    with_cells,
    with_column,
    with_line,
    write,
)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The bytes of a model of classes and of one of prices."""
    folder = tmp_path_factory.mktemp("models")
    write(folder, {"table.csv": TABLE, "model.yaml": spec(), "price.yaml": PRICES})
    for name in ("model", "price"):
        assert run(folder, f"fit {name}.yaml -q").code == 0
    return {f"{name}.npz": (folder / f"{name}.npz").read_bytes() for name in ("model", "price")}


@pytest.fixture
def folder(tmp_path, models):
    """A folder that has all a case needs; the case writes over it."""
    write(tmp_path, {"table.csv": TABLE, "rows.csv": TABLE, "spec.yaml": spec(), **models})
    return tmp_path


def parameters(cases):
    return [pytest.param(case, id=case.name) for case in cases]


def with_data(more):
    """The spec with more keys of its data section."""
    return spec(data=f"{DATA}, {more}")


def fit_and_predict(name, *said, content):
    """One case for each command that reads the file."""
    return [bad(f"{name}: fit", *said, table=content), bad(f"{name}: predict", *said, rows=content, command=PREDICT)]


# 7.1: the form of a table


def zipped(name, content):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr(name, content)
    return raw.getvalue()


def array_file():
    raw = io.BytesIO()
    np.save(raw, np.arange(3))
    return raw.getvalue()


KINDS = {
    "zip": (zipped("table.csv", TABLE), "zip"),
    "Excel": (zipped("xl/workbook.xml", "<workbook/>"), "Excel"),
    "old Excel": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504), "Excel|Office"),
    "pickle": (pickle.dumps({"a": 1}, protocol=4), "pickle"),
    "pickle of protocol 2": (pickle.dumps([1, 2], protocol=2), "pickle"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG"),
    "JPEG": (b"\xff\xd8\xff\xe0" + bytes(50), "JPEG"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
    "bzip2": (bz2.compress(TABLE.encode()), "bzip2"),
    "xz": (lzma.compress(TABLE.encode()), "xz"),
    "zstd": (b"(\xb5/\xfd" + bytes(50), "zstd"),
    "NumPy": (array_file(), "NumPy"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(50), "HDF5"),
    "SQLite": (b"SQLite format 3\0" + bytes(84), "SQLite"),
    "Arrow": (b"ARROW1\0\0" + bytes(50), "Arrow|Feather"),
    "HTML": (b"<!DOCTYPE html>\n<html><body>Not found</body></html>\n", "HTML"),
    "XML": (b'<?xml version="1.0"?>\n<rows><row a="1"/></rows>\n', "XML"),
    "JSON list": (b'[{"size": 1, "label": "no"},\n {"size": 2, "label": "yes"}]\n', "JSON"),
    "JSON lines": (b'{"size": 1, "label": "no"}\n{"size": 2, "label": "yes"}\n', "JSON"),
    "ARFF": (b"@relation iris\n@attribute size numeric\n@data\n1\n2\n", "ARFF"),
    "YAML spec": (spec().encode(), "YAML|1 field|fields|missing|one column"),
    "Parquet, damaged": (b"PAR1\x15" + bytes(50) + b"PAR1", "Parquet"),
    "gzip, cut": (gzip.compress(TABLE.encode())[:-30], "gzip"),
    "gzip, damaged": (gzip.compress(TABLE.encode())[:12] + bytes(40), "gzip"),
}

WRONG_KINDS = [
    case
    for name, (content, word) in KINDS.items()
    for case in fit_and_predict(f"{name} in .csv", r"(table|rows)\.csv", word, content=content)
]

EVERY_ROW_LONGER = text_of(NAMES, *((*row, "") for row in ROWS))
INDEXED = text_of(NAMES, *((str(k), *row) for k, row in enumerate(ROWS)))
EVERY = "index column.*delimiter"


def of_bytes(*, line, colour):
    """The table with some bytes for a colour."""
    lines = TABLE.encode().splitlines(keepends=True)
    cells = lines[line - 1].split(b",")
    cells[1] = colour
    lines[line - 1] = b",".join(cells)
    return b"".join(lines)


def wide(columns):
    """A table of very many columns."""
    names = [f"x{k}" for k in range(columns)]
    rows = [[str((k * 31 + row * 17) % 97) for k in range(columns)] for row in range(4)]
    return text_of((*names, "label"), *((*row, "yes" if k % 2 else "no") for k, row in enumerate(rows)))


def removed(name="table.csv"):
    return lambda folder: (folder / name).unlink()


def fifo(name):
    def make(folder):
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return make


def bound_socket(folder):
    (folder / "table.csv").unlink()
    with pytest.MonkeyPatch.context() as patch, socket.socket(socket.AF_UNIX) as server:
        patch.chdir(folder)
        server.bind("table.csv")


def loop(folder):
    (folder / "table.csv").unlink()
    (folder / "table.csv").symlink_to("table.csv")


def linked(name, target):
    return lambda folder: (folder / name).symlink_to(target)


def hard_linked(folder):
    (folder / "link.csv").hardlink_to(folder / "rows.csv")


EXPECTED = "4 (fields|expected)|expected.*4"
LONG = 200_000
TOO_LONG = 1_100_000
WIDE, WIDE_SECONDS = 4_000, 60
"""A table of thousands of columns is work: a second of the processor, ten times as many on a slow machine."""

FORM = [
    bad("row too short", r"table\.csv:5: 2 fields", EXPECTED, table=with_line(5, "1.5,red")),
    bad("first row too short", r"table\.csv:2: 2 fields", EXPECTED, table=with_line(2, "1.5,red")),
    bad("last row too short", r"table\.csv:25: 3 fields", EXPECTED, table=with_line(25, "1.5,red,7")),
    bad("row cut to one cell", r"table\.csv:9: 1 field\b", EXPECTED, table=with_line(9, "1.5")),
    bad("row too long", r"table\.csv:5: 5 fields", EXPECTED, table=with_line(5, "1.5,red,7,no,8")),
    bad("row too short in predict", r"rows\.csv:5: 2 fields", rows=with_line(5, "1.5,red"), command=PREDICT),
    bad("row too short in eval", r"rows\.csv:5: 2 fields", rows=with_line(5, "1.5,red"), command=EVAL),
    bad("every row one field longer: delimiter at the end", r"table\.csv:2: 5 fields", EVERY, table=EVERY_ROW_LONGER),
    good("every row one field longer: index column", "rows have one cell more than there are names", table=INDEXED),
    bad("UTF-16 LE", "UTF-16", "save it as UTF-8|data.encoding", table=codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le")),
    bad("UTF-16 BE", "UTF-16", "save it as UTF-8|data.encoding", table=codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be")),
    bad("UTF-32 LE", "UTF-32", "save it as UTF-8|data.encoding", table=codecs.BOM_UTF32_LE + TABLE.encode("utf-32-le")),
    bad("UTF-32 BE", "UTF-32", "save it as UTF-8|data.encoding", table=codecs.BOM_UTF32_BE + TABLE.encode("utf-32-be")),
    bad("UTF-16 without a mark", r"table\.csv:1: .*UTF-16-LE", "encoding: utf-16-le", table=TABLE.encode("utf-16-le")),
    bad("UTF-16 BE without a mark", r"table\.csv:1: .*UTF-16-BE", "utf-16-be", table=TABLE.encode("utf-16-be")),
    good("UTF-16 without a mark in eval", 'encoding: "utf-16-be"', rows=TABLE.encode("utf-16-be"), command=EVAL),
    *fit_and_predict("bytes that are no text", r"\.csv: this is no text", "CSV", content=bytes(range(1, 256)) * 9),
    *(
        case
        for command in (PREDICT, EVAL)
        for case in (
            bad(
                f"no names: {command}",
                r"rows\.csv:1: column",
                "names above",
                rows=with_line(1, "1.5,red,7.5,no"),
                command=command,
            ),
            bad(
                f"capitals: {command}",
                r"rows\.csv:1: .*missing",
                "'SIZE'",
                rows=renamed("size", "SIZE"),
                command=command,
            ),
            bad(
                f"blanks: {command}",
                r"rows\.csv:1: .*'size'",
                "' size '",
                rows=renamed("size", " size "),
                command=command,
            ),
            bad(
                f"a name twice: {command}",
                r"rows\.csv:1: .*twice",
                "rename",
                rows=renamed("price", "size"),
                command=command,
            ),
        )
    ),
    good(
        "names alone in predict", "note: rows.csv: there are no rows, only names", rows=text_of(NAMES), command=PREDICT
    ),
    bad("names alone in eval", "rows.csv: there are no rows to evaluate on", rows=text_of(NAMES), command=EVAL),
    good("names twice in predict", "skip_after_names: 1", rows=f"{text_of(NAMES)}{TABLE}", command=PREDICT),
    bad("a folder in predict", r"\.: this is a folder", "name a data file", command="predict model.npz ."),
    bad("no name at all", "'': this is a folder", "name a data file", command="predict model.npz ''"),
    bad("a model as rows", "model.npz: this is a model", "name a table", command="predict model.npz model.npz"),
    bad("a spec as rows", "spec.yaml: this is a spec", "name a table", command="predict model.npz spec.yaml"),
    bad(
        "arguments swapped",
        "MODEL stands before DATA",
        "model.npz rows.csv",
        command="predict rows.csv model.npz",
        code=2,
    ),
    bad(
        "rows as a model", "rows.csv: not a model.* table", "mlptrain fit", command="predict rows.csv rows.csv", code=5
    ),
    bad(
        "cp1252",
        r"table\.csv:7: column 2: byte \d+.*0xe9",
        r"data\.encoding.*cp1252",
        table=of_bytes(line=7, colour="bl\xe9".encode("cp1252")),
    ),
    bad(
        "cp1252 in the header",
        r"table\.csv:1: .*0xe9",
        "cp1252",
        table=renamed("colour", "coleur\xe9").encode("cp1252"),
    ),
    good("cp1252 in predict", "note: .*cp1252", "colour 1", rows=of_bytes(line=7, colour=b"\xff"), command=PREDICT),
    good("cp1252, declared", table=of_bytes(line=7, colour=b"\xe9"), spec=with_data("encoding: cp1252")),
    bad(
        "an encoding that there is not",
        "spec.yaml:1: data.encoding",
        "utf-8",
        spec=with_data("encoding: utf-9"),
        code=2,
    ),
    good("blank lines in fit", "2 blank lines", table=TABLE.replace("\n", "\n\n", 3)[:-1].replace("\n\n", "\n", 1)),
    good("blank lines in eval", "1 blank line", rows=with_line(9, "") + "1.5,red,8,no\n", command=EVAL),
    bad("blank line in predict", r"rows\.csv:9: a blank line\b", "remove", rows=with_line(9, ""), command=PREDICT),
    good("blank lines at the end of predict", rows=TABLE + "\n\n", command=PREDICT, unsaid=("blank",)),
    bad(
        "line numbers behind a quoted newline",
        r"table\.csv:10: 2 fields",
        table=with_line(3, '7.5,"blue\nor not",101.1,no').replace("1.5,blue,112.7,no", "1.5,blue"),
    ),
    bad("quote never closed", r"table\.csv:7: a quote.*close", table=with_line(7, '11.5,"green,125.5,no')),
    bad("quote never closed in predict", r"rows\.csv:7: a quote", rows=with_line(7, '1,"green,1,no'), command=PREDICT),
    bad(
        "text after a closing quote",
        r"table\.csv:7: text follows",
        "quote",
        table=with_line(7, '11.5,"gr"een,125.5,no'),
    ),
    bad("blank after a closing quote", r"table\.csv:7: text follows", table=with_line(7, '11.5,"green" ,125.5,no')),
    bad("semicolons", r'table\.csv:1: .*data\.delimiter: ";"', table=TABLE.replace(",", ";")),
    bad("bars", r'table\.csv:1: .*data\.delimiter: "\|"', table=TABLE.replace(",", "|")),
    good("semicolons, declared", table=TABLE.replace(",", ";"), spec=with_data('delimiter: ";"')),
    good("bars, declared", table=TABLE.replace(",", "|"), spec=with_data('delimiter: "|"')),
    bad(
        "delimiter of two characters",
        "spec.yaml:1: data.delimiter",
        "one character",
        spec=with_data('delimiter: "::"'),
        code=2,
    ),
    bad("quote as delimiter", "spec.yaml:1: data.delimiter", spec=with_data("delimiter: '\"'"), code=2),
    *fit_and_predict("empty file", r"\.csv:1: the file is empty", content=b""),
    *fit_and_predict("only a byte order mark", r"\.csv:1: the file is empty", content=codecs.BOM_UTF8),
    *fit_and_predict("only newlines", r"\.csv:1: the file is empty", content=b"\n\r\n\n"),
    bad("only names: fit", r"table\.csv: there are no rows", table=text_of(NAMES)),
    bad("only names: eval", r"rows\.csv: there are no rows", rows=text_of(NAMES), command=EVAL),
    good("only names: predict", rows=text_of(NAMES), command=PREDICT, out=(r"\Alabel\n\Z",)),
    good("only names, no newline: predict", rows="size,colour,price", command=PREDICT, out=(r"\Alabel\n\Z",)),
    bad("two columns of one name", r"table\.csv:1: .*'size'.*1 and 3", "rename", table=renamed("price", "size")),
    bad(
        "two columns of one name in predict", r"rows\.csv:1: .*1 and 3", rows=renamed("price", "size"), command=PREDICT
    ),
    bad("column without a name", r"table\.csv:1: column 1 .*name", "index column", table=renamed("size", "")),
    bad("column with a blank name", r"table\.csv:1: column 3 .*name", "index column", table=renamed("price", "  ")),
    bad("name with blanks, of the target", r"did you mean ' label'", table=renamed("label", " label")),
    bad("name in capitals, of the target", r"did you mean 'LABEL'", table=renamed("label", "LABEL")),
    bad(
        "name with blanks, in predict",
        r"'price' is missing.*did you mean 'price '",
        rows=renamed("price", "price "),
        command=PREDICT,
    ),
    bad("no header", r"table\.csv:1: .*data\.header: false", table="1,2,3\n" * 9 + "2,3,4\n"),
    bad("no header in predict", r"rows\.csv:1: .*data\.header: false", rows="1,2,3\n2,3,4\n", command=PREDICT),
    good("some names are numbers", table=renamed("price", "1999")),
    good(
        "no header, declared",
        table=TABLE.partition("\n")[2],
        spec=spec(data="train: table.csv, target: column_4, header: false"),
    ),
    bad(
        "lines before the header",
        r"table\.csv:3: 4 fields",
        r"data\.skip_rows",
        table=f"Sales report\nof 2024\n{TABLE}",
    ),
    bad("a comment before the header", r"table\.csv:2: 4 fields", r"data\.skip_rows", table=f"# a comment\n{TABLE}"),
    good("lines before the header, declared", table=f"Sales report\nof 2024\n{TABLE}", spec=with_data("skip_rows: 2")),
    bad("all lines skipped", r"table\.csv.*empty after 99 skipped lines|skip_rows", spec=with_data("skip_rows: 99")),
    bad("a footer", r"table\.csv:26: 2 fields", table=TABLE + "Total,24\n"),
    bad("a footer of as many cells", r'table\.csv:26.*column "size"', "'Total'", table=TABLE + "Total,,2805,no\n"),
    good("a field of 200 kB", table=with_cell(7, "colour", "g" * LONG), unsaid=("g" * 5000,)),
    bad("a field above 1 MiB", r"table\.csv:7.*column", "1 MiB", table=with_cell(7, "colour", "g" * TOO_LONG)),
    bad(
        "a quoted field above 1 MiB",
        r"table\.csv:7.*column",
        "1 MiB",
        table=with_cell(7, "colour", f'"{"g" * TOO_LONG}"'),
    ),
    *fit_and_predict("NUL byte", r"\.csv:7: .*NUL byte", r"byte \d+", content=with_cell(7, "colour", "gre\0en")),
    bad("NUL byte in the header", r"table\.csv:1: .*NUL byte", table=renamed("colour", "col\0our")),
    good("4,000 columns", table=wide(WIDE), unsaid=("x3000",), seconds=WIDE_SECONDS),
    good(
        "4,000 columns: check",
        table=wide(WIDE),
        command="check spec.yaml",
        unsaid=("x3000",),
        out=("3,993 more",),
        seconds=WIDE_SECONDS,
    ),
    bad("4,000 columns: absent target", "and 39.. more", table=wide(WIDE).replace("label", "y", 1), unsaid=("x3000",)),
    bad("the target only", "no column is left to learn from", table=text_of(("label",), *((row[3],) for row in ROWS))),
    bad(
        "a folder",
        r"data: this is a folder",
        "name a",
        make=lambda folder: (folder / "data").mkdir(),
        spec=spec(data="train: data, target: label"),
    ),
    bad(
        "no such file",
        r"tabel\.csv: no such file; did you mean 'table\.csv'",
        spec=spec(data="train: tabel.csv, target: label"),
    ),
    bad(
        "no such folder",
        r"none/table\.csv: no such file.*folder none",
        spec=spec(data="train: none/table.csv, target: label"),
    ),
    bad(
        "a pattern without files", r"part-\*\.csv: no file matches", spec=spec(data="train: part-*.csv, target: label")
    ),
    bad(
        "no such file in predict",
        r"row\.csv: no such file; did you mean 'rows\.csv'",
        command="predict model.npz row.csv",
    ),
    bad("a loop of links", r"table\.csv: cannot be read: .*(levels|loop)", make=loop),
    bad(
        "a link to nowhere",
        r"link\.csv: no such file",
        make=linked("link.csv", "none.csv"),
        spec=spec(data="train: link.csv, target: label"),
    ),
    good("a link to the table", make=linked("link.csv", "table.csv"), spec=spec(data="train: link.csv, target: label")),
    bad(
        "a name too long for the system", "cannot be read: File name too long", command=f"predict model.npz {'x' * 300}"
    ),
    bad("FIFO", r"table\.csv: this is not a regular file", make=fifo("table.csv")),
    bad(
        "FIFO in predict",
        r"rows\.csv: this is not a regular file",
        "name a data file",
        make=fifo("rows.csv"),
        command=PREDICT,
    ),
    bad("socket", r"table\.csv: this is not a regular file", make=bound_socket),
    bad("/dev/zero", "/dev/zero: this is not a regular file", spec=spec(data="train: /dev/zero, target: label")),
    bad("/dev/zero in predict", "/dev/zero: this is not a regular file", command="predict model.npz /dev/zero"),
    bad("/dev/null", "/dev/null: this is not a regular file", command="predict model.npz /dev/null"),
    good(
        "stdin in predict", command="predict model.npz -", stdin=TABLE.encode(), out=(r"\Alabel\n(yes\n|no\n){24}\Z",)
    ),
    good("stdin in eval", command="eval model.npz -", stdin=TABLE.encode(), out=("24 rows",)),
    good("stdin in fit", spec=spec(data='train: "-", target: label'), stdin=TABLE.encode()),
    bad("stdin, empty", "standard input:1: the file is empty", command="predict model.npz -"),
    bad(
        "stdin, row too short",
        "standard input:5: 2 fields",
        command="predict model.npz -",
        stdin=with_line(5, "1,red").encode(),
    ),
    bad("stdin, pickle", "standard input: .*pickle", command="predict model.npz -", stdin=KINDS["pickle"][0]),
    good("gzip", table=gzip.compress(TABLE.encode())),
    good("gzip in predict", rows=gzip.compress(TABLE.encode()), command=PREDICT, out=(r"\Alabel\n(yes\n|no\n){24}\Z",)),
    bad("gzip, row too short", r"table\.csv:5: 2 fields", table=gzip.compress(with_line(5, "1,red").encode())),
    *WRONG_KINDS,
    *[
        good(
            f"file name: {what}",
            files={name: TABLE},
            command=f"predict model.npz -- {quoted}",
            out=(r"(yes\n|no\n){24}",),
        )
        for what, name, quoted in [
            ("newline", "a\nb.csv", "'a\nb.csv'"),
            ("emoji", "\N{GRINNING FACE}.csv", "'\N{GRINNING FACE}.csv'"),
            ("leading -", "-x.csv", "-x.csv"),
            ("not UTF-8", "a\udcff.csv", "'a\udcff.csv'"),
            ("a pattern", "a[1]*.csv", "'a[1]*.csv'"),
        ]
    ],
    *[
        bad(
            f"file name in an error: {what}",
            shown,
            "2 fields",
            files={name: with_line(5, "1,red")},
            command=f"predict model.npz -- {quoted}",
        )
        for what, name, quoted, shown in [
            ("newline", "a\nb.csv", "'a\nb.csv'", r"a\\nb\.csv:5:"),
            ("emoji", "\N{GRINNING FACE}.csv", "'\N{GRINNING FACE}.csv'", "\N{GRINNING FACE}.csv:5:"),
            ("leading -", "-x.csv", "-x.csv", r"-x\.csv:5:"),
            ("not UTF-8", "a\udcff.csv", "'a\udcff.csv'", r"a\\udcff\.csv:5:"),
            ("escape sequence", "a\x1b[2J.csv", "'a\x1b[2J.csv'", r"a\\x1b\[2J\.csv:5:"),
        ]
    ],
]


@pytest.mark.parametrize("case", parameters(FORM))
def test_the_form_of_a_table(case, folder):
    check(case, folder)


def quoted_table():
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([NAMES, *ROWS])
    return out.getvalue()


SAME_ROWS = {
    "byte order mark": codecs.BOM_UTF8 + TABLE.encode(),
    "CR LF": TABLE.replace("\n", "\r\n").encode(),
    "CR": TABLE.replace("\n", "\r").encode(),
    "mixed line ends": TABLE.replace("\n", "\r\n", 5).encode(),
    "LF and CR": (TABLE[:200].replace("\n", "\r") + TABLE[200:]).encode(),
    "no newline at the end": TABLE.rstrip("\n").encode(),
    "CR LF, none at the end": TABLE.rstrip("\n").replace("\n", "\r\n").encode(),
    "blank lines at the end": f"{TABLE}\n\n".encode(),
    "blank lines between": TABLE.replace("\n", "\n\n").encode(),
    "blank lines before": f"\n\n{TABLE}".encode(),
    "all quoted": quoted_table().encode(),
    "all quoted, CR LF": quoted_table().replace("\n", "\r\n").encode(),
    "tabs": TABLE.replace(",", "\t").encode(),
    "gzip": gzip.compress(TABLE.encode()),
    "blanks around numbers": text_of(NAMES, *((f" {a} ", b, f"{c} ", d) for a, b, c, d in ROWS)).encode(),
}


@pytest.mark.parametrize("content", SAME_ROWS.values(), ids=SAME_ROWS)
def test_the_same_rows_give_the_same_model_to_the_bit(folder, models, content):
    write(folder, {"table.csv": content, "model.yaml": spec()})
    assert run(folder, "fit model.yaml -q --out again.npz").code == 0
    assert (folder / "again.npz").read_bytes() == models["model.npz"]


SAME_TABLE = {
    "semicolons": (TABLE.replace(",", ";").encode(), 'delimiter: ";"'),
    "UTF-16": (TABLE.encode("utf-16"), "encoding: utf-16"),
    "UTF-16 BE": (TABLE.encode("utf-16-be"), "encoding: utf-16-be"),
    "cp1252": (TABLE.encode("cp1252"), "encoding: cp1252"),
    "a preamble": (f"Report\n\n{TABLE}".encode(), "skip_rows: 2"),
    "decimal commas": (TABLE.replace(",", ";").replace(".", ",").encode(), 'delimiter: ";", decimal: ","'),
    "blanks behind delimiters": (TABLE.replace(",", ", ").encode(), "skip_initial_space: true"),
    "text to replace": (TABLE.replace("yes", "Yes.").encode(), 'replace: {"Yes.": "yes"}'),
}


@pytest.mark.parametrize(("content", "more"), SAME_TABLE.values(), ids=SAME_TABLE)
def test_the_same_rows_in_a_declared_format_give_the_same_parameters(folder, content, more):
    write(folder, {"table.csv": content, "again.yaml": with_data(more)})
    ended = run(folder, "fit again.yaml -q")
    assert ended.code == 0, ended.err
    ours, theirs = container.read_container(folder / "model.npz"), container.read_container(folder / "again.npz")
    different = [name for name in ours if name != "metadata" and not np.array_equal(ours[name], theirs[name], True)]
    assert different == []


def test_quoted_newlines_quotes_and_delimiters_are_text(folder):
    colours = ('"red\nor ""pink"""', '"green, blue"', '"blue\r\nor not"')
    write(folder, {"table.csv": with_cells("colour", *colours), "rows.csv": TABLE})
    assert run(folder, "fit spec.yaml -q --out text.npz").code == 0
    ended = run(folder, "predict text.npz table.csv --keep colour")
    assert ended.err == ""
    kept = [row[0] for row in csv.reader(io.StringIO(ended.out, newline=""))]
    assert kept == ["colour", *['red\nor "pink"', "green, blue", "blue\r\nor not"] * 8]


def test_a_blank_line_of_a_single_column_is_a_missing_value(folder):
    write(folder, {"table.csv": text_of(("size", "label"), *((row[0], row[3]) for row in ROWS))})
    assert run(folder, "fit spec.yaml -q --out single.npz").code == 0
    write(folder, {"rows.csv": "size\n1.5\n\n2.5\n\n"})
    ended = run(folder, "predict single.npz rows.csv")
    assert (ended.code, ended.out.count("\n")) == (0, 5)
    assert "missing cells filled: size 2" in ended.err


def test_a_table_without_permission(folder, monkeypatch):
    original = Path.open

    def opened(path, *arguments, **options):
        if path.name == "table.csv":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return original(path, *arguments, **options)

    before = state(folder)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", opened)
        ended = run(folder, "fit spec.yaml")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err == "error: table.csv: cannot be read: Permission denied\n"
    assert state(folder) == before


@pytest.mark.parametrize(
    "command", ["fit spec.yaml", "predict model.npz table.csv --out p.csv", "eval model.npz table.csv"]
)
@pytest.mark.parametrize("moment", ["blocks", "divide_text"], ids=["between names and rows", "while the rows are read"])
def test_a_table_that_changes_while_it_is_read(folder, monkeypatch, command, moment):
    original = getattr(Reader, moment)

    def growing(reader, *arguments):
        monkeypatch.setattr(Reader, moment, original)
        with (folder / "table.csv").open("a") as stream:
            stream.write("1.5,red,7.5,no\n")
        return original(reader, *arguments)

    monkeypatch.setattr(Reader, moment, growing)
    before = set(state(folder))
    ended = run(folder, command)
    assert (ended.code, ended.out) == (3, ""), ended.err
    assert "error: table.csv: the file has changed" in ended.err
    assert set(state(folder)) == before


# 7.2: the values of a table

INFINITIES = ["inf", "-inf", "Infinity", "+inf", "INF"]
ODD_DIGITS = {
    "underscore": ("1_000", "1_000"),
    "full width": ("１２", r"U\+FF11"),
    "Arabic": ("١٢", r"U\+0661"),
    "no-break space": ("1\u00a0000", r"U\+00A0"),
}
WAYS = {
    "thousands": ('"1,000"', '"2,500"', '"13,250"'),
    "German": ('"1.234,56"', '"2.500,00"', '"13.250,75"'),
    "decimal comma": ('"1,5"', '"2,25"', '"3,75"'),
    "dollars": ("$74.69", "$12.00", "$8.50"),
    "percent": ("12%", "35%", "8.5%"),
}
HINTS = {
    "thousands": r'data\.thousands: ","',
    "German": r'data\.decimal: ","',
    "decimal comma": r'data\.decimal: ","',
    "dollars": "sign|unit",
    "percent": "sign|unit",
}
WEIGHTED = spec(data=f"{DATA}, sample_weight: weight")
HUGE = ("9007199254740993", "9007199254740995", "9007199254740997", "9007199254740999")
UNIQUE = tuple(f"name {k * 7919 % 997}" for k in range(240))


def long_with(name, texts):
    """240 rows with one column more."""
    rows = ROWS * 10
    return text_of((*NAMES, name), *((*row, text) for row, text in zip(rows, texts, strict=True)))


VALUES = [
    bad(
        "absent target",
        r"table\.csv:1: .*'lable'.*did you mean 'label'",
        spec=spec(data="train: table.csv, target: lable"),
    ),
    bad(
        "absent target, none near",
        "columns are 'size', 'colour', 'price', 'label'",
        spec=spec(data="train: table.csv, target: zzz"),
    ),
    bad("absent target in eval", r"rows\.csv:1: .*'label'", rows=renamed("label", "answer"), command=EVAL),
    bad(
        "missing classes",
        r'table\.csv:5: column "label": .*missing in 2 rows \(lines? 5, (line )?9\)',
        r"data\.missing_target: drop",
        table=with_cell(5, "label", "", with_cell(9, "label", "")),
    ),
    bad(
        "missing numbers",
        r'table\.csv:5: column "price": .*missing in 1 row\b',
        table=with_cell(5, "price", ""),
        spec=PRICES,
    ),
    bad(
        "NaN as number target",
        r'table\.csv:5: column "price": .*missing',
        table=with_cell(5, "price", "NaN"),
        spec=PRICES,
    ),
    bad("all targets missing", r"missing in 24 rows", table=with_cells("label", "")),
    bad(
        "missing target in eval",
        r'rows\.csv:5: column "label": .*missing',
        rows=with_cell(5, "label", ""),
        command=EVAL,
    ),
    good(
        "missing target, dropped",
        "1 rows? without a target",
        table=with_cell(5, "label", ""),
        spec=with_data("missing_target: drop"),
    ),
    bad(
        "all targets missing, dropped",
        "no row is left",
        table=with_cells("label", ""),
        spec=with_data("missing_target: drop"),
    ),
    bad("one class", r'table\.csv: column "label": .*one class', table=with_cells("label", "yes")),
    bad(
        "constant number target",
        r'table\.csv: column "price": .*constant',
        table=with_cells("price", "5.5"),
        spec=spec(data="train: table.csv, target: price, columns: {price: number}", more="loss: mean_squared_error\n"),
    ),
    bad(
        "text in a number target",
        r'table\.csv:5: column "price"',
        "'cheap'",
        table=with_cell(5, "price", "cheap"),
        spec=PRICES,
    ),
    bad(
        "inf in a number target",
        r'table\.csv:5: column "price"',
        "'inf'",
        table=with_cell(5, "price", "inf"),
        spec=PRICES,
    ),
    good(
        "a class of one row",
        r"note: .*'maybe'",
        r"note: .*\b(1|one) row",
        table=with_cell(5, "label", "maybe"),
        spec=with_data("split: {validation: 0.25}"),
    ),
    bad(
        "a class in the validation file only",
        r"rows\.csv:5: .*'maybe'.*(classes are|training)",
        rows=with_cell(5, "label", "maybe"),
        spec=with_data("split: {validation: rows.csv}"),
    ),
    bad(
        "a class in the validation part only",
        r"table\.csv(:2)?: column \"label\".*'maybe'",
        table=text_of((*NAMES, "part"), (*ROWS[0][:3], "maybe", "validation"), *((*row, "train") for row in ROWS[1:])),
        spec=with_data("split: {type: column, column: part}"),
    ),
    good(
        "a class in eval only",
        rows=with_cell(5, "label", "maybe"),
        command=EVAL,
        out=(r"1 rows? of classes that the model does not know",),
    ),
    good(
        "a class in eval only: JSON",
        "1 rows? of classes",
        rows=with_cell(5, "label", "maybe"),
        command=f"{EVAL} --json",
        out=('"accuracy": 0',),
    ),
    bad(
        "a word in a column of numbers",
        r'table\.csv:20: column "price": .*\'cheap\' \(on line 20\)',
        "missing_values.*price: category",
        table=with_cell(20, "price", "cheap"),
    ),
    bad(
        "a word in the last of many rows",
        r'table\.csv:4801: column "price"',
        "'cheap'",
        table=with_cell(4801, "price", "cheap", repeated(200)),
    ),
    bad(
        "words in a column of numbers, first five",
        r"'w2' \(on line 2\).*'w6' \(on line 6\) and 3 other texts more",
        table=with_cell(
            2,
            "price",
            "w2",
            with_cell(
                3,
                "price",
                "w3",
                with_cell(
                    4,
                    "price",
                    "w4",
                    with_cell(
                        5,
                        "price",
                        "w5",
                        with_cell(
                            6,
                            "price",
                            "w6",
                            with_cell(
                                7, "price", "w7", with_cell(8, "price", "w8", with_cell(9, "price", "w9", repeated(5)))
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ),
    good(
        "half of a column are words",
        table=with_cells("price", "1", "two"),
        command="check spec.yaml",
        out=("price +category",),
    ),
    good("words declared as missing", table=with_cell(20, "price", "cheap"), spec=with_data("missing_values: [cheap]")),
    good(
        "words in a column declared as category",
        table=with_cell(20, "price", "cheap"),
        spec=with_data("columns: {price: category}"),
    ),
    bad(
        "words in a column declared as number",
        r'table\.csv:2: column "colour": \'red\'',
        spec=with_data("columns: {colour: number}"),
    ),
    bad(
        "words in a column declared as boolean",
        r'table\.csv:2: column "colour": \'red\'',
        spec=with_data("columns: {colour: boolean}"),
    ),
    bad(
        "words in a column declared as date",
        r'table\.csv:\d+: column "colour"',
        spec=with_data("columns: {colour: date}"),
    ),
    *[
        bad(
            f"{text} in a column of numbers",
            r'table\.csv:5: column "price"',
            re_text,
            table=with_cell(5, "price", text),
        )
        for text, re_text in ((text, f"'{text}'".replace("+", r"\+")) for text in INFINITIES)
    ],
    *[
        bad(f"{text} in predict", r'rows\.csv:5: column "price"', rows=with_cell(5, "price", text), command=PREDICT)
        for text in INFINITIES[:3]
    ],
    *[
        bad(f"{text} in every cell", r'table\.csv:\d+: column "price"', table=with_cells("price", text, "1", "2"))
        for text in ("inf", "-Infinity")
    ],
    bad("1e400", r"table\.csv:5: column \"price\": '1e400' is too large", table=with_cell(5, "price", "1e400")),
    bad(
        "1e400 in predict",
        r"rows\.csv:5: column \"price\": '1e400' is too large",
        rows=with_cell(5, "price", "1e400"),
        command=PREDICT,
    ),
    bad(
        "1e60 in predict", r"rows\.csv:5: column \"price\": '1e60'", rows=with_cell(5, "price", "1e60"), command=PREDICT
    ),
    good(
        "1e39 in every cell",
        table=with_cells("price", "1e39", "2e39", "3e39", "4e39"),
        out=("loss",),
        unsaid=("nan|inf",),
    ),
    *[
        bad(f"digits of another kind: {name}", r'table\.csv:5: column "price"', said, table=with_cell(5, "price", text))
        for name, (text, said) in ODD_DIGITS.items()
    ],
    *[
        bad(
            f"digits of another kind in predict: {name}",
            r'rows\.csv:5: column "price"',
            said,
            rows=with_cell(5, "price", text),
            command=PREDICT,
        )
        for name, (text, said) in ODD_DIGITS.items()
    ],
    *[
        good(
            f"numbers in another way: {name}", f'note: column "price".*{HINTS[name]}', table=with_cells("price", *texts)
        )
        for name, texts in WAYS.items()
    ],
    good(
        "thousands, declared",
        table=with_cells("price", *WAYS["thousands"]),
        spec=with_data('thousands: ","'),
        command="check spec.yaml",
        out=("price +number",),
    ),
    good(
        "German numbers, declared",
        table=with_cells("price", *WAYS["German"]),
        spec=with_data('thousands: ".", decimal: ",", columns: {size: ignore}'),
        command="check spec.yaml",
        out=("price +number",),
    ),
    bad(
        "one mark for decimals and thousands",
        "spec.yaml:1: data.thousands",
        spec=with_data('decimal: ",", thousands: ","'),
        code=2,
    ),
    good(
        "whole numbers above 2^53",
        table=with_column("code", *HUGE),
        command="check spec.yaml",
        out=("code +(category|ignore) .*(exact|identifier)",),
    ),
    good(
        "long numbers, all different",
        table=long_with("code", [str(10**17 + 7 * k * k) for k in range(240)]),
        command="check spec.yaml",
        out=(r"left out: code \(.*identifier",),
    ),
    good(
        "leading zeros",
        table=with_column("zip", "00501", "10001", "94105"),
        command="check spec.yaml",
        out=("zip +category .*leading zeros",),
    ),
    *[
        good(
            f"truth values: {one}, {two}",
            table=with_column("flag", one, two, two),
            command="check spec.yaml",
            out=("flag +boolean",),
        )
        for one, two in (("true", "false"), ("TRUE", "False"), ("yes", "no"), ("t", "f"), ("Y", "N"))
    ],
    good(
        "dates",
        'note: column "day" is left out: dates',
        "data.columns: {day: date}",
        table=with_column("day", "2024-01-31", "2024-02-28", "2023-12-24"),
        command="check spec.yaml",
        out=(r"left out: day \(dates",),
    ),
    good(
        "dates, declared",
        table=with_column("day", "2024-01-31", "2024-02-28", "2023-12-24"),
        spec=with_data("columns: {day: date}"),
        command="check spec.yaml",
        out=("day +date",),
        unsaid=("note: .*day",),
    ),
    good("constant numbers", "not used: same .constant", table=with_column("same", "1.5")),
    good("constant text", "not used: same .constant", table=with_column("same", "x")),
    good("nothing but missing cells", "not used: void .*(missing|constant)", table=with_column("void", "")),
    good("nothing but NaN", "not used: void .*(missing|constant)", table=with_column("void", "NaN")),
    bad(
        "nothing but constants",
        "no column is left to learn from.*'size'",
        table=text_of(NAMES, *(("1", "red", "2", row[3]) for row in ROWS)),
    ),
    good("constant with a large offset", "not used: big .constant", table=with_column("big", "33333333.333333332")),
    good(
        "text that is different in every row",
        "not used: name .*240 different",
        table=long_with("name", [f"name {k}" for k in range(240)]),
    ),
    good("a running number", "not used: id .*identifier", table=with_column("id", *(str(k) for k in range(1, 25)))),
    good(
        "one huge number", r'note: column "price": 1e30 on line 5', table=with_cell(5, "price", "1e30"), unsaid=("nan",)
    ),
    good(
        "classes 0 and 0.0",
        table=with_cells("label", "0", "0.0", "1"),
        command="check spec.yaml",
        out=("2 classes",),
    ),
    good(
        "classes 0 and 0.0 beside a word",
        "note: .*'0.*' and '0.*' are two classes",
        table=with_cells("label", "0", "0.0", "x", "y", "z"),
    ),
    good(
        "classes with blanks around",
        table=with_cells("label", "yes", " yes", "no "),
        command="check spec.yaml",
        out=("label",),
        unsaid=("' yes'",),
    ),
    bad(
        "escape sequences in a cell",
        r'table\.csv:20: column "price": .*\\x1b',
        table=with_cell(20, "price", "\x1b[31mcheap\x1b]0;pwn\x07"),
    ),
    bad(
        "escape sequences in a name",
        r"\\x1b\[2J",
        table=renamed("size", "\x1b[2Jsize"),
        spec=spec(data="train: table.csv, target: zzz"),
    ),
    good(
        "escape sequences in a column that is not used",
        r"not used: \\x1b\[2J",
        table=with_column("\x1b[2J\u202ename", "x"),
    ),
    good(
        "escape sequences in values",
        table=with_cells("colour", "\x1b[31mred", "[red]blue[/red]", "<script>"),
        command="check spec.yaml",
        out=("colour +category",),
    ),
    good("markup in a name", r"not used: \[bold red\]", table=with_column("[bold red]x[/]", "x")),
    *[
        bad(
            f"weight {text or 'missing'}",
            r'table\.csv:3: column "weight"',
            "weights are numbers from|is not a number|missing|too large",
            table=with_column("weight", "1", text, "2"),
            spec=WEIGHTED,
        )
        for text in ("-1", "", "NaN", "inf", "heavy", "1e39")
    ],
    bad("all weights zero", r"table\.csv: no row is left", "weight 0", table=with_column("weight", "0"), spec=WEIGHTED),
    good(
        "weight 0",
        "8 rows of weight 0 left out",
        table=with_column("weight", "1", "0", "2"),
        spec=WEIGHTED,
        command="check spec.yaml",
    ),
    bad("absent weights", r"table\.csv:1: column 'weight' is missing", spec=WEIGHTED),
    bad(
        "absent column of the split",
        r"table\.csv:1: column 'part' is missing",
        spec=with_data("split: {type: column, column: part}"),
    ),
    bad(
        "a part that is none",
        r'table\.csv:3: column "part": \'maybe\'',
        "train, validation or test",
        table=with_column("part", "train", "maybe"),
        spec=with_data("split: {type: column, column: part}"),
    ),
    bad(
        "no rows to train on",
        'column "part": no row says train',
        table=with_column("part", "test"),
        spec=with_data("split: {type: column, column: part}"),
    ),
    bad(
        "a time that is missing",
        r'table\.csv:3: column "when".*missing',
        table=with_column("when", "1", "", "2"),
        spec=with_data("split: {type: time, column: when, validation: 0.25}"),
    ),
    bad(
        "validation file with other columns",
        r"rows\.csv:1: column 'price' is missing",
        rows=renamed("price", "cost"),
        spec=with_data("split: {validation: rows.csv}"),
    ),
    bad(
        "validation file without rows",
        r"rows\.csv: there are no rows",
        rows=text_of(NAMES),
        spec=with_data("split: {validation: rows.csv}"),
    ),
    bad(
        "second file with another column",
        r"rows\.csv:1: column '(price|cost)'",
        "same columns",
        rows=renamed("price", "cost"),
        spec=spec(data="train: [table.csv, rows.csv], target: label"),
    ),
    bad(
        "second file with a row too short",
        r"rows\.csv:5: 2 fields",
        rows=with_line(5, "1,red"),
        spec=spec(data="train: [table.csv, rows.csv], target: label"),
    ),
    bad(
        "second file with a word for a number",
        r'rows\.csv:5: column "price"',
        rows=with_cell(5, "price", "cheap"),
        spec=spec(data="train: [table.csv, rows.csv], target: label"),
    ),
]


@pytest.mark.parametrize("case", parameters(VALUES))
def test_the_values_of_a_table(case, folder):
    check(case, folder)


MISSING_MARKS = ["NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"]


def outputs(folder, content, command="predict price.npz rows.csv"):
    """What is predicted for a table."""
    write(folder, {"rows.csv": content})
    ended = run(folder, command)
    assert ended.code == 0, ended.err
    return ended.out


@pytest.mark.parametrize("mark", MISSING_MARKS)
def test_a_mark_of_a_missing_number_is_an_empty_cell(folder, mark):
    write(folder, {"table.csv": with_cell(5, "size", "", with_cell(7, "size", ""))})
    assert run(folder, "fit spec.yaml -q --out empty.npz").code == 0
    write(folder, {"table.csv": with_cell(5, "size", mark, with_cell(7, "size", mark))})
    assert run(folder, "fit spec.yaml -q --out marked.npz").code == 0
    assert (folder / "marked.npz").read_bytes() == (folder / "empty.npz").read_bytes()


@pytest.mark.parametrize("mark", MISSING_MARKS)
def test_a_mark_of_a_missing_number_is_a_category_like_any_other(folder, mark):
    write(folder, {"table.csv": with_cells("colour", mark, "red", "blue"), "rows.csv": with_cells("colour", mark)})
    assert run(folder, "fit spec.yaml -q --out marks.npz").code == 0
    ended = run(folder, "predict marks.npz rows.csv")
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize("tiny", ["1e-400", "-1e-400", "0e0", "0.000", "+0"])
def test_what_is_too_small_is_zero(folder, tiny):
    zero = outputs(folder, with_cells("size", "0"))
    assert outputs(folder, with_cells("size", tiny)) == zero


@pytest.mark.parametrize(
    "labels", [("True", "FALSE"), ("0", "1"), ("0.0", "1.0"), ("YES", "no"), ("<b>", "=1+1"), ("NA", "null")]
)
def test_predicted_classes_are_spelt_as_in_the_table(folder, labels):
    write(folder, {"table.csv": with_cells("label", *labels)})
    assert run(folder, "fit spec.yaml -q --out spelt.npz").code == 0
    ended = run(folder, "predict spelt.npz table.csv --probabilities")
    header, *rows = csv.reader(io.StringIO(ended.out))
    assert header[0] == "label"
    assert set(header[1:]) == {f"probability_{label}" for label in labels}
    assert {row[0] for row in rows} <= set(labels)


def test_a_huge_number_in_training_leaves_predictions_finite(folder):
    write(folder, {"table.csv": with_cell(5, "size", "1e30"), "spec.yaml": PRICES})
    assert run(folder, "fit spec.yaml -q --out huge.npz").code == 0
    ended = run(folder, "predict huge.npz rows.csv")
    assert np.isfinite([float(value) for value in ended.out.split()[1:]]).all()


def test_columns_that_are_not_used_may_be_absent_from_predict(folder):
    write(folder, {"table.csv": with_column("same", "x"), "rows.csv": TABLE})
    assert run(folder, "fit spec.yaml -q --out lean.npz").code == 0
    assert run(folder, "predict lean.npz rows.csv").code == 0


def test_a_matrix_that_does_not_fit_into_the_memory(folder, monkeypatch):
    monkeypatch.setattr("mlptrain.preparation.preparation.measure_available_memory", lambda: 100)
    said = (r"table\.csv: 24 rows of \d inputs need", "are free", r"'colour' alone has \d.*data\.min_frequency")
    check(bad("no memory", *said, command="fit spec.yaml --set data.memory=memory", code=6), folder)


# 7.3: a model and a table


def edited_model(change):
    """Rewrites the metadata of the model."""

    def make(folder):
        arrays = container.read_container(folder / "model.npz")
        metadata = json.loads(arrays["metadata"].tobytes())
        change(metadata)
        arrays["metadata"] = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
        with (folder / "model.npz").open("wb") as stream:
            container.write_container(stream, arrays)

    return make


def changed_bytes(change):
    """Rewrites the bytes of the model."""

    def make(folder):
        path = folder / "model.npz"
        path.write_bytes(change(path.read_bytes()))

    return make


def with_arrays(**arrays):
    def make(folder):
        with (folder / "model.npz").open("wb") as stream:
            container.write_container(stream, arrays)

    return make


def unpickling(folder):
    """An archive whose array is a pickle that would write a file."""
    np.savez(folder / "model.npz", allow_pickle=True, metadata=np.array([Writes()], object))


class Writes:
    def __reduce__(self):
        return (os.mkdir, ("written",))


WITHOUT_PRICE = text_of(*((row[0], row[1]) for row in [NAMES, *ROWS]))
MODEL_FILES = {
    "empty": changed_bytes(lambda _: b""),
    "text": changed_bytes(lambda _: b"this is text\n"),
    "CSV": changed_bytes(lambda _: TABLE.encode()),
    "pickle": changed_bytes(lambda _: KINDS["pickle"][0]),
    "another zip": changed_bytes(lambda _: zipped("a.txt", "a")),
    "cut short": changed_bytes(lambda content: content[:-100]),
    "cut in the middle": changed_bytes(lambda content: content[: len(content) // 2]),
    "a byte changed": changed_bytes(lambda content: content[:400] + bytes([content[400] ^ 255]) + content[401:]),
    "arrays only": with_arrays(a=np.zeros(3)),
    "metadata that is no JSON": with_arrays(metadata=np.frombuffer(b"{", np.uint8)),
    "pickled array": unpickling,
    "newer": edited_model(lambda metadata: metadata.update(format_version=99)),
    "without a spec": edited_model(lambda metadata: metadata.pop("spec")),
    "of another network": edited_model(lambda metadata: metadata["spec"]["model"].update(hidden=[3])),
    "of another column": edited_model(lambda metadata: metadata["members"][0]["features"].update(columns=[])),
}
MODEL_SAYS = {"newer": "format 99.*update", "pickled array": r"model\.npz"}

AGAINST_A_MODEL = [
    bad("a column is missing", r"rows\.csv:1: column 'price' is missing", rows=WITHOUT_PRICE, command=PREDICT),
    bad(
        "columns are missing",
        r"rows\.csv:1: columns 'size', 'colour', 'price' are missing",
        rows="a,b\n1,2\n",
        command=PREDICT,
    ),
    bad(
        "a column is missing in eval",
        r"rows\.csv:1: column 'price' is missing",
        rows=renamed("price", "cost"),
        command=EVAL,
    ),
    bad(
        "a column in capitals", r"'size' is missing.*did you mean 'SIZE'", rows=renamed("size", "SIZE"), command=PREDICT
    ),
    bad(
        "a column misspelt",
        r"'colour' is missing.*did you mean 'color'",
        rows=renamed("colour", "color"),
        command=PREDICT,
    ),
    good(
        "more columns",
        r"note: .*'?extra",
        rows=with_column("extra", "1"),
        command=PREDICT,
        out=(r"\Alabel\n(yes\n|no\n){24}\Z",),
    ),
    good("an unseen category", "note: .*not see: colour 1", rows=with_cell(5, "colour", "pink"), command=PREDICT),
    good("unseen categories", "note: .*not see: colour 24", rows=with_cells("colour", "pink", "grey"), command=PREDICT),
    bad(
        "an unseen category, strict",
        r"rows\.csv:5: .*colour 1",
        rows=with_cell(5, "colour", "pink"),
        command=f"{PREDICT} --strict",
    ),
    bad(
        "an unseen category, strict: the place",
        r"rows\.csv:5: column \"colour\".*'pink'",
        rows=with_cell(5, "colour", "pink"),
        command=f"{PREDICT} --strict",
    ),
    good("a missing number", "note: missing cells filled: price 1", rows=with_cell(5, "price", ""), command=PREDICT),
    good(
        "missing numbers",
        "note: missing cells filled: size 24, price 1",
        rows=with_cell(5, "price", "", with_cells("size", "", "NA")),
        command=PREDICT,
    ),
    bad(
        "a missing number, strict",
        r"rows\.csv:5: .*price 1",
        rows=with_cell(5, "price", ""),
        command=f"{PREDICT} --strict",
    ),
    bad(
        "a missing number, strict: the place",
        r"rows\.csv:5: column \"price\"",
        rows=with_cell(5, "price", ""),
        command=f"{PREDICT} --strict",
    ),
    good("a missing category", "note: .*(colour) 1", rows=with_cell(5, "colour", ""), command=PREDICT),
    bad(
        "a word for a number",
        r'rows\.csv:5: column "price": \'cheap\' is not a number',
        rows=with_cell(5, "price", "cheap"),
        command=PREDICT,
    ),
    bad(
        "words for numbers",
        r"'w5' is not a number, nor is 'w7' on line 7, 'w9' on line 9",
        rows=with_cell(5, "price", "w5", with_cell(7, "price", "w7", with_cell(9, "price", "w9"))),
        command=PREDICT,
    ),
    bad("only words for numbers", r"rows\.csv:2: .*and 19 more", rows=with_cells("price", "a", "b"), command=PREDICT),
    bad(
        "a word for a number in eval", r'rows\.csv:5: column "price"', rows=with_cell(5, "price", "cheap"), command=EVAL
    ),
    good(
        "a number far away",
        "note: .*(size|far|range)",
        rows=with_cell(5, "size", "1e9"),
        command=PREDICT,
        unsaid=("nan|inf",),
    ),
    good(
        "numbers far away: prices",
        rows=with_cells("size", "1e9", "-1e12"),
        command="predict price.npz rows.csv",
        unsaid=("nan|inf\\b",),
    ),
    bad(
        "output is the input",
        "--out rows.csv: this is the input file",
        "another name",
        command=f"{PREDICT} --out rows.csv",
        code=2,
    ),
    bad(
        "output is a link to the input",
        "--out link.csv: this is the input file",
        make=linked("link.csv", "rows.csv"),
        command=f"{PREDICT} --out link.csv",
        code=2,
    ),
    bad(
        "output is a hard link to the input",
        "--out link.csv: this is the input file",
        make=hard_linked,
        command=f"{PREDICT} --out link.csv",
        code=2,
    ),
    bad(
        "input is a link to the output",
        "--out rows.csv: this is the input file",
        make=linked("link.csv", "rows.csv"),
        command="predict model.npz link.csv --out rows.csv",
        code=2,
    ),
    bad("output is the model", "--out model.npz: this is the model", command=f"{PREDICT} --out model.npz", code=2),
    bad(
        "output is another model",
        "price.npz: the table is not written as NumPy arrays",
        command=f"{PREDICT} --out price.npz",
        code=2,
    ),
    bad(
        "output is a spec", "spec.yaml: the table is not written as YAML", command=f"{PREDICT} --out spec.yaml", code=2
    ),
    bad(
        "output is a folder",
        r"folder",
        command=f"{PREDICT} --out folder",
        make=lambda folder: (folder / "folder").mkdir(),
        code=6,
    ),
    bad("output in no folder", r"none/p\.csv.*", command=f"{PREDICT} --out none/p.csv", code=6),
    bad(
        "model over a table",
        "table.csv: exists and is not a model",
        "--out",
        command="fit spec.yaml --out table.csv",
        code=2,
    ),
    bad("model over the spec", "spec.yaml: exists and is not a model", command="fit spec.yaml --out spec.yaml", code=2),
    bad(
        "model over a folder",
        "folder: exists and is not a model",
        command="fit spec.yaml --out folder",
        make=lambda folder: (folder / "folder").mkdir(),
        code=2,
    ),
    bad(
        "model in no folder",
        "none/m.npz: the folder none does not exist",
        "make it",
        command="fit spec.yaml --out none/m.npz",
        code=6,
    ),
    bad(
        "predictions to a full device",
        "/dev/full: cannot be written: No space left",
        command=f"{PREDICT} --out /dev/full",
        code=6,
    ),
    bad(
        "history over a table",
        "--history table.csv: exists and is not a history",
        command="fit spec.yaml --history table.csv",
        code=2,
    ),
    bad(
        "history over the model",
        "--history spec.npz: this is where the model goes",
        command="fit spec.yaml --history spec.npz",
        code=2,
    ),
    bad(
        "predictions of folds without folds",
        "--out-of-fold.*data.split.folds",
        command="fit spec.yaml --out-of-fold o.csv",
        code=2,
    ),
    good(
        "a metric that is undefined",
        "note: auc is undefined: ",
        rows=with_cells("label", "yes"),
        command=f"{EVAL} --json",
        out=('"auc": null',),
    ),
    good("a metric that is undefined: text", rows=with_cells("label", "yes"), command=EVAL, out=("auc: undefined: ",)),
    good(
        "r2 of a single row",
        rows=text_of(NAMES, ROWS[0]),
        command="eval price.npz rows.csv --json",
        out=('"r2": null',),
    ),
    bad(
        "probabilities of a number",
        "--probabilities: .*number",
        command="predict price.npz rows.csv --probabilities",
        code=2,
    ),
    bad("a column to keep that is not there", "'colur'.*did you mean 'colour'", command=f"{PREDICT} --keep colur"),
    bad(
        "labels for a table", "--labels: the model was trained on a table", command=f"{EVAL} --labels rows.csv", code=2
    ),
    good("no test part", command="eval model.npz", out=("no test part, so these are the rows of the training file",)),
    good("the training file", command="eval model.npz table.csv", out=("table.csv is the training file",)),
    bad("absent column to measure by", "'colur' is missing.*'colour'", command=f"{EVAL} --by colur"),
    bad(
        "the model as data",
        r"model\.npz: this is a model of mlptrain, and no data",
        command="predict model.npz model.npz",
    ),
    bad("no such model", r"modell\.npz: no such file", "name a model", command="predict modell.npz rows.csv", code=5),
    bad("a folder as model", "this is a folder", command="show .", code=5),
    bad("/dev/zero as model", "/dev/zero", command="show /dev/zero", code=5),
    bad("FIFO as model", r"pipe\.npz", make=fifo("pipe.npz"), command="show pipe.npz", code=5),
    *[
        bad(
            f"model file: {name}, {verb}",
            r"model\.npz: ",
            MODEL_SAYS.get(name, "model"),
            make=make,
            command=command,
            code=5,
        )
        for name, make in MODEL_FILES.items()
        for verb, command in (("predict", PREDICT), ("show", "show model.npz"))
    ],
]


@pytest.mark.parametrize("case", parameters(AGAINST_A_MODEL))
def test_a_table_against_a_model(case, folder):
    check(case, folder)
    assert not (folder / "written").exists()


def permuted(*names):
    """The table with its columns in another order."""
    places = [NAMES.index(name) for name in names]
    return text_of(*(tuple(row[place] for place in places) for row in [NAMES, *ROWS]))


OTHER_TABLES = {
    "columns in another order": permuted("price", "label", "colour", "size"),
    "no target": permuted("size", "colour", "price"),
    "no target, another order": permuted("price", "size", "colour"),
    "a target of nonsense": with_cells("label", "", "maybe", "7"),
    "more columns": with_column("more", "a", "", "b"),
    "CR LF": TABLE.replace("\n", "\r\n"),
    "gzip": gzip.compress(TABLE.encode()),
}


@pytest.mark.parametrize("content", OTHER_TABLES.values(), ids=OTHER_TABLES)
def test_predictions_are_by_name_of_the_columns_that_are_used(folder, content):
    command = "predict model.npz rows.csv --probabilities"
    assert outputs(folder, content, command) == outputs(folder, TABLE, command)


def test_row_i_of_the_output_belongs_to_row_i_of_the_input(folder):
    order = [(k * 7 + 3) % 24 for k in range(24)]
    whole = outputs(folder, TABLE).splitlines()
    other = outputs(folder, text_of(NAMES, *(ROWS[k] for k in order))).splitlines()
    assert other == [whole[0], *(whole[1 + k] for k in order)]


def test_predictions_replace_predictions(folder):
    for _ in range(2):
        assert run(folder, "predict model.npz rows.csv --out p.csv").code == 0
        assert (folder / "p.csv").read_text().startswith("label\n")
    assert run(folder, "predict price.npz rows.csv --out p.csv").code == 2, "predictions of another target"
    assert (folder / "p.csv").read_text().startswith("label\n")


def test_a_model_replaces_a_model_and_keeps_it(folder, models):
    assert run(folder, "fit spec.yaml -q --out price.npz").code == 0
    assert (folder / "price.previous.npz").read_bytes() == models["price.npz"]
    assert run(folder, "predict price.npz rows.csv").out.startswith("label\n")


# 7.4: the spec


def wrong(name, line, *said, data=DATA, model=MODEL, training=TRAINING, more="", **options):
    """A spec with one fault, on a line."""
    place = [rf"spec\.yaml:{line}: "] if line else []
    options = {"code": 2, "lines": 1} | options
    return bad(name, *place, *said, spec=spec(data, model, training, more), **options)


def raw(name, content, *said, **options):
    """A spec that is no spec."""
    return bad(name, *said, spec=content, **({"code": 2} | options))


NUMBERS = [
    "017",
    "0o17",
    "0x1F",
    "1:30",
    "190:20:30",
    "1_000",
    '"1,000"',
    ".inf",
    "-.inf",
    ".nan",
    "inf",
    "nan",
    "1e400",
    "１２",
    "ten",
    "1e",
    "--1",
    "5" * 5000,
    "0x" + "f" * 5000,
]
A_NUMBER = "write a (whole |plain )?(decimal )?number|must be (at|less|greater)"
TAGS = [
    "!!python/object/apply:os.system [ls]",
    "!!python/name:os.system",
    "!!binary aGVsbG8=",
    "!!set {a}",
    "!x y",
    "!!int 5",
    "!!str 5",
]
ODD_COLUMNS = ("on", "y", "null", "1.10", "no")
ODD_TABLE = text_of(ODD_COLUMNS, *((*row, "yes" if k % 2 else "on") for k, row in enumerate(ROWS)))


def sparse(folder):
    with (folder / "spec.yaml").open("wb") as stream:
        stream.truncate(100 * 2**20)


SPECS = [
    *[
        good(
            f"learning_rate: {text}",
            spec=spec(more=f"optimizer: {{learning_rate: {text}}}\n"),
            command="check spec.yaml --spec",
            out=(rf"learning_rate: {value}\b",),
        )
        for text, value in [
            ("1e-3", r"0\.001"),
            ("1E-3", r"0\.001"),
            ('"0.001"', r"0\.001"),
            ("'1e-3'", r"0\.001"),
            (".5", r"0\.5"),
            ("1e3", r"1000\.0"),
            ("+0.5", r"0\.5"),
            ("5.", r"5\.0"),
        ]
    ],
    good("epochs in quotes", spec=spec(training='epochs: "1"')),
    good("a class called no", spec=spec(training="epochs: 1, class_weight: {no: 2, yes: 1}")),
    good(
        "columns called on, y, null, 1.10 and no",
        table=ODD_TABLE,
        spec=spec(
            data="train: table.csv, target: no, columns: {on: number, y: category, null: ignore, 1.10: category}"
        ),
    ),
    good("a column called =", table=renamed("label", "="), spec=spec(data="train: table.csv, target: =")),
    good(
        "a column called 2020-13-45",
        table=renamed("size", "2020-13-45"),
        spec=with_data("columns: {2020-13-45: ignore}"),
    ),
    good("byte order mark in a spec", spec=codecs.BOM_UTF8 + spec().encode()),
    good("CR LF in a spec", spec=spec().replace("\n", "\r\n")),
    good("spec from stdin", command="fit - -q --out m.npz", stdin=spec().encode()),
    good("a batch larger than the table", "note: .*batch_size", spec=spec(training="epochs: 1, batch_size: 1000")),
    wrong("activation: no", 2, "model.activation: 'no' is not one of .*relu", model="hidden: [2], activation: no"),
    *[
        wrong(
            f"learning_rate: {text[:20]}",
            4,
            r"optimizer\.learning_rate: ",
            A_NUMBER,
            more=f"optimizer: {{learning_rate: {text}}}\n",
        )
        for text in NUMBERS
    ],
    *[
        wrong(f"epochs: {text[:20]}", 3, r"training\.epochs: ", A_NUMBER, training=f"epochs: {text}")
        for text in [*NUMBERS, "1.5", "2020-13-45", "true", "1.0"]
    ],
    wrong("a number without quotes and with a comma", 3, "training", training="epochs: 1,000"),
    wrong("seed: 2020-13-45", 4, "seed: ", A_NUMBER, more="seed: 2020-13-45\n"),
    wrong("seed of 30 digits", 4, "seed: .*to below", more=f"seed: {'9' * 30}\n"),
    wrong("a key twice", 5, "'seed' is given twice", r"spec\.yaml:4", more="seed: 1\nseed: 2\n"),
    wrong("a section twice", 4, "'training' is given twice", r"spec\.yaml:3", more="training: {epochs: 2}\n"),
    wrong("a key twice in one line", 3, "'epochs' is given twice", training="epochs: 1, epochs: 2"),
    wrong("a key under two names", 4, "learning_rate", more="optimizer: {lr: 0.1, learning_rate: 0.2}\n"),
    wrong(
        "unknown key",
        4,
        "unknown key 'learning_rat'; did you mean 'learning_rate'",
        more="optimizer: {learning_rat: 0.1}\n",
    ),
    wrong("unknown section", 4, "unknown key 'optimiser'; did you mean 'optimizer'", more="optimiser: adam\n"),
    wrong("unknown key of data", 1, "unknown key 'spilt'; did you mean 'split'", data=f"{DATA}, spilt: {{}}"),
    wrong("unknown key, none near", 3, "unknown key 'zzz'", training="epochs: 1, zzz: 3"),
    wrong("unknown optimizer", 4, "'adan' is not known here; did you mean 'adam'", more="optimizer: adan\n"),
    wrong("unknown loss", 4, "'cross_entrpy' .* did you mean 'cross_entropy'", more="loss: cross_entrpy\n"),
    wrong(
        "unknown schedule",
        4,
        "'cosin' .* did you mean 'cosine'",
        more="schedules: {learning_rate: cosin}\n",
    ),
    wrong("list for a number", 3, r"training\.epochs: .*number", training="epochs: [1]"),
    wrong("map for a number", 3, r"training\.epochs: .*number", training="epochs: {a: 1}"),
    wrong("map for a list", 2, r"model\.hidden: .*list", model="hidden: {a: 1}"),
    wrong("number for a list", 2, r"model\.hidden: .*list.*\[64\]", model="hidden: 64"),
    wrong("number for a section", 4, "regularization: .*map", more="regularization: 3\n"),
    wrong("list for a section", 4, "regularization: .*map", more="regularization: [3]\n"),
    wrong("text in a list of numbers", 2, r"model\.hidden\[1\]: ", A_NUMBER, model="hidden: [2, two]"),
    wrong("list for a file", 1, r"data\.delimiter", data=f"{DATA}, delimiter: [a]"),
    wrong("nothing for a number", 3, r"training\.epochs: ", training="epochs: "),
    raw("tab indentation", "data:\n\ttrain: table.csv\n", r"spec\.yaml:2: tabs are not allowed", "use spaces"),
    raw("wrong indentation", "data:\n  train: table.csv\n target: label\n", r"spec\.yaml:3: .*indented"),
    raw("unclosed bracket", "data: {train: table.csv\n", r"spec\.yaml:1: ", "close"),
    raw("unclosed quote", 'data: {train: "table.csv}\n', r"spec\.yaml:1: ", "close"),
    raw("key without a colon", "data\ntrain: x\n", r"spec\.yaml:[12]: "),
    wrong("anchor", 4, "anchors and aliases are not allowed", "write the value out", more="seed: &a 1\n"),
    wrong("alias", 0, "anchors and aliases are not allowed", more="seed: &a 1\nloss: *a\n"),
    wrong("merge", 0, "anchors and aliases are not allowed", more="x: &a {b: 1}\noptimizer: {<<: *a}\n"),
    wrong("merge without an anchor", 4, "unknown key '<<'", more="optimizer: {name: adam, <<: {b: 1}}\n"),
    wrong("recursive alias", 4, "anchors and aliases are not allowed", more="x: &a [*a]\n"),
    raw(
        "alias bomb",
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
        r"spec\.yaml:1: anchors and aliases are not allowed",
    ),
    *[wrong(f"tag {tag.split()[0]}", 4, "tags .* are not allowed", "plain values", more=f"x: {tag}\n") for tag in TAGS],
    wrong("list as a key", 4, "a key must be plain text", more="[1, 2]: 3\n"),
    wrong("complex key", 4, "a key must be plain text", more="? [a]\n: b\n"),
    wrong("map as a key", 4, "a key must be plain text", more="{a: 1}: 3\n"),
    wrong("number as a key", 4, "unknown key '7'", more="7: 3\n"),
    wrong("null as a key", 4, "unknown key", more="null: 3\n"),
    wrong("nothing as a key", 4, more=": 3\n"),
    wrong("NaN as a key", 4, r"unknown key '\.nan'", more=".nan: 3\n"),
    raw("two documents", spec() + "---\n" + spec(), r"spec\.yaml:4: a second document"),
    raw("a directive", "%YAML 1.2\n---\n" + spec(), r"spec\.yaml:[12]: directives"),
    raw("scalar", "hello\n", r"spec\.yaml:1: the spec is not a map", "data:"),
    raw("list", "- a\n- b\n", r"spec\.yaml:1: the spec is not a map"),
    raw("empty", "", r"spec\.yaml:1: the spec is empty", "data:"),
    raw("only comments", "# one\n# two\n", r"spec\.yaml:1: the spec is empty"),
    raw("only a byte order mark", codecs.BOM_UTF8, r"spec\.yaml:1: the spec is empty"),
    raw("only null", "null\n", r"spec\.yaml:1: the spec is "),
    raw("only a document mark", "---\n", r"spec\.yaml:1: the spec is "),
    raw("depth of 1,000 maps", "".join(" " * k + "a:\n" for k in range(600)), r"spec\.yaml:\d+: .*nested too deeply"),
    raw("100,000 brackets", "a: " + "[" * 100_000, r"spec\.yaml:1: .*nested too deeply"),
    raw("100,000 braces", "a: " + "{" * 100_000, r"spec\.yaml:1: .*nested too deeply"),
    raw("20,000 keys", "".join(f"a{k}: 1\n" for k in range(20_000)), r"spec\.yaml:\d+: .*too long"),
    raw("Latin-1", spec().encode() + b"# caf\xe9\n", r"spec\.yaml:4: byte \d+ \(0xe9\) is not UTF-8", "save"),
    raw("NUL", spec().encode() + b"# \0\n", r"spec\.yaml:4: .*U\+0000", "remove"),
    raw("UTF-16 with a mark", spec().encode("utf-16"), r"spec\.yaml:1: .*(UTF-16|not UTF-8)", "UTF-8"),
    raw("UTF-16 without a mark", spec().encode("utf-16-le"), r"spec\.yaml:1: .*(UTF-16|U\+0000)"),
    raw("control character", spec().encode() + b"# \x07\n", r"spec\.yaml:4: .*U\+0007"),
    raw("binary", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), r"spec\.yaml:1: "),
    bad("100 MB", r"spec\.yaml: more than \d+ bytes", make=sparse, code=2),
    bad("a folder as spec", r"\.: this is a folder; name a YAML file", command="fit .", code=2),
    bad(
        "FIFO as spec",
        r"pipe\.yaml: this is not a regular file",
        make=fifo("pipe.yaml"),
        command="fit pipe.yaml",
        code=2,
    ),
    bad("/dev/zero as spec", "/dev/zero: this is not a regular file", command="fit /dev/zero", code=2),
    bad("no such spec", r"spek\.yaml: no such file; did you mean 'spec\.yaml'", command="fit spek.yaml", code=2),
    bad("a table as spec", r"table\.csv: this is a table, and no spec", command="fit table.csv", code=2),
    bad("a model as spec", r"model\.npz", command="fit model.npz", code=2),
    bad(
        "a link to itself as spec",
        r"loop\.yaml: cannot be read",
        make=linked("loop.yaml", "loop.yaml"),
        command="fit loop.yaml",
        code=2,
    ),
    bad("a spec name with a newline", r"a\\nb\.yaml: no such file", command="fit 'a\nb.yaml'", code=2),
    *[
        wrong(f"hidden: [{units}]", 2, r"model\.hidden\[0\]: ", said, model=f"hidden: [{units}]")
        for units, said in [
            ("0", "from 1"),
            ("-3", "from 1"),
            ("64.0", "whole number"),
            ("1000001", "to 1000000"),
            ("1e9", "whole number|at most"),
            ("nan", "whole number"),
        ]
    ],
    wrong("hidden of 1,001 layers", 2, r"model\.hidden: .*1,?000", model=f"hidden: [{', '.join(['2'] * 1001)}]"),
    bad("a network larger than the memory", "memory", spec=spec(model="hidden: [1000000, 1000000]"), code=6),
    wrong("dropout 1", 2, r"model\.dropout.*to below 1", model="hidden: [2], dropout: 1"),
    wrong("dropout 1.5", 2, r"model\.dropout.*to below 1", model="hidden: [2], dropout: 1.5"),
    wrong("dropout -0.1", 2, r"model\.dropout.*(from|not below) 0", model="hidden: [2], dropout: -0.1"),
    wrong(
        "dropout for two of one layer",
        2,
        r"model\.dropout: 2 values for 1 hidden layer",
        model="hidden: [2], dropout: [0.1, 0.2]",
    ),
    wrong("learning rate 0", 4, r"optimizer\.learning_rate: .*above 0", more="optimizer: {learning_rate: 0}\n"),
    wrong("learning rate -1", 4, r"optimizer\.learning_rate: .*above 0", more="optimizer: {learning_rate: -1}\n"),
    wrong("momentum 1", 4, r"optimizer\.momentum: .*to below 1", more="optimizer: {name: momentum, momentum: 1}\n"),
    wrong(
        "momentum -0.1",
        4,
        r"optimizer\.momentum: .*(from|above) 0",
        more="optimizer: {name: momentum, momentum: -0.1}\n",
    ),
    wrong("beta_1 1", 4, r"optimizer\.beta_1: .*to below 1", more="optimizer: {name: adam, beta_1: 1}\n"),
    wrong("beta_2 1.5", 4, r"optimizer\.beta_2: .*to below 1", more="optimizer: {name: adam, beta_2: 1.5}\n"),
    wrong(
        "beta_2 -0.1",
        4,
        r"optimizer\.beta_2: .*(from|above) 0",
        more="optimizer: {name: adam, beta_2: -0.1}\n",
    ),
    wrong("epsilon 0", 4, r"optimizer\.epsilon: .*above 0", more="optimizer: {name: adam, epsilon: 0}\n"),
    wrong(
        "weight decay -1",
        4,
        r"optimizer\.weight_decay: .*(from|not below) 0",
        more="optimizer: {name: adam, weight_decay: -1}\n",
    ),
    wrong("l2 -1", 4, r"regularization\.l2: .*(from|not below) 0", more="regularization: {l2: -1}\n"),
    wrong("epochs 0", 3, r"training\.epochs: .*from 1", training="epochs: 0"),
    wrong("epochs -1", 3, r"training\.epochs: .*from 1", training="epochs: -1"),
    wrong("batch size 0", 3, r"training\.batch_size: .*from 1", training="epochs: 1, batch_size: 0"),
    wrong("batch size all", 3, r"training\.batch_size: .*full", training="epochs: 1, batch_size: all"),
    wrong("seed -1", 4, "seed: .*(from|not below) 0", more="seed: -1\n"),
    *[
        wrong(
            f"validation {share}", 1, r"data\.split\.validation", said, data=f"{DATA}, split: {{validation: {share}}}"
        )
        for share, said in [("1", "to below 1"), ("1.5", "to below 1"), ("-0.1", "(from|not below) 0")]
    ],
    wrong(
        "validation and test are everything",
        1,
        r"data\.split: .*leave nothing for training",
        data=f"{DATA}, split: {{validation: 0.5, test: 0.5}}",
    ),
    wrong(
        "validation of no row",
        0,
        r"data\.split\.validation: 0\.001 of 24 rows is no row",
        "larger",
        data=f"{DATA}, split: {{validation: 0.001}}",
    ),
    wrong(
        "training of no row",
        0,
        r"data\.split.*",
        "smaller",
        data=f"{DATA}, split: {{validation: 0.499, test: 0.5, type: random}}",
        table=text_of(NAMES, *ROWS[2:4]),
    ),
    wrong(
        "early stopping without validation",
        3,
        r"training\.early_stopping: .*data\.split\.validation",
        training="epochs: 1, early_stopping: {patience: 2}",
    ),
    wrong(
        "early stopping with validation 0",
        3,
        r"training\.early_stopping: .*data\.split\.validation",
        data=f"{DATA}, split: {{validation: 0}}",
        training="epochs: 1, early_stopping: {patience: 2}",
    ),
    wrong("folds 1", 1, r"data\.split\.folds: .*from 2", data=f"{DATA}, split: {{folds: 1}}"),
    wrong("more folds than rows", 0, r"data\.split\.folds.*too few", "fewer", data=f"{DATA}, split: {{folds: 50}}"),
    wrong(
        "folds and validation",
        1,
        r"data\.split\.validation: .*remove one",
        data=f"{DATA}, split: {{folds: 2, validation: 0.2}}",
    ),
    wrong(
        "classes of numbers that are not whole",
        0,
        "loss: cross_entropy.*(number|classes)",
        data="train: table.csv, target: price",
        more="loss: cross_entropy\n",
    ),
    wrong(
        "three classes and binary cross-entropy",
        0,
        "loss: binary_cross_entropy needs two classes, the target has 3; use cross_entropy",
        data="train: table.csv, target: colour",
        more="loss: binary_cross_entropy\n",
    ),
    wrong(
        "metric of numbers for classes",
        0,
        r"training\.monitor: rmse is a metric of numbers",
        data=f"{DATA}, split: {{validation: 0.25}}",
        training="epochs: 1, monitor: rmse",
    ),
    wrong(
        "metric of classes for numbers",
        0,
        r"training\.monitor: accuracy is a metric of classes",
        data="train: table.csv, target: price, split: {validation: 0.25}",
        training="epochs: 1, monitor: accuracy",
    ),
    wrong(
        "unknown metric",
        3,
        r"training\.monitor: 'acuracy' is not known here; did you mean 'accuracy'",
        training="epochs: 1, monitor: acuracy",
    ),
    wrong(
        "batch norm and batches of one row",
        3,
        r"training\.batch_size: .*2 rows",
        model="hidden: [2], norm: batch",
        training="epochs: 1, batch_size: 1",
    ),
    good(
        "a last batch of one row and batch norm",
        spec=spec(model="hidden: [2], norm: batch", training="epochs: 1, batch_size: 23"),
        unsaid=("nan",),
    ),
    wrong(
        "class weight of a class that there is not",
        0,
        r"training\.class_weight: 'maybe' is no class; they are no, yes",
        training="epochs: 1, class_weight: {maybe: 2}",
    ),
    wrong("class weight 0", 3, r"training\.class_weight.*above 0", training="epochs: 1, class_weight: {no: 0}"),
    wrong(
        "class weights for numbers",
        0,
        r"training\.class_weight: .*number",
        data="train: table.csv, target: price",
        training="epochs: 1, class_weight: balanced",
    ),
    wrong("target ignored", 1, r"data\.columns\.label: this is the target", data=f"{DATA}, columns: {{label: ignore}}"),
    wrong("target twice", 1, r"data\.target: .*twice", data="train: table.csv, target: [price, price]"),
    wrong("column twice", 1, "'size' is given twice", data=f"{DATA}, columns: {{size: number, size: category}}"),
    wrong(
        "column absent",
        1,
        r"data\.columns\.sise: .*'sise' is missing.*did you mean 'size'",
        data=f"{DATA}, columns: {{sise: number}}",
        code=3,
    ),
    wrong(
        "no features",
        0,
        "no column is left to learn from",
        data=f"{DATA}, columns: {{size: ignore, colour: ignore, price: ignore}}",
        code=3,
    ),
    wrong(
        "target is the weight", 1, r"data\.sample_weight: 'label' is the target", data=f"{DATA}, sample_weight: label"
    ),
    wrong(
        "target is the group",
        1,
        r"data\.split\.column: 'label' is the target",
        data=f"{DATA}, split: {{type: group, column: label, validation: 0.2}}",
    ),
    wrong(
        "group without a column",
        1,
        r"data\.split: 'column' is missing",
        data=f"{DATA}, split: {{type: group, validation: 0.2}}",
    ),
    wrong(
        "unknown kind of column",
        1,
        r"data\.columns\.size: .*'numbr'.*did you mean 'number'",
        data=f"{DATA}, columns: {{size: numbr}}",
    ),
    raw("no data", "training: {epochs: 1}\n", r"spec\.yaml:1: .*'data' is missing"),
    wrong("no train", 1, r"data: 'train' is missing|'train' is missing", data="target: label"),
    wrong("no target", 1, "'target' is missing", data="train: table.csv"),
    wrong("an empty list of files", 1, r"data\.train", data="train: [], target: label"),
    wrong(
        "patience 0",
        3,
        r"training\.early_stopping\.patience: .*from 1",
        data=f"{DATA}, split: {{validation: 0.25}}",
        training="epochs: 1, early_stopping: {patience: 0}",
    ),
    wrong(
        "warm-up longer than the run",
        4,
        r"schedules\.learning_rate.*",
        "epochs",
        more="schedules: {learning_rate: {name: warm_up, epochs: 5}}\n",
    ),
    wrong(
        "ramp longer than the run",
        4,
        r"schedules\.learning_rate.*",
        "epochs",
        more="schedules: {learning_rate: {name: linear, epochs: 50, end: 0.1}}\n",
    ),
    wrong(
        "plateau without validation",
        4,
        r"schedules\.learning_rate: there is no validation part",
        more="schedules: {learning_rate: reduce_on_plateau}\n",
    ),
    wrong(
        "momentum schedule without momentum",
        4,
        r"schedules\.momentum: adam has no momentum",
        more="schedules: {momentum: cosine}\n",
    ),
    wrong("lbfgs in batches", 0, r"training\.batch_size: .*full", more="optimizer: lbfgs\n"),
    *[
        wrong(f"path {path}", 0, said, "no such file", data=f"train: {path}, target: label", code=3)
        for path, said in [
            ("~/table.csv", r"~/table\.csv"),
            ("$HOME/table.csv", r"\$HOME/table\.csv"),
            ("../none.csv", r"\.\./none\.csv"),
            ("/none/table.csv", r"/none/table\.csv"),
        ]
    ],
    *[
        wrong(f"path {path}", 1, r"data\.train: .*is a URL", "download", data=f'train: "{path}", target: label')
        for path in ("ftp://example.com/table.csv", "file:///table.csv")
    ],
    bad(
        "three mistakes at once",
        r"spec\.yaml:2: model\.activation",
        r"spec\.yaml:3: training\.epochs",
        r"spec\.yaml:4: seed",
        spec=spec(model="activation: relo", training="epochs: 0", more="seed: -1\n"),
        code=2,
        lines=3,
    ),
    bad("--set without a value", "--set seed: write KEY=VALUE", command="fit spec.yaml --set seed", code=2),
    bad(
        "--set of an unknown key",
        "--set training.epoch.*did you mean 'epochs'",
        command="fit spec.yaml --set training.epochz=2",
        code=2,
    ),
    bad(
        "--set of a wrong value",
        r"--set training\.epochs.*from 1",
        command="fit spec.yaml --set training.epochs=0",
        code=2,
    ),
    bad(
        "--set below a value",
        r"--set training\.epochs\.x: .*training\.epochs is one value",
        command="fit spec.yaml --set training.epochs.x=1",
        code=2,
    ),
    bad(
        "--set with YAML that is none",
        "--set training.epochs",
        command="fit spec.yaml --set 'training.epochs=[1'",
        code=2,
    ),
]


@pytest.mark.parametrize("case", parameters(SPECS))
def test_the_spec(case, folder):
    check(case, folder)
