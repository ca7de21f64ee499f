"""`neurorules status`: what of a study is finished, what is left, and how long the runs take at the present pace.

It reads names and times of files only, so that it costs a running study nothing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from neurorules.cli.base import Model, Study, open_study, run_cli
from neurorules.cli.pace import finished_jobs, seconds_per_run, typical
from neurorules.training.progress import clock

# The pace is that of the last jobs; a pause between two of them that is longer than this ended an earlier session.
LAST_JOBS, PAUSE_S = 40, 1800.0


def report(study: Study, folder: str | Path = ".", now: float | None = None) -> str:
    """How far a study has come, in words.

    Args:
        study: a checked study.
        folder: where snakemake runs.
        now: seconds since the epoch; the clock's where None.
    """
    root = Path(folder)
    finished = {
        (m, s)
        for m, seeds in study.selection.trained.items()
        for s in seeds
        if (root / study.paths.run_file(m, s)).exists()
    }
    left = [(m, s) for m, seeds in study.selection.trained.items() for s in seeds if (m, s) not in finished]
    lines = [
        f"study {study.name} in {root / study.paths.results}",
        _line("runs", len(finished), len(finished) + len(left)),
    ]
    by_task: dict[str, list[int]] = {}
    for model, seeds in study.selection.trained.items():
        done = by_task.setdefault(model.task, [0, 0])
        done[0] += sum((model, seed) in finished for seed in seeds)
        done[1] += len(seeds)
    if len(by_task) > 1:
        lines += [_line(f"  {task}", *done) for task, done in by_task.items()]
    elsewhere = {
        study.paths.run_file(model, seed)
        for model, seeds in study.selection.seeds.items()
        for seed in seeds
        if model not in study.selection.trained
    }
    if elsewhere:
        lines.append(_line("trained elsewhere", _there(root, elsewhere), len(elsewhere)))
    tables = {file for name in study.selection.figures for file in study.paths.figure_tables(name)}
    shown = {file for name in study.selection.figures for file in study.paths.figure_files(name)}
    lines.append(_line("tables", _there(root, tables - shown), len(tables - shown)))
    complete = [
        name
        for name in study.selection.figures
        if _there(root, study.paths.figure_files(name)) == len(study.paths.figure_files(name))
    ]
    lines.append(_line("figures", len(complete), len(study.selection.figures)))
    missing = [name for name in study.selection.figures if name not in complete]
    if missing:
        lines.append(f"  not yet: {', '.join(missing)}")
    if left:
        lines.append(_pace(study, root, left, time.time() if now is None else now))
    return "\n".join(lines)


def _line(what: str, done: int, of: int) -> str:
    return f"{what:<22} {done:>5} of {of:<5} {done / of if of else 1.0:4.0%}"


def _there(root: Path, files: Iterable[str]) -> int:
    return sum((root / file).exists() for file in files)


def _pace(study: Study, root: Path, left: Sequence[tuple[Model, int]], now: float) -> str:
    """When the runs will be finished, from how long those of their kind took and how many jobs ran side by side."""
    jobs = finished_jobs(study, root)
    recent = jobs[-LAST_JOBS:]
    for later in range(len(recent) - 1, 0, -1):
        if recent[later].ended - recent[later].seconds - recent[later - 1].ended > PAUSE_S:
            recent = recent[later:]
            break
    if not recent:
        return "time left: known when the first training job is finished"
    per_run = seconds_per_run(jobs)
    expected = sum(typical(per_run, model) for model, _ in left)
    span = recent[-1].ended - min(job.ended - job.seconds for job in recent)
    side_by_side = max(1.0, sum(job.seconds for job in recent) / span) if span > 0 else 1.0
    ended = now - recent[-1].ended
    text = f"time left for the runs: about {clock(expected / side_by_side)}, with {side_by_side:.1f} jobs side by side"
    return text + (f" (the last one ended {clock(ended)} ago)" if ended > PAUSE_S else "")


def run(arguments: argparse.Namespace) -> int:
    """Print how far a study has come; returns the exit code."""
    return run_cli(lambda: report(open_study(arguments.study), arguments.directory))
