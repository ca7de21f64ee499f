"""A hash of the code behind a result: of all definitions that its job can execute.

The hash does not cover complete files. It covers the functions, classes and constants that the job's script and its
plug-ins (learning rule, task, figure, reader) reach by name. Error texts, log lines, docstrings, annotations, comments
and formatting are left out, because they do not change results.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from neurorules.provenance.reach import Reach


@cache
def code_hash(script: Path, plugins: tuple[str, ...] = ()) -> str:
    """Hex digest of a job's code.

    Args:
        script: the script's path.
        plugins: dotted names below the package, e.g. "learning.eprop".

    Raises:
        FileNotFoundError: a plug-in does not exist.
    """
    digest = hashlib.sha256()
    for (module, name), code in sorted(reached(script, plugins).items()):
        digest.update(f"{module}.{name}\n{code}\n".encode())
    return digest.hexdigest()[:16]


def coverage(script: Path, plugins: Iterable[str] = ()) -> frozenset[tuple[str, str]]:
    """The definitions that a job's hash covers, as (dotted module, name).

    Arguments and errors: see `code_hash`.
    """
    return frozenset(reached(script, plugins))


def reached(script: Path, plugins: Iterable[str]) -> dict[tuple[str, str], str]:
    """Definitions that a job can execute, with their code."""
    reach = Reach()
    reach.script(Path(script).resolve())
    for plugin in plugins:
        reach.plugin(plugin)
    return reach.found
