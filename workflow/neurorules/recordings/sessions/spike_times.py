"""Spike times of units, and the resulting rates around events.

Without smoothing, a rate is the number of spikes in a bin divided by its width. With smoothing, each spike is a
Gaussian that is truncated at KERNEL_SD and has an integral of 1. A rate is the exact mean of their sum over the bin,
from the Gaussian's cumulative function. Spikes outside the window count if their Gaussian reaches into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.recordings.sessions.grid import KERNEL_SD, WHOLE
from neurorules.recordings.sessions.session import SPIKES_PER_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.recordings.sessions.grid import Grid

CELLS = 1 << 21  # numbers computed at once: 16 MB


@dataclass(frozen=True)
class SpikeTimes:
    """Spike times on one clock, that of the trials table.

    Attributes:
        times_s: (spike,) for each unit, ascending, s.
        observed_s: (interval, 2) for each unit, starts and ends of its observed time, s, ascending; None if the file
            does not say, which counts as always observed.
        units: units of the rates.
    """

    times_s: Sequence[NDArray[Any]]
    observed_s: Sequence[NDArray[Any] | None] | None = None
    units: str = SPIKES_PER_S

    def trial_rates(self, unit: int, trials: NDArray[Any], at_s: NDArray[Any], grid: Grid) -> NDArray[Any]:
        """Rates of one unit, (trial, time) in spikes/s; see `Activity`.

        A trial is NaN unless its window, including the margins for smoothing, is completely inside one interval of
        observed time.
        """
        times_s = np.asarray(self.times_s[unit], np.float64)
        rates = smoothed(times_s, at_s, grid) if grid.smooth_sd_ms > 0 else counted(times_s, at_s, grid)
        observed = None if self.observed_s is None else self.observed_s[unit]
        if observed is not None:
            rates[~within(observed, at_s, grid)] = np.nan
        return rates


def counted(times_s: NDArray[Any], at_s: NDArray[Any], grid: Grid) -> NDArray[Any]:
    """Spikes in each bin divided by its width, (trial, time) in spikes/s.

    A bin contains the spikes from its start to just before its end. Spikes that only rounding moved off an edge count
    as on it.

    Args:
        times_s: (spike,) ascending.
        at_s: (trial,) of the events.
        grid: window and bins; its smoothing is ignored.
    """
    counts = np.zeros(len(at_s) * grid.n_bins)
    for trials in _blocks(times_s, at_s, grid.start_ms - grid.bin_ms, grid.stop_ms, 1):
        trial, since_ms = _spikes_around(times_s, at_s, trials, grid.start_ms - grid.bin_ms, grid.stop_ms)
        bins = np.floor((since_ms - grid.start_ms) / grid.bin_ms + WHOLE).astype(np.int64)
        inside = (bins >= 0) & (bins < grid.n_bins)
        counts += np.bincount(trial[inside] * grid.n_bins + bins[inside], minlength=len(counts))
    rates: NDArray[Any] = counts.reshape(len(at_s), grid.n_bins) / (grid.bin_ms / 1000.0)
    return rates


def smoothed(times_s: NDArray[Any], at_s: NDArray[Any], grid: Grid) -> NDArray[Any]:
    """Mean over each bin of spikes smoothed with a Gaussian, (trial, time) in spikes/s.

    Args:
        times_s: (spike,) ascending.
        at_s: (trial,) of the events.
        grid: `smooth_sd_ms` is above 0.
    """
    width, sd, pad = grid.bin_ms, grid.smooth_sd_ms, grid.pad_ms
    rates = np.zeros(len(at_s) * grid.n_bins)
    reach = min(int(np.ceil(2 * pad / width)) + 1, grid.n_bins)  # bins that one spike can reach
    for trials in _blocks(times_s, at_s, grid.start_ms - pad, grid.stop_ms + pad, reach + 1):
        trial, since_ms = _spikes_around(times_s, at_s, trials, grid.start_ms - pad, grid.stop_ms + pad)
        first = np.floor((since_ms - pad - grid.start_ms) / width).astype(np.int64)
        first = np.clip(first, 0, grid.n_bins - reach)
        edges_ms = grid.start_ms + width * (first[:, None] + np.arange(reach + 1))
        share = np.maximum(np.diff(_cumulative((edges_ms - since_ms[:, None]) / sd), axis=1), 0.0)
        cell = trial[:, None] * grid.n_bins + first[:, None] + np.arange(reach)
        rates += np.bincount(cell.ravel(), share.ravel(), minlength=len(rates))
    per_s: NDArray[Any] = rates.reshape(len(at_s), grid.n_bins) / (width / 1000.0)
    return per_s


def within(observed_s: NDArray[Any], at_s: NDArray[Any], grid: Grid) -> NDArray[Any]:
    """(trial,) bool: whether the window, padded for smoothing, is completely inside one interval.

    Args:
        observed_s: (interval, 2) ascending; intervals that touch or overlap count as one.
        at_s: (trial,) of the events.
        grid: window and smoothing.
    """
    tolerance_s = WHOLE * grid.bin_ms / 1000.0
    starts, ends = _joined(np.asarray(observed_s, np.float64).reshape(-1, 2), tolerance_s)
    if not len(starts):
        return np.zeros(len(at_s), bool)
    from_s = at_s + (grid.start_ms - grid.pad_ms) / 1000.0
    to_s = at_s + (grid.stop_ms + grid.pad_ms) / 1000.0
    interval = np.searchsorted(starts, from_s + tolerance_s, side="right") - 1
    inside: NDArray[Any] = (interval >= 0) & (to_s <= ends[interval] + tolerance_s)
    return inside


def _joined(intervals: NDArray[Any], tolerance: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Starts and ends of the union of intervals."""
    if not len(intervals):
        return np.empty(0), np.empty(0)
    intervals = intervals[np.argsort(intervals[:, 0], kind="stable")]
    latest = np.maximum.accumulate(intervals[:, 1])
    new = np.r_[True, intervals[1:, 0] > latest[:-1] + tolerance]
    return intervals[new, 0], latest[np.r_[np.flatnonzero(new)[1:] - 1, len(intervals) - 1]]


def _cumulative(x: NDArray[Any]) -> NDArray[Any]:
    """Cumulative distribution function of the standard normal truncated at KERNEL_SD."""
    from scipy.special import ndtr

    below = ndtr(-KERNEL_SD)
    found: NDArray[Any] = (ndtr(np.clip(x, -KERNEL_SD, KERNEL_SD)) - below) / (1 - 2 * below)
    return found


def _blocks(times_s: NDArray[Any], at_s: NDArray[Any], from_ms: float, to_ms: float, per_spike: int) -> Sequence[slice]:
    """Ranges of trials with few enough spikes to process at once."""
    first, last = _ranges(times_s, at_s, from_ms, to_ms)
    cells = np.cumsum((last - first) * per_spike)
    cuts = [0]
    while cuts[-1] < len(at_s):
        before = cells[cuts[-1] - 1] if cuts[-1] else 0
        cuts.append(max(int(np.searchsorted(cells, before + CELLS, side="right")), cuts[-1] + 1))
    return [slice(a, min(b, len(at_s))) for a, b in pairwise(cuts)]


def _ranges(
    times_s: NDArray[Any], at_s: NDArray[Any], from_ms: float, to_ms: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """(trial,) index of the first spike around each event, and of the one after the last."""
    first = np.searchsorted(times_s, at_s + from_ms / 1000.0, side="left")
    return first, np.searchsorted(times_s, at_s + to_ms / 1000.0, side="right")


def _spikes_around(
    times_s: NDArray[Any], at_s: NDArray[Any], trials: slice, from_ms: float, to_ms: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """(spike,) the trial of each spike around the events of some trials, and its time since the event, ms."""
    first, last = _ranges(times_s, at_s[trials], from_ms, to_ms)
    counts = last - first
    trial = np.repeat(np.arange(len(at_s))[trials], counts)
    spike = np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)
    return trial, (times_s[spike] - at_s[trial]) * 1000.0
