"""How the package is built: which package may import which, how long a module is, and what a folder of plug-ins holds.

Read from the code's syntax trees; nothing is imported.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "workflow" / "neurorules"

# Lowest first. A package may import its own floor and those below. Modules are listed by the first part of their name.
FLOORS = (
    ("errors", "plugins", "options", "io"),
    ("provenance",),
    ("recordings", "network", "tasks"),
    ("learning",),
    ("runs", "imported"),
    ("training",),
    ("similarity", "dynamics", "statistics"),
    ("tables",),
    ("claims", "plotting"),
    ("figures",),
    ("study",),
    ("archive",),
    ("cli", "report", "__main__"),
    ("jobs",),
)
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}

# These may import less than their floor allows.
ONLY = {"provenance": {"errors", "io", "provenance"}}

MOST_LINES = 300


@dataclass(frozen=True)
class Import:
    """An import of a module, of the package or not, by its dotted name."""

    file: Path
    line: int
    importer: str  # below the package: "io.tables"; the package itself is ""
    imported: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(PACKAGE.parents[1])}:{self.line}: {self.importer} imports {self.imported}"


def dotted(file: Path, package: Path = PACKAGE) -> str:
    """The name of a module below the package."""
    parts = file.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def statements(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Every import that can run, including inside functions; imports for type checkers only cannot."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node
    children: list[ast.AST] = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        children = list(node.orelse)
    for child in children:
        yield from statements(child)


def imports_of(file: Path, package: Path = PACKAGE) -> Iterator[tuple[int, str]]:
    """Line and dotted name of whatever a module imports: `from a import b` is a.b, whether b is a module or not."""
    for statement in statements(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            yield from ((statement.lineno, alias.name) for alias in statement.names)
            continue
        origin = statement.module or ""
        if statement.level:
            here = (package.name, *file.relative_to(package).parent.parts)
            origin = ".".join([*here[: len(here) - statement.level + 1], *filter(None, [statement.module])])
        yield from ((statement.lineno, f"{origin}.{alias.name}") for alias in statement.names)


@cache
def modules(package: Path = PACKAGE) -> dict[str, Path]:
    return {dotted(file, package): file for file in sorted(package.rglob("*.py"))}


@cache
def inner_imports(package: Path = PACKAGE) -> tuple[Import, ...]:
    """Imports from one module of the package to another; of a name in a module, the module."""
    known, found = modules(package), []
    for importer, file in known.items():
        for line, name in imports_of(file, package):
            first, _, rest = name.partition(".")
            if first != package.name:
                continue
            imported = rest if rest in known else rest.rpartition(".")[0]
            assert imported in known, f"{file}:{line}: there is no {name}"
            found.append(Import(file, line, importer, imported))
    return tuple(found)


def wrong(lines: list[str]) -> str:
    return "\n" + "\n".join(lines)


def floor_of(module: str) -> int:
    """The package itself, which has a version and nothing else, is below all."""
    return FLOOR[module.partition(".")[0]] if module else -1


def test_every_module_has_a_floor() -> None:
    homeless = sorted({name.partition(".")[0] for name in modules()} - set(FLOOR) - {""})
    assert not homeless, f"not in FLOORS: {homeless}"
    assert set(FLOOR) <= {name.partition(".")[0] for name in modules()}, "FLOORS names what is not there"


def test_no_import_runs_upward() -> None:
    upward = [str(i) for i in inner_imports() if floor_of(i.imported) > floor_of(i.importer)]
    assert not upward, wrong(upward)


@pytest.mark.parametrize("name", ONLY)
def test_what_should_import_little_does(name: str) -> None:
    more = [
        str(i)
        for i in inner_imports()
        if i.importer.partition(".")[0] == name and i.imported.partition(".")[0] not in {*ONLY[name], ""}
    ]
    assert not more, wrong(more)


def circle(edges: dict[str, set[str]]) -> list[str] | None:
    """An import cycle, as the list of its modules; None if there is none."""
    done: set[str] = set()

    def follow(module: str, path: tuple[str, ...]) -> list[str] | None:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return None
        for other in sorted(edges.get(module, ())):
            if found := follow(other, (*path, module)):
                return found
        done.add(module)
        return None

    return next((found for module in sorted(edges) if (found := follow(module, ()))), None)


def test_no_imports_go_in_a_circle() -> None:
    edges: dict[str, set[str]] = {}
    for i in inner_imports():
        if i.imported != i.importer:
            edges.setdefault(i.importer, set()).add(i.imported)
    found = circle(edges) or []
    pairs = set(itertools.pairwise(found))
    assert not found, wrong([str(i) for i in inner_imports() if (i.importer, i.imported) in pairs])


def test_the_package_never_imports_snakemake() -> None:
    """So that it can be used, and tested, without."""
    found = [
        f"{file}:{line}: imports {name}"
        for file in modules().values()
        for line, name in imports_of(file)
        if name.split(".")[0] == "snakemake"
    ]
    assert not found, wrong(found)


def test_only_the_types_of_a_study_import_pydantic() -> None:
    """Jobs get resolved options as JSON and do not need it."""
    found = {
        name
        for name, file in modules().items()
        for _, imported in imports_of(file)
        if imported.split(".")[0].startswith("pydantic")
    }
    assert found and {name for name in found if not name.startswith("study.schema.")} == set()
    scripts = [file for file in PACKAGE.parent.joinpath("scripts").glob("*.py")]
    of_study = [f"{file}: {name}" for file in scripts for _, name in imports_of(file) if ".study" in name]
    assert scripts and not of_study, wrong(of_study)


def test_no_module_is_too_long() -> None:
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in modules().values()}
    long = [f"{file}:{MOST_LINES + 1}: {n} lines" for file, n in lengths.items() if n > MOST_LINES]
    assert not long, wrong(long)


# ---- folders of plug-ins


def plugin_folders() -> dict[Path, tuple[str, ...]]:
    """Folders of plug-ins with the names that a plug-in may define, from the `Plugins(...)` in their contracts."""
    found = {}
    for file in PACKAGE.rglob("base/*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Plugins":
                folder = ast.literal_eval(node.args[0])
                (members,) = [ast.literal_eval(keyword.value) for keyword in node.keywords if keyword.arg == "members"]
                assert PACKAGE.joinpath(*folder.split(".")) == file.parents[1], f"{file}:{node.lineno}: {folder}"
                found[file.parents[1]] = tuple(members)
    return found


def bound(file: Path) -> set[str]:
    """Names that a module binds at its top."""
    names: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    return names


def test_every_contract_stands_in_a_folder_of_plugins() -> None:
    bases = {folder.parent for folder in PACKAGE.rglob("base") if folder.is_dir()}
    assert bases == set(plugin_folders()) and len(bases) >= 6


def test_folders_of_plugins_hold_plugins_and_their_contract_alone() -> None:
    """A plug-in is a module or a package that defines part of what its contract requires."""
    others = []
    for folder, members in plugin_folders().items():
        for path in sorted(folder.iterdir()):
            file = path / "__init__.py" if path.is_dir() else path
            if path.name in ("base", "__pycache__"):
                continue
            if path.name == "__init__.py":
                if bound(file):
                    others.append(f"{file}:1: the folder itself defines {', '.join(sorted(bound(file)))}")
            elif not file.is_file() or file.suffix != ".py" or not bound(file) & set(members):
                others.append(f"{path}:1: is no plug-in: it defines none of {', '.join(members)}")
    assert not others, wrong(others)


# ---- the checks themselves, on a small package


@pytest.fixture
def small(tmp_path: Path) -> Path:
    package = tmp_path / "small"
    (package / "a").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "a/__init__.py": "",
        "a/one.py": "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from small.b import only_a_type\nelse:\n    import small.a.two\n",
        "a/two.py": "def f():\n    if f:\n        from ..b import g\n",
        "b.py": "import os\nfrom small.a import one\nfrom small.a.one import name\n",
    }.items():
        (package / name).write_text(text)
    return package


def test_imports_are_found_where_they_stand(small: Path) -> None:
    found = {(i.importer, i.line, i.imported) for i in inner_imports(small)}
    assert found == {("a.one", 6, "a.two"), ("a.two", 3, "b"), ("b", 2, "a.one"), ("b", 3, "a.one")}


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None
