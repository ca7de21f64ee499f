"""Spike times of single trials that were already cut out, on each trial's own clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.recordings.sessions.fine_bins import rates_of_bins
from neurorules.recordings.sessions.grid import WHOLE, Grid
from neurorules.recordings.sessions.session import SPIKES_PER_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

FINE_MS = 1.0  # spikes are counted in bins of this width or less before smoothing


class TrialSpikes:
    """Spike times of units in trials, each on the trial's own clock.

    Spikes are counted in bins of 1 ms or less that start exactly at the window's start, and are then smoothed with
    `rates_of_bins`.

    Args:
        times_s: (spike,) for each unit, s.
        in_trial: (spike,) for each unit, the trial of each spike.
        observed_s: (trial, 2) start and end of each trial's recording, s.
        recorded: (unit, trial) whether the unit was recorded in the trial.
    """

    units = SPIKES_PER_S

    def __init__(
        self,
        times_s: Sequence[NDArray[Any]],
        in_trial: Sequence[NDArray[Any]],
        observed_s: NDArray[Any],
        recorded: NDArray[Any],
    ) -> None:
        self.times_s, self.in_trial = times_s, in_trial
        self.observed_s, self.recorded = observed_s, recorded

    @property
    def n_units(self) -> int:
        return len(self.times_s)

    def totals(self) -> NDArray[Any]:
        """(unit, trial) spikes in each trial; NaN if the unit was not recorded."""
        counts = [np.bincount(trials, minlength=len(self.observed_s)) for trials in self.in_trial]
        shape = (self.n_units, len(self.observed_s))
        return np.where(self.recorded, np.reshape(counts, shape), np.nan)

    def amounts(self) -> NDArray[Any]:
        """(trial,) recorded time of each trial, s."""
        lengths: NDArray[Any] = self.observed_s[:, 1] - self.observed_s[:, 0]
        return lengths

    def trial_rates(self, unit: int, trials: NDArray[Any], at_s: NDArray[Any], grid: Grid) -> NDArray[Any]:
        """Rates of one unit around an event of each trial, (trial, time); see `Activity`."""
        each = int(np.ceil(grid.bin_ms / FINE_MS - WHOLE))
        fine_ms = grid.bin_ms / each
        pad = int(np.ceil(grid.pad_ms / fine_ms - WHOLE)) if grid.smooth_sd_ms else 0
        width = grid.n_bins * each + 2 * pad
        start_ms = grid.start_ms - pad * fine_ms
        trials, at_ms = np.asarray(trials, np.int64), np.asarray(at_s, np.float64) * 1000.0
        row_of = np.full(len(self.observed_s), -1)
        row_of[trials] = np.arange(len(trials))
        rows = row_of[self.in_trial[unit]]
        mine = rows >= 0
        rows, since_ms = rows[mine], self.times_s[unit][mine] * 1000.0
        since_ms = since_ms - at_ms[rows] - start_ms
        near = (since_ms >= -fine_ms) & (since_ms < (width + 1) * fine_ms)
        bins = np.floor(since_ms[near] / fine_ms + WHOLE).astype(np.int64)
        inside = (bins >= 0) & (bins < width)
        cells = rows[near][inside] * width + bins[inside]
        counts = np.bincount(cells, minlength=len(trials) * width).reshape(len(trials), width)
        edges_ms = start_ms + fine_ms * np.arange(width + 1)
        observed_ms = self.observed_s[trials] * 1000.0 - at_ms[:, None]
        there = edges_ms[None, :-1] >= observed_ms[:, :1] - WHOLE * fine_ms
        there &= edges_ms[None, 1:] <= observed_ms[:, 1:] + WHOLE * fine_ms
        there &= self.recorded[unit, trials][:, None]
        rates = rates_of_bins(counts.astype(np.float64), there, grid.n_bins, pad, grid.smooth_sd_ms / fine_ms)
        return rates * (1000.0 / fine_ms)
