"""mlptrain: train multilayer perceptrons on tables, from a YAML spec to a safe .npz.

`fit` trains on data in memory or from files, and gives a `Fit`; `load` gives the `Model` in a file. Nothing heavy is
imported until it is used.
"""

from importlib import import_module

from mlptrain.display import Displayable, Exportable
from mlptrain.explainable import Explainable

TYPE_CHECKING = False  # as in `display`
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Fit", "Model", "TensorBoardSink", "__version__", "errors", "fit", "load"]

_HOMES = {
    "fit": "interface",
    "load": "model.model",
    "Fit": "fitting.fit",
    "Model": "model.model",
    "TensorBoardSink": "reporting.tensorboard",
}


def _render(result: Displayable) -> str:
    html: str = import_module("mlptrain.reporting.html_results").render_html(result)
    return html


def _explain(model: Explainable, data: "Any", method: "str | None", options: "dict[str, Any]") -> "Any":
    return import_module("mlptrain.explain.memory").explain_memory(model, data, method, options)


def _export(result: Exportable, path: "Any") -> None:
    import_module("mlptrain.reporting.page").export_page(result, path)


def _report(model: Explainable, data: "Any", **how: "Any") -> "Any":
    return import_module("mlptrain.diagnostics.memory").report_memory(model, data, **how)


Displayable._renderer = staticmethod(_render)
Exportable._exporter = staticmethod(_export)
Explainable._explainer = staticmethod(_explain)
Explainable._reporter = staticmethod(_report)


def __getattr__(name: str) -> "Any":
    if name == "__version__":
        return import_module("importlib.metadata").version("mlptrain")
    if name == "errors":
        return import_module("mlptrain.errors")
    if name not in _HOMES:
        raise AttributeError(f"module 'mlptrain' has no attribute {name!r}")
    return getattr(import_module(f"mlptrain.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
