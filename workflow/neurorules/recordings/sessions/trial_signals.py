"""Behaviour in the bins of single trials that were already cut out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class TrialSignals:
    """A signal with one value per bin in single trials; each value belongs to the middle of its bin.

    Args:
        trials: (trial,) of arrays (component, bin).
        bin_ms: width of the bins.
        starts_ms: start of the first bin, on each trial's clock.
    """

    def __init__(self, trials: Sequence[NDArray[Any]], bin_ms: float, starts_ms: float) -> None:
        self.values = list(trials)
        self.bin_ms, self.starts_ms = float(bin_ms), float(starts_ms)
        self.components = suffixes(self.values[0].shape[0] if self.values else 1)

    def trial_values(self, trials: NDArray[Any], at_s: NDArray[Any], times_ms: NDArray[Any]) -> NDArray[Any]:
        """Values at times around an event of each trial, (trial, time, component); see `Behaviour`.

        Values are interpolated between the middles of bins. In the outer halves of the first and last bins, they are
        the bin's value.
        """
        found = np.full((len(trials), len(times_ms), len(self.components)), np.nan)
        for row, (trial, at) in enumerate(zip(trials, at_s, strict=True)):
            values = self.values[int(trial)]
            if not values.shape[1] or not np.isfinite(at):
                continue
            bins = (at * 1000 + times_ms - self.starts_ms) / self.bin_ms
            inside = (bins > -1e-6) & (bins < values.shape[1] + 1e-6)
            middles = np.arange(values.shape[1]) + 0.5
            for component, signal in enumerate(values):
                found[row, inside, component] = np.interp(bins[inside], middles, signal)
        return found


def suffixes(components: int) -> tuple[str, ...]:
    """Suffixes of a signal's name for its components."""
    if components == 1:
        return ("",)
    return ("_x", "_y", "_z")[:components] if components <= 3 else tuple(f"_{i}" for i in range(components))
