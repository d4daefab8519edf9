"""Which file of weights is read, and what is said of any other."""

import os
from pathlib import Path

import numpy as np
import pytest

from mlptrain.errors import DataError, ModelFileError, SpecError
from mlptrain.model.initial_weights import WeightsAlone, WeightsOfModel, load_initial_weights
from mlptrain.model.model import Model
from mlptrain.spec.fields import InitialWeights
from tests.support.flows import fit, fit_mixed, write_mixed

OTHERS = {
    "m.pt": (b"PK\x03\x04" + bytes(26) + b"m/data.pkl" + bytes(60), "this is a PyTorch file"),
    "m.keras": (b"PK\x03\x04" + bytes(26) + b"model.weights.h5" + bytes(60), "this is a Keras model"),
    "m.h5": (b"\x89HDF\r\n\x1a\n" + bytes(60), "this is an HDF5 file"),
    "m.safetensors": ((60).to_bytes(8, "little") + b'{"a": 1}', "this is a safetensors file"),
    "m.pkl": (b"\x80\x04\x95" + bytes(60), "this is a pickle, which mlptrain never opens"),
    "old.pt": (b"\x80\x02\x8a" + bytes(60), "this is a pickle, which mlptrain never opens"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model, and its arrays alone as `np.savez` writes them."""
    folder = tmp_path_factory.mktemp("weights")
    fit_mixed(folder, out="m.npz")
    with np.load(folder / "m.npz") as stored:
        arrays = {name: stored[name] for name in stored.files if name.startswith(("parameters.", "buffers."))}
    np.savez(folder / "w.npz", **arrays)
    np.savez(folder / "two.npz", **{f"{k}.{name}": array for k in (1, 2) for name, array in arrays.items()})
    return folder


def load(folder, name, **more):
    return load_initial_weights(InitialWeights(file=name, **more), folder, None)


def test_a_model_brings_its_networks_and_an_archive_its_arrays(folder):
    model, alone, two = (load(folder, name) for name in ("m.npz", "w.npz", "two.npz"))
    assert isinstance(model, WeightsOfModel)
    assert isinstance(alone, WeightsAlone)
    assert [len(each.networks) for each in (model, alone, two)] == [1, 1, 2]
    assert alone.networks[0].keys() == two.networks[1].keys()


def test_a_model_in_memory_is_that_of_its_file(folder):
    given = load_initial_weights(InitialWeights(file=""), folder, Model.load(folder / "m.npz").to_bytes())
    assert given.digest == load(folder, "m.npz").digest
    assert given.name == "the given model"
    with pytest.raises(SpecError, match="a model in memory; give them again"):
        load_initial_weights(InitialWeights(file=""), folder, None)


def test_a_digest_tells_other_weights(folder):
    digest = load(folder, "w.npz").digest
    assert load(folder, "w.npz", digest=digest).digest == digest
    assert digest != load(folder, "m.npz").digest
    with pytest.raises(SpecError, match=r"initial_weights\.digest: .*w\.npz has changed"):
        load(folder, "w.npz", digest="0" * 64)


@pytest.mark.parametrize("name", OTHERS)
def test_files_of_other_programs_are_refused_with_the_way_to_get_there(tmp_path, name):
    content, said = OTHERS[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelFileError) as error:
        load(tmp_path, name)
    assert f"not weights that mlptrain reads: {said}" in str(error.value)
    assert 'to_mlptrain(network, "weights.npz")' in str(error.value)


def test_what_is_no_weights_at_all_is_refused(folder, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    absent = "no such file; name the .npz of a model, or of its arrays"
    for name, said in (("t.csv", "this is a table"), ("none.npz", absent)):
        with pytest.raises((ModelFileError, DataError), match=said):
            load(tmp_path, name)
    np.savez(tmp_path / "state.npz", weight=np.ones(3))
    with pytest.raises(ModelFileError, match=r"weight is no array of a network; the arrays are named as in a model"):
        load(tmp_path, "state.npz")
    with np.load(folder / "m.npz") as stored:
        np.savez(tmp_path / "whole.npz", **{name: stored[name] for name in stored.files})
    with pytest.raises(ModelFileError, match=r"metadata is no array of a network"):
        load(tmp_path, "whole.npz")
    np.savez(tmp_path / "gap.npz", **{f"{k}.parameters.output.bias": np.ones(3) for k in (1, 3)})
    with pytest.raises(ModelFileError, match="its networks are 1, 3; number them 1, 2"):
        load(tmp_path, "gap.npz")
    np.savez(tmp_path / "both.npz", **{f"{k}parameters.output.bias": np.ones(3) for k in ("", "1.")})
    with pytest.raises(ModelFileError, match="its networks are one without a number, 1; number them"):
        load(tmp_path, "both.npz")
    os.mkfifo(tmp_path / "pipe.npz")
    for name, said in (("pipe.npz", "this is a device or a pipe"), (".", "this is a folder")):
        with pytest.raises(ModelFileError, match=said):
            load(tmp_path, name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_fit_from_arrays_fits_its_columns_and_starts_there(folder, tmp_path, dtype):
    spec, out = write_mixed(tmp_path), tmp_path / "n.npz"
    with np.load(folder / "w.npz") as stored:
        np.savez(tmp_path / "w.npz", **{name: stored[name].astype(dtype) for name in stored.files})
    still = ["optimizer.name=sgd", "optimizer.learning_rate=1e-30", "training.epochs=1"]
    fit(str(spec), out=out, initial_weights=tmp_path / "w.npz", overrides=still)
    then, now = Model.load(folder / "m.npz"), Model.load(out)
    assert np.array_equal(then.networks[0].network.parameters.theta, now.networks[0].network.parameters.theta)
    assert then.networks[0].features == now.networks[0].features
    assert now.spec.start.refit_columns
    again = fit(str(spec), out=tmp_path / "again.npz", initial_weights=Path(tmp_path / "w.npz"), overrides=still)
    assert Path(again.model).read_bytes() == out.read_bytes()
    fit(str(spec), out=out, initial_weights=folder / "two.npz", overrides=[*still, "data.split.folds=2"])
    with pytest.raises(SpecError, match="holds 2 networks, and this spec trains 3"):
        fit(str(spec), out=out, initial_weights=folder / "two.npz", overrides=[*still, "data.split.folds=3"])
    with pytest.raises(SpecError, match=r"hidden_1\.weight is \(7, 8\), this network has \(7, 9\); set the model"):
        fit(str(spec), out=out, initial_weights=folder / "w.npz", overrides=["model.hidden=[9]"])
