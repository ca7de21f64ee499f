"""Which definitions a job can execute, found by following names from its script and its plug-ins.

What is followed: names of a module, names that it imports, attributes of imported modules, base classes, decorators and
defaults. A class is one definition with all of its methods, since which of them a call reaches depends on the object.
A module that is imported runs its top-level statements, so that these are part of it. Where a module itself is handed
on, all of it counts; a plug-in, which is loaded by name, counts with the members that its contract names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from neurorules.provenance.source import NAME, Source, Target, imported, module_file, module_source, parse
from neurorules.provenance.words import ANNOTATIONS_UNREAD, BUILTIN_ERRORS, makes_an_error, without_words

EFFECTS = "(top level)"  # not a name that anything else can have
SCRIPT = "(script)"

# These load modules by a name that is not written there. Plug-ins are named by the job; the others are not ours.
LOADS_BY_NAME = {f"{NAME}.plugins", f"{NAME}.tasks.neurogym"}
LOADING = {"import_module", "__import__", "exec", "eval"}


class Reach:
    """What is reached from some definitions.

    Attributes:
        found: the definitions, as (module, name), each with its code, words left out.
    """

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], str] = {}
        self._waiting: list[tuple[Source, str]] = []
        self._run: set[str] = set()
        self._whole: set[str] = set()

    def script(self, file: Path) -> None:
        """What a script does when it runs."""
        self._import_of(parse(file, SCRIPT))
        self._follow()

    def plugin(self, name: str) -> None:
        """A plug-in by its dotted name below the package, with the members that its contract names."""
        module = f"{NAME}.{name}"
        source = module_source(module)
        members = contract_members(name.rpartition(".")[0])
        self._import(module)
        for member in source.definitions if members is None else members:
            self.member(module, member, needed=False)
        self._follow()

    def member(self, module: str, name: str, needed: bool = True) -> None:
        """A name of a module, which may have it from elsewhere; the whole module where it is none of its names."""
        source = module_source(module)
        if name in source.definitions:
            self._reach(source, name)
        elif name in source.imports:
            for target in source.imports[name]:
                self._target(target)
        elif needed:
            self._all_of(module)

    # ---- following

    def _follow(self) -> None:
        while self._waiting:
            source, name = self._waiting.pop()
            statements = source.effects if name == EFFECTS else source.definitions[name]
            codes = [_code(source, statement) for statement in statements]
            self.found[source.name, name] = "\n".join(text for text, _ in codes)
            for _, stripped in codes:
                self._names_in(source, stripped)

    def _reach(self, source: Source, name: str) -> None:
        if (source.name, name) not in self.found:
            self.found[source.name, name] = ""
            self._import_of(source)
            self._waiting.append((source, name))

    def _import(self, module: str) -> None:
        """A module is imported, and the packages that it is in before it."""
        parts = module.split(".")
        for count in range(1, len(parts) + 1):
            name = ".".join(parts[:count])
            if name not in self._run and module_file(name) is not None:
                self._import_of(module_source(name))

    def _import_of(self, source: Source) -> None:
        if source.name in self._run:
            return
        self._run.add(source.name)
        if source.name != SCRIPT:
            self._import(source.name)
        for target in source.top_imports:
            self._import(target.module)
        if source.effects:
            self._reach(source, EFFECTS)

    def _all_of(self, module: str) -> None:
        if module in self._whole:
            return
        self._whole.add(module)
        self._import(module)
        source = module_source(module)
        for name in source.definitions:
            self._reach(source, name)

    def _target(self, target: Target) -> None:
        self._import(target.module)
        if target.member is None:
            self._all_of(target.module)
        else:
            self.member(target.module, target.member)

    def _names_in(self, source: Source, tree: ast.AST) -> None:
        through: set[int] = set()  # names that are the base of an attribute that was followed
        for node in ast.walk(tree):
            for _, target in imported(node, source):
                self._import(target.module)
            if isinstance(node, ast.Attribute) and (chain := _chain(node)) and id(chain[0]) not in through:
                through.add(id(chain[0]))
                self._attribute(source, chain[0].id, chain[1])
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in through:
                self._name(source, node.id)
            if (isinstance(node, ast.Name) and node.id in LOADING) or getattr(node, "attr", None) in LOADING:
                self._loads_by_name(source)

    def _name(self, source: Source, name: str) -> None:
        if name in source.definitions:
            self._reach(source, name)
        for target in source.imports.get(name, ()):
            self._target(target)

    def _attribute(self, source: Source, base: str, attributes: list[str]) -> None:
        if base in source.definitions:
            self._reach(source, base)
        for target in source.imports.get(base, ()):
            module, rest = target.module, list(attributes)
            if target.member is not None:
                self._target(target)
                continue
            while rest and module_file(f"{module}.{rest[0]}") is not None:
                module = f"{module}.{rest.pop(0)}"
            self._import(module)
            if rest:
                self.member(module, rest[0], needed=not rest[0].startswith("__"))
            else:
                self._all_of(module)

    def _loads_by_name(self, source: Source) -> None:
        if any(source.name == known or source.name.startswith(f"{known}.") for known in LOADS_BY_NAME):
            return
        for module in all_modules():
            self._all_of(module)


def _chain(node: ast.Attribute) -> tuple[ast.Name, list[str]] | None:
    """The name that a chain of attributes begins with, and the attributes; None where it begins with another thing."""
    attributes: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        attributes.insert(0, inner.attr)
        inner = inner.value
    return (inner, attributes) if isinstance(inner, ast.Name) else None


@cache
def _code(source_key: Source, statement: ast.stmt) -> tuple[str, ast.stmt]:
    """A statement's code without words, as text and as a tree."""
    source = source_key
    stripped = without_words(
        statement,
        lambda function: _tells(source, function),
        lambda definition: _reads_annotations(source, definition),
    )
    return as_text(stripped), stripped


def _tells(source: Source, function: ast.expr) -> bool:
    """Whether a call of this makes an error: a class of errors, or a function that says that it returns one."""
    if isinstance(function, ast.Attribute):
        chain = _chain(function)
        if chain is not None and chain[0].id in source.imports and len(chain[1]) == 1:
            modules = [target.module for target in source.imports[chain[0].id] if target.member is None]
            return any(_is_error(module_source(module), chain[1][0]) for module in modules if module_file(module))
        return any(
            _makes_an_error(source, node)
            for statements in source.definitions.values()
            for statement in statements
            if isinstance(statement, ast.ClassDef)
            for node in statement.body
            if getattr(node, "name", None) == function.attr
        )
    if not isinstance(function, ast.Name):
        return False
    if _is_error(source, function.id):
        return True
    return any(  # a function within a function
        isinstance(node, ast.FunctionDef) and node.name == function.id and _makes_an_error(source, node)
        for statements in source.definitions.values()
        for statement in statements
        if isinstance(statement, ast.FunctionDef)
        for node in statement.body
    )


_asking: set[int] = set()  # functions that return each other's errors


def _makes_an_error(source: Source, definition: ast.AST) -> bool:
    if id(definition) in _asking:
        return False
    _asking.add(id(definition))
    try:
        return makes_an_error(definition, lambda function: _tells(source, function))
    finally:
        _asking.remove(id(definition))


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


def _reads_annotations(source: Source, definition: ast.ClassDef) -> bool:
    """Whether a class has a base that is not of the package and may look at annotations."""
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
                    if isinstance(statement, ast.ClassDef) and _reads_annotations(place, statement):
                        return True
    return False


def as_text(node: object) -> str:
    """A syntax tree as text that is the same in every version of Python: without what is empty."""
    if isinstance(node, ast.AST):
        fields = ((name, getattr(node, name, None)) for name in node._fields if name not in ("ctx", "type_comment"))
        inner = ",".join(f"{name}={as_text(value)}" for name, value in fields if value is not None and value != [])
        return f"{type(node).__name__}({inner})"
    if isinstance(node, list):
        return f"[{','.join(map(as_text, node))}]"
    return repr(node)


@cache
def contract_members(folder: str) -> tuple[str, ...] | None:
    """The members that the contract of a folder of plug-ins names; None where it names none.

    They are read from the `Plugins(..., members=(...))` in the folder's package `base`.
    """
    base = module_file(f"{NAME}.{folder}.base")
    for file in sorted(base.parent.glob("*.py")) if base is not None else ():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Plugins":
                for keyword in node.keywords:
                    if keyword.arg == "members":
                        return tuple(ast.literal_eval(keyword.value))
    return None


def all_modules() -> Iterable[str]:
    """Dotted names of all modules of the package."""
    root = module_file(NAME)
    assert root is not None
    for file in sorted(root.parent.rglob("*.py")):
        parts = file.relative_to(root.parent).with_suffix("").parts
        yield ".".join([NAME, *(parts[:-1] if parts[-1] == "__init__" else parts)])
