"""What a network starts from: every number of another one, as far as the two compute the same."""

from dataclasses import fields, replace
from typing import get_args

import numpy as np
import pytest

from mlptrain.engine.activations import Activation
from mlptrain.engine.input_layout import InputLayout
from mlptrain.engine.norms import Norm
from mlptrain.engine.units import ActivationLayer
from mlptrain.errors import SpecError
from mlptrain.model.architecture import build_network
from mlptrain.model.network_arrays import collect_named_arrays
from mlptrain.model.network_start import HEAD, StartFromArrays, StartFromNetwork, describe_first_other_layer
from mlptrain.spec.fields import LayerSpec, ModelSpec
from mlptrain.spec.file import make_draft_from_spec
from tests.support.networks import CODES, EMBEDDINGS, MEMBERS, NUMBERS, draw_inputs, make_network

MODELS = [
    *({"activation": kind()} for kind in (*get_args(Activation), *get_args(ActivationLayer))),
    *({"norm": kind()} for kind in get_args(Norm)),
    {"calibration": "temperature", "input_scaling": True, "parametrization": "ntk", "residual": 1, "hidden": (4, 4)},
]


def start(network, *, fresh=()):
    return StartFromNetwork(name="initial_weights.file: m.npz", network=network, fresh=fresh)


def make_pairs():
    """Two networks alike, with other numbers."""
    for layout, embedding in EMBEDDINGS:
        for members in MEMBERS:
            yield [make_network(layout, embedding, members, seed=seed) for seed in (1, 2)]
    for model in MODELS:
        yield [make_network(CODES, None, seed=seed, **model) for seed in (1, 2)]


@pytest.mark.parametrize(("then", "now"), [*make_pairs()])
def test_a_network_gets_every_number_of_the_one_that_it_starts_from(then, now):
    start(then).fill(now)
    stored, views = collect_named_arrays(then), collect_named_arrays(now)
    assert stored.keys() == views.keys()
    assert all(np.array_equal(stored[name], view) for name, view in views.items())


@pytest.mark.parametrize(("then", "now"), [*make_pairs()])
def test_a_fresh_head_stays_as_it_was_drawn_and_all_else_is_started(then, now):
    before = {name: view.copy() for name, view in collect_named_arrays(now).items()}
    start(then, fresh=HEAD).fill(now)
    for name, view in collect_named_arrays(now).items():
        of_head = name.split(".")[1] in HEAD
        assert np.array_equal(view, (before if of_head else collect_named_arrays(then))[name]), name


def build(model, layout=NUMBERS, outputs=2, members=MEMBERS[0]):
    return build_network(model, layout, outputs, members=members)


def make_other_models():
    """The models that differ from a plain one in one setting, the first layer that differs, and whether it does."""
    for kind in (*get_args(Activation), *get_args(ActivationLayer)):
        name = kind().name
        yield {"activation": kind()}, "" if name == "relu" else "hidden_1", name
        for each in fields(kind):
            if isinstance(value := getattr(kind(), each.name), float) and each.name != "start":
                yield {"activation": kind(**{each.name: value / 2})}, "hidden_1", f"{name}.{each.name}"
    for norm in get_args(Norm):
        yield {"norm": norm()}, "hidden_1", norm().name
    yield {"hidden": (4, 5)}, "hidden_2", "width"
    yield {"hidden": (4,)}, "hidden_2", "fewer"
    yield {"hidden": (4, 3, 3)}, "hidden_3", "more"
    yield {"hidden": (3, 3), "residual": 1}, "hidden_1", "residual"
    yield {"parametrization": "ntk"}, "hidden_1", "ntk"
    yield {"input_scaling": True}, "input.scaling", "scaling"
    yield {"layers": (LayerSpec(units=4), LayerSpec(units=3, max_norm=2.0, dropout=None))}, "", "layers"


@pytest.mark.parametrize(
    ("other", "layer"), [pytest.param(other, layer, id=name) for other, layer, name in make_other_models()]
)
def test_a_network_of_another_function_is_refused_by_the_first_layer_that_differs(other, layer):
    then, now = build(ModelSpec(hidden=(4, 3))), build(replace(ModelSpec(hidden=(4, 3)), **other))
    if not layer:
        start(then).fill(now)
        return
    with pytest.raises(SpecError, match=rf"^initial_weights\.file: m\.npz: .*layer {layer}") as error:
        start(then).fill(now)
    assert ";" in str(error.value)


@pytest.mark.parametrize(
    "setting",
    [
        {"dropout": 0.5},
        {"input_dropout": 0.1},
        {"max_norm": 1.0},
        {"calibration": "temperature"},
        {"kernel_initializer": "zeros"},
    ],
)
def test_what_says_how_a_network_is_trained_may_be_another(setting):
    data = {"train": "", "target": "y", "split": {"validation": 0.2}}
    model = {"hidden": [4, 3], "dtype": "float64", **setting}
    now = build(make_draft_from_spec({"data": data, "model": model}).spec.model)
    then = make_network(NUMBERS, None)
    start(then).fill(now)
    views = collect_named_arrays(now)
    assert all(np.array_equal(views[name], array) for name, array in collect_named_arrays(then).items())


def test_a_temperature_is_not_lost():
    then = build(ModelSpec(hidden=(4, 3), calibration="temperature"))
    with pytest.raises(SpecError, match=r"has buffers\.calibration\.temperature; set model\.calibration: temperature"):
        start(then).fill(build(ModelSpec(hidden=(4, 3))))
    start(then, fresh=HEAD).fill(build(ModelSpec(hidden=(4, 3))))


def test_members_and_widths_of_the_head_are_compared():
    model = ModelSpec(hidden=(4, 3))
    one, three, tabm, mini = (build(model, members=members) for members in MEMBERS)
    assert "1 member, this network 3 members; set members" in describe_first_other_layer(one, three)
    assert "layer hidden_1" in describe_first_other_layer(three, tabm)
    assert "layer input.adapter" in describe_first_other_layer(three, mini)
    wide = build(model, outputs=4)
    assert "layer output (Dense) has 3 inputs and 2 outputs" in describe_first_other_layer(one, wide)
    assert describe_first_other_layer(one, wide, leave_out=HEAD) == ""
    assert "layer hidden_1 (Dense) has 3 inputs" in describe_first_other_layer(one, build(model, InputLayout(width=5)))


def test_numbers_come_in_the_type_of_the_network_if_that_holds_them():
    then = make_network(NUMBERS, None)
    now = build_network(ModelSpec(hidden=(4, 3)), NUMBERS, 2, dtype="float32")
    start(then).fill(now)
    assert np.array_equal(
        now.parameters.values["hidden_1.weight"], then.parameters.values["hidden_1.weight"].astype("f")
    )
    then.parameters.theta[0] = 1e300
    with pytest.raises(SpecError, match=r"float32 cannot hold; set model\.dtype: float64"):
        start(then).fill(now)


def test_a_started_network_computes_what_the_other_one_does():
    for layout, embedding in EMBEDDINGS:
        then, now = (make_network(layout, embedding, seed=seed) for seed in (1, 2))
        x = draw_inputs(layout)
        first = [chunk.copy() for chunk in then.logits(x)]
        start(then).fill(now)
        assert all(np.array_equal(a, b) for a, b in zip(first, now.logits(x), strict=True))


# Arrays alone.


def copy_arrays(network):
    return {name: view.copy() for name, view in collect_named_arrays(network).items()}


@pytest.mark.parametrize(("then", "now"), [*make_pairs()])
def test_a_network_gets_every_array_of_a_file(then, now):
    StartFromArrays(name="initial_weights.file: w.npz", arrays=copy_arrays(then)).fill(now)
    assert all(np.array_equal(array, collect_named_arrays(now)[name]) for name, array in copy_arrays(then).items())


FIRST = "parameters.hidden_1.weight"


def refuse(arrays):
    with pytest.raises(SpecError) as error:
        StartFromArrays(name="initial_weights.file: w.npz", arrays=arrays).fill(make_network(NUMBERS, None))
    assert str(error.value).startswith("initial_weights.file: w.npz: ")
    assert "\n" not in str(error.value)
    return str(error.value)


def test_each_array_must_be_there_with_its_name_shape_and_finite_numbers():
    arrays = copy_arrays(make_network(NUMBERS, None))
    for name, array in arrays.items():
        rest = {each: kept for each, kept in arrays.items() if each != name}
        assert f"{name} {array.shape} is missing" in refuse(rest)
        assert f"{name}s is no array of this network" in refuse(arrays | {f"{name}s": array})
        assert f"(there is {name}s); the arrays are named as in a model file" in refuse(rest | {f"{name}s": array})
        assert f"{name} is {(*array.shape, 1)}, this network has {array.shape}" in refuse(
            arrays | {name: array[..., None]}
        )
        for odd in (np.nan, np.inf, -np.inf):
            assert f"{name} has numbers that are not finite" in refuse(arrays | {name: np.full_like(array, odd)})
    for kind in (np.float16, np.int64, np.uint8):
        ones = np.ones_like(arrays[FIRST], kind)
        assert f"{FIRST} is of type {ones.dtype}; save it as float32" in refuse(arrays | {FIRST: ones})
    assert "transpose it: weights are (inputs, units)" in refuse(arrays | {FIRST: arrays[FIRST].T})


def test_arrays_of_a_fresh_head_need_not_be_there_and_a_temperature_may_lack():
    then, now = (make_network(NUMBERS, None, seed=seed, calibration="temperature") for seed in (1, 2))
    arrays, before = copy_arrays(then), copy_arrays(now)
    StartFromArrays(name="initial_weights.file: w.npz", arrays=arrays, fresh=HEAD).fill(now)
    assert np.array_equal(now.parameters.values["output.weight"], before["parameters.output.weight"])
    without = {name: array for name, array in arrays.items() if name.split(".")[1] not in HEAD}
    StartFromArrays(name="initial_weights.file: w.npz", arrays=without, fresh=HEAD).fill(now)
    del arrays["buffers.calibration.temperature"]
    StartFromArrays(name="initial_weights.file: w.npz", arrays=arrays).fill(now)
    assert np.array_equal(now.parameters.theta, then.parameters.theta)
