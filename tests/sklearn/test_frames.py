"""The estimators on data frames: the same model from every library, and that of the command on the same rows."""

import numpy as np
import pytest
import yaml
from sklearn.compose import make_column_transformer
from sklearn.inspection import permutation_importance
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mlptrain
from mlptrain.errors import DataError
from mlptrain.model.prediction_notices import OddCellsNotice
from mlptrain.sklearn import MLPTrainClassifier, MLPTrainRegressor
from tests.support.estimators import make_quick
from tests.support.flows import fit
from tests.support.in_memory import KINDS, TARGETS, drop_gaps, make_columns, write_table

pytestmark = pytest.mark.integration
pandas = pytest.importorskip("pandas", reason="needs pandas: pip install -e '.[integration]'")
polars = pytest.importorskip("polars", reason="needs polars: pip install -e '.[integration]'")
pyarrow = pytest.importorskip("pyarrow", reason="needs PyArrow: pip install -e '.[integration]'")

COLUMNS = make_columns(120)
INPUTS = {name: COLUMNS[name] for name in KINDS}
WHOLE = {name: drop_gaps(COLUMNS)[name] for name in KINDS}
LABELS = COLUMNS["label"]


def make_frames(columns):
    """The columns as frames of every library."""
    plain, arrow = pandas.DataFrame(columns), pyarrow.table(columns)
    return {
        "pandas": plain,
        "pandas nullable": plain.convert_dtypes(),
        "pandas categorical": plain.assign(colour=plain["colour"].astype("category")),
        "pandas on arrow": arrow.to_pandas(types_mapper=pandas.ArrowDtype),
        "polars": polars.DataFrame(columns),
        "polars enum": polars.DataFrame(columns).with_columns(
            polars.col("colour").cast(polars.Enum(["blue", "green", "red"]))
        ),
        "pyarrow": arrow,
        "pyarrow batch": arrow.combine_chunks().to_batches()[0],
    }


FORMS = list(make_frames(INPUTS))


@pytest.fixture(scope="module")
def fitted():
    return make_quick().fit(pandas.DataFrame(INPUTS), LABELS)


@pytest.mark.parametrize("form", FORMS)
def test_the_frame_of_every_library_gives_the_same_model(form, fitted):
    frame = make_frames(INPUTS)[form]
    made = make_quick().fit(frame, LABELS)
    assert list(made.model_.columns()) == list(KINDS)
    assert made.model_.to_bytes() == fitted.model_.to_bytes()
    whole = make_frames(WHOLE)
    np.testing.assert_array_equal(made.predict_proba(whole[form]), fitted.predict_proba(whole["pandas"]))


@pytest.mark.parametrize(("target", "make"), [("label", MLPTrainClassifier), ("price", MLPTrainRegressor)])
@pytest.mark.parametrize("weight", [None, "weight"])
def test_the_model_is_that_of_the_command_on_the_same_rows(tmp_path, target, make, weight):
    apart = dict.fromkeys({"weight", *TARGETS} - {target, weight}, "ignore")
    data = {"train": "table.csv", "target": target, "columns": KINDS | {target: make.target_kind} | apart}
    spec = {"recipe": "plain", "data": {**data, "sample_weight": weight}, "seed": 7}
    write_table(tmp_path, COLUMNS)
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
    fit(str(tmp_path / "spec.yaml"), out=tmp_path / "m.npz", overrides=["training.epochs=4"], notice=lambda _: None)
    expected, frame = mlptrain.load(tmp_path / "m.npz"), pandas.DataFrame(WHOLE)
    y = pandas.Series(COLUMNS[target], name=target)
    made = make(epochs=4, random_state=7).fit(pandas.DataFrame(INPUTS), y, weight and COLUMNS[weight])
    predict = "predict_proba" if target == "label" else "predict"
    np.testing.assert_array_equal(getattr(made.model_, predict)(frame), getattr(expected, predict)(frame))
    assert made.result_ == expected.result


def test_a_level_that_training_did_not_see_is_a_warning(fitted):
    frame = pandas.DataFrame(WHOLE)
    frame.loc[3, "colour"] = "violet"
    with pytest.warns(OddCellsNotice, match="did not see: colour 1"):
        assert len(fitted.predict(frame)) == len(frame)


@pytest.mark.parametrize("form", FORMS)
def test_infinity_is_refused(form):
    fitted = make_quick().fit(make_frames(INPUTS)[form], LABELS)
    frame = make_frames(WHOLE | {"size": [np.inf, *WHOLE["size"][1:]]})[form]
    labels = (LABELS * 2)[: len(WHOLE["size"])]
    for use in (lambda: fitted.predict(frame), lambda: make_quick().fit(frame, labels)):
        with pytest.raises(DataError, match="data row 1: column \"size\": 'inf'"):
            use()


@pytest.mark.parametrize("form", FORMS)
def test_columns_are_those_of_training_in_their_order(form):
    made = make_quick().fit(make_frames(INPUTS)[form], LABELS)
    more = WHOLE | {"more": WHOLE["size"]}
    for names in ([*KINDS][::-1], ["size", "colour"], list(more)):
        with pytest.raises(ValueError, match=r"feature names should match|features, but"):
            made.predict(make_frames({name: more[name] for name in names})[form])


def test_frames_without_rows_are_refused(fitted):
    with pytest.raises(DataError, match="LazyFrame has no rows yet"):
        fitted.predict(polars.DataFrame(WHOLE).lazy())
    with pytest.raises(DataError, match=r"Found array with 0 sample\(s\)"):
        fitted.predict(pandas.DataFrame(WHOLE)[:0])


def test_names_that_are_no_texts_are_places():
    frame = pandas.DataFrame(np.random.default_rng(0).normal(size=(60, 3)))
    made = make_quick(batch_size=16).fit(frame, [0, 1] * 30)
    assert not hasattr(made, "feature_names_in_")
    assert list(made.model_.columns()) == ["x0", "x1", "x2"]


def test_numbers_may_be_declared_categories():
    for categories in (["pieces"], [1]):
        made = make_quick(categories=categories).fit(pandas.DataFrame(INPUTS), LABELS)
        assert made.model_.columns()["pieces"].kind == "category"
        assert made.predict(pandas.DataFrame(WHOLE)).shape == (len(WHOLE["size"]),)


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (lambda: pandas.Series(LABELS, dtype="category"), ["cheap", "dear"]),
        (lambda: pandas.Series(LABELS, dtype="string"), ["cheap", "dear"]),
        (lambda: polars.Series(LABELS, dtype=polars.Categorical), ["cheap", "dear"]),
        (lambda: pyarrow.array(LABELS), ["cheap", "dear"]),
        (lambda: pandas.Series([k % 3 for k in range(120)], dtype="Int64"), [0, 1, 2]),
        (lambda: pandas.Series([k % 3 == 0 for k in range(120)], dtype="boolean"), [False, True]),
        (lambda: polars.Series([k % 3 == 0 for k in range(120)]), [False, True]),
    ],
)
def test_labels_of_every_library_are_their_values(y, classes):
    made = make_quick().fit(pandas.DataFrame(INPUTS), y())
    assert made.classes_.tolist() == classes
    assert set(made.predict(pandas.DataFrame(WHOLE)).tolist()) <= set(classes)
    assert set(made.model_.head.classes) == set(map(str, classes))


@pytest.mark.parametrize("kind", [pandas.Series, polars.Series])
def test_a_missing_label_is_refused(kind):
    with pytest.raises(ValueError, match=r"NaN|several types"):
        make_quick().fit(pandas.DataFrame(INPUTS), kind([None, *LABELS[1:]]))


def test_targets_have_their_names():
    frame, both = pandas.DataFrame(INPUTS), pandas.DataFrame({name: COLUMNS[name] for name in ("price", "height")})
    for y, names in ((both, ("price", "height")), (both["price"].rename("size"), ("size_",))):
        assert MLPTrainRegressor(hidden=(8,), epochs=3).fit(frame, y).model_.head.names == names


@pytest.mark.filterwarnings("ignore::mlptrain.model.model.OddCellsNotice")
def test_validation_rows_may_be_a_frame():
    labels, metrics, plain = np.array(LABELS), [], pandas.DataFrame(INPUTS)
    for held in (plain, *(make_frames(INPUTS)[form] for form in ("pandas categorical", "pandas on arrow"))):
        made = make_quick(batch_size=16).fit(plain[:80], labels[:80], X_val=held[80:], y_val=labels[80:])
        metrics.append(made.result_["metrics"])
    for form in ("pandas", "pandas categorical", "pandas nullable", "polars", "pyarrow"):
        frame = make_frames(INPUTS)[form]
        made = make_quick(batch_size=16).fit(frame[:80], labels[:80], X_val=frame[80:], y_val=labels[80:])
        metrics.append(made.result_["metrics"])
    assert metrics == metrics[:1] * len(metrics)


@pytest.mark.filterwarnings("ignore::mlptrain.notices.Notice")
def test_frames_pass_through_pipelines_and_searches():
    frame = pandas.DataFrame(INPUTS)
    scaled = make_column_transformer((StandardScaler(), ["size", "pieces"]), remainder="passthrough")
    whole = make_pipeline(scaled.set_output(transform="pandas"), make_quick(epochs=10))
    assert cross_val_score(whole, frame, LABELS, cv=3).mean() > 0.6
    importance = permutation_importance(make_quick(epochs=20).fit(frame, LABELS), frame, LABELS, random_state=0)
    assert importance.importances_mean.shape == (5,)
