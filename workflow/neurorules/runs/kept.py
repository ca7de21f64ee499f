"""Finished runs under a second name, which the workflow engine does not know, until a later job has confirmed them.

Snakemake removes the outputs of a job that fails, and of one whose end it did not see because it was killed first. The
second name, `.finished/seed<k>-<fingerprint>.nc` beside the run, keeps the file: a hard link, so that it takes no
space. A scoring job runs only after Snakemake has taken note of its runs; it takes the second names away.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from neurorules.errors import DamagedResult
from neurorules.runs.run import RunOrigin, open_run

FOLDER = ".finished"


def kept_file(run: str | Path, origin: RunOrigin) -> Path:
    """The second name of a run of this origin."""
    run = Path(run)
    return run.parent / FOLDER / f"{run.stem}-{origin.fingerprint()}.nc"


def keep(run: str | Path, kept: Path) -> None:
    """Give a run that is in its place its second name."""
    kept.parent.mkdir(exist_ok=True)
    kept.unlink(missing_ok=True)
    _link(Path(run), kept)


def hand_out(kept: Path, run: str | Path) -> None:
    """Put a kept run in its place, and remove what older options or code left of its seed.

    Where the file system has no hard links, it is renamed, and not kept.
    """
    run = Path(run)
    run.unlink(missing_ok=True)
    _link(kept, run)
    for leftover in _second_names(run):
        if leftover != kept:
            leftover.unlink(missing_ok=True)
    _remove_if_empty(run)


def is_kept(kept: Path) -> bool:
    """Whether there is a kept run; a damaged one is removed.

    Raises:
        InputError: it is there and cannot be read now.
    """
    if not kept.exists():
        return False
    try:
        open_run(kept)
    except DamagedResult:
        kept.unlink()
        return False
    return True


def confirm(runs: Iterable[str | Path]) -> None:
    """Take away the second names of runs that are in their place, which is all that a read-only folder keeps."""
    for run in map(Path, runs):
        with contextlib.suppress(OSError):
            for name in _second_names(run):
                name.unlink(missing_ok=True)
            _remove_if_empty(run)


def _second_names(run: Path) -> list[Path]:
    """Second names of one run, of whatever origin, and what a kill left of one that was being written."""
    found = (run.parent / FOLDER).glob("*")
    return [file for file in found if file.name.lstrip(".").split("-")[0] == run.stem]


def _remove_if_empty(run: Path) -> None:
    with contextlib.suppress(OSError):  # other seeds may be kept there
        (run.parent / FOLDER).rmdir()


def _link(file: Path, name: Path) -> None:
    try:
        os.link(file, name)
    except OSError:  # no hard links here
        os.replace(file, name)
