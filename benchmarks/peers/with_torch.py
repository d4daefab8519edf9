"""A training, or a prediction of a CSV, as a script in PyTorch: one process, the work as JSON.

    python with_torch.py fit '{"train": "iris.csv", "target": "species", …}'
    python with_torch.py predict MODEL DATA.csv PREDICTIONS.csv

As a careful user writes it: batches by indexing tensors (a DataLoader is slower here), the fused optimizer, the
validation part evaluated after every epoch, the best epoch kept.
"""

import copy
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import files
import numpy as np
import torch
from torch import nn


def network(widths: list[int], activation: str) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, units in pairwise(widths):
        layers += [nn.Linear(inputs, units), {"relu": nn.ReLU, "tanh": nn.Tanh}[activation]()]
    return nn.Sequential(*layers[:-1])


def split(rows: int) -> tuple[Any, Any]:
    """Row numbers of the training and the validation part, 80 and 20 %."""
    order = np.random.default_rng(1).permutation(rows)
    return order[rows // 5 :], order[: rows // 5]


def parts(work: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """x and targets of training and validation, and what is needed to predict."""
    if work["labels"]:
        x, y = files.images(work)
        train, validation = split(len(x))
        return [x[train], y[train], x[validation], y[validation]], {"outputs": 10}
    frame = files.table(work)
    targets = frame.pop(work["target"])
    train, validation = split(len(frame))
    encoder = files.Encoder.fitted(frame.iloc[train])
    if work["task"] == "number":
        mean, deviation = float(targets.iloc[train].mean()), float(targets.iloc[train].std(ddof=0))
        y = ((targets.to_numpy() - mean) / deviation).astype(np.float32)[:, None]
        kept = {"outputs": 1, "mean": mean, "deviation": deviation}
    else:
        classes = np.unique(targets)
        y = np.searchsorted(classes, targets)
        kept = {"outputs": len(classes), "classes": classes.tolist()}
        if len(classes) == 2:
            y, kept["outputs"] = y.astype(np.float32)[:, None], 1
    x = encoder(frame)
    return [x[train], y[train], x[validation], y[validation]], kept | {"target": work["target"], "encoder": encoder}


def score(task: str, logits: Any, targets: Any) -> float:
    """Accuracy, or R²."""
    if task == "number":
        return 1 - float(((targets - logits) ** 2).sum() / ((targets - targets.mean()) ** 2).sum())
    found = logits.argmax(1) if logits.shape[1] > 1 else (logits > 0).float()
    return float((found == targets).float().mean())


def fit(work: dict[str, Any]) -> None:
    torch.manual_seed(1)
    arrays, kept = parts(work)
    x, y, x_validation, y_validation = map(torch.from_numpy, arrays)
    widths = [x.shape[1], *work["hidden"], kept["outputs"]]
    model = network(widths, work["activation"])
    if work["task"] == "number":
        loss: nn.Module = nn.MSELoss()
    else:
        loss = nn.BCEWithLogitsLoss() if kept["outputs"] == 1 else nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=work["learning_rate"], fused=True)
    best, best_score, best_state = float("inf"), 0.0, copy.deepcopy(model.state_dict())
    for _ in range(work["epochs"]):
        model.train()
        for batch in torch.randperm(len(x)).split(work["batch_size"]):
            optimizer.zero_grad(set_to_none=True)
            loss(model(x[batch]), y[batch]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            logits = model(x_validation)
            value = float(loss(logits, y_validation))
        if value < best:
            best, best_score = value, score(work["task"], logits, y_validation)
            best_state = copy.deepcopy(model.state_dict())
    torch.save(kept | {"widths": widths, "activation": work["activation"], "state": best_state}, work["out"])
    print(json.dumps({"score": best_score}))


def predict(model_file: str, data: str, out: str) -> None:
    """A table of numbers to predict; chunk by chunk, so that memory does not grow with the rows."""
    kept = torch.load(model_file, weights_only=False)
    model = network(kept["widths"], kept["activation"])
    model.load_state_dict(kept["state"])
    model.eval()
    with Path(out).open("w", encoding="utf-8") as stream, torch.no_grad():
        stream.write(kept["target"] + "\n")
        for chunk in files.chunks(data):
            y = model(torch.from_numpy(kept["encoder"](chunk)))[:, 0].numpy() * kept["deviation"] + kept["mean"]
            stream.writelines(f"{value}\n" for value in y.tolist())


def main() -> None:
    command, *arguments = sys.argv[1:]
    if command == "fit":
        work = json.loads(arguments[0])
        torch.set_num_threads(work["threads"])
        fit(work)
    else:
        predict(*arguments)


if __name__ == "__main__":
    main()
