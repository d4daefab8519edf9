"""The interface of Python: one fit from every form of a spec and of rows; files if wished; a stop loses nothing."""

import io
import json
import pickle
import signal
import subprocess
import sys
import threading
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import yaml
from threadpoolctl import threadpool_info

import mlptrain
from mlptrain.errors import DataError, Diverged, Interrupted, ModelFileError, SpecError
from mlptrain.model.history import EpochEnded
from mlptrain.model.model import Model
from mlptrain.training.events import EventSink, Finished, FitFinished, FitStarted, Started, StepsDone
from tests import threads_from_python
from tests.support.flows import ROOT
from tests.support.in_memory import drop_gaps, make_columns, make_records, make_spec, name_file, write_table

COLUMNS = make_columns()
WHOLE = drop_gaps(COLUMNS)
SPEC = make_spec()


@pytest.fixture(scope="module")
def expected():
    """The bytes of the model that every form of spec and rows gives."""
    return mlptrain.fit(SPEC, COLUMNS).model.to_bytes()


# what is offered


def test_what_is_offered_is_listed_and_nothing_else_is_there():
    names = ["Fit", "Model", "TensorBoardSink", "__version__", "errors", "fit", "load"]
    assert dir(mlptrain) == sorted(mlptrain.__all__) == names
    assert mlptrain.__version__ == version("mlptrain")
    assert mlptrain.errors.SpecError is SpecError
    assert mlptrain.Model is Model
    assert isinstance(mlptrain.fit(SPEC, COLUMNS), mlptrain.Fit)
    for gone in ("train", "evaluate", "predict", "load_model"):
        with pytest.raises(AttributeError, match=f"module 'mlptrain' has no attribute '{gone}'"):
            getattr(mlptrain, gone)


HEAVY = ("numpy", "yaml", "narwhals", "pandas", "polars", "pyarrow", "numba", "rich", "typer", "tensorboard", "sklearn")
SLOW = ("typing", "re", "dataclasses", "collections", "functools", "pathlib")
"""Of the standard library, what takes longer to load than all that `import mlptrain` does."""


def test_nothing_heavy_is_loaded_before_it_is_used():
    code = (
        f"import sys, mlptrain; dir(mlptrain), mlptrain.__version__, mlptrain.errors; heavy = {HEAVY}\n"
        "assert not set(heavy) & set(sys.modules), set(heavy) & set(sys.modules)\n"
        "mlptrain.load; assert 'numpy' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_package_alone_loads_next_to_nothing():
    code = (
        "import sys; before = set(sys.modules); import mlptrain\n"
        f"assert not (set(sys.modules) - before) & {set(HEAVY) | set(SLOW)!r}, set(sys.modules) - before"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_a_fit_on_columns_needs_no_library_of_frames():
    code = (
        "import sys, mlptrain\n"
        "table = {'x': [0.0, 1.0, 2.0, 3.0], 'y': [1.0, 3.0, 5.0, 7.0]}\n"
        "spec = {'data': {'target': 'y'}, 'training': {'epochs': 1, 'batch_size': 4}}\n"
        "mlptrain.fit(spec, table).model.predict(table)\n"
        "assert not {'narwhals', 'pandas', 'polars', 'pyarrow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# forms of a spec


def write_spec(folder, spec):
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(spec, sort_keys=False))
    return path


def resolve(spec):
    return mlptrain.fit(spec, COLUMNS).model.spec


FORMS_OF_SPEC = {
    "path": write_spec,
    "text of a path": lambda folder, spec: str(write_spec(folder, spec)),
    "YAML": lambda folder, spec: yaml.safe_dump(spec, sort_keys=False),
    "YAML in one line": lambda folder, spec: json.dumps(spec),
    "plain values": lambda folder, spec: json.loads(json.dumps(spec)),
    "NumPy's values": lambda folder, spec: (
        spec
        | {"seed": np.int64(3), "training": {"epochs": np.uint8(5), "batch_size": np.array(16)}}
        | {"optimizer": {"name": np.str_("adam"), "learning_rate": np.float64(0.02)}}
        | {"model": {"hidden": np.array([6]), "activation": "tanh"}}
    ),
    "tuples": lambda folder, spec: spec | {"model": {"hidden": (6,), "activation": "tanh"}},
    "a range": lambda folder, spec: spec | {"model": {"hidden": range(6, 7), "activation": "tanh"}},
    "a resolved spec": lambda folder, spec: resolve(spec),
}


@pytest.mark.parametrize("form", FORMS_OF_SPEC)
def test_every_form_of_a_spec_gives_the_same_model(tmp_path, expected, form):
    assert mlptrain.fit(FORMS_OF_SPEC[form](tmp_path, SPEC), COLUMNS).model.to_bytes() == expected


@pytest.mark.parametrize(
    "overrides",
    [
        {"training.epochs": 2, "model.hidden": [4, 3], "training.shuffle": False},
        {"training": {"epochs": 2, "batch_size": 16, "shuffle": np.bool_(False)}, "model.hidden": np.array([4, 3])},
        ["training.epochs=2", "model.hidden=[4, 3]", "training.shuffle=false"],
        ("training.epochs=2", "model.hidden=[4, 3]", "training.shuffle=false"),
    ],
)
def test_every_form_of_overrides_gives_the_same_model(overrides):
    whole = make_spec(
        model={"hidden": [4, 3], "activation": "tanh"}, training={"epochs": 2, "batch_size": 16, "shuffle": False}
    )
    found, expected = mlptrain.fit(SPEC, COLUMNS, overrides=overrides), mlptrain.fit(whole, COLUMNS)
    assert found.model.to_bytes() == expected.model.to_bytes()
    assert found.epochs == 2


def test_one_override_may_stand_alone():
    assert mlptrain.fit(SPEC, COLUMNS, overrides="training.epochs=2").epochs == 2


def test_the_given_spec_and_rows_stay_as_they_are():
    spec, columns = make_spec(), make_columns()
    mlptrain.fit(spec, columns, overrides={"training.epochs": 1, "model.hidden": [2]})
    assert (spec, columns) == (make_spec(), make_columns())


# forms of rows


def structured():
    kinds = {"size": float, "pieces": int, "weight": float, "price": float, "height": float}
    types = [(name, kinds.get(name, object)) for name in COLUMNS]
    return np.array([tuple(row.values()) for row in make_records(COLUMNS)], dtype=types)


FORMS_OF_ROWS = {
    "columns in another order": lambda: {"label": COLUMNS["label"], **COLUMNS},
    "records": lambda: make_records(COLUMNS),
    "a tuple of records": lambda: tuple(make_records(COLUMNS)),
    "structured array": structured,
    "arrays": lambda: {name: np.array(cells, object) for name, cells in COLUMNS.items()},
    "iterators": lambda: {name: iter(cells) for name, cells in COLUMNS.items()},
}


@pytest.mark.parametrize("form", FORMS_OF_ROWS)
def test_every_form_of_rows_gives_the_same_model(form):
    """The order of the columns is that of the weights: it is part of the rows."""
    rows = FORMS_OF_ROWS[form]()
    columns = {name: COLUMNS[name] for name in rows} if isinstance(rows, dict) else COLUMNS
    assert mlptrain.fit(SPEC, rows).model.to_bytes() == mlptrain.fit(SPEC, columns).model.to_bytes()


# what a fit says


def test_a_fit_says_how_it_went():
    fit = mlptrain.fit(make_spec(data={"split": {"validation": 0.25}}), COLUMNS)
    assert (fit.epochs, fit.best_epoch) == (5, fit.outcome.best_epoch)
    assert set(fit.metrics) == {"train", "validation"}
    assert fit.metrics == fit.model.result["metrics"]
    losses = fit.history["validation_loss"]
    assert fit.history == fit.model.history
    assert fit.history["epoch"] == [1, 2, 3, 4, 5]
    assert losses.index(min(losses)) + 1 == fit.best_epoch
    assert fit.metrics["validation"]["loss"] == pytest.approx(min(losses), rel=1e-6)


def test_a_fit_shows_itself_in_a_line_for_each_part():
    fit = mlptrain.fit(make_spec(data={"split": {"folds": 2}}), COLUMNS)
    first, *parts = repr(fit).splitlines()
    best = ", ".join(str(fold.best_epoch) for fold in fit.outcome.folds)
    assert first == f"Fit: 2 networks, {fit.model.parameters} parameters, epoch {best} of 5"
    assert [part.split(":")[0].strip() for part in parts][:2] == ["train", "validation"]
    accuracy = fit.metrics["validation"]["accuracy"]
    assert f"accuracy {accuracy:.4g}" in parts[1]
    assert "None" not in repr(fit)


def test_a_fit_can_be_pickled():
    fit = mlptrain.fit(SPEC, COLUMNS)
    again = pickle.loads(pickle.dumps(fit))
    assert (again.outcome, again.model.to_bytes()) == (fit.outcome, fit.model.to_bytes())


# sinks


class Lists(EventSink):
    """A sink that knows whether it was opened and closed."""

    def __init__(self):
        self.events, self.opened, self.closed = [], 0, 0

    def __enter__(self):
        self.opened += 1
        return super().__enter__()

    def __call__(self, event):
        self.events.append(event)

    def close(self):
        self.closed += 1


@pytest.mark.parametrize("data", [COLUMNS, None], ids=["memory", "files"])
def test_sinks_see_every_event_and_change_nothing(tmp_path, monkeypatch, expected, data, capsys):
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path, COLUMNS)
    events, sink = [], Lists()
    fit = mlptrain.fit(name_file(SPEC), data, sinks=[events.append, sink, "lines"])
    assert [type(event) for event in events if not isinstance(event, StepsDone)] == [
        *(FitStarted, Started, *[EpochEnded] * 5, Finished, FitFinished)
    ]
    assert sink.events == events
    assert (sink.opened, sink.closed) == (1, 1)
    assert capsys.readouterr().err.startswith("60 training rows")
    assert fit.epochs == 5


def test_one_sink_may_stand_alone(capsys):
    events = []
    mlptrain.fit(SPEC, COLUMNS, sinks=events.append)
    assert isinstance(events[-1], FitFinished)
    mlptrain.fit(SPEC, COLUMNS, sinks="lines")
    assert "60 training rows" in capsys.readouterr().err


SHOW_CURSOR = "\x1b[?25h"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "options", "pictures", "lines"),
    [
        (io.StringIO, {}, 0, 0),
        (io.StringIO, {"progress": False}, 0, 0),
        (io.StringIO, {"progress": True}, 0, 1),
        (io.StringIO, {"progress": True, "sinks": [lambda event: None]}, 0, 1),
        (Terminal, {}, 1, 0),
        (Terminal, {"progress": True}, 1, 0),
        (Terminal, {"progress": False}, 0, 0),
        (Terminal, {"sinks": "lines"}, 0, 1),
        (Terminal, {"sinks": "lines", "progress": False}, 0, 1),
    ],
)
def test_a_run_is_shown_where_somebody_looks_on_or_asks_for_it(monkeypatch, stream, options, pictures, lines):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    monkeypatch.setattr(sys, "stderr", told := stream())
    mlptrain.fit(SPEC, COLUMNS, **options)
    assert told.getvalue().count(SHOW_CURSOR) == pictures
    assert told.getvalue().count("done: 5 epochs") == max(pictures, lines)


def test_in_the_cell_of_a_notebook_a_program_writes_lines(monkeypatch):
    monkeypatch.setenv("JPY_PARENT_PID", "12")
    monkeypatch.setattr(sys, "stderr", told := Terminal())
    mlptrain.fit(name_file(SPEC), COLUMNS)
    assert told.getvalue().startswith("60 training rows")
    assert "\x1b" not in told.getvalue()


def test_a_run_is_named_by_the_file_of_its_spec(tmp_path, capsys):
    path = write_spec(tmp_path, SPEC)
    mlptrain.fit(path, COLUMNS, progress=True)
    assert capsys.readouterr().err.startswith(f"{path}: 60 training rows")


def test_what_a_sink_raises_ends_the_fit_and_closes_all_sinks():
    sink = Lists()
    with pytest.raises(ZeroDivisionError):
        mlptrain.fit(SPEC, COLUMNS, sinks=[sink, lambda event: 1 / 0])
    assert (sink.opened, sink.closed) == (1, 1)


# wrong arguments


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"out": 3}, "out: 3 is no path; give a text or a pathlib.Path"),
        ({"out": ""}, "out: '' is no path"),
        ({"threads": 0}, "threads: 0 is no whole number from 1 on"),
        ({"threads": "2"}, "threads: '2' is no whole number from 1 on"),
        ({"unfinished": "resumed"}, "unfinished: 'resumed' is not one of refuse, resume, restart, finish"),
        ({"unfinished": None}, "unfinished: None is not one of refuse"),
        ({"unfinished": "resume"}, "unfinished='resume': a fit in memory leaves no checkpoint; give out, too"),
        ({"sinks": [3]}, "sinks: 3 is no sink; give a function, or one of console, lines, notebook, history"),
        ({"sinks": 3}, "sinks: 3 is no list of sinks; leave it out for none"),
        ({"sinks": ["table"]}, "there is no sink 'table'; the sinks are console, lines, notebook, history"),
        ({"progress": "lines"}, "progress: 'lines' is not True, False or None"),
        ({"progress": 1}, "progress: 1 is not True, False or None"),
        ({"overrides": None}, "overrides: None is no dict of keys; leave it out for none"),
        ({"overrides": {3: 4}}, "overrides: 3 is no text; give a dict of keys, or texts such as 'seed=1'"),
        ({"overrides": [("seed", 1)]}, r"overrides: \('seed', 1\) is no text"),
        ({"overrides": {"training.epoch": 1}}, "overrides: training.epoch: unknown key 'epoch'; did you mean 'epochs'"),
        ({"overrides": ["seed"]}, "--set seed: write KEY=VALUE"),
        ({"spec": None}, "spec: a value of type NoneType is no spec; give a path, a dict or YAML text"),
        ({"spec": b"seed: 1"}, "spec: a value of type bytes is no spec"),
        ({"spec": "nope.yaml"}, "nope.yaml: no such file"),
        ({"spec": {}}, "spec: data: 'target' is missing"),
        ({"spec": {"seed": 10**5000}}, "spec: seed: 'inf': write a whole number"),
        ({"spec": {"data": {"train": {"images": "i", "labels": "l"}}}}, r"data: the spec names images \(data.train\)"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_one_sentence(options, said):
    with pytest.raises(SpecError, match=f"^{said}"):
        mlptrain.fit(options.pop("spec", SPEC), COLUMNS, **options)


def test_what_is_wrong_with_a_spec_or_with_rows_is_a_value_error():
    for spec, rows in ((make_spec(seed="x"), COLUMNS), (SPEC, {"label": ["a", "b"]})):
        with pytest.raises(ValueError, match=r"seed: 'x'|data"):
            mlptrain.fit(spec, rows)
    assert (SpecError.exit_code, DataError.exit_code) == (2, 3)


def test_one_thread_is_one_thread_however_wide_the_network_is():
    wide = make_spec(model={"hidden": [600, 600]}, training={"epochs": 1, "batch_size": 60})
    seen = []

    def look(event):
        if isinstance(event, StepsDone | EpochEnded):
            seen.append({each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"})

    before = threadpool_info()
    mlptrain.fit(wide, COLUMNS, threads=1, sinks=[look])
    assert seen
    assert all(threads == {1} for threads in seen)
    assert threadpool_info() == before


def test_the_script_about_threads_sees_the_same(capsys):
    assert threads_from_python.main() == 0
    assert "in the steps [1]" in capsys.readouterr().out


def test_without_rows_the_spec_must_name_them():
    with pytest.raises(SpecError, match=r"^spec: data.train: 'train' is missing$"):
        mlptrain.fit(SPEC)


def test_all_problems_of_a_spec_are_listed_at_once():
    spec = SPEC | {"data": {"target": "label", "trian": 1}, "model": {"hiden": [1], "activation": "relo"}, "seed": "x"}
    with pytest.raises(SpecError) as error:
        mlptrain.fit(spec, COLUMNS, overrides={"training.epochs": -1})
    keys = [said.split(": ")[1] for said in error.value.problems]
    assert keys == ["training.epochs", "data.trian", "model.hiden", "model.activation", "seed"]
    assert all(said.startswith(("spec: ", "overrides: ")) for said in error.value.problems)


# files


def test_without_out_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for overrides in ({}, {"data.split.folds": 2}, {"data.split.validation": 0.25, "training.refit": True}):
        mlptrain.fit(SPEC, COLUMNS, overrides=overrides)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("form", [str, Path])
def test_with_out_the_model_is_also_written(tmp_path, form):
    out = tmp_path / "m.npz"
    fit = mlptrain.fit(SPEC, COLUMNS, out=form(out))
    assert out.read_bytes() == fit.model.to_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["m.npz"]
    mlptrain.fit(SPEC, COLUMNS, out=out, overrides={"seed": 4})
    assert (tmp_path / "m.previous.npz").read_bytes() == fit.model.to_bytes()
    assert mlptrain.load(form(out)).to_bytes() == out.read_bytes() != fit.model.to_bytes()


def test_a_file_that_is_no_model_is_not_replaced(tmp_path):
    other = tmp_path / "rows.csv"
    other.write_text("a,b\n")
    model = mlptrain.fit(SPEC, COLUMNS).model
    for write in (lambda: mlptrain.fit(SPEC, COLUMNS, out=other), lambda: model.save(other)):
        with pytest.raises(SpecError, match="exists and is not a model of mlptrain"):
            write()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("rows.csv", "a,b\n")]
    with pytest.raises(ModelFileError, match=r"rows\.csv: not a model of mlptrain: this is a table"):
        mlptrain.load(other)


@pytest.mark.parametrize("path", [None, 3, b"m.npz", "", object()])
def test_what_is_no_path_is_one_sentence(path):
    model = mlptrain.fit(SPEC, COLUMNS, overrides={"training.epochs": 1}).model
    for call in (mlptrain.load, Model.load, model.save):
        with pytest.raises(SpecError, match=r"^path: .* is no path"):
            call(path)


def test_a_divergence_has_the_row_of_the_rows_in_memory():
    table = {"x": [1.0, 2.0, 3.0, 4.0] * 16, "y": [1.0, 2.0] * 32}
    table["x"][5] = 1e30
    spec = {"data": {"target": "y", "scaling": "none", "columns": {"x": "number", "y": "number"}}}
    with pytest.warns(match="interquartile"), pytest.raises(Diverged, match=r'data row 6: column "x", \'1e\+30\''):
        mlptrain.fit(spec, table)


def test_no_rows_are_an_error():
    for rows, said in (({name: [] for name in COLUMNS}, "data: there are no rows"), ([], "data: there are no rows")):
        with pytest.raises(DataError, match=f"^{said}"):
            mlptrain.fit(SPEC, rows)


# Ctrl-C


def interrupt_after(epochs, number=signal.SIGINT):
    """A sink that presses Ctrl-C when so many epochs have ended."""

    def press(event):
        is_due = event.epoch == epochs if isinstance(event, EpochEnded) else isinstance(event, Started) and not epochs
        if is_due:
            signal.raise_signal(number)

    return press


@pytest.fixture
def handler():
    """A handler of the user's own, which must be there again afterwards."""
    pressed = []

    def hear(number, frame):
        pressed.append(number)

    before = signal.signal(signal.SIGINT, hear)
    yield pressed
    assert signal.getsignal(signal.SIGINT) is hear
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_leaves_the_model_so_far_on_the_error(handler):
    with pytest.raises(Interrupted, match=r"^stopped after epoch 2; the error's `model` is the best so far$") as error:
        mlptrain.fit(SPEC, COLUMNS, sinks=[interrupt_after(2)])
    model = error.value.model
    assert model.result["reason"] == "interrupted"
    short = mlptrain.fit(SPEC, COLUMNS, overrides={"training.epochs": 2}).model
    np.testing.assert_array_equal(model.predict_proba(WHOLE), short.predict_proba(WHOLE))
    assert pickle.loads(pickle.dumps(model)).history == model.history == short.history
    assert not handler


def test_before_the_first_epoch_has_ended_there_is_no_model(handler):
    with pytest.raises(Interrupted) as error:
        mlptrain.fit(SPEC, COLUMNS, sinks=[lambda event: signal.raise_signal(signal.SIGINT)])
    assert error.value.model is None
    assert not handler


def test_of_folds_those_that_are_done_are_the_model(handler):
    folds = make_spec(data={"split": {"folds": 3}})
    seen = []

    def press(event):
        seen.append(event)
        if isinstance(event, EpochEnded) and sum(isinstance(each, EpochEnded) for each in seen) == 12:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted) as error:
        mlptrain.fit(folds, COLUMNS, sinks=[press])
    assert len(error.value.model.networks) == 3
    assert error.value.model.predict(WHOLE).shape == (len(WHOLE["size"]),)


def test_with_out_ctrl_c_leaves_a_checkpoint_and_the_fit_can_go_on(tmp_path, handler):
    whole = mlptrain.fit(SPEC, COLUMNS, out=tmp_path / "whole.npz").model.to_bytes()
    out = tmp_path / "m.npz"
    with pytest.raises(
        Interrupted, match=r"^stopped after epoch 2, batch 1 of the next; all is kept in .*m\.npz\.ckpt"
    ) as error:
        mlptrain.fit(SPEC, COLUMNS, out=out, sinks=[interrupt_after(2)])
    assert error.value.model is None
    assert not out.exists()
    with pytest.raises(SpecError, match=r"m\.npz\.ckpt: an unfinished fit is here \(after epoch 2"):
        mlptrain.fit(SPEC, COLUMNS, out=out)
    events = []
    with pytest.warns(UserWarning, match="going on from"):
        fit = mlptrain.fit(SPEC, COLUMNS, out=out, unfinished="resume", sinks=[events.append])
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == [3, 4, 5]
    assert fit.model.to_bytes() == out.read_bytes() == whole
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.npz", "whole.npz"]


@pytest.mark.parametrize(("unfinished", "epochs"), [("restart", 5), ("finish", 2)])
def test_an_unfinished_fit_can_be_forgotten_or_finished(tmp_path, handler, unfinished, epochs):
    out = tmp_path / "m.npz"
    with pytest.raises(Interrupted):
        mlptrain.fit(SPEC, COLUMNS, out=out, sinks=[interrupt_after(2)])
    if unfinished == "finish":
        with pytest.warns(UserWarning, match="going on from"):
            fit = mlptrain.fit(SPEC, COLUMNS, out=out, unfinished=unfinished)
    else:
        fit = mlptrain.fit(SPEC, COLUMNS, out=out, unfinished=unfinished)
    assert fit.epochs == epochs
    assert [path.name for path in tmp_path.iterdir()] == ["m.npz"]


def test_rows_that_have_changed_are_not_gone_on_with(tmp_path, handler):
    out = tmp_path / "m.npz"
    with pytest.raises(Interrupted):
        mlptrain.fit(SPEC, COLUMNS, out=out, sinks=[interrupt_after(2)])
    with pytest.raises(DataError, match="the data has changed"):
        mlptrain.fit(SPEC, COLUMNS | {"pieces": COLUMNS["pieces"][::-1]}, out=out, unfinished="resume")


@pytest.mark.parametrize("end", [None, ZeroDivisionError, DataError])
def test_the_users_handler_is_there_again_however_a_fit_ends(handler, end):
    during = []

    def look(event):
        during.append(signal.getsignal(signal.SIGINT))
        if end is ZeroDivisionError:
            raise end

    if end is None:
        mlptrain.fit(SPEC, COLUMNS, sinks=[look])
    else:
        with pytest.raises(end):
            mlptrain.fit(SPEC, {"label": ["a", "b"]} if end is DataError else COLUMNS, sinks=[look])
    assert signal.getsignal(signal.SIGINT) not in during


@pytest.mark.skipif(not hasattr(signal, "SIGTERM"), reason="a signal of POSIX")
def test_no_other_signal_is_touched():
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))}
    during = []

    def look(event):
        during.append({number: signal.getsignal(number) for number in kept})

    mlptrain.fit(SPEC, COLUMNS, sinks=[look])
    assert all(found == kept for found in during)


def test_a_fit_in_another_thread_works_and_leaves_the_signals_alone(expected, handler):
    found, during = [], []

    def work():
        sink = lambda event: during.append(signal.getsignal(signal.SIGINT))  # noqa: E731
        found.append(mlptrain.fit(SPEC, COLUMNS, sinks=[sink]).model.to_bytes())

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected, expected]
    assert set(during) == {signal.getsignal(signal.SIGINT)}
