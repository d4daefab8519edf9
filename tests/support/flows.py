"""What the tests of whole fits share: the project's folders, a mixed table, specs on it."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from hypothesis import settings

from mlptrain.commands.fit import FitResult, fit_files
from mlptrain.commands.predict import Prediction
from mlptrain.fitting.checkpoints import plan_checkpoints
from mlptrain.fitting.host import Host
from mlptrain.interface import resolve_sink
from mlptrain.model.answers import AnswerOptions, Columns

ROOT = Path(__file__).parents[2]
CONFIGS, DATASETS = ROOT / "configs", ROOT / "datasets"
SHARED = ROOT.parent / "shared" / "data"

drawn = settings(derandomize=True, deadline=None, database=None)

Rows = list[dict[str, str]]


HOST = ("threads", "clock", "notice", "stop", "executor")


def fit(
    spec: str,
    *,
    checkpoints: str = "auto",
    checkpoint_minutes: float = 10.0,
    resume: bool = False,
    restart: bool = False,
    finish: bool = False,
    **options: Any,
) -> FitResult:
    """`fit_files` with the command line's wishes side by side: threads, clock, notice, stop, checkpoints."""
    host = Host(**{name: options.pop(name) for name in HOST if name in options})
    sinks = [resolve_sink(sink, title="") for sink in options.pop("sinks", ())]
    plan = plan_checkpoints(checkpoints, checkpoint_minutes, resume=resume, restart=restart, finish=finish)
    return fit_files(spec, plan=plan, host=host, sinks=sinks, **options)


def predict(model: str, data: str, *, keep: Sequence[str] = (), probabilities: bool = False) -> Columns:
    """The predicted columns of a file, all at once."""
    prediction = Prediction(model, data, AnswerOptions(keep=keep, probabilities=probabilities))
    columns: Columns = {}
    for piece in prediction.predict_pieces():
        for name, cells in piece.items():
            columns.setdefault(name, []).extend(cells)
    return columns


def mixed_rows(count: int = 60) -> Rows:
    """Rows of a number with gaps, a category, a truth value, an id, two classes, a number to predict and a count."""
    rows = []
    for k in range(count):
        size, colour, fresh = (k * 37 % 101) / 10, ("red", "green", "blue")[(k * 7 + k // 5) % 3], k % 5 < 2
        value = 2 * size - 3 * (colour == "red") + 4 * fresh + (k * 13 % 7) / 10
        rows.append(
            {
                "id": f"item {k}, no. {k}",
                "size": "" if k % 11 == 3 else str(size),
                "colour": colour,
                "fresh": "yes" if fresh else "no",
                "label": "dear" if value + k * 29 % 17 / 2 > 13 else "cheap",
                "price": f"{value:.2f}",
                "count": str(int(value + 4)),
            }
        )
    return rows


def csv_text(rows: Rows, columns: list[str] | None = None) -> str:
    """Rows as CSV, with the columns in the order given."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns or list(rows[0]), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def spec_text(**sections: Any) -> str:
    """A small, quick spec on `mixed.csv`, with sections replaced; `data` is merged."""
    ignored = {"id": "ignore", "price": "ignore", "count": "ignore", "label": "ignore"}
    data = {"train": "mixed.csv", "target": "label"} | sections.pop("data", {})
    targets = [data["target"]] if isinstance(data["target"], str) else data["target"]
    data.setdefault("columns", {name: kind for name, kind in ignored.items() if name not in targets})
    spec = {
        "data": data,
        "model": {"hidden": [8], "activation": "tanh"},
        "optimizer": {"name": "adam", "learning_rate": 0.02},
        "training": {"epochs": 12, "batch_size": 16},
        "seed": 3,
    }
    return str(yaml.safe_dump(spec | sections, sort_keys=False))


def write_mixed(folder: Path, rows: Rows | None = None, **sections: Any) -> Path:
    """`mixed.csv` and a spec on it, in `folder`; the spec's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mixed.csv").write_text(csv_text(rows or mixed_rows()), encoding="utf-8")
    path = folder / "mixed.yaml"
    path.write_text(spec_text(**sections), encoding="utf-8")
    return path


def fit_mixed(folder: Path, *overrides: str, out: str = "mixed.npz", **sections: Any) -> FitResult:
    """The model `mixed.npz` in `folder`, fitted on the mixed table."""
    return fit(str(write_mixed(folder, **sections)), out=folder / out, overrides=overrides)


def read_csv(text: str) -> Rows:
    return list(csv.DictReader(io.StringIO(text)))
