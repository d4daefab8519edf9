"""Columns as plans: what a plan makes of each code is what the fitted encoding makes of it."""

from typing import get_args

import numpy as np
import pytest

from mlptrain.data.category_column import CategoryColumn
from mlptrain.data.encodings import Encoding, FittedEncoding, LevelCodes
from mlptrain.export.columns import plan_column
from mlptrain.export.onnx_columns import WIDEST_TABLE
from mlptrain.export.plan import CodePlan, OneHotPlan
from mlptrain.export.standalone_rows import encode_one_hot
from mlptrain.spec.fields import Data

COUNTS = (2, 3, WIDEST_TABLE, WIDEST_TABLE + 1)
"""Levels, on both sides of what ONNX writes as a table."""


def fit_column(kind: type[Encoding], levels: int) -> CategoryColumn:
    codes = np.repeat(np.arange(levels), np.arange(levels) % 3 + 1)
    targets = np.random.default_rng(0).normal(size=(len(codes), 1))
    encoding = kind().fit(codes, levels=levels, targets=targets)
    return CategoryColumn(name="x", levels=tuple(f"level {code}" for code in range(levels)), encoding=encoding)


@pytest.mark.parametrize("levels", COUNTS)
@pytest.mark.parametrize("kind", get_args(Encoding))
def test_a_plan_makes_of_codes_what_the_encoding_makes(kind, levels):
    column = fit_column(kind, levels)
    planned, made = plan_column(column, Data(train="")), np.empty((levels + 1, column.width))
    column.encoding.encode(np.arange(levels + 1), made)
    assert isinstance(planned, CodePlan) == isinstance(column.encoding, LevelCodes)
    if not isinstance(planned, CodePlan):
        np.testing.assert_array_equal(planned.values, made)


def test_every_fitted_encoding_is_made():
    made = {type(fit_column(kind, levels).encoding) for kind in get_args(Encoding) for levels in COUNTS}
    assert made == {*get_args(FittedEncoding)}


@pytest.mark.parametrize("levels", COUNTS)
def test_one_hot_of_a_row_is_a_row_of_the_table(levels):
    planned = plan_column(fit_column(next(iter(get_args(Encoding))), levels), Data(train=""))
    assert isinstance(planned, OneHotPlan)
    codes = {"texts": planned.codes.texts, "numbers": [], "refuses_others": False, "other": planned.codes.other}
    given = {"codes": codes, "on": planned.on.tolist(), "off": planned.off.tolist()}
    rows = [encode_one_hot(text, given) for text in (*(f"level {code}" for code in range(levels)), "none of them")]
    np.testing.assert_array_equal(rows, planned.values)
