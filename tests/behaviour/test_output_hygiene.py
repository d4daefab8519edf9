"""Texts from tables, specs and names of files reach a terminal as text, and files as they are."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from rich.console import Console

import mlptrain
from mlptrain.commands.fit import fit_files
from mlptrain.data.blanks import strip_blanks
from mlptrain.data.meanings import trim_text
from mlptrain.errors import MlptrainError
from mlptrain.reporting.console import ConsoleSink, make_sink_for_console
from mlptrain.reporting.text import LONGEST, escape_text
from tests.support import command
from tests.support.strings import DANGEROUS, FILE_NAMES, HOSTILE, SURROGATES

NAMES = [text for text in HOSTILE if text.strip() and len(text) < 3000 and text not in ("id", "value", "few", "label")]
"""What a column can be called."""


def meant(text):
    """What a label means: blanks around it do not count, nor do capitals in true."""
    trimmed = trim_text(text)
    return trimmed.lower() if trimmed.lower() == "true" else trimmed


LABELS = list({meant(text): strip_blanks(text) for text in HOSTILE if meant(text)}.values())
"""What a class can be called."""
FEW = [text for text in HOSTILE if text.strip()][:40]
ROWS = 2 * len(HOSTILE)


def cells(name):
    """The cells of a column."""
    if name in ("id", "value", "few", "label"):
        texts = {"id": [f"r{k}" for k in range(ROWS)], "value": HOSTILE, "few": FEW, "label": LABELS}[name]
        return [texts[(k * 7 if name == "value" else k) % len(texts)] for k in range(ROWS)]
    return [f"{(k * k + 31 * len(name)) % 97}.5" for k in range(ROWS)]


COLUMNS = {name: cells(name) for name in ("id", *NAMES, "value", "few", "label")}


def written(columns):
    """A table as CSV, every cell in quotes."""
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return stream.getvalue().encode()


SMALL = written({"a": [str(k) for k in range(20)], "y": ["p", "q"] * 10})


def spec(**sections):
    """A quick spec on the table, as JSON, which is YAML."""
    whole = {
        "data": {
            "train": "t.csv",
            "target": "label",
            "columns": {"value": {"type": "category", "encoding": "frequency"}, "few": "category"},
            "split": {"validation": 0.2},
        },
        "model": {"hidden": [2]},
        "training": {"epochs": 1, "batch_size": "full"},
    }
    return yaml.safe_dump(whole | sections).encode()


def clean(*texts):
    """Whether texts have nothing in them that a terminal would obey."""
    for text in texts:
        found = DANGEROUS.search(text)
        assert found is None, repr(text[max(0, found.start() - 80) : found.end() + 80])


def short(text):
    """A text as the name of a case."""
    return text.encode("unicode_escape").decode()[:30]


def ran(folder, *arguments, code=0, **more):
    """What a command says: clean, without a traceback, with an exit code that is documented."""
    ended = command.mlptrain(*arguments, cwd=folder, **more)
    assert ended.code in ((code,) if isinstance(code, int) else code), ended.err
    assert "Traceback" not in ended.err
    assert "bug in mlptrain" not in ended.err
    clean(ended.err)
    return ended


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table of hostile names, values and labels, and a model of it."""
    place = tmp_path_factory.mktemp("hostile")
    (place / "t.csv").write_bytes(written(COLUMNS))
    (place / "s.yaml").write_bytes(spec())
    ended = ran(place, "fit", "s.yaml")
    clean(ended.out)
    return place


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small table, and a model of it."""
    place = tmp_path_factory.mktemp("small")
    (place / "t.csv").write_bytes(SMALL)
    (place / "s.yaml").write_bytes(spec(data={"train": "t.csv", "target": "y"}))
    ran(place, "fit", "s.yaml")
    return place


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize(
    "line",
    [
        ("init", "t.csv", "--target", "label", "--out", "-"),
        ("check", "s.yaml"),
        ("fit", "s.yaml", "--out", "again.npz"),
        ("show", "s.npz"),
        ("show", "s.npz", "--json"),
        ("eval", "s.npz", "t.csv", "--bootstrap", "0"),
        ("eval", "s.npz", "t.csv", "--bootstrap", "0", "--json", "--by", "few"),
        ("eval", "s.npz", "t.csv", "--bootstrap", "0", "--by", "few"),
        ("export", "s.npz", "--format", "mlflow", "--check", "t.csv"),
        ("export", "s.npz", "--format", "mlflow", "--check", "t.csv", "--json"),
    ],
    ids=" ".join,
)
def test_what_a_command_says_has_nothing_that_a_terminal_obeys(folder, line, encoding):
    ended = ran(folder, *line, encoding=encoding)
    clean(ended.out)
    if "--json" in line:
        assert json.loads(ended.out)
    elif encoding == "ascii":
        assert ended.out.isascii()
        assert ended.err.isascii()


def test_json_has_every_label_and_value_exactly(folder):
    found = json.loads(ran(folder, "eval", "s.npz", "t.csv", "--bootstrap", "0", "--json", "--by", "few").out)
    assert {each["name"] for each in found["classes"]} == set(LABELS)
    assert {each["value"] for each in found["slices"]} == set(map(strip_blanks, FEW))
    assert set(json.loads(ran(folder, "show", "s.npz", "--json").out)["columns"]) >= set(NAMES)


def test_predictions_have_every_name_and_value_exactly(folder):
    clean(ran(folder, "predict", "s.npz", "t.csv", "--keep", "all", "--probabilities", "--out", "p.csv").out)
    for content in (
        (folder / "p.csv").read_bytes().decode(),
        ran(folder, "predict", "s.npz", "t.csv", "--keep", "all", "--probabilities").out,
    ):
        names, *rows = csv.reader(io.StringIO(content, newline=""), strict=True)
        found = dict(zip(names, zip(*rows, strict=True), strict=True))
        kept = {name: tuple(texts) for name, texts in COLUMNS.items() if name != "label"}
        probabilities = {f"probability_{label}" for label in LABELS}
        assert set(names) == kept.keys() | probabilities | {"label"}
        assert {name: found[name] for name in kept if name not in probabilities} == {
            name: texts for name, texts in kept.items() if name not in probabilities
        }
        assert set(found["label"]) <= set(LABELS)


def test_the_labels_are_predicted_exactly(tmp_path):
    """A column that says the label, so that a network learns every one of them."""
    labels = LABELS[::2]
    table = {
        "place": [str(k) for k in range(len(labels)) for _ in range(2)],
        "label": [x for x in labels for _ in "12"],
    }
    (tmp_path / "t.csv").write_bytes(written(table))
    data = {"train": "t.csv", "target": "label", "columns": {"place": "category"}}
    settings = {"optimizer": {"name": "adam", "learning_rate": 0.3}, "model": {"hidden": []}, "seed": 1}
    (tmp_path / "s.yaml").write_bytes(spec(data=data, training={"epochs": 60, "batch_size": 64}, **settings))
    ran(tmp_path, "fit", "s.yaml", "-q")
    rows = csv.DictReader(io.StringIO(ran(tmp_path, "predict", "s.npz", "t.csv").out, newline=""))
    assert [row["label"] for row in rows] == table["label"]


def test_the_spec_that_init_writes_of_it_trains(folder, tmp_path):
    for name in ("t.csv",):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    clean(ran(tmp_path, "init", "t.csv", "--target", "label").out)
    clean((tmp_path / "t.yaml").read_text(encoding="utf-8"))
    clean(ran(tmp_path, "fit", "t.yaml", "--set", "training.epochs=1", "--set", "model.hidden=[2]").out)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


CONTROLS = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")
"""What Rich itself sends to move the cursor and to colour."""


def test_the_live_picture_has_nothing_of_the_users_that_a_terminal_obeys(folder):
    stream = Terminal()
    console = Console(file=stream, force_terminal=True, width=200, height=50)
    title = "".join(text for text in HOSTILE if len(text) < 20)
    with make_sink_for_console(console, title=f"[/b]\x1b[2J\u202e{title}") as sink:
        assert isinstance(sink, ConsoleSink)
        fit_files(str(folder / "s.yaml"), out=folder / "live.npz", sinks=[sink])
    drawn = stream.getvalue()
    assert "\x1b[2J" not in drawn
    assert "[/b]\\x1b[2J\\u202e" in drawn
    clean(CONTROLS.sub("", drawn).replace("\r", ""))


def test_problems_of_a_spec_show_its_keys_and_values_as_text(tmp_path):
    layers = [{"units": text, "activation": other} for text, other in zip(HOSTILE, HOSTILE[::-1], strict=True)]
    whole = {
        "data": {"train": "t.csv", "target": "y"} | dict.fromkeys(HOSTILE, 1),
        "model": {"layers": layers},
        "training": {text: {text: [text]} for text in HOSTILE} | {"monitor": HOSTILE[0]},
    }
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    assert ran(tmp_path, "fit", "s.yaml", code=2).err.count("error: ") > 2 * len(HOSTILE)


@pytest.mark.parametrize(
    "text", [*HOSTILE[::5], *SURROGATES], ids=lambda text: text.encode("unicode_escape").decode()[:30]
)
def test_a_text_in_any_other_place_is_shown_as_text(small, text):
    def everywhere(*arguments):
        clean(ran(small, *arguments, code=(0, 2, 3, 5)).out)

    everywhere("check", "s.yaml", "--set", f"data.target={json.dumps(text)}")
    everywhere("check", "s.yaml", "--set", f"data.columns={json.dumps({text: text})}")
    everywhere("check", "s.yaml", "--set", f"{text}={text}")
    everywhere("eval", "s.npz", "t.csv", "--by", text)
    everywhere("predict", "s.npz", "t.csv", "--keep", text)
    if "/" not in text:
        everywhere("predict", "s.npz", f"{text[:50]}.none")
        everywhere("show", f"{text[:50]}.none")


@pytest.mark.parametrize("key", ["replace", "missing_values", "columns", "target", "train", "sample_weight"])
def test_half_a_character_in_a_spec_is_refused(tmp_path, key):
    for text in SURROGATES:
        value = {"replace": {"a": text}, "missing_values": [text], "columns": {text: "number"}}.get(key, text)
        data = {"train": "t.csv", "target": "y"} | {key: value}
        (tmp_path / "s.yaml").write_text(json.dumps({"data": data}), encoding="utf-8")
        assert "half" in ran(tmp_path, "fit", "s.yaml", code=2).err


@pytest.mark.parametrize("encoding", ["utf-7", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined"])
def test_an_encoding_that_makes_halves_of_characters_is_refused(tmp_path, encoding):
    (tmp_path / "t.csv").write_bytes(b"a,y\n1,+2AA-\n2,\\ud800\n3,x\n4,z\n")
    (tmp_path / "s.yaml").write_text(f"data: {{train: t.csv, target: y, encoding: {encoding}}}", encoding="utf-8")
    assert "is no text encoding" in ran(tmp_path, "fit", "s.yaml", code=2).err


@pytest.mark.parametrize("part", range(4))
def test_files_of_any_name_are_read_and_written(folder, tmp_path, part):
    for name in FILE_NAMES[part::32]:
        (tmp_path / f"{name}.csv").write_bytes(SMALL)
        data = {"train": f"{name}.csv", "target": "y"}
        (tmp_path / f"{name}.yaml").write_bytes(spec(data=data))
        model, out = f"./{name}.npz", f"./{name}.out.csv"
        clean(ran(tmp_path, "fit", f"./{name}.yaml", "--out", model).out)
        clean(ran(tmp_path, "predict", model, f"./{name}.csv", "--out", out).out)
        clean(ran(tmp_path, "show", model).out)
        clean(ran(tmp_path, "export", model, "--format", "mlflow").out)
        assert (tmp_path / out).read_bytes().startswith(b"y\n")


@pytest.mark.skipif(sys.platform != "linux", reason="names of files that are no text are Linux's")
def test_a_folder_whose_name_is_no_text_is_worked_in(tmp_path):
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe\x1b"))
    place.mkdir()
    (place / "t.csv").write_bytes(SMALL)
    (place / "s.yaml").write_bytes(spec(data={"train": "t.csv", "target": "y"}))
    clean(ran(tmp_path, "fit", place / "s.yaml", "--out", tmp_path / "m.npz").out)
    clean(ran(tmp_path, "predict", tmp_path / "m.npz", place / "t.csv").out)
    clean(ran(tmp_path, "show", tmp_path / "m.npz").out)


@pytest.mark.parametrize(
    "more", [{"PYTHONIOENCODING": "ascii"}, {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_a_terminal_of_few_characters_gets_escapes(folder, more):
    for arguments in (
        ("check", "s.yaml"),
        ("eval", "s.npz", "t.csv", "--bootstrap", "0"),
        ("predict", "s.npz", "é.csv"),
    ):
        line = [sys.executable, "-m", "mlptrain", *arguments]
        ended = subprocess.run(line, cwd=folder, capture_output=True, check=False, env=os.environ | more)
        assert ended.returncode == (3 if "é.csv" in arguments else 0), ended.stderr
        text = (ended.stdout + ended.stderr).decode("ascii")
        clean(text)
        assert "Traceback" not in text


@pytest.mark.parametrize("text", [*HOSTILE, *SURROGATES], ids=short)
def test_a_text_for_a_terminal_is_clean_short_and_otherwise_the_same(text):
    shown = escape_text(text)
    clean(shown)
    assert len(shown) <= LONGEST
    if DANGEROUS.search(text) is None and "\t" not in text and "\n" not in text and len(text) <= LONGEST:
        assert shown == text


def test_the_python_api_says_what_is_wrong_as_its_own_errors(folder):
    model = mlptrain.load(folder / "s.npz")
    for text in (*HOSTILE[::9], *SURROGATES):
        with pytest.raises(MlptrainError):
            model.predict({text: [text]})
