"""Rows as they are given to the estimators: orders of columns, targets and splits beside validation rows, masks."""

from io import StringIO
from itertools import permutations

import numpy as np
import pytest

import mlptrain
from mlptrain.errors import DataError, SpecError
from mlptrain.sklearn import MLPTrainClassifier, MLPTrainRegressor
from mlptrain.spec.fields import Split
from tests.support.estimators import NUMBERS, TARGET, X, Y, make_quick

SMALL = {"hidden": (4,), "epochs": 2, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore:training.batch_size.. .* is more than the", "ignore:columns not used")


def make_regressor(**parameters):
    return MLPTrainRegressor(**(SMALL | parameters))


# the order of columns


@pytest.mark.parametrize("order", list(permutations(["u", "v", "id", "t"])))
def test_an_array_is_in_the_order_of_the_table_whatever_the_spec_declares_first(tmp_path, order):
    kinds = {"u": "number", "v": "number", "id": "ignore", "t": "number"}
    table = {"u": NUMBERS[:, 2], "id": np.arange(len(TARGET)), "v": NUMBERS[:, 3], "t": TARGET}
    spec = {"data": {"target": "t", "columns": {name: kinds[name] for name in order if name != "id"}}}
    model = mlptrain.fit(spec | {"training": {"epochs": 2}}, table, out=tmp_path / "m.npz").model
    loaded = MLPTrainRegressor.load(tmp_path / "m.npz")
    assert loaded.feature_names_in_.tolist() == list(model.columns()) == ["u", "v"]
    with pytest.warns(UserWarning, match="valid feature names"):
        np.testing.assert_array_equal(loaded.predict(NUMBERS[:, [2, 3]]), model.predict(table))


@pytest.mark.parametrize("place", range(3))
def test_columns_that_an_estimator_left_out_are_of_its_inputs_after_a_load(tmp_path, place):
    inputs = np.insert(NUMBERS[:, 2:5], place, 1.0, axis=1)  # a constant, which no model uses
    nested = {"data": {"columns": {f"x{(place + 1) % 4}": "ignore"}}}
    fitted = make_regressor(spec=nested).fit(inputs, TARGET)
    fitted.save(tmp_path / "m.npz")
    loaded = MLPTrainRegressor.load(tmp_path / "m.npz")
    assert loaded.input_names_ == fitted.input_names_
    np.testing.assert_array_equal(loaded.predict(inputs), fitted.predict(inputs))


@pytest.mark.parametrize("kind", [MLPTrainClassifier, MLPTrainRegressor])
@pytest.mark.parametrize("labels", [True, False])
def test_a_model_of_images_is_said_to_be_one(tmp_path, kind, labels, monkeypatch):
    (make_quick().fit(X, Y) if labels else make_regressor().fit(NUMBERS, TARGET)).save(tmp_path / "m.npz")
    monkeypatch.setattr("mlptrain.model.model.Model.reads_images", True)
    with pytest.raises(
        SpecError, match=r"this model reads images, and the estimators tables; open it by mlptrain.load"
    ):
        kind.load(tmp_path / "m.npz")


# targets for validation

BOTH = np.column_stack([TARGET, -TARGET])


@pytest.mark.integration
@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_targets_for_validation_have_the_names_of_those_for_training(library):
    frames = pytest.importorskip(library, reason=f"needs {library}: pip install -e '.[integration]'")

    def make(*names):
        columns = {name: BOTH[:, k] for k, name in enumerate(names)}
        return frames.table(columns) if library == "pyarrow" else frames.DataFrame(columns)

    fit = make_regressor().fit
    for other in ("ba", "ac"):
        with pytest.raises(DataError, match=f"y_val has the columns {', '.join(other)}, y has a, b; give those of y"):
            fit(NUMBERS, make(*"ab"), X_val=NUMBERS, y_val=make(*other))
    expected = make_regressor().fit(NUMBERS, make(*"ab"), X_val=NUMBERS, y_val=BOTH)  # without names, by place
    same = fit(NUMBERS, make(*"ab"), X_val=NUMBERS, y_val=make(*"ab"))
    assert same.model_.to_bytes() == expected.model_.to_bytes()


@pytest.mark.parametrize(
    ("y", "held", "said"),
    [
        (BOTH, TARGET, "y_val has 1 column, y has 2"),
        (BOTH, BOTH[:, [0, 1, 0]], "y_val has 3 columns, y has 2"),
        (TARGET, BOTH, "y_val has 2 columns, y has 1"),
    ],
)
def test_targets_for_validation_are_as_many_as_those_for_training(y, held, said):
    with pytest.raises(DataError, match=said):
        make_regressor().fit(NUMBERS, y, X_val=NUMBERS, y_val=held)


# a split beside validation rows

SPLITS = {
    "validation": 0.2,
    "test": 0.2,
    "type": "random",
    "column": "x0",
    "folds": 3,
    "repeats": 2,
}


def test_every_key_of_a_split_is_tried():
    assert SPLITS.keys() == Split.__dataclass_fields__.keys()


@pytest.mark.parametrize("key", [*SPLITS, "k_fold"])
def test_a_split_beside_validation_rows_is_refused(key):
    nested = {"data": {"split": {key: SPLITS.get(key, 3)}}}
    with pytest.raises(SpecError, match=f"^spec: data.split.{key}: X_val has the validation rows; leave one of them"):
        make_quick(spec=nested).fit(X, Y, X_val=X, y_val=Y)
    with pytest.raises(SpecError, match=r"^spec: data.split: X_val has the validation rows; leave one of them out$"):
        make_quick(spec={"data": {"split": 0.2}}).fit(X, Y, X_val=X, y_val=Y)


def test_a_split_that_holds_nothing_out_may_stay_beside_validation_rows():
    nothing = {"data": {"split": {"validation": 0.0, "test": 0, "type": "auto", "column": None, "folds": None}}}
    fitted = make_quick(spec=nothing).fit(X, Y, X_val=X, y_val=Y)
    assert fitted.model_.to_bytes() == make_quick().fit(X, Y, X_val=X, y_val=Y).model_.to_bytes()


# masks


@pytest.mark.filterwarnings("ignore::mlptrain.notices.Notice")
@pytest.mark.parametrize("under", [1e6, np.inf, np.nan, 0.0])
def test_a_masked_cell_is_missing(under):
    mask = np.random.default_rng(0).random(X.shape) < 0.2
    masked, holes = np.ma.array(np.where(mask, under, X), mask=mask), np.where(mask, np.nan, X)
    fitted, expected = make_quick().fit(masked, Y), make_quick().fit(holes, Y)
    assert fitted.model_.to_bytes() == expected.model_.to_bytes()
    np.testing.assert_array_equal(fitted.predict_proba(masked), expected.predict_proba(holes))
    for inputs, held in ((masked, masked), (masked, X), (X, masked)):
        gaps = [holes if each is masked else each for each in (inputs, held)]
        validated = make_quick().fit(inputs, Y, X_val=held, y_val=Y)
        assert validated.model_.to_bytes() == make_quick().fit(gaps[0], Y, X_val=gaps[1], y_val=Y).model_.to_bytes()


@pytest.mark.filterwarnings("ignore::mlptrain.notices.Notice")
@pytest.mark.parametrize("dtype", [int, object, str])
def test_masked_cells_of_any_type_are_those_of_a_fit_on_masked_columns(dtype):
    mask = np.random.default_rng(1).random(X.shape) < 0.2
    masked = np.ma.array(X.astype(int).astype(dtype), mask=mask)
    kinds = dict.fromkeys(["x0", "x1", "x2", "x3"], "category" if dtype is str else "number") | {"y": "category"}
    table = {f"x{k}": masked[:, k] for k in range(4)} | {"y": Y.astype(str).astype(object)}
    spec = {"recipe": "plain", "data": {"target": "y", "columns": kinds}, "seed": 0}
    overrides = {"model.hidden": [8], "training.epochs": 4, "optimizer.learning_rate": 0.05}
    expected = mlptrain.fit(spec, table, overrides=overrides).model
    assert make_quick().fit(masked, Y).model_.to_bytes() == expected.to_bytes()


def test_masked_targets_and_weights_are_refused():
    one = np.arange(150) == 7
    for kind, y in ((MLPTrainClassifier, Y), (MLPTrainRegressor, X[:, 0])):
        gap, fit = np.ma.array(y, mask=one), kind(**SMALL).fit
        with pytest.raises(DataError, match=r"^y: that of row 8 is masked"):
            fit(X, gap)
        with pytest.raises(DataError, match=r"^y_val: that of row 8 is masked"):
            fit(X, y, X_val=X, y_val=gap)
        with pytest.raises(DataError, match=r"^sample_weight: that of row 8 is masked"):
            fit(X, y, np.ma.array(np.ones(150), mask=one))
        fit(X, np.ma.array(y, mask=False))


# half precision


@pytest.mark.integration
def test_the_model_of_a_frame_of_half_precision_is_that_of_its_file():
    pandas = pytest.importorskip("pandas", reason="needs pandas: pip install -e '.[integration]'")
    frame = pandas.DataFrame(X.astype(np.float16) / np.float16(3), columns=list("abcd"))
    read = pandas.read_csv(StringIO(frame.to_csv(index=False)))
    fitted, expected = make_quick().fit(frame, Y), make_quick().fit(read, Y)
    assert fitted.model_.to_bytes() == expected.model_.to_bytes()
    np.testing.assert_array_equal(fitted.predict_proba(frame), expected.predict_proba(read))
