"""Notices: warnings at the line of the user that called into this package, however deep it is."""

import linecache
import warnings
from functools import partial

import pytest

import mlptrain
from mlptrain.model.prediction_notices import OddCellsNotice
from mlptrain.notices import Notice, count_own_frames, warn_caller
from tests.support.in_memory import make_columns, make_records, make_spec

OURS = {"__name__": "mlptrain.somewhere", "warn_caller": warn_caller, "count_own_frames": count_own_frames}
"""The globals of a module of this package."""


def make_own(source):
    """A function that stands in a module of this package."""
    names = dict(OURS)
    exec(source, names)
    return names["run"]


def catch(call):
    """The warnings of a call, and its line in this file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return caught


def line_of(warning):
    return linecache.getline(warning.filename, warning.lineno).strip()


def test_a_notice_is_a_warning_that_has_a_class_of_its_own():
    with pytest.warns(Notice, match=r"^a word$") as caught:
        warn_caller("a word")
    assert issubclass(caught[0].category, UserWarning)


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_own_frames_are_left_out_however_many_they_are(depth):
    run = make_own("def run(depth):\n    return run(depth - 1) if depth else warn_caller('deep')")
    (warning,) = catch(lambda: run(depth))  # here
    assert warning.filename == __file__
    assert line_of(warning).endswith("# here")


def test_the_frames_of_this_package_are_counted_to_the_first_other_one():
    run = make_own("def run(call):\n    return call()")
    assert count_own_frames() == 0
    assert make_own("def run():\n    return count_own_frames()")() == 1
    assert run(partial(run, count_own_frames)) == 2
    assert run(lambda: run(count_own_frames)) == 1


def test_a_package_of_a_name_that_only_begins_so_is_another_one():
    names = OURS | {"__name__": "mlptrainer"}
    exec("def run():\n    return count_own_frames()", names)
    assert names["run"]() == 0


def test_the_notices_of_a_fit_point_at_the_line_of_the_fit(tmp_path):
    spec = make_spec(training={"epochs": 1, "batch_size": 999})
    for out in (None, tmp_path / "m.npz"):
        call = partial(mlptrain.fit, spec, make_columns(), out=out)
        (warning,) = catch(lambda call=call: call())  # the fit
        assert (warning.filename, warning.category) == (__file__, Notice)
        assert line_of(warning).endswith("# the fit")
        assert str(warning.message).startswith("training.batch_size: 999 is more than the 60 training rows")


@pytest.mark.parametrize("form", [dict, make_records], ids=["columns", "records"])
@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_odd_cells_are_one_notice_with_counts_at_the_line_of_the_user(method, form):
    columns = make_columns()
    model = mlptrain.fit(make_spec(), columns).model
    odd = {"size": [None, None, 1e5], "pieces": [1, 2, 3], "colour": ["blue", "pink", "red"], "fresh": [True] * 3}
    data = form(odd | {"day": columns["day"][:3]})
    (warning,) = catch(lambda: getattr(model, method)(data))  # the prediction
    assert (warning.filename, warning.category) == (__file__, OddCellsNotice)
    assert line_of(warning).endswith("# the prediction")
    counts = warning.message.counts
    assert (counts.filled, counts.unseen, counts.beyond) == ({"size": 2}, {"colour": 1}, {"size": 1})
    assert str(warning.message) == counts.words()
    assert not catch(lambda: getattr(model, method)({name: cells[:1] for name, cells in columns.items()}))
