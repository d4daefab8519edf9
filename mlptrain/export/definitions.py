"""Definitions of Python texts, copied with all that they need."""

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

OWN = "mlptrain"
"""What is imported from here is copied, not imported."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement of a module: the names that it defines, those that occur in it, its lines."""

    names: frozenset[str]
    uses: frozenset[str]
    text: str
    is_block: bool
    """Whether it is a function or a class."""


def collect_definitions(parts: Sequence[str], uses: Iterable[str]) -> str:
    """The definitions that `uses` need, and what they import; of two of one name that of the later part counts."""
    owners = {name: place for place, part in enumerate(parts) for name in list_defined_names(part)}
    statements = [
        each
        for place, part in enumerate(parts)
        for each in list_statements(part)
        if all(owners[name] == place for name in each.names)
    ]
    needed = find_needed_names(statements, uses)
    imports = write_imports({each for part in parts for each in list_imports(part)}, needed - owners.keys())
    return imports + join_statements([each for each in statements if each.names & needed])


def list_defined_names(text: str) -> set[str]:
    """The names that a text defines, but for what it imports."""
    return {name for each in list_statements(text) for name in each.names}


@lru_cache(maxsize=64)
def parse_text(text: str) -> ast.Module:
    """The tree of a text, found once: the same few texts make all exports."""
    return ast.parse(text)


@lru_cache(maxsize=64)
def list_statements(text: str) -> tuple[Statement, ...]:
    """The definitions of a text; a text that follows one belongs to it."""
    lines, found = text.splitlines(), list[Statement]()
    for node in parse_text(text).body:
        if names := find_defined_names(node):
            start = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
            own = "\n".join(lines[start - 1 : node.end_lineno])
            is_block = isinstance(node, ast.FunctionDef | ast.ClassDef)
            found.append(Statement(names=names, uses=find_used_names(node), text=own, is_block=is_block))
        elif found and isinstance(node, ast.Expr):
            *found, last = found
            own = "\n".join([last.text, *lines[node.lineno - 1 : node.end_lineno]])
            found.append(Statement(names=last.names, uses=last.uses, text=own, is_block=last.is_block))
    return tuple(found)


def find_defined_names(node: ast.stmt) -> frozenset[str]:
    """The names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return frozenset({node.name})
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return frozenset(each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))


def find_used_names(node: ast.AST) -> frozenset[str]:
    """All names that occur in a statement."""
    return frozenset(each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def find_needed_names(statements: Sequence[Statement], uses: Iterable[str]) -> set[str]:
    """The names in `uses`, and those that their definitions use, and so on."""
    needed, todo = set[str](), set(uses)
    while todo:
        needed |= todo
        todo = {name for each in statements if each.names & needed for name in each.uses} - needed
    return needed


@lru_cache(maxsize=64)
def list_imports(text: str) -> tuple[tuple[str, str], ...]:
    """(module, name) of what a text imports, the name empty where that is the module itself; but for what is ours."""
    nodes, found = parse_text(text).body, list[tuple[str, str]]()
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [(each.name, "") for each in node.names]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] != OWN:
            found += [(node.module or "", each.name) for each in node.names]
    return tuple(found)


def write_imports(imports: Iterable[tuple[str, str]], needed: set[str]) -> str:
    """The imports that bind needed names, sorted, those of the standard library first."""
    found = sorted(each for each in imports if (each[1] or each[0]) in needed)
    groups = [[each for each in found if is_standard(each) == first] for first in (True, False)]
    return "\n\n".join("\n".join(join_imports(group)) for group in groups if group) + "\n"


def is_standard(imported: tuple[str, str]) -> bool:
    return imported[0].split(".")[0] in sys.stdlib_module_names


def join_imports(imports: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A line a module, after those that import modules themselves."""
    yield from (f"import {module}" for module, name in imports if not name)
    named: dict[str, list[str]] = {}
    for module, name in imports:
        if name:
            named.setdefault(module, []).append(name)
    yield from (f"from {module} import {', '.join(names)}" for module, names in named.items())


def join_statements(statements: Sequence[Statement]) -> str:
    """Definitions one below the other, blank lines around functions and classes."""
    text, was_block = "", True
    for each in statements:
        text += ("\n\n" if each.is_block or was_block else "") + each.text + "\n"
        was_block = each.is_block
    return text
