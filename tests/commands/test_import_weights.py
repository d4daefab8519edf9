"""`import`: the columns, the target and the spec of a model, the weights of a file."""

import numpy as np
import pytest

from mlptrain.commands.import_weights import import_weights
from mlptrain.commands.show import show_file
from mlptrain.diagnostics.training_course import describe_course
from mlptrain.errors import EnvironmentFailure, ModelFileError, SpecError
from mlptrain.model.model import Model
from mlptrain.reporting.page_course import show_course
from mlptrain.reporting.show_results import format_description
from tests.support.command import mlptrain
from tests.support.flows import fit, predict, write_mixed


def take_arrays(path, change=lambda name, array: array):
    with np.load(path) as stored:
        return {
            name: change(name, stored[name])
            for name in stored.files
            if {"parameters", "buffers"} & {*name.split(".")[:2]}
        }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with models of one network and of three: `one.npz`, `three.npz`."""
    folder = tmp_path_factory.mktemp("import")
    spec = str(write_mixed(folder, model={"hidden": [8], "norm": "batch"}))
    fit(spec, out=folder / "one.npz")
    fit(spec, out=folder / "three.npz", overrides=["data.split.folds=3", "training.epochs=2"])
    return folder


@pytest.mark.parametrize("name", ["one", "three"])
def test_a_model_gets_the_weights_and_keeps_the_rest(folder, tmp_path, name):
    model, weights, new = folder / f"{name}.npz", tmp_path / "w.npz", tmp_path / "new.npz"
    np.savez(weights, **take_arrays(model, lambda _, array: array * array.dtype.type(0.5)))
    result = import_weights(str(model), weights, new)
    then, now = Model.load(model), Model.load(new)
    assert (result.networks, result.parameters) == (len(then.networks), then.parameters)
    for before, after in zip(then.networks, now.networks, strict=True):
        assert np.array_equal(after.network.parameters.theta, before.network.parameters.theta * np.float32(0.5))
        assert (before.features, before.head, before.spec) == (after.features, after.head, after.spec)
    np.savez(weights, **take_arrays(new))
    import_weights(str(new), weights, tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == new.read_bytes()


def test_weights_there_and_back_predict_the_same(folder, tmp_path):
    np.savez(tmp_path / "w.npz", **take_arrays(folder / "one.npz"))
    import_weights(str(folder / "one.npz"), tmp_path / "w.npz", tmp_path / "new.npz")
    data = str(folder / "mixed.csv")
    assert predict(str(tmp_path / "new.npz"), data) == predict(str(folder / "one.npz"), data)


def test_show_says_that_metrics_and_history_are_not_of_these_weights(folder, tmp_path):
    np.savez(tmp_path / "w.npz", **take_arrays(folder / "one.npz"))
    import_weights(str(folder / "one.npz"), tmp_path / "w.npz", tmp_path / "new.npz")
    text = format_description(show_file(str(tmp_path / "new.npz")))
    assert "weights imported after the training: 12 epochs" in text
    assert "metrics and history are those of the training, not of these weights" in text
    assert "not of these weights" not in format_description(show_file(str(folder / "one.npz")))
    first, second, *_ = show_course(describe_course(Model.load(tmp_path / "new.npz")))
    assert first.text.startswith("Weights imported after the training: 12 epochs")
    assert "not of these weights" in second.text


def test_every_array_must_be_there_and_no_other(folder, tmp_path):
    arrays, weights, new = take_arrays(folder / "one.npz"), tmp_path / "w.npz", tmp_path / "new.npz"
    for name in arrays:
        np.savez(weights, **{each: array for each, array in arrays.items() if each != name})
        with pytest.raises(SpecError, match=rf"w\.npz: {name} .* is missing"):
            import_weights(str(folder / "one.npz"), weights, new)
    np.savez(weights, **arrays, **{"parameters.hidden_9.bias": np.ones(3)})
    with pytest.raises(SpecError, match=r"w\.npz: parameters\.hidden_9\.bias is no array of this network"):
        import_weights(str(folder / "one.npz"), weights, new)
    np.savez(weights, **arrays)
    with pytest.raises(SpecError, match=r"has arrays of 1 network, and the model holds 3; their names begin with 1\."):
        import_weights(str(folder / "three.npz"), weights, new)
    assert not new.exists()


def test_what_would_be_lost_is_not_replaced(folder, tmp_path):
    weights, new = tmp_path / "w.npz", tmp_path / "new.npz"
    np.savez(weights, **take_arrays(folder / "one.npz"))
    for out, said in ((weights, "is not a model of mlptrain"), (folder / "one.npz", "this is the model")):
        with pytest.raises(SpecError, match=said):
            import_weights(str(folder / "one.npz"), weights, out)
    with pytest.raises(SpecError, match=r"ends with \.npz"):
        import_weights(str(folder / "one.npz"), weights, tmp_path / "new.pt")
    with pytest.raises(EnvironmentFailure):
        import_weights(str(folder / "one.npz"), weights, tmp_path / "none" / "new.npz")
    import_weights(str(folder / "one.npz"), weights, new)
    np.savez(weights, **take_arrays(folder / "one.npz", lambda _, array: array * 2))
    import_weights(str(folder / "one.npz"), weights, new)
    assert (tmp_path / "new.previous.npz").exists()


def test_a_model_is_no_file_of_weights(folder, tmp_path):
    with pytest.raises(SpecError, match=r"this is a model, with columns of its own; use it as it is, or train on"):
        import_weights(str(folder / "one.npz"), folder / "three.npz", tmp_path / "new.npz")
    (tmp_path / "w.pt").write_bytes(b"\x80\x02\x8a" + bytes(60))
    with pytest.raises(ModelFileError, match="to_mlptrain"):
        import_weights(str(folder / "one.npz"), tmp_path / "w.pt", tmp_path / "new.npz")


def test_the_command_prints_what_it_wrote(folder, tmp_path):
    np.savez(tmp_path / "w.npz", **take_arrays(folder / "one.npz"))
    ended = mlptrain("import", folder / "one.npz", "w.npz", "--out", "new.npz", cwd=tmp_path)
    assert ended.code == 0
    assert ended.out.startswith("model: new.npz (")
    ended = mlptrain("import", folder / "one.npz", "w.npz", "--out", "new.npz", "--json", cwd=tmp_path)
    assert '"networks": 1' in ended.out
