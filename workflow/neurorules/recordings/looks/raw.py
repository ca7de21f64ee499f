"""Inspection of a lab's raw files: their content, options to start from, and their sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError
from neurorules.io.confined import reading
from neurorules.recordings.looks import guess
from neurorules.recordings.looks.facts import session_facts, table_facts, tree_facts

if TYPE_CHECKING:
    import xarray as xr

    from neurorules.recordings.sessions.session import Session

ENDINGS = (".nwb", ".mat", ".npz", ".parquet", ".csv")
SAID = (
    "counts",
    "rates",
    "z_scores",
    "soft_normalised",
    "spike_times",
    "spikes_file",
    "trials_file",
)  # give variables or files


@dataclass
class Look:
    """The result of inspecting files.

    Attributes:
        facts: plain values, by file.
        options: the given options, or options to start from.
        sessions: plain values by session, if the options give the variables or files.
        recording: the Recording they would make; None without options, or if there is a problem.
        problem: why there is no recording, or why the options are incomplete.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    sessions: dict[str, Any] = field(default_factory=dict)
    recording: xr.Dataset | None = None
    problem: InputError | None = None


def reader_of(files: Sequence[Path]) -> str:
    """The name of the reader for these files."""
    return "nwb" if all(file.suffix.lower() == ".nwb" for file in files) else "trials"


def look(files: Sequence[Path], options: Mapping[str, Any] | None) -> Look:
    """Inspect files that belong together.

    Args:
        files: raw files.
        options: options of a recording; None to guess them.

    Raises:
        InputError: a file cannot be read, or does not match the given options.
    """
    found = Look({str(file): _facts(file) for file in files}, dict(options or {}))
    guessed = options is None
    if guessed and reader_of(files) == "trials":
        found.options = _guess(files)
        if not found.options:
            return found
    try:
        sessions = sessions_of(files, found.options)
        found.sessions = {session.name: session_facts(session) for session in sessions}
        if guessed:
            found.options |= guess.of_session(sessions[0])
        found.recording = _recording(sessions, found.options)
    except InputError as error:
        if not guessed:
            raise
        found.problem = error
    return found


def sessions_of(files: Sequence[Path], options: Mapping[str, Any]) -> list[Session]:
    """The sessions in raw files.

    Raises:
        InputError: a file cannot be read, or does not match the options.
    """
    if reader_of(files) == "nwb":
        from neurorules.recordings.formats.nwb_session import nwb_session

        return [nwb_session(file) for file in files]
    from neurorules.recordings.readers.trials import sessions_of as of_trials

    return of_trials(files, options)


def _recording(sessions: Sequence[Session], options: Mapping[str, Any]) -> xr.Dataset:
    from neurorules.recordings.sessions.to_recording import recording_of

    return recording_of(sessions, options)


def _facts(file: Path) -> dict[str, Any]:
    from neurorules.recordings.formats.array_files import load_arrays
    from neurorules.recordings.formats.flat_tables import load_table

    reading(file)
    ending = file.suffix.lower()
    if ending == ".nwb":
        return {"form": "NWB"}
    if ending in (".csv", ".parquet"):
        table = load_table(file)
        return {"form": "table", "rows": len(table), "columns": table_facts(table)}
    return {"form": "arrays", "variables": tree_facts(load_arrays(file))}


def _guess(files: Sequence[Path]) -> dict[str, Any]:
    from neurorules.recordings.formats.array_files import load_arrays, load_npz
    from neurorules.recordings.formats.flat_tables import load_table
    from neurorules.recordings.formats.pynapple import GROUP, INTERVALS, kind_of_file

    arrays = [file for file in files if file.suffix.lower() in (".mat", ".npz")]
    tables = {file.name: load_table(file) for file in files if file.suffix.lower() in (".csv", ".parquet")}
    kinds = {file.name: kind_of_file(load_npz(file)) for file in arrays if file.suffix.lower() == ".npz"}
    groups = [name for name, kind in kinds.items() if kind == GROUP]
    intervals = [name for name, kind in kinds.items() if kind == INTERVALS]
    if groups and (intervals or tables):
        return {"spikes_file": groups[0], "trials_file": (intervals or list(tables))[0]}
    if tables:
        return guess.of_tables(tables)
    return guess.of_tree(load_arrays(arrays[0])) if arrays and not groups and not intervals else {}
