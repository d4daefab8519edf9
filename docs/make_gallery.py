"""Make the gallery, reports on models of the project's own tables: `python docs/make_gallery.py`, from any folder.

A page is what `mlptrain fit configs/NAME.yaml` and `mlptrain report NAME.npz` write. On one machine it is the same,
byte for byte, whenever it is made; on another the last digits of its numbers may differ.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path

from mlptrain.commands.fit import fit_files
from mlptrain.commands.report import ReportOptions, report_files
from mlptrain.reporting.page import publish_page, require_free_page

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "gallery"
SPECS = ("breast_cancer", "iris", "diabetes")
"""Two classes, three, and a number: the names of their configs and of their pages."""
PATIENT = ReportOptions(time_limit="1h")
"""The importance of columns is as exact on a slow machine as on a quick one."""


@contextmanager
def enter_copy() -> Iterator[None]:
    """Work in a copy of the project's configs and tables: what is written there is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("configs", "datasets"):
            shutil.copytree(ROOT / name, Path(folder) / name)
        with chdir(folder):
            yield


def make_page(name: str, folder: Path) -> None:
    """Fit a config of the project and write the report on its model into a folder: NAME.html."""
    page = folder.resolve() / f"{name}.html"
    require_free_page(page)
    with enter_copy():
        fit_files(f"configs/{name}.yaml")
        publish_page(report_files(f"{name}.npz", options=PATIENT), page)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the pages that are named, or all."""
    parser = argparse.ArgumentParser(description="Make the reports of the gallery.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(SPECS)}; by default all")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="FOLDER", help="by default docs/gallery")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(SPECS):
        parser.error(f"there is no page {min(unknown)}; there are {', '.join(SPECS)}")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or SPECS:
        make_page(name, options.out)


if __name__ == "__main__":
    main()
