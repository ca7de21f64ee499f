"""`neurorules plan`: check a study, and count the jobs left to do and the seeds that its primary claim needs."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

from neurorules.cli.base import REPOSITORY, open_study, run_cli, study_paths
from neurorules.cli.check import summary
from neurorules.cli.seeds import seeds_report

_JOB_TABLE = re.compile(r"^Job stats:\n(?:.+\n)+\n*", re.MULTILINE)


def snakemake_command(files: list[Path], targets: list[str], raw_dir: str | None = None) -> list[str]:
    """The command for a study's dry run. Targets come first: --configfile and --config consume every word after "
    "them."""
    config = [] if raw_dir is None else ["--config", f"raw_dir={raw_dir}"]
    return [
        *(sys.executable, "-m", "snakemake", *targets),
        *("--snakefile", str(REPOSITORY / "Snakefile"), "--cores", "1", "--configfile", *map(str, files), *config),
        *("--dry-run", "--quiet", "rules", "host"),
    ]


def with_one_job_table(said: str) -> str:
    """The output of a dry run with one job table: Snakemake prints the table before and after the jobs."""
    tables = list(_JOB_TABLE.finditer(said))
    for table in reversed(tables[1:]):
        if table[0].strip() == tables[0][0].strip():
            said = said[: table.start()] + said[table.end() :]
    return said.rstrip("\n")


def run(arguments: argparse.Namespace) -> int:
    """Check the study, count what is left to do, and return the exit code."""
    code = run_cli(partial(summary, arguments.study), prefix=f"{arguments.study}: ")
    if code != 0:
        return code
    files = [Path(os.path.relpath(file, arguments.directory)) for file in study_paths(arguments.study)]
    command = snakemake_command(files, arguments.targets, arguments.raw_dir)
    done = subprocess.run(command, cwd=arguments.directory, stdout=subprocess.PIPE, encoding="utf-8")

    def words() -> str:
        seeds = seeds_report(open_study(arguments.study), arguments.directory)
        return "\n".join(filter(None, (with_one_job_table(done.stdout), seeds)))

    return run_cli(words) or done.returncode
