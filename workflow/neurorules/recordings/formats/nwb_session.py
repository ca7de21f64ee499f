"""A session from an NWB file: units, trials, events and signals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.io.confined import reading
from neurorules.recordings.formats.nwb_file import damaged, numbers, open_nwb, text_at, text_of, values
from neurorules.recordings.formats.nwb_signals import TRIALS, events_of, signals_of
from neurorules.recordings.formats.nwb_tables import columns_of, ids_of, row_ends
from neurorules.recordings.sessions.columns import plain
from neurorules.recordings.sessions.session import Session
from neurorules.recordings.sessions.spike_times import SpikeTimes

if TYPE_CHECKING:
    import h5py
    import pandas as pd
    from numpy.typing import NDArray

ELECTRODES = "general/extracellular_ephys/electrodes"
READ_OTHERWISE = ("spike_times", "obs_intervals", "electrodes", "waveforms", "waveform_mean", "waveform_sd")
ABOUT = {  # attributes of a recording, and their places in a file
    "identifier": "identifier",
    "session_description": "session_description",
    "subject": "general/subject/subject_id",
    "species": "general/subject/species",
    "lab": "general/lab",
    "institution": "general/institution",
    "citation": "general/related_publications",
    "licence": "general/license",
}


def nwb_session(path: Path) -> Session:
    """Read the session of an NWB file.

    Returns:
        A Session with the file's name. Units are named by their `unit_name`, or by `unit` and their id; columns that
        the units lack come from their electrodes. `units.attrs["left_out"]` and `trials.attrs["left_out"]` give the
        reasons for which columns were not read.

    Raises:
        InputError: the file is truncated, damaged or not an NWB file, points to other files, or lacks units, spike
            times or trials.
    """
    path = Path(path)
    reading(path)
    with open_nwb(path) as file:
        trials = _trials(file, path)
        units, activity = _units(file, path)
        return Session(
            name=path.stem,
            file=path,
            units=units,
            trials=trials,
            activity=activity,
            events=events_of(file, path),
            behaviour=signals_of(file, path),
            attributes=_about(file, path),
        )


def _trials(file: h5py.File, path: Path) -> pd.DataFrame:
    if file.get(TRIALS) is None:
        others = sorted(file["intervals"]) if "intervals" in file else []
        raise InputError(
            "The file has no table of trials.",
            file=path,
            key=TRIALS,
            value=others,
            remedy="Write one with pynwb (add_trial_column, add_trial); tables of other intervals count as events.",
        )
    trials = columns_of(file[TRIALS], path, skip=("timeseries",))
    trials.insert(0, "id", ids_of(file[TRIALS], path))
    return trials


def _units(file: h5py.File, path: Path) -> tuple[pd.DataFrame, SpikeTimes]:
    import h5py

    table = file.get("units")
    if not isinstance(table, h5py.Group) or "spike_times" not in table or "spike_times_index" not in table:
        raise InputError(
            "The file has no table of units with spike times.",
            file=path,
            key="units/spike_times",
            value=sorted(table) if isinstance(table, h5py.Group) else None,
            remedy="Sort spikes and write them with pynwb (add_unit(spike_times=...)).",
        )
    ids = ids_of(table, path)
    units = columns_of(table, path, skip=READ_OTHERWISE)
    for name, cells in _of_electrodes(file, table, len(ids), path).items():
        if name not in units.columns:
            units[name] = cells
    units.index = _names(units, ids, path)
    spikes = numbers(table["spike_times"], path)
    ends = row_ends(table, "spike_times", len(spikes), len(ids), path)
    if not np.isfinite(spikes).all():
        raise damaged(path, "a spike time is not a finite number", "units/spike_times")
    times = [np.sort(spikes[a:b]) if (np.diff(spikes[a:b]) < 0).any() else spikes[a:b] for a, b in _pairs(ends)]
    return units, SpikeTimes(times, _observed(table, len(ids), path))


def _observed(table: h5py.Group, n_units: int, path: Path) -> list[NDArray[Any] | None] | None:
    if "obs_intervals" not in table or "obs_intervals_index" not in table:
        return None
    intervals = numbers(table["obs_intervals"], path, 2)
    if intervals.shape[1] != 2 or not np.isfinite(intervals).all() or (intervals[:, 0] > intervals[:, 1]).any():
        raise damaged(
            path, "the observation intervals of a unit must have a start and a later end", "units/obs_intervals"
        )
    ends = row_ends(table, "obs_intervals", len(intervals), n_units, path)
    # A unit without intervals has no information about observation; it does not mean that it was never observed.
    return [intervals[a:b] if b > a else None for a, b in _pairs(ends)]


def _pairs(ends: NDArray[Any]) -> list[tuple[int, int]]:
    return list(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))


def _names(units: pd.DataFrame, ids: NDArray[Any], path: Path) -> list[str]:
    if "unit_name" in units.columns:
        given = [text_of(name) for name in units["unit_name"]]
        if all(given) and len(set(given)) == len(given):
            return given
    if len(set(ids.tolist())) < len(ids):
        raise damaged(path, "two units have the same id", "units/id")
    return [f"unit{number}" for number in ids.tolist()]


def _of_electrodes(file: h5py.File, table: h5py.Group, n_units: int, path: Path) -> dict[str, list[Any]]:
    """Columns from each unit's electrodes: a value shared by all electrodes of the unit, else None."""
    if "electrodes" not in table or file.get(ELECTRODES) is None:
        return {}
    electrodes = columns_of(file[ELECTRODES], path)
    rows = values(table["electrodes"], path).ravel()
    if rows.dtype.kind not in "iu" or (len(rows) and not (rows.min() >= 0 and rows.max() < len(electrodes))):
        raise damaged(path, f"a unit has an electrode outside the table of {len(electrodes)}", "units/electrodes")
    ragged = "electrodes_index" in table
    ends = row_ends(table, "electrodes", len(rows), n_units, path) if ragged else np.arange(len(rows) + 1)
    if len(ends) != n_units + 1:
        raise damaged(path, f"{len(rows)} electrodes for {n_units} units", "units/electrodes")
    made = {}
    for name in electrodes.columns:
        cells = [plain(cell) for cell in electrodes[name].tolist()]
        of_units = [{cells[row] for row in rows[a:b]} for a, b in _pairs(ends)]
        made[str(name)] = [next(iter(found)) if len(found) == 1 else None for found in of_units]
    return made


def _about(file: h5py.File, path: Path) -> dict[str, Any]:
    about: dict[str, Any] = {name: text_at(file, where, path) for name, where in ABOUT.items()}
    keywords = text_at(file, "general/keywords", path).lower().split("; ")
    return {name: text for name, text in about.items() if text} | {"synthetic": int("synthetic" in keywords)}
