"""Code without its texts: without docstrings, annotations, and the text of errors and log lines.

Better wording retrains nothing. Text is left out if only people can read it: in errors, prints and warnings, and in
local variables that are not used elsewhere. A constant without a space, such as a key, is kept where a function of the
package might read it.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator
from typing import Any

from neurorules.provenance.source import nodes

# Tells whether a call of this function only gives a message to a person.
Tells = Callable[[ast.expr], bool]

TELLING_FUNCTIONS = {"print", "Progress"}
TELLING_METHODS = {"warn", "warning", "info", "debug", "exception", "critical"}
TEXT_METHODS = {"join", "format", "strip", "rstrip", "lstrip", "removesuffix", "removeprefix", "replace", "capitalize"}
GROWING_METHODS = {"append", "extend", "insert"}
# Replaces what a person reads.
WORDS = "words"

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef

# Annotations of a class that has only these bases are not read at run time.
ANNOTATIONS_UNREAD = {"Protocol", "NamedTuple", "Exception", "ABC", "Mapping", "object", "Generic"}

BUILTIN_ERRORS = {name for name, value in vars(builtins).items() if isinstance(value, type)} & {
    name
    for name in dir(builtins)
    if isinstance(getattr(builtins, name), type) and issubclass(getattr(builtins, name), BaseException)
}


def without_words(statement: ast.stmt, tells: Tells, reads_annotations: Callable[[ast.ClassDef], bool]) -> ast.stmt:
    """A copy of a definition without its texts.

    Args:
        statement: a definition, or another statement.
        tells: whether a call of this function creates an error of the package or prints a message.
        reads_annotations: whether a class's annotations may matter at run time (as in Pydantic).
    """
    copy = _copy(statement)
    holder = ast.Module([copy], [])
    every = nodes(holder)
    functions: list[ast.AST] = [node for node in every if isinstance(node, FUNCTIONS)]
    making_errors = {id(node) for node in functions if makes_an_error(node, tells)}
    for node in every:
        _drop_docstring(node)
        _drop_annotations(node, reads_annotations)
        if isinstance(node, ast.Assert):
            node.msg = None
        elif isinstance(node, ast.Dict):
            _blank_descriptions(node)
        elif isinstance(node, ast.ClassDef) and any(_last(base) in BUILTIN_ERRORS for base in node.bases):
            _blank_sentences(node)
    for scope in functions or [holder]:
        _blank_in(scope, tells, id(scope) in making_errors)
    return holder.body[0] if holder.body else ast.Pass()


def _copy(node: Any) -> Any:
    """A copy of a tree without source positions; `copy.deepcopy` takes ten times as long."""
    if isinstance(node, ast.AST):
        new = type(node)()
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST | list) and name != "ctx":
                value = _copy(value)
            setattr(new, name, value)
        return new
    return [_copy(item) if isinstance(item, ast.AST) else item for item in node]


def makes_an_error(definition: ast.AST, tells: Tells) -> bool:
    """Whether a function returns only errors, or ends with one."""
    if not isinstance(definition, FUNCTIONS):
        return False
    inner = {id(node) for child in definition.body if isinstance(child, FUNCTIONS) for node in nodes(child)}
    returned = [node.value for node in nodes(definition) if isinstance(node, ast.Return) and id(node) not in inner]
    if not returned:
        return isinstance(definition.body[-1], ast.Raise)
    return all(isinstance(value, ast.Call) and _is_telling(value, tells) for value in returned)


def _last(expression: ast.expr) -> str:
    """The last name of `a.b.c`, or of a name."""
    if isinstance(expression, ast.Subscript):
        return _last(expression.value)
    return getattr(expression, "attr", getattr(expression, "id", ""))


def _drop_docstring(node: ast.AST) -> None:
    if isinstance(node, ast.Module | ast.ClassDef | FUNCTIONS):
        node.body = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]


def _drop_annotations(node: ast.AST, reads_annotations: Callable[[ast.ClassDef], bool]) -> None:
    if isinstance(node, FUNCTIONS):
        node.returns = None
    if isinstance(node, ast.arg):
        node.annotation = None
    for name in ("body", "orelse", "finalbody"):
        body = getattr(node, name, None)
        if not isinstance(body, list) or (isinstance(node, ast.ClassDef) and reads_annotations(node)):
            continue
        kept: list[ast.AST] = []
        for statement in body:
            if not isinstance(statement, ast.AnnAssign) or _is_variable_of(statement.annotation):
                kept.append(statement)
            elif statement.value is not None:
                kept.append(ast.Assign([statement.target], statement.value))
            elif isinstance(node, ast.ClassDef):  # a dataclass field, in its place among the others
                kept.append(ast.Expr(statement.target))
        setattr(node, name, kept)


def _is_variable_of(annotation: ast.expr) -> bool:
    """Whether an annotation is ClassVar or InitVar, which dataclasses read."""
    return isinstance(annotation, ast.Subscript) and _last(annotation.value) in ("ClassVar", "InitVar")


def _blank_descriptions(node: ast.Dict) -> None:
    """Blank the descriptions in a schema."""
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == "description":
            _blank(value, any_constant=True)


def _blank_sentences(node: ast.AST) -> None:
    """Blank every text of more than one word in a class of errors."""
    for child in nodes(node):
        if isinstance(child, ast.JoinedStr):
            _blank(child, any_constant=True)
        elif isinstance(child, ast.Constant) and isinstance(child.value, str) and " " in child.value:
            child.value = WORDS


def _blank_in(scope: ast.AST, tells: Tells, makes_error: bool) -> None:
    """Blank messages in a function, and local variables that are used only for them."""
    told: set[int] = set()

    def tell(expression: ast.expr | None, any_constant: bool = False) -> None:
        if expression is not None:
            told.update(_blank(expression, any_constant))

    inside = nodes(scope)
    for node in inside:
        if isinstance(node, ast.Call) and _is_telling(node, tells):
            for argument in node.args:
                tell(argument)
            for keyword in node.keywords:
                if keyword.arg not in ("key", "file", "value"):
                    tell(keyword.value, any_constant=keyword.arg in ("problem", "remedy"))
        elif isinstance(node, ast.Return) and makes_error:
            tell(node.value)
    if not told or not isinstance(scope, FUNCTIONS):
        return
    given: dict[str, list[ast.expr]] = {}
    unread: set[int] = set()  # uses of a name that do not read its text
    for node in inside:
        for name, value, base in _assigned(node):
            given.setdefault(name, []).append(value)
            unread |= {id(base)} if base is not None else set()
        if (asked := _asked(node)) is not None:
            unread.add(id(asked))
    uses: dict[str, list[int]] = {}
    for node in inside:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in unread:
            uses.setdefault(node.id, []).append(id(node))
    size = 0
    while size != len(told):
        size = len(told)
        for name, values in given.items():
            if name in uses and all(use in told for use in uses[name]):
                for value in values:
                    tell(value, any_constant=True)


def _asked(node: ast.AST) -> ast.expr | None:
    """The expression whose emptiness or length a statement tests."""
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        return node.test
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    if isinstance(node, ast.Call) and _last(node.func) == "len" and node.args:
        return node.args[0]
    return None


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr, ast.Name | None]]:
    """Names to which a statement assigns text, the text, and the assigned node."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value, None
            elif (
                isinstance(target, ast.Tuple)
                and isinstance(node.value, ast.Tuple)
                and len(target.elts) == len(node.value.elts)
            ):
                for one, value in zip(target.elts, node.value.elts, strict=True):
                    if isinstance(one, ast.Name):
                        yield one.id, value, None
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value, None
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in GROWING_METHODS
        and isinstance(node.func.value, ast.Name)
    ):
        for argument in node.args:
            yield node.func.value.id, argument, node.func.value


def _is_telling(call: ast.Call, tells: Tells) -> bool:
    name = _last(call.func)
    if isinstance(call.func, ast.Attribute) and name in TELLING_METHODS:
        return True
    return name in TELLING_FUNCTIONS or name in BUILTIN_ERRORS or name.endswith("Error") or tells(call.func)


def _blank(expression: ast.expr, any_constant: bool = False) -> set[int]:
    """Blank the text that only a person reads in an expression; returns the ids of the names that it shows."""
    if isinstance(expression, ast.Name):
        return {id(expression)}
    if isinstance(expression, ast.Constant):
        if isinstance(expression.value, str) and (any_constant or " " in expression.value):
            expression.value = WORDS if expression.value else ""  # an empty text means that there is no message
        return set()
    if isinstance(expression, ast.JoinedStr):
        # One placeholder per shown value: how a sentence is split into parts does not matter.
        shown = [part for part in expression.values if isinstance(part, ast.FormattedValue)]
        words: list[ast.expr] = [ast.Constant(WORDS)] if len(shown) < len(expression.values) else []
        expression.values = [*words, *shown]
        return set().union(*(_blank(part, True) for part in shown))
    if isinstance(expression, ast.FormattedValue):
        expression.format_spec, expression.conversion = None, -1
        return _blank(expression.value, True)
    parts: list[ast.expr] = []
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add | ast.Mod):
        parts = [expression.left, expression.right]
    elif isinstance(expression, ast.IfExp):
        parts = [expression.body, expression.orelse]
    elif isinstance(expression, ast.BoolOp):
        parts = expression.values
    elif isinstance(expression, ast.Tuple | ast.List | ast.Set):
        parts = expression.elts
    elif isinstance(expression, ast.Starred):
        parts = [expression.value]
    elif isinstance(expression, ast.ListComp | ast.GeneratorExp):
        parts = [expression.elt]
    elif isinstance(expression, ast.Call) and _is_text_call(expression):
        parts = [*([expression.func.value] if isinstance(expression.func, ast.Attribute) else []), *expression.args]
    return set().union(*(_blank(part, any_constant) for part in parts))


def _is_text_call(call: ast.Call) -> bool:
    return (isinstance(call.func, ast.Attribute) and call.func.attr in TEXT_METHODS) or _last(call.func) == "str"
