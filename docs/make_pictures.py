"""Make the pictures of the README, each from a real run: `python docs/make_pictures.py`, from any folder.

A picture is a function that writes its files into a folder; `PICTURES` names it. Nothing in it is typed in by hand,
and nothing differs from run to run but times and rates, and how a browser draws letters.
"""

import argparse
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from io import StringIO
from pathlib import Path
from shutil import which

import make_gallery
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from mlptrain.commands.fit import fit_files
from mlptrain.model.history import EpochEnded
from mlptrain.reporting.console import StyledLines
from mlptrain.reporting.glyphs import UNICODE, Line
from mlptrain.reporting.progress import Progress
from mlptrain.training.events import Event, EventSink

FOLDER = make_gallery.ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 82, 34
"""Columns and lines of the terminal."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
HEADLESS = ("--headless", "--no-sandbox", "--hide-scrollbars")
"""In containers a browser is root's and has no sandbox; the page is our own."""
WINDOW = (1040, 1000)
"""Pixels: wide enough for two drawings side by side."""
SCHEMES = {"light": 1, "dark": 0}
"""Blink's numbers of what a reader prefers."""
Rgb = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Look:
    """The colours of a terminal."""

    ground: Rgb
    ink: Rgb
    cyan: Rgb
    yellow: Rgb
    green: Rgb
    edge: Rgb

    @property
    def theme(self) -> TerminalTheme:
        """The same for Rich, by their numbers: black, red, green, yellow, blue, magenta, cyan, white."""
        numbered = [self.ink, self.ink, self.green, self.yellow, self.ink, self.ink, self.cyan, self.ink]
        return TerminalTheme(self.ground, self.ink, numbered, numbered)


LOOKS: Mapping[str, Look] = {
    "light": Look(
        ground=(255, 255, 255),
        ink=(31, 35, 40),
        cyan=(14, 116, 144),
        yellow=(154, 103, 0),
        green=(26, 127, 55),
        edge=(209, 217, 224),
    ),
    "dark": Look(
        ground=(13, 17, 23),
        ink=(230, 237, 243),
        cyan=(86, 212, 221),
        yellow=(227, 179, 65),
        green=(63, 185, 80),
        edge=(61, 68, 77),
    ),
}
TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>TITLE</title>
<style>
text {{
  font: 21px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  white-space: pre;
}}
{styles}
</style>
<rect width="100%" height="100%" rx="8" fill="rgbGROUND" stroke="rgbEDGE" stroke-width="2"/>
<g fill="rgbEDGE"><circle cx="24" cy="22" r="6"/><circle cx="44" cy="22" r="6"/><circle cx="64" cy="22" r="6"/></g>
<g transform="translate({terminal_x}, {terminal_y})">{matrix}</g>
</svg>
"""
"""What Rich fills in, without the fonts from the network that its own template has."""


@dataclass
class Watcher(EventSink):
    """Keeps the live picture of a fit as it is after an epoch."""

    progress: Progress
    epoch: int
    lines: list[Line] = field(default_factory=list)

    def __call__(self, event: Event, /) -> None:
        """Pass the event on, and look at the picture if it is time."""
        self.progress(event)
        if isinstance(event, EpochEnded) and event.epoch == self.epoch:
            frame = self.progress.make_frame(WIDTH, UNICODE)
            self.lines = frame.live(HEIGHT, self.progress.elapsed) if frame else []


def watch_fit(spec: str, epoch: int) -> list[Line]:
    """The live picture of a fit of the project after an epoch, below the command."""
    watcher = Watcher(Progress(spec, time.monotonic), epoch)
    with make_gallery.enter_copy():
        fit_files(spec, sinks=[watcher])
    return [[(f"$ mlptrain fit {spec}", "")], *watcher.lines]


def draw_terminal(lines: Sequence[Line], look: Look, *, title: str, name: str) -> str:
    """Lines of a terminal as an SVG that needs nothing from elsewhere."""
    console = Console(record=True, file=StringIO(), width=WIDTH, force_terminal=True, color_system="truecolor")
    console.print(StyledLines(lines))
    template = TEMPLATE.replace("TITLE", title)
    for mark, colour in (("rgbGROUND", look.ground), ("rgbEDGE", look.edge)):
        template = template.replace(mark, f"rgb{colour}")
    picture = console.export_svg(code_format=template, theme=look.theme, unique_id=name)
    return re.sub(r' clip-path="[^"]*"', "", picture)  # lines that are cut off leave gaps within a curve


def make_fit_pictures(folder: Path, spec: str = "configs/digits.yaml", epoch: int = 45) -> None:
    """The live picture of a fit after an epoch: fit-light.svg, fit-dark.svg."""
    lines = watch_fit(spec, epoch)
    for name, look in LOOKS.items():
        picture = draw_terminal(lines, look, title="mlptrain fit, seen in a terminal", name=f"fit-{name}")
        (folder / f"fit-{name}.svg").write_text(picture, encoding="utf-8", newline="\n")


def find_browser() -> str:
    """The browser that takes pictures of pages; where there is none, the command ends and says so."""
    found = next(filter(None, map(which, BROWSERS)), None)
    if found is None:
        names = ", ".join(BROWSERS)
        raise SystemExit(f"report: a browser takes this picture, and there is none of {names}: install Chromium")
    return found


def take_picture(page: Path, scheme: int) -> bytes:
    """The top of a page as a browser shows it to a reader who prefers light or dark, as WebP."""
    browser = find_browser()
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "picture.webp"
        size = f"--window-size={','.join(map(str, WINDOW))}"
        options = [size, f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={picture}"]
        command = [browser, *HEADLESS, f"--user-data-dir={folder}/profile", *options, page.resolve().as_uri()]
        ended = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)  # noqa: S603
        if ended.returncode or not picture.exists():
            said = ended.stderr.strip().rpartition("\n")[2]
            raise SystemExit(f"report: {browser} took no picture of {page} (exit code {ended.returncode}): {said}")
        return picture.read_bytes()


def digest_top(page: str) -> bytes:
    """SHA-256 of what a picture shows of a report: its style, its head and its first part."""
    return sha256(page.partition('<section id="weak-rows"')[0].encode()).digest()


def name_source(picture: bytes, page: str) -> bytes:
    """A WebP picture with the digest of its page in a last chunk of its own, which viewers pass over.

    A WebP file is `RIFF`, the length of what follows, `WEBP`, and chunks: a name of four letters, a length, the bytes.
    """
    digest = digest_top(page)
    content = picture[8:] + b"PAGE" + len(digest).to_bytes(4, "little") + digest
    return b"RIFF" + len(content).to_bytes(4, "little") + content


def make_report_pictures(folder: Path, page: Path = make_gallery.FOLDER / "breast_cancer.html") -> None:
    """The top of a report of the gallery: report-light.webp, report-dark.webp."""
    for name, scheme in SCHEMES.items():
        picture = name_source(take_picture(page, scheme), page.read_text(encoding="utf-8"))
        (folder / f"report-{name}.webp").write_bytes(picture)


PICTURES: Mapping[str, Callable[[Path], None]] = {"fit": make_fit_pictures, "report": make_report_pictures}


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the pictures that are named, or all."""
    parser = argparse.ArgumentParser(description="Make the pictures of the README from real runs.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(PICTURES)}; by default all")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="FOLDER", help="by default docs/pictures")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - PICTURES.keys():
        parser.error(f"there is no picture {min(unknown)}; there are {', '.join(PICTURES)}")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or PICTURES:
        PICTURES[name](options.out)


if __name__ == "__main__":
    main()
