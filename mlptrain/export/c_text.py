"""C as text: names, literals, comments, and a file in the making."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from unicodedata import normalize

import numpy as np

from mlptrain.export.plan import Array, NotExportable

RESERVED_WORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int long register
restrict return short signed sizeof static struct switch typedef union unsigned void volatile while alignas alignof
bool constexpr false nullptr static_assert thread_local true typeof typeof_unqual
asm and and_eq bitand bitor catch char8_t char16_t char32_t class co_await co_return co_yield compl concept consteval
constinit const_cast decltype delete dynamic_cast explicit export friend mutable namespace new noexcept not not_eq
operator or or_eq private protected public reinterpret_cast requires static_cast template this throw try typeid
typename using virtual wchar_t xor xor_eq
complex imaginary noreturn assert errno stdin stdout stderr I NULL NAN INFINITY EOF DOMAIN SING OVERFLOW UNDERFLOW PLOSS
TLOSS MAXFLOAT HUGE HUGE_VAL HUGE_VALF HUGE_VALL BUFSIZ RAND_MAX
near far small interface linux unix i386 min max signals slots emit foreach
TRUE FALSE BOOL ERROR IN OUT OPTIONAL CONST VOID
"""
"""Words that are no names in C or C++, or that headers of theirs, and of other systems, have as macros."""
RESERVED = frozenset(RESERVED_WORDS.split())
MACROS = re.compile(
    r"(?:U?INT\w*|PTRDIFF|SIG_ATOMIC|SIZE|WCHAR|WINT|TMP|FOPEN|FILENAME)_(?:MAX|MIN|WIDTH)"
    r"|(?:FP|HUGE|L|M|MATH|P|SEEK)_\w+|math_errhandling"
)
"""Families of macros in the headers of C."""
LONGEST_LITERAL = 4000
"""Bytes of a text that every compiler takes as one literal (C99 asks for 4,095)."""
LONGEST_NAME = 40
"""Characters of a name that is made of a text: compilers may tell names apart by their first 63."""
LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"})
"""Letters that are not made of one of ASCII and a mark."""
PER_LINE = 8
DOUBLE_NAMES = re.compile(r"\b(cos|exp|expm1|fabs|fmax|fmin|log1p|sin|tanh)f\b")
FLOAT_LITERAL = re.compile(r"\b([0-9]+\.[0-9]+)f\b")
HELPER = re.compile(r"\bNAME_(\w+)")


def make_identifier(text: str, default: str) -> str:
    """A text as a name in C: its ASCII letters and digits, joined by single underscores.

    >>> make_identifier("Größe (m²)", "x"), make_identifier("2nd", "x"), make_identifier("int", "x")
    ('Grosse_m2', 'x_2nd', 'int_')
    """
    letters = normalize("NFKD", text.translate(LETTERS)).encode("ascii", "ignore").decode()
    name = re.sub("[^0-9A-Za-z]+", "_", letters).strip("_") or default
    name = (name if name[0].isalpha() else f"{default}_{name}")[:LONGEST_NAME].rstrip("_")
    return f"{name}_" if name in RESERVED or MACROS.fullmatch(name) else name


def make_identifiers(texts: Iterable[str], default: str) -> list[str]:
    """Different names for different texts: one that is taken gets a number.

    >>> make_identifiers(["a b", "a_b", "a-b", "a_b_2", "?"], "column")
    ['a_b', 'a_b_2', 'a_b_3', 'a_b_2_2', 'column']
    """
    found: dict[str, None] = {}
    for text in texts:
        stem = make_identifier(text, default)
        numbered = (f"{stem.rstrip('_')}_{number}" for number in range(2, len(found) + 3))
        found[next(each for each in (stem, *numbered) if each not in found)] = None
    return list(found)


def encode_text(text: str) -> bytes:
    """The bytes of a text in C, UTF-8; a ValueError says why it has none."""
    if "\0" in text:
        raise ValueError("holds the character NUL, at which texts end in C")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a character, which UTF-8 has not") from None


def quote_text(text: str) -> str:
    r"""A text as a literal: escapes have three digits, so that no digit after one is taken for its own.

    >>> print(quote_text('é1 "??/" \\'))
    "\303\2511 \"\?\?/\" \\"
    """
    return f'"{"".join(map(quote_byte, encode_text(text)))}"'


def quote_byte(byte: int) -> str:
    """A byte in a literal; `?` is escaped because of trigraphs."""
    if 32 <= byte < 127:
        return f"\\{chr(byte)}" if chr(byte) in '"\\?' else chr(byte)
    return f"\\{byte:03o}"


def write_comment_text(text: str) -> str:
    r"""A text as it may stand in a comment: on one line, without its end, a trigraph or marks that turn texts around.

    >>> print(write_comment_text("a*/ ??/ \\ \u202e \n"))
    a*\/ ?\?/ \\ <U+202E> <U+000A>
    """
    seen = "".join(each if each.isprintable() else f"<U+{ord(each):04X}>" for each in text.replace("\\", "\\\\"))
    seen = re.sub(r"\?(?=\?)", r"?\\", seen)
    return seen.replace("*/", r"*\/").replace("/*", r"/\*")


NO_NUMBERS = {"inf": "INFINITY", "-inf": "-INFINITY", "nan": "NAN"}


def write_double(value: float) -> str:
    """A number of double precision, which reads back exactly.

    >>> [write_double(value) for value in (0.1, -1e300, float("-inf"), float("nan"))]
    ['0.1', '-1e+300', '-INFINITY', 'NAN']
    """
    text = repr(float(value))
    return NO_NUMBERS.get(text, text)


def write_values(values: Array) -> list[str]:
    """The numbers of an array, each as the shortest text that reads back exactly in its own precision."""
    if values.dtype == np.float32:
        return [NO_NUMBERS.get(text) or f"{text}f" for text in map(str, values.ravel())]
    return [NO_NUMBERS.get(text) or text for text in map(repr, values.ravel().tolist())]


TYPES = {"float32": "float", "float64": "double", "int64": "int"}


HELPER_FILES = ("c_rows.h", "c_networks.h")


@cache
def read_helpers() -> dict[str, str]:
    """The functions that exports are made of, with their comments, by name; NAME_ stands for the model's prefix."""
    texts = (files("mlptrain.export").joinpath(name).read_text("utf-8") for name in HELPER_FILES)
    blocks = [block for text in texts for block in text.split("\n\n")]
    heads = [(re.search(r"^static .*", block, re.MULTILINE), block.rstrip("\n")) for block in blocks]
    return {HELPER.findall(head[0])[0]: block for head, block in heads if head}


def list_needed(names: Iterable[str]) -> list[str]:
    """Some helpers and those that they call, in their order."""
    helpers, open_names, needed = read_helpers(), list(names), set[str]()
    while open_names:
        name = open_names.pop()
        if name not in needed:
            needed.add(name)
            open_names += HELPER.findall(helpers[name])
    return [name for name in helpers if name in needed]


class CFile:
    """A header in the making: what is defined so far, each array and function once, and which helpers are called."""

    def __init__(self, prefix: str, dtype: str) -> None:
        self.prefix, self.dtype, self.real = prefix, np.dtype(dtype), TYPES[dtype]
        self.definitions: list[str] = []
        self.helpers: set[str] = set()
        self._names: dict[object, str] = {}

    def call(self, helper: str, *arguments: object) -> str:
        """A call of a helper."""
        if helper not in read_helpers():
            raise NotExportable(f"{helper!r} has no form in C")
        self.helpers.add(helper)
        return f"{self.prefix}_{helper}({', '.join(map(str, arguments))})"

    def write_real(self, value: float) -> str:
        """A number of the networks' type."""
        return write_values(np.array([value], self.dtype))[0]

    def define_array(self, label: str, values: Array) -> str:
        """The name of an array with such values, of int64, float32 or float64."""
        type_name = TYPES[values.dtype.name]
        return self._define((type_name, values.tobytes()), label, type_name, write_values(values))

    def define_texts(self, label: str, texts: Sequence[str]) -> str:
        """The name of an array of texts."""
        return self._define(("texts", tuple(texts)), label, "char *const", list(map(self.define_text, texts)))

    def write_names(self, label: str, texts: Sequence[str]) -> list[str]:
        """An array of names for the user of the header, after those arrays that it needs of itself."""
        listed = ",\n    ".join(map(self.define_text, texts))
        needed, self.definitions = self.definitions, []
        return [*needed, f"static const char *const {self.prefix}_{label}[] = {{\n    {listed}\n}};"]

    def define_text(self, text: str) -> str:
        """A literal, or the name of an array of characters where it would be too long for one."""
        content = encode_text(text)
        if len(content) <= LONGEST_LITERAL:
            return quote_text(text)
        return self._define(("text", text), "text", "char", [f"'\\{byte:03o}'" for byte in (*content, 0)])

    def _define(self, key: object, label: str, type_name: str, values: Sequence[str]) -> str:
        if key not in self._names:
            self._names[key] = name = f"{self.prefix}_{label}_{len(self._names) + 1}"
            rows = [", ".join(values[start : start + PER_LINE]) for start in range(0, len(values), PER_LINE)]
            self.definitions.append(f"static const {type_name} {name}[] = {{\n    {join_lines(rows)}\n}};")
        return self._names[key]

    def define_function(self, label: str, arguments: str, lines: Sequence[str]) -> str:
        """The name of a function that returns nothing."""
        body = "\n".join(f"    {line}" for line in lines)
        if (arguments, body) not in self._names:
            self._names[arguments, body] = name = f"{self.prefix}_{label}_{len(self._names) + 1}"
            self.definitions.append(f"static void {name}({arguments})\n{{\n{body}\n}}")
        return self._names[arguments, body]

    def write_helpers(self) -> list[str]:
        """The text of all helpers that are used, in the networks' type."""
        texts = [read_helpers()[name].replace("NAME_", f"{self.prefix}_") for name in list_needed(self.helpers)]
        return texts if self.real == "float" else list(map(turn_to_double, texts))


def join_lines(rows: Sequence[str]) -> str:
    """Rows of values, one below the other."""
    return ",\n    ".join(rows)


def turn_to_double(text: str) -> str:
    """A helper in double precision.

    >>> turn_to_double("static float NAME_f(float z) { return expf(z) + 1.5f; }")
    'static double NAME_f(double z) { return exp(z) + 1.5; }'
    """
    return re.sub(r"\bfloat\b", "double", FLOAT_LITERAL.sub(r"\1", DOUBLE_NAMES.sub(r"\1", text)))
