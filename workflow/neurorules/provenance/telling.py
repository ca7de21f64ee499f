"""Which calls only create an error or print a message, and which classes read their annotations."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache

from neurorules.provenance.references import chain_of
from neurorules.provenance.source import Source, module_file, module_source
from neurorules.provenance.words import ANNOTATIONS_UNREAD, BUILTIN_ERRORS, FUNCTIONS, makes_an_error


def tells(source: Source, function: ast.expr) -> bool:
    """Whether a call of this function creates an error: a class of errors, or a function annotated to return one."""
    if isinstance(function, ast.Attribute):
        chain = chain_of(function)
        if chain is not None and chain[0].id in source.imports and len(chain[1]) == 1:
            modules = [target.module for target in source.imports[chain[0].id] if target.member is None]
            return any(_is_error(module_source(module), chain[1][0]) for module in modules if module_file(module))
        return any(_makes_an_error(source, node) for node in _within(source, ast.ClassDef).get(function.attr, ()))
    if not isinstance(function, ast.Name):
        return False
    if _is_error(source, function.id):
        return True
    return any(_makes_an_error(source, node) for node in _within(source, ast.FunctionDef).get(function.id, ()))


@cache
def _within(source: Source, kind: type[ast.ClassDef | ast.FunctionDef]) -> dict[str, list[ast.AST]]:
    """Methods of a module's classes, or nested functions of its functions, by name."""
    found: dict[str, list[ast.AST]] = defaultdict(list)
    for statement in (s for statements in source.definitions.values() for s in statements if isinstance(s, kind)):
        for node in statement.body:
            if isinstance(node, FUNCTIONS):
                found[node.name].append(node)
    return found


_asking: set[int] = set()  # functions that return each other's errors
_known: dict[ast.AST, bool] = {}  # answers that no pending question depends on


def _makes_an_error(source: Source, definition: ast.AST) -> bool:
    if definition in _known:
        return _known[definition]
    if id(definition) in _asking:
        return False
    _asking.add(id(definition))
    try:
        answer = makes_an_error(definition, lambda function: tells(source, function))
    finally:
        _asking.remove(id(definition))
    if not _asking:
        _known[definition] = answer
    return answer


def _is_error(source: Source, name: str, depth: int = 0) -> bool:
    if depth > 10:
        return False
    for statement in source.definitions.get(name, ()):
        if _makes_an_error(source, statement):
            return True
        if isinstance(statement, ast.ClassDef):
            return any(
                isinstance(base, ast.Name) and (base.id in BUILTIN_ERRORS or _is_error(source, base.id, depth + 1))
                for base in statement.bases
            )
    return any(
        target.member is not None and _is_error(module_source(target.module), target.member, depth + 1)
        for target in source.imports.get(name, ())
    )


def reads_annotations(source: Source, definition: ast.ClassDef) -> bool:
    """Whether a class has a base from outside the package, which may read annotations."""
    for base in definition.bases:
        name = getattr(base, "id", getattr(getattr(base, "value", None), "id", None))
        if name is None:
            return True
        ours = name in source.definitions or name in source.imports
        if not ours and name not in ANNOTATIONS_UNREAD and name not in BUILTIN_ERRORS:
            return True
        if ours:
            places = [(source, name)] if name in source.definitions else []
            places += [(module_source(t.module), t.member) for t in source.imports.get(name, ()) if t.member]
            for place, member in places:
                for statement in place.definitions.get(member, ()):
                    if isinstance(statement, ast.ClassDef) and reads_annotations(place, statement):
                        return True
    return False
