"""`neurorules check`: check study files and count their runs."""

from __future__ import annotations

import argparse
from functools import partial

from neurorules.cli.base import load_study, run_cli, study_paths


def summary(study: str) -> str:
    """One line about a study: its name and how many figures, tables and runs it has.

    Raises:
        InputError: there is no such study, or its file has an error.
    """
    files = study_paths(study)
    checked = load_study(*files)
    n_runs = sum(map(len, checked.selection.trained.values()))
    n_read = sum(map(len, checked.selection.seeds.values())) - n_runs
    merged = " + ".join(map(str, files))
    words = f"{merged}: {checked.name}, {len(checked.selection.figures)} figures and tables, {n_runs} runs"
    return f"{words}, {n_read} networks trained elsewhere" if n_read else words


def run(arguments: argparse.Namespace) -> int:
    """Check all the studies given, even after one fails, and return the exit code."""
    codes = [run_cli(partial(summary, study), prefix=f"{study}: ") for study in arguments.studies]
    return max(codes)
