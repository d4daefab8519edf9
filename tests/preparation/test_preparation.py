"""From a spec and its files to rows: what is held out, what is fitted on what, what is refused before training."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from mlptrain.data import cells as cells_file
from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.imputing import Imputing
from mlptrain.data.scaling import MinMaxScaling
from mlptrain.data.targets import ClassTarget, NumberTarget
from mlptrain.engine.losses import BinaryCrossEntropy, CrossEntropy, Hinge, Huber, MeanSquaredError, Poisson
from mlptrain.errors import DataError, SpecError
from mlptrain.model.rows import read_rows
from mlptrain.preparation.material import read_training_data
from mlptrain.preparation.partitions import divide_rows
from mlptrain.spec.fields import Data, Images, ModelSpec, Spec, Split, Training
from tests.support.preparing import prepare

SPEC = Spec(data=Data(train="train.csv", target="y"), model=ModelSpec(dtype="float64"))


@pytest.fixture
def folder(tmp_path):
    """Forty rows: a number of its own in each, a category, two classes, a count, another number."""
    lines = ["a,c,y,n,z"]
    lines += [f"{row}.5,{'rgb'[row % 3]},{'yes' if row % 4 else 'no'},{row % 7},{row * row}" for row in range(40)]
    (tmp_path / "train.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def spec(**parts):
    """The spec with other data (by the names of Data's fields), split, loss or training."""
    rest = {name: parts.pop(name) for name in ("loss", "training", "seed", "model") if name in parts}
    return replace(SPEC, data=replace(SPEC.data, **parts), **rest)


def numbers_of(part, prepared, name="a"):
    """The values of a number column of a part in the file's units: they tell which rows it holds."""
    columns = prepared.features.columns
    start = sum(column.width for column in columns[: [column.name for column in columns].index(name)])
    column = next(column for column in columns if column.name == name)
    return part.x[:, start] * column.scaling.scale + column.scaling.center


def test_every_row_is_in_one_part(folder):
    given = spec(split=Split(validation=0.25, test=0.2))
    prepared = prepare(given, folder)
    parts = [numbers_of(part, prepared) for part in (prepared.train, prepared.validation)]
    assert [len(part) for part in parts] == [22, 10]
    whole = read_rows("train.csv", given.data, folder)
    held = divide_rows(read_training_data(given, folder))[0].test
    parts.append(np.array(whole.table.take(held).texts("a"), float))
    sets = [set(np.round(part, 6)) for part in parts]
    assert not any(one & other for one, other in combinations(sets, 2))
    assert set.union(*sets) == {row + 0.5 for row in range(40)}


def test_classes_keep_their_shares_unless_the_split_is_random(folder):
    prepared = prepare(spec(split=Split(validation=0.2)), folder)
    assert np.bincount(prepared.validation.truth).tolist() == [2, 6]
    shares = {
        tuple(
            np.bincount(prepare(spec(split=Split(validation=0.2, type="random"), seed=seed), folder).validation.truth)
        )
        for seed in range(8)
    }
    assert len(shares) > 1


def test_columns_and_target_are_fitted_on_the_training_rows_alone(folder):
    prepared = prepare(spec(split=Split(validation=0.5), target="z", loss=MeanSquaredError()), folder)
    a = next(column for column in prepared.features.columns if column.name == "a")
    values = numbers_of(prepared.train, prepared)
    assert (a.scaling.center, a.scaling.scale) == pytest.approx((values.mean(), values.std()))
    assert a.scaling.center != pytest.approx(20)
    target = prepared.head.target
    assert (target.center[0], target.scale[0]) == pytest.approx(
        (prepared.train.truth.mean(), prepared.train.truth.std())
    )
    assert prepared.train.targets.mean() == pytest.approx(0, abs=1e-12)


def test_target_and_weight_are_no_inputs(folder):
    prepared = prepare(spec(sample_weight="z", columns={"n": "ignore"}), folder_with_weights(folder))
    assert [column.name for column in prepared.features.columns] == ["a", "c"]
    assert prepared.train.weights.tolist() == [row * row + 1 for row in range(40)]


def folder_with_weights(folder):
    lines = (folder / "train.csv").read_text().splitlines()
    mended = [lines[0], *(f"{line.rpartition(',')[0]},{int(line.rpartition(',')[2]) + 1}" for line in lines[1:])]
    (folder / "train.csv").write_text("\n".join(mended))
    return folder


def test_a_validation_file_is_encoded_as_the_training_file_was(folder):
    (folder / "valid.csv").write_text("y,extra,n,z,c,a\nno,1,2,3,purple,100\n")
    prepared = prepare(spec(split=Split(validation="valid.csv"), scaling=MinMaxScaling()), folder)
    assert prepared.train.rows == 40
    assert prepared.validation.rows == 1
    assert numbers_of(prepared.validation, prepared) == pytest.approx([100])
    category = next(column for column in prepared.features.columns if isinstance(column, CategoryColumn))
    assert category.levels == ("b", "g", "r")
    assert prepared.validation.x[0, 1:5].tolist() == [0, 0, 0, 1]


# the loss that suits the target


@pytest.mark.parametrize(
    ("target", "loss", "kind"),
    [
        ("y", BinaryCrossEntropy(), ClassTarget),
        ("c", CrossEntropy(), ClassTarget),
        ("z", MeanSquaredError(), NumberTarget),
        (("z", "n"), MeanSquaredError(), NumberTarget),
    ],
)
def test_the_loss_follows_from_the_target(folder, target, loss, kind):
    prepared = prepare(spec(target=target), folder)
    assert prepared.head.loss == prepared.spec.loss == loss
    assert isinstance(prepared.head.target, kind)


def test_a_loss_of_classes_makes_classes_of_numbers(folder):
    prepared = prepare(spec(target="n", loss=CrossEntropy()), folder)
    assert prepared.head.target.classes == ("0", "1", "2", "3", "4", "5", "6")


@pytest.mark.parametrize("few", [10, 1000])
@pytest.mark.parametrize(("target", "classes"), [("n", 7), ("z", 40), ("c", 3)])
def test_a_loss_of_classes_takes_whole_numbers_for_classes_however_they_were_kept(
    folder, monkeypatch, few, target, classes
):
    monkeypatch.setattr(cells_file, "FEWEST", few)
    monkeypatch.setattr(cells_file, "FEW_IN_ALL", 0)
    assert len(prepare(spec(target=target, loss=CrossEntropy()), folder).head.target.classes) == classes


@pytest.mark.parametrize("few", [10, 1000])
def test_a_loss_of_classes_refuses_numbers_with_fractions_however_they_were_kept(folder, monkeypatch, few):
    monkeypatch.setattr(cells_file, "FEWEST", few)
    monkeypatch.setattr(cells_file, "FEW_IN_ALL", 0)
    with pytest.raises(SpecError, match="target 'a' has many different numbers"):
        prepare(spec(target="a", loss=CrossEntropy()), folder)


def test_counts_are_not_scaled_for_the_poisson_loss(folder):
    prepared = prepare(spec(target="n", loss=Poisson()), folder)
    assert (prepared.head.target.center, prepared.head.target.scale) == ((0.0,), (1.0,))
    unscaled = prepare(spec(target="z", scale_target=False), folder)
    assert (unscaled.head.target.center, unscaled.head.target.scale) == ((0.0,), (1.0,))


WATCHED = {"y": ["accuracy", "balanced_accuracy", "f1", "auc", "log_loss", "mcc"], "z": ["rmse", "mae", "r2"]}


@pytest.mark.parametrize("target", WATCHED)
@pytest.mark.parametrize("metric", ["loss", *WATCHED["y"], *WATCHED["z"]])
def test_only_a_metric_that_suits_the_target_can_be_watched(folder, target, metric):
    given = spec(target=target, split=Split(validation=0.2), training=Training(monitor=metric))
    if metric in ("loss", *WATCHED[target]):
        assert prepare(given, folder)
        return
    needed, found = ("numbers", "classes") if target == "y" else ("classes", "numbers")
    with pytest.raises(
        SpecError, match=f"^training.monitor: {metric} is a metric of {needed}; the target has {found}$"
    ):
        prepare(given, folder)


@pytest.mark.parametrize("loss", [Hinge(), MeanSquaredError()])
def test_log_loss_cannot_be_watched_where_there_are_no_probabilities(folder, loss):
    given = spec(split=Split(validation=0.2), training=Training(monitor="log_loss"), loss=loss)
    with pytest.raises(SpecError, match=f"log_loss needs probabilities; the {loss.name} loss gives scores"):
        prepare(given, folder)


# what is refused


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ({"target": "nope"}, DataError, r"train.csv:1: column 'nope' is missing"),
        ({"columns": {"A": "ignore"}}, DataError, r"column 'A' is missing; did you mean 'a'"),
        ({"sample_weight": "w"}, DataError, r"column 'w' is missing"),
        ({"sample_weight": "c"}, DataError, r"train.csv:2: column \"c\": 'r' is not a number"),
        ({"target": ("z", "n"), "loss": CrossEntropy()}, SpecError, "cross_entropy needs one target column, not 2"),
        (
            {"target": "c", "loss": BinaryCrossEntropy()},
            SpecError,
            "needs two classes, the target has 3; use cross_entropy",
        ),
        ({"target": "z", "training": Training(class_weight="balanced")}, SpecError, "there are no classes"),
        (
            {"target": "z", "split": Split(validation=0.2, type="stratify")},
            SpecError,
            "stratify needs a target of classes",
        ),
        ({"split": Split(validation=0.001)}, SpecError, "0.001 of 40 rows is no row at all"),
        ({"split": Split(test=0.001)}, SpecError, "data.split.test: 0.001 of 40 rows is no row at all"),
        ({"split": Split(validation=0.99)}, SpecError, "no row of 40 is left for training"),
        ({"columns": dict.fromkeys("acnz", "ignore")}, DataError, "no column is left to learn from"),
        ({"columns": {"c": "number"}}, DataError, r"train.csv:2: column \"c\": 'r' is not a number"),
        ({"train": "empty.csv"}, DataError, "empty.csv: there are no rows, only names"),
        ({"split": Split(validation="empty.csv")}, DataError, "empty.csv: there are no rows to validate on"),
        (
            {"split": Split(validation="other.csv")},
            DataError,
            r"other.csv:3: column \"y\": the class 'maybe' does not occur",
        ),
        ({"target": "m", "train": "gaps.csv"}, DataError, r"gaps.csv:3: column \"m\": the target is missing in 2 rows"),
        ({"target": "k", "train": "gaps.csv"}, DataError, r"column \"k\": the target is constant"),
        ({"target": "k", "train": "gaps.csv", "loss": CrossEntropy()}, DataError, "there is one class only, '1'"),
        (
            {"target": "v", "train": "gaps.csv", "loss": Poisson()},
            DataError,
            "the poisson loss counts from 0, -1 is less",
        ),
        ({"target": "c", "loss": Huber(), "columns": {"c": "number"}}, DataError, "'r' is not a number"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_its_place(folder, parts, error, message):
    (folder / "empty.csv").write_text("a,c,y,n,z\n")
    (folder / "other.csv").write_text("a,c,y,n,z\n1,r,yes,1,1\n1,r,maybe,1,1\n")
    (folder / "gaps.csv").write_text("a,m,k,v\n1,2,1,3\n2,,1,-1\n3,,1,2\n4,5,1,1\n")
    with pytest.raises(error, match=message):
        prepare(spec(**parts), folder)


DROPPED = {"imputing": Imputing(strategy="drop_row"), "columns": {"n": "ignore", "z": "ignore"}}


def with_gaps(folder, lacking):
    """The forty rows without the cell `a` of some."""
    header, *lines = (folder / "train.csv").read_text().splitlines()
    cut = ["," + line.partition(",")[2] if lacking(row) else line for row, line in enumerate(lines)]
    (folder / "train.csv").write_text("\n".join([header, *cut]) + "\n")
    return folder


def test_a_class_all_of_whose_rows_lack_a_cell_is_refused(folder):
    with pytest.raises(
        DataError, match=r"train.csv: every training row of the class 'no' lacks a cell .*; fill the gaps"
    ):
        prepare(spec(**DROPPED), with_gaps(folder, lambda row: row % 4 == 0))


@pytest.mark.parametrize("held", [True, False])
def test_a_part_all_of_whose_rows_lack_a_cell_is_refused(folder, held):
    given = spec(**DROPPED, split=Split(validation=0.25, type="time", column="z"))
    part = "validation" if held else "training"
    with pytest.raises(DataError, match=f"train.csv: every {part} row lacks a cell"):
        prepare(given, with_gaps(folder, lambda row: (row >= 30) == held))


@pytest.mark.parametrize("weight", ["-1", "9e-16", "1.1e15", "NaN", "1e-300"])
def test_weights_are_numbers_whose_products_and_sums_are_numbers_too(folder, weight):
    lines = (folder / "train.csv").read_text().splitlines()
    (folder / "train.csv").write_text(
        "\n".join(
            [f"{lines[0]},w", *(f"{line},{1 + k % 2}.5" for k, line in enumerate(lines[1:-1])), f"{lines[-1]},{weight}"]
        )
        + "\n"
    )
    with pytest.raises(
        DataError, match=r'train.csv:41: column "w": .*(is not a weight; weights are numbers from 1e-15|missing)'
    ):
        prepare(spec(sample_weight="w"), folder)


@pytest.mark.parametrize("weight", [9e-16, 1.1e15, 1e-300])
def test_class_weights_have_the_same_bounds(folder, weight):
    with pytest.raises(SpecError, match=r"training.class_weight: 'no': weights are from 1e-15 to 1e\+15"):
        prepare(spec(training=Training(class_weight={"yes": 1.0, "no": weight})), folder)


@pytest.mark.parametrize(
    ("target", "monitor", "answers", "why"),
    [
        ("y", "auc", ["yes", "yes"], "rows of one class only"),
        ("c", "auc", ["r", "g"], "a class without rows"),
        ("z", "r2", ["7", "7"], "the target is constant"),
    ],
)
def test_a_metric_that_the_validation_rows_give_no_value_cannot_be_watched(folder, target, monitor, answers, why):
    rows = [{"a": "1", "c": "r", "y": "yes", "n": "1", "z": "7"} | {target: answer} for answer in answers]
    (folder / "valid.csv").write_text("a,c,y,n,z\n" + "".join(",".join(row.values()) + "\n" for row in rows))
    given = spec(target=target, split=Split(validation="valid.csv"), training=Training(monitor=monitor))
    with pytest.raises(
        SpecError, match=f"training.monitor: {monitor} has no value on the validation rows: {why}; hold out"
    ):
        prepare(given, folder)
    assert prepare(replace(given, training=Training()), folder).validation.rows == 2


def test_images_need_labels(tmp_path):
    (tmp_path / "images").write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 9]))
    with pytest.raises(SpecError, match="images: these images have no labels; name their file"):
        prepare(replace(SPEC, data=Data(train=Images(images="images"))), tmp_path)
