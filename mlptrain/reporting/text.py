"""User strings on their way to a terminal or a log: nothing in them may move the cursor or turn the text around."""

import re

LONGEST = 200

_DANGEROUS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0 and C1 controls, line and paragraph separators, bidirectional overrides and isolates, lone surrogates."""


_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""The same, but for what JSON has escaped already."""


def escape_text(text: str, longest: int = LONGEST) -> str:
    r"""Dangerous characters as visible escapes, cut at `longest` characters; what is safe and short is unchanged.

    >>> escape_text("\x1b[2Jred\u202e")
    '\\x1b[2Jred\\u202e'
    """
    escaped = _DANGEROUS.sub(_escape_match, text[: longest + 1])
    return escaped if len(escaped) <= longest else escaped[: longest - 1] + "…"


def escape_json_document(document: str) -> str:
    r"""A JSON document whose texts are the same, and have nothing dangerous in them: JSON has an escape for it.

    >>> escape_json_document('["\u202e"]')
    '["\\u202e"]'
    """
    return _IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", document)


def escape_unencodable(text: str, encoding: str) -> str:
    r"""What `encoding` cannot write as visible escapes.

    >>> escape_unencodable("é★", "latin-1")
    'é\\u2605'
    """
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _escape_match(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
