"""What is wrong with a text that is no YAML, in plain words: what YAML's reader says is put as what was typed."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What YAML's reader found, where it noticed it, and where it had begun; lines and columns counted from 0."""

    words: str
    line: int
    column: int
    begun_line: int
    begun_column: int


@dataclass(frozen=True)
class Slip:
    """A line, counted from 0, and what is wrong with it, with what to do."""

    line: int
    words: str


IN_QUOTES = "is this a text? Then put it in quotes"
KEY_WITHOUT_BLANK = re.compile(r"^[ -]*([\w.]+):(?=[^\s:/\\])(.*)$")
"""A line such as "epochs:5", where YAML sees one text."""
BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line in YAML."""
FOUND = re.compile(r"(?:found|got) (?:character )?'(.*?)'")


def describe_slip(fault: Fault, text: str) -> Slip:
    """The slip that is behind a fault in a text."""
    lines = BREAKS.split(text)
    found = match[1] if (match := FOUND.search(fault.words)) else ""
    if "'\\t'" in fault.words:
        return Slip(fault.line, "tabs are not allowed for indentation in YAML; use spaces")
    if "mapping values are not allowed" in fault.words:
        return describe_second_colon(fault, lines)
    if "could not find expected ':'" in fault.words:
        return describe_missing_colon(fault.begun_line, lines)
    if "expected ',' or" in fault.words:
        return describe_open_bracket(fault, found, lines)
    if "<block end>" in fault.words or "<document start>" in fault.words:
        return Slip(fault.line, describe_misplaced_line(fault, found, lines))
    return describe_other_fault(fault, found)


def describe_second_colon(fault: Fault, lines: list[str]) -> Slip:
    """A colon in what YAML took for a text: of the same line, or one that began on a line above."""
    column = f"column {fault.column + 1}"
    above = find_line_above(fault.line, lines)
    if re.search(r":(\s|$)", lines[fault.line][: fault.column]) or above is None:
        return Slip(
            fault.line,
            f"a second ': ' stands at {column}, inside a value; put a text with ': ' in it in quotes, "
            "or begin a line for each key",
        )
    if re.search(r":(\s|$)", lines[above]):
        return Slip(fault.line, describe_indentation(fault.line, lines))
    return describe_missing_colon(above, lines)


def describe_missing_colon(line: int, lines: list[str]) -> Slip:
    """A line where a key lacks its colon, or the colon the blank after it."""
    if match := KEY_WITHOUT_BLANK.match(lines[line]):
        key, value = match.groups()
        wanted = shorten(f"{key}: {value}")
        return Slip(line, f"a blank is missing after the colon of {key[:40]!r}; write {wanted}")
    said = shorten(lines[line].strip())
    return Slip(line, f"{said!r} has no colon; write KEY: VALUE, with a blank after the colon")


def describe_open_bracket(fault: Fault, found: str, lines: list[str]) -> Slip:
    """A bracket or brace that is not closed, or closed by another sign; or a comma that is missing in it."""
    opening = lines[fault.begun_line][fault.begun_column : fault.begun_column + 1]
    closing = {"[": "]", "{": "}"}.get(opening, "bracket")
    begun = f"the {opening!r} at column {fault.begun_column + 1}"
    if found in ("]", "}"):
        return Slip(fault.line, f"{found!r} closes {begun} of line {fault.begun_line + 1}; close it with {closing!r}")
    if found == "<stream end>":
        return Slip(fault.begun_line, f"{begun} is not closed; close it with {closing!r}")
    if fault.line == fault.begun_line:
        return Slip(fault.line, f"a comma is missing before column {fault.column + 1}, in {begun}; write a comma there")
    return Slip(
        fault.begun_line,
        f"{begun} is not closed before line {fault.line + 1}; close it with {closing!r}, or, if it goes on there, "
        "write the missing comma",
    )


def describe_misplaced_line(fault: Fault, found: str, lines: list[str]) -> str:
    """What stands where a block should go on or end: another depth, a sign that closes nothing, text behind quotes."""
    column = f"at column {fault.column + 1}"
    if found in ("]", "}"):
        return f"{found!r} {column} closes nothing; remove it, or open it before"
    if found == "<scalar>":
        return f"text stands {column}, behind a value that has ended; put all of it in quotes, or close a quote above"
    if found == ":":
        return f"no key stands before the colon {column}; write KEY: VALUE"
    return describe_indentation(fault.line, lines)


def describe_indentation(line: int, lines: list[str]) -> str:
    """That a line is indented otherwise than those above it, and by how much they are."""
    depth = measure_indentation(lines[line])
    above = find_line_above(line, lines)
    if above is not None and lines[above].startswith("..."):
        return f"the dots of line {above + 1} end the spec, and more follows; remove them"
    open_lines = list_open_lines(line, lines)
    levels = ", ".join(f"line {above + 1} by {measure_indentation(lines[above])}" for above in open_lines)
    is_item = lines[line].lstrip().startswith("- ")
    what = "this item of a list" if is_item else "this line"
    ours = [above for above in open_lines if measure_indentation(lines[above]) == depth]
    if ours:
        other = "a key" if is_item else "an item of a list"
        return (
            f"{what} stands at the depth of line {ours[0] + 1}, which is {other}: keys and items do not mix; "
            f"indent it as the {'items' if is_item else 'keys'} that it belongs to"
        )
    by = f"indented by {depth} blank{'s' * (depth != 1)}" if depth else "not indented"
    return (
        f"{what} is {by}, otherwise than what stands above it ({levels}); "
        f"indent it as the {'items' if is_item else 'keys'} that it belongs to"
    )


def list_open_lines(line: int, lines: list[str]) -> list[int]:
    """The lines above, from the nearest, of which each is indented less than the one before; at most four."""
    found: list[int] = []
    above = find_line_above(line, lines)
    while above is not None and len(found) < 4:
        if not found or measure_indentation(lines[above]) < measure_indentation(lines[found[-1]]):
            found.append(above)
        above = find_line_above(above, lines)
    return found


def find_line_above(line: int, lines: list[str]) -> int | None:
    """The next line above that is neither empty nor a comment."""
    used = (above for above in range(line - 1, -1, -1) if lines[above].strip() and lines[above].lstrip()[0] != "#")
    return next(used, None)


def measure_indentation(line: str) -> int:
    """The blanks before a line."""
    return len(line) - len(line.lstrip(" "))


def describe_other_fault(fault: Fault, found: str) -> Slip:
    """A fault that one line has: an open quote, a sign that no text begins with, an escape, a list behind a key."""
    column = f"at column {fault.column + 1}"
    if "end of stream" in fault.words or "unexpected document" in fault.words:
        return Slip(fault.begun_line, f"the quote at column {fault.begun_column + 1} is not closed; close it")
    if "sequence entries are not allowed" in fault.words:
        return Slip(fault.line, f"a list begins {column}, behind a key; begin the list on a line of its own")
    if "escape" in fault.words:
        why = f"a backslash in double quotes is followed by a sign that it does not go with ({column})"
        return Slip(fault.line, f"{why}; put the text in single quotes")
    if "cannot start any token" in fault.words or "node content" in fault.words:
        sign = f"with {found!r}" if len(found) == 1 else "so"
        return Slip(fault.line, f"a value may not begin {sign} ({column}); {IN_QUOTES}")
    if "incompatible YAML" in fault.words:
        return Slip(fault.line, "directives such as %YAML are not allowed in a spec; remove the line")
    if "alphabetic or numeric character" in fault.words:
        return Slip(fault.line, f"the sign before column {fault.column + 1} has a meaning in YAML; {IN_QUOTES}")
    return Slip(fault.line, f"this is not YAML ({column}): {fault.words}; mend the line")


def shorten(text: str) -> str:
    """The beginning of a text, for a message."""
    return text if len(text) <= 40 else f"{text[:39]}…"
