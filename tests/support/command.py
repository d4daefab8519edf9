"""The command line, run within this process: by way of `main`, which turns what goes wrong into exit codes."""

import io
import os
import sys
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import yaml
from typer.main import get_command

from mlptrain.__main__ import main

ROOT = Path(__file__).parents[2]
DATASETS = ROOT / "datasets"
IRIS = DATASETS / "iris.csv"


read_commands_once = cache(get_command)
"""Typer makes the commands from the functions anew for every command line."""


class Ended(NamedTuple):
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


def mlptrain(*arguments: object, cwd: Path, stdin: bytes = b"", encoding: str = "utf-8") -> Ended:
    """Run a command in a folder; what it leaves behind in the process is put back."""
    streams = {name: io.BytesIO() for name in ("stdout", "stderr")}
    texts = {name: io.TextIOWrapper(raw, encoding=encoding, errors="strict") for name, raw in streams.items()}
    texts["stdin"] = io.TextIOWrapper(io.BytesIO(stdin))
    with (
        chdir(cwd),
        patch.multiple(sys, argv=["mlptrain", *map(str, arguments)], **texts),
        patch.dict(os.environ, {"COLUMNS": "100"}),
        patch("mlptrain.cli.options.count_usable_cores", lambda: 1),
        patch("typer.main.get_command", read_commands_once),
    ):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        for text in texts.values():
            text.flush()
    out, err = (raw.getvalue().decode("utf-8") for raw in streams.values())
    assert isinstance(code, int)
    return Ended(code, out, err)


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_iris(folder: Path, name: str = "iris.yaml", **sections: object) -> Path:
    """A quick spec on the iris table, both in `folder`."""
    (folder / "iris.csv").write_bytes(IRIS.read_bytes())
    spec = {
        "data": {"train": "iris.csv", "target": "species", "split": {"validation": 0.2}},
        "model": {"hidden": [8], "activation": "tanh"},
        "optimizer": {"name": "adam", "learning_rate": 0.05},
        "training": {"epochs": 10, "batch_size": 32},
        "seed": 1,
    }
    path = folder / name
    path.write_text(yaml.safe_dump(spec | sections, sort_keys=False), encoding="utf-8")
    return path
