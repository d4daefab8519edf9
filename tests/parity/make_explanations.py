"""Explains the cases of `explanation_cases.py` with Captum and shap, and stores what they find in `explanations.json`.

    pip install torch captum shap
    python tests/parity/make_explanations.py

Everything in float64, on the CPU. Captum integrates the gradients by Gauss and Legendre's rule, with a network that
has kinks by many points at equal distances. shap's Exact explainer measures all sets of columns.
"""

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tests.parity.explanation_cases import CASES, FACTOR, ROWS, SHIFT, USUAL, ExplanationCase
from tests.parity.make_oracles import pytorch_modules

PACKAGES = ("torch", "captum", "shap", "numpy")
POINTS, POINTS_WITH_KINKS = 200, 200_000


def make_score(case: ExplanationCase) -> Any:
    """f (B,) of rows x (B, I) and the codes of their classes, in PyTorch."""
    import torch
    from torch import nn

    models = []
    for each, network in zip(case.cases, case.make_networks(), strict=True):
        modules, _ = pytorch_modules(each)
        for name, values in network.buffers.items():
            module, _, part = name.rpartition(".")
            getattr(modules[module], part.replace("variance", "var")).copy_(torch.tensor(values))
        models.append(nn.Sequential(*modules.values()).eval())

    def score(x: Any, codes: Any) -> Any:
        logits = [model(x) for model in models]
        if not case.has_classes:
            return FACTOR * logits[0][:, 0] + SHIFT
        shares = [torch.softmax(z if z.shape[1] > 1 else nn.functional.pad(z, (1, 0)), dim=1) for z in logits]
        p = sum(weight * share for weight, share in zip(case.weights, shares, strict=True))
        own = p.gather(1, codes[:, None])[:, 0]
        return torch.log(own / (1 - own))

    return score


def integrate(case: ExplanationCase) -> np.ndarray:
    """Captum's integrated gradients of each row, from the mean of the usual rows."""
    import torch
    from captum.attr import IntegratedGradients

    how = {"method": "gausslegendre", "n_steps": POINTS}
    if not case.smooth:
        how = {"method": "riemann_middle", "n_steps": POINTS_WITH_KINKS, "internal_batch_size": POINTS_WITH_KINKS}
    baseline = torch.tensor(USUAL.mean(axis=0, keepdims=True))
    codes = torch.tensor(case.codes)
    found = IntegratedGradients(make_score(case)).attribute(
        torch.tensor(ROWS), baseline, additional_forward_args=(codes,), **how
    )
    return found.detach().numpy()


def share(case: ExplanationCase) -> np.ndarray:
    """shap's exact Shapley values of each row, against the usual rows."""
    import shap
    import torch

    score, found = make_score(case), []
    for row, code in zip(ROWS, case.codes, strict=True):

        def f(x: np.ndarray, code: int = code) -> np.ndarray:
            with torch.no_grad():
                return score(torch.tensor(np.asarray(x, np.float64)), torch.full((len(x),), int(code))).numpy()

        explainer = shap.explainers.Exact(f, shap.maskers.Independent(USUAL, max_samples=len(USUAL)))
        found.append(explainer(row[None]).values[0])
    return np.array(found)


def main() -> None:
    import torch

    torch.set_default_dtype(torch.float64)
    lines = [
        '"made_by": "python tests/parity/make_explanations.py"',
        f'"versions": {json.dumps({name: version(name) for name in PACKAGES} | {"python": platform.python_version()})}',
    ]
    for section, explain in (("integrated_gradients", integrate), ("shapley", share)):
        told = ",\n".join(f"  {json.dumps(case.name)}: {json.dumps(explain(case).tolist())}" for case in CASES)
        lines.append(f'"{section}": {{\n{told}\n}}')
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    Path(__file__).with_name("explanations.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
