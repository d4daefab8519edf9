"""A model of a spreadsheet and one of a plain file predict each other's tables, to the digit, or say why not."""

import datetime as dt
import json
import re
import shlex
from warnings import catch_warnings, simplefilter

import pytest

import mlptrain as package
from tests.support.catalogue import MODEL, TRAINING
from tests.support.command import mlptrain

DAY, GERMAN_DAY = "%Y-%m-%d", "%d.%m.%Y"
ROWS = [
    (dt.date(2024, 1, 1) + dt.timedelta(days=7 * k), ("Köln", "Graz", "Bonn")[k % 3], 250 * k, k * k + 0.25, k % 5)
    for k in range(1, 49)
]


def write_german(number, digits=2):
    return f"{number:,.{digits}f}".translate(str.maketrans(",.", ".,"))


def export(rows=ROWS, *, delimiter=";", title=True, end=True):
    """The table as a German spreadsheet exports it."""
    lines = [f"Verkäufe 2024{delimiter * 4}"] * title + [delimiter.join(["Datum", "Stadt", "Menge", "Preis", "Umsatz"])]
    for day, town, pieces, price, sold in rows:
        cells = [day.strftime(GERMAN_DAY), town, write_german(pieces, 0), write_german(price) if sold else "k.A."]
        lines.append(delimiter.join([*cells, write_german(100 * sold + pieces)]))
    sums = write_german(sum(row[2] for row in rows), 0)
    tail = [delimiter.join(["Summe", "", sums, "", ""]), delimiter * 4] if end else []
    return "".join(f"{line}\r\n" for line in [*lines, *tail])


def plain(rows=ROWS, *, delimiter=",", day=GERMAN_DAY, gap="k.A.", quote=""):
    """The table as programs write it."""
    cells = [["Datum", "Stadt", "Menge", "Preis", "Umsatz"]]
    for when, town, pieces, price, sold in rows:
        cost = f"{price:.2f}" if sold else gap
        cells.append([when.strftime(day), town, str(pieces), cost, str(100 * sold + pieces)])
    return "".join(delimiter.join(f"{quote}{cell}{quote}" for cell in line) + "\n" for line in cells)


SPEC = "data: {{train: {}, target: Umsatz, {}}}\nmodel: {{{}}}\ntraining: {{{}}}\n"
OF_EXPORT = """delimiter: ";", encoding: cp1252, skip_rows: 1, skip_footer: 1, decimal: ",", thousands: ".",
  columns: {Datum: date, Preis: {type: number, missing_values: [k.A.]}}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model of each way to write the table, and what it predicts for its own file."""
    path = tmp_path_factory.mktemp("dialects")
    (path / "export.csv").write_bytes(export().encode("cp1252"))
    (path / "plain.csv").write_text(plain(day=DAY, gap=""), encoding="utf-8")
    for name, said in (("export", OF_EXPORT), ("plain", "columns: {Datum: date}")):
        (path / f"{name}.yaml").write_text(SPEC.format(f"{name}.csv", said, MODEL, TRAINING), encoding="utf-8")
        assert mlptrain("fit", f"{name}.yaml", "-q", cwd=path).code == 0
        (path / f"{name}.out").write_text(mlptrain("predict", f"{name}.npz", f"{name}.csv", cwd=path).out)
    return path


EXPORTS = {
    "as it is": export().encode("cp1252"),
    "UTF-8": export().encode(),
    "UTF-8 with a mark": export().encode("utf-8-sig"),
    "UTF-16": export().encode("utf-16"),
    "UTF-16 without a mark": export().encode("utf-16-le"),
    "UTF-16, big end, without a mark": export().encode("utf-16-be"),
    "without title": export(title=False).encode("cp1252"),
    "without sums": export(end=False).encode("cp1252"),
    "the table alone": export(title=False, end=False).encode("cp1252"),
    "sep": b"sep=;\r\n" + export(title=False, end=False).encode("cp1252"),
    "sep and title": b"sep=;\r\n" + export().encode("cp1252"),
    "tabs": export(delimiter="\t").encode("utf-16"),
}
PLAIN = {
    "commas": plain(),
    "tabs": plain(delimiter="\t"),
    "bars": plain(delimiter="|"),
    "semicolons": plain(delimiter=";"),
    "quoted": plain(quote='"'),
    "quoted, semicolons": plain(quote='"', delimiter=";"),
    "days first with slashes": plain(day="%d/%m/%Y"),
    "ISO": plain(day=DAY),
    "ISO with times": plain(day=f"{DAY} 00:00:00"),
    "times": plain(day=f"{GERMAN_DAY} 00:00"),
    "two figures a year": plain(day="%d.%m.%y"),
    "figures": plain(day="%Y%m%d"),
    "empty gaps": plain(gap=""),
}
FILES = EXPORTS | {f"plain, {name}": text.encode() for name, text in PLAIN.items()}


@pytest.mark.parametrize("model", ["export", "plain"])
@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_predictions_are_the_same_however_the_table_is_written(content, model, folder):
    (folder / "rows").write_bytes(content)
    words = ["--set", 'data.missing_values=["k.A."]'] if model == "plain" else []
    ended = mlptrain("predict", f"{model}.npz", "rows", *words, cwd=folder)
    assert (ended.code, ended.out) == (0, (folder / f"{model}.out").read_text()), ended.err


def test_the_way_that_was_found_is_said_before_what_went_wrong(folder):
    (folder / "rows").write_text(plain(), encoding="utf-8")
    for options, said in ((["--keep", "Nummer"], "rows:1: column 'Nummer' is missing"), (["--strict"], "is missing")):
        ended = mlptrain("predict", "export.npz", "rows", *options, cwd=folder)
        note, error = ended.err.splitlines()
        assert (ended.code, ended.out) == (3, "")
        assert note.startswith('note: rows: not written as the training file; read with delimiter: ","')
        assert said in error


def test_a_missing_column_does_not_hide_the_dialect(folder):
    (folder / "rows").write_text(plain().replace("Preis", "Kosten"), encoding="utf-8")
    ended = mlptrain("predict", "export.npz", "rows", cwd=folder)
    assert ended.err.splitlines()[0].startswith("note: rows: not written as the training file")
    assert "rows:1: column 'Preis' is missing; the columns are 'Datum', 'Stadt', 'Menge', 'Kosten'" in ended.err


def find_option(err):
    """The option of `--set` that a message proposes, as a shell reads it."""
    return shlex.split("--set " + err.partition(" … --set ")[2].partition(" if ")[0].partition(" or --set")[0])


UNREAD = {
    "word for a gap": (plain(gap="n/v"), "'n/v' is not a number", "export"),
    "word for a gap, all else as in training": (plain(day=DAY), "'k.A.' is not a number", "plain"),
    "day or month first": (plain([row for row in ROWS if row[0].day < 13], day="%d/%m/%Y"), "is not a date", "export"),
}


@pytest.mark.parametrize(("text", "said", "model"), UNREAD.values(), ids=UNREAD)
def test_the_option_that_a_message_proposes_reads_the_file(text, said, model, folder):
    (folder / "rows").write_text(text, encoding="utf-8")
    for command in ("predict", "eval"):
        ended = mlptrain(command, f"{model}.npz", "rows", cwd=folder)
        assert (ended.code, ended.out) == (3, "")
        assert said in ended.err
        assert "data.columns: {" not in ended.err
        assert mlptrain(command, f"{model}.npz", "rows", *find_option(ended.err), cwd=folder).code == 0


def test_one_date_of_another_form_is_named_with_its_line(folder):
    (folder / "rows").write_text(plain([*ROWS[:20]]) + plain(ROWS[20:21], day=DAY).partition("\n")[2], encoding="utf-8")
    ended = mlptrain("predict", "export.npz", "rows", cwd=folder)
    assert "rows:22: column \"Datum\": '2024-05-27' is not a date DD.MM.YYYY; it is written as YYYY-MM-DD" in ended.err


@pytest.mark.parametrize(("day", "wanted"), [("%H:%M", DAY), ("%Y-%m", DAY)])
def test_hours_and_months_do_not_stand_for_days(day, wanted, folder):
    (folder / "rows").write_text(plain(day=day, gap=""), encoding="utf-8")
    ended = mlptrain("predict", "plain.npz", "rows", cwd=folder)
    assert (ended.code, ended.out) == (3, "")
    assert "is not a date YYYY-MM-DD" in ended.err


@pytest.mark.parametrize(
    ("prices", "doubt"), [(["1.234", "7"], "as in training, as 1234; if they mean 1.234"), (["1.234", "0,5"], "")]
)
def test_three_figures_behind_a_mark_are_said_to_be_doubtful_under_another_delimiter(prices, doubt, folder):
    lines = [f"01.02.2024\tBonn\t5\t{price}\t" for price in prices]
    (folder / "rows").write_text("\n".join(["Datum\tStadt\tMenge\tPreis\tUmsatz", *lines, ""]), encoding="utf-8")
    ended = mlptrain("predict", "export.npz", "rows", cwd=folder)
    assert ended.code == 0
    assert doubt in ended.err
    assert ("1.234" in ended.err) == bool(doubt)
    if doubt:
        assert "give --set data.decimal=. --set data.thousands=," in ended.err


@pytest.mark.parametrize("form", ["%d.%m.%Y", '"%d.%m.%Y"', "DD.MM.YYYY"])
@pytest.mark.parametrize("key", ["Datum", '"Datum"'])
def test_the_format_of_dates_can_be_set_where_the_spec_has_a_word_alone(key, form, folder):
    (folder / "rows").write_text(plain(gap=""), encoding="utf-8")
    ended = mlptrain("predict", "plain.npz", "rows", "--set", f"data.columns.{key}.format={form}", cwd=folder)
    assert (ended.code, ended.out) == (0, (folder / "plain.out").read_text()), ended.err
    assert "not written as" not in ended.err


CATEGORIES = [("red", "p", "yes"), ("blue", "q", "no"), ("red", "q", "yes")] * 20
OTHER_WAYS = {"semicolons": (";", "utf-8"), "bars": ("|", "utf-8"), "UTF-16": (",", "utf-16")}
SEEN = "t.csv is the training file: the model has seen these rows, and does worse on new ones\n"


def write_lines(path, rows, delimiter=",", encoding="utf-8"):
    path.write_bytes("".join(delimiter.join(row) + "\n" for row in rows).encode(encoding))


@pytest.fixture(scope="module")
def categories(tmp_path_factory):
    """A model whose inputs are all categories: no column has numbers by which a file could be told."""
    path = tmp_path_factory.mktemp("categories")
    write_lines(path / "t.csv", [("colour", "kind", "y"), *CATEGORIES])
    (path / "m.yaml").write_text(SPEC.format("t.csv, target: y", "", MODEL, TRAINING).replace(", target: Umsatz, ", ""))
    assert mlptrain("fit", "m.yaml", "-q", cwd=path).code == 0
    return path


@pytest.mark.parametrize("command", ["predict", "eval"])
@pytest.mark.parametrize("way", OTHER_WAYS.values(), ids=OTHER_WAYS)
def test_a_model_of_categories_alone_reads_files_written_otherwise(categories, command, way):
    write_lines(categories / "other.csv", [("colour", "kind", "y"), *CATEGORIES], *way)
    expected = mlptrain(command, "m.npz", "t.csv", cwd=categories)
    found = mlptrain(command, "m.npz", "other.csv", cwd=categories)
    assert found.code == 0, found.err
    assert found.out == expected.out.removeprefix(SEEN if command == "eval" else "")
    assert "other.csv: not written as the training file; read with" in found.err


def test_what_strict_refuses_is_no_reason_to_read_the_file_otherwise(categories, folder):
    write_lines(categories / "new.csv", [("colour", "kind"), ("green", "p")])
    (folder / "far.csv").write_text(plain([(*ROWS[0][:2], 10**12, *ROWS[0][3:])], day=DAY, gap=""))
    for place, model, file in ((categories, "m.npz", "new.csv"), (folder, "plain.npz", "far.csv")):
        refused = mlptrain("predict", model, file, "--strict", cwd=place)
        assert refused.code == 3
        assert refused.err.startswith(f"error: {file}:2: column ")


NAMED = {"other names": ("colour", "kind", "label"), "the model's names": ("column_1", "column_2", "column_3")}
SECOND = {"numbers": lambda k: f"{k * 37 % 11}.5", "categories": lambda k: "pq"[k % 2]}


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("names", NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("second", SECOND.values(), ids=SECOND)
def test_a_line_of_names_is_no_row_for_a_model_of_files_without_names(tmp_path, second, names, delimiter):
    rows = [(("red", "blue")[k % 3 > 0], second(k), ("yes", "no")[k % 5 > 1]) for k in range(60)]
    write_lines(tmp_path / "t.csv", rows)
    write_lines(tmp_path / "named.csv", [names, *rows], delimiter)
    said = SPEC.format("t.csv", "header: false", MODEL, TRAINING).replace("target: Umsatz", "target: column_3")
    (tmp_path / "m.yaml").write_text(said)
    assert mlptrain("fit", "m.yaml", "-q", cwd=tmp_path).code == 0
    expected = mlptrain("predict", "m.npz", "t.csv", cwd=tmp_path).out
    found = mlptrain("predict", "m.npz", "named.csv", cwd=tmp_path)
    if second(0) == "p" and "column_1" not in names:  # no cell says that the line is none of the rows
        assert "if the line holds names, give --set data.skip_rows=1" in found.err
        found = mlptrain("predict", "m.npz", "named.csv", "--set", "data.skip_rows=1", cwd=tmp_path)
    else:
        assert "skip_rows: 1" in found.err
    assert (found.code, found.out) == (0, expected)


def test_the_test_file_of_the_spec_is_read_however_it_is_written(tmp_path):
    (tmp_path / "t.csv").write_text(plain(day=DAY, gap=""), encoding="utf-8")
    (tmp_path / "same.csv").write_text(plain(day=DAY, gap=""), encoding="utf-8")
    (tmp_path / "other.csv").write_text(export(title=False, end=False).replace("k.A.", ""), encoding="cp1252")
    found = {}
    for test in ("same", "other"):
        said = SPEC.format("t.csv", f"test: {test}.csv, columns: {{Datum: date}}", MODEL, TRAINING)
        (tmp_path / f"{test}.yaml").write_text(said, encoding="utf-8")
        assert mlptrain("fit", f"{test}.yaml", "-q", cwd=tmp_path).code == 0
        found[test] = mlptrain("eval", f"{test}.npz", cwd=tmp_path)
    assert (found["other"].code, found["other"].out) == (0, found["same"].out)
    assert "other.csv: not written as the training file; read with" in found["other"].err


def test_a_row_that_strict_refuses_in_a_file_of_one_column_is_not_sniffed(tmp_path):
    write_lines(tmp_path / "t.csv", [("x", "y"), *((f"{k * 37 % 11}.5", "pq"[k % 2]) for k in range(60))])
    said = SPEC.format("t.csv", "header: true", MODEL, TRAINING).replace("target: Umsatz", "target: y")
    (tmp_path / "m.yaml").write_text(said)
    assert mlptrain("fit", "m.yaml", "-q", cwd=tmp_path).code == 0
    write_lines(tmp_path / "far.csv", [("x",), ("1",), ("500000000",)])
    refused = mlptrain("predict", "m.npz", "far.csv", "--strict", cwd=tmp_path)
    assert refused.code == 3
    assert refused.err.startswith("error: far.csv:3: column ")


@pytest.fixture(scope="module")
def validated(tmp_path_factory):
    """A folder with a spec of each way to write the table, and the metrics on a validation file written alike."""
    path, expected = tmp_path_factory.mktemp("validated"), {}
    (path / "export.csv").write_bytes(export().encode("cp1252"))
    (path / "plain.csv").write_text(plain(day=DAY, gap=""), encoding="utf-8")
    of_plain = "missing_values: [k.A.], columns: {Datum: date}"
    for name, said in (("export", OF_EXPORT), ("plain", of_plain)):
        said = f"split: {{validation: {name}.csv}}, {said}"
        (path / f"{name}.yaml").write_text(SPEC.format(f"{name}.csv", said, MODEL, TRAINING), encoding="utf-8")
        expected[name] = measure_validation(path, name)
    return path, expected


def measure_validation(path, spec, *options):
    """The metrics of a fit, and what was said."""
    ended = mlptrain("fit", f"{spec}.yaml", "--json", *options, cwd=path)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)["metrics"], ended.err


@pytest.mark.parametrize("spec", ["export", "plain"])
@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_the_validation_file_is_read_however_it_is_written(validated, content, spec):
    path, expected = validated
    (path / "rows").write_bytes(content)
    metrics, said = measure_validation(path, spec, "--set", "data.split.validation=rows")
    assert metrics == expected[spec][0]
    assert said.count("rows: not written as the training file; read with") <= 1
    assert mlptrain("check", f"{spec}.yaml", "--set", "data.split.validation=rows", cwd=path).code == 0


HALVES = (ROWS[:20], ROWS[20:])
PAIRS = {
    "export and plain": (export(HALVES[0]).encode("cp1252"), plain(HALVES[1]).encode()),
    "plain and export": (plain(HALVES[0], delimiter="\t").encode(), export(HALVES[1], title=False).encode("utf-16")),
    "days of two forms": (plain(HALVES[0], day="%d/%m/%Y").encode(), plain(HALVES[1], day=DAY).encode()),
}


@pytest.mark.parametrize("spec", ["export", "plain"])
@pytest.mark.parametrize("named", ["[half-0, half-1]", '["half-?"]'])
@pytest.mark.parametrize("contents", PAIRS.values(), ids=PAIRS)
def test_each_of_several_validation_files_is_read_by_itself(validated, contents, named, spec):
    path, expected = validated
    for number, content in enumerate(contents):
        (path / f"half-{number}").write_bytes(content)
    metrics, _ = measure_validation(path, spec, "--set", f"data.split.validation={named}")
    assert metrics == expected[spec][0]


def test_what_no_way_to_read_a_validation_file_mends_is_said_with_the_way_that_was_found(validated):
    path, _ = validated
    (path / "rows").write_text(plain(gap="n/v", delimiter=";"), encoding="utf-8")
    ended = mlptrain("fit", "plain.yaml", "--set", "data.split.validation=rows", cwd=path)
    note, error = ended.err.splitlines()
    assert (ended.code, ended.out) == (3, "")
    assert note.startswith('note: rows: not written as the training file; read with delimiter: ";"')
    assert "'n/v' is not a number" in error
    assert "what the spec says of data holds for the training file, too: write this one alike" in error


ONE_EPOCH = "model: {hidden: []}\ntraining: {epochs: 1, batch_size: full}\n"
ABSENT = {
    "a name": "nope.csv",
    "a pattern": "nope-*.csv",
    "a folder that is not there": "nope/x.csv",
    "one of several": "[plain.csv, nope.csv]",
}


@pytest.mark.parametrize("name", ABSENT.values(), ids=ABSENT)
@pytest.mark.parametrize("command", ["fit", "check"])
def test_a_validation_file_that_is_not_there_is_told_with_the_line_of_its_name(validated, name, command):
    path, _ = validated
    lines = ["data:", "  train: plain.csv", "  target: Umsatz", "  missing_values: [k.A.]", "  split:"]
    text = "\n".join([*lines, f"    validation: {name}", ""])
    (path / "absent.yaml").write_text(text, encoding="utf-8")
    ended = mlptrain(command, "absent.yaml", cwd=path)
    assert (ended.code, ended.out) == (3, "")
    assert re.search(r"^error: absent\.yaml:6: data\.split\.validation: nope.*no (such )?file", ended.err, re.M)
    option = f"data.split.validation={name}"
    ended = mlptrain(command, "plain.yaml", "--set", option, cwd=path)
    assert re.search(r"^error: --set data\.split\.validation: nope.*no (such )?file", ended.err, re.M)


@pytest.mark.parametrize("name", ABSENT.values(), ids=ABSENT)
@pytest.mark.parametrize("command", ["fit", "check", "in memory"])
def test_a_test_file_that_is_not_there_is_noted_before_any_training(validated, name, command, monkeypatch):
    """With the line of its name; that it is there, or comes later, is for eval to say."""
    path, _ = validated
    text = f"data:\n  train: plain.csv\n  target: Umsatz\n  missing_values: [k.A.]\n  test: {name}\n{ONE_EPOCH}"
    (path / "absent.yaml").write_text(text, encoding="utf-8")
    said = r"absent\.yaml:5: data\.test: nope.*no (such )?file.*\(`mlptrain eval` needs it, or DATA\)"
    if command == "in memory":
        monkeypatch.chdir(path)
        with catch_warnings(record=True) as heard:
            simplefilter("always")
            package.fit("absent.yaml")
        assert sum(re.fullmatch(said, str(each.message)) is not None for each in heard) == 1
        return
    ended = mlptrain(command, "absent.yaml", cwd=path)
    assert ended.code == 0, ended.err
    assert len(re.findall(rf"^note: {said}$", ended.err, re.M)) == 1
    assert "data.test" not in mlptrain(command, "absent.yaml", "--set", "data.test=plain.csv", cwd=path).err


@pytest.mark.parametrize(("key", "said"), [("test", "data.test"), ("train", "data.train")])
def test_a_file_that_eval_takes_from_the_spec_and_is_not_there_is_told_with_its_key(tmp_path, key, said):
    (tmp_path / "t.csv").write_text(plain(day=DAY, gap=""), encoding="utf-8")
    (tmp_path / "x.csv").write_text(plain(day=DAY, gap=""), encoding="utf-8")
    files = {"train": "t.csv", "test": "x.csv"} if key == "test" else {"train": "x.csv"}
    named = ", ".join(f"{name}: {file}" for name, file in files.items())
    (tmp_path / "m.yaml").write_text(f"data: {{{named}, target: Umsatz}}\ntraining: {{{TRAINING}}}\n")
    assert mlptrain("fit", "m.yaml", "-q", cwd=tmp_path).code == 0
    (tmp_path / "x.csv").unlink()
    ended = mlptrain("eval", "m.npz", cwd=tmp_path)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith(f"error: m.npz: {said}: x.csv: no such file")
    assert ended.err.endswith("give DATA\n")
