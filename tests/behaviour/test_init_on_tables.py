"""Every table at hand, from the spec that `init` writes: it fits, it measures, it predicts each row."""

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from mlptrain.commands.evaluate import evaluate_files
from mlptrain.commands.init import make_starter_spec
from tests.support.flows import fit, predict

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
TABLES = sorted(path.parent.name for path in SHARED.glob("tables/*/meta.json"))
CLASSES = ("loss=cross_entropy",)
RAW = {  # the target, and what a human must decide
    "abalone.csv": ("column_9", ()),
    "adult_train.csv": ("column_15", ('data.missing_values=["?"]',)),
    "bike_hour.csv": ("cnt", ("data.columns.casual=ignore", "data.columns.registered=ignore")),
    "california_housing.csv": ("median_house_value", ()),
    "covertype_15k.csv": ("Cover_Type", CLASSES),
    "credit_default.csv": ("default.payment.next.month", ()),
    "diamonds.csv": ("price", ()),
    "german_credit.csv": ("column_21", ()),
    "pmlb_197_cpu_act.tsv.gz": ("target", ()),
    "pmlb_574_house_16H.tsv.gz": ("target", ()),
    "pmlb_letter.tsv.gz": ("target", CLASSES),
    "pmlb_magic.tsv.gz": ("target", ()),
    "pmlb_phoneme.tsv.gz": ("target", ()),
    "protein_casp.csv": ("RMSD", ()),
    "titanic.csv": ("survived", ()),
    "winequality_white.csv": ("column_12", ()),
}
ONE_EPOCH = ("training.epochs=1", "training.batch_size=1024", "model.hidden=[8]")
ENOUGH = 3000
"""Rows of a table, about: lines taken at equal distances. What is read piece by piece has tests of its own."""
needs_tables = pytest.mark.skipif(not TABLES, reason=f"the prepared tables are not in {SHARED / 'tables'}")
needs_data = pytest.mark.skipif(not (SHARED / "data").is_dir(), reason=f"the raw files are not in {SHARED / 'data'}")


def take_lines(data: Path, folder: Path) -> Path:
    """A copy with the first line and about as many others as are enough; below that, the file itself."""
    opened = gzip.open if data.suffix == ".gz" else open
    with opened(data, "rb") as stream:
        first, *rows = stream.readlines()
    if len(rows) <= ENOUGH:
        return data
    copy = folder / data.name
    with opened(copy, "wb") as stream:
        stream.writelines([first, *rows[:: -(-len(rows) // ENOUGH)]])
    return copy


def whole_way(data: Path, target: str, folder: Path, declared: tuple[str, ...] = ()) -> None:
    """Spec, model, metrics, predictions."""
    spec = folder / "spec.yaml"
    made = make_starter_spec(str(data), target, folder=folder)
    spec.write_text(made.text, encoding="utf-8")
    result = fit(str(spec), out=folder / "m.npz", overrides=[*declared, *ONE_EPOCH])
    assert result.metrics["validation"]["loss"] is not None
    assert evaluate_files(result.model, resamples=0).rows == pytest.approx(0.15 * made.rows, abs=1)
    predicted = predict(result.model, str(data))
    assert list(predicted) == [target]
    assert len(predicted[target]) == made.rows


@needs_tables
@pytest.mark.parametrize("name", TABLES)
def test_a_prepared_table(name, tmp_path):
    folder = SHARED / "tables" / name
    meta = json.loads((folder / "meta.json").read_text())
    declared = CLASSES if meta["task"] == "multiclass" else ()
    whole_way(take_lines(folder / "train.csv", tmp_path), meta["target"], tmp_path, declared)
    data = take_lines(folder / "test.csv", tmp_path)
    test = predict(str(tmp_path / "m.npz"), str(data))[meta["target"]]
    with data.open() as lines:
        assert len(test) == sum(1 for _ in lines) - 1


@needs_data
@pytest.mark.parametrize("name", RAW)
def test_a_raw_file(name, tmp_path):
    target, declared = RAW[name]
    whole_way(take_lines(SHARED / "data" / name, tmp_path), target, tmp_path, declared)


@needs_data
def test_a_table_in_an_archive_once_it_is_unpacked(tmp_path):
    with zipfile.ZipFile(SHARED / "data" / "bank_marketing.zip") as archive:
        name = next(name for name in archive.namelist() if name.endswith("bank-additional-full.csv"))
        (tmp_path / "bank.csv").write_bytes(archive.read(name))
    (tmp_path / "cut").mkdir()
    whole_way(take_lines(tmp_path / "bank.csv", tmp_path / "cut"), "y", tmp_path, ("data.columns.duration=ignore",))


@needs_data
def test_images(tmp_path):
    data, labels = (SHARED / "data" / f"mnist.t10k-{part}-ubyte.gz" for part in ("images-idx3", "labels-idx1"))
    made = make_starter_spec(str(data), None, labels=str(labels), folder=tmp_path)
    (tmp_path / "spec.yaml").write_text(made.text, encoding="utf-8")
    result = fit(str(tmp_path / "spec.yaml"), out=tmp_path / "m.npz", overrides=ONE_EPOCH)
    assert len(predict(result.model, str(data))["label"]) == 10_000
