"""Files made to do harm, each a few lines of code: pickles that run, archives that grow, metadata that lies.

They begin with the golden model, of which they change one thing, and have a digest that fits: only the rules can
refuse them.
"""

import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from mlptrain.storage.container import Arrays, encode_npy_header, read_container, write_container
from mlptrain.storage.metadata import LARGEST, ROOM, check_json_limits, estimate_json_memory, strip_json_strings

GOLDEN = Path(__file__).parents[1] / "golden" / "format_1.npz"
ARRAYS = read_container(GOLDEN)
METADATA = json.loads(ARRAYS["metadata"].tobytes())

Change = Callable[[dict[str, Any]], object]


class Runs:
    """What a pickle can do: make a file, at the moment it is opened."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return Path.touch, (self.canary,)


def container(arrays: Arrays) -> bytes:
    """The bytes of a container."""
    stream = io.BytesIO()
    write_container(stream, arrays)
    return stream.getvalue()


def with_text(text: str | bytes, **arrays: Any) -> bytes:
    """The golden model with another text in place of its metadata."""
    raw = text.encode() if isinstance(text, str) else text
    return container({"metadata": np.frombuffer(raw, np.uint8)} | {**ARRAYS, **arrays} | {"metadata": octets(raw)})


def octets(raw: bytes) -> Any:
    return np.frombuffer(raw, np.uint8)


def changed(change: Change) -> bytes:
    """The golden model with metadata that a function has changed."""
    metadata = deepcopy(METADATA)
    change(metadata)
    return with_text(json.dumps(metadata))


def networks(count: object) -> dict[str, object]:
    """Members that share nothing."""
    return {"name": "networks", "count": count}


def set_at(*path: Any) -> Callable[[Any], Change]:
    """A change of one place of the metadata."""

    def to(value: Any) -> Change:
        def change(metadata: dict[str, Any]) -> None:
            place: Any = metadata
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value

        return change

    return to


def pickles(canary: Path) -> Mapping[str, bytes]:
    """Pickles of every protocol, alone, compressed, in arrays and in archives, that make the file `canary`."""
    harm = Runs(canary)
    plain = {f"protocol {protocol}": pickle.dumps(harm, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)}
    objects = np.empty(1, object)
    objects[0] = harm
    array, archive = io.BytesIO(), io.BytesIO()
    np.save(array, objects, allow_pickle=True)
    np.savez(archive, metadata=objects, allow_pickle=True)
    return plain | {
        "an array of objects": array.getvalue(),
        "an npz of objects": archive.getvalue(),
        "in gzip": gzip.compress(plain["protocol 4"], mtime=0),
        "in PyTorch's zip": zipped({"archive/data.pkl": plain["protocol 2"], "archive/version": b"3\n"}),
        "as metadata": with_text(plain["protocol 4"]),
        "behind JSON": with_text(json.dumps(METADATA).encode() + plain["protocol 4"]),
    }


def zipped(members: Mapping[str, bytes], **options: Any) -> bytes:
    """A zip of some members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    """A tar of one member."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def other_kinds() -> Mapping[str, tuple[bytes, str]]:
    """Files of other kinds, and what each is to be called."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return {
        "pickle": (pickle.dumps([1]), "pickle"),
        "old pickle": (pickle.dumps([Path("x")], 0), "pickle"),
        "PyTorch": (zipped({"archive/data.pkl": b"\x80\x02}."}), "PyTorch"),
        "Keras": (zipped({"metadata.json": b"{}", "config.json": b"{}", "model.weights.h5": b"\x89HDF"}), "Keras"),
        "safetensors": (struct.pack("<Q", len(header)) + header + bytes(4), "safetensors"),
        "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(64), "HDF5"),
        "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(64), "PNG"),
        "JPEG": (b"\xff\xd8\xff\xe0" + bytes(64), "JPEG"),
        "GIF": (b"GIF89a" + bytes(64), "GIF"),
        "PDF": (b"%PDF-1.7\n" + bytes(64), "PDF"),
        "gzip": (gzip.compress(GOLDEN.read_bytes(), mtime=0), "gzip"),
        "xz": (lzma.compress(b"abc"), "xz"),
        "Parquet": (b"PAR1\x15" + bytes(64) + b"PAR1", "Parquet"),
        "Excel": (zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}), "Excel"),
        "NumPy": (encode_npy_header("<f4", (1,)) + bytes(4), "NumPy"),
        "SQLite": (b"SQLite format 3\0" + bytes(64), "SQLite"),
        "GGUF": (b"GGUF" + bytes(64), "GGUF"),
        "JSON": (b'{"format": "mlptrain model"}', "JSON"),
        "HTML": (b"<!doctype html><html></html>", "HTML"),
        "program": (b"\x7fELF" + bytes(64), "program"),
        "tar": (tarred("../../evil", b"x"), ""),
        "zip": (zipped({"../../evil": b"x"}), ""),
        "text": (b"data:\n  train: x.csv\n", ""),
        "nothing": (b"", ""),
    }


def overlapping(count: int = 10_000, size: int = 1 << 20) -> bytes:
    """A zip whose members all lie in the same bytes: 10 GiB for who unpacks them (Fifield, 2019)."""
    body = encode_npy_header("|u1", (size,)) + bytes(size)
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 33, 0, len(body), len(body), 5, 0) + b"a.npy"
    one = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, len(body), len(body), 5, 0, 0, 0, 0, 0, 0)
    directory = (one + b"a.npy") * count
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(local) + len(body), 0)
    return local + body + directory + end


def archives() -> Mapping[str, bytes]:
    """Archives that would grow, or are not what they seem."""
    golden = GOLDEN.read_bytes()
    packed = zipped({f"{name}.npy": npy(array) for name, array in ARRAYS.items()}, compression=zipfile.ZIP_DEFLATED)
    zeros = zipped(
        {"metadata.npy": encode_npy_header("|u1", (1 << 26,)) + bytes(1 << 26)}, compression=zipfile.ZIP_DEFLATED
    )
    return {
        "overlapping members": overlapping(),
        "compressed": packed,
        "a compressed bomb": zeros,
        "stored by another program": zipped({f"{name}.npy": npy(array) for name, array in ARRAYS.items()}),
        "something before it": b"#!/bin/sh\n" + golden,
        "something behind it": golden + b"\0",
        "twice": golden + golden,
        "cut short": golden[:-1],
    }


def npy(array: Any) -> bytes:
    return encode_npy_header(array.dtype.str, array.shape) + array.tobytes()


def texts() -> Mapping[str, str | bytes]:
    """Metadata that is no JSON of ours."""
    text = json.dumps(METADATA)
    deep = "[" * 100_000
    return {
        "a key twice": text.replace('"seed"', '"seed": 1, "seed"'),
        "the first key twice": text.replace('{"format"', '{"format": "x", "format"', 1),
        "NaN": text.replace('"fill": 0.134', '"fill": NaN'),
        "Infinity": text.replace('"fill": 0.134', '"fill": Infinity'),
        "-Infinity": text.replace('"fill": 0.134', '"fill": -Infinity'),
        "1e400": text.replace('"fill": 0.134', '"fill": 1e400'),
        "many digits": text.replace('"seed": 3', '"seed": ' + "9" * 5000),
        "a lone surrogate": text.replace('"blue"', '"\\ud800"'),
        "a lone surrogate behind backslashes": text.replace('"blue"', r'"\\\\\udfff"'),
        "a pair of surrogates": text.replace('"blue"', '"\\ud83d\\ude00"'),
        "bytes that are not UTF-8": text.encode().replace(b"blue", b"bl\xffe"),
        "surrogates in UTF-8": text.encode().replace(b"blue", b"\xed\xa0\x80"),
        "UTF-16": text.encode("utf-16"),
        "a control character": text.replace("blue", "bl\x01ue"),
        "depth": deep,
        "depth, closed": text.replace('"ignored": {}', '"ignored": ' + "[" * 40 + "]" * 40),
        "depth, behind a false string": '{"a": "\\"", "b": ' + deep,
        "depth of maps": '{"a":' * 50_000,
        "no end": text[:-1],
        "a comma too many": text[:-1] + ",}",
        "two documents": text + text,
        "a list": "[]",
        "a number": "1",
        "a text": '"mlptrain model"',
        "null": "null",
        "blanks": " " * 1000,
    }


COLUMN, OTHER = METADATA["members"][0]["features"]["columns"]
features = ("members", 0, "features")
target = ("members", 0, "target")
LEVEL_VALUES = {"name": "level_values", "values": [[0.0]] * 4, "center": [0.0], "scale": [1.0]}


def without_header(metadata: dict[str, Any]) -> None:
    """A table without a header, all of whose columns are numbered but that of the weights."""
    metadata["spec"]["data"] |= {"header": False, "sample_weight": "weight"}
    for number, column in enumerate(metadata["members"][0]["features"]["columns"], 1):
        column["name"] = f"column_{number}"


PARTS = {"name": "date_parts", "center": 0.0, "scale": 1.0, "median": 0.0, "cycles": ["year"]}
A_DATE = {"kind": "date", "name": "d", "format": "%Y-%m-%d", "indicator": False, "missing": [], "parts": PARTS}

CODES: dict[str, Any] = {"name": "codes", "levels": 3, "embedding": 8}
SCALED_ONE_HOT: dict[str, Any] = {"name": "scaled_one_hot", "on": [1.0] * 3, "off": [0.0] * 3}
NO_LEVELS: dict[str, Any] = {"kind": "category", "name": "colour", "levels": [], "missing": []}
CHANGES: Mapping[str, Change] = {
    "a key more": set_at("more")(1),
    "a key of a member more": set_at("members", 0, "more")(1),
    "a million layers": set_at("spec", "model", "hidden")([1] * 1_000_000),
    "two hundred thousand layers in the long form": set_at("spec", "model", "layers")([{"units": 1}] * 200_000),
    "an enormous layer": set_at("spec", "model", "hidden")([10**6, 10**6]),
    "a layer beyond all bounds": set_at("spec", "model", "hidden")([10**18]),
    "a block that changes the width": set_at("spec", "model", "residual")(1),
    "more members than there are arrays": set_at("spec", "members")({"name": "tabm", "count": 1000}),
    "members beyond all bounds": set_at("spec", "members")({"name": "tabm_mini", "count": 10**9}),
    "a trunk for the arrays of one network": set_at("spec", "members")({"name": "tabm_mini", "count": 1}),
    "members without a name that is known": set_at("spec", "members")({"name": "friends", "count": 1}),
    "negative layers that cancel out": set_at("spec", "model", "hidden")([10**9, -(10**9)]),
    "a layer of none": set_at("spec", "model", "hidden")([0, 4]),
    "a layer of a fraction": set_at("spec", "model", "hidden")([6.0, 4]),
    "layers of true": set_at("spec", "model", "hidden")([True, True]),
    "layers in a map": set_at("spec", "model", "hidden")({"6": 4}),
    "dropout for one layer": set_at("spec", "model", "dropout")([{"name": "bernoulli", "rate": 0.1}]),
    "no loss": set_at("spec", "loss")(None),
    "a loss of numbers for classes of one": set_at(*target, "classes")(["large"]),
    "a loss of two classes for three": set_at(*target, "classes")(["a", "b", "c"]),
    "one class twice": set_at(*target, "classes")(["large", "large"]),
    "classes that are numbers": set_at(*target, "classes")([1, 2]),
    "numbers without center": set_at("members", 0, "target")(
        {"kind": "numbers", "names": ["kind"], "center": [], "scale": [1.0], "transform": "none"}
    ),
    "an enormous one-hot": set_at(*features, "columns", 1, "encoding", "levels")(10**15),
    "a negative one-hot": set_at(*features, "columns", 1, "encoding", "levels")(-3),
    "a level twice": set_at(*features, "columns", 1, "levels")(["blue", "blue", "red"]),
    "levels of another number": set_at(*features, "columns", 1, "levels")(["blue", "red"]),
    "levels that are a text": set_at(*features, "columns", 1, "levels")("bgr"),
    "levels that are lists": set_at(*features, "columns", 1, "levels")([["blue"], [], ["red"]]),
    "values for too few levels": set_at(*features, "columns", 1, "encoding")(LEVEL_VALUES | {"values": [[0.0]]}),
    "values of different widths": set_at(*features, "columns", 1, "encoding")(
        LEVEL_VALUES | {"values": [[0.0], [0.0, 1.0], [0.0], [0.0]]}
    ),
    "values out of proportion": set_at(*features, "columns", 1, "encoding")(
        LEVEL_VALUES | {"values": [[1e308]] * 4, "scale": [1e-300]}
    ),
    "a scale of 0": set_at(*features, "columns", 0, "scaling", "scale")(0),
    "a scale below 0": set_at(*features, "columns", 0, "scaling", "scale")(-1.0),
    "a fill that is a text": set_at(*features, "columns", 0, "fill")("0"),
    "a fill that is true": set_at(*features, "columns", 0, "fill")(True),
    "quantiles out of order": set_at(*features, "columns", 0, "scaling")(
        {"name": "normal_quantiles", "values": [1.0, 0.0]}
    ),
    "no quantiles": set_at(*features, "columns", 0, "scaling")({"name": "normal_quantiles", "values": []}),
    "a format of dates that is none": set_at(*features, "columns", 1)(
        {
            **{"kind": "date", "name": "d", "format": "%(a+)+$", "indicator": False, "missing": []},
            "parts": {"name": "date_parts", "center": 0.0, "scale": 1.0, "median": 0.0, "cycles": ["year"]},
        }
    ),
    "a date beyond all time": set_at(*features, "columns", 1)(
        {
            **{"kind": "date", "name": "d", "format": "YYYY-MM-DD", "indicator": False, "missing": []},
            "parts": {"name": "date_parts", "center": 0.0, "scale": 1.0, "median": 1e300, "cycles": ["year"]},
        }
    ),
    "a date of another time": set_at(*features, "columns", 1)(A_DATE | {"parts": PARTS | {"center": -1.1e12}}),
    "a scale of dates of 0": set_at(*features, "columns", 1)(A_DATE | {"parts": PARTS | {"scale": 0.0}}),
    "a scale of dates beyond all time": set_at(*features, "columns", 1)(A_DATE | {"parts": PARTS | {"scale": 1.1e12}}),
    "a cycle twice": set_at(*features, "columns", 1)(A_DATE | {"parts": PARTS | {"cycles": ["year", "week", "year"]}}),
    "quantiles that are all equal": set_at(*features, "columns", 0, "scaling")(
        {"name": "normal_quantiles", "values": [1.0, 1.0]}
    ),
    "values of no width": set_at(*features, "columns", 1, "encoding")(
        LEVEL_VALUES | {"values": [[]] * 4, "center": [], "scale": []}
    ),
    "values with too few scales": set_at(*features, "columns", 1, "encoding")(LEVEL_VALUES | {"scale": []}),
    "values with a scale below 0": set_at(*features, "columns", 1, "encoding")(LEVEL_VALUES | {"scale": [-1.0]}),
    "codes of other levels": set_at(*features, "columns", 1, "encoding")(CODES | {"levels": 10**15}),
    "codes of levels below 0": set_at(*features, "columns", 1, "encoding")(CODES | {"levels": -3}),
    "an enormous embedding": set_at(*features, "columns", 1, "encoding")(CODES | {"embedding": 10**15}),
    "an embedding of no width": set_at(*features, "columns", 1, "encoding")(CODES | {"embedding": 0}),
    "an embedding of a width below 0": set_at(*features, "columns", 1, "encoding")(CODES | {"embedding": -8}),
    "an embedding of half a number": set_at(*features, "columns", 1, "encoding")(CODES | {"embedding": 0.5}),
    "codes of no levels": set_at(*features, "columns", 1)(NO_LEVELS | {"encoding": CODES | {"levels": 0}}),
    "scaled columns of other levels": set_at(*features, "columns", 1, "encoding")(
        SCALED_ONE_HOT | {"on": [1.0] * 4, "off": [0.0] * 4}
    ),
    "scaled columns that are never on": set_at(*features, "columns", 1, "encoding")(SCALED_ONE_HOT | {"on": []}),
    "scaled columns of no levels": set_at(*features, "columns", 1)(
        NO_LEVELS | {"encoding": SCALED_ONE_HOT | {"on": [], "off": []}}
    ),
    "scaled columns out of proportion": set_at(*features, "columns", 1, "encoding")(
        SCALED_ONE_HOT | {"off": [0.0, 1e308, 0.0]}
    ),
    "a thousand networks side by side": set_at("spec", "members")(networks(1000)),
    "no network side by side": set_at("spec", "members")(networks(0)),
    "networks side by side that are a text": set_at("spec", "members")(networks("2")),
    "two networks side by side in the arrays of one": set_at("spec", "members")(networks(2)),
    "input scaling without its factors": set_at("spec", "model", "input_scaling")(True),
    "an embedding without its arrays": set_at("spec", "model", "numeric_embedding")(
        {"name": "pbld", "frequencies": 1, "frequency_scale": 0.1, "outputs": 1}
    ),
    "an embedding of very many bins": set_at("spec", "model", "numeric_embedding")(
        {"name": "piecewise_linear", "bins": 10**9, "outputs": 1}
    ),
    "an embedding by its path": set_at("spec", "model", "numeric_embedding")({"name": "os.system"}),
    "a parametrisation that is none": set_at("spec", "model", "parametrization")("standard "),
    "no levels for values": set_at(*features, "columns", 1)(
        {
            **{"kind": "category", "name": "colour", "levels": [], "missing": []},
            "encoding": LEVEL_VALUES | {"values": [[0.0]]},
        }
    ),
    "no levels": set_at(*features, "columns", 1)(
        {
            **{"kind": "category", "name": "colour", "levels": [], "missing": []},
            "encoding": {"name": "one_hot", "levels": 0},
        }
    ),
    "metrics of odd names": set_at("result", "metrics")({"train": {"loss!": 1.0}}),
    "parts of odd names": set_at("result", "metrics")({"Train": {"loss": 1.0}}),
    "deviations of other names": set_at("result", "deviations")({"train": {}}),
    "a key of the result more": set_at("result", "more")(1),
    "a column twice": set_at(*features, "columns")([COLUMN, COLUMN, OTHER]),
    "a column of another kind": set_at(*features, "columns", 0, "kind")("os.system"),
    "no columns": set_at(*features, "columns")([]),
    "columns in a map": set_at(*features, "columns")({"0": COLUMN}),
    "columns without numbers in a table without header": set_at("spec", "data", "header")(False),
    "weights without a number in a table without header": without_header,
    "images without pixels": set_at("members", 0, "features")({"shape": [0, 6], "columns": [], "ignored": {}}),
    "images of very many pixels": set_at("members", 0, "features")(
        {"shape": [10**9] * 9, "columns": [], "ignored": {}}
    ),
    "negative images": set_at("members", 0, "features")({"shape": [-2, -3], "columns": [], "ignored": {}}),
    "images with columns": set_at("members", 0, "features")({"shape": [2, 3], "columns": [COLUMN], "ignored": {}}),
    "members in a map": set_at("members")({"0": METADATA["members"][0]}),
    "no members": set_at("members")([]),
    "a hundred thousand members": set_at("members")([{}] * 100_000),
    "a member that is null": set_at("members")([None]),
    "a reason of markup": set_at("result", "reason")("[/b]\x1b[2J"),
    "metrics of markup": set_at("result", "metrics", "train")({"[/b]\x1b[2J": 1.0}),
    "no metrics": set_at("result", "metrics")({}),
    "metrics of other names": set_at("result", "metrics", "train")({"loss": 1.0}),
    "metrics that are texts": set_at("result", "metrics")({"train": {"loss": "0.1"}}),
    "metrics that are lists": set_at("result", "metrics")({"train": []}),
    "epochs that are a text": set_at("result", "epochs")("20"),
    "epochs below 0": set_at("result", "best_epoch")(-1),
    "no result": set_at("result")(None),
    "folds that are numbers": set_at("result", "folds")([1, 2]),
    "folds within folds": set_at("result", "folds")([{**METADATA["result"], "folds": []}]),
    "a folder that is a list": set_at("spec_folder")(["/etc"]),
    "a format that is true": set_at("format_version")(True),
    "a version that is a list": set_at("mlptrain")([]),
    "a spec that is a list": set_at("spec")([]),
    "a model that is null": set_at("spec", "model")(None),
    "an optimizer without a name": set_at("spec", "optimizer")({"learning_rate": 1}),
    "a learning rate below 0": set_at("spec", "optimizer", "learning_rate")(-1.0),
    "an activation by its path": set_at("spec", "model", "activation", "name")("os.system"),
    "an unknown key far down": set_at("spec", "model", "activation", "__class__")("x"),
    "a delimiter of two characters": set_at("spec", "data", "delimiter")("ab"),
    "a decimal point of a letter": set_at("spec", "data", "decimal")("x"),
}
"""Changes of the metadata, each of which must be refused."""

ELEMENTS: Mapping[str, str] = {
    "empty lists": "[]",
    "lists of one": "[0.5]",
    "short texts": '"ab"',
    "texts with emoji": '"😀b"',
    "maps of one": '{"a":1}',
    "maps in maps": '{"a":{"a":{"a":{}}}}',
    "layers": '{"units":1}',
    "columns": json.dumps(COLUMN),
    "levels of one value": "[0.25]",
    "new keys": '{{"{:06x}":1}}',
    "entries of one map": '"{:06x}":"{:07x}"',
}
"""What a list (or one map) can be full of, to be large in memory; {} is a running number."""
PLACES = {
    "layers": ("spec", "model", "layers"),
    "columns": (*features, "columns"),
    "levels of one value": (*features, "columns", 1, "encoding", "values"),
    "short texts": (*features, "columns", 1, "levels"),
    "texts with emoji": (*features, "columns", 1, "levels"),
    "entries of one map": (*features, "ignored"),
}
"""Where it is taken for what it seems; elsewhere it stands in a place that is looked at last."""


def filled(kind: str, count: int) -> bytes:
    """The golden model's metadata with so many elements of a kind."""
    metadata = deepcopy(METADATA)
    if kind == "levels of one value":
        metadata["members"][0]["features"]["columns"][1]["encoding"] = deepcopy(LEVEL_VALUES)
    set_at(*PLACES.get(kind, ("result", "folds")))("HERE")(metadata)
    before, after = json.dumps(metadata, ensure_ascii=False).split('"HERE"')
    one = ELEMENTS[kind]
    running = (one.format(k, k) if ":0" in one else one for k in range(count))
    body = ",".join(running)
    opening, closing = ("{", "}") if kind == "entries of one map" else ("[", "]")
    return f"{before}{opening}{body}{closing}{after}".encode()


def fullest(kind: str) -> bytes:
    """The metadata with about the most elements of a kind that are let through to be read."""
    few, many = (excess(filled(kind, count)) for count in (1000, 2000))
    count = int(2000 + 1000 * (ROOM - many) / (many - few))
    count = min(
        count, (LARGEST - 4000) // len(ELEMENTS[kind].format(0, 0) if ":0" in ELEMENTS[kind] else ELEMENTS[kind])
    )
    text = filled(kind, count - count // 1000)
    check_json_limits(text)
    return text


def length(kind: str) -> int:
    """The bytes of one element."""
    one = ELEMENTS[kind]
    return len((one.format(0, 0) if ":0" in one else one).encode())


def excess(text: bytes) -> int:
    """The memory that a text is taken to need beside its own size."""
    return estimate_json_memory(text, *strip_json_strings(text)) - len(text)


AT_THE_BOUNDS: Mapping[str, Change] = {
    "a fit without an epoch": set_at("result", "epochs")(0),
    "metrics that have no value": set_at("result", "metrics")({"train": {"loss": None}}),
    "metrics that are whole numbers": set_at("result", "metrics")({"train": {"loss": 1}}),
}
"""What is odd, and allowed."""
