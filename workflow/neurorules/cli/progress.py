"""A study's progress, counted from file names and sizes alone so that a running study is not slowed down."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from neurorules.cli.base import Model, Study
from neurorules.cli.failures import FailedJob, failed_jobs
from neurorules.cli.pace import finished_jobs, seconds_per_run, typical
from neurorules.training.progress import clock

# The pace comes from the last jobs. A longer pause between two jobs than this marks the end of an earlier session.
LAST_JOBS, PAUSE_S = 40, 1800.0


@dataclass(frozen=True)
class Count:
    """How many of the wanted items exist."""

    done: int
    of: int

    @property
    def share(self) -> float:
        """The share that exists; 1 if nothing is wanted."""
        return self.done / self.of if self.of else 1.0


@dataclass(frozen=True)
class FigureProgress:
    """The progress of one figure.

    Attributes:
        name: name of the figure.
        runs: runs that it shows.
        tables: tidy tables that it is drawn from.
        drawn: whether all its files exist.
    """

    name: str
    runs: Count
    tables: Count
    drawn: bool


@dataclass(frozen=True)
class Progress:
    """The progress of a study.

    Attributes:
        study: name of the study.
        folder: where its results are.
        runs: runs trained by this workflow.
        tasks: the same runs by task.
        elsewhere: networks trained elsewhere.
        tables: tidy tables.
        figures: figures in the study's order.
        pace: when the runs will be finished, as text; empty if all of them are.
        failed: failed jobs.
        unknown: models with runs in the folder that the study does not use.
        used_bytes, free_bytes: disk space used by the results, and free space on their disk.
    """

    study: str
    folder: Path
    runs: Count
    tasks: dict[str, Count]
    elsewhere: Count
    tables: Count
    figures: tuple[FigureProgress, ...]
    pace: str
    failed: tuple[FailedJob, ...]
    unknown: tuple[str, ...]
    used_bytes: int
    free_bytes: int

    @property
    def is_finished(self) -> bool:
        """Whether everything has been made."""
        counts = (self.runs, self.elsewhere, self.tables)
        return all(count.done == count.of for count in counts) and all(figure.drawn for figure in self.figures)


def progress(study: Study, folder: str | Path = ".", now: float | None = None) -> Progress:
    """Count how much of a study has been made.

    Args:
        study: a checked study.
        folder: where snakemake runs.
        now: seconds since the epoch; None means the current time.
    """
    root = Path(folder)
    selection, paths = study.selection, study.paths
    now = time.time() if now is None else now
    there = {
        (model, seed)
        for model, seeds in selection.seeds.items()
        for seed in seeds
        if (root / paths.run_file(model, seed)).exists()
    }
    trained = [(model, seed) for model, seeds in selection.trained.items() for seed in seeds]
    left = [run for run in trained if run not in there]
    tasks: dict[str, list[tuple[Model, int]]] = {}
    for run in trained:
        tasks.setdefault(run[0].task, []).append(run)
    shown = {file for name in selection.figures for file in paths.figure_files(name)}
    tables = {file for name in selection.figures for file in paths.figure_tables(name)} - shown
    made = {file for file in tables | shown if (root / file).exists()}
    figures = tuple(
        FigureProgress(
            name,
            _count([(model, seed) for model in models for seed in selection.model_seeds(name, model)], there),
            _count({file for files in paths.figure_inputs(name).values() for file in files}, made),
            set(paths.figure_files(name)) <= made,
        )
        for name, models in selection.figures.items()
    )
    used, free = _disk(root / paths.results)
    return Progress(
        study.name,
        root / paths.results,
        _count(trained, there),
        {task: _count(runs, there) for task, runs in tasks.items()},
        _count([(m, s) for m, seeds in selection.seeds.items() if m not in selection.trained for s in seeds], there),
        _count(tables, made),
        figures,
        _pace(study, root, left, now) if left else "",
        tuple(failed_jobs(study, root, now)),
        _unknown_models(study, root),
        used,
        free,
    )


def _unknown_models(study: Study, root: Path) -> tuple[str, ...]:
    """Models with runs in the study's folder that the study does not use."""
    runs = root / study.paths.below("runs")
    found = {"/".join(file.relative_to(runs).parts[:3]) for file in runs.glob("*/*/*/seed*.nc")}
    return tuple(sorted(found - {str(model) for model in study.selection.seeds}))


def _count(wanted: Iterable[object], there: Iterable[object]) -> Count:
    """How many of the wanted items exist."""
    wanted, there = list(wanted), set(there)
    return Count(sum(one in there for one in wanted), len(wanted))


def _disk(results: Path) -> tuple[int, int]:
    """Bytes used by a study's files, counting hard links once, and bytes free on their disk."""
    sizes: dict[tuple[int, int], int] = {}
    for folder, _, names in os.walk(results):
        for name in names:
            try:
                status = os.lstat(os.path.join(folder, name))
            except OSError:  # it has been deleted
                continue
            sizes[status.st_dev, status.st_ino] = status.st_size
    there = next((folder for folder in (results, *results.parents) if folder.exists()), Path("."))
    return sum(sizes.values()), shutil.disk_usage(there).free


def _pace(study: Study, root: Path, left: list[tuple[Model, int]], now: float) -> str:
    """When the runs will be finished, from the time similar runs took and how many jobs ran in parallel."""
    jobs = finished_jobs(study, root)
    recent = jobs[-LAST_JOBS:]
    for later in range(len(recent) - 1, 0, -1):
        if recent[later].ended - recent[later].seconds - recent[later - 1].ended > PAUSE_S:
            recent = recent[later:]
            break
    if not recent:
        return "time left: known after the first training job"
    per_run = seconds_per_run(jobs)
    expected = sum(typical(per_run, model) for model, _ in left)
    span = recent[-1].ended - min(job.ended - job.seconds for job in recent)
    side_by_side = max(1.0, sum(job.seconds for job in recent) / span) if span > 0 else 1.0
    ended = now - recent[-1].ended
    text = f"time left for the runs: about {clock(expected / side_by_side)}, with {side_by_side:.1f} jobs in parallel"
    return text + (f" (the last one ended {clock(ended)} ago)" if ended > PAUSE_S else "")
