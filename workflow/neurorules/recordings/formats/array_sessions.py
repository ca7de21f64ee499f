"""A file of arrays as a session; options say which variables are the activity and the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.formats.array_columns import observed_times, per_axis, per_bin, per_trial, seconds
from neurorules.recordings.formats.array_files import load_arrays
from neurorules.recordings.formats.parts import Part, did_you_mean, find
from neurorules.recordings.formats.trial_arrays import (
    COUNTS,
    SOFT,
    TIME,
    TRIAL,
    UNIT,
    Z_SCORES,
    Cut,
    all_missing,
    check_values,
    cut,
    cut_spikes,
    labels,
    runs_of,
)
from neurorules.recordings.sessions.session import SOFT_NORMALISED, SPIKES_PER_S, Z_SCORE, Session
from neurorules.recordings.sessions.trial_bins import TrialBins
from neurorules.recordings.sessions.trial_signals import TrialSignals
from neurorules.recordings.sessions.trial_spikes import TrialSpikes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SPIKE_TIMES = "spike_times"
KINDS = (COUNTS, "rates", Z_SCORES, SOFT, SPIKE_TIMES)
START, STOP, EVENT = "start_time", "stop_time", "event"  # columns of times that every session of cut trials has


def array_session(file: Path, options: Mapping[str, Any]) -> Session:
    """Read a session from a MATLAB or .npz file.

    Args:
        file: the file.
        options: of the reader `trials`, see study/schema/trials_file.py.

    Raises:
        InputError: the file cannot be read, or does not match the options.
    """
    return _Arrays(file, load_arrays(file), options).session()


@dataclass(frozen=True)
class _Arrays:
    file: Path
    tree: Mapping[str, Any]
    options: Mapping[str, Any]

    def session(self) -> Session:
        import pandas as pd

        kind = self._kind()
        part = find(self.tree, self.options[kind], self.file, kind)
        default = [TIME, UNIT] if "cut_by" in self.options else [TRIAL, UNIT, TIME]
        axes = list(self.options.get("axes", [TRIAL, UNIT] if kind == SPIKE_TIMES else default))
        self._check_axes(axes, kind)
        if kind == SPIKE_TIMES:
            found = cut_spikes(part, axes)
            n_units = len(found.trials[0]) if found.trials else 0
            spans: Sequence[tuple[int, int]] = []
        else:
            found, spans = self._cut(part, axes)
            n_units = len(found.trials[0]) if found.trials else 0
        if not found.trials or not n_units:
            raise part.wrong("It has no trials or no units.", "Use another variable.")
        trials = self._columns(found, spans)
        units = self._units(n_units)
        if kind == SPIKE_TIMES:
            activity: TrialBins | TrialSpikes = self._spikes(found, trials)
        else:
            activity = self._bins(found, kind, part)
            ends_ms = self._starts_ms + activity.lengths * self._bin_ms
            trials = _with_times(trials, np.full(len(found.trials), self._starts_ms / 1000), ends_ms / 1000)
        behaviour = {} if kind == SPIKE_TIMES else self._behaviour(axes, found, spans)
        return Session(self.file.stem, self.file, units, pd.DataFrame(trials), activity, behaviour=behaviour)

    def _kind(self) -> str:
        said = [kind for kind in KINDS if kind in self.options]
        if len(said) != 1:
            raise InputError(
                f"Exactly one of {', '.join(KINDS)} must give the file's activity. "
                f"Found: {' and '.join(said) or 'none'}.",
                file=self.file,
                key="counts",
                value=[self.options[kind] for kind in said] or None,
                remedy=f"For example, write counts: PATH. {did_you_mean('', self.tree)}",
            )
        return said[0]

    def _check_axes(self, axes: Sequence[str], kind: str) -> None:
        problem = None
        if len(set(axes)) < len(axes):
            problem = "Duplicate name in axes."
        elif UNIT not in axes:
            problem = "None of the axes is unit."
        elif kind == SPIKE_TIMES and TIME in axes:
            problem = "Lists of spike times have no time axis."
        elif set(axes) == {UNIT, TIME} and "cut_by" not in self.options:
            problem = "There is no trial axis, and no column that marks where trials begin."
        elif "cut_by" in self.options and set(axes) != {UNIT, TIME}:
            problem = "Activity that is cut by a column needs exactly the axes time and unit."
        if problem:
            raise InputError(
                problem,
                file=self.file,
                key="axes",
                value=list(axes),
                remedy="Write axes: [trial, unit, time], for example. For a continuous session, write axes: [time, "
                "unit], and cut_by: the column whose runs of equal values are the trials.",
            )

    def _cut(self, part: Part, axes: Sequence[str]) -> tuple[Cut, Sequence[tuple[int, int]]]:
        """The trials and, for a continuous session, where each begins and ends."""
        found = cut(part, axes)
        if "cut_by" not in self.options:
            several = [name for name in axes if name not in (UNIT, TIME)]
            if len(several) > 1:  # in a full array of conditions and trials, trials that were not recorded do not count
                real = [i for i, trial in enumerate(found.trials) if not all_missing(trial)]
                found = Cut(found.axes, [found.places[i] for i in real], [found.trials[i] for i in real])
            return found, []
        (whole,) = found.trials
        name = self.options["cut_by"]
        if name not in self.options.get("columns", {}):
            raise InputError(
                "The column in cut_by is not among the columns.",
                file=self.file,
                key="cut_by",
                value=name,
                remedy=f"Write columns: {{{name}: PATH}}. {did_you_mean('', self.tree)}",
            )
        bins = per_bin(self.tree, self.options["columns"][name], self.file, f"columns.{name}", whole.shape[1])
        spans = runs_of(bins)
        return Cut((TRIAL,), [(i,) for i in range(len(spans))], [whole[:, a:b] for a, b in spans]), spans

    def _columns(self, found: Cut, spans: Sequence[tuple[int, int]]) -> dict[str, Any]:
        """Columns of the trials table."""
        columns: dict[str, Any] = {name: list(values) for name, values in labels(found.axes, found.places).items()}
        for name, said in self.options.get("columns", {}).items():
            key = f"columns.{name}"
            if spans:
                n_bins = spans[-1][1]
                values = per_bin(self.tree, said, self.file, key, n_bins)
                columns[name] = [values[a] for a, _ in spans]
            elif name in found.axes and name != TRIAL:
                axis = found.axes.index(name)
                size = 1 + max(place[axis] for place in found.places)
                elements = per_axis(self.tree, said, name, self.file, key, size)
                columns[name] = [elements[place[axis]] for place in found.places]
            else:
                columns[name] = per_trial(self.tree, said, found.axes, found.places, self.file, key)
        for name, unit in self.options.get("times_in", {}).items():
            if name == SPIKE_TIMES:
                continue
            if name not in columns:
                raise InputError(
                    "Unknown column of times.",
                    file=self.file,
                    key=f"times_in.{name}",
                    value=unit,
                    remedy=did_you_mean(name, [*columns, SPIKE_TIMES]),
                )
            bin_ms = self._bin_ms if unit == "bins" else 1.0
            columns[name] = seconds(columns[name], unit, bin_ms, self._starts_ms, self.file, f"times_in.{name}")
        return columns

    def _units(self, n_units: int) -> pd.DataFrame:
        import pandas as pd

        said = self.options.get("unit_columns", {})
        table = {
            name: per_axis(self.tree, values, UNIT, self.file, f"unit_columns.{name}", n_units)
            for name, values in said.items()
        }
        names = [str(name) for name in table.pop("name", [f"unit{i:03d}" for i in range(1, n_units + 1)])]
        if len(set(names)) < len(names):
            raise InputError(
                "Unit names are not unique.",
                file=self.file,
                key="unit_columns.name",
                value=names,
                remedy="Leave name out to number the units.",
            )
        return pd.DataFrame(table, index=pd.Index(names, dtype=object))

    def _bins(self, found: Cut, kind: str, part: Part) -> TrialBins:
        check_values(found, kind, part)
        units = {Z_SCORES: Z_SCORE, SOFT: SOFT_NORMALISED}.get(kind, SPIKES_PER_S)
        counted_ms = float(self.options.get("counted_ms", self._bin_ms)) if kind == COUNTS else None
        return TrialBins(found.trials, self._bin_ms, self._starts_ms, counted_ms=counted_ms, units=units)

    @property
    def _bin_ms(self) -> float:
        if "file_bin_ms" not in self.options:
            raise InputError(
                "The width of the file's bins is missing.",
                file=self.file,
                key="file_bin_ms",
                value=None,
                remedy="Write file_bin_ms: 1, for example.",
            )
        return float(self.options["file_bin_ms"])

    @property
    def _starts_ms(self) -> float:
        return float(self.options.get("file_starts_ms", 0))

    def _spikes(self, found: Cut, trials: dict[str, Any]) -> TrialSpikes:
        """Spikes of each unit; the recorded time of each trial is added to `trials` as columns."""
        n_units = len(found.trials[0])
        scale = 1000.0 if self.options.get("times_in", {}).get(SPIKE_TIMES) == "ms" else 1.0
        times, of_trial = [], []
        for unit in range(n_units):
            mine = [(i, trial[unit]) for i, trial in enumerate(found.trials) if trial[unit] is not None]
            counts = [len(spikes) for _, spikes in mine]
            times.append(np.concatenate([np.empty(0), *(spikes for _, spikes in mine)]) / scale)
            of_trial.append(np.repeat(np.array([i for i, _ in mine], np.int64), counts))
        recorded = np.array([[trial[unit] is not None for trial in found.trials] for unit in range(n_units)])
        observed = observed_times(self.options, trials, self.file, len(found.trials))
        trials.update(_with_times(trials, observed[:, 0], observed[:, 1]))
        return TrialSpikes(times, of_trial, observed, recorded)

    def _behaviour(self, axes: Sequence[str], found: Cut, spans: Sequence[tuple[int, int]]) -> dict[str, TrialSignals]:
        signals = {}
        lengths = [trial.shape[1] for trial in found.trials]
        for name, path in (self.options.get("behaviour") or {}).items():
            part = find(self.tree, str(path), self.file, f"behaviour.{name}")
            own = ["component" if axis == UNIT else axis for axis in axes]
            values = cut(part, own, "component")
            if spans:
                (whole,) = values.trials
                if whole.shape[1] < spans[-1][1]:
                    raise part.wrong(f"It has {whole.shape[1]} bins, fewer than the activity.", "Use another variable.")
                pieces = [whole[:, a:b] for a, b in spans]
            else:
                by_place = dict(zip(values.places, values.trials, strict=True))
                pieces = [by_place.get(place, np.zeros((0, 0))) for place in found.places]
            signals[str(path)] = TrialSignals(
                [_bins_last(piece, n, part) for piece, n in zip(pieces, lengths, strict=True)],
                self._bin_ms,
                self._starts_ms,
            )
        return signals


def _bins_last(piece: NDArray[Any], n_bins: int, part: Part) -> NDArray[Any]:
    """A trial's signal as (component, bin); the dimension as long as the trial is that of its bins."""
    values = np.asarray(piece, np.float64)
    if values.shape[1] == n_bins:
        return values
    if values.shape[0] == n_bins:
        return values.T
    raise part.wrong(
        f"For a trial of {n_bins} bins, its shape is {' x '.join(map(str, values.shape))}.",
        "A signal needs one value per bin of the activity.",
    )


def _with_times(trials: dict[str, Any], start_s: NDArray[Any], stop_s: NDArray[Any]) -> dict[str, Any]:
    """The columns of trials with their start, their end and the 0 of their clock, unless the file has these."""
    return {START: start_s, STOP: stop_s, EVENT: np.zeros(len(start_s)), **trials}
