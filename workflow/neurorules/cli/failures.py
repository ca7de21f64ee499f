"""Jobs that failed, by what they left: an error in their log, or the lock of a log that no process holds any more.

Snakemake removes a job's log when the job starts, so that a log is always that of the last attempt. A log whose results
are all there is older than they are, and is left out. A job that was ended from outside leaves its log without a word;
one that the system killed leaves its lock as well.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from neurorules.cli.base import Study

# What a log says of a job that failed: an error that a user can put right, or a fault of the program.
ERROR, TRACEBACK = "Error: ", "Traceback (most recent call last):"
KILLED = "killed: no error in its log (for its memory or by a time limit, say)"
LAST_BYTES = 1 << 16  # of a log, that are looked at
STARTING_S = 10.0  # a lock that is younger may be between being made and being held


@dataclass(frozen=True)
class FailedJob:
    """A job that failed.

    Attributes:
        log: its log.
        line: what the log says at its end.
        ended: when, in seconds since the epoch.
    """

    log: Path
    line: str
    ended: float


def failed_jobs(study: Study, root: Path, now: float) -> Iterator[FailedJob]:
    """Jobs of a study whose last attempt failed, and some of whose results are missing, the latest first.

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
    """What a log, or its lock, says of a job that failed; None where it says nothing of the kind."""
    lock = log.with_name(f".{log.name}.lock")  # see jobs.py
    try:
        ended = log.stat().st_mtime
        line = _error(log)
        if line is None and _is_left_behind(lock, now):
            line = KILLED
    except OSError:  # it is gone since, or cannot be read
        return None
    return None if line is None else FailedJob(log, line, ended)


def _error(log: Path) -> str | None:
    """The line of a log that says best why its job failed; None where the job did not."""
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
    """Whether a lock is there that no process holds: its job was killed."""
    try:
        if now - lock.stat().st_mtime < STARTING_S:
            return False
        with open(lock, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # there is none, it is held, or the file system has no locks
        return False
    return True


def _results(study: Study) -> dict[tuple[str, ...], list[str]]:
    """The study's results by the place, below logs/, of what makes them: without the ending, and each folder of it."""
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
        # not with_suffix: names of settings hold dots
        places[file] = PurePath(file.removesuffix(".json")).relative_to(paths.results).parts
    found: dict[tuple[str, ...], list[str]] = {}
    for file, place in places.items():
        for length in range(1, len(place) + 1):
            found.setdefault(place[:length], []).append(file)
    return found


def _is_wanted(log: PurePath, results: dict[tuple[str, ...], list[str]], root: Path) -> bool:
    """Whether a result is missing of those that the job of a log makes: those of its place, else of a folder of it."""
    place = (*log.parts[:-1], log.name.removesuffix(".log"))
    for length in range(len(place), 0, -1):
        if place[:length] in results:
            return any(not (root / file).exists() for file in results[place[:length]])
    return False
