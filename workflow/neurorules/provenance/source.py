"""The package's source as definitions: each module's top-level statements by name, and its imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
NAME = PACKAGE.name


@dataclass(frozen=True)
class Target:
    """What an imported name refers to.

    Attributes:
        module: dotted name.
        member: a name in the module; None for the module itself.
    """

    module: str
    member: str | None = None


@dataclass(eq=False)
class Source:
    """One parsed module.

    Attributes:
        name: dotted name; for a script, its path.
        is_package: whether it is an `__init__.py`.
        definitions: top-level statements that assign each name, in order. A name may have several.
        imports: what a name may refer to, from imports anywhere in the module. Names imported in functions count for
            the complete module, which covers too much rather than too little.
        effects: top-level statements that do more than assign a name: calls, loops, branches.
        top_imports: modules that are imported with this one.
    """

    name: str
    is_package: bool
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, set[Target]] = field(default_factory=dict)
    effects: list[ast.stmt] = field(default_factory=list)
    top_imports: list[Target] = field(default_factory=list)


@cache
def module_file(name: str) -> Path | None:
    """The file of a module of the package; None if there is none."""
    first, *rest = name.split(".")
    if first != NAME:
        return None
    base = PACKAGE.joinpath(*rest)
    for file in (base / "__init__.py", base.with_suffix(".py") if rest else base / "__init__.py"):
        if file.is_file():
            return file
    return None


@cache
def module_source(name: str) -> Source:
    """The parsed source of a module of the package.

    Raises:
        FileNotFoundError: no such module.
    """
    file = module_file(name)
    if file is None:
        raise FileNotFoundError(f"the package has no module {name}")
    return parse(file, name)


@cache
def parse(file: Path, name: str) -> Source:
    """Parse a file as the module `name`."""
    source = Source(name, file.name == "__init__.py")
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    for statement in without_type_checking(tree.body):
        _add(source, statement)
    for node in nodes(ast.Module(list(without_type_checking(tree.body)), [])):
        for bound, target in imported(node, source):
            source.imports.setdefault(bound, set()).add(target)
    return source


def nodes(tree: ast.AST) -> list[ast.AST]:
    """A tree's nodes in the order of `ast.walk`, without name contexts; several times faster."""
    found = [tree]
    for node in found:
        for name in node._fields:
            value = getattr(node, name, None)
            if value.__class__ is list:
                found.extend(item for item in value if isinstance(item, ast.AST))
            elif isinstance(value, ast.AST) and name != "ctx":
                found.append(value)
    return found


def _add(source: Source, statement: ast.stmt) -> None:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        source.top_imports += [target for _, target in imported(statement, source)]
        return
    if _is_text(statement):
        return
    for name in _bound(statement):
        source.definitions.setdefault(name, []).append(statement)
    plain = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or (
        isinstance(statement, ast.Assign | ast.AnnAssign)
        and all(isinstance(target, ast.Name) for target in _targets(statement))
        and not any(isinstance(node, ast.Call) for node in nodes(statement))
    )
    if not plain:
        source.effects.append(statement)
        # A branch may also import.
        for node in nodes(statement):
            source.top_imports += [target for _, target in imported(node, source)]


def _targets(statement: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return statement.targets if isinstance(statement, ast.Assign) else [statement.target]


def _bound(statement: ast.stmt) -> list[str]:
    """Names that a top-level statement assigns."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    names = [node.id for node in nodes(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [*names, *(node.name for node in nodes(statement) if isinstance(node, defined))]


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def without_type_checking(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements except those for type checkers only."""
    for statement in body:
        if isinstance(statement, ast.If) and _asks_type_checking(statement.test):
            yield from without_type_checking(statement.orelse)
        else:
            yield statement


def _asks_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def imported(node: ast.AST, source: Source) -> Iterator[tuple[str, Target]]:
    """Names that an import statement binds to parts of the package, each with its target."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.split(".")[0] == NAME:
                yield (alias.asname, Target(alias.name)) if alias.asname else (NAME, Target(NAME))
                if not alias.asname:  # `import neurorules.io.atomic` binds the package and imports the module
                    yield "", Target(alias.name)
    elif isinstance(node, ast.ImportFrom):
        module = _absolute(node, source)
        if module.split(".")[0] == NAME:
            for alias in node.names:
                full = f"{module}.{alias.name}"
                target = Target(full) if module_file(full) is not None else Target(module, alias.name)
                yield alias.asname or alias.name, target


def _absolute(node: ast.ImportFrom, source: Source) -> str:
    if node.level == 0:
        return node.module or ""
    parents = source.name.split(".")
    base = parents[: len(parents) - node.level + source.is_package]
    return ".".join([*base, *([node.module] if node.module else [])])
