"""`model.explain`: data of any form in memory, what there is to say as warnings."""

import pytest

import mlptrain
from mlptrain.errors import DataError, SpecError
from mlptrain.model.prediction_notices import OddCellsNotice
from mlptrain.notices import Notice
from tests.support.in_memory import drop_gaps, make_columns, make_records, make_spec

COLUMNS = make_columns()
WHOLE = drop_gaps(COLUMNS)


@pytest.fixture(scope="module")
def model():
    return mlptrain.fit(make_spec(), WHOLE).model


def test_every_form_of_data_is_explained_alike(model):
    assert model.explain(make_records(WHOLE), repeats=2) == model.explain(WHOLE, repeats=2)
    assert {each.column for each in model.explain(WHOLE, repeats=1).columns} == model.columns().keys()


def test_it_shows_itself(model):
    html = model.explain(WHOLE, repeats=2)._repr_html_()
    assert "how far log_loss rises" in html
    assert '<th scope="row">size</th>' in html


def test_what_there_is_to_say_is_a_warning(model):
    with pytest.warns(OddCellsNotice, match="missing cells filled") as said:
        found = model.explain(COLUMNS, repeats=1)
    assert found.odd_cells.filled.keys() == {"size", "fresh", "day"}
    assert all(each.filename == __file__ for each in said)
    with pytest.warns(Notice, match="time limit"):
        model.explain(WHOLE, time_limit=1e-9, repeats=4)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "garson"}, "method: 'garson' is not one of permutation"),
        ({"columns": ["size"]}, "columns: the method permutation has no such option"),
        ({"groups": [["size", "nothing"]]}, "groups: 'nothing' is no column of the model"),
        ({"groups": 3}, "groups: "),
    ],
)
def test_wrong_arguments_are_refused(model, options, said):
    with pytest.raises(SpecError, match=said):
        model.explain(WHOLE, **options)


def test_a_missing_column_is_named(model):
    with pytest.raises(DataError, match="size"):
        model.explain({name: cells for name, cells in WHOLE.items() if name != "size"})
