"""The benchmark of exports: a table is fitted once, each format measured once, the page made of the results."""

import json
from importlib.util import find_spec

import exports
import exports_measuring
import pytest
from exports_page import write_page
from measuring import HERE

from mlptrain.export.comparison import BOUND


@pytest.fixture
def options(tmp_path):
    """What a run needs: a prepared table, and where its models and results go."""
    table = tmp_path / "tables" / "small"
    table.mkdir(parents=True)
    rows = "".join(f"{k * 37 % 101},{'abc'[k % 3]},{'yes' if k % 3 else 'no'}\n" for k in range(60))
    for part in ("train", "test"):
        (table / f"{part}.csv").write_text(f"size,kind,label\n{rows}")
    meta = {"task": "binary", "target": "label", "numeric": ["size"], "categorical": ["kind"]}
    (table / "meta.json").write_text(json.dumps(meta))
    folders = {"--tables": "tables", "--models": "models", "--results": "results.jsonl", "--out": "page.md"}
    return [word for key, name in folders.items() for word in (key, str(tmp_path / name))]


def test_a_result_is_kept_and_not_measured_again(options, tmp_path, capsys):
    only = [*options, "--only", "small/plain", "--formats", "python", "--epochs", "1", "--slow-rows", "20"]
    exports.main(only)
    before = (tmp_path / "results.jsonl").read_bytes()
    result = json.loads(before)
    assert result["found"]["rows"] == 20
    assert result["found"]["largest"] <= BOUND
    assert result["found"]["labels"] == 0
    exports.main(only)
    assert (tmp_path / "results.jsonl").read_bytes() == before
    page = (tmp_path / "page.md").read_text()
    assert page in capsys.readouterr().out
    assert "| small/plain, 1 epochs | 1 | 20 |" in page


def test_the_page_is_that_of_the_results():
    results = exports.read_results(HERE / "exports.jsonl")
    assert "\n".join(write_page(results)) + "\n" == (HERE / "EXPORTS.md").read_text(encoding="utf-8")
    assert {each["format"] for each in results} == set(exports_measuring.FORMATS)
    assert [each for each in results if each["found"]["largest"] > BOUND or each["found"]["labels"]] == []


NEEDS_ONNX = pytest.mark.skipif(
    not (find_spec("onnx") and find_spec("onnxruntime")),
    reason="needs onnx and onnxruntime: pip install -e '.[integration]'",
)


@pytest.mark.integration
@NEEDS_ONNX
def test_an_onnx_file_is_measured(options, tmp_path, monkeypatch):
    monkeypatch.setattr(exports_measuring, "SECONDS", 0.0)
    exports.main([*options, "--only", "small/plain", "--formats", "onnx", "--epochs", "1"])
    found = json.loads((tmp_path / "results.jsonl").read_text())["found"]
    assert found["rows"] == 60
    assert found["nodes"] > 10
    assert found["rows_a_second"] > 0 < found["one_row_us"]
    assert f"| {found['nodes']} |" in (tmp_path / "page.md").read_text()
