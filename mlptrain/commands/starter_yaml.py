"""Texts, values and comments of the spec that `init` writes, as YAML."""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

LONGEST_COMMENT = 60
"""Characters of a remark; a longer one is cut between words."""
COMMENT_COLUMN = 56
"""Comments below each other stand in one column, up to this one; a longer line has its own behind it."""


def format_setting(value: Any) -> str:
    """The value of a key as YAML on one line."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(format_quoted_yaml, value))}]"
    return str(value).lower() if isinstance(value, int) else format_quoted_yaml(str(value))


def format_missing_values(texts: Sequence[str]) -> str:
    """The key of the texts that mean missing."""
    return f"missing_values: [{', '.join(map(format_quoted_yaml, texts))}]"


def format_yaml_text(text: str) -> str:
    """A text as YAML, plain where that is safe; what cannot be printed is escaped."""
    plain = yaml.safe_dump(text, allow_unicode=True, width=10**6).removesuffix("\n...\n").removesuffix("\n")
    return plain if text.isprintable() else format_quoted_yaml(text)


def format_quoted_yaml(text: str) -> str:
    """A text as YAML in double quotes, in ASCII."""
    return yaml.safe_dump(text, default_style='"', width=10**6).strip()


def format_yaml_comment(text: str) -> str:
    """A text in a comment: short, on one line, without characters that YAML forbids."""
    printable = "".join(character if character.isprintable() else "�" for character in text)
    if len(printable) <= LONGEST_COMMENT:
        return printable
    cut = printable[: LONGEST_COMMENT - 1]
    whole = cut.rpartition(" ")[0] if printable[len(cut)].isalnum() and cut[-1].isalnum() else cut
    return (whole if len(whole) > LONGEST_COMMENT // 2 else cut).rstrip(" ,;:") + "…"


def align_comments(lines: Sequence[tuple[str, str]], indent: str) -> Iterator[str]:
    """Lines with their comments, which stand below each other as far as the lines are not too long."""
    lengths = [len(indent) + len(head) for head, _ in lines]
    column = max((length for length in lengths if length <= COMMENT_COLUMN), default=0)
    for length, (head, words) in zip(lengths, lines, strict=True):
        gap = " " * (max(column - length, 0) + 4 if length <= COMMENT_COLUMN else 2)
        yield f"{indent}{head}" + (f"{gap}# {words}" if words else "")
