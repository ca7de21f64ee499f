"""Keep finished runs under a second name that Snakemake does not know, until a later job has confirmed them.

Snakemake deletes the outputs of jobs that fail, and of jobs that finish after Snakemake was killed. The second name,
`.finished/seed<k>-<fingerprint>.nc` next to the run, keeps the file. It is a hard link, so it takes no space. A scoring
job starts only after Snakemake has recorded its runs, so it removes the second names.
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
    """The second name of a run with this origin."""
    run = Path(run)
    return run.parent / FOLDER / f"{run.stem}-{origin.fingerprint()}.nc"


def keep(run: str | Path, kept: Path) -> None:
    """Give a finished run its second name."""
    kept.parent.mkdir(exist_ok=True)
    kept.unlink(missing_ok=True)
    _link(Path(run), kept)


def hand_out(kept: Path, run: str | Path) -> None:
    """Put a kept run in its place, and remove runs of its seed kept from other options or code.

    On a file system without hard links, it is renamed and no longer kept.
    """
    run = Path(run)
    run.unlink(missing_ok=True)
    _link(kept, run)
    for leftover in _second_names(run):
        if leftover != kept:
            leftover.unlink(missing_ok=True)
    _remove_if_empty(run)


def is_kept(kept: Path) -> bool:
    """Whether a kept run exists. A damaged one is deleted.

    Raises:
        InputError: it exists but cannot be read now.
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
    """Remove the second names of finished runs, unless their folder is read-only."""
    for run in map(Path, runs):
        with contextlib.suppress(OSError):
            for name in _second_names(run):
                name.unlink(missing_ok=True)
            _remove_if_empty(run)


def _second_names(run: Path) -> list[Path]:
    """Second names of a run with any origin, and partial files left by a killed job."""
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
