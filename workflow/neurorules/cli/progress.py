"""How far a study has come: counted from names and sizes of files, so that it costs a running study nothing."""

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

# The pace is that of the last jobs; a pause between two of them that is longer than this ended an earlier session.
LAST_JOBS, PAUSE_S = 40, 1800.0


@dataclass(frozen=True)
class Count:
    """How many of something are there."""

    done: int
    of: int

    @property
    def share(self) -> float:
        """The share that is there; 1 of nothing."""
        return self.done / self.of if self.of else 1.0


@dataclass(frozen=True)
class FigureProgress:
    """How far one figure has come.

    Attributes:
        name: the figure's.
        runs: networks that it shows.
        tables: tidy tables that it is drawn from.
        drawn: whether all of its files are there.
    """

    name: str
    runs: Count
    tables: Count
    drawn: bool


@dataclass(frozen=True)
class Progress:
    """How far a study has come.

    Attributes:
        study: its name.
        folder: where its results are.
        runs: runs that are trained here.
        tasks: of these, by task.
        elsewhere: runs of networks that were trained elsewhere.
        tables: tidy tables.
        figures: in the study's order.
        pace: when the runs will be finished, in words; empty where all are there.
        failed: jobs that failed.
        used_bytes, free_bytes: what the results take, and what is left on their disk.
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
    used_bytes: int
    free_bytes: int

    @property
    def is_finished(self) -> bool:
        """Whether everything is there."""
        counts = (self.runs, self.elsewhere, self.tables)
        return all(count.done == count.of for count in counts) and all(figure.drawn for figure in self.figures)


def progress(study: Study, folder: str | Path = ".", now: float | None = None) -> Progress:
    """Look how far a study has come.

    Args:
        study: a checked study.
        folder: where snakemake runs.
        now: seconds since the epoch; the clock's where None.
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
        used,
        free,
    )


def _count(wanted: Iterable[object], there: Iterable[object]) -> Count:
    """Of what is wanted, how much is there."""
    wanted, there = list(wanted), set(there)
    return Count(sum(one in there for one in wanted), len(wanted))


def _disk(results: Path) -> tuple[int, int]:
    """Bytes that the files of a study take, a file of several names once, and bytes that are free on their disk."""
    sizes: dict[tuple[int, int], int] = {}
    for folder, _, names in os.walk(results):
        for name in names:
            try:
                status = os.lstat(os.path.join(folder, name))
            except OSError:  # it is gone since
                continue
            sizes[status.st_dev, status.st_ino] = status.st_size
    there = next((folder for folder in (results, *results.parents) if folder.exists()), Path("."))
    return sum(sizes.values()), shutil.disk_usage(there).free


def _pace(study: Study, root: Path, left: list[tuple[Model, int]], now: float) -> str:
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
