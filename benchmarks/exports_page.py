"""The results of exports.py as a page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from measuring import heading, row

from mlptrain.export.comparison import BOUND

Result = Mapping[str, Any]
ABOUT = """Written by `benchmarks/exports.py --report`; [how it is measured](README.md).

The largest difference is that of a probability, of a number in the scale of its target, of a logarithm relative to the
number; {bound:g} is promised. *Other labels* are labels that differ though the two best scores are more than {margin:g}
apart. Python predicts few of the rows, as it predicts one after another."""
HEADINGS = ("model", "networks", "rows", "largest difference", "other labels", "KiB", "of the model")
ONNX_HEADINGS = (*HEADINGS, "nodes", "one row, µs", "rows/s in batches of 1,024")
TITLES = {"onnx": "ONNX", "python": "Python", "c": "C"}


def write_page(results: Sequence[Result]) -> Iterator[str]:
    """The page of all results."""
    yield "# Exported models beside their models"
    yield ""
    yield from ABOUT.format(bound=BOUND, margin=2 * BOUND).splitlines()
    for name, title in TITLES.items():
        own = [each for each in results if each["format"] == name]
        if own:
            yield from ["", f"## {title}", ""]
            yield from write_table(name, own)
    yield ""
    yield from (f"* Measured {place}." for place in sorted({each["where"] for each in results}))
    if loads := [each["load"] for each in results]:
        yield f"* The load of the machine before each was {min(loads):.1f} to {max(loads):.1f}; a quiet one has 0.0."


def write_table(name: str, results: Sequence[Result]) -> Iterator[str]:
    """The results of one format, and their summary."""
    yield from heading(*ONNX_HEADINGS if name == "onnx" else HEADINGS)
    for each in results:
        yield row(*write_cells(each["work"], each["epochs"], each["found"]))
    found = [each["found"] for each in results]
    rows, labels = sum(each["rows"] for each in found), sum(each["labels"] for each in found)
    yield ""
    largest = max(each["largest"] for each in found)
    yield f"* {rows:,} rows: the largest difference is {largest:.1e}, {labels} other labels."
    if runtimes := sorted({each["runtime"] for each in found if "runtime" in each}):
        yield f"* Run by {', '.join(runtimes)}, one thread; speed in processor time, the median of rounds."


def write_cells(work: str, epochs: int, found: Mapping[str, Any]) -> Iterator[str]:
    """The cells of a result."""
    yield f"{work}, {epochs} epochs" if epochs else work
    yield f"{found['networks']}" + (f" of {found['specs']} specs" if found["specs"] > 1 else "")
    yield f"{found['rows']:,}"
    yield f"{found['largest']:.1e}"
    yield f"{found['labels']}"
    yield from (f"{found[name] / 1024:,.0f}" for name in ("bytes", "model_bytes"))
    if "nodes" in found:
        yield f"{found['nodes']}"
        yield f"{found['one_row_us']:,.0f}"
        yield f"{found['rows_a_second']:,.0f}"
