"""An unfinished fit goes on only where the network's inputs mean what they meant: names, order, kinds, levels, rows."""

import gzip
import struct
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from mlptrain.commands.fit import fit_to_file
from mlptrain.errors import DataError, Interrupted, SpecError
from mlptrain.fitting import remembered
from mlptrain.fitting.checkpoint_file import load_checkpoint, save_checkpoint
from mlptrain.fitting.checkpoints import Plan
from mlptrain.fitting.host import Host
from mlptrain.model.memory_rows import make_training_rows
from mlptrain.preparation.fingerprint import Input, describe_other_inputs, round_numbers
from mlptrain.spec.file import make_draft_from_spec
from mlptrain.spec.recipes import list_recipes, load_recipe
from mlptrain.storage.companions import derive_checkpoint_path
from tests.support.flows import csv_text, fit, mixed_rows, write_mixed

NAMES = ["id", "size", "colour", "fresh", "label", "price", "count"]
SHORT = {"training": {"epochs": 2, "batch_size": 20}}
HELD_OUT = {"data": {"split": {"validation": 0.2}}}
SITUATIONS = {
    "one training": (SHORT | HELD_OUT, 4),
    "without validation rows": (SHORT, 4),
    "the first of three folds": (SHORT | {"data": {"split": {"folds": 3}}}, 3),
    "the second of three folds": (SHORT | {"data": {"split": {"folds": 3}}}, 7),
    "the refit": (HELD_OUT | {"training": {"epochs": 2, "batch_size": 20, "refit": True}}, 9),
    "repeats": (SHORT | {"data": {"split": {"validation": 0.3, "repeats": 2}}}, 7),
    "several networks": (SHORT | HELD_OUT | {"members": 2}, 4),
}
"""Specs, and after how many questions for a wish to stop there is one."""


def interrupt(spec, out, steps):
    asked = count()
    with pytest.raises(Interrupted):
        fit(str(spec), out=out, stop=lambda: next(asked) >= steps)
    assert derive_checkpoint_path(out).exists()


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def swapped(names, first, second):
    return [{first: second, second: first}.get(name, name) for name in names]


def refused(spec, out, said, *, error=DataError, **options):
    """Both ways to go on are refused, with the first difference, and nothing is lost."""
    before = contents(out.parent)
    for how in ("resume", "finish"):
        with pytest.raises(error, match=said):
            fit(str(spec), out=out, **{how: True}, **options)
    assert contents(out.parent) == before


@pytest.mark.parametrize(("sections", "steps"), SITUATIONS.values(), ids=SITUATIONS)
def test_columns_in_another_order_are_refused(tmp_path, sections, steps):
    spec, out = write_mixed(tmp_path, **sections), tmp_path / "m.npz"
    interrupt(spec, out, steps)
    for first, second, now, then in (
        ("size", "colour", "colour, size, fresh", "size, colour, fresh"),
        ("colour", "fresh", "fresh, colour", "colour, fresh"),
    ):
        (tmp_path / "mixed.csv").write_text(csv_text(mixed_rows(), swapped(NAMES, first, second)))
        said = rf"m.npz.ckpt: the data has changed: the columns have another order: {now} \(was {then}\); undo that"
        refused(spec, out, said)


@pytest.mark.parametrize(("sections", "steps"), SITUATIONS.values(), ids=SITUATIONS)
def test_how_the_same_table_is_written_does_not_matter(tmp_path, sections, steps):
    spec, out = write_mixed(tmp_path, **sections), tmp_path / "m.npz"
    fit(str(spec), out=tmp_path / "whole.npz")
    text = csv_text(mixed_rows())
    others = [row | {"id": f"other {k}"} for k, row in enumerate(mixed_rows())]
    quoted = "".join(
        ",".join('"' + row[name].replace('"', '""') + '"' for name in NAMES) + "\n"
        for row in [dict(zip(NAMES, NAMES, strict=True)), *mixed_rows()]
    )
    for table in (
        text.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + text.encode(),
        quoted.encode(),
        gzip.compress(text.encode()),
        csv_text(others).encode(),
        csv_text(mixed_rows(), swapped(NAMES, "id", "price")).encode(),
        csv_text(mixed_rows(), [*NAMES[1:4], "label", "id", "price", "count"]).encode(),
    ):
        (tmp_path / "mixed.csv").write_text(text)
        interrupt(spec, out, steps)
        (tmp_path / "mixed.csv").write_bytes(table)
        fit(str(spec), out=out, resume=True)
        assert same_networks(out, tmp_path / "whole.npz")
        out.unlink()


def same_networks(one, other):
    """Whether two models have the same bytes, but for the words about columns that are left out."""
    first, second = np.load(one), np.load(other)
    numbers = [name for name in first.files if name not in ("metadata", "sha256")]
    return first.files == second.files and all(first[name].tobytes() == second[name].tobytes() for name in numbers)


def moved(rows, *, column=None, value=None, swap=()):
    rows = [dict(row) for row in rows]
    if column:
        rows[7][column] = value
    if swap:
        one, other = swap
        rows[one], rows[other] = rows[other], rows[one]
    return rows


CHANGES = {
    "a number": (moved(mixed_rows(), column="size", value="2.25"), "column 'size' has changed"),
    "a category": (moved(mixed_rows(), column="colour", value="violet"), "column 'colour' has changed"),
    "a truth value": (moved(mixed_rows(), column="fresh", value=""), "column 'fresh' has changed"),
    "a label": (moved(mixed_rows(), column="label", value="cheap"), "column 'label' has changed"),
    "two rows exchanged": (moved(mixed_rows(), swap=(3, 4)), "column 'size' has changed"),
    "the first and the last row": (moved(mixed_rows(), swap=(0, 59)), "column 'size' has changed"),
    "all rows turned round": (mixed_rows()[::-1], "column 'size' has changed"),
    "a row more": ([*mixed_rows(), mixed_rows()[0]], "the number of rows has changed, from 60 to 61"),
    "a name": ([{("hue" if k == "colour" else k): v for k, v in row.items()} for row in mixed_rows()], "colour"),
}


@pytest.mark.parametrize(("rows", "said"), CHANGES.values(), ids=CHANGES)
def test_other_cells_and_rows_are_refused(tmp_path, rows, said):
    assert mixed_rows()[7]["label"] == "dear"
    spec, out = write_mixed(tmp_path, **SHORT, **HELD_OUT), tmp_path / "m.npz"
    interrupt(spec, out, 4)
    (tmp_path / "mixed.csv").write_text(csv_text(rows))
    refused(spec, out, said)


def test_columns_that_only_the_spec_declares_differently_are_refused(tmp_path):
    ignored = {"id": "ignore", "price": "ignore", "count": "ignore"}
    levels = {"colour": {"levels": ["red", "green", "blue"]}}
    spec, out = write_mixed(tmp_path, **SHORT, data={"columns": ignored | levels}), tmp_path / "m.npz"
    interrupt(spec, out, 3)
    for override, said in (
        ("data.columns.colour.levels=[blue, red, green]", "data.columns.colour.levels was"),
        ("data.columns.colour.levels=[red, green, blue, white]", "data.columns.colour.levels was"),
        ("data.columns.fresh=category", "data.columns.fresh was none"),
    ):
        refused(spec, out, said, error=SpecError, overrides=[override])


def test_several_targets_in_another_order_are_refused(tmp_path):
    columns = {"id": "ignore", "label": "ignore"}
    spec, out = (
        write_mixed(tmp_path, **SHORT, data={"target": ["price", "count"], "columns": columns}),
        tmp_path / "m.npz",
    )
    interrupt(spec, out, 3)
    refused(spec, out, "the spec has changed: data.target", error=SpecError, overrides=["data.target=[count, price]"])


def test_several_files_in_another_order_are_refused_and_their_names_do_not_matter(tmp_path):
    rows = mixed_rows()
    spec, out = write_mixed(tmp_path, **SHORT, data={"train": "part-*.csv"}), tmp_path / "m.npz"
    one, other, third = (tmp_path / f"part-{number}.csv" for number in (1, 2, 3))
    one.write_text(csv_text(rows[:25]))
    other.write_text(csv_text(rows[25:]))
    fit(str(spec), out=tmp_path / "whole.npz")
    interrupt(spec, out, 3)
    one.rename(third)
    refused(spec, out, "column 'size' has changed")
    third.rename(one)
    one.write_text(csv_text(rows[:30]))
    other.write_text(csv_text(rows[30:]))  # divided elsewhere: the same rows
    fit(str(spec), out=out, resume=True)
    assert same_networks(out, tmp_path / "whole.npz")


def test_the_columns_of_weights_and_parts_are_looked_at(tmp_path):
    rows = [
        row | {"weight": str(1 + k % 3), "part": "val" if k % 4 == 1 else "train"} for k, row in enumerate(mixed_rows())
    ]
    data = {"sample_weight": "weight", "split": {"type": "column", "column": "part"}}
    spec, out = write_mixed(tmp_path, rows, **SHORT, data=data), tmp_path / "m.npz"
    interrupt(spec, out, 3)
    for column, value in (("weight", "2.5"), ("part", "val")):
        changed = moved(rows, column=column, value=value)
        (tmp_path / "mixed.csv").write_text(csv_text(changed))
        refused(spec, out, f"column '{column}' has changed")


def frame(names):
    rows = mixed_rows()
    return {name: [row[name] for row in rows] for name in names}


def test_a_frame_in_memory_with_columns_in_another_order_is_refused(tmp_path):
    columns = {"id": "ignore", "price": "ignore", "count": "ignore"}
    draft = make_draft_from_spec({"data": {"target": "label", "columns": columns}, **SHORT}, (), rows_given=True)
    asked, out = count(), tmp_path / "m.npz"

    def begin(names, existing, stop=lambda: False):
        rows, plan = make_training_rows(frame(names), draft.spec.data), Plan(existing=existing)
        return fit_to_file(draft, rows, out, Path(), plan=plan, sinks=[], host=Host(stop=stop))

    with pytest.raises(Interrupted):
        begin(NAMES, "refuse", lambda: next(asked) >= 3)
    for existing in ("resume", "finish"):
        with pytest.raises(DataError, match=r"another order: fresh, colour \(was colour, fresh\)"):
            begin(swapped(NAMES, "colour", "fresh"), existing)
    assert begin([*NAMES[1:], "id"], "resume").epochs == 2


def write_images(path, *sides):
    count, pixels = 40, int(np.prod(sides))
    values = (np.arange(count * pixels) * 7 % 256).astype(np.uint8)
    path.write_bytes(struct.pack(f">4B{1 + len(sides)}I", 0, 0, 8, 1 + len(sides), count, *sides) + values.tobytes())


def test_images_of_the_same_bytes_and_another_size_are_refused(tmp_path):
    spec, out = tmp_path / "s.yaml", tmp_path / "m.npz"
    write_images(tmp_path / "i.idx", 4, 6)
    (tmp_path / "l.idx").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, 40) + bytes(k % 2 for k in range(40)))
    spec.write_text("data: {train: {images: i.idx, labels: l.idx}}\ntraining: {epochs: 2, batch_size: 10}\n")
    interrupt(spec, out, 5)
    write_images(tmp_path / "i.idx", 6, 4)
    refused(spec, out, "the size of the images has changed, from 4 × 6 to 6 × 4")


def forge(out, **changes):
    """The checkpoint with some of what it says changed."""
    save_checkpoint(replace(load_checkpoint(derive_checkpoint_path(out)), **changes), out)


def test_a_checkpoint_that_says_nothing_of_inputs_still_knows_the_order_of_its_columns(tmp_path):
    spec, out = write_mixed(tmp_path, **SHORT), tmp_path / "m.npz"
    fit(str(spec), out=tmp_path / "whole.npz")
    interrupt(spec, out, 3)
    forge(out, inputs=[], fitted={})
    (tmp_path / "mixed.csv").write_text(csv_text(mixed_rows(), swapped(NAMES, "colour", "fresh")))
    refused(spec, out, r"another order: fresh, colour \(was colour, fresh\)")
    (tmp_path / "mixed.csv").write_text(csv_text(mixed_rows()))
    fit(str(spec), out=out, resume=True)
    assert out.read_bytes() == (tmp_path / "whole.npz").read_bytes()


def test_columns_that_this_version_understands_otherwise_are_refused(tmp_path):
    spec, out = write_mixed(tmp_path, **SHORT, data={"split": {"folds": 3}}), tmp_path / "m.npz"
    interrupt(spec, out, 7)
    kept = load_checkpoint(derive_checkpoint_path(out))
    size, colour, fresh = kept.inputs
    other = colour._replace(form="category, 9 inputs")
    forge(out, inputs=[size, other, fresh])
    refused(spec, out, r"'colour' is understood in another way: category, 4 inputs \(was category, 9 inputs\)")
    forge(out, inputs=[size, colour._replace(digest="0"), fresh])
    refused(spec, out, "'colour' is understood in another way, although its cells are the same")
    forge(out, inputs=kept.inputs, fitted=kept.fitted | {2: "0"})
    refused(spec, out, "what was fitted on the rows of fold 2 is not what it was")


A, B, C = (Input(name, "number, 1 input", "1") for name in "abc")


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ([A, B], [A, B], ""),
        ([], [], ""),
        ([A, B], [B, A], "the columns have another order: b, a (was a, b)"),
        ([A, B, C], [A, C, B], "the columns have another order: c, b (was b, c)"),
        ([A, B], [A, B, C], "column 'c' was not used before"),
        ([A, B, C], [C, A], "column 'b' is no longer used"),
        ([A], [A._replace(form="x")], "column 'a' is understood in another way: x (was number, 1 input)"),
        ([A], [A._replace(digest="2")], "column 'a' is understood in another way, although its cells are the same"),
    ],
)  # fmt: skip
def test_the_first_difference_of_inputs_is_said(then, now, said):
    assert describe_other_inputs(then, now) == said


def test_of_many_columns_only_the_first_that_moved_are_named():
    many = [A._replace(name=f"c{number}") for number in range(30)]
    said = describe_other_inputs(many, [many[0], *many[:0:-1]])
    assert said == "the columns have another order: c29, c28, c27, c26, c25, c24, … (was c1, c2, c3, c4, c5, c6, …)"


def test_last_digits_of_fitted_numbers_do_not_count():
    assert round_numbers({"mean": [0.1 + 0.2, 1e-17, 12]}) == round_numbers({"mean": (0.3, -2e-16, 12)})
    assert round_numbers(0.30001) != round_numbers(0.3)


def test_the_difference_is_looked_for_before_anything_is_trained(tmp_path, monkeypatch):
    spec, out = write_mixed(tmp_path, **SHORT), tmp_path / "m.npz"
    interrupt(spec, out, 3)
    (tmp_path / "mixed.csv").write_text(csv_text(mixed_rows(), swapped(NAMES, "size", "fresh")))
    monkeypatch.setattr(remembered, "restore_snapshot", None)
    refused(spec, out, "another order")


def write_rows(folder, rows):
    lines = [f"{k % 17},{k * 7 % 13},{k % 17 + k * 7 % 13}" for k in range(rows)]
    (folder / "d.csv").write_text("\n".join(["a,b,y", *lines]) + "\n")


@pytest.mark.parametrize("recipe", [name for name in list_recipes() if not load_recipe(name).choices])
def test_what_a_recipe_makes_of_other_rows_is_other_data(tmp_path, recipe):
    """Of more or fewer rows a recipe makes another spec: it is the table that has changed, not the spec."""
    spec, out = tmp_path / "d.yaml", tmp_path / "d.npz"
    spec.write_text(f"recipe: {recipe}\ndata: {{train: d.csv, target: y}}\n")
    write_rows(tmp_path, 1500)
    interrupt(spec, out, 1)
    for rows in (40, 6000):
        write_rows(tmp_path, rows)
        refused(spec, out, "d.npz.ckpt: the data has changed: the number of rows has changed, from 1500 to")
        own = {"overrides": ["training.batch_size=8"]}
        refused(spec, out, "the spec has changed: training.batch_size was .*, is 8", error=SpecError, **own)
