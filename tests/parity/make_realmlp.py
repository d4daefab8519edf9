"""Computes the cases of `realmlp_cases.py` with pytabkit, and stores the results in `pytabkit.json`.

    pip install pytabkit==1.7.3 torch
    python tests/parity/make_realmlp.py

pytabkit's own estimators are fitted, with the settings of their papers but for the sizes; dropout is off and every
epoch is one batch, so that nothing is drawn; the initial values of the cases are put in before the first step. It
computes in float32, on the CPU, one thread.
"""

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from pytabkit.models.alg_interfaces import nn_interfaces
from pytabkit.models.sklearn import sklearn_interfaces as estimators
from pytabkit.models.training.lightning_modules import TabNNModule

from tests.parity.realmlp_cases import (
    CASES,
    EMBEDDING,
    EPOCHS,
    FREQUENCIES,
    LEVELS,
    NUMBERS,
    ONE_HOT,
    OUTPUTS,
    ROWS,
    VALIDATION_ROWS,
    WIDTHS,
    RealMLP,
    columns,
)


def names(model: Any) -> dict[str, Any]:
    """pytabkit's parameters by the engine's names."""
    found, layer = {}, 0
    embedding = {"weight_1": "frequency", "bias_1": "phase", "weight_2": "weight", "bias_2": "bias"}
    for name, parameter in model.named_parameters():
        last = name.rsplit(".", 1)[1]
        if last in embedding:
            found[f"input.embedding.{embedding[last]}"] = parameter
        elif last == "emb":
            found[f"input.embedding.categories_{EMBEDDING}"] = parameter
        elif last == "scale":
            found["input.scaling.scale"] = parameter
        else:
            layer += last == "weight" and parameter.shape[1] > 1
            of = f"hidden_{layer}" if layer <= len(WIDTHS) else "output"
            own = "parametric.slope" if last == "weight" and parameter.shape[1] == 1 else last
            found[f"{of}.{own}"] = parameter
    return found


def computed(case: RealMLP) -> dict[str, Any]:
    """Losses of all steps, parameters after the last one, predictions for all rows with those of the best epoch."""
    losses: list[float] = []
    final: dict[str, Any] = {}

    class Watched(TabNNModule):  # type: ignore[misc]
        def on_fit_start(self) -> None:
            super().on_fit_start()
            with torch.no_grad():
                for name, values in case.initial().items():
                    start = np.roll(values, 1, axis=0) if "categories" in name else values  # unseen is row 0 there
                    parameter = names(self.model)[name]
                    parameter.copy_(torch.as_tensor(start).reshape(parameter.shape))

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = super().training_step(batch, batch_idx)
            losses.append(loss.item())
            for name, parameter in names(self.model).items():
                values = parameter.detach().numpy().reshape(case.shapes()[name]).copy()
                final[name] = np.roll(values, -1, axis=0) if "categories" in name else values
            return loss

    nn_interfaces.TabNNModule = Watched  # the estimators make theirs by this name
    table = pd.DataFrame(columns())
    inputs = table[[*NUMBERS, *LEVELS]].astype(dict.fromkeys(NUMBERS, float))
    estimator = f"RealMLP_{'TD_S' if case.simple else 'TD'}_{'Classifier' if case.classes else 'Regressor'}"
    sizes = {"plr_hidden_1": FREQUENCIES, "plr_hidden_2": OUTPUTS + 1, "embedding_size": EMBEDDING, "p_drop": 0.0}
    sizes["max_one_hot_cat_size"] = ONE_HOT + 1
    fitted = getattr(estimators, estimator)(
        n_epochs=EPOCHS, hidden_sizes=list(WIDTHS), device="cpu", n_threads=1, random_state=0,
        **({} if case.simple else sizes),
    )  # fmt: skip
    target = table["class"].to_numpy() if case.classes else table["number"].astype(float).to_numpy()
    fitted.fit(inputs, target, val_idxs=np.arange(ROWS - VALIDATION_ROWS, ROWS))
    predictions = fitted.predict_proba(inputs) if case.classes else fitted.predict(inputs).reshape(-1, 1)
    return {"losses": losses, "parameters": final, "predictions": predictions}


def listed(value: Any) -> Any:
    """Arrays as nested lists, every number to 8 digits."""
    if isinstance(value, dict):
        return {key: listed(each) for key, each in value.items()}
    if isinstance(value, list | np.ndarray):
        return [listed(each) for each in value]
    return float(f"{value:.8g}")


def main() -> None:
    torch.set_num_threads(1)
    versions = {name: version(name) for name in ("pytabkit", "torch", "numpy")} | {"python": platform.python_version()}
    lines = ['"made_by": "python tests/parity/make_realmlp.py"', f'"versions": {json.dumps(versions)}']
    lines += [f'"{case}": {json.dumps(listed(computed(case)))}' for case in CASES]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (Path(__file__).parent / "pytabkit.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
