"""What a result was made by: a hash over the code that its script reaches, and versions.

The hash is over syntax trees without docstrings, so that comments and formatting change nothing. It covers the
script, the package modules that it reaches by import, and the plug-ins (learning rule, task, figure, reader) that
the job names, which are loaded by name and so are not seen by following imports.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
NAME = PACKAGE.name

# What is said to the user about a job, and cannot change its result: better words retrain nothing.
WORDS_ONLY = ("errors.py", "jobs.py", "training/progress.py")


def code_hash(script: str | Path, plugins: tuple[str, ...] = ()) -> str:
    """Hex digest of the code behind a job.

    Args:
        script: the script's path.
        plugins: dotted names below the package, e.g. "learning.eprop".

    Raises:
        FileNotFoundError: a plug-in does not exist.
    """
    files: set[Path] = set()
    spared = {PACKAGE / name for name in WORDS_ONLY}
    waiting = [Path(script).resolve(), *(_module_file(PACKAGE, name.split(".")) for name in plugins)]
    while waiting:
        file = waiting.pop()
        if file is None:
            raise FileNotFoundError(f"one of the plug-ins {plugins} has no file under {PACKAGE}")
        if file not in files and file not in spared:
            files.add(file)
            waiting.extend(_imports(file))
    digest = hashlib.sha256()
    for tree in sorted(_tree(file) for file in files):
        digest.update(tree.encode())
    return digest.hexdigest()[:16]


@cache
def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), str(file))


@cache
def _tree(file: Path) -> str:
    """The syntax tree as text, docstrings left out."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and body:
            first = body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = body[1:]
    return f"{file.name}\n{ast.dump(tree)}"


@cache
def _imports(file: Path) -> tuple[Path, ...]:
    """Package files that a file imports, at the top or inside functions; not what only type checkers see."""
    found: set[Path] = set()
    for node in _runtime_nodes(_parsed(file)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == NAME:
                found.update(f for n in range(1, len(parts) + 1) if (f := _module_file(PACKAGE, parts[1:n])))
    return tuple(sorted(found))


def _runtime_nodes(node: ast.AST) -> list[ast.AST]:
    nodes = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            child = ast.Module(child.orelse, [])
        nodes.append(child)
        nodes.extend(_runtime_nodes(child))
    return nodes


def _module_file(root: Path, parts: list[str]) -> Path | None:
    base = root.joinpath(*parts)
    for file in (base.with_suffix(".py") if parts else base / "__init__.py", base / "__init__.py"):
        if file.is_file():
            return file
    return None


def versions() -> dict[str, str]:
    """Versions of what numbers depend on. Nothing is imported for it; what is not installed is left out."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from neurorules import __version__

    found = {"neurorules": __version__, "python": platform.python_version()}
    for package in ("torch", "numpy", "scipy", "xarray", "netCDF4", "neurogym"):
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
