"""What a fit learns from, is validated on and never sees: groups, times, parts by a column, rows that are dropped."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlptrain.commands.evaluate import evaluate_files
from mlptrain.errors import DataError, EnvironmentFailure, SpecError
from mlptrain.model.model import Model
from mlptrain.preparation import preparation
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from tests.support.flows import csv_text, drawn, fit, fit_mixed, mixed_rows, predict, read_csv, write_mixed
from tests.support.preparing import prepare, read_data, read_spec

ROWS = mixed_rows()


def written(folder, rows, **data):
    """A spec on rows; the path of the spec."""
    return write_mixed(folder, rows, data=data)


def material_of(spec):
    return read_data(spec)


def with_column(name, cells):
    return [row | {name: cell} for row, cell in zip(ROWS, cells, strict=True)]


# groups, times, a column of parts


@pytest.mark.parametrize("test", [{}, {"test": 0.2}])
def test_every_repeat_draws_whole_groups_anew_and_the_test_rows_stay(tmp_path, test):
    groups = np.array([k % 13 for k in range(60)])
    split = {"validation": 0.3, "type": "group", "column": "g", "repeats": 4} | test
    spec = written(tmp_path, with_column("g", [f"g{each}" for each in groups]), split=split)
    drawn = list(divide_rows(material_of(spec)))
    for parts in drawn:
        names = [{*groups[rows].tolist()} for rows in (parts.train, parts.validation, parts.test)]
        assert sum(map(len, names)) == len(set.union(*names)) == 13
        assert len(parts.train) > len(parts.validation) > 0
        assert parts.test.tolist() == drawn[0].test.tolist()
    assert len({tuple(parts.validation.tolist()) for parts in drawn}) == 4


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_in_two_parts(tmp_path, seed):
    group = [f"house {k % 13}" for k in range(60)]
    spec = written(
        tmp_path,
        with_column("house", group),
        split={"type": "group", "column": "house", "validation": 0.2, "test": 0.2},
    )
    result = fit(str(spec), out=tmp_path / "m.npz", overrides=[f"seed={seed}"])
    material = read_data(spec, [f"seed={seed}"])
    (parts,) = divide_rows(material)
    groups = [{group[row] for row in part} for part in (parts.train, parts.validation, parts.test)]
    assert all(groups)
    assert sum(map(len, groups)) == len(set.union(*groups)) == 13
    assert evaluate_files(result.model).rows == len(parts.test)


TIMES = {
    "numbers": lambda k: str(k * 17 % 60),
    "dates": lambda k: f"2021-{k * 17 % 60 // 28 + 1:02d}-{k * 17 % 60 % 28 + 1:02d}",
}


@pytest.mark.parametrize("time", TIMES.values(), ids=TIMES)
def test_validation_is_later_than_training_and_the_test_part_is_the_latest(tmp_path, time):
    spec = written(
        tmp_path,
        with_column("when", [time(k) for k in range(60)]),
        split={"type": "time", "column": "when", "validation": 0.25, "test": 0.25},
    )
    (parts,) = divide_rows(material_of(spec))
    when = np.array([k * 17 % 60 for k in range(60)])
    assert sorted(when[parts.train]) == list(range(30))
    assert sorted(when[parts.validation]) == list(range(30, 45))
    assert sorted(when[parts.test]) == list(range(45, 60))


def test_a_missing_time_is_an_error_at_its_line(tmp_path):
    rows = with_column("when", ["" if k == 4 else str(k) for k in range(60)])
    spec = written(tmp_path, rows, split={"type": "time", "column": "when", "validation": 0.2})
    with pytest.raises(DataError, match=r'mixed.csv:6: column "when": the time is missing'):
        fit(str(spec), out=tmp_path / "m.npz")


PARTS = ["train", "Training", "val", "test ", "DEV", "train"] * 10


def test_a_column_says_which_part_a_row_is_in(tmp_path):
    spec = written(tmp_path, with_column("part", PARTS), split={"type": "column", "column": "part"})
    prepared = prepare(read_spec(spec), tmp_path)
    assert (prepared.train.rows, prepared.validation.rows) == (30, 20)
    result = fit(str(spec), out=tmp_path / "m.npz")
    (tmp_path / "test.csv").write_text(csv_text(ROWS[3::6]))
    assert evaluate_files(result.model) == evaluate_files(result.model, str(tmp_path / "test.csv"))


def test_a_word_that_is_no_part_is_an_error_at_its_line(tmp_path):
    rows = with_column("part", [*PARTS[:7], "tset", *PARTS[8:]])
    spec = written(tmp_path, rows, split={"type": "column", "column": "part"})
    with pytest.raises(DataError, match=r'mixed.csv:9: column "part": \'tset\' is not a part; write train, validation'):
        fit(str(spec), out=tmp_path / "m.npz")


def test_a_column_of_parts_without_training_or_test_rows_is_refused_where_they_are_needed(tmp_path):
    none = written(
        tmp_path / "a", with_column("part", ["test", "val"] * 30), split={"type": "column", "column": "part"}
    )
    with pytest.raises(DataError, match=r'column "part": no row says train'):
        fit(str(none), out=tmp_path / "m.npz")
    spec = written(
        tmp_path / "b", with_column("part", ["train", "val"] * 30), split={"type": "column", "column": "part"}
    )
    with pytest.raises(DataError, match=r'column "part": no row says test; give DATA'):
        evaluate_files(fit(str(spec), out=tmp_path / "m.npz").model)


@pytest.mark.parametrize("kind", [None, "category"])
def test_the_column_of_the_split_is_a_feature_only_if_it_is_given_a_type(tmp_path, kind):
    rows = with_column("house", [f"h{k % 7}" for k in range(60)])
    columns = dict.fromkeys(("id", "price", "count"), "ignore") | ({"house": kind} if kind else {})
    spec = written(tmp_path, rows, split={"type": "group", "column": "house", "validation": 0.2}, columns=columns)
    model = Model.load(tmp_path / "m.npz") if fit(str(spec), out=tmp_path / "m.npz") else None
    assert ("house" in model.columns()) == (kind is not None)


@pytest.mark.parametrize("split", [{"test": 0.3, "validation": 0.2}, {"test": 0.3, "type": "random"}])
def test_nothing_of_the_test_rows_but_their_kinds_and_classes_reaches_the_model(tmp_path, split):
    """Other numbers in the test rows, in features and target, give the same parameters and statistics."""
    spec = written(tmp_path / "a", ROWS, split=split, target="price")
    (parts,) = divide_rows(material_of(spec))
    rows = [row | ({"size": "0.5", "price": "99.9"} if k in parts.test else {}) for k, row in enumerate(ROWS)]
    other = written(tmp_path / "b", rows, split=split, target="price")
    models = []
    for path in (spec, other):
        fit(str(path), out=path.with_suffix(".npz"))
        (member,) = Model.load(path.with_suffix(".npz")).networks
        models.append((member.features, member.head, member.network.parameters.theta.tobytes()))
    assert models[0] == models[1]
    assert evaluate_files(str(spec.with_suffix(".npz"))) != evaluate_files(str(other.with_suffix(".npz")))


# rows that are dropped


def test_rows_without_a_target_are_an_error_or_dropped_with_a_notice(tmp_path):
    rows = [dict(row, label="") if k in (2, 30) else row for k, row in enumerate(ROWS)]
    spec = written(tmp_path, rows)
    with pytest.raises(DataError, match=r"the target is missing in 2 rows .*data.missing_target: drop"):
        fit(str(spec), out=tmp_path / "m.npz")
    notices = []
    dropped = fit(
        str(spec), out=tmp_path / "dropped.npz", overrides=["data.missing_target=drop"], notice=notices.append
    )
    assert notices[-1] == "2 rows without a target left out (data.missing_target: drop)"
    less = fit_mixed_on(tmp_path / "less", [row for k, row in enumerate(rows) if k not in (2, 30)])
    assert dropped.metrics == less.metrics


def fit_mixed_on(folder, rows, **data):
    return fit(str(written(folder, rows, **data)), out=folder / "m.npz")


def test_drop_row_leaves_incomplete_rows_out_of_training_and_validation_but_not_out_of_test_and_predictions(tmp_path):
    complete = np.array([bool(row["size"]) for row in ROWS])
    assert not complete.all()
    asked = {"imputing": {"strategy": "drop_row"}, "split": {"validation": 0.25, "test": 0.25}}
    result = fit_mixed_on(tmp_path, ROWS, **asked)
    material = material_of(tmp_path / "mixed.yaml")
    parts = divide_rows(material)[0]
    prepared = fit_and_encode_parts(material, parts)
    assert prepared.train.rows == complete[parts.train].sum() < len(parts.train)
    assert prepared.validation.rows == complete[parts.validation].sum()
    left_out = len(parts.train) + len(parts.validation) - prepared.train.rows - prepared.validation.rows
    assert f"{left_out} rows with missing cells left out (data.imputing: drop_row)" in prepared.notices
    assert evaluate_files(result.model).rows == len(parts.test)
    assert len(predict(result.model, str(tmp_path / "mixed.csv"))["label"]) == 60
    assert evaluate_files(result.model, str(tmp_path / "mixed.csv")).rows == 60


def test_incomplete_rows_of_a_validation_file_are_dropped_too(tmp_path):
    (tmp_path / "valid.csv").write_text(csv_text(ROWS))
    fit_mixed_on(tmp_path, ROWS, imputing={"strategy": "drop_row"}, split={"validation": "valid.csv"})
    material = material_of(tmp_path / "mixed.yaml")
    validation = fit_and_encode_parts(material, divide_rows(material)[0]).validation
    assert validation.rows == sum(bool(row["size"]) for row in ROWS)


def test_a_training_file_that_has_changed_gives_no_test_rows(tmp_path):
    result = fit_mixed_on(tmp_path, ROWS, split={"test": 0.2})
    assert evaluate_files(result.model).rows == 12
    changes = (ROWS[1:], ROWS[::-1], [*ROWS[:-1], dict(ROWS[-1], size="77.5")])
    for changed in changes:
        (tmp_path / "mixed.csv").write_text(csv_text(changed))
        with pytest.raises(DataError, match="it has changed since the model was trained"):
            evaluate_files(result.model)
    (tmp_path / "mixed.csv").write_text(csv_text(ROWS).replace("\n", "\r\n"))
    assert evaluate_files(result.model).rows == 12


def test_a_group_that_is_missing_is_named(tmp_path):
    write_mixed(tmp_path, data={"split": {"validation": 0.25, "type": "group", "column": "size"}})
    with pytest.raises(DataError, match="the group is missing"):
        divide_rows(material_of(tmp_path / "mixed.yaml"))


# the target in logarithms, several targets


@pytest.mark.parametrize("transform", ["log", "log1p"])
def test_with_logarithms_metrics_and_predictions_are_in_the_users_units(tmp_path, transform):
    rows = [dict(row, price=str(10 ** (float(row["size"] or 5) / 3))) for row in ROWS]
    result = fit_mixed_on(tmp_path, rows, target="price", target_transform=transform)
    predicted = np.array(predict(result.model, str(tmp_path / "mixed.csv"))["price"], float)
    truth = np.array([float(row["price"]) for row in rows])
    assert (predicted > (0 if transform == "log" else -1)).all()
    assert result.metrics["train"]["rmse"] == pytest.approx(np.sqrt(np.mean((predicted - truth) ** 2)), rel=1e-4)
    assert result.metrics["train"]["mae"] == pytest.approx(np.abs(predicted - truth).mean(), rel=1e-4)
    target = Model.load(tmp_path / "m.npz").head.target
    inner = np.log(truth) if transform == "log" else np.log1p(truth)
    assert (target.center[0], target.scale[0]) == pytest.approx((inner.mean(), inner.std()))
    learned = np.log(predicted) if transform == "log" else np.log1p(predicted)
    assert np.sqrt(np.mean((learned - inner) ** 2)) < 0.8 * inner.std()


def test_what_has_no_logarithm_is_refused(tmp_path):
    rows = [dict(row, price="0") if k == 7 else row for k, row in enumerate(ROWS)]
    with pytest.raises(DataError, match=r'csv:5: column "price": -0.6 has no logarithm \(data.target_transform: log\)'):
        fit_mixed_on(tmp_path, rows, target="price", target_transform="log")
    with pytest.raises(
        SpecError, match=r"data.target_transform: the target has classes; only numbers have a logarithm"
    ):
        fit_mixed_on(tmp_path, ROWS, target_transform="log")


def test_metrics_of_several_targets_are_the_means_of_each_ones(tmp_path):
    result = fit_mixed_on(tmp_path, ROWS, target=["price", "count"])
    predicted = predict(result.model, str(tmp_path / "mixed.csv"))
    rows = read_csv((tmp_path / "mixed.csv").read_text())
    errors = [np.array(predicted[name], float) - [float(row[name]) for row in rows] for name in ("price", "count")]
    expected = np.mean([np.sqrt(np.mean(error**2)) for error in errors])
    assert result.metrics["train"]["rmse"] == pytest.approx(expected, rel=1e-4)


# memory


def test_a_matrix_that_does_not_fit_is_refused_before_it_is_made_and_nothing_is_written(tmp_path, monkeypatch):
    spec = write_mixed(tmp_path, data={"memory": "memory"})
    monkeypatch.setattr(preparation, "measure_available_memory", lambda: 60 * 7 * 4 - 1)
    with pytest.raises(
        EnvironmentFailure, match=r"60 rows of 7 inputs need .* GiB are free; column 'colour' alone has 4"
    ):
        fit(str(spec), out=tmp_path / "m.npz")
    assert {path.name for path in tmp_path.iterdir()} == {"mixed.csv", "mixed.yaml"}


@pytest.mark.parametrize("free", [60 * 7 * 4, None])
def test_a_matrix_that_fits_is_made(tmp_path, monkeypatch, free):
    monkeypatch.setattr(preparation, "measure_available_memory", lambda: free)
    assert fit_mixed(tmp_path).epochs == 12


# parts do not look at features


@settings(drawn, max_examples=100)
@given(
    st.floats(0.01, 100).map(lambda factor: round(factor, 3)),
    st.integers(-1000, 1000),
    st.integers(0, 2**32),
    st.sampled_from([{"validation": 0.2}, {"validation": 0.3, "test": 0.2, "type": "random"}, {"folds": 4}]),
)
def test_scaling_and_shifting_a_feature_leaves_every_row_in_its_part(tmp_path_factory, factor, shift, seed, split):
    moved = [row | {"size": row["size"] and str(factor * float(row["size"]) + shift)} for row in ROWS]
    parts = []
    for rows in (ROWS, moved):
        spec = write_mixed(tmp_path_factory.getbasetemp(), rows, data={"split": split}, seed=seed)
        parts.append([(part.train, part.validation, part.test) for part in divide_rows(material_of(spec))])
    np.testing.assert_equal(parts[0], parts[1])


@pytest.mark.parametrize("seed", range(5))
def test_each_repeat_keeps_the_shares_of_the_classes(tmp_path, seed):
    spec = write_mixed(tmp_path, data={"split": {"validation": 0.25, "repeats": 3}}, seed=seed)
    labels = np.array([row["label"] for row in ROWS])
    for part in divide_rows(material_of(spec)):
        for label in np.unique(labels):
            assert abs((labels[part.validation] == label).sum() - 0.25 * (labels == label).sum()) < 1


NO_ROWS = {
    "classes of one row": (
        [{"x": str(k), "y": f"class {k}"} for k in range(5)],
        {"validation": 0.2},
        "data.split.validation: 0.2 of 5 rows is no row: every class has one row, which goes to training; "
        "add rows, or set data.split.validation: 0",
    ),
    "two groups for three parts": (
        [{"x": str(k % 7), "g": "ab"[k % 2], "y": "no" if k % 3 else "yes"} for k in range(12)],
        {"validation": 0.3, "test": 0.3, "type": "group", "column": "g"},
        "data.split.test: 0.3 of 12 rows is no group: there are too few groups; divide the rows by another column",
    ),
    "a share of nothing": (
        [{"x": str(k % 7), "y": "no" if k % 3 else "yes"} for k in range(12)],
        {"validation": 0.01},
        "data.split.validation: 0.01 of 12 rows is no row at all; take a larger share, or set data.split.validation: 0",
    ),
}


@pytest.mark.parametrize(("rows", "split", "said"), NO_ROWS.values(), ids=NO_ROWS)
def test_it_is_said_why_a_part_has_no_rows(tmp_path, rows, split, said):
    spec = write_mixed(tmp_path, rows, data={"target": "y", "columns": {}, "split": split})
    with pytest.raises(SpecError) as problem:
        divide_rows(material_of(spec))
    assert str(problem.value) == said


def test_the_first_row_without_a_group_is_named(tmp_path):
    rows = [
        {"x": str(k % 7), "g": "" if k in (4, 6) else "abc"[k % 3], "y": "no" if k % 3 else "yes"} for k in range(12)
    ]
    split = {"validation": 0.3, "type": "group", "column": "g"}
    spec = write_mixed(tmp_path, rows, data={"target": "y", "columns": {}, "split": split})
    with pytest.raises(DataError, match=r"mixed.csv:6: column \"g\": the group is missing"):
        divide_rows(material_of(spec))
