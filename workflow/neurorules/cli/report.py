"""`neurorules report`: write a study's results page, one HTML file that works offline."""

from __future__ import annotations

import argparse
from pathlib import Path

from neurorules.cli.base import Study, open_study, run_cli


def report(study: Study, folder: str | Path = ".", output: str | Path | None = None) -> str:
    """Write a study's results page, and say where it is and what is missing from it.

    Args:
        study: a checked study.
        folder: where snakemake runs.
        output: the file to write; None means report/report.html under the study's results.

    Raises:
        InputError: no figure of the study is finished.
    """
    from neurorules.report.embed import size_words
    from neurorules.report.page import write_page

    file, unfinished = write_page(study, Path(folder), None if output is None else Path(output))
    lines = [f"{file} ({size_words(file.stat().st_size)})"]
    if unfinished:
        lines.append(f"not finished: {', '.join(unfinished)}; the page shows what is missing and how to make it")
    return "\n".join(lines)


def run(arguments: argparse.Namespace) -> int:
    """Write a study's results page and return the exit code."""
    return run_cli(lambda: report(open_study(arguments.study), arguments.directory, arguments.output))
