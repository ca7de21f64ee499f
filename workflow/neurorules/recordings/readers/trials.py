"""Trials as labs have them without NWB: arrays in .mat and .npz files, or tables of spikes and trials.

Options give the variables or columns (study/schema/trials_file.py) and define their use, as for all sessions
(recordings/sessions/choices.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError
from neurorules.io.confined import reading
from neurorules.recordings.formats import array_files

if TYPE_CHECKING:
    import xarray as xr

    from neurorules.recordings.sessions.session import Session


def read(raw: Sequence[Path], options: Mapping[str, Any]) -> xr.Dataset:
    """Read one or several sessions of trials as a recording.

    Args:
        raw: files of arrays, one session each; or tables of spikes and of trials.
        options: options of this reader, and those of all recordings made from sessions.

    Raises:
        InputError: a file cannot be read or does not match the options, or nothing is left.
    """
    from neurorules.recordings.sessions.to_recording import recording_of

    return recording_of(sessions_of(raw, options), options)


def sessions_of(raw: Sequence[Path], options: Mapping[str, Any]) -> list[Session]:
    """The sessions in these files.

    Raises:
        InputError: a file cannot be read, or does not match the options.
    """
    if "spikes_file" in options or "trials_file" in options:
        from neurorules.recordings.formats.table_sessions import table_sessions

        reading(raw[0])
        return table_sessions(raw, options)
    from neurorules.recordings.formats.array_sessions import array_session

    sessions = []
    for file in raw:
        if file.suffix.lower() not in array_files.ENDINGS:
            raise InputError(
                "This is not a file of arrays, and no option says which table it is.",
                file=file,
                key="spikes_file",
                value=None,
                remedy="For tables, write spikes_file and trials_file. For arrays, list only .mat or .npz files in the "
                "recording's path.",
            )
        reading(file)
        sessions.append(array_session(file, options))
    return sessions
