"""`neurorules status`: show what is finished, what is left, what failed, and how long the runs will take."""

from __future__ import annotations

import argparse
from pathlib import Path

from neurorules.cli.base import Study, open_study, run_cli
from neurorules.cli.progress import progress
from neurorules.cli.progress_words import in_words


def report(study: Study, folder: str | Path = ".", now: float | None = None, *, by_figure: bool = False) -> str:
    """A study's progress as text.

    Args:
        study: a checked study.
        folder: where snakemake runs.
        now: seconds since the epoch; None means the current time.
        by_figure: whether to add a line for each figure.
    """
    return in_words(progress(study, folder, now), by_figure=by_figure)


def run(arguments: argparse.Namespace) -> int:
    """Print a study's progress, once or until it is finished, and return the exit code."""
    if arguments.watch:
        from neurorules.cli.watch import watch

        return run_cli(lambda: watch(open_study(arguments.study), arguments.directory, arguments.interval))
    return run_cli(lambda: report(open_study(arguments.study), arguments.directory, by_figure=arguments.by_figure))
