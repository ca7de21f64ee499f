"""Named arrays split into trials: the labels and values of each trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.recordings.formats.axes import Index, Named, name_axes
from neurorules.recordings.formats.parts import Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNIT, TIME, TRIAL = "unit", "time", "trial"
COUNTS, Z_SCORES, SOFT = "counts", "z_scores", "soft_normalised"  # options that give the activity


@dataclass(frozen=True)
class Cut:
    """Values of trials.

    Attributes:
        axes: names of the dimensions that count trials.
        places: (trial,) each trial's index along these dimensions, ascending.
        trials: (trial,) of arrays (unit, bin), or of lists of events of each unit; None: not recorded.
    """

    axes: tuple[str, ...]
    places: list[Index]
    trials: list[Any]


def cut(part: Part, axes: Sequence[str], rows: str = UNIT) -> Cut:
    """Arrays of bins as trials, each (row, bin).

    Args:
        part: numbers.
        axes: names of its dimensions.
        rows: the name of the dimension that becomes the rows; without it, each trial has one row.

    Raises:
        InputError: the dimensions differ, or those of a trial's units or bins do not fit each other.
    """
    named = name_axes(part, axes)
    if rows in named.outer:
        return _units_apart(named, part, rows)
    along = tuple(name for name in named.inner if name not in (rows, TIME))
    order = [named.inner.index(name) for name in along]
    order += [named.inner.index(name) for name in (rows, TIME) if name in named.inner]
    places: list[Index] = []
    trials: list[Any] = []
    for outer, array in sorted(named.arrays.items()):
        array = np.transpose(np.asarray(array), order)
        if rows not in named.inner:
            array = np.expand_dims(array, len(along))
        if TIME not in named.inner:
            array = array[..., None]
        for inner in np.ndindex(array.shape[: len(along)]):
            places.append(outer + inner)
            trials.append(array[inner])
    return _of_one_size(Cut(named.outer + along, places, trials), part, rows)


def _units_apart(named: Named, part: Part, rows: str) -> Cut:
    """Trials from separate arrays for each unit; units may have different trials."""
    at = named.outer.index(rows)
    along = tuple(name for name in named.inner if name != TIME)
    order = [named.inner.index(name) for name in along] + [named.inner.index(TIME)] * (TIME in named.inner)
    found: dict[Index, dict[int, NDArray[Any]]] = {}
    for outer, array in named.arrays.items():
        array = np.transpose(np.asarray(array), order)
        if TIME not in named.inner:
            array = array[..., None]
        for inner in np.ndindex(array.shape[: len(along)]):
            found.setdefault(outer[:at] + outer[at + 1 :] + inner, {})[outer[at]] = array[inner]
    n_units = 1 + max((place[at] for place in named.arrays), default=-1)
    places = sorted(found)
    trials = []
    for place in places:
        lengths = {len(values) for values in found[place].values()}
        if len(lengths) > 1:
            raise part.wrong(
                f"Units have different numbers of bins in the same trial: {sorted(lengths)}.",
                "Cut all units of a trial in the same way.",
            )
        trial = np.full((n_units, lengths.pop()), np.nan)
        for unit, values in found[place].items():
            trial[unit] = values
        trials.append(trial)
    return Cut(named.outer[:at] + named.outer[at + 1 :] + along, places, trials)


def _of_one_size(found: Cut, part: Part, rows: str) -> Cut:
    """The trials; empty ones get as many rows as the others.

    Raises:
        InputError: trials have different numbers of units.
    """
    numbers = [len(trial) for trial in found.trials if trial.size]
    n_rows = numbers[0] if numbers else 0
    for place, trial in zip(found.places, found.trials, strict=True):
        if trial.size and len(trial) != n_rows:
            where = ", ".join(f"{name} {i + 1}" for name, i in zip(found.axes, place, strict=True))
            raise part.wrong(
                f"The length of {rows} is {len(trial)} in {where}, but {n_rows} elsewhere.",
                "Name its dimensions in their order: axes: [trial, unit, time] differs from axes: [trial, time, unit].",
            )
    trials = [trial if trial.size else np.zeros((n_rows, 0)) for trial in found.trials]
    return Cut(found.axes, found.places, trials)


def cut_spikes(part: Part, axes: Sequence[str]) -> Cut:
    """Lists of spike times as trials: for each trial and unit its times (spike,), or None.

    Raises:
        InputError: the dimensions differ, none of them is unit, or a time is not finite.
    """
    named = name_axes(part, axes, events=True)
    if UNIT not in named.outer:
        raise part.wrong("None of its axes is unit.", "Write axes: [trial, unit], for example.")
    at = named.outer.index(UNIT)
    n_units = 1 + max((place[at] for place in named.arrays), default=-1)
    found: dict[Index, list[Any]] = {}
    for outer, times in named.arrays.items():
        if not np.isfinite(times).all():
            raise part.wrong("A spike time is NaN or infinite.", "Remove such times; an empty list means no spikes.")
        found.setdefault(outer[:at] + outer[at + 1 :], [None] * n_units)[outer[at]] = times
    places = sorted(found)
    return Cut(named.outer[:at] + named.outer[at + 1 :], places, [found[place] for place in places])


def runs_of(bins: NDArray[Any]) -> list[tuple[int, int]]:
    """Starts and ends of runs of equal values, [a, b); missing values (NaN) are in no run."""
    if not len(bins):
        return []
    change = np.flatnonzero(bins[1:] != bins[:-1]) + 1
    edges = [0, *change.tolist(), len(bins)]
    return [(a, b) for a, b in pairwise(edges) if bins[a] is not None and bins[a] == bins[a]]


def labels(axes: Sequence[str], places: Sequence[Index]) -> Mapping[str, list[int]]:
    """For each axis except the trials' own: the number of each trial's element, from 1."""
    return {name: [place[i] + 1 for place in places] for i, name in enumerate(axes) if name != TRIAL}


def all_missing(trial: NDArray[Any]) -> bool:
    """Whether no unit was recorded in the trial."""
    return trial.dtype.kind == "f" and bool(np.isnan(trial).all())


def check_values(found: Cut, kind: str, part: Part) -> None:
    """Refuse values that do not fit their kind.

    Args:
        found: the trials.
        kind: the option that gives them: counts, rates, z_scores, soft_normalised.
        part: their place in the file, for the error.

    Raises:
        InputError: there are infinite values, negative counts or rates, or counts that are not whole numbers.
    """
    for place, trial in zip(found.places, found.trials, strict=True):
        where = ", ".join(f"{name} {i + 1}" for name, i in zip(found.axes, place, strict=True))
        if np.isinf(trial).any():
            raise part.wrong(f"There are infinite values in {where}.", "Write NaN where a unit was not recorded.")
        if kind not in (Z_SCORES, SOFT) and (trial < 0).any():
            raise part.wrong(
                f"There are negative {kind} in {where}, down to {float(np.nanmin(trial)):g}.",
                "If they are z-scored, use z_scores; if they are soft-normalised, use soft_normalised.",
            )
        if kind == COUNTS and trial.dtype.kind == "f" and (trial[np.isfinite(trial)] % 1).any():
            raise part.wrong(
                f"Spike counts in {where} are not whole numbers.", "If they are rates in spikes/s, use rates."
            )
