"""Models that exports are tried on: specs generated from the unions, so that every member of each occurs in one.

`CASES` are their names; `make_export_case` fits one, once for each process. `FEW_CASES` are fewer, which still have all
members of all unions among them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from warnings import catch_warnings

import numpy as np
import pytest
from numpy.typing import NDArray

import mlptrain
from mlptrain.annotations import list_union_members
from mlptrain.data.encodings import EmbeddingEncoding, Encoding
from mlptrain.data.imputing import Imputing
from mlptrain.data.scaling import Log1pScaling, QuantileScaling, Scaling
from mlptrain.engine.activations import ELU, LeakyReLU, Mish
from mlptrain.engine.dropout import AnyDropout
from mlptrain.engine.embeddings import PBLD, PLR, NumericEmbedding, PiecewiseLinear
from mlptrain.engine.losses import BinaryCrossEntropy, Loss, Poisson
from mlptrain.engine.members import Members, Networks, TabM, TabMMini
from mlptrain.engine.norms import Norm
from mlptrain.engine.units import AnyActivation, Maxout, Parametric, PReLU
from mlptrain.export.cells import Cells, collect_cells
from mlptrain.export.comparison import Comparison
from mlptrain.export.outputs import plan_model
from mlptrain.export.plan import Plan
from mlptrain.model.file import decode_model, encode_model
from mlptrain.model.memory_rows import make_prediction_rows
from mlptrain.model.model import Model
from mlptrain.plain import to_plain
from tests.support.export_tables import (
    KINDS,
    MISSING,
    REPLACED,
    TARGETS,
    Texts,
    draw_new_table,
    draw_training_table,
)
from tests.support.images import draw_images, fit_images

SMALL: Mapping[type, Any] = {
    QuantileScaling: QuantileScaling(quantiles=30),
    EmbeddingEncoding: EmbeddingEncoding(width=3, one_hot_up_to=4),
    PBLD: PBLD(frequencies=4, outputs=2, frequency_scale=0.5),
    PLR: PLR(frequencies=4, outputs=3, frequency_scale=0.5),
    PiecewiseLinear: PiecewiseLinear(bins=5, outputs=2),
    TabM: TabM(count=3),
    TabMMini: TabMMini(count=3),
}
"""Members of unions in a size for tiny networks."""


def list_members(union: Any, *more: Any) -> list[Any]:
    """A value of each member of a union, and more values."""
    return [*(SMALL[each] if each in SMALL else each() for each in list_union_members(union)), *more]


ACTIVATIONS = list_members(
    AnyActivation,
    *(LeakyReLU(slope=0.3), ELU(alpha=0.5), PReLU(shared=True), Parametric(activation=Mish()), Maxout(pieces=3)),
)
DATES, NUMBERS = ("day", "moment"), ("size", "pieces", "wealth")
AXES: Mapping[str, Sequence[Any]] = {
    "scaling": list_members(Scaling, QuantileScaling()),
    "wealth_scaling": [Log1pScaling(), SMALL[QuantileScaling]],
    "encoding": list_members(Encoding),
    "numeric_embedding": [None, *list_members(NumericEmbedding, replace(SMALL[PLR], relu=False))],
    "first_activation": ACTIVATIONS,
    "second_activation": ACTIVATIONS,
    "norm": [None, *list_members(Norm)],
    "dropout": [None, *list_members(AnyDropout)],
    "input_dropout": [None, *list_members(AnyDropout)],
    "members": list_members(Members, Networks(count=2)),
    "folds": [None, None, 3],
    "residual": [None, 1],
    "input_scaling": [False, True],
    "parametrization": ["standard", "ntk"],
    "calibration": ["none", "temperature"],
    "dtype": ["float32", "float32", "float64"],
    "imputing": [Imputing(), Imputing(strategy="mean", indicator=False), Imputing(strategy="constant", value=-1.5)],
    "min_frequency": [1, 3],
    "left_out": [
        (),
        DATES,
        ("colour", "sure", "zip"),
        tuple(name for name in KINDS if name not in NUMBERS),
        (*NUMBERS, *DATES),
    ],
}
"""What the specs differ in, beside loss and target."""

CLASS_TARGETS: list[dict[str, Any]] = [{"target": "verdict"}, {"target": "grade"}]
NUMBER_TARGETS: list[dict[str, Any]] = [
    {"target": "price"},
    {"target": ["price", "height"]},
    {"target": "price", "target_transform": "log"},
    {"target": "price", "target_transform": "log1p", "clamp_target": True},
    {"target": ["height", "price"], "clamp_target": True},
    {"target": "height", "scale_target": False},
]
COUNT_TARGETS: list[dict[str, Any]] = [{"target": "visits"}, {"target": ["visits", "price"], "clamp_target": True}]


TARGETS_OF: Mapping[str, Sequence[dict[str, Any]]] = {
    "two classes": CLASS_TARGETS[:1],
    "classes": CLASS_TARGETS,
    "counts": [*COUNT_TARGETS, *CLASS_TARGETS],
    "numbers": [*NUMBER_TARGETS, *CLASS_TARGETS],
}
"""The targets that each kind of loss is tried with; losses of numbers also compare with the 0 and 1 of classes."""


def find_kind_of_loss(loss: Any) -> str:
    """What a loss is for."""
    if isinstance(loss, BinaryCrossEntropy):
        return "two classes"
    return "classes" if loss.classes else "counts" if isinstance(loss, Poisson) else "numbers"


def deal(values: Sequence[Any], count: int, draw: Random) -> list[Any]:
    """So many values in a drawn order, all of them equally often."""
    dealt: list[Any] = []
    while len(dealt) < count:
        dealt += draw.sample(values, len(values))
    return dealt[:count]


COUNT = 44


def generate_settings() -> Iterator[dict[str, Any]]:
    """The settings of the cases: every value of every axis, each among drawn ones of the others."""
    draw = Random(0)
    losses = deal(list_members(Loss), COUNT, draw)
    targets = {kind: iter(deal(values, COUNT, draw)) for kind, values in TARGETS_OF.items()}
    axes = {name: deal(values, COUNT, draw) for name, values in AXES.items()}
    for number, loss in enumerate(losses):
        yield {
            "loss": loss,
            **next(targets[find_kind_of_loss(loss)]),
            **{name: values[number] for name, values in axes.items()},
        }


TARGET_KEYS = ("target", "target_transform", "scale_target", "clamp_target")
MODEL_KEYS = (
    *("numeric_embedding", "norm", "dropout", "input_dropout", "residual"),
    *("input_scaling", "parametrization", "dtype"),
)


def name_case(number: int, settings: Mapping[str, Any]) -> str:
    """A name that tells some of the settings."""
    names = (settings[key].name for key in ("loss", "members", "first_activation", "second_activation"))
    return "-".join([f"{number:02}", *names])


GENERATED = {name_case(number, each): each for number, each in enumerate(generate_settings())}
IMAGES: dict[str, dict[str, Any]] = {
    "images": {"members": {"name": "tabm", "count": 2}},
    "images-float64": {"model": {"hidden": [6], "activation": "elu", "norm": "layer", "dtype": "float64"}},
}
CASES = (*GENERATED, "linear", "weighted", *IMAGES)
"""The names of all cases."""


NEEDS = {
    "scaling": "size",
    "numeric_embedding": "size",
    "imputing": "size",
    "encoding": "colour",
    "min_frequency": "colour",
}
"""The column that a setting is seen at."""


def list_values(settings: Mapping[str, Any]) -> set[str]:
    """The values of unions that a case has, by axis; the activations of both layers together."""
    axis = {"first_activation": "activation", "second_activation": "activation"}
    seen = (name for name in settings if NEEDS.get(name) not in settings["left_out"])
    return {f"{axis.get(name, name)}: {settings[name]}" for name in seen}


def choose_few_cases() -> tuple[str, ...]:
    """Cases that together have every value, each time the one with the most new ones."""
    left, few = set[str]().union(*map(list_values, GENERATED.values())), list[str]()
    while left:
        best = max(GENERATED, key=lambda name: len(left & list_values(GENERATED[name])))
        few.append(best)
        left -= list_values(GENERATED[best])
    return (*few, "linear", "weighted", *IMAGES)


FEW_CASES = choose_few_cases()
"""The names of fewer cases."""
NEEDS_ALL = pytest.mark.skipif(
    find_spec("onnxruntime") is None, reason="all cases are tried where there is: pip install -e '.[integration]'"
)
CASES_TO_RUN = [
    pytest.param(name, marks=() if name in FEW_CASES else (pytest.mark.integration, NEEDS_ALL)) for name in CASES
]
"""All cases as parameters of a test: the few in every run, the others with the tests that need heavy libraries."""


def make_spec(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The spec of some settings."""
    left_out = settings["left_out"]
    kinds = {name: {"type": "ignore" if name in left_out else kind} for name, kind in KINDS.items()}
    if "wealth" not in left_out:
        kinds["wealth"]["scaling"] = to_plain(settings["wealth_scaling"])  # not to be scaled, it would drown the others
    targets = [settings["target"]] if isinstance(settings["target"], str) else settings["target"]
    kinds |= {name: {"type": "number"} for name in ("price", "height", "visits")}  # few counts would be labels
    kinds |= {name: {"type": "ignore"} for name in TARGETS if name not in targets}
    calibrates = settings["calibration"] != "none" and settings["loss"].probabilistic
    split = {"folds": settings["folds"]} if settings["folds"] else {"validation": 0.25} if calibrates else {}
    return {
        "data": {
            **{key: settings[key] for key in TARGET_KEYS if key in settings},
            "columns": kinds,
            "split": split,
            "missing_values": list(MISSING),
            "replace": REPLACED,
            "scaling": to_plain(settings["scaling"]),
            "category_encoding": to_plain(settings["encoding"]),
            "imputing": to_plain(settings["imputing"]),
            "min_frequency": settings["min_frequency"],
        },
        "model": {
            **{key: to_plain(settings[key]) for key in MODEL_KEYS},
            "layers": [
                {"units": 8, "activation": to_plain(settings[f"{which}_activation"])} for which in ("first", "second")
            ],
            "calibration": "temperature" if calibrates else "none",
        },
        "loss": to_plain(settings["loss"]),
        "members": to_plain(settings["members"]),
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "training": {"epochs": 1, "batch_size": 60},
        "seed": 1,
    }


# Models


@dataclass(frozen=True, kw_only=True, eq=False)
class ExportCase:
    """A model, its plan, rows, and what the model predicts for them."""

    model: Model
    plan: Plan
    rows: Texts
    """The rows as a file has them; of images none."""
    cells: Cells
    """The same rows as an export gets them."""
    expected: NDArray[np.float64]
    """Scores of the classes (B, C), or numbers (B, K)."""


@cache
def make_export_case(name: str) -> ExportCase:
    """A case by its name."""
    model = fit_case(name)
    plan = plan_model(model, {"model": f"{name}.npz", "sha256": "0" * 64, "mlptrain": "0.0"})
    drawn = draw_new_table()
    table = {given.name: drawn[given.name] for given in plan.inputs}
    read = model.read_inputs(draw_images(20, 5)[0] if model.reads_images else table)
    unreplaced = replace(model.spec.data, replace={})
    rows = read if model.reads_images else make_prediction_rows(table, unreplaced, model.columns())
    expected = model.predict_values(read).astype(np.float64)
    return ExportCase(model=model, plan=plan, rows=table, cells=collect_cells(model, rows), expected=expected)


def fit_case(name: str) -> Model:
    """The model of a case, its parameters away from the 0 and 1 where they start: a forgotten one is seen.

    Those with names of their own have all columns; "linear" are three folds, "weighted" networks of two specs.
    """
    if name in IMAGES:
        with TemporaryDirectory() as folder:
            return shift_parameters(fit_images(Path(folder), epochs=1, **IMAGES[name]))
    if name == "linear":
        settings = list_probabilistic_settings("grade", "float32")[0]
        spec = make_spec(
            {**settings, "members": Networks(), "norm": None, "residual": None, "left_out": (), "folds": 3}
        )
        spec["model"] = {"hidden": []}
        return shift_parameters(fit_spec(spec))
    if name == "weighted":
        alike = list_probabilistic_settings("verdict", "float32")
        return combine_models([shift_parameters(fit_spec(make_spec({**each, "left_out": ()}))) for each in alike[:2]])
    return shift_parameters(fit_spec(make_spec(GENERATED[name])))


def list_probabilistic_settings(target: str, dtype: str) -> list[dict[str, Any]]:
    """The settings that have a target of classes, a loss of probabilities and a precision."""
    found = (each for each in GENERATED.values() if (each["target"], each["dtype"]) == (target, dtype))
    return [each for each in found if each["loss"].probabilistic]


def fit_spec(spec: dict[str, Any]) -> Model:
    """A model of the training table, whose fragile cells are a reason for many notices."""
    with catch_warnings(action="ignore"):
        return mlptrain.fit(spec, draw_training_table(), progress=False, threads=1).model


def combine_models(models: Sequence[Model]) -> Model:
    """The networks of several models as one, each with a weight of its own."""
    networks = tuple(network for each in models for network in each.networks)
    weights = tuple(1.0 + position for position in range(len(networks)))
    return decode_model(encode_model(replace(models[0], networks=networks, weights=weights)), Model)


def shift_parameters(model: Model) -> Model:
    """The model with noise on all that it has learned, as a file holds it."""
    draw = np.random.default_rng(0)
    for each in model.networks:
        theta = each.network.parameters.theta
        theta += (0.2 * draw.standard_normal(theta.size)).astype(theta.dtype)
        for name, buffer in each.network.buffers.items():
            if "running" in name or "temperature" in name:
                buffer *= draw.uniform(0.5, 2, buffer.shape).astype(buffer.dtype)
    return decode_model(encode_model(model), Model)


# What is the same


def compare_predictions(found: Any, expected: NDArray[np.float64], plan: Plan) -> Comparison:
    """Predictions beside those of the model, all of which are finite."""
    found = np.asarray(found, np.float64)
    assert found.shape == expected.shape
    comparison = Comparison(plan)
    comparison.add(found, expected, "row {}".format)
    assert comparison.rows > comparison.not_finite == 0
    return comparison


def assert_same_predictions(found: Any, expected: NDArray[np.float64], plan: Plan) -> None:
    """Predictions are the same within the bound, and labels wherever the two best scores are apart by the margin."""
    comparison = compare_predictions(found, expected, plan)
    assert comparison.is_within_bound, f"{comparison.largest:.3g} in {comparison.place}, {comparison.labels} labels"
