"""Read what `fit --tensorboard` has written as TensorBoard itself does: `python tests/read_events.py FOLDER [HISTORY]`.

It prints one line a tag: its points, the first and the last value. With the file of `fit --history` every number of
every epoch is compared, as float32; the exit status is 1 where one differs or is missing.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Series = dict[int, np.float32]
FIELDS = {
    "loss/train": "train_loss",
    "loss/validation": "validation_loss",
    "{metric}/train": "train_metric",
    "{metric}/validation": "validation_metric",
    "penalty": "penalty",
    "learning_rate": "learning_rate",
    "gradient_norm": "gradient_norm",
    "rows_per_second": "rows_per_second",
}
"""The tags of an epoch, and the fields of the history's lines."""


def load(folder: Path) -> Any:
    """TensorBoard's own reader of a folder, with every event; one by one, so that none is thinned out."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    reader.Reload()
    return reader


def read_tensors(folder: Path, plugin: str) -> dict[str, list[tuple[int, Any]]]:
    """By tag the steps and values that one of TensorBoard's plugins shows."""
    from tensorboard.util.tensor_util import make_ndarray

    reader = load(folder)
    found = {}
    for tag in reader.Tags()["tensors"]:
        if reader.SummaryMetadata(tag).plugin_data.plugin_name == plugin:
            found[tag] = [(event.step, make_ndarray(event.tensor_proto)) for event in reader.Tensors(tag)]
    return found


def read_scalars(folder: Path) -> dict[str, Series]:
    """By tag the numbers, by their steps; none has two numbers at one step."""
    found = {}
    for tag, points in read_tensors(folder, "scalars").items():
        found[tag] = {step: value[()] for step, value in points}
        assert len(found[tag]) == len(points), f"{tag}: two points at one step"
    return found


def read_texts(folder: Path) -> dict[str, str]:
    """The texts by their tags."""
    return {tag: points[-1][1].item().decode("utf-8") for tag, points in read_tensors(folder, "text").items()}


def read_history(path: Path) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """For each training the line of its start, and those of its epochs."""
    trainings: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    for line in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        if line["event"] == "started":
            trainings.append((line, []))
        elif line["event"] == "epoch":
            trainings[-1][1].append(line)
    return trainings


def locate_training(folder: Path, started: Mapping[str, Any]) -> Path:
    """The folder of a training within that of its run."""
    if started["refit"]:
        return folder / "refit"
    if started["folds"] == 1:
        return folder
    parts = [each for each in folder.iterdir() if each.is_dir() and each.name != "refit"]
    return sorted(parts, key=lambda each: list(map(int, re.findall(r"\d+", each.name))))[started["fold"] - 1]


def expect_scalars(started: Mapping[str, Any], epochs: list[dict[str, Any]]) -> dict[str, Series]:
    """What the folder of a training must have, by its history."""
    expected = {}
    for tag, name in FIELDS.items():
        known = {epoch["epoch"]: np.float32(epoch[name]) for epoch in epochs if epoch[name] is not None}
        if known:
            expected[tag.format(metric=started["metric"])] = known
    return expected


def list_differences(folder: Path, history: Path) -> Iterator[str]:
    """What the events of a run have otherwise than its history."""
    for started, epochs in read_history(history):
        place = locate_training(folder, started)
        expected, found = expect_scalars(started, epochs), read_scalars(place)
        for tag in sorted(expected.keys() | {tag for tag in found if is_of_epoch(tag, started["metric"])}):
            here, there = found.get(tag, {}), expected.get(tag, {})
            steps = sorted(step for step in here.keys() | there.keys() if here.get(step) != there.get(step))
            if tag == "rows_per_second":  # the history does not know the speed of a fold that was trained before
                steps = [step for step in steps if step in there]
            if steps:
                yield f"{place}: {tag} differs in epoch {', '.join(map(str, steps))}"


def is_of_epoch(tag: str, metric: str) -> bool:
    """Whether a tag is one that the history has, too."""
    return tag in {each.format(metric=metric) for each in FIELDS}


def print_table(folder: Path) -> None:
    """Print the points of a folder and of those below it."""
    print(f"{'run':<24}{'tag':<34}{'points':>8}{'first':>14}{'last':>14}")
    for place in [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())]:
        for tag, series in read_scalars(place).items():
            first, *_, last = [*series.values()] * 2
            name = str(place.relative_to(folder.parent))
            print(f"{name:<24}{tag:<34}{len(series):>8}{first:>14.6g}{last:>14.6g}")


def main(folder: str, history: str = "") -> int:
    """The exit status: 0 where there are points, and none differs from the history."""
    print_table(Path(folder))
    found = list(list_differences(Path(folder), Path(history))) if history else []
    print(*found or ["equal to the history, as float32" if history else ""], sep="\n")
    return int(bool(found) or not any(Path(folder).rglob("*tfevents*")))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
