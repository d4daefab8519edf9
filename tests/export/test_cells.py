"""Cells for exports: as they are written where an export replaces them itself, else as the model reads them."""

from dataclasses import replace

import numpy as np
import pytest

import mlptrain
from mlptrain.data.grammar import NumberGrammar
from mlptrain.data.table import read_table
from mlptrain.export.cells import collect_cells, write_known_texts
from mlptrain.export.plan import Codes
from mlptrain.model.rows import ImageRows, TableRows
from tests.support.images import draw_images, fit_images

SPEC = """
data:
  train: rows.csv
  target: label
  missing_values: ["-999", unknown]
  replace: {"?": "7", "8": "-999", scarlet: red}
  columns: {when: {type: date, format: "%d.%m.%Y"}, flag: boolean, colour: category}
training: {epochs: 1, batch_size: full}
"""
ROWS = """size,colour,flag,when,label
1,red,yes,01.01.1970,a
-999, blue,no,02.01.1970,b
?,scarlet,YES,unknown,a
8,,,,b
unknown,blue\u00a0,no,31.12.9999,a
2.5,red,yes,01.01.0001,b
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cells")
    (folder / "rows.csv").write_text(ROWS + "".join(ROWS.splitlines(keepends=True)[1:]) * 4)
    (folder / "spec.yaml").write_text(SPEC)
    return folder


def test_cells_are_as_written_where_an_export_replaces_them(folder):
    model = mlptrain.fit(folder / "spec.yaml").model
    data = model.spec.data
    cells = collect_cells(model, TableRows(read_table(str(folder / "rows.csv"), replace(data, replace={}))))
    assert list(cells) == ["size", "colour", "flag", "when"]
    np.testing.assert_array_equal(cells["size"][:6], [1, -999, 7, 8, np.nan, 2.5])
    assert cells["colour"][:6] == ["red", "blue", "scarlet", "", "blue", "red"]
    assert cells["flag"][:6] == ["yes", "no", "YES", "", "no", "yes"]
    moments = np.array(["1970-01-01", "1970-01-02", "NaT", "NaT", "9999-12-31", "0001-01-01"], "datetime64[s]")
    expected = np.where(np.isnat(moments), np.nan, moments.astype(np.int64))
    np.testing.assert_array_equal(cells["when"][:6], expected)


def test_images_are_rows_of_pixels(tmp_path):
    images, _ = draw_images(8, 0)
    cells = collect_cells(fit_images(tmp_path, epochs=1), ImageRows("images", images))
    np.testing.assert_array_equal(cells["pixels"], images.reshape(8, -1))


@pytest.mark.parametrize(("decimal", "written"), [(".", "2.5"), (",", "2,5")])
def test_numbers_among_levels_are_written_as_exports_know_them(decimal, written):
    codes = Codes(texts={written: 0, "x": 1}, numbers=((2.5, 0),), grammar=NumberGrammar(decimal=decimal), other=2)
    texts = [written, f"+2{decimal}50", "x", "y", ""]
    assert write_known_texts(texts, [codes]) == [written, written, "x", "y", ""]


def test_texts_without_numbers_among_them_stay_as_they_are():
    assert write_known_texts(["01", "1e0"], [Codes(texts={"1.0": 0}, other=1)]) == ["01", "1e0"]
