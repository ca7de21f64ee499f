"""How long training takes: seconds of the jobs that have finished, and of a run like them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from neurorules.cli.base import Model, Study


@dataclass(frozen=True)
class Job:
    """A training job that has finished.

    Attributes:
        ended: seconds since the epoch.
        seconds: wall time.
        per_run: by model, seconds of one of its runs: a job's time goes by the updates of its runs.
    """

    ended: float
    seconds: float
    per_run: Mapping[Model, float]


def finished_jobs(study: Study, root: Path) -> list[Job]:
    """The training jobs of a study that left a benchmark file, in the order in which they ended."""
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
    """Seconds per run of jobs: by task and learning rule, by task, and of all, under the key ()."""
    per_run: dict[tuple[str, ...], list[float]] = {}
    for job in jobs:
        for model, seconds in job.per_run.items():
            for kind in _kinds(model):
                per_run.setdefault(kind, []).append(seconds)
    return per_run


def typical(per_run: Mapping[tuple[str, ...], Sequence[float]], model: Model) -> float:
    """Seconds of a run of this kind: of its task and learning rule, else of its task, else of any."""
    for kind in _kinds(model):
        if kind in per_run:
            return statistics.median(per_run[kind])
    raise ValueError("no job has finished")


def _kinds(model: Model) -> tuple[tuple[str, ...], ...]:
    return ((model.task, model.learning_rule), (model.task,), ())


def seconds_of(file: Path) -> float:
    """Wall time from a benchmark file of Snakemake; 0 where there is none, or it is not whole."""
    try:
        seconds = float(file.read_text(encoding="utf-8").splitlines()[1].split("\t")[0])
    except (OSError, ValueError, IndexError):
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0
