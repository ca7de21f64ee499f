"""Snakemake in a process that is forked from one that has imported it: a dry run takes a third of the time.

Its jobs are processes of their own, as ever. A run that has to be killed, or whose Python has to start in another way,
is started as a user starts it: `Checkout.start`.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

# Its imports from outside this repository.
TIMEOUT_S = 300
PRELOADED = ["snakemake.cli", "snakemake.report.html_reporter", "jsonschema", "pydantic", "yaml"]


class Outcome(NamedTuple):
    """How a run ended, and its standard output and standard error."""

    code: int
    output: str
    error: str


def snakemake(arguments: Sequence[str], folder: Path, environment: dict[str, str]) -> Outcome:
    """Run `python -m snakemake` with these arguments in a folder, with these environment variables and no other."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with tempfile.TemporaryDirectory() as scratch:
        output, error = Path(scratch) / "output", Path(scratch) / "error"
        process = context.Process(target=_main, args=(list(arguments), folder, environment, output, error))
        process.start()
        process.join(TIMEOUT_S)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{arguments}: {output.read_text()}{error.read_text()}")
        return Outcome(process.exitcode, output.read_text(), error.read_text())


def _main(arguments: list[str], folder: Path, environment: dict[str, str], output: Path, error: Path) -> None:
    assert not any(name.split(".")[0] == "neurorules" for name in sys.modules), "a package of another checkout"
    repository = Path(__file__).resolve().parents[2]
    ours = {str(repository), str(repository / "workflow"), str(repository / "tests")}
    sys.path[:] = [str(folder), *(path for path in sys.path if path not in ours)]
    sys.argv = ["snakemake", *arguments]
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for file, descriptor in ((output, 1), (error, 2)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, descriptor)
        os.close(opened)

    from snakemake.cli import main

    main()
