"""The model file: what is saved is loaded again bit for bit; what is no model is refused."""

import io
import json
import pickle
import zipfile
from copy import deepcopy
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.column_rules import ColumnRules
from mlptrain.data.date_column import DateColumn
from mlptrain.data.dates import Cycle, DateParts
from mlptrain.data.encodings import LevelValues, OneHot, OrdinalEncoding, TargetEncoding
from mlptrain.data.features import Features, PixelFeatures
from mlptrain.data.frames import read_columns
from mlptrain.data.imputing import Imputing
from mlptrain.data.number_column import NumberColumn
from mlptrain.data.scaling import Affine, LogAffine, NormalQuantiles, QuantileScaling, SmoothlyClipped
from mlptrain.data.targets import ClassTarget, NumberTarget
from mlptrain.engine.activations import Activation
from mlptrain.engine.dropout import Dropout
from mlptrain.engine.losses import CrossEntropy, Focal, MeanAbsoluteError, MeanSquaredError
from mlptrain.engine.members import Networks, TabM, TabMMini
from mlptrain.engine.norms import BatchNorm, LayerNorm
from mlptrain.engine.schedules import Cosine, WarmUp
from mlptrain.engine.units import Maxout, PReLU
from mlptrain.errors import Diverged, ModelFileError
from mlptrain.model import file as model_file
from mlptrain.model.architecture import build_network, make_input_layout
from mlptrain.model.file import holds_same_arrays
from mlptrain.model.fitted_network import FittedNetwork
from mlptrain.model.head import make_head
from mlptrain.model.model import Model
from mlptrain.model.rows import TableRows
from mlptrain.spec.fields import Data, Images, LayerSpec, ModelSpec, Schedules, Spec, Split, Training
from mlptrain.storage import metadata
from mlptrain.storage.container import Refused, decode_container, read_container, write_container
from tests.support.flows import drawn, fit_mixed, predict, write_mixed

COLUMNS = Features(
    columns=(
        *(
            NumberColumn(name=f"größe {k}", boolean=False, fill=0.1, scaling=scaling, indicator=True, missing=("?",))
            for k, scaling in enumerate(
                [
                    Affine(center=1 / 3, scale=1e-300),
                    SmoothlyClipped(center=-0.0, scale=1e300),
                    LogAffine(center=0.1, scale=0.7),
                    NormalQuantiles(values=(-1e300, 0.1, 1 / 3)),
                ]
            )
        ),
        CategoryColumn(name="", levels=("", "a,b", "\x00", "∂"), encoding=OneHot(levels=4)),
        CategoryColumn(
            name="c", levels=("x",), encoding=LevelValues(values=((0.1,), (0.2,)), center=(1 / 3,), scale=(3.0,))
        ),
        DateColumn(
            name="d",
            format="%d.%m.%Y",
            parts=DateParts(center=1e9 / 3, scale=0.1, median=5.0, cycles=get_args(Cycle)),
            indicator=False,
        ),
    ),
    ignored={"id": "as declared"},
)
PIXELS = PixelFeatures(shape=(2, 3))
CLASSES = ClassTarget(name="y", classes=("no", "yes", "ja"))
NUMBERS = NumberTarget(names=("p", "q"), center=(0.1, -1e300), scale=(1.0, 2.5))
TARGETS = [CLASSES, NUMBERS, NumberTarget(names=("p",), center=(0.1,), scale=(3.0,), transform="log1p")]

models = st.builds(
    ModelSpec,
    hidden=st.lists(st.integers(1, 5), max_size=3).map(tuple),
    activation=st.sampled_from([*(kind() for kind in get_args(Activation)), PReLU(), PReLU(shared=True), Maxout()]),
    norm=st.sampled_from([None, BatchNorm(), LayerNorm()]),
    dropout=st.sampled_from([None, Dropout(rate=0.5)]),
    dtype=st.sampled_from(["float32", "float64"]),
)


trunks = st.sampled_from([Networks(), Networks(count=3), TabM(count=2), TabMMini(count=2)])


def fitted_network_of(spec, features, target, seed):
    """A network whose every parameter and buffer is drawn, awkward values included."""
    head = make_head(spec.loss, target)
    network = build_network(spec.model, make_input_layout(features), head.outputs, members=spec.members)
    draw = np.random.default_rng(seed)
    for array in (network.parameters.theta, *network.buffers.values()):
        array[...] = draw.standard_normal(array.shape) * 10.0 ** draw.integers(-40, 30, array.shape)
        array[:1] = -0.0
    history = {"validation_loss": np.array([0.5, np.nan, seed]), "epoch": np.array([1.0, 2.0, 3.0])}
    return FittedNetwork(spec=spec, features=features, head=head, network=network, history=history)


ALONE = Networks()


def model_of(spec, features, target, seed, members=1, side_by_side=ALONE):
    """A model of drawn networks."""
    loss = CrossEntropy() if isinstance(target, ClassTarget) else MeanSquaredError()
    whole = Spec(data=Data(train="t.csv", target="y"), model=spec, loss=loss, members=side_by_side)
    return Model(
        networks=[fitted_network_of(whole, features, target, seed + k) for k in range(members)],
        weights=(1.0,) * members,
        result={"reason": "epochs", "epochs": 2, "best_epoch": 1, "metrics": {"train": {"loss": 0.1, "auc": None}}},
        spec_folder="../specs",
    )


def same_bits(one, two):
    return one.dtype == two.dtype and one.shape == two.shape and one.tobytes() == two.tobytes()


@drawn
@given(
    models,
    st.sampled_from([*((COLUMNS, target) for target in TARGETS), (PIXELS, CLASSES)]),
    st.integers(0, 99),
    st.integers(1, 11),
    trunks,
)
def test_what_is_saved_is_loaded_bit_for_bit(tmp_path_factory, spec, fitted, seed, members, side_by_side):
    features, target = fitted
    path = tmp_path_factory.getbasetemp() / "m.npz"
    path.unlink(missing_ok=True)
    model = model_of(spec, features, target, seed, members, side_by_side)
    model.save(path)
    back = Model.load(path)
    assert (back.spec, back.head, len(back.networks)) == (model.spec, model.head, members)
    assert (back.result, back.spec_folder, [*back.weights]) == (model.result, model.spec_folder, [*model.weights])
    for found, member in zip(back.networks, model.networks, strict=True):
        assert (found.spec, found.features, found.head) == (member.spec, member.features, member.head)
        assert same_bits(found.network.parameters.theta, member.network.parameters.theta)
        for kept, given_ in ((found.network.buffers, member.network.buffers), (found.history, member.history)):
            assert kept.keys() == given_.keys()
            assert all(same_bits(kept[name], array) for name, array in given_.items())


def test_a_spec_of_every_shape_survives(tmp_path):
    spec = Spec(
        data=Data(
            train=Images(images="i", labels="l"),
            split=Split(validation=Images(images="v", labels="w"), type="group", column="g", folds=3, repeats=2),
            columns={
                "a": "ignore",
                "b": ColumnRules(
                    type="category", encoding=TargetEncoding(smoothing=0.1), levels=("q", "p"), missing_values=("?",)
                ),
                "c": ColumnRules(scaling=QuantileScaling(quantiles=7), imputing=Imputing(strategy="drop_row")),
                "d": ColumnRules(type="date", format="DD/MM/YYYY"),
            },
            category_encoding=OrdinalEncoding(),
            target_transform="log1p",
            replace={"x": "y"},
            delimiter=";",
        ),
        model=ModelSpec(layers=(LayerSpec(units=2, activation=PReLU(slope=0.1), max_norm=2.0), LayerSpec(units=3))),
        loss=CrossEntropy(label_smoothing=0.1),
        schedules=Schedules(learning_rate=WarmUp(epochs=0.5, then=Cosine(cycles=2))),
        training=Training(batch_size="full", class_weight={"yes": 2.0}, epochs=3),
        seed=2**63 - 1,
    )
    model = replace(model_of(spec.model, PIXELS, CLASSES, 1), networks=[fitted_network_of(spec, PIXELS, CLASSES, 1)])
    model.save(tmp_path / "m.npz")
    assert Model.load(tmp_path / "m.npz").spec == spec


# several networks, each with a spec of its own

FLAT = Features(
    columns=(
        NumberColumn(name="a", boolean=False, fill=0.5, scaling=Affine(center=0.1, scale=3.0), indicator=False),
        CategoryColumn(name="c", levels=("x", "y"), encoding=OneHot(levels=2)),
    )
)
SHORT = Features(columns=FLAT.columns[:1], ignored={"c": "as declared"})
ROWS = TableRows(read_columns({"a": [0.25, None, -3.0, 1e4], "c": ["x", "y", "z", ""]}))
MIXED = {
    "classes": (CLASSES, CrossEntropy(), Focal()),
    "numbers": (NUMBERS, MeanSquaredError(), MeanAbsoluteError()),
}


def mixed_model(kind, weights=(1.0, 3.0)):
    """Two networks with other layers, losses, columns and precisions, and weights that differ."""
    target, *losses = MIXED[kind]
    data = Data(train="t.csv", target="y")
    first = Spec(data=data, model=ModelSpec(hidden=(3, 2), dtype="float64"), loss=losses[0], seed=1)
    second = Spec(data=data, model=ModelSpec(hidden=(4,), norm=BatchNorm()), loss=losses[1], members=TabM(count=2))
    networks = [fitted_network_of(first, FLAT, target, 1), fitted_network_of(second, SHORT, target, 2)]
    for seed, each in enumerate(networks):
        draw = np.random.default_rng(seed)
        for array in (each.network.parameters.theta, *each.network.buffers.values()):
            array[...] = draw.uniform(0.1, 1.0, array.shape)
    result = {"reason": "epochs", "epochs": 2, "best_epoch": 1, "metrics": {"train": {"loss": 0.1}}}
    return Model(networks=networks, weights=weights, result=result, spec_folder="../specs", data_digest="0a")


def through_a_file(model, folder):
    model.save(folder / "m.npz")
    return Model.load(folder / "m.npz")


WAYS = {
    "a file": through_a_file,
    "bytes": lambda model, folder: Model.from_bytes(model.to_bytes()),
    "pickle": lambda model, folder: pickle.loads(pickle.dumps(model)),
    "a deep copy": lambda model, folder: deepcopy(model),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("kind", MIXED)
def test_networks_of_different_specs_and_weights_survive_and_predict_their_weighted_mean(tmp_path, kind, way):
    model = mixed_model(kind)
    back = way(model, tmp_path)
    assert [*back.weights] == [1.0, 3.0]
    assert back.spec == back.networks[0].spec != back.networks[1].spec
    for name in ("result", "spec_folder", "data_digest"):
        assert getattr(back, name) == getattr(model, name)
    for found, each in zip(back.networks, model.networks, strict=True):
        assert (found.spec, found.features, found.head) == (each.spec, each.features, each.head)
        assert same_bits(found.network.parameters.theta, each.network.parameters.theta)
        assert found.network is not each.network
    one, three = (each.predict(ROWS) for each in model.networks)
    assert np.abs(one - three).max() > 0.01
    np.testing.assert_allclose(back.predict_values(ROWS), (one + 3 * three) / 4, rtol=1e-12)
    np.testing.assert_array_equal(back.predict_values(ROWS), model.predict_values(ROWS))
    assert back.to_bytes() == model.to_bytes()


def test_only_ratios_of_the_weights_of_networks_matter():
    found = [mixed_model("classes", weights).predict_values(ROWS) for weights in ((1.0, 3.0), (2.0, 6.0), (3.0, 1.0))]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12)
    assert np.abs(found[2] - found[0]).max() > 0.01
    np.testing.assert_allclose(found[0].sum(axis=1), 1.0, rtol=1e-6)


def test_what_networks_lose_is_their_weighted_mean_too():
    rows = TableRows(read_columns({"a": [0.25, 2.0, -3.0], "c": ["x", "y", "z"], "y": ["no", "ja", "yes"]}))
    model = mixed_model("classes")
    found, one, three = model.judge(rows), *(each.judge(rows) for each in model.networks)
    np.testing.assert_allclose(found.losses, (one.losses + 3 * three.losses) / 4, rtol=1e-12)
    np.testing.assert_allclose(found.predictions, (one.predictions + 3 * three.predictions) / 4, rtol=1e-12)
    assert found.truth.tolist() == [0, 2, 1]
    assert found.weights.tolist() == [1.0, 1.0, 1.0]


def format_of(model):
    return json.loads(decode_container(memoryview(model.to_bytes()))["metadata"].tobytes())["format_version"]


def test_the_first_format_is_kept_wherever_it_says_enough():
    alike, other = model_of(ModelSpec(hidden=(2,)), COLUMNS, CLASSES, 1, 3), mixed_model("classes", (1.0, 1.0))
    assert format_of(alike) == 1
    assert format_of(replace(alike, weights=(2.0, 2.0, 2.0))) == 1
    assert format_of(replace(alike, weights=(1.0, 1.0, 2.0))) == 2
    assert format_of(other) == 2
    assert format_of(replace(other, networks=other.networks[:1], weights=(5.0,))) == 1


def of_member(key, value):
    def change(metadata):
        metadata["members"][1][key] = value

    return change


LIES = {
    "a weight of nothing": of_member("weight", 0.0),
    "a weight below nothing": of_member("weight", -1.0),
    "a weight that is no number": of_member("weight", "3"),
    "a weight that is a truth value": of_member("weight", True),
    "no weight": lambda metadata: metadata["members"][1].pop("weight"),
    "no spec": lambda metadata: metadata["members"][0].pop("spec"),
    "a spec of no model": of_member("spec", {}),
    "one more key": of_member("more", 1),
    "a spec of all": lambda metadata: metadata.update(spec=metadata["members"][0]["spec"]),
    "very many layers": lambda metadata: metadata["members"][1]["spec"]["model"].update(hidden=[1] * 1001),
    "another target": of_member("target", {"kind": "classes", "name": "y", "classes": ["no", "yes", "oui"]}),
    "the first format": lambda metadata: metadata.update(format_version=1),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_member_that_lies_is_refused(tmp_path, lie):
    arrays = decode_container(memoryview(mixed_model("classes").to_bytes()))
    arrays.pop("sha256", None)
    text = json.loads(arrays["metadata"].tobytes())
    lie(text)
    said = refusal(tmp_path / "m.npz", written(arrays | {"metadata": np.frombuffer(json.dumps(text).encode(), "u1")}))
    assert said.startswith("the model is damaged: ")


def test_numpy_opens_it_without_pickle_and_the_names_can_be_read(tmp_path):
    result = fit_mixed(tmp_path, model={"hidden": [4, 3], "norm": "batch", "activation": "prelu"})
    with np.load(result.model, allow_pickle=False) as archive:
        assert [name for name in archive.files if name.startswith("parameters.")] == [
            *("parameters.hidden_1.weight", "parameters.hidden_1.bias"),
            *("parameters.hidden_1.batch_norm.scale", "parameters.hidden_1.batch_norm.shift"),
            "parameters.hidden_1.prelu.slope",
            *("parameters.hidden_2.weight", "parameters.hidden_2.bias"),
            *("parameters.hidden_2.batch_norm.scale", "parameters.hidden_2.batch_norm.shift"),
            "parameters.hidden_2.prelu.slope",
            *("parameters.output.weight", "parameters.output.bias"),
        ]
        assert {name for name in archive.files if name.startswith("buffers.")} == {
            f"buffers.hidden_{k}.batch_norm.running_{part}" for k in (1, 2) for part in ("mean", "variance")
        }
        assert archive["parameters.hidden_2.weight"].shape == (4, 3)
        assert archive["history.train_loss"].shape == (12,)
        metadata = json.loads(archive["metadata"].tobytes().decode())
    assert metadata["format"] == "mlptrain model"
    assert metadata["format_version"] == 2
    assert metadata["spec"]["model"]["hidden"] == [4, 3]
    assert metadata["result"]["epochs"] == 12


def test_no_times_and_no_paths_of_this_machine_are_in_it(tmp_path):
    data = Path(fit_mixed(tmp_path).model).read_bytes()
    for secret in (str(tmp_path), str(Path.home()), tmp_path.name, "seconds", "rows_per_second"):
        assert secret.encode() not in data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


# what is no model


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fitted")
    fit_mixed(folder, model={"hidden": [3], "norm": "batch"})
    return folder


def changed(fitted, **members):
    """The bytes of the fitted model with members replaced, left out (None) or added."""
    arrays = read_container(fitted / "mixed.npz")
    arrays |= {name.replace("__", "."): value for name, value in members.items()}
    return written({name: value for name, value in arrays.items() if value is not None})


def written(arrays):
    """The bytes of a container."""
    stream = io.BytesIO()
    write_container(stream, arrays)
    return stream.getvalue()


def metadata_of(fitted):
    with np.load(fitted / "mixed.npz", allow_pickle=False) as archive:
        return json.loads(archive["metadata"].tobytes())


def with_metadata(fitted, metadata):
    return changed(fitted, metadata=np.frombuffer(json.dumps(metadata).encode(), np.uint8))


FOREIGN = {
    "nothing": b"",
    "text": b"data:\n  train: x.csv\n",
    "an image": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "a pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x08builtins\x94.",
    "a NumPy array": b"\x93NUMPY\x01\x00v\x00" + bytes(118),
    "the beginning of a zip": b"PK\x03\x04" + bytes(60),
    "an empty zip": b"PK\x05\x06" + bytes(18),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_that_is_something_else_is_refused(tmp_path, kind):
    (tmp_path / "m.npz").write_bytes(FOREIGN[kind])
    with pytest.raises(ModelFileError, match=r"m.npz: (not a model of mlptrain|this .npz has no metadata)") as problem:
        Model.load(tmp_path / "m.npz")
    named = {
        "an image": "a PNG image",
        "a pickle": "a pickle, which",
        "a NumPy array": "array file",
    }
    assert named.get(kind, "") in str(problem.value)


def test_what_is_not_there_or_is_a_folder_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="no such file; name a model that mlptrain fit wrote"):
        Model.load(tmp_path / "none.npz")
    with pytest.raises(ModelFileError, match="this is a folder"):
        Model.load(tmp_path)


def test_another_npz_is_refused(fitted, tmp_path):
    arrays = {"a": {"a": np.zeros(3)}, "b": {"metadata": np.frombuffer(b'{"format": "other"}', np.uint8)}}
    with np.load(fitted / "mixed.npz") as own:
        arrays["c"] = dict(own)
    path, cure = tmp_path / "m.npz", "a model is the .npz that `mlptrain fit` writes"
    for content in arrays.values():
        for save in (np.savez, np.savez_compressed):
            save(path, **content)
            said = f"not a model of mlptrain: this is an .npz of another program; {cure}"
            assert refusal(path, path.read_bytes()) == said
            assert refusal(path, path.read_bytes()[:-30]).startswith("not a model of mlptrain, or damaged: ")


def test_pickled_objects_are_never_opened(fitted, tmp_path):
    objects = np.array([{"a": 1}], dtype=object)
    for name in ("metadata", "parameters__output__bias", "history__epoch"):
        (tmp_path / "m.npz").write_bytes(changed(fitted, **{name: objects}))
        with pytest.raises(ModelFileError, match="damaged"):
            Model.load(tmp_path / "m.npz")


@pytest.mark.parametrize(
    "members",
    [
        {"parameters__output__bias": None},
        {"parameters__output__extra": np.zeros(1)},
        {"buffers__hidden_1__batch_norm__running_mean": None},
        {"parameters__output__bias": np.zeros(2, np.float32)},
        {"parameters__output__bias": np.zeros(1, np.float64)},
        {"parameters__output__bias": np.zeros(1, np.complex64)},
        {"parameters__output__bias": np.array(["x"])},
        {"metadata": None},
        {"metadata": np.frombuffer(b"{", np.uint8)},
        {"metadata": np.frombuffer(b"[]", np.uint8)},
        {"metadata": np.frombuffer(b"\xff\xfe", np.uint8)},
    ],
)
def test_arrays_that_are_not_those_of_the_spec_are_refused(fitted, tmp_path, members):
    (tmp_path / "m.npz").write_bytes(changed(fitted, **members))
    with pytest.raises(ModelFileError, match=r"m.npz"):
        Model.load(tmp_path / "m.npz")


@pytest.mark.parametrize("key", ["spec", "members", "result", "spec_folder", "format", "format_version"])
def test_metadata_without_a_part_is_refused(fitted, tmp_path, key):
    metadata = metadata_of(fitted)
    del metadata[key]
    (tmp_path / "m.npz").write_bytes(with_metadata(fitted, metadata))
    with pytest.raises(ModelFileError, match=r"m.npz"):
        Model.load(tmp_path / "m.npz")


@pytest.mark.parametrize("key", ["features", "target"])
@pytest.mark.parametrize("change", [lambda part: {}, lambda part: None, lambda part: {"kind": "x"}])
def test_a_member_without_a_part_is_refused(fitted, tmp_path, key, change):
    metadata = metadata_of(fitted)
    metadata["members"][0][key] = change(metadata["members"][0][key])
    (tmp_path / "m.npz").write_bytes(with_metadata(fitted, metadata))
    with pytest.raises(ModelFileError, match="the model is damaged"):
        Model.load(tmp_path / "m.npz")


@pytest.mark.parametrize("change", [lambda members: [], lambda members: members * 2, lambda members: {}])
def test_another_number_of_members_is_refused(fitted, tmp_path, change):
    metadata = metadata_of(fitted)
    metadata["members"] = change(metadata["members"])
    (tmp_path / "m.npz").write_bytes(with_metadata(fitted, metadata))
    with pytest.raises(ModelFileError, match="the model is damaged"):
        Model.load(tmp_path / "m.npz")


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("model", "hidden", [4]),
        ("model", "activation", {"name": "unheard of"}),
        ("model", "dropout", []),
        ("model", "activation", None),
        ("model", "new_key", 1),
    ],
)
def test_a_spec_that_this_version_does_not_know_is_refused(fitted, tmp_path, section, key, value):
    metadata = metadata_of(fitted)
    metadata["spec"][section][key] = value
    (tmp_path / "m.npz").write_bytes(with_metadata(fitted, metadata))
    with pytest.raises(ModelFileError, match="the model is damaged"):
        Model.load(tmp_path / "m.npz")


def test_a_newer_format_asks_for_an_update(fitted, tmp_path):
    (tmp_path / "m.npz").write_bytes(
        with_metadata(fitted, metadata_of(fitted) | {"format_version": 3, "mlptrain": "9.9"})
    )
    with pytest.raises(ModelFileError, match=r"written by mlptrain 9\.9 in format 3; this is mlptrain .*: update it"):
        Model.load(tmp_path / "m.npz")


def test_a_file_that_is_cut_short_is_refused(fitted, tmp_path):
    data = (fitted / "mixed.npz").read_bytes()
    random = Random(1)
    for length in [0, 1, 4, len(data) - 1, *(random.randrange(len(data)) for _ in range(25))]:
        (tmp_path / "m.npz").write_bytes(data[:length])
        with pytest.raises(ModelFileError):
            Model.load(tmp_path / "m.npz")


def test_a_flipped_bit_is_found_or_changes_nothing(fitted, tmp_path):
    data = (fitted / "mixed.npz").read_bytes()
    rows = str(write_mixed(tmp_path).with_name("mixed.csv"))
    expected = predict(str(fitted / "mixed.npz"), rows)
    random, refused = Random(2), 0
    for _ in range(150):
        flipped = bytearray(data)
        flipped[random.randrange(len(data))] ^= 1 << random.randrange(8)
        (tmp_path / "m.npz").write_bytes(flipped)
        try:
            assert predict(str(tmp_path / "m.npz"), rows) == expected
        except ModelFileError:
            refused += 1
    assert refused > 100


def test_every_flipped_bit_of_a_real_model_is_noticed(tmp_path):
    data = Path(fit_mixed(tmp_path, "model.hidden=[]", "training.epochs=1").model).read_bytes()
    assert len(data) * 8 > 16_000
    assert decode_container(memoryview(data))
    flipped = bytearray(data)
    for position in range(len(data)):
        for bit in range(8):
            flipped[position] ^= 1 << bit
            with pytest.raises(Refused):
                decode_container(memoryview(flipped))
            flipped[position] ^= 1 << bit


def refusal(path, content):
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as problem:
        Model.load(path)
    return str(problem.value).removeprefix(f"{path}: ")


def test_the_first_array_that_is_too_many_or_missing_is_named(fitted, tmp_path):
    path = tmp_path / "m.npz"
    damaged = "the model is damaged: its arrays are not those of its spec: "
    assert refusal(path, changed(fitted, zoo=np.zeros(1), extra=np.zeros(1))) == f"{damaged}extra"
    assert refusal(path, changed(fitted, parameters__output__bias=None)) == f"{damaged}parameters.output.bias"
    assert refusal(path, changed(fitted, buffers__none=np.zeros(1))) == f"{damaged}buffers.none"


def test_without_metadata_it_is_another_npz(fitted, tmp_path):
    for other in (None, np.zeros(0, np.uint8), np.zeros(3, np.float32)):
        said = refusal(tmp_path / "m.npz", changed(fitted, metadata=other))
        assert said == "this .npz has no metadata; it is not a model of mlptrain"


def test_the_limits_of_what_is_read(fitted, monkeypatch):
    path = fitted / "mixed.npz"
    size = read_container(path)["metadata"].size
    for file, limit, least in ((metadata, "LARGEST", size), (model_file, "MOST_LAYERS", 1)):
        with monkeypatch.context() as patched:
            patched.setattr(file, limit, least)
            Model.load(path)
            patched.setattr(file, limit, least - 1)
            with pytest.raises(ModelFileError):
                Model.load(path)


def test_whole_numbers_have_at_most_twenty_digits():
    assert metadata.parse_json(b"[" + b"9" * 20 + b"]") == [10**20 - 1]
    with pytest.raises(ValueError, match="99999999999999999999 has too many digits"):
        metadata.parse_json(b"[" + b"9" * 21 + b"]")


@pytest.mark.parametrize(("count", "beginnings"), [(1, [""]), (2, ["1.", "2."]), (3, ["1.", "2.", "3."])])
def test_of_several_networks_each_has_its_number(tmp_path, count, beginnings):
    model_of(ModelSpec(hidden=(2,)), COLUMNS, CLASSES, 1, count).save(tmp_path / "m.npz")
    found = [name for name in read_container(tmp_path / "m.npz") if name.endswith("parameters.output.bias")]
    assert found == [f"{each}parameters.output.bias" for each in beginnings]


def test_it_says_which_version_wrote_it(fitted):
    assert metadata_of(fitted)["mlptrain"] == version("mlptrain")


def test_a_model_that_is_there_already_is_known_by_all_of_its_bytes(tmp_path):
    path = tmp_path / "a"
    content = written({"w": np.arange(2000.0), "x": np.arange(3.0)})
    arrays = decode_container(memoryview(content))
    arrays.pop("sha256", None)
    assert not holds_same_arrays(path, arrays)
    for position in (0, 40, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        assert not holds_same_arrays(path, arrays), position
    for other in (content[:-1], content + b"x", b""):
        path.write_bytes(other)
        assert not holds_same_arrays(path, arrays)
    path.write_bytes(content)
    assert holds_same_arrays(path, arrays)
    assert not holds_same_arrays(tmp_path, arrays)


@pytest.mark.parametrize(("members", "which"), [(1, ""), (2, " of fold 2")])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_network_with_numbers_that_are_not_finite_is_never_saved(tmp_path, members, which, value):
    model = model_of(ModelSpec(hidden=(2,)), COLUMNS, CLASSES, 1, members)
    model.networks[-1].network.parameters.values["output.bias"][...] = value
    with pytest.raises(Diverged) as problem:
        model.save(tmp_path / "m.npz")
    said = f"after the last step 3 of the 3 numbers of output.bias{which} are not finite"
    assert str(problem.value) == f"training diverged: {said}; try a smaller optimizer.learning_rate"
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 1}', "a key is there twice"),
        ('[{"b": [], "c": 0, "b": 1}]', "a key is there twice"),
        ("[NaN]", "NaN is not a finite number"),
        ("[-Infinity]", "-Infinity is not a finite number"),
        ("[1e400]", "1e400 is not a finite number"),
        (f"[1{'0' * 400}.0]", f"1{'0' * 19} is not a finite number"),
        ("[" * 100_000, "it is nested more than 32 levels deep"),
    ],
)
def test_json_is_strict(text, why):
    with pytest.raises(ValueError, match=why) as problem:
        metadata.parse_json(text.encode())
    assert str(problem.value) == why


@pytest.mark.parametrize("text", ['"\\ud800"', '{"\\udfff": 1}'])
def test_half_a_character_is_none(text):
    with pytest.raises(ValueError, match="half a character"):
        metadata.parse_json(text.encode())


def test_characters_beyond_ascii_are_stored_as_they_are(tmp_path):
    model_of(ModelSpec(hidden=(2,)), COLUMNS, CLASSES, 1).save(tmp_path / "m.npz")
    assert "größe 1".encode() in (tmp_path / "m.npz").read_bytes()


def test_only_parameters_make_room_for_a_network(fitted, tmp_path):
    metadata = metadata_of(fitted)
    metadata["spec"]["model"]["hidden"] = [100]
    text = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
    said = refusal(tmp_path / "m.npz", changed(fitted, metadata=text, history__more=np.zeros(10_000)))
    assert said == "the model is damaged: its spec asks for a larger network than its arrays make"


def test_a_network_of_more_pieces_than_the_arrays_make_is_refused(fitted, tmp_path):
    metadata = metadata_of(fitted)
    metadata["spec"]["model"]["activation"] = {"name": "maxout", "pieces": 100}
    text = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
    said = refusal(tmp_path / "m.npz", changed(fitted, metadata=text))
    assert said == "the model is damaged: its spec asks for a larger network than its arrays make"


def test_numbers_that_are_not_finite_are_never_in_the_metadata(tmp_path):
    model = replace(model_of(ModelSpec(hidden=(2,)), COLUMNS, CLASSES, 1), result={"loss": float("nan")})
    with pytest.raises(ValueError, match="not JSON compliant"):
        model.save(tmp_path / "m.npz")


def test_a_folder_whose_name_is_no_text_is_not_stored(tmp_path):
    assert model_file.compute_relative_spec_folder(tmp_path / "m.npz", tmp_path / "specs") == "specs"
    assert model_file.compute_relative_spec_folder(tmp_path / "m.npz", tmp_path / "\udcff") == "."
