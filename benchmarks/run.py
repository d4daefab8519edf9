"""All benchmarks, one after another, into one Markdown file.

    pip install -e .[fast,bench]
    python benchmarks/run.py --data DIR                                # everything, about 16 minutes on 2 quiet cores
    python benchmarks/run.py --quick                                   # less of everything, below 2 minutes
    python benchmarks/run.py --only step,startup --out step.md

DIR holds adult_train.csv, diamonds.csv, MNIST's training files and pmlb_kddcup.tsv.gz. What is missing, a library or a
file, is left out and named at the end.
"""

import argparse
import time
from pathlib import Path

import growth
import predict
import reading
import saving
import startup
import step
import whole
from measuring import HERE, Part, head, page, publish, say, some_of

PARTS: dict[str, Part] = {
    "step": step.PART,
    "whole": whole.PART,
    "predict": predict.PART,
    "reading": reading.PART,
    "growth": growth.PART,
    "startup": startup.PART,
    "saving": saving.PART,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less of everything, for everyday use")
    parser.add_argument("--only", type=some_of(PARTS), default=list(PARTS), metavar="PARTS", help=",".join(PARTS))
    parser.add_argument("--data", type=Path, default=HERE.parent / "data", help="the folder with the data files")
    parser.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    options = parser.parse_args()
    common = [*(["--quick"] if options.quick else []), "--data", str(options.data)]
    top, sections, begun = ["# Results", "", *head(), ""], [], time.perf_counter()
    for name, part in PARTS.items():
        if name in options.only:
            start = time.perf_counter()
            sections.append(part.measure(part.parser().parse_args(common)))
            say(f"{name}: {time.perf_counter() - start:.0f} s")
    skipped = [name for name in PARTS if name not in options.only]
    top.append(f"The whole run took {time.perf_counter() - begun:.0f} s. How it is measured: [README.md](README.md).")
    publish([*top, *page(sections), *(f"* {name}: not asked for" for name in skipped)], options.out)


if __name__ == "__main__":
    main()
