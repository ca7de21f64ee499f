"""Activity in bins of single trials that were cut out already, as labs have it in arrays."""

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
    """Counts, rates or z-scores of units in the bins of single trials, which may be of unequal length.

    Bins of a recording are whole multiples of the file's. An event falls where it may within a bin of the file, so the
    file's bin edge that is nearest to the start of the window is taken: bins are off by half a bin of the file at most.

    A rate is smoothed on the file's own bins, see `rates_of_bins`.

    Args:
        trials: (trial,) of arrays (unit, bin), all of the same number of units. NaN: not recorded.
        file_bin_ms: width of their bins.
        starts_ms: when the first bin starts, on each trial's own clock: one value, or (trial,).
        counted_ms: of spike counts: how long each was counted, the width of a bin or more where windows overlap; None
            where they are rates, in `units`.
        units: of the rates, spikes/s or z-score.
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
        """(unit, trial) sum over the bins of a trial, in what the file has; NaN where bins were not recorded."""
        if not self._bins.size:
            return np.zeros((self.n_units, len(self.lengths)))
        sums = np.zeros((self.n_units, len(self.lengths)))
        filled = np.flatnonzero(self.lengths)
        values = self._bins.astype(np.float64)
        sums[:, filled] = np.add.reduceat(values, self._first[filled], axis=1)
        return sums

    def amounts(self) -> NDArray[Any]:
        """(trial,) what totals are divided by to make rates: s of counts, bins of rates."""
        return self.lengths / self._per_count

    def trial_rates(self, unit: int, trials: NDArray[Any], at_s: NDArray[Any], grid: Grid) -> NDArray[Any]:
        """Rates of one unit around an event of each trial, (trial, time); see `Activity`.

        Raises:
            InputError: the bins of the recording are no whole multiple of the file's.
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
        """How many bins of the file make one of the recording."""
        ratio = grid.bin_ms / self.file_bin_ms
        if ratio < 1 - WHOLE or abs(ratio - round(ratio)) > WHOLE * max(ratio, 1):
            raise InputError(
                f"A bin of the recording has to be one or more whole bins of the file, which are {self.file_bin_ms:g} "
                "ms long.",
                key="bin_ms",
                value=grid.bin_ms,
                remedy=f"Use a multiple of {self.file_bin_ms:g}.",
            )
        return round(ratio)
