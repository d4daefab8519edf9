"""The project's pages as data: their blocks, commands, headings and links; and a small shell that runs the commands."""

import os
import re
import runpy
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from tests.support.command import Ended, mlptrain
from tests.support.patience import PATIENCE

ROOT = Path(__file__).parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "configs/*.md",
        "datasets/*.md",
        "benchmarks/*.md",
        "examples/*.md",
        "mlptrain/*.md",
    )
    for path in sorted(ROOT.glob(pattern))
}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAVED = re.compile(r"[Ss]ave this as `([^`]+)`:\n\n$")
COUNTED = r"(?:(?:training |validation )?rows|parameters|classes|inputs?)\b"
NUMBER = re.compile(rf"(?<!\d)(?<!\d[.,])[-+]?\d+(?:[.,]\d+)*+(?:e[-+]?\d++)?k?\b(?! {COUNTED})")
UNIT = re.compile(r"# (?:s|min|h|epochs?)\b")
NEEDED = re.compile(r"<!-- needs (\w+) -->\n\n```.*?^```\n", re.MULTILINE | re.DOTALL)
LEFT_OUT, INTERRUPT = "…", "^C"


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block: its language, its text, the text of the page before it."""

    language: str
    text: str
    before: str

    @property
    def file_name(self) -> str | None:
        """The name under which the page tells the reader to save this block."""
        found = SAVED.search(self.before)
        return found[1] if found else None


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command of a console block and the lines that it prints there."""

    line: str
    printed: tuple[str, ...]

    @property
    def should_fail(self) -> bool:
        return any(line.startswith("error: ") for line in self.printed)


def read_page(name: str) -> str:
    """The text of a page of the project."""
    return PAGES[name].read_text(encoding="utf-8")


def find_blocks(page: str, language: str | None = None) -> list[Block]:
    """The fenced blocks of a page, all or those of one language."""
    blocks = [Block(language=m[1], text=m[2], before=page[: m.start()]) for m in FENCE.finditer(page)]
    return [block for block in blocks if language in (None, block.language)]


def keep_blocks(page: str, *libraries: str) -> str:
    """A page without the blocks that are marked as in need of other libraries (or programs) than these."""
    return NEEDED.sub(lambda found: found[0] if found[1] in libraries else "", page)


def find_specs(page: str) -> list[Block]:
    """The whole specs of a page: YAML that the reader saves to a file."""
    return [block for block in find_blocks(page, "yaml") if block.file_name]


def find_commands(page: str) -> list[Command]:
    """The commands of all console blocks of a page, in order."""
    commands = []
    for block in find_blocks(page, "console"):
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            line, *printed = part.rstrip().splitlines()
            commands.append(Command(line=line, printed=tuple(printed)))
    return commands


def find_headings(page: str) -> list[str]:
    """The headings of a page below its title."""
    return re.findall(r"^##+ (.+)$", FENCE.sub("", page), re.MULTILINE)


def find_anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def find_links(page: str) -> list[str]:
    """The targets of a page's links, those of the web left out."""
    targets = re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page))
    return [target for target in targets if not target.startswith("http")]


def copy_project(folder: Path) -> Path:
    """The tables and configs of the project in another folder: what the commands of its pages need."""
    for name in ("configs", "datasets"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def write_files(page: str, folder: Path) -> None:
    """Write every block that the page tells the reader to save."""
    for block in find_blocks(page):
        if block.file_name:
            (folder / block.file_name).write_text(block.text, encoding="utf-8")


def mask_numbers(line: str) -> str:
    """A printed line without what differs between machines: numbers but counts, units, spaces, marks of the best."""
    masked = NUMBER.sub("#", line.removeprefix("*"))
    return " ".join(UNIT.sub("# unit", masked).split())


def missing_lines(command: Command, ended: Ended) -> list[str]:
    """The lines that the page shows and the command did not print."""
    actual = {mask_numbers(line) for line in (ended.out + ended.err).splitlines()}
    shown = [line for line in command.printed if line not in ("", LEFT_OUT, INTERRUPT)]
    return [line for line in shown if mask_numbers(line) not in actual]


def run_command(command: Command, folder: Path, *more: str) -> Ended:
    """Run a line of a console block in a folder: programs joined by ` | `, the last one perhaps with ` > FILE`."""
    if INTERRUPT in command.printed:
        return interrupt_fit(shlex.split(command.line)[1:], folder)
    line, _, file = command.line.partition(" > ")
    code, out, err = 0, "", ""
    for program in line.split(" | "):
        ended = run_program([*shlex.split(program), *more], folder, out)
        code, out, err = code or ended.code, ended.out, err + ended.err
    if file:
        (folder / file).write_text(out, encoding="utf-8")
    return Ended(code, "" if file else out, err)


def run_program(words: list[str], folder: Path, stdin: str) -> Ended:
    """Run one program of the few that the pages use."""
    match words:
        case ["mlptrain", *arguments]:
            return mlptrain(*arguments, cwd=folder, stdin=stdin.encode())
        case ["cat", file]:
            return Ended(0, (folder / file).read_text(encoding="utf-8"), "")
        case ["head", count, *file]:
            text = (folder / file[0]).read_text(encoding="utf-8") if file else stdin
            return Ended(0, "".join(text.splitlines(keepends=True)[: -int(count)]), "")
        case ["cc" | "./score" as program, *arguments]:
            return start_process([program, *arguments], folder)
        case ["python", "-I", "-S", *arguments]:
            return start_process([sys.executable, "-I", "-S", *arguments], folder)
        case ["python", script]:
            with chdir(folder):
                runpy.run_path(script)
            return Ended(0, "", "")
    raise AssertionError(f"no program of the pages: {words}")


def start_process(words: list[str], folder: Path) -> Ended:
    """Run a program as a process."""
    done = subprocess.run(words, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


def interrupt_fit(arguments: list[str], folder: Path) -> Ended:
    """Start a fit as a process, and press Ctrl-C once it has written a checkpoint."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", FIT_THAT_HEARS, *arguments]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=-1, stderr=-1, encoding="utf-8") as fit:
        while not list(folder.glob("*.ckpt")) and fit.poll() is None:
            time.sleep(0.01)
        fit.send_signal(signal.SIGINT)
        out, err = fit.communicate(timeout=PATIENCE)
    return Ended(fit.returncode, out, err)


FIT_THAT_HEARS = """import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
from mlptrain.__main__ import main
main()
"""
