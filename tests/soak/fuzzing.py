"""Random damage to specs, tables and model files: whatever they become, they are read or refused, and nothing else.

Each input begins as a valid one and is changed at the level of its structure, of its text, or of both. It is given, in
this process and from memory, to the functions that the commands call. `python -m tests.soak.fuzzing` runs long.
"""

import io
import json
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np

from mlptrain.commands.evaluate import evaluate_files
from mlptrain.commands.predict import Prediction
from mlptrain.commands.show import describe_model
from mlptrain.data.column_rules import ColumnRules
from mlptrain.data.frames import read_columns
from mlptrain.data.table_writing import write_table
from mlptrain.errors import MlptrainError
from mlptrain.model.answers import AnswerOptions
from mlptrain.model.file import restore_contents_from_arrays
from mlptrain.model.model import Model
from mlptrain.model.rows import TableRows
from mlptrain.plain import from_plain, to_plain
from mlptrain.preparation.material import read_training_data
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.reporting.show_results import format_description
from mlptrain.spec.fields import Data, ModelSpec, Spec, Split
from mlptrain.spec.file import load_spec
from mlptrain.spec.yaml_text import decode_text as text_of_spec
from mlptrain.storage.container import Arrays, Refused, decode_container, encode_npy_header, encode_zip_local_header
from tests.support.forging import GOLDEN, LEVEL_VALUES, METADATA, container
from tests.support.strings import HOSTILE

HANG = 5.0
"""Seconds after which an input counts as a hang."""
MOST_KEPT = 20
"""Different faults that are kept, each with the first input that caused it."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An exception that is none of ours, or a hang, and the input that caused it."""

    input: bytes
    traceback: str


@dataclass(kw_only=True)
class Fuzzed:
    """What came of many inputs."""

    inputs: int = 0
    refused: int = 0
    accepted: int = 0
    tracebacks: list[Fault] = field(default_factory=list)
    """One for each place in the code."""
    faulty: int = 0
    """Inputs that caused any."""
    slowest: float = 0.0
    """Seconds of the slowest input."""
    processor: float = 0.0
    """Seconds of the processor for all of them, their making included."""
    memory: int = 0
    """Bytes by which the peak of the process's memory grew."""


class Hang(BaseException):
    """The guard: no handler of errors takes this for one of its own."""


@contextmanager
def guarded() -> Iterator[Callable[[float], None]]:
    """Gives a function that winds the clock up; when it runs down, Hang is raised. Warnings are errors."""

    def stop(number: int, frame: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds) and None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fuzz(count: int, make: Callable[[], bytes], use: Callable[[bytes], None]) -> Fuzzed:
    """Make so many inputs and use each; only our own errors may come of them."""
    found, places = Fuzzed(), set()
    memory, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with guarded() as wind:
        for _ in range(count):
            content = make()
            begun = time.perf_counter()
            wind(HANG)
            try:
                use(content)
                found.accepted += 1
            except (MlptrainError, Refused):
                found.refused += 1
            except (Exception, Hang) as problem:
                wind(0)
                found.faulty += 1
                place = traceback.extract_tb(problem.__traceback__)[-1]
                key = (type(problem), place.filename, place.lineno)
                if key not in places and len(places) < MOST_KEPT:
                    places.add(key)
                    said = "".join(traceback.format_exception(problem, limit=-6))
                    found.tracebacks.append(Fault(input=content, traceback=said))
            finally:
                wind(0)
            found.inputs += 1
            found.slowest = max(found.slowest, time.perf_counter() - begun)
    found.processor = time.process_time() - started
    kibibytes = sys.platform != "darwin"
    found.memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) * (1024 if kibibytes else 1)
    return found


SCALARS: Sequence[Any] = [
    *(
        "",
        "x",
        "none",
        "null",
        "~",
        "true",
        "no",
        "1e-3",
        "1e400",
        "-1",
        "0",
        "64",
        "1.5",
        "1_000",
        "0x10",
        "017",
        "inf",
    ),
    *(
        "nan",
        "9" * 30,
        "9" * 400,
        "1:30",
        "2020-13-45",
        "full",
        "auto",
        "relu",
        "adam",
        "cosine",
        "one_hot",
        "category",
    ),
    *("[/b]\x1b[2J", "\u202e", "a" * 300, "é", "∂", "😀", "{}", "=", "<<", "*a", "&a", "!!x", "columns", "name", " a "),
]
"""Values that may stand where they should not."""
NUMBERS = [0, -1, 1, 2, 3, 4, 6, 0.5, 1.5, -0.0, 1e300, -1e300, 1e-300, 1e308, 2**53, 2**63, 10**18, 10**15]


def mutated(tree: Any, random: Random, scalars: Sequence[Any]) -> Any:
    """A tree of maps, lists and scalars with one change somewhere; parts that are not changed are shared."""
    if isinstance(tree, dict) and tree and random.random() < 0.85:
        key = random.choice(list(tree))
        return tree | {key: mutated(tree[key], random, scalars)}
    if isinstance(tree, list) and tree and random.random() < 0.8:
        place = random.randrange(len(tree))
        return [*tree[:place], mutated(tree[place], random, scalars), *tree[place + 1 :]]
    return changed(tree, random, scalars)


def changed(tree: Any, random: Random, scalars: Sequence[Any]) -> Any:
    """Something else in a part's place."""
    scalar = random.choice(scalars)
    if isinstance(tree, dict):
        keys = list(tree)
        kept = {key: tree[key] for key in keys if random.random() < 0.8}
        return random.choice([kept, kept | {str(scalar): 1}, {str(scalar): tree}, [tree], scalar, {}, None])
    if isinstance(tree, list):
        return random.choice([tree * 2, tree[1:], [*tree, scalar], [tree], {}, [], scalar, None, tree[::-1]])
    if isinstance(tree, int | float) and not isinstance(tree, bool):
        return random.choice([tree + 1, -tree, tree * 2, tree / 2, 0, str(tree), [tree], random.choice(NUMBERS), None])
    if isinstance(tree, str):
        near = tree[:-1] + random.choice("aex10_ ")
        return random.choice([near, near, tree.upper(), tree + "\x1b", scalar, [tree], {tree: tree}, None, 1, True])
    return random.choice([scalar, [], {}, 0, 1, True, "x"])


def damaged(content: bytes, random: Random, tokens: Sequence[bytes]) -> bytes:
    """A few bytes removed, doubled, replaced or put in."""
    place = random.randrange(len(content) + 1)
    end = min(len(content), place + random.choice((1, 1, 1, 2, 4, 8, 40)))
    kind = random.randrange(5)
    if kind == 0:
        return content[:place] + content[end:]
    if kind == 1:
        return content[:end] + content[place:]
    if kind == 2:
        return content[:place] + bytes([random.randrange(256)]) + content[place + 1 :]
    if kind == 3:
        return content[:place] + random.choice(tokens) + content[place:]
    return content[:place] + random.choice(tokens) + content[end:]


SPECS: Sequence[Mapping[str, Any]] = [
    {"data": {"train": "t.csv", "target": "y"}, "model": {"hidden": [4]}},
    {"data": {"train": "t.csv", "target": ["y", "z"]}, "loss": "huber", "optimizer": "lion"},
    {"data": {"train": "t.csv", "target": "y", "columns": {"a": "ignore", "b": {"scaling": "robust"}}}, "seed": 1},
    {"data": {"train": "t.csv", "target": "y", "split": {"validation": 0.2, "type": "group", "column": "g"}}},
    {"data": {"train": {"images": "i", "labels": "l"}}, "model": {"layers": [{"units": 4, "activation": "gelu"}]}},
    {"data": {"train": "t.csv", "target": "y"}, "optimizer": {"name": "sgd", "learning_rate": "1e-3"}},
    {"data": {"train": "t.csv", "target": "y"}, "schedules": {"learning_rate": {"name": "warm_up", "then": "cosine"}}},
    {"data": {"train": "t.csv", "target": "y"}, "training": {"batch_size": "full", "early_stopping": {"patience": 3}}},
    {"data": {"train": "t.csv", "target": "y"}, "model": {"hidden": [4, 4], "dropout": [0.1, 0.2], "norm": "batch"}},
    {"data": {"train": "t.csv", "target": "y", "delimiter": ";", "decimal": ","}, "regularization": {"l2": "1e-4"}},
    {
        "data": {"train": "t.csv", "target": "y"},
        "training": {"class_weight": {"p": 2}},
        "model": {"activation": "prelu"},
    },
]
YAML_TOKENS = [
    *(
        b"&a ",
        b"*a",
        b"!!python/object:x ",
        b"!x ",
        b"<<: ",
        b"? ",
        b": ",
        b"- ",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b"\t",
        b"\n",
    ),
    *(
        b"|\n",
        b">\n",
        b"%YAML 1.2\n",
        b"---\n",
        b"...\n",
        b"# ",
        b"'",
        b'"',
        b"\\",
        b'"\\ud800"',
        b'"\\x1b"',
        b"\\U99999999",
    ),
    *(
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xe2\x80\xa8",
        b"\xc2\x85",
        b"\r",
        b"[" * 30,
        b"{a: " * 30,
        b"@",
        b"`",
    ),
    *(b"1e400", b"9" * 300, b"\n  ", b"\n- ", b" " * 20, b"? [a]\n: b\n", b"\x1b[2J", b"\xf0\x9f\x98\x80", b"=", b"~"),
]
OVERRIDES = [
    *(
        "model.hidden=[4]",
        "optimizer.lr=0.1",
        "data.target=",
        "model=",
        "a.b.c=1",
        "=",
        "model.hidden.0=4",
        "x",
        "seed=[1",
    ),
    *("optimizer={name: sgd}", "training.epochs=!!x", "model.layers=[{units: 4}]", "data=\x1b", "loss=none", "seed=*a"),
]


def fuzz_yaml(count: int, seed: int) -> Fuzzed:
    """Specs, as YAML, with and without overrides."""
    random = Random(seed)

    def make() -> bytes:
        tree: Any = random.choice(SPECS)
        for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
            tree = mutated(tree, random, SCALARS)
        content = (block if random.random() < 0.3 else json.dumps)(tree).encode("utf-8", "surrogatepass")
        for _ in range(random.choice((0, 0, 0, 1, 1, 2, 4))):
            content = damaged(content, random, YAML_TOKENS)
        return content

    def use(content: bytes) -> None:
        overrides = [random.choice(OVERRIDES)] if random.random() < 0.1 else []
        spec, _ = load_spec("s.yaml", overrides, text_of_spec(content, "s.yaml"))
        assert from_plain(Spec, json.loads(json.dumps(to_plain(spec)))) == spec

    return fuzz(count, make, use)


def block(tree: Any, indent: str = "") -> str:
    """A tree as YAML in lines, its texts bare: what a user might have meant."""
    if isinstance(tree, dict) and tree:
        parts = []
        for key, value in tree.items():
            below = block(value, indent + "  ") if isinstance(value, dict) and value else ""
            parts.append(f"{indent}{key}:{chr(10) + below if below else ' ' + bare(value) + chr(10)}")
        return "".join(parts)
    return bare(tree)


def bare(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


HEADS = ("size", "colour", "kind")
LINES = [
    *(("0.5", "red", "large"), ("1.25", "blue", "small"), ("-3", "red", "large"), ("4", "green", "small")),
    *(("1e3", "blue", "large"), ("0.1", "green", "small"), ("7", "red", "small"), ("2.5", "blue", "large")),
    *(("-0.25", "red", "small"), ("11", "green", "large")),
]
CELLS = [
    *(
        "",
        "NA",
        "nan",
        "?",
        "inf",
        "-inf",
        "1e400",
        "1e39",
        "1e-400",
        "1_000",
        "１２",
        "1,5",
        "1.234,5",
        "$7",
        "12%",
        "00501",
    ),
    *(
        "9" * 25,
        "9" * 400,
        "true",
        "No",
        "2020-02-30",
        "2020-01-02",
        "01/02/2020",
        "2020-01-02T10:00Z",
        "0000-00-00",
        "-0",
    ),
    *(
        "1e300",
        "-1e300",
        "5e-324",
        "1.7976931348623157e308",
        "9007199254740993",
        " ",
        " red ",
        "Red",
        "x" * 2000,
        "\x1b[2J",
    ),
    *(text for text in HOSTILE[::7] if len(text) < 100),
]
CSV_TOKENS = [
    *(
        b"\0",
        b'"',
        b'""',
        b"\r",
        b"\r\n",
        b"\n\n",
        b",",
        b",,",
        b";",
        b"\t",
        b"|",
        b"\xff",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xc3",
    ),
    *(
        b"\xef\xbb\xbf",
        b"\x1f\x8b\x08",
        b"PK\x03\x04",
        b"PAR1\x15",
        b"\x80\x04",
        b"\x89PNG",
        b"\x00\x00\x08\x03",
        b"\x1a",
    ),
    *(
        b'"a\nb"',
        b'"a""b"',
        b"\xe2\x80\xa8",
        b"\xc2\x85",
        b"\x0b",
        b"\x0c",
        b"\x1c",
        b"a,b,c\n",
        b"," * 50,
        b'"' * 9,
        b"{",
        b"<html",
    ),
]
TABLES = [
    Data(train="-", target="kind"),
    Data(train="-", target="size"),
    Data(train="-", target="colour", split=Split(validation=0.3)),
    Data(train="-", target="kind", columns={"size": ColumnRules(type="number")}, missing_target="drop"),
    Data(train="-", target="kind", columns={"size": ColumnRules(type="category"), "colour": ColumnRules(type="date")}),
    Data(train="-", target="kind", missing_values=("red", "-3"), min_frequency=2),
    Data(train="-", target="kind", delimiter=";", decimal=",", thousands="."),
    Data(train="-", target="column_3", header=False, skip_rows=1),
    Data(train="-", target="size", target_transform="log1p", sample_weight="size"),
    Data(train="-", target="kind", encoding="latin-1", skip_initial_space=True),
    Data(train="-", target="kind", split=Split(validation=0.3, type="time", column="size"), replace={"red": "blue"}),
    Data(train="-", target="kind", encoding="utf-16"),
]


class Stdin:
    """Standard input that holds some bytes."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def fuzz_csv(count: int, seed: int) -> Fuzzed:
    """Tables, read, understood and prepared for training, or predicted by the golden model."""
    random = Random(seed)
    specs = [Spec(data=data, model=ModelSpec(hidden=(2,))) for data in TABLES]

    def make() -> bytes:
        rows = [list(row) for row in (HEADS, *LINES[: random.choice((2, 4, 10, 10))])]
        for _ in range(random.choice((0, 1, 1, 1, 2, 3, 6))):
            disturb(rows, random)
        mark = random.choice(",,,,,,,,,,;\t")
        content = "\n".join(mark.join(cell_text(cell, random) for cell in row) for row in rows).encode()
        for _ in range(random.choice((0, 0, 0, 0, 0, 1, 1, 2))):
            content = damaged(content, random, CSV_TOKENS)
        return content

    def use(content: bytes) -> None:
        with patch.object(sys, "stdin", Stdin(content)):
            if random.random() < 0.3:
                keep = random.choice(((), ("all",), ("kind",)))
                predicting = Prediction(str(GOLDEN), "-", AnswerOptions(keep=keep), strict=random.random() < 0.2)
                for piece in predicting.predict_pieces():
                    assert len(set(map(len, piece.values()))) == 1
                return
            material = read_training_data(random.choice(specs), Path())
            prepared = fit_and_encode_parts(material, divide_rows(material)[0])
            assert np.isfinite(prepared.train.x).all()

    return fuzz(count, make, use)


def disturb(rows: list[list[str]], random: Random) -> None:
    """Another cell, name, row or column."""
    kind, row = random.random(), random.choice(rows[random.random() < 0.8 :])
    if kind < 0.75 and row:
        row[random.randrange(len(row))] = random.choice(CELLS)
    elif kind < 0.85:
        rows.insert(random.randrange(len(rows)), list(row))
    elif kind < 0.87 and row:
        row.pop()
    elif kind < 0.89:
        row.append(random.choice(CELLS))
    else:
        column = random.choice(CELLS)
        for number, each in enumerate(rows):
            each.append(f"{column}{number}" if random.random() < 0.9 else column)


def cell_text(cell: str, random: Random) -> str:
    """A cell as CSV writes it, mostly."""
    if any(sign in cell for sign in '",\n\r') and random.random() < 0.9:
        return '"' + cell.replace('"', '""') + '"'
    return cell


PARAMETERS = {
    "parameters.hidden_1.weight": np.full((6, 2), 0.5, "f4"),
    "parameters.hidden_1.bias": np.zeros(2, "f4"),
    "parameters.output.weight": np.full((2, 1), -0.5, "f4"),
    "parameters.output.bias": np.zeros(1, "f4"),
    "history.epoch": np.arange(1.0, 3.0),
    "history.train_loss": np.array([0.5, 0.25]),
}
"""The arrays of a smaller network than the golden one: one hidden layer of two units."""
NPZ_TOKENS = [
    *(
        b"PK\x03\x04",
        b"PK\x01\x02",
        b"PK\x05\x06",
        b"\x93NUMPY",
        b"\x00",
        b"\xff",
        b".npy",
        b"sha256",
        b"'<f4'",
        b"'|O'",
    ),
    *(
        b"(2,)",
        b"(99999999999,)",
        b"(-1,)",
        b"True",
        b"\x80\x04",
        b"../",
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b":",
        b"NaN",
        b"1e999",
    ),
]
COLUMNS: Sequence[Any] = [
    {
        **{"kind": "date", "name": "day", "format": "YYYY-MM-DD", "indicator": False, "missing": []},
        "parts": {"name": "date_parts", "center": 1e9, "scale": 1e6, "median": 1e9, "cycles": ["week"]},
    },
    {"kind": "category", "name": "c", "levels": ["blue", "red", "x"], "encoding": LEVEL_VALUES, "missing": ["?"]},
    {
        **{"kind": "number", "name": "q", "boolean": True, "fill": 1.0, "indicator": True, "missing": []},
        "scaling": {"name": "normal_quantiles", "values": [0.0, 0.5, 1.0]},
    },
    {
        **{"kind": "number", "name": "l", "boolean": False, "fill": 1.0, "indicator": False, "missing": []},
        "scaling": {"name": "log_affine", "center": 0.0, "scale": 1.0},
    },
]
"""Columns of the other kinds, to be put in the place of those of the golden model."""
TARGETS: Sequence[Any] = [
    {"kind": "numbers", "names": ["kind"], "center": [1.0], "scale": [2.0], "transform": "log1p"},
    {"kind": "classes", "name": "kind", "classes": ["a", "b", "c"]},
]
LOSSES: Sequence[Any] = [
    {"name": "mean_squared_error"},
    {"name": "cross_entropy", "label_smoothing": 0.0},
    {"name": "poisson"},
    {"name": "hinge"},
]


def small_metadata() -> dict[str, Any]:
    """The metadata of the smaller network."""
    model = METADATA["spec"]["model"] | {"hidden": [2], "norm": None, "dropout": None}
    return METADATA | {"spec": METADATA["spec"] | {"model": model}}


def fuzz_npz(count: int, seed: int) -> Fuzzed:
    """Model files: bytes of a whole one, texts and values of its metadata, arrays; with a digest that fits."""
    random = Random(seed)
    metadata = small_metadata()
    whole = container({"metadata": octets(json.dumps(metadata).encode())} | PARAMETERS)
    known = container({"metadata": octets(b"{}"), "a": np.zeros(2, "f4")})

    def make() -> bytes:
        kind = random.random()
        if kind < 0.6:
            content = whole if kind < 0.35 else known
            for _ in range(random.choice((1, 1, 2, 4))):
                content = damaged(content, random, NPZ_TOKENS)
            return content
        if kind < 0.65:
            return relabelled(known, random)
        arrays: Arrays = dict(PARAMETERS)
        text = json.dumps(varied(metadata, random)).encode()
        if kind > 0.9:
            text = damaged(text, random, NPZ_TOKENS)
        if kind > 0.96:
            other_arrays(arrays, random)
        return container({"metadata": octets(text)} | arrays)

    def use(content: bytes) -> None:
        work_with(restore_contents_from_arrays("m.npz", decode_container(memoryview(content)), Model), random)

    return fuzz(count, make, use)


def octets(raw: bytes) -> Any:
    return np.frombuffer(raw, np.uint8)


def relabelled(content: bytes, random: Random) -> bytes:
    """A container of which one header says something else, with a checksum that fits its content."""
    header = encode_npy_header(
        random.choice(("<f4", "|u1", "<i8", "|O", ">f4", "<U9")), tuple(random.choices(NUMBERS[:6], k=2))
    )
    return (
        encode_zip_local_header(random.choice(("metadata", "a", "..", "sha256")), random.getrandbits(32), len(header))
        + content
    )


def varied(metadata: dict[str, Any], random: Random) -> Any:
    """Metadata with a few changes: other parts that are valid in themselves, or anything in any place."""
    tree: Any = metadata
    if random.random() < 0.3:
        member = metadata["members"][0]
        columns = [*random.sample(COLUMNS, random.randrange(3)), *member["features"]["columns"]]
        features = member["features"] | {"columns": columns[: random.choice((1, 2, 3))]}
        target = random.choice([member["target"], *TARGETS])
        spec = metadata["spec"] | {"loss": random.choice([metadata["spec"]["loss"], *LOSSES])}
        tree = metadata | {"spec": spec, "members": [{"features": features, "target": target}]}
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        tree = mutated(tree, random, SCALARS)
    return tree


def other_arrays(arrays: Arrays, random: Random) -> None:
    """Another array in the place of one, or one more, or one less."""
    name = random.choice(list(arrays))
    kind = random.randrange(4)
    if kind == 0:
        del arrays[name]
    elif kind == 1:
        arrays[random.choice(("history.x", "parameters.x", "buffers.x", "x", "2.x"))] = np.zeros(2)
    elif kind == 2:
        arrays[name] = np.full_like(arrays[name], random.choice((np.inf, np.nan, 1e30, -1.0)))
    else:
        arrays[name] = np.zeros(random.choice(((), (0,), (2, 3), (6, 2), (1,))), random.choice(("f4", "f8", "u1")))


CELLS_OF = {"day": "2020-01-05", "c": "red", "q": "1", "l": "12.5", "kind": "small"}
"""A cell of each column, by its name."""


def work_with(model: Model, random: Random) -> None:
    """Show a model that was accepted, and let it predict and judge a few rows: in memory, and of a file."""
    if random.random() < 0.2:
        format_description(describe_model(model, "m.npz", 1000))
    names = dict.fromkeys([*model.columns(), *model.spec.data.targets, "kind"])
    rows = [[CELLS_OF.get(name, "1") for name in names], ["" for _ in names], ["0" for _ in names]]
    if random.random() < 0.5:
        columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        model.answer(TableRows(read_columns(columns, "t")), AnswerOptions())
        return
    stream = io.StringIO()
    write_table(dict(zip(names, zip(*rows, strict=True), strict=True)), stream)
    with (
        patch.object(sys, "stdin", Stdin(stream.getvalue().encode())),
        patch.object(Model, "load", lambda path: model),
    ):
        if random.random() < 0.5:
            evaluate_files("m.npz", "-", resamples=0)
        else:
            list(Prediction("m.npz", "-", AnswerOptions(keep=["all"])).predict_pieces())


def main() -> None:
    """Run some or all long (NAME=COUNT …), and print what came of it."""
    counts = dict(each.split("=") for each in sys.argv[1:]) or {"yaml": 100_000, "csv": 100_000, "npz": 1_000_000}
    for name, count in counts.items():
        found = {"yaml": fuzz_yaml, "csv": fuzz_csv, "npz": fuzz_npz}[name](int(count), 1)
        print(f"{name}: {found.inputs:,} inputs, {found.refused:,} refused, {found.accepted:,} accepted, ", end="")
        print(
            f"{found.faulty:,} faults, {found.processor:.0f} s, slowest {found.slowest:.2f} s, {found.memory >> 20} MiB"
        )
        for fault in found.tracebacks:
            print(fault.input[:600], fault.traceback, sep="\n")


if __name__ == "__main__":
    main()
