"""Activity in bins of single trials that were already cut out, as labs have it in arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.sessions.fine_bins import rates_of_bins
from neurorules.recordings.sessions.grid import WHOLE, Grid
from neurorules.recordings.sessions.session import SPIKES_PER_S

if TYPE_CHECKING:
    from numpy.typing import NDArray


class TrialBins:
    """Counts, rates or z-scores of units in the bins of single trials, which may differ in length.

    Each bin of a recording is a whole number of the file's bins. An event may be anywhere in a bin of the file, so the
    window starts at the nearest bin edge in the file: bins are off by at most half a bin of the file.

    A rate is smoothed on the file's own bins, see `rates_of_bins`.

    Args:
        trials: (trial,) of arrays (unit, bin), all with the same number of units. NaN: not recorded.
        file_bin_ms: width of the file's bins.
        starts_ms: start of the first bin on each trial's own clock: one value, or (trial,).
        counted_ms: for spike counts, the time over which each was counted: the bin width, or more if windows overlap;
            None for rates in `units`.
        units: units of the rates, spikes/s or z-score.
    """

    def __init__(
        self,
        trials: Sequence[NDArray[Any]],
        file_bin_ms: float,
        starts_ms: float | NDArray[Any] = 0.0,
        *,
        counted_ms: float | None = None,
        units: str = SPIKES_PER_S,
    ) -> None:
        self.units = units
        self.file_bin_ms = float(file_bin_ms)
        self.lengths = np.array([trial.shape[1] for trial in trials], dtype=np.int64)  # (trial,) bins
        self.starts_ms = np.broadcast_to(np.asarray(starts_ms, np.float64), (len(trials),))
        self._first = np.concatenate([[0], np.cumsum(self.lengths)])[:-1]
        self._bins = np.concatenate(list(trials), axis=1)  # (unit, bin), one trial after another
        self._per_count = 1.0 if counted_ms is None else 1000.0 / counted_ms

    @property
    def n_units(self) -> int:
        return int(self._bins.shape[0])

    def totals(self) -> NDArray[Any]:
        """(unit, trial) sum over a trial's bins, in the file's unit of measure; NaN if bins were not recorded."""
        if not self._bins.size:
            return np.zeros((self.n_units, len(self.lengths)))
        sums = np.zeros((self.n_units, len(self.lengths)))
        filled = np.flatnonzero(self.lengths)
        values = self._bins.astype(np.float64)
        sums[:, filled] = np.add.reduceat(values, self._first[filled], axis=1)
        return sums

    def amounts(self) -> NDArray[Any]:
        """(trial,) divisor that turns totals into rates: s for counts, bins for rates."""
        return self.lengths / self._per_count

    def trial_rates(self, unit: int, trials: NDArray[Any], at_s: NDArray[Any], grid: Grid) -> NDArray[Any]:
        """Rates of one unit around an event of each trial, (trial, time); see `Activity`.

        Raises:
            InputError: the recording's bins are not a whole number of the file's bins.
        """
        each = self._whole_bins(grid)
        pad = int(np.ceil(grid.pad_ms / self.file_bin_ms - WHOLE)) if grid.smooth_sd_ms else 0
        trials = np.asarray(trials, dtype=np.int64)
        with np.errstate(invalid="ignore"):
            offset_ms = np.asarray(at_s, np.float64) * 1000 + grid.start_ms - self.starts_ms[trials]
            # half a bin always rounds the same way, and a time that cannot be in the trial is beyond its end
            offset = np.floor(np.clip(offset_ms / self.file_bin_ms, -1e9, 1e9) + 0.5 + WHOLE)
        at = np.nan_to_num(offset, nan=1e9).astype(np.int64)[:, None] - pad + np.arange(grid.n_bins * each + 2 * pad)
        there = (at >= 0) & (at < self.lengths[trials][:, None])
        place = np.where(there, self._first[trials][:, None] + at, 0)
        values = np.zeros(at.shape)
        if self._bins.shape[1]:
            values[there] = self._bins[unit, place[there]]
        there &= np.isfinite(values)
        values[~there] = 0.0
        sd = grid.smooth_sd_ms / self.file_bin_ms
        return rates_of_bins(values, there, grid.n_bins, pad, sd) * self._per_count

    def _whole_bins(self, grid: Grid) -> int:
        """Number of the file's bins in one bin of the recording."""
        ratio = grid.bin_ms / self.file_bin_ms
        if ratio < 1 - WHOLE or abs(ratio - round(ratio)) > WHOLE * max(ratio, 1):
            raise InputError(
                f"A bin of the recording must be a whole number of the file's bins, which are {self.file_bin_ms:g} "
                "ms long.",
                key="bin_ms",
                value=grid.bin_ms,
                remedy=f"Use a multiple of {self.file_bin_ms:g}.",
            )
        return round(ratio)
