"""Texts that mean harm to who shows or reads them, made of what each of them has in common with others."""

import re
import unicodedata
from itertools import product

ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"

TERMINAL = [
    *(f"{ESC}[{code}" for code in ("2J", "H", "31m", "1;1H", "?1049h", "?25l", "6n", "999C", "0K", "3J", "1A", "5i")),
    *(f"{ESC}]{code}{end}" for code, end in product(("0;title", "52;c;aGk=", "8;;http://x.y", "4;1;?"), (BEL, ST))),
    *(f"{ESC}{code}" for code in ("c", "7", "8", "P$q\x1b\\", "_x\x1b\\", "^x\x1b\\", "#8", "(0")),
    *("\x9b2J", "\x9d0;t\x9c", "\x90q\x9c", "\x85next", "\x84", "\x8d"),
    *(
        "a\bb",
        "a\x7fb",
        "a\x0cb",
        "a\x0bb",
        "a\tb",
        "a\x00b".replace("\x00", "\x01"),
        "\x0e\x0f",
        "\x11\x13",
        "\x1a",
        "\x04",
    ),
    *("line\nerror: another", "line\rerror: over it", "line\r\nerror", "\u2028separated", "\u2029separated"),
]
MARKUP = [
    *(
        "[/b]",
        "[b]",
        "[bold red]x[/]",
        "[link=http://x.y]z[/link]",
        "[]",
        "[[",
        "]]",
        "a[b]c",
        "\\[b]",
        "[@click=x]y[/]",
    ),
    *(":smile:", "[/]", "[not]", "[blink]", "[#ff0000]", "[on red]", "[[b]]", "[/[/b]", "[i", "`x`", "**x**", "~~x~~"),
]
TURNED = [f"a{chr(code)}b" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))] + [
    "\u202egnp.exe",
    "\u2067x\u2066y\u2069",
]
UNSEEN = [f"a{mark}b" for mark in "\u200b\u200c\u200d\u200e\u200f\u00ad\u2060\ufeff\u061c\u034f\u180e\ufe0f"] + [
    "\U000e0041\U000e0042"
]
SCRIPTS = [
    *("שלום", "مرحبا", "עברית abc", "ภาษาไทย", "हिन्दी", "한국어", "日本語", "Ελληνικά", "Ünïcödé", "ß", "ﬁ", "İi", "ǅ"),
    *(
        "🙂",
        "👩‍👩‍👧‍👦",
        "🏳️‍🌈",
        "👍🏽",
        "🇩🇪",
        "e" + "\u0301" * 50,
        "Z̸̢̛a̷l̶g̵o̶",
        "аdmin",
        "раураl",
        "ＡＢＣ",
        "𝒶𝒷",
        "①",
        "١٢٣",
        "１２",
    ),
    *(
        "\u00e9",
        "e\u0301",
        "\u212b",
        "\u00c5",
        "A\u030a",
        "\u1e9b\u0323",
        "\uac00",
        "\u1100\u1161",
        "\ud7ff",
        "\ue000",
        "\ufffd",
    ),
    *("\uffff", "\U0010ffff", "\U0001f600" * 20),
]
FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "@SUM(A1)",
    "+1+1",
    "-2+3",
    '=HYPERLINK("http://x.y","z")',
    "\t=1",
    "＝1+1",
    "'=1",
]
QUOTED = [
    *(
        '"',
        '""',
        '"""',
        "'",
        'a"b',
        "a,b",
        "a;b",
        "a|b",
        "a\tb,c",
        '",',
        ',"',
        "a\nb",
        'a"\nb',
        'a\r\nb,"',
        "\\",
        "\\n",
        '\\"',
    ),
    *("a b", "a  b", " a", "a ", " a ", "\u00a0a\u00a0", "\u3000a"),
]
FORMATS = [
    "{0.__class__}",
    "{}",
    "{0}",
    "{x!r:>99}",
    "%s%n%x",
    "%(a)s",
    "%",
    "$HOME",
    "${IFS}",
    "$(touch x)",
    "`touch x`",
    "{{7*7}}",
    "#{7*7}",
]
CODE = [
    *(
        "'; DROP TABLE t; --",
        "1 OR 1=1",
        "<script>alert(1)</script>",
        "<img src=x onerror=y>",
        "&lt;&amp;",
        "]]>",
        "<!--",
    ),
    *(
        '{"a": 1}',
        "[1, 2]",
        '"a": "b"',
        "null",
        "true",
        "NaN",
        "no",
        "~",
        "- a",
        "a: b",
        "? a",
        "&a b",
        "*a",
        "!!python/object x",
    ),
    *(
        "%YAML 1.2",
        "---",
        "...",
        "# x",
        "|",
        ">",
        "a: [",
        "<<: *a",
        "__proto__",
        "__class__",
        "constructor",
        "__import__('os')",
    ),
    *(
        "../../etc/passwd",
        "/dev/zero",
        "C:\\con",
        "file://x",
        "con",
        "nul",
        ".",
        "..",
        "~root",
        "-",
        "--help",
        "-rf",
        "*",
        "?",
        "[a-z]*",
    ),
    *(
        "os.system",
        "columns",
        "index",
        "self",
        "name",
        "kind",
        "all",
        "probability_x",
        "column_1",
        "0",
        "1e400",
        "-0",
        "0x10",
        "1_000",
    ),
    *("inf", "2020-13-45", "12:30", "9" * 60, "0" * 30 + "1", "1.2.3", "1,5", "1e-400", "00501", "TRUE", "Null"),
]
LONG = ["x" * 5000, "é" * 3000, "[/b]" * 500, f"{ESC}[31m" * 300, "\u202e" * 1000, "a b " * 900]

HOSTILE = list(
    dict.fromkeys([*TERMINAL, *MARKUP, *TURNED, *UNSEEN, *SCRIPTS, *FORMULAS, *QUOTED, *FORMATS, *CODE, *LONG])
)
"""All of them, each once; every one can stand in a cell of a table."""
BUNDLES = [HOSTILE[k::8] for k in range(8)]
"""The same in eight tests: where each text is quickly looked at, a test of its own takes more time than the look."""

DANGEROUS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What must reach no terminal: controls but the end of a line, what turns text around, halves of characters."""
SURROGATES = ["\ud800", "a\udfffb", "\udc80", "\udcff\udcfe"]
"""Halves of characters: in names of files, and in escapes of YAML."""

FILE_NAMES = [text for text in HOSTILE if "/" not in text and text not in (".", "..") and len(text.encode()) < 150]
"""What a file can be called, with an ending."""

assert len({unicodedata.normalize("NFC", text) for text in HOSTILE}) < len(HOSTILE), "there are pairs of one meaning"
