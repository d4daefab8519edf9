"""Small changes of a program, each of which should make some test fail: the sites in a module's syntax tree."""

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType

Change = Callable[[], None]
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
NO_VALUE = ast.Constant(None)


@dataclass(frozen=True)
class Mutant:
    """One change of one file: where, in which outermost function ("": while it is imported), from what to what."""

    path: Path
    index: int
    line: int
    statement: int
    """The line of the innermost statement that holds it."""
    function: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}:{self.line}: {self.before} → {self.after}"


@dataclass(frozen=True)
class Site:
    """A change that can be made, and the node whose text it changes."""

    node: ast.AST
    change: Change
    statement: int
    function: str


class Sites(ast.NodeVisitor):
    """All sites of a module, in the order of the text; annotations, docstrings and assertions are none.

    An annotation of a field of a class is one: it holds the limits that a spec is held to.
    """

    def __init__(self) -> None:
        self.found: list[Site] = []
        self.scope: list[str] = []
        self.function = ""
        self.statement = 0

    def visit(self, node: ast.AST) -> None:
        before = self.statement
        if isinstance(node, ast.stmt):
            self.statement = node.lineno
        for change in changes(node, self.function):
            self.found.append(Site(node, change, self.statement, self.function))
        super().visit(node)
        self.statement = before

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for outside in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(outside)
        outer, self.function = self.function, self.function or ".".join([*self.scope, node.name])
        for each in node.body[bool(ast.get_docstring(node)) :]:
            self.visit(each)
        self.function = outer

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.scope.append(node.name)
        for each in (*node.decorator_list, *node.body):
            self.visit(each)
        self.scope.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if self.scope and not self.function and isinstance(node.annotation, ast.Subscript):
            self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)

    def visit_Assert(self, node: ast.Assert) -> None:
        """It tells the type checker what is so; to weaken it changes nothing."""

    def visit_keyword(self, node: ast.keyword) -> None:
        """`strict` of `zip` is an assertion, too."""
        if node.arg != "strict":
            self.visit(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                self.visit(value.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.visit(node.value)


def changes(node: ast.AST, function: str) -> Iterator[Change]:
    """What can be changed in one node."""
    match node:
        case ast.Compare():
            for position, each in enumerate(node.ops):
                yield partial(node.ops.__setitem__, position, COMPARISONS[type(each)]())
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in OPERATORS:
            if function or not isinstance(op, ast.BitOr):  # a union of types
                yield lambda: setattr(node, "op", OPERATORS[type(op)]())
        case ast.BoolOp(op=op):
            yield lambda: setattr(node, "op", ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert()):
            yield lambda: become(node, node.operand)
        case ast.Constant(value=bool(value)):
            yield lambda: setattr(node, "value", not value)
        case ast.Constant(value=int(value) | float(value)):
            yield lambda: setattr(node, "value", value + 1)
        case ast.Constant(value=str(value)) if value:
            yield lambda: setattr(node, "value", f"XX{value}")
        case ast.Constant(value=bytes(value)) if value:
            yield lambda: setattr(node, "value", b"XX" + value)
        case ast.Name(id=name) if name in NAMES:
            yield lambda: setattr(node, "id", NAMES[name])
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            if not isinstance(test, ast.Compare):  # whose operators are changed anyway
                yield lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), test))
        case ast.comprehension(ifs=[test, *_]):
            yield lambda: setattr(node, "ifs", [])
        case ast.Return(value=ast.expr() as value) | ast.Assign(value=value):
            if function and not (isinstance(value, ast.Constant) and value.value in (None, True, False)):
                yield lambda: setattr(node, "value", NO_VALUE)
        case ast.Expr(value=ast.Call()) | ast.Raise():
            yield lambda: become(node, ast.Pass())
        case ast.Continue():
            yield lambda: become(node, ast.Break())
        case ast.Break():
            yield lambda: become(node, ast.Continue())


def become(node: ast.AST, other: ast.AST) -> None:
    """Make a node another one in its place."""
    where = {name: getattr(node, name) for name in node._attributes}
    node.__class__ = other.__class__  # type: ignore[assignment]
    node.__dict__ = dict(vars(other)) | where


def sites(tree: ast.Module) -> list[Site]:
    """The sites of a module."""
    found = Sites()
    found.visit(tree)
    return found.found


def mutants(path: Path) -> list[Mutant]:
    """All mutants of a file."""
    source = path.read_text(encoding="utf-8")
    return [described(path, source, index) for index in range(len(sites(ast.parse(source))))]


def described(path: Path, source: str, index: int) -> Mutant:
    """A mutant, with the text of the statement or expression before and after."""
    site = sites(ast.parse(source))[index]
    before = first_line(site.node)
    line = getattr(site.node, "lineno", site.statement)
    site.change()
    return Mutant(
        path, index, line, site.statement, site.function, before, first_line(ast.fix_missing_locations(site.node))
    )


def first_line(node: ast.AST) -> str:
    """The code of a node, without what follows in an indented block."""
    return ast.unparse(ast.fix_missing_locations(deepcopy(node))).splitlines()[0]


def mutated(mutant: Mutant) -> ast.Module:
    """The syntax tree of the file with the change made."""
    tree = ast.parse(mutant.path.read_text(encoding="utf-8"))
    sites(tree)[mutant.index].change()
    return ast.fix_missing_locations(tree)


class Noting(ast.NodeTransformer):
    """Puts before every statement of a function a note that its line was reached."""

    def __init__(self, noted: str) -> None:
        self.noted, self.inside = noted, False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outer, self.inside = self.inside, True
        self.generic_visit(node)
        self.inside = outer
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if self.inside:
            for name, block in ast.iter_fields(node):
                if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                    setattr(node, name, [each for one in block for each in (self.note(one), one)])
        return node

    def note(self, statement: ast.stmt) -> ast.stmt:
        call = ast.Call(ast.Name(self.noted, ast.Load()), [ast.Constant(statement.lineno)], [])
        return ast.copy_location(ast.Expr(call), statement)


def noting(path: Path, noted: str) -> ast.Module:
    """The syntax tree of a file, with a call of the builtin `noted` before every statement of a function."""
    return ast.fix_missing_locations(Noting(noted).visit(ast.parse(path.read_text(encoding="utf-8"))))


def code_objects(tree: ast.Module, path: Path) -> dict[tuple[str, int], CodeType]:
    """The code of every function of a module, by its qualified name and first line."""
    found, waiting = {}, [compile(tree, str(path), "exec")]
    while waiting:
        code = waiting.pop()
        found[code.co_qualname, code.co_firstlineno] = code
        waiting += [each for each in code.co_consts if isinstance(each, CodeType)]
    return found
