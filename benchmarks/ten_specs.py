"""Ten specs on small tables, drawn from the recipes and the configs: short trainings that together reach every part.

`same_models.py` trains them with two versions of mlptrain and compares the models byte for byte;
`tests/behaviour/test_same_losses.py` trains them and compares the losses with those that are stored. The families are
fixed, and what a seed draws in each are activations, optimizers, encodings and the like. The tables are drawn too, by
`random()` alone, whose numbers no version of Python changes.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from struct import pack
from typing import Any

DATASETS = Path(__file__).resolve().parent.parent / "datasets"
DRAWN_BY = 1
"""The seed of the draw whose losses are stored."""
Spec = dict[str, Any]
IGNORED = {"kind": "ignore", "price": "ignore", "count": "ignore", "weight": "ignore"}
"""Columns of `mixed.csv` that are targets or weights of some specs."""


# ── Tables ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def write_tables(folder: Path) -> None:
    """Write `mixed.csv` and the IDX files `images` and `labels` into the folder."""
    rows = list(draw_rows(Random(7), 240))  # noqa: S311  (a table, no secret)
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    (folder / "mixed.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_images(folder, Random(8), 160)  # noqa: S311


def draw_rows(draw: Random, count: int) -> Iterator[dict[str, str]]:
    """Rows of numbers with gaps, categories of few and of many levels, a truth value, a date, weights and targets."""
    for k in range(count):
        size, depth = 10 * draw.random(), draw.random() + draw.random() + draw.random()
        colour, town = int(3 * draw.random()), int(14 * draw.random() * draw.random())
        fresh, day = draw.random() < 0.4, int(900 * draw.random())
        value = size - 3 * (colour == 1) + 4 * fresh + depth * town / 4 + day / 300 + draw.random()
        yield {
            "size": "" if k % 13 == 5 else f"{size:.3f}",
            "depth": f"{depth:.4f}",
            "colour": ("red", "green", "blue")[colour],
            "town": "" if k % 29 == 3 else f"town {town}",
            "fresh": "yes" if fresh else "no",
            "sold": (date(2021, 3, 1) + timedelta(day)).isoformat(),
            "weight": f"{0.5 + draw.random():.2f}",
            "kind": "low" if value < 6 else "middle" if value < 11 else "high",
            "price": f"{value:.3f}",
            "count": str(int(value / 2)),
        }


def write_images(folder: Path, draw: Random, count: int) -> None:
    """Write pictures of 6 × 6 pixels: the row of the class is bright, the others are noise."""
    labels = [int(4 * draw.random()) for _ in range(count)]
    pixels = bytes(
        int((150 if y == label else 0) + 100 * draw.random()) for label in labels for y in range(6) for _ in range(6)
    )
    (folder / "images").write_bytes(b"\x00\x00\x08\x03" + pack(">3I", count, 6, 6) + pixels)
    (folder / "labels").write_bytes(b"\x00\x00\x08\x01" + pack(">I", count) + bytes(labels))


# ── Specs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def write_specs(folder: Path, seed: int = DRAWN_BY) -> dict[str, Path]:
    """Write the tables and the ten specs of a seed into the folder; the path of each spec by its name."""
    write_tables(folder)
    paths = {}
    for name, family in FAMILIES.items():
        paths[name] = folder / f"{name}.yaml"
        spec = family(Draw(f"{seed} {name}"))
        paths[name].write_text(json.dumps(spec, indent=1), encoding="utf-8")
    return paths


class Draw:
    """What a spec leaves to chance, by a text that names the spec: draws of one do not move those of another."""

    def __init__(self, text: str) -> None:
        self._draw = Random(text)  # noqa: S311

    def pick(self, *options: Any) -> Any:
        """One of the options."""
        return options[int(len(options) * self._draw.random())]


def on_mixed(target: str, **data: Any) -> Spec:
    """The section `data` on `mixed.csv`, with the other targets ignored."""
    columns = {"sold": "date"} | {
        name: kind for name, kind in IGNORED.items() if name not in (target, data.get("sample_weight"))
    }
    return {"train": "mixed.csv", "target": target, "columns": columns, **data}


def classes(draw: Draw) -> Spec:
    """The recipe `plain` on classes, with weights of rows and an encoding drawn."""
    encoding = draw.pick("one_hot", "target", "frequency", "ordinal")
    return {
        "recipe": "plain",
        "data": on_mixed("kind", category_encoding=encoding, sample_weight="weight"),
        "model": {"hidden": [24, 16], "activation": draw.pick("silu", "gelu", "relu")},
        "training": {"epochs": 6, "class_weight": "balanced"},
        "seed": draw.pick(1, 2, 3),
    }


def lbfgs(draw: Draw) -> Spec:
    """The config `diabetes` by L-BFGS, with penalties."""
    return {
        "data": {
            "train": str(DATASETS / "diabetes.csv"),
            "target": "progression",
            "columns": {"sex": "category"},
            "scaling": draw.pick("standard", "quantile", "log1p"),
            "split": {"validation": 0.2, "test": 0.2},
        },
        "model": {"hidden": [8], "activation": draw.pick("tanh", "softplus", "silu"), "dtype": "float64"},
        "regularization": {"l2": 0.001},
        "optimizer": {"name": "lbfgs", "history": draw.pick(4, 8)},
        "training": {"epochs": 6, "batch_size": "full"},
        "seed": draw.pick(1, 2, 3),
    }


def members(draw: Draw) -> Spec:
    """The config `iris` with three members side by side, with a norm and a schedule drawn."""
    return {
        "data": {"train": str(DATASETS / "iris.csv"), "target": "species", "split": {"validation": 0.2}},
        "members": 3,
        "model": {"hidden": [12, 12], "activation": "tanh", "norm": draw.pick("batch", "layer"), "dropout": 0.1},
        "optimizer": {"name": draw.pick("momentum", "nesterov", "sgd"), "learning_rate": 0.02},
        "schedules": {"learning_rate": draw.pick("cosine", "one_cycle", {"name": "warm_up", "epochs": 2})},
        "training": {"epochs": 8, "batch_size": 16},
        "seed": draw.pick(1, 2, 3),
    }


def folds(draw: Draw) -> Spec:
    """Three folds, twice, of two members each, calibrated, on the columns of the config `breast_cancer`."""
    return {
        "data": {
            "train": str(DATASETS / "breast_cancer.csv"),
            "target": "diagnosis",
            "split": {"folds": 3, "repeats": 2, "test": 0.3},
            "scaling": draw.pick("robust", "standard"),
        },
        "members": 2,
        "model": {"hidden": [16, 8], "dropout": 0.2, "calibration": "temperature"},
        "optimizer": {"name": draw.pick("adamw", "nadam", "rmsprop"), "learning_rate": 2e-3},
        "training": {"epochs": 4, "monitor": draw.pick("auc", "loss"), "early_stopping": {"patience": 2}},
        "seed": draw.pick(1, 2, 3),
    }


def refit(draw: Draw) -> Spec:
    """Counts, split by time, with a limit of time that is never reached, and trained again on all rows."""
    split = {"type": "time", "column": "sold", "validation": 0.2}
    return {
        "data": on_mixed("count", split=split, imputing={"strategy": draw.pick("median", "mean")}),
        "model": {"hidden": [16, 16], "residual": 1, "activation": draw.pick("relu", "elu", "prelu")},
        "loss": draw.pick("poisson", "huber", "log_cosh"),
        "optimizer": {"name": draw.pick("adam", "adamax"), "learning_rate": 5e-3, "global_clipnorm": 1.0},
        "training": {"epochs": 6, "refit": True, "time_limit": "2h"},
        "seed": draw.pick(1, 2, 3),
    }


def tabm(draw: Draw) -> Spec:
    """The recipe `tabm`, with four members."""
    return {
        "recipe": "tabm",
        "data": on_mixed(draw.pick("kind", "price")),
        "members": {"name": draw.pick("tabm", "tabm_mini"), "count": 4},
        "model": {"hidden": [16, 16], "numeric_embedding": {"bins": 8, "outputs": 4}},
        "training": {"epochs": 4},
        "seed": draw.pick(1, 2, 3),
    }


def realmlp_td(draw: Draw) -> Spec:
    """The recipe `realmlp_td`, with narrow layers and few epochs."""
    return {
        "recipe": "realmlp_td",
        "data": on_mixed(draw.pick("kind", "price")),
        "model": {"hidden": [24, 24], "numeric_embedding": {"outputs": draw.pick(3, 4)}},
        "training": {"epochs": 4, "batch_size": 64},
        "seed": draw.pick(1, 2, 3),
    }


def realmlp_td_s(draw: Draw) -> Spec:
    """The recipe `realmlp_td_s`, with narrow layers and few epochs."""
    return {
        "recipe": "realmlp_td_s",
        "data": on_mixed(draw.pick("kind", "price"), min_frequency=draw.pick(1, 4)),
        "model": {"hidden": [24, 24]},
        "training": {"epochs": 6, "batch_size": 64},
        "seed": draw.pick(1, 2, 3),
    }


def best(draw: Draw) -> Spec:
    """The recipe `best` with its trials, in three folds of few epochs."""
    return {
        "recipe": "best",
        "data": on_mixed(draw.pick("kind", "price"), split={"folds": 3}),
        "model": {"hidden": [12]},
        "training": {"epochs": 3, "batch_size": 64},
        "seed": draw.pick(1, 2, 3),
    }


def images(draw: Draw) -> Spec:
    """Pictures as in `configs/mnist`: dropout of inputs and units, bounds on norms, smoothed labels."""
    kind = draw.pick("bernoulli", "gaussian")
    return {
        "data": {"train": {"images": "images", "labels": "labels"}, "split": {"validation": 0.2}},
        "model": {
            "hidden": [24, 24],
            "activation": draw.pick("relu", {"name": "maxout", "pieces": 2}, "leaky_relu"),
            "input_dropout": {"name": kind, "rate": 0.2},
            "dropout": {"name": kind, "rate": 0.5},
            "max_norm": 1,
        },
        "loss": {"name": "cross_entropy", "label_smoothing": 0.1},
        "optimizer": {"name": "momentum", "learning_rate": 0.03, "momentum": 0.9},
        "schedules": {"momentum": {"name": "linear", "start": 0.5, "epochs": 3}, "learning_rate": "polynomial"},
        "training": {"epochs": 6, "batch_size": 25, "train_loss": "evaluation"},
        "seed": draw.pick(1, 2, 3),
    }


FAMILIES: dict[str, Callable[[Draw], Spec]] = {
    family.__name__: family
    for family in (classes, lbfgs, members, folds, refit, tabm, realmlp_td, realmlp_td_s, best, images)
}


# ── Losses ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def fit_arguments(spec: Path, out: Path) -> list[str]:
    """The command that trains a spec, with one thread, so that products are summed in one order."""
    return [
        "fit",
        str(spec),
        "--quiet",
        "--threads",
        "1",
        "--out",
        str(out),
        "--history",
        str(out.with_suffix(".jsonl")),
    ]


def read_losses(lines: Sequence[str]) -> list[list[float]]:
    """The training and validation losses of every epoch of a history."""
    epochs = [event for event in map(json.loads, lines) if event["event"] == "epoch"]
    keys = ("train_loss", "validation_loss")
    return [[epoch[key] for key in keys if epoch[key] is not None] for epoch in epochs]
