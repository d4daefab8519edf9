"""Groups of blocks in whole fits: what a spec leaves open is resolved once, and noted; files give the same model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mlptrain
from mlptrain.commands.check import check_files
from mlptrain.commands.fit import fit_files
from mlptrain.data.stores import Files, is_mapped
from mlptrain.fitting import training as training_file
from mlptrain.fitting.host import Host
from mlptrain.fitting.training import list_row_notices
from mlptrain.preparation.partitions import divide_rows
from mlptrain.preparation.preparation import fit_and_encode_parts
from mlptrain.spec.block_shuffle import GROUP_BYTES, BlockShuffle
from mlptrain.training import course as course_file
from tests.support.preparing import read_data

SPEC = """\
data: {train: t.csv, target: y, category_encoding: target, split: {validation: 0.2}}
training: {epochs: 2, batch_size: 7, shuffle: {}}
model: {hidden: [3], dtype: float64}
"""


def write_table(folder: Path) -> str:
    draw = np.random.default_rng(1)
    rows = list[str]()
    for a, k in zip(draw.standard_normal(60).tolist(), draw.integers(0, 3, 60).tolist(), strict=True):
        gap = "" if k == 2 and a > 1 else f"{a * k:.4f}"
        rows.append(f"{a:.4f},{'uvw'[k]},{gap},{'pq'[a > 0]}")
    (folder / "t.csv").write_text("\n".join(["a,b,c,y", *rows, ""]))
    (folder / "s.yaml").write_text(SPEC)
    return str(folder / "s.yaml")


def fit_bytes(spec: str, *overrides: str) -> bytes:
    out = Path(spec).with_name("m.npz")
    out.unlink(missing_ok=True)
    fit_files(spec, out=out, overrides=overrides, host=Host(spill_dir=out.parent))
    return out.read_bytes()


FITS = [(), ("data.split.folds=3", "data.split.validation=0"), ("data.imputing.strategy=drop_row",), ("members=2",)]


@pytest.mark.parametrize("overrides", FITS, ids=str)
def test_the_model_is_the_same_from_files_and_of_its_own_spec(overrides, tmp_path, monkeypatch):
    spec = write_table(tmp_path)
    sizes = ("training.shuffle={blocks: 5, together: 3}",)
    monkeypatch.setattr("mlptrain.fitting.store_choice.is_folder_in_memory", lambda _: False)
    in_memory = fit_bytes(spec, *overrides, *sizes)
    monkeypatch.setattr(course_file, "GATHER_AT_ONCE", 0)
    assert fit_bytes(spec, *overrides, *sizes, "data.memory=files") == in_memory
    opened = fit_bytes(spec, *overrides)
    shuffle = mlptrain.load(tmp_path / "m.npz").networks[0].spec.training.shuffle
    assert isinstance(shuffle, BlockShuffle)
    assert shuffle.is_resolved
    resolved = f"training.shuffle={{blocks: {shuffle.blocks}, together: {shuffle.together}}}"
    assert fit_bytes(spec, *overrides, resolved) == opened
    assert opened != in_memory


@pytest.mark.parametrize(("override", "times"), [("seed=1", 1), ("members=4", 4)])
def test_the_default_group_takes_64_megabytes_of_the_inputs_of_all_members(override, times, tmp_path):
    found = check_files(write_table(tmp_path), overrides=[override])
    shuffle = found.spec.training.shuffle
    assert isinstance(shuffle, BlockShuffle)
    group = shuffle.blocks * shuffle.together * found.inputs * 8 * times
    assert 0.9 * GROUP_BYTES < group <= GROUP_BYTES


def test_shuffling_all_of_a_matrix_beyond_memory_is_told_with_what_it_costs(tmp_path, monkeypatch):
    data = read_data(write_table(tmp_path), ["training.shuffle=true"])
    encoded = fit_and_encode_parts(data, divide_rows(data)[0])
    x = Files(tmp_path).keep(encoded.train.x)
    assert [is_mapped(each) for each in (x, x[2:], encoded.train.x)] == [True, True, False]
    mapped = replace(encoded, train=replace(encoded.train, x=x))
    blocks = replace(mapped, spec=read_data(tmp_path / "s.yaml").spec)
    for there, told in ((x.nbytes - 1, [False, True, False]), (x.nbytes, [False] * 3), (None, [False] * 3)):
        monkeypatch.setattr(training_file, "measure_available_memory", lambda there=there: there)
        told_of = [[each for each in list_row_notices(case) if "shuffle" in each] for case in (encoded, mapped, blocks)]
        assert [bool(each) for each in told_of] == told
        for said in told_of[1]:
            assert "rows are read from the disk one by one" in said
            assert "training.shuffle: {} reads it in order" in said
