"""Tables of any number of rows, made for measurements of memory: 15 numbers, 4 categories and a target of two classes.

    python benchmarks/large_tables.py FOLDER --rows 2000000 [--formats csv,csv.gz,parquet] [--parts 1] [--seed 1]

Two numbers have 5 % gaps, the categories have 5, 12, 40 and 40 levels. Rows are drawn in blocks, each from a seed of
its own, so that a table is the same however many parts it is written in. PyArrow writes it.
"""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

BLOCK = 250_000
LEVELS = (5, 12, 40, 40)
NUMBERS, WITH_GAPS = 15, 2
FORMATS = ("csv", "csv.gz", "parquet")


def draw_block(seed: int, number: int, rows: int) -> Any:
    """The rows of a block as an Arrow table."""
    import numpy as np
    import pyarrow as pa

    drawn = np.random.default_rng([seed, number])
    x = drawn.standard_normal((NUMBERS, rows)).round(5)
    codes = [drawn.integers(0, levels, rows) for levels in LEVELS]
    logits = x[0] - 0.5 * x[1] * x[2] + (codes[0] - 2) / 2 + np.sin(codes[2])
    chosen = drawn.random(rows) < 1 / (1 + np.exp(-logits))
    columns = {f"number_{place}": pa.array(values) for place, values in enumerate(x)}
    for place in range(NUMBERS - WITH_GAPS, NUMBERS):
        columns[f"number_{place}"] = pa.array(x[place], mask=drawn.random(rows) < 0.05)
    for place, (levels, own) in enumerate(zip(LEVELS, codes, strict=True)):
        columns[f"category_{place}"] = pa.array(np.array([f"level_{code}" for code in range(levels)])[own])
    columns["y"] = pa.array(np.where(chosen, "yes", "no"))
    return pa.table(columns)


def draw_blocks(seed: int, rows: int) -> Iterator[Any]:
    """The rows of a table, block by block."""
    for number, start in enumerate(range(0, rows, BLOCK)):
        yield draw_block(seed, number, min(BLOCK, rows - start))


def write_table(folder: Path, rows: int, form: str, *, parts: int = 1, seed: int = 1) -> list[Path]:
    """Write a table in a format, in parts of about equally many blocks."""
    folder.mkdir(parents=True, exist_ok=True)
    blocks = -(-rows // BLOCK)
    paths = [folder / f"part-{part:03}.{form}" for part in range(min(parts, blocks))]
    writer, open_part, stack = None, -1, ExitStack()
    with stack:
        for number, block in enumerate(draw_blocks(seed, rows)):
            if (part := number * len(paths) // blocks) != open_part:
                stack.close()
                writer, open_part = stack.enter_context(open_writer(paths[part], form, block.schema)), part
            assert writer is not None
            writer.write_table(block)
    return paths


def open_writer(path: Path, form: str, schema: Any) -> Any:
    """What writes Arrow tables to a file."""
    if form == "parquet":
        from pyarrow import parquet

        return parquet.ParquetWriter(path, schema)
    import pyarrow as pa
    from pyarrow import csv

    stream = pa.CompressedOutputStream(path, "gzip") if form.endswith(".gz") else pa.OSFile(str(path), "wb")
    return ClosingWriter(csv.CSVWriter(stream, schema, write_options=csv.WriteOptions(quoting_style="none")), stream)


class ClosingWriter:
    """A writer of CSV that also closes the stream below it."""

    def __init__(self, writer: Any, stream: Any) -> None:
        self.writer, self.stream = writer, stream

    def __enter__(self) -> Any:
        return self.writer

    def __exit__(self, *_: object) -> None:
        self.writer.close()
        self.stream.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a table of any number of rows.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--formats", type=lambda text: text.split(","), default=["csv"])
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for form in options.formats:
        for path in write_table(options.folder, options.rows, form, parts=options.parts, seed=options.seed):
            print(path)
