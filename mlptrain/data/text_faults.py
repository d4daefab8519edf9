"""What is wrong with bytes or lines that are read as delimited text, in words."""

import codecs
import re


def find_undecodable_byte(line: bytes, encoding: str, delimiter: str) -> str:
    """The first byte of a line that is not of the encoding; empty where there is none, or it cannot be told."""
    try:
        line.decode(encoding)
    except UnicodeDecodeError as problem:
        column = line[: problem.start].decode(encoding).count(delimiter) + 1
        return f"column {column}: byte {problem.start + 1} of the line (0x{line[problem.start]:02x})"
    except UnicodeError:
        pass
    return ""


SAVE_AS_UTF8 = "save the file as UTF-8 or set data.encoding (cp1252 and latin-1 are common)"
WIDE = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""Byte order marks; that of UTF-32 begins with that of UTF-16."""


def find_wide_encoding(beginning: bytes) -> str | None:
    """The encoding of two or four bytes a character that a byte order mark tells."""
    return next((said for mark, said in WIDE.items() if beginning.startswith(mark)), None)


OTHER_TEXT = (
    (re.compile(r"\s*(\{\s*$|\{\s*\"|\[\s*$|\[\s*[\[{\"])"), "JSON"),
    (re.compile(r"\s*(@relation\b|%.*arff)", re.IGNORECASE), "an ARFF file"),
    (re.compile(r"\s*<(\?xml|!doctype|html)\b", re.IGNORECASE), "HTML or XML"),
)
"""How texts begin that are no tables."""
CSV_WORDS = {
    "unexpected end of data": "a quote is opened here and never closed; close it",
    "expected after": "text follows a closing quote; double the quotes inside a quoted field, or remove them",
    "field larger than field limit": "a field is larger than 1 MiB; is a quote not closed?",
}
