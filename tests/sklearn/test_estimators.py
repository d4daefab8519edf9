"""The estimators of scikit-learn: labels, weights, parameters, what is fitted, copies and files."""

import pickle
import pickletools
import subprocess
import sys
from copy import deepcopy

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError

import mlptrain
from mlptrain.errors import DataError, EnvironmentFailure, SpecError
from mlptrain.model.prediction_notices import OddCellsNotice
from mlptrain.notices import Notice
from mlptrain.sklearn import MLPTrainClassifier, MLPTrainRegressor
from tests.support.command import IRIS
from tests.support.estimators import NAMES, NUMBERS, TARGET, X, Y, make_quick, make_small
from tests.support.flows import ROOT

# labels

LABELS = {
    "whole numbers": [10, 3, 7],
    "negative numbers": [-1, 1],
    "floats": [2.0, 1.0],
    "truth values": [True, False],
    "texts": ["warm", "cold", "hot"],
    "numerals": ["10", "9", "2"],
    "objects": np.array(["b", "a"], object),
    "numerals of one value": ["1", "1.0"],
    "texts that differ by blanks": ["a", "a "],
    "an empty text": ["", "b"],
    "a word for missing among numerals": ["1", "NA", "2"],
    "texts that no file holds": ["a\0", "b"],
}


@pytest.mark.filterwarnings("ignore::mlptrain.notices.Notice")
@pytest.mark.parametrize("name", LABELS)
def test_labels_of_any_type_come_back(name):
    labels = np.asarray(LABELS[name])
    y = labels[Y % len(labels)]
    fitted = MLPTrainClassifier(epochs=20, learning_rate=0.02, random_state=1).fit(X, y)
    assert fitted.classes_.dtype == y.dtype
    assert fitted.classes_.tolist() == np.unique(y).tolist()
    predicted, probabilities = fitted.predict(X), fitted.predict_proba(X)
    assert predicted.dtype == y.dtype
    assert (predicted == y).mean() > 0.9 if len(labels) == 3 else set(predicted) <= set(y)
    np.testing.assert_array_equal(predicted, fitted.classes_[probabilities.argmax(axis=1)])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-14)


@pytest.mark.parametrize("name", ["whole numbers", "truth values", "texts", "numerals"])
def test_the_model_says_the_labels(name):
    y = np.asarray(LABELS[name])[Y % len(LABELS[name])]
    fitted = make_quick().fit(X, y)
    assert set(fitted.model_.head.classes) == set(map(str, fitted.classes_))
    assert fitted.model_.predict(X).astype(str).tolist() == fitted.predict(X).astype(str).tolist()


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["1", "1.0"], "0 for '1', 1 for '1.0'"),
        (["01", "1"], "0 for '01', 1 for '1'"),
        (["a", "a "], "0 for 'a', 1 for 'a '"),
        (["", "b"], "0 for '', 1 for 'b'"),
        ([" ", *"abcdef"], "0 for ' ', 1 for 'a', 2 for 'b', 3 for 'c', 4 for 'd' and 2 more"),
    ],
)
def test_labels_that_texts_do_not_tell_apart_are_noted(labels, said):
    y = np.array(labels)[np.arange(150) % len(labels)]
    with pytest.warns(Notice, match=f"^y: as texts its labels are not told apart: the model's file says {said}$"):
        fitted = make_quick().fit(X, y)
    assert list(fitted.model_.head.classes) == [str(k) for k in range(len(labels))]


def test_labels_of_several_types_are_refused():
    with pytest.raises(DataError, match=r"y: its labels are of several types \(int, str\)"):
        make_quick().fit(X, np.array([1, "a"] * 75, object))


def test_a_column_of_labels_is_one_with_a_warning():
    with pytest.warns(DataConversionWarning):
        make_quick().fit(X, Y[:, None])


# weights


def test_a_row_of_weight_zero_is_left_out():
    weights = np.ones(150)
    weights[::7] = 0
    some = np.where(weights == 0, "never", np.array(NAMES)[Y])
    whole = make_quick().fit(X, some, weights)
    rest = make_quick().fit(X[weights > 0], some[weights > 0], weights[weights > 0])
    assert whole.classes_.tolist() == list(NAMES)
    np.testing.assert_array_equal(whole.predict_proba(X), rest.predict_proba(X))


def test_a_weight_of_a_class_is_that_of_its_rows():
    light = make_quick(class_weight={0: 3, 2: 0.5}).fit(X, Y)
    rows = make_quick().fit(X, Y, np.array([3, 1, 0.5])[Y])
    np.testing.assert_array_equal(light.predict_proba(X), rows.predict_proba(X))
    balanced = make_quick(class_weight="balanced").fit(X[40:], Y[40:])
    rows = make_quick().fit(X[40:], Y[40:], (110 / 3 / np.bincount(Y[40:]))[Y[40:]])
    np.testing.assert_array_equal(balanced.predict_proba(X), rows.predict_proba(X))


def test_a_product_of_weights_that_is_too_large_names_the_class_and_the_row():
    weights = np.where(np.arange(150) == 120, 1e14, np.arange(150) % 2)
    with pytest.raises(
        SpecError, match=r"^class_weight: that of 2 times the sample_weight of row 121 is 1e\+17; weights"
    ):
        make_quick(class_weight={2: 1e3}).fit(X, Y, weights)


@pytest.mark.parametrize("own", ["balanced", {"0": 2.0}])
@pytest.mark.parametrize("given", ["balanced", {0: 2.0}])
def test_weights_of_classes_are_not_said_twice(own, given):
    nested = {"training": {"class_weight": own}}
    with pytest.raises(SpecError, match=r"^spec: training.class_weight: the parameter class_weight says it; leave the"):
        make_quick(class_weight=given, spec=nested).fit(X, Y)
    make_quick(spec=nested).fit(X, Y)
    make_quick(class_weight=given, spec={"training": {"class_weight": None}}).fit(X, Y)


@pytest.mark.filterwarnings("ignore::mlptrain.notices.Notice")
def test_the_cures_for_too_few_rows_work():
    for kind, y in ((MLPTrainClassifier, ["a", "b"]), (MLPTrainRegressor, [0.0, 1.0])):
        small = kind(hidden=(4,), epochs=2, random_state=0)
        with pytest.raises(SpecError, match=r"0\.15 of 2 rows is no row.*; .*, or set data\.split\.validation: 0"):
            small.fit(X[[0, 80]], y)
        small.set_params(validation=0).fit(X[[0, 80]], y)
        clone(small).set_params(validation=None).fit(X[[0, 80] * 10], y * 10)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (np.zeros(150), "sample_weight: every weight is zero"),
        (-np.ones(150), "sample_weight: the weight of row 1 is below zero"),
        ([1] * 149 + [np.nan], "sample_weight: the weight of row 150 is no finite number"),
        (np.ones((150, 2)), r"sample_weight: an array of the shape \(150, 2\)"),
    ],
)
def test_weights_that_are_none_are_refused(weights, said):
    with pytest.raises(DataError, match=said):
        make_quick().fit(X, Y, weights)
    with pytest.raises(NotFittedError):
        make_quick().predict(X)


# numbers


def test_several_numbers_are_predicted_at_once():
    both = np.column_stack([TARGET, -TARGET * 2])
    fitted = make_small()[1].set_params(random_state=0).fit(NUMBERS, both)
    assert fitted.predict(NUMBERS).shape == both.shape
    assert fitted.score(NUMBERS, both) > 0.4
    assert fitted.model_.head.names == ("y0", "y1")


def test_a_cell_without_a_number_is_missing():
    holes = NUMBERS.copy()
    holes[::9, 2] = np.nan
    fitted = make_small()[1].fit(holes, TARGET)
    with pytest.warns(OddCellsNotice):
        assert np.isfinite(fitted.predict(holes)).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_infinity_is_refused_as_no_number_unless_it_means_missing(sign):
    far, holes = NUMBERS.copy(), NUMBERS.copy()
    far[3, 2], holes[3, 2] = sign * np.inf, np.nan
    fitted, text = make_small()[1].fit(NUMBERS, TARGET), str(sign * np.inf)
    for use in (lambda: fitted.predict(far), lambda: clone(fitted).fit(far, TARGET)):
        with pytest.raises(DataError, match=f"data row 4: column \"x2\": '{text}' is not a number; mend it"):
            use()
    known = make_small(spec={"data": {"missing_values": [text]}}, random_state=0)[1].fit(far, TARGET)
    expected = make_small(random_state=0)[1].fit(holes, TARGET)
    with pytest.warns(OddCellsNotice):
        np.testing.assert_array_equal(known.predict(far), expected.predict(holes))


# parameters


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"activation": "relo"}, "activation: model.activation: 'relo' is not known here; did you mean 'relu'"),
        ({"hidden": 0}, "hidden: model.hidden: "),
        ({"spec": {"model": {"hiden": [3]}}}, "spec: model.hiden: unknown key 'hiden'; did you mean 'hidden'"),
        ({"spec": {"seed": 3}}, "spec: seed: the parameter random_state says it"),
        ({"spec": {"data": {"target": "y", "train": "x"}}}, "spec: data.train: X says it.*\nspec: data.target: y says"),
        ({"spec": 3}, "spec: 3 is no dict of keys"),
        ({"recipe": "plan"}, "recipe: 'plan' is not known here; did you mean 'plain'"),
        ({"random_state": -1}, "seed: -1"),
        ({"n_jobs": 0}, "n_jobs: 0 is no number of threads"),
        ({"categories": ["x9"]}, "categories: 'x9' is no column; they are x0, x1, x2, x3"),
        ({"categories": "ab"}, r"^categories: write a list: \['ab'\]$"),
        ({"categories": 0}, r"^categories: write a list: \[0\]$"),
        ({"categories": True}, r"^categories: write a list: \[True\]$"),
        ({"categories": [True]}, "categories: True is no column; they are x0, x1, x2, x3"),
        ({"class_weight": {0: 0}}, "class_weight: that of 0 is 0"),
        ({"class_weight": {0: -1}}, "^class_weight: that of 0 is -1; weights are from 1e-15 to 1e\\+15$"),
        ({"class_weight": {2: np.nan}}, "^class_weight: that of 2 is nan; weights are from"),
        ({"class_weight": {1: np.inf}}, "^class_weight: that of 1 is inf; weights are from"),
        ({"class_weight": {1: 1e300}}, "^class_weight: that of 1 is 1e\\+300; weights are from"),
        ({"class_weight": {0: "a"}}, "^class_weight: that of 0 is 'a'; weights are from"),
        ({"class_weight": {0: True}}, "^class_weight: that of 0 is True; weights are from"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_one_sentence(parameters, said):
    with pytest.raises(SpecError, match=said):
        make_quick(**parameters).fit(X, Y)


def test_parameters_lie_over_the_spec_and_the_spec_over_the_recipe():
    nested = {"model": {"hidden": [3], "dropout": 0.3}, "training": {"early_stopping": {"patience": 2}}}
    made = MLPTrainClassifier(hidden=(5,), epochs=8, early_stopping=7, spec=nested).fit(X, Y).model_.spec
    assert (made.model.hidden, made.model.dropout.rate, made.training.early_stopping.patience) == ((5,), 0.3, 7)
    assert made.optimizer.name == "adamw"  # of the recipe
    assert MLPTrainClassifier(recipe=None, epochs=1).fit(X, Y).model_.spec.optimizer.name == "adam"


@pytest.mark.filterwarnings("ignore:column .x1.. a running number")
def test_settings_of_a_column_keep_its_kind():
    nested = {"data": {"columns": {"x1": {"scaling": "robust"}, "x2": "ignore"}}}
    running = np.column_stack([X[:, 0], np.arange(150), X[:, 2:]])  # which mlptrain.fit would leave out
    columns = make_quick(spec=nested, categories=[3]).fit(running, Y).model_.columns()
    assert {name: column.kind for name, column in columns.items()} == {"x0": "number", "x1": "number", "x3": "category"}


def test_random_states_are_seeds():
    seeds = [make_quick(random_state=state).fit(X, Y).model_.spec.seed for state in (5, np.int64(5))]
    assert seeds == [5, 5]
    for make in (np.random.RandomState, np.random.default_rng):
        drawn = [make_quick(random_state=make(3)).fit(X, Y).model_.spec.seed for _ in range(2)]
        assert drawn[0] == drawn[1]
    np.random.seed(4)
    first = make_quick(random_state=None).fit(X, Y).model_.spec.seed
    np.random.seed(4)
    assert make_quick(random_state=None).fit(X, Y).model_.spec.seed == first


def test_verbose_shows_the_epochs(capsys):
    make_quick(verbose=1).fit(X, Y)
    assert "training rows" in capsys.readouterr().err
    make_quick().fit(X, Y)
    assert capsys.readouterr().err == ""


def test_n_jobs_are_the_threads_of_a_fit(monkeypatch):
    hosts = []

    def keep(draft, rows, folder, sinks, host):
        hosts.append(host)
        return mlptrain.interface.fit_in_memory(draft, rows, folder, sinks, host)

    monkeypatch.setattr("mlptrain.sklearn.fit_in_memory", keep)
    for jobs in (None, 1, 3, -1):
        make_quick(n_jobs=jobs).fit(X, Y)
    assert [host.threads for host in hosts[:3]] == [None, 1, 3]
    assert hosts[3].threads >= 1


# what is fitted


def test_what_a_fit_came_to_is_said():
    fitted = make_quick(epochs=6).fit(X, Y)
    assert fitted.n_iter_ == 6
    assert 1 <= fitted.best_iteration_ <= 6
    assert fitted.result_["metrics"]["validation"].keys() >= {"loss", "accuracy"}
    assert len(fitted.history_["validation_loss"]) == 6
    assert repr(fitted.model_).startswith("Model: y (3 classes) from 4 columns")


def test_the_model_is_that_of_a_fit_on_the_same_columns():
    fitted = make_quick(class_weight=None).fit(X, np.array(NAMES)[Y])
    table = {f"x{k}": X[:, k] for k in range(4)} | {"y": np.array(NAMES, object)[Y]}
    kinds = dict.fromkeys(["x0", "x1", "x2", "x3"], "number") | {"y": "category"}
    spec = {"recipe": "plain", "data": {"target": "y", "columns": kinds}, "seed": 0}
    overrides = {"model.hidden": [8], "training.epochs": 4, "optimizer.learning_rate": 0.05}
    assert mlptrain.fit(spec, table, overrides=overrides).model.to_bytes() == fitted.model_.to_bytes()


def test_validation_rows_may_be_given():
    train, held = slice(0, None, 2), slice(1, None, 2)
    fitted = make_quick().fit(X[train], Y[train], X_val=X[held], y_val=Y[held])
    order = np.argsort(np.arange(150) % 2, kind="stable")
    parts = np.repeat(["train", "validation"], 75).astype(object)
    table = {f"x{k}": X[order, k] for k in range(4)} | {"y": Y[order].astype(str).astype(object), "part": parts}
    spec = {"recipe": "plain", "data": {"target": "y", "split": {"type": "column", "column": "part", "validation": 0}}}
    overrides = {"model.hidden": [8], "training.epochs": 4, "optimizer.learning_rate": 0.05}
    expected = mlptrain.fit(spec, table, overrides=overrides | {"data.columns": {"y": "category"}})
    np.testing.assert_array_equal(fitted.predict(X), expected.model.predict(X))
    assert fitted.result_["metrics"] == expected.metrics
    weighted = make_quick().fit(X[train], Y[train], np.ones(75), X_val=X[held], y_val=Y[held])
    np.testing.assert_allclose(fitted.predict_proba(X), weighted.predict_proba(X), rtol=1e-5)


def test_validation_rows_that_do_not_fit_are_refused():
    with pytest.raises(SpecError, match="X_val and y_val belong together"):
        make_quick().fit(X, Y, X_val=X)
    with pytest.raises(SpecError, match="validation: X_val has the validation rows"):
        make_quick(validation=0.2).fit(X, Y, X_val=X, y_val=Y)
    with pytest.raises(DataError, match="y_val row 3: 9 is no class"):
        make_quick().fit(X, Y, X_val=X[:3], y_val=[0, 1, 9])
    with pytest.raises(ValueError, match="3 features, but MLPTrainClassifier is expecting 4"):
        make_quick().fit(X, Y, X_val=X[:, :3], y_val=Y)


@pytest.mark.filterwarnings("ignore::mlptrain.notices.Notice")
def test_the_strongest_recipe_works():
    fitted = MLPTrainClassifier("best", hidden=(8,), epochs=2, random_state=0).fit(X, Y)
    assert len(fitted.model_.networks) == 5
    assert fitted.score(X, Y) > 0.5


def test_an_interrupt_is_none_of_ours(monkeypatch):
    def press(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("mlptrain.fitting.training.train", press)
    with pytest.raises(KeyboardInterrupt):
        make_quick().fit(X, Y)


def test_a_fit_that_fails_leaves_no_model():
    fitted = make_quick().fit(X, Y)
    with pytest.raises(DataError, match="one class only"):
        fitted.fit(X, np.zeros(150))
    with pytest.raises(NotFittedError):
        fitted.predict(X)


# copies and files

COPIES = {
    "pickle": lambda fitted, folder: pickle.loads(pickle.dumps(fitted)),
    "deepcopy": lambda fitted, folder: deepcopy(fitted),
    "joblib": lambda fitted, folder: joblib.load(joblib.dump(fitted, folder / "m.joblib")[0]),
    "save": lambda fitted, folder: fitted.save(folder / "m.npz") or type(fitted).load(folder / "m.npz"),
}


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_predicts_alike_and_fits_alike(way, tmp_path):
    classifier, regressor = make_quick().fit(X, np.array(NAMES)[Y]), make_small()[1].fit(NUMBERS, TARGET)
    for fitted, inputs in ((classifier, X), (regressor, NUMBERS)):
        copied = COPIES[way](fitted, tmp_path)
        np.testing.assert_array_equal(copied.predict(inputs), fitted.predict(inputs))
        assert copied.result_ == fitted.result_
        assert copied.history_ == fitted.history_
        assert copied.model_.to_bytes() == fitted.model_.to_bytes()
    first, second = (clone(each).set_params(random_state=3).fit(NUMBERS, TARGET) for each in (fitted, copied))
    np.testing.assert_array_equal(first.predict(NUMBERS), second.predict(NUMBERS))


def test_a_pickle_names_no_class_of_ours_but_the_estimator():
    operations = pickletools.genops(pickle.dumps(make_quick().fit(X, Y), protocol=2))
    found = {argument.partition(" ")[0] for opcode, argument, _ in operations if opcode.name == "GLOBAL"}
    assert {module.partition(".")[0] for module in found} <= {"numpy", "sklearn", "mlptrain", "copy_reg", "_codecs"}
    assert {module for module in found if module.startswith("mlptrain")} == {"mlptrain.sklearn"}


def test_the_file_is_the_models_own(tmp_path):
    fitted = make_quick().fit(X, Y)
    fitted.save(tmp_path / "m.npz")
    assert mlptrain.load(tmp_path / "m.npz").to_bytes() == fitted.model_.to_bytes()
    assert MLPTrainClassifier.load(tmp_path / "m.npz").classes_.dtype == Y.dtype
    with pytest.raises(SpecError, match="this model predicts classes; load it by MLPTrainClassifier"):
        MLPTrainRegressor.load(tmp_path / "m.npz")
    make_small()[1].fit(NUMBERS, TARGET).save(tmp_path / "n.npz")
    with pytest.raises(SpecError, match="this model predicts no classes"):
        MLPTrainClassifier.load(tmp_path / "n.npz")


def test_a_model_of_the_command_is_an_estimator(tmp_path):
    spec = {"data": {"train": str(IRIS), "target": "species"}, "training": {"epochs": 3}}
    made = mlptrain.fit(spec, out=tmp_path / "iris.npz")
    fitted = MLPTrainClassifier.load(tmp_path / "iris.npz")
    assert fitted.feature_names_in_.tolist() == list(made.model.columns())
    with pytest.warns(UserWarning, match="valid feature names"):
        assert set(fitted.predict(X)) <= {"setosa", "versicolor", "virginica"}


# what is installed, and what is loaded


def test_without_scikit_learn_the_install_line_is_said():
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from mlptrain.errors import EnvironmentFailure\n"
        "try:\n    import mlptrain.sklearn\n"
        "except EnvironmentFailure as problem:\n    print(problem)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.rstrip().endswith(": pip install 'mlptrain[sklearn]'")
    assert EnvironmentFailure.exit_code == 6
