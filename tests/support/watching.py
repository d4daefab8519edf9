"""Commands, watched by the interpreter itself: `python watching.py FOLDER`, lines of what they should not have done.

An audit hook cannot be taken back, so that this is a process of its own. It works in FOLDER; the data lie in its
folder `data`, all that may be written to in its folder `out`.
"""

import os
import sys
from pathlib import Path
from unittest.mock import patch

from mlptrain.__main__ import main

COMMANDS = [
    *("init data/t.csv --target y --out out/t.yaml", "check data/s.yaml", "schema"),
    *("fit data/s.yaml --out out/m.npz --history out/h.jsonl", "fit data/s.yaml --out out/m.npz -q", "show out/m.npz"),
    *("eval out/m.npz", "eval out/m.npz data/t.csv --json --by a", "predict out/m.npz data/t.csv --out out/p.csv"),
    *("predict out/m.npz data/t.csv --keep all --probabilities", "show data/t.csv", "predict data/m.npz data/t.csv"),
    "predict out/m.npz data/m.npz",
]
REACHES = ("socket.", "subprocess.", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.fork", "pty.", "urllib.")
"""What leads out of the process."""
RUNS = ("pickle.find_class", "webbrowser.", "os.startfile", "ftplib.", "smtplib.")
CHANGES = (
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "shutil.",
)
"""What changes files, each with their paths among its arguments."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """The hook: what was done that should not have been."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.on = folder, False
        self.seen: set[str] = set()
        self.found: list[str] = []

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.on:
            return
        self.seen.add(event)
        if event.startswith(REACHES) or event.startswith(RUNS):
            self.found.append(f"{event} {arguments!r}")
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
            self.inside(event, arguments[0])
        elif event.startswith(CHANGES):
            for path in arguments:
                self.inside(event, path)

    def inside(self, event: str, path: object) -> None:
        """What is written lies in the folder that was named."""
        if isinstance(path, str | bytes | os.PathLike):
            place = os.path.realpath(os.path.join(self.folder, os.fsdecode(path)))  # noqa: PTH118
            if place != os.devnull and not place.startswith(f"{self.folder / 'out'}{os.sep}"):
                self.found.append(f"{event} {path!r}")


def run(line: str) -> int:
    """The exit code of a command line."""
    with patch.object(sys, "argv", ["mlptrain", *line.split()]):
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
    return 0


def watch(folder: Path) -> None:
    """Run all commands."""
    os.chdir(folder)
    seen = Watch(folder)
    sys.addaudithook(seen)
    for line in COMMANDS:
        seen.on = True
        code = run(line)
        seen.on = False
        print(f"{code} {line}", *(f"UNWANTED {each}" for each in seen.found), sep="\n", file=sys.stderr)
        seen.found = []
    print("seen:", *sorted(seen.seen & {"open", "os.rename", "os.remove"}), file=sys.stderr)


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
