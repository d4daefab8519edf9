"""The guards of an ONNX file: how many cells of each row are missing or unknown."""

import numpy as np
import pytest

from mlptrain.errors import SpecError
from mlptrain.export.cells import collect_codes
from mlptrain.export.onnx_outputs import UNSEEN, write_graph, write_onnx
from mlptrain.export.onnx_runtime import make_feed, open_onnx_file
from mlptrain.export.plan import NumberInput
from tests.support.export_cases import FEW_CASES, IMAGES, make_export_case
from tests.support.onnx_graphs import INSTALL


def count_odd_cells(plan, feed):
    """The same count, cell by cell."""
    codes, counts = collect_codes(plan.networks), 0
    for given in plan.inputs:
        cells = feed[given.name][:, 0]
        if given.name in codes:
            odd = [any(each.texts.get(text, each.other) == each.other for each in codes[given.name]) for text in cells]
        else:
            gaps = [old for old, new in given.replaced if new is None] if isinstance(given, NumberInput) else []
            odd = np.isnan(cells) | np.isin(cells, gaps)
        counts += np.array(odd, int)
    return counts


@pytest.mark.integration
@pytest.mark.parametrize("name", [name for name in FEW_CASES if name not in IMAGES])
def test_they_count_missing_and_unknown_cells(name, tmp_path):
    pytest.importorskip("onnx", reason=INSTALL)
    pytest.importorskip("onnxruntime", reason=INSTALL)
    case, path = make_export_case(name), tmp_path / "model.onnx"
    path.write_bytes(write_onnx(case.plan, guards=True))
    feed = make_feed(case.cells, case.plan)
    found = open_onnx_file(path)[1](feed)[UNSEEN]
    assert found.max() > found.min()
    np.testing.assert_array_equal(found, count_odd_cells(case.plan, feed))


def test_images_have_no_such_cells():
    with pytest.raises(SpecError, match="images have no cells"):
        write_graph(make_export_case("images").plan, guards=True)
