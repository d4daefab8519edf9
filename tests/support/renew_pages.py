"""Write the numbers on pages anew, from what their commands print now: `python -m tests.support.renew_pages PAGE…`.

A line of a page is renewed where the command prints the same line but for its numbers; of several such lines the one
that has the most words in common with it is taken, and each once. What else has changed is left to the tests.
"""

import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from tests.support.command import Ended
from tests.support.pages import (
    PAGES,
    Command,
    copy_project,
    find_commands,
    mask_numbers,
    read_page,
    run_command,
    write_files,
)


def renew_lines(command: Command, ended: Ended) -> list[str]:
    """The lines that a page shows below a command, with the numbers of what it has printed."""
    printed = defaultdict(list)
    for line in (ended.out + ended.err).splitlines():
        printed[mask_numbers(line)].append(line)
    lines = []
    for line in command.printed:
        found = printed[mask_numbers(line)]
        words = set(line.split())
        nearest = max(found, key=lambda each: len(words.intersection(each.split())), default=line)
        lines.append(nearest)
        if found:
            found.remove(nearest)
    return lines


def renew_page(page: str, folder: Path) -> str:
    """The text of a page whose commands have been run in a folder, in their order."""
    copy_project(folder)
    write_files(page, folder)
    place = 0
    for command in find_commands(page):
        before = "\n".join([f"$ {command.line}", *command.printed])
        after = "\n".join([f"$ {command.line}", *renew_lines(command, run_command(command, folder))])
        place = page.index(before, place)
        page = page[:place] + after + page[place + len(before) :]
        place += len(after)
    return page


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as temporary:
            PAGES[name].write_text(renew_page(read_page(name), Path(temporary)), encoding="utf-8")
