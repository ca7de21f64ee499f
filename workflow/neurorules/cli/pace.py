"""Training times: the duration of finished jobs, and estimates for similar runs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from neurorules.cli.base import Model, Study


@dataclass(frozen=True)
class Job:
    """A finished training job.

    Attributes:
        ended: seconds since the epoch.
        seconds: wall time.
        per_run: seconds per run of each model. A job's time is shared among its runs by their numbers of updates.
    """

    ended: float
    seconds: float
    per_run: Mapping[Model, float]


def finished_jobs(study: Study, root: Path) -> list[Job]:
    """A study's training jobs that have a benchmark file, in the order in which they ended."""
    jobs = []
    for block in study.selection.blocks:
        file = root / study.paths.training_benchmark(block.models[0], block.seeds, len(block.models))
        seconds = seconds_of(file)
        if seconds > 0:
            updates = {model: study.options.of(model)["training"]["updates"] for model in block.models}
            per_update = seconds / (sum(updates.values()) * len(block.seeds))
            per_run = {model: per_update * count for model, count in updates.items()}
            jobs.append(Job(file.stat().st_mtime, seconds, per_run))
    return sorted(jobs, key=lambda job: job.ended)


def seconds_per_run(jobs: Iterable[Job]) -> dict[tuple[str, ...], list[float]]:
    """Seconds per run, keyed by task and learning rule, by task, and by () for all runs."""
    per_run: dict[tuple[str, ...], list[float]] = {}
    for job in jobs:
        for model, seconds in job.per_run.items():
            for kind in _kinds(model):
                per_run.setdefault(kind, []).append(seconds)
    return per_run


def typical(per_run: Mapping[tuple[str, ...], Sequence[float]], model: Model) -> float:
    """Median seconds per run for this task and learning rule, else for this task, else for all runs."""
    for kind in _kinds(model):
        if kind in per_run:
            return statistics.median(per_run[kind])
    raise ValueError("no job has finished")


def _kinds(model: Model) -> tuple[tuple[str, ...], ...]:
    return ((model.task, model.learning_rule), (model.task,), ())


def seconds_of(file: Path) -> float:
    """The wall time in a Snakemake benchmark file, or 0 if the file is missing or incomplete."""
    try:
        seconds = float(file.read_text(encoding="utf-8").splitlines()[1].split("\t")[0])
    except (OSError, ValueError, IndexError):
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0
