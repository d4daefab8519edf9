"""Encoded places moved from row to row are cells moved: for every kind of column, encoding and network."""

import numpy as np
import pytest

import mlptrain
from mlptrain.annotations import list_component_names, list_union_members
from mlptrain.data.encodings import Encoding
from mlptrain.data.odd_cells import OddCells
from mlptrain.explain.encoded_rows import EncodedRows
from mlptrain.model.memory_rows import make_evaluation_rows
from tests.support.in_memory import KINDS, make_columns, make_spec

COLUMNS = make_columns()
COUNT = len(COLUMNS["size"])
DONORS = np.roll(np.random.default_rng(1).permutation(COUNT), 1)
ENCODINGS = [name for kind in list_union_members(Encoding) for name in list_component_names(kind)]
SPECS = {
    "one network": make_spec(),
    "folds": make_spec(data={"split": {"folds": 3}}),
    "members": make_spec(members=3),
    "members that share a trunk": make_spec(members={"name": "tabm", "count": 3}),
    "numeric embeddings": make_spec(model={"hidden": [4], "numeric_embedding": "plr"}),
    **{each: make_spec(data={"category_encoding": each}) for each in ENCODINGS},
}


@pytest.fixture(scope="module", params=SPECS.values(), ids=SPECS)
def model(request):
    return mlptrain.fit(request.param, COLUMNS).model


def encode(model, columns):
    rows = make_evaluation_rows(columns, model.spec.data, model.columns(), model.head, [])
    return EncodedRows.encode(model, rows, OddCells(), with_targets=True)


@pytest.mark.parametrize("names", [*((name,) for name in KINDS), ("size", "colour"), tuple(KINDS)])
def test_moved_places_are_moved_cells(model, names):
    encoded = encode(model, COLUMNS)
    moved = COLUMNS | {name: [COLUMNS[name][row] for row in DONORS] for name in names}
    inside, direct = encoded.judge(names, DONORS, losses=True), encode(model, moved).judge(losses=True)
    assert (inside.predictions == direct.predictions).all()
    assert (inside.losses == direct.losses).all()
    before = encoded.judge(losses=True)
    assert (before.predictions == encode(model, COLUMNS).judge(losses=True).predictions).all()
    assert (before.predictions != inside.predictions).any()


def test_intact_rows_are_judged_as_the_model_does(model):
    rows = make_evaluation_rows(COLUMNS, model.spec.data, model.columns(), model.head, [])
    ours, theirs = encode(model, COLUMNS).judge(losses=True), model.judge(rows)
    assert ours.predictions == pytest.approx(theirs.predictions, rel=1e-5)
    assert ours.losses == pytest.approx(theirs.losses, rel=1e-5)
    assert (ours.truth == theirs.truth).all()


@pytest.mark.parametrize("name", KINDS)
def test_one_rows_cell_in_all_rows(model, name):
    encoded, donor, some = encode(model, COLUMNS), 7, np.array([1, 4, 20])
    same = COLUMNS | {name: [COLUMNS[name][donor]] * COUNT}
    assert encoded.predict_one_row((name,), donor, some) == pytest.approx(encode(model, same).predict()[some], rel=1e-5)
