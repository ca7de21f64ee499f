"""Tables of spikes and trials as sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.formats.array_columns import observed_times, seconds
from neurorules.recordings.formats.flat_tables import load_table
from neurorules.recordings.formats.parts import did_you_mean
from neurorules.recordings.formats.pynapple import load_group, load_intervals
from neurorules.recordings.sessions.session import Session
from neurorules.recordings.sessions.spike_times import SpikeTimes
from neurorules.recordings.sessions.trial_spikes import TrialSpikes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SPIKES_FILE, TRIALS_FILE, UNITS_FILE = "spikes_file", "trials_file", "units_file"
TRIAL = "trial"
EVENT = "event"


def table_sessions(files: Sequence[Path], options: Mapping[str, Any]) -> list[Session]:
    """Sessions from tables, one per table of spikes.

    Args:
        files: all files of the recording.
        options: `spikes_file` and `trials_file` say which is which.

    Raises:
        InputError: a file is missing or damaged, or does not match the options.
    """
    return [_Tables(*found, options).session() for found in _grouped(files, options)]


def _grouped(files: Sequence[Path], options: Mapping[str, Any]) -> list[tuple[str, Path, Path, Path | None]]:
    """The name of each session, and its tables of spikes, trials and units."""
    spikes = _matching(files, options, SPIKES_FILE)
    trials = _matching(files, options, TRIALS_FILE)
    units = _matching(files, options, UNITS_FILE) if UNITS_FILE in options else {}
    found: list[tuple[str, Path, Path, Path | None]] = []
    for star, file in spikes.items():
        pairs = {}
        for key, of in ((TRIALS_FILE, trials), (UNITS_FILE, units)):
            if not of:
                continue
            # a name without * is a table shared by all sessions
            pairs[key] = of.get(star) or (of.get("") if "*" not in options[key] else None)
            if pairs[key] is None:
                raise InputError(
                    "A table of this session is missing.",
                    file=file,
                    key=key,
                    value=options[key].replace("*", star),
                    remedy="Add the file, or remove the session.",
                )
        trials_file = pairs[TRIALS_FILE]
        assert trials_file is not None
        found.append((star or file.stem, file, trials_file, pairs.get(UNITS_FILE)))
    return found


def _matching(files: Sequence[Path], options: Mapping[str, Any], key: str) -> dict[str, Path]:
    """The files of one kind, by the part of their name that * matches; "" without *."""
    said = options.get(key)
    names = [file.name for file in files]
    if not isinstance(said, str) or said.count("*") > 1:
        raise InputError(
            "The file name of this table is missing or invalid.",
            file=files[0],
            key=key,
            value=said,
            remedy=f"Write a file name with at most one *. {did_you_mean('', names)}",
        )
    before, star, after = said.partition("*")
    found = {}
    for file in files:
        middle = file.name[len(before) : len(file.name) - len(after)]
        if file.name == before + middle + after and bool(middle) == bool(star):
            found[middle] = file
    if not found:
        raise InputError(
            "Unknown file: the recording has no file with this name.",
            file=files[0],
            key=key,
            value=said,
            remedy=f"{did_you_mean(said, names)} The recording's path must list every file, or give their folder.",
        )
    return found


@dataclass(frozen=True)
class _Tables:
    name: str
    spikes_file: Path
    trials_file: Path
    units_file: Path | None
    options: Mapping[str, Any]

    def session(self) -> Session:
        trials = self._trials()
        columns = {"unit": "unit", "time": "time", **self.options.get("spike_columns", {})}
        observed = None
        properties = None
        if self.spikes_file.suffix.lower() == ".npz":
            spikes, properties, observed = load_group(self.spikes_file)
            columns = {"unit": "unit", "time": "time"}
        else:
            spikes = load_table(self.spikes_file)
        times_s = self._times(spikes, columns["time"])
        names = [_text(value) for value in self._column(spikes, columns["unit"], "unit").tolist()]
        units = self._units(names, properties)
        number = {name: i for i, name in enumerate(units.index)}
        unit = np.array([number.get(name, -1) for name in names], np.int64)
        mine = unit >= 0
        unit, times_s = unit[mine], times_s[mine]
        if TRIAL in columns:
            rows = self._rows(self._column(spikes, columns[TRIAL], TRIAL)[mine], trials, columns[TRIAL])
            activity: SpikeTimes | TrialSpikes = self._on_trials(trials, times_s, unit, rows, len(units))
        else:
            order = np.lexsort((times_s, unit))
            split = np.split(times_s[order], np.searchsorted(unit[order], np.arange(1, len(units))))
            activity = SpikeTimes(split, None if observed is None else [observed] * len(units))
        return Session(self.name, self.spikes_file, units, trials, activity)

    def _trials(self) -> pd.DataFrame:
        if self.trials_file.suffix.lower() == ".npz":
            trials = load_intervals(self.trials_file)
        else:
            trials = load_table(self.trials_file)
        for name, unit in self.options.get("times_in", {}).items():
            if name == "spike_times":
                continue
            if name not in trials or unit == "bins":
                raise InputError(
                    "Tables have no bins." if unit == "bins" else "Unknown column of the table of trials.",
                    file=self.trials_file,
                    key=f"times_in.{name}",
                    value=unit,
                    remedy="Write s or ms." if unit == "bins" else did_you_mean(name, list(trials)),
                )
            trials[name] = seconds(trials[name].tolist(), unit, 1, 0, self.trials_file, f"times_in.{name}")
        return trials

    def _column(self, spikes: pd.DataFrame, name: str, role: str) -> pd.Series:
        if name not in spikes:
            raise InputError(
                "Unknown column of the table of spikes.",
                file=self.spikes_file,
                key=f"spike_columns.{role}",
                value=name,
                remedy=f"{did_you_mean(name, list(spikes))} Write spike_columns: {{{role}: NAME}}.",
            )
        return spikes[name]

    def _times(self, spikes: pd.DataFrame, name: str) -> NDArray[Any]:
        unit = self.options.get("times_in", {}).get("spike_times", "s")
        values = self._column(spikes, name, "time").tolist()
        times_s = seconds(values, unit, 1, 0, self.spikes_file, f"spike_columns.time: {name}")
        missing = np.flatnonzero(~np.isfinite(times_s))
        if len(missing):
            raise InputError(
                f"{len(missing)} spikes have no time; the first is in row {missing[0] + 1}.",
                file=self.spikes_file,
                key=f"spike_columns.time: {name}",
                value=str(values[missing[0]]),
                remedy="Remove these rows.",
            )
        return times_s

    def _units(self, names: Sequence[str], properties: pd.DataFrame | None) -> pd.DataFrame:
        """The table of units: the file's, else the units with spikes, in numeric or alphabetical order."""
        import pandas as pd

        if self.units_file is not None:
            properties = load_table(self.units_file)
            if "unit" not in properties:
                raise InputError(
                    "The table of units has no column unit, which links spikes to units.",
                    file=self.units_file,
                    key="unit",
                    value=None,
                    remedy=did_you_mean("unit", list(properties)),
                )
            properties.index = pd.Index([_text(value) for value in properties.pop("unit").tolist()], dtype=object)
            strange = sorted(set(names) - set(properties.index))
            if strange or properties.index.has_duplicates:
                raise InputError(
                    f"{len(strange)} units with spikes are missing in the table of units, or a unit is listed in it "
                    f"twice.",
                    file=self.units_file,
                    key="unit",
                    value=strange[:5] or None,
                    remedy="Write one row for each unit.",
                )
        if properties is not None:
            return properties
        return pd.DataFrame(index=pd.Index(sorted(set(names), key=_natural), dtype=object))

    def _rows(self, values: pd.Series, trials: pd.DataFrame, name: str) -> NDArray[Any]:
        """(spike,) the row of each spike's trial."""
        known = [_text(value) for value in (trials[name].tolist() if name in trials else range(len(trials)))]
        if len(set(known)) < len(known):
            raise InputError(
                "Duplicate trial number.", file=self.trials_file, key=name, remedy="Give each trial a unique number."
            )
        row = {value: i for i, value in enumerate(known)}
        rows = np.array([row.get(_text(value), -1) for value in values.tolist()], np.int64)
        if (rows < 0).any():
            first = int(np.flatnonzero(rows < 0)[0])
            raise InputError(
                f"{int((rows < 0).sum())} spikes are from trials that are missing in the table of trials.",
                file=self.spikes_file,
                key=f"spike_columns.{TRIAL}: {name}",
                value=_text(values.tolist()[first]),
                remedy=f"Trials are identified by row, from 0, or by the column {name} of the table of trials.",
            )
        return rows

    def _on_trials(
        self, trials: pd.DataFrame, times_s: NDArray[Any], unit: NDArray[Any], rows: NDArray[Any], n_units: int
    ) -> TrialSpikes:
        if EVENT not in trials:
            trials[EVENT] = 0.0  # on each trial's clock
        observed = observed_times(self.options, {name: trials[name].tolist() for name in trials}, self.trials_file)
        of = [unit == i for i in range(n_units)]
        recorded = np.ones((n_units, len(trials)), bool)
        return TrialSpikes([times_s[mine] for mine in of], [rows[mine] for mine in of], observed, recorded)


def _text(value: Any) -> str:
    """A unit's or trial's name; whole numbers are written without a decimal point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def _natural(name: str) -> tuple[float, str]:
    try:
        return (float(name), name)
    except ValueError:
        return (float("inf"), name)
