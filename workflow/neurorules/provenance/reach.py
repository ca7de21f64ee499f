"""The definitions that a job can execute, found by following names from its script and its plug-ins.

The search follows a module's names, imported names, attributes of imported modules, base classes, decorators and
defaults. A class is one definition with all its methods, because the object decides which method a call reaches.
Importing a module runs its top-level statements, so they count. If a module itself is passed on, all of it counts. A
plug-in is loaded by name, so the members in its contract count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from neurorules.provenance.references import References, references
from neurorules.provenance.source import NAME, Source, Target, module_file, module_source, nodes, parse
from neurorules.provenance.telling import reads_annotations, tells
from neurorules.provenance.words import without_words

EFFECTS = "(top level)"  # cannot be the name of anything else
SCRIPT = "(script)"

# These load modules by a name that is not in their source. The job lists its plug-ins; other modules are not ours.
LOADS_BY_NAME = {f"{NAME}.plugins", f"{NAME}.tasks.neurogym"}


class Reach:
    """The definitions reached from some starting points.

    Attributes:
        found: code of each definition, without texts, by (module, name).
    """

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], str] = {}
        self._waiting: list[tuple[Source, str]] = []
        self._run: set[str] = set()
        self._whole: set[str] = set()

    def script(self, file: Path) -> None:
        """Add what a script executes when it runs."""
        self._import_of(parse(file, SCRIPT))
        self._follow()

    def plugin(self, name: str) -> None:
        """Add a plug-in by its dotted name in the package, with the members in its contract.

        A name after a colon adds this member too.
        """
        name, _, only = name.partition(":")
        module = f"{NAME}.{name}"
        source = module_source(module)
        members = (only,) if only else contract_members(name.rpartition(".")[0])
        self._import(module)
        for member in source.definitions if members is None else members:
            self.member(module, member, needed=False)
        self._follow()

    def member(self, module: str, name: str, needed: bool = True) -> None:
        """Add a name of a module, defined or imported there; if there is no such name, the complete module."""
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
            for _, referred in codes:
                self._follow_references(source, referred)

    def _reach(self, source: Source, name: str) -> None:
        if (source.name, name) not in self.found:
            self.found[source.name, name] = ""
            self._import_of(source)
            self._waiting.append((source, name))

    def _import(self, module: str) -> None:
        """Add an imported module and its parent packages."""
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

    def _follow_references(self, source: Source, references: References) -> None:
        for module in references.imports:
            self._import(module)
        for name in references.names:
            self._name(source, name)
        for base, attributes in references.attributes:
            self._attribute(source, base, list(attributes))
        if references.loads_by_name:
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


@cache
def _code(source: Source, statement: ast.stmt) -> tuple[str, References]:
    """A statement's code without texts, and the names that it refers to."""
    stripped = without_words(
        statement,
        lambda function: tells(source, function),
        lambda definition: reads_annotations(source, definition),
    )
    return as_text(stripped), references(source, stripped)


def as_text(node: object) -> str:
    """A syntax tree as text, the same in every Python version: empty fields are left out."""
    if isinstance(node, ast.AST):
        fields = ((name, getattr(node, name, None)) for name in node._fields if name not in ("ctx", "type_comment"))
        inner = ",".join(f"{name}={as_text(value)}" for name, value in fields if value is not None and value != [])
        return f"{type(node).__name__}({inner})"
    if isinstance(node, list):
        return f"[{','.join(map(as_text, node))}]"
    return repr(node)


@cache
def contract_members(folder: str) -> tuple[str, ...] | None:
    """Members in the contract of a folder of plug-ins; None if it does not list any.

    They are read from `Plugins(..., members=(...))` in the folder's package `base`.
    """
    base = module_file(f"{NAME}.{folder}.base")
    for file in sorted(base.parent.glob("*.py")) if base is not None else ():
        for node in nodes(ast.parse(file.read_text(encoding="utf-8"))):
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
