"""Scripts of PyTorch: the networks with the model's weights, there and back."""

import csv
import sys
from types import ModuleType
from typing import Any, get_args

import numpy as np
import pytest

import mlptrain
from mlptrain.commands.export import export_file
from mlptrain.commands.import_weights import import_weights
from mlptrain.engine.activations import Activation
from mlptrain.engine.embeddings import NumericEmbedding
from mlptrain.engine.members import Shared
from mlptrain.engine.network import AnyLayer
from mlptrain.export.plan import NotExportable
from mlptrain.export.processes import run_process
from mlptrain.export.pytorch import ACTIVATIONS, write_layer, write_numeric_embedding, write_pytorch
from mlptrain.model.model import Model
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

WHY = "needs PyTorch: pip install torch"


@pytest.mark.parametrize("name", CASES_TO_RUN)
def test_a_script_names_every_array_of_the_model_once(name):
    case = make_export_case(name)
    found = find_named_arrays(write_pytorch(case.model, case.plan))
    assert sorted(found) == sorted(list_weights(case.model))


def test_every_layer_activation_and_embedding_has_a_form():
    members = set(get_args(AnyLayer)) - {Shared}
    assert [each for each in members if write_layer.dispatch(each) is write_layer.dispatch(object)] == []
    assert ACTIVATIONS.keys() == set(get_args(Activation))
    embeddings = get_args(NumericEmbedding)
    write = write_numeric_embedding
    assert [each for each in embeddings if write.dispatch(each) is write.dispatch(object)] == []


def test_an_unknown_layer_is_refused_by_name():
    class Wavelet:
        kind = "wavelet"

    with pytest.raises(NotExportable, match="wavelet"):
        write_layer(Wavelet(), None)


# With PyTorch


@pytest.fixture
def torch() -> ModuleType:
    return pytest.importorskip("torch", reason=WHY)


def make_script(case: ExportCase, folder: Any) -> tuple[ModuleType, Any]:
    """The script of a case, and its networks with the model's weights."""
    case.model.save(folder / "m.npz")
    script = import_script(
        folder / "exported_pytorch.py", write_pytorch(case.model, sign_plan(case.plan, folder / "m.npz"))
    )
    return script, script.load_networks(folder / "m.npz")


def collect_gradients(script: ModuleType, network: Any, number: int) -> dict[str, np.ndarray]:
    """The gradient of the last loss, by our names."""
    names = script.ARCHITECTURES[number - 1].names
    found = {name: each.grad.numpy() for name, each in network.named_parameters()}
    return {names[name]: each.T if script.is_transposed(network, name) else each for name, each in found.items()}


@pytest.mark.integration
@pytest.mark.parametrize("name", CASES_TO_RUN)
def test_networks_predict_what_the_model_predicts_and_give_its_weights_back(torch, name, tmp_path):
    case = make_export_case(name)
    script, networks = make_script(case, tmp_path)
    assert_same_predictions(script.predict_scores(networks, list_rows(case)), case.expected, case.plan)
    assert_same_logits(script, lambda network, x: network.eval()(torch.from_numpy(x)).detach().numpy(), networks, case)
    script.to_mlptrain(networks if len(networks) > 1 else networks[0], tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as back:
        there = list_weights(case.model)
        assert there.keys() == back.keys()
        for key, array in there.items():
            assert array.dtype == back[key].dtype
            np.testing.assert_array_equal(array, back[key])


@pytest.mark.integration
@pytest.mark.parametrize("name", FEW_CASES)
def test_loss_gradient_and_running_statistics_are_those_of_the_engine(torch, name, tmp_path):
    case = make_export_case(name)
    script, networks = make_script(case, tmp_path)
    for number, (fitted, network) in enumerate(zip(copy_model(case.model).networks, networks, strict=True), 1):
        x = script.encode_rows(list_rows(case), number)
        truth, given = draw_targets(case.model, len(x))
        targets = script.encode_targets(given, number)
        np.testing.assert_allclose(targets, fitted.head.loss_targets(truth, x.dtype), rtol=1e-6, atol=1e-6)
        loss, gradients = measure_gradient(fitted, x, targets)
        network.train()
        stop_dropout(network)
        found = script.compute_loss(network(torch.from_numpy(x)), torch.from_numpy(targets), number)
        found.backward()
        factor = fitted.network.gradient_scale
        assert found.item() == pytest.approx(loss * factor, rel=1e-5, abs=1e-5)
        theirs = collect_gradients(script, network, number)
        assert theirs.keys() == gradients.keys()
        size = max(np.abs(each).max() for each in gradients.values())
        for key, gradient in gradients.items():
            np.testing.assert_allclose(theirs[key], gradient, atol=2e-5 * size, rtol=1e-4, err_msg=key)
        state = {script.ARCHITECTURES[number - 1].names[key]: each for key, each in network.named_buffers()}
        for key, buffer in fitted.network.buffers.items():
            np.testing.assert_allclose(state[f"buffers.{key}"], buffer, rtol=1e-5, atol=1e-5, err_msg=key)


def stop_dropout(network: Any) -> None:
    """Training without noise."""
    for module in network.modules():
        if "Dropout" in type(module).__name__:
            module.eval()


@pytest.mark.integration
@pytest.mark.parametrize("name", FEW_CASES)
def test_ten_steps_there_predict_the_same_here(torch, name, tmp_path):
    case = make_export_case(name)
    script, networks = make_script(case, tmp_path)
    torch.manual_seed(0)
    for number, network in enumerate(networks, 1):
        x = torch.from_numpy(script.encode_rows(list_rows(case), number))
        targets = torch.from_numpy(script.encode_targets(draw_targets(case.model, len(x))[1], number))
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
        network.train()
        for _ in range(10):
            optimizer.zero_grad()
            script.compute_loss(network(x), targets, number).backward()
            optimizer.step()
    there = script.predict_scores(networks, list_rows(case))
    script.to_mlptrain(networks if len(networks) > 1 else networks[0], tmp_path / "weights.npz")
    here = predict_case(read_weights(tmp_path / "weights.npz", case.model), case)
    assert np.abs(here - case.expected).max() > 1e-4
    assert_same_predictions(there, here, case.plan)


@pytest.mark.integration
def test_a_script_is_a_program(torch, tmp_path):
    """It predicts a table; what it cannot read is one sentence with a code of its own."""
    table = {
        "size": [0.5, 1.5, 2.5, 3.5] * 9,
        "sort": ["a", "b", "b", "a"] * 9,
        "label": ["no", "no", "yes", "yes"] * 9,
    }
    model = mlptrain.fit({"data": {"target": "label"}, "training": {"epochs": 1}}, table, progress=False).model
    model.save(tmp_path / "m.npz")
    script = export_file(str(tmp_path / "m.npz"), "pytorch", tmp_path / "m_pytorch.py").path
    (tmp_path / "rows.csv").write_text("sort,size\na,0.5\nb,2.5\nc,\n")
    (tmp_path / "wrong.csv").write_text("sort,size\na,0.5\nb,much\n")
    done = run_process([sys.executable, str(script), str(tmp_path / "rows.csv"), "--probabilities"])
    head, *rows = csv.reader(done.output.decode().splitlines())
    assert head == ["label", "probability_no", "probability_yes"]
    with pytest.warns(UserWarning, match="missing cells filled"):
        expected = model.predict_proba({"sort": ["a", "b", "c"], "size": [0.5, 2.5, None]})
    np.testing.assert_allclose(np.array([row[1:] for row in rows], float), expected, atol=1e-6)
    out = tmp_path / "out.csv"
    done = run_process([sys.executable, str(script), str(tmp_path / "rows.csv"), "--out", str(out)])
    assert (done.exit_code, done.output) == (0, b"")
    assert out.read_text().splitlines() == ["label", *(row[0] for row in rows)]
    done = run_process([sys.executable, str(script), str(tmp_path / "wrong.csv")])
    assert (done.exit_code, done.output) == (3, b"")
    assert done.problems == "error: row 2: column 'size': 'much' is not a number"


@pytest.mark.integration
@pytest.mark.parametrize("name", ["weighted", FEW_CASES[0]])
def test_what_a_script_writes_is_imported(torch, name, tmp_path):
    """Of several networks, too, the model with these weights predicts what the networks there do."""
    case = make_export_case(name)
    script, networks = make_script(case, tmp_path)
    with torch.no_grad():
        for each in (parameter for network in networks for parameter in network.parameters()):
            each.mul_(0.9)
    script.to_mlptrain(networks if len(networks) > 1 else networks[0], tmp_path / "weights.npz")
    import_weights(str(tmp_path / "m.npz"), tmp_path / "weights.npz", tmp_path / "new.npz")
    here = predict_case(Model.load(str(tmp_path / "new.npz")), case)
    assert np.abs(here - case.expected).max() > 1e-4
    assert_same_predictions(script.predict_scores(networks, list_rows(case)), here, case.plan)


@pytest.mark.integration
@pytest.mark.parametrize("name", ["linear", "images"])
def test_many_rows_are_predicted_like_few_and_none_are_none(torch, name, tmp_path):
    case = make_export_case(name)
    script, networks = make_script(case, tmp_path)
    rows, times = list(list_rows(case)), 1 + script.BATCH // len(case.expected)
    many = script.predict_scores(networks, rows * times)
    assert_same_predictions(many, np.tile(case.expected, (times, 1)), case.plan)
    assert script.predict_scores(networks, []).shape == (0, case.expected.shape[1])


@pytest.mark.integration
def test_weights_of_another_model_are_refused(torch, tmp_path):
    case, other = make_export_case("images"), make_export_case("linear")
    script, (network,) = make_script(case, tmp_path)
    other.model.save(tmp_path / "other.npz")
    with pytest.raises(script.WeightsError, match="another model than the one that this script was written for"):
        script.load_weights(network, tmp_path / "other.npz")
    np.savez(tmp_path / "weights.npz", **{"parameters.output.bias": np.zeros(3)})
    with pytest.raises(script.WeightsError, match=r"it has no array 'parameters\."):
        script.load_weights(network, tmp_path / "weights.npz")
