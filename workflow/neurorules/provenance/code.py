"""What a result was made by: a hash over the definitions that its job can execute.

The hash covers functions, classes and constants, reached by name from the job's script and from the plug-ins (learning
rule, task, figure, reader) that the job names, not whole files. Text of errors and log lines, docstrings, annotations,
comments and format are left out: they change no result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from neurorules.provenance.reach import Reach


@cache
def code_hash(script: Path, plugins: tuple[str, ...] = ()) -> str:
    """Hex digest of the code behind a job.

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
    """The definitions that the hash of a job covers, as (dotted module, name).

    Arguments and errors as of `code_hash`.
    """
    return frozenset(reached(script, plugins))


def reached(script: Path, plugins: Iterable[str]) -> dict[tuple[str, str], str]:
    """Definitions that a job can execute, with their code."""
    reach = Reach()
    reach.script(Path(script).resolve())
    for plugin in plugins:
        reach.plugin(plugin)
    return reach.found
