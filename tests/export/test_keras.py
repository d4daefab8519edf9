"""Scripts of Keras: the networks with the model's weights, there and back; on the backend that KERAS_BACKEND names."""

from types import ModuleType
from typing import Any, get_args

import numpy as np
import pytest

from mlptrain.engine.activations import ELU, GELU, Activation, LeakyReLU
from mlptrain.engine.embeddings import NumericEmbedding
from mlptrain.engine.members import Shared
from mlptrain.engine.network import AnyLayer
from mlptrain.engine.residual import Residual
from mlptrain.export.keras import ACTIVATIONS, write_keras, write_layer, write_numeric_embedding
from mlptrain.export.plan import NotExportable
from tests.support.export_cases import CASES_TO_RUN, FEW_CASES, ExportCase, assert_same_predictions, make_export_case
from tests.support.scripts import (
    assert_same_logits,
    copy_model,
    draw_targets,
    find_named_arrays,
    import_script,
    list_rows,
    list_weights,
    measure_gradient,
    predict_case,
    read_weights,
    sign_plan,
)

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
WHY = "needs Keras and one of its backends, named by KERAS_BACKEND: pip install keras torch"


@pytest.mark.parametrize("name", CASES_TO_RUN)
def test_a_script_names_every_array_of_the_model_once(name):
    case = make_export_case(name)
    found = find_named_arrays(write_keras(case.model, case.plan))
    assert sorted(found) == sorted(list_weights(case.model))


def test_every_layer_activation_and_embedding_has_a_form():
    members = set(get_args(AnyLayer)) - {Shared, Residual}  # these are layers of other layers
    assert [each for each in members if write_layer.dispatch(each) is write_layer.dispatch(object)] == []
    assert {LeakyReLU, ELU, GELU} | ACTIVATIONS == set(get_args(Activation))
    embeddings = get_args(NumericEmbedding)
    write = write_numeric_embedding
    assert [each for each in embeddings if write.dispatch(each) is write.dispatch(object)] == []


def test_an_unknown_layer_is_refused_by_name():
    class Wavelet:
        kind = "wavelet"

    with pytest.raises(NotExportable, match="wavelet"):
        write_layer(Wavelet(), None, {})


# With Keras


@pytest.fixture(scope="session")
def keras() -> ModuleType:
    """Keras, where its backend is here, too."""
    try:
        import keras
    except ImportError:
        pytest.skip(WHY)
    return keras


def make_script(case: ExportCase, folder: Any) -> tuple[ModuleType, Any]:
    """The script of a case, and its networks with the model's weights."""
    case.model.save(folder / "m.npz")
    script = import_script(
        folder / "exported_keras.py", write_keras(case.model, sign_plan(case.plan, folder / "m.npz"))
    )
    return script, script.load_networks(folder / "m.npz")


def evaluate(keras: ModuleType, network: Any, x: Any) -> Any:
    """What a network makes of inputs in evaluation."""
    return keras.ops.convert_to_numpy(network(x, training=False))


def write_back(script: ModuleType, networks: Any, folder: Any) -> Any:
    """The file that a script writes."""
    script.to_mlptrain(networks if len(networks) > 1 else networks[0], folder / "weights.npz")
    return folder / "weights.npz"


@pytest.mark.integration
@pytest.mark.parametrize("name", CASES_TO_RUN)
def test_networks_predict_what_the_model_predicts_and_give_its_weights_back(keras, name, tmp_path):
    case = make_export_case(name)
    script, networks = make_script(case, tmp_path)
    assert_same_predictions(script.predict_scores(networks, list_rows(case)), case.expected, case.plan)
    assert_same_logits(
        script, lambda network, x: keras.ops.convert_to_numpy(network(x, training=False)), networks, case
    )
    with np.load(write_back(script, networks, tmp_path), allow_pickle=False) as back:
        there = list_weights(case.model)
        assert there.keys() == back.keys()
        for key, array in there.items():
            assert array.dtype == back[key].dtype
            np.testing.assert_array_equal(array, back[key])


@pytest.mark.integration
@pytest.mark.parametrize("name", FEW_CASES)
def test_a_step_of_gradient_descent_is_that_of_the_engine(keras, name, tmp_path):
    """The weights after a step of the whole gradient, and running statistics."""
    case = make_export_case(name)
    script, networks = make_script(case, tmp_path)
    expected = copy_model(case.model)
    for number, (fitted, network) in enumerate(zip(expected.networks, networks, strict=True), 1):
        x = script.encode_rows(list_rows(case), number)
        truth, given = draw_targets(case.model, len(x))
        targets = script.encode_targets(given, number)
        np.testing.assert_allclose(targets, fitted.head.loss_targets(truth, x.dtype), rtol=1e-6, atol=1e-6)
        stop_dropout(network)
        loss = compile_network(network, script, number, keras.optimizers.SGD(1.0)).train_on_batch(x, targets)
        value, gradients = measure_gradient(fitted, x, targets)
        assert float(loss) == pytest.approx(value * fitted.network.gradient_scale, rel=1e-5, abs=1e-5)
        fitted.network.parameters.theta -= fitted.network.parameters.gradient
        size = max(np.abs(each).max() for each in gradients.values())
        for key, array in script.collect_weights(network, number).items():
            ours = script.ARCHITECTURES[number - 1].names[key]
            kind, _, own = ours.partition(".")
            there = fitted.network.buffers if kind == "buffers" else fitted.network.parameters.values
            np.testing.assert_allclose(array, there[own], atol=2e-5 * size + 1e-6, rtol=1e-4, err_msg=ours)


def compile_network(network: Any, script: ModuleType, number: int, optimizer: Any) -> Any:
    """A network ready to be trained."""
    network.compile(optimizer, loss=lambda y, z: script.compute_loss(y, z, number), run_eagerly=True, jit_compile=False)
    return network


def stop_dropout(network: Any) -> None:
    """Training without noise."""
    for layer in network.layers:
        if "Dropout" in type(layer).__name__:
            layer.rate = 0.0


@pytest.mark.integration
@pytest.mark.parametrize("name", FEW_CASES)
def test_ten_steps_there_predict_the_same_here(keras, name, tmp_path):
    case = make_export_case(name)
    script, networks = make_script(case, tmp_path)
    keras.utils.set_random_seed(0)
    for number, network in enumerate(networks, 1):
        x = script.encode_rows(list_rows(case), number)
        targets = script.encode_targets(draw_targets(case.model, len(x))[1], number)
        compile_network(network, script, number, keras.optimizers.Adam(1e-3))
        network.fit(x, targets, epochs=10, batch_size=len(x), verbose=0)
    there = script.predict_scores(networks, list_rows(case))
    here = predict_case(read_weights(write_back(script, networks, tmp_path), case.model), case)
    assert np.abs(here - case.expected).max() > 1e-4
    assert_same_predictions(there, here, case.plan)


@pytest.mark.integration
@pytest.mark.parametrize("name", ["linear", "images"])
def test_many_rows_are_predicted_like_few_and_none_are_none(keras, name, tmp_path):
    case = make_export_case(name)
    script, networks = make_script(case, tmp_path)
    rows, times = list(list_rows(case)), 1 + script.BATCH // len(case.expected)
    many = script.predict_scores(networks, rows * times)
    assert_same_predictions(many, np.tile(case.expected, (times, 1)), case.plan)
    assert script.predict_scores(networks, []).shape == (0, case.expected.shape[1])


@pytest.mark.integration
def test_weights_of_another_model_are_refused(keras, tmp_path):
    case, other = make_export_case("images"), make_export_case("linear")
    script, (network,) = make_script(case, tmp_path)
    other.model.save(tmp_path / "other.npz")
    with pytest.raises(script.WeightsError, match="another model than the one that this script was written for"):
        script.load_weights(network, tmp_path / "other.npz")
    np.savez(tmp_path / "weights.npz", **{"parameters.output.bias": np.zeros(3)})
    with pytest.raises(script.WeightsError, match=r"it has no array 'parameters\."):
        script.load_weights(network, tmp_path / "weights.npz")
