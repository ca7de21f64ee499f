"""`neurorules status`: what of a study is finished, what is left, what failed, and how long the runs will take."""

from __future__ import annotations

import argparse
from pathlib import Path

from neurorules.cli.base import Study, open_study, run_cli
from neurorules.cli.progress import progress
from neurorules.cli.progress_words import in_words


def report(study: Study, folder: str | Path = ".", now: float | None = None, *, by_figure: bool = False) -> str:
    """How far a study has come, in words.

    Args:
        study: a checked study.
        folder: where snakemake runs.
        now: seconds since the epoch; the clock's where None.
        by_figure: whether a line says how far each figure is.
    """
    return in_words(progress(study, folder, now), by_figure=by_figure)


def run(arguments: argparse.Namespace) -> int:
    """Print how far a study has come, once or until it is finished; returns the exit code."""
    if arguments.watch:
        from neurorules.cli.watch import watch

        return run_cli(lambda: watch(open_study(arguments.study), arguments.directory, arguments.interval))
    return run_cli(lambda: report(open_study(arguments.study), arguments.directory, by_figure=arguments.by_figure))
