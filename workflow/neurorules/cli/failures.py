"""Failed jobs, found from what they left: an error in the log, or a log's lock that no process holds any more.

Snakemake removes a job's log when the job starts, so a log always belongs to the last attempt. A log whose results all
exist is older than they are and is ignored. A job that was stopped from outside leaves a log without an error. If the
system killed it, its lock is left as well.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from neurorules.cli.base import Study

# What the log of a failed job contains: an error that the user can fix, or a bug in the program.
ERROR, TRACEBACK = "Error: ", "Traceback (most recent call last):"
KILLED = "killed: no error in its log (out of memory or past a time limit, for example)"
LAST_BYTES = 1 << 16  # how much of the end of a log to read
STARTING_S = 10.0  # a younger lock may exist but not be held yet


@dataclass(frozen=True)
class FailedJob:
    """A job that failed.

    Attributes:
        log: its log.
        line: the error at the end of the log.
        ended: when it ended, in seconds since the epoch.
    """

    log: Path
    line: str
    ended: float


def failed_jobs(study: Study, root: Path, now: float) -> Iterator[FailedJob]:
    """Jobs of a study whose last attempt failed and whose results are not all there, latest first.

    Args:
        study: a checked study.
        root: where snakemake runs.
        now: seconds since the epoch.
    """
    logs = root / study.paths.below("logs")
    results = _results(study)
    found = []
    for folder, _, names in os.walk(logs):
        for name in names:
            if not name.endswith(".log") or name.startswith("."):
                continue
            log = Path(folder, name)
            failed = _failed(log, now)
            if failed is not None and _is_wanted(log.relative_to(logs), results, root):
                found.append(failed)
    yield from sorted(found, key=lambda job: (-job.ended, str(job.log)))


def _failed(log: Path, now: float) -> FailedJob | None:
    """The failed job that a log or its lock shows, or None if the job did not fail."""
    lock = log.with_name(f".{log.name}.lock")  # see jobs.py
    try:
        ended = log.stat().st_mtime
        line = _error(log)
        if line is None and _is_left_behind(lock, now):
            line = KILLED
    except OSError:  # it has been deleted, or cannot be read
        return None
    return None if line is None else FailedJob(log, line, ended)


def _error(log: Path) -> str | None:
    """The line of a log that best explains why its job failed, or None if the job did not fail."""
    with open(log, "rb") as file:
        file.seek(max(0, log.stat().st_size - LAST_BYTES))
        lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    for line in reversed(lines):
        if line.startswith(ERROR):
            return line
        if line == TRACEBACK:
            return lines[-1]
    return None


def _is_left_behind(lock: Path, now: float) -> bool:
    """Whether a lock exists that no process holds, which means that its job was killed."""
    try:
        if now - lock.stat().st_mtime < STARTING_S:
            return False
        with open(lock, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # no lock, a held lock, or a file system without locks
        return False
    return True


def _results(study: Study) -> dict[tuple[str, ...], list[str]]:
    """The study's results, keyed by their job's log (path under logs/ without suffix) and by the log's folders."""
    selection, paths = study.selection, study.paths
    places: dict[str, tuple[str, ...]] = {}
    for name in selection.figures:
        places |= dict.fromkeys(paths.figure_files(name), ("figures", name))
        for file in paths.figure_tables(name):
            places[file] = PurePath(file).relative_to(paths.results).with_suffix("").parts
    runs = [paths.run_file(model, seed) for model, seeds in selection.seeds.items() for seed in seeds]
    for file in (*runs, *map(paths.recording_file, selection.used_recordings)):
        places[file] = PurePath(file).relative_to(paths.results).with_suffix("").parts
    for model in filter(study.options.chooses_learning_rate, selection.trained):
        file = paths.learning_rate_file(model)
        # not with_suffix: names of settings contain dots
        places[file] = PurePath(file.removesuffix(".json")).relative_to(paths.results).parts
    found: dict[tuple[str, ...], list[str]] = {}
    for file, place in places.items():
        for length in range(1, len(place) + 1):
            found.setdefault(place[:length], []).append(file)
    return found


def _is_wanted(log: PurePath, results: dict[tuple[str, ...], list[str]], root: Path) -> bool:
    """Whether any result of a log's job is missing. Results are looked up by the log's path, then by its folders."""
    place = (*log.parts[:-1], log.name.removesuffix(".log"))
    for length in range(len(place), 0, -1):
        if place[:length] in results:
            return any(not (root / file).exists() for file in results[place[:length]])
    return False
