"""Distances between two halves of a recording, extrapolated to all of its neurons or trials.

Two halves of a recording are further apart than two complete recordings would be, because each half has half the
neurons or trials. Averages over k trials have noise proportional to 1 / sqrt(k), and so does the angle between two of
them if it is small. The Gram matrices of two groups of n neurons of one population differ by 1 / sqrt(n) if n is large.
The distance is 0 in both limits, but falls more slowly while the neurons' own noise spans more dimensions than there
are neurons. So

    distance(n) = c n^-p

is fitted to the mean distances at several n by least squares of their logarithms. p is 1/2 if n is large enough. In
simulated populations with known distance, the line a + b / sqrt(n) was no more accurate, and its limit was above 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurorules.similarity.baselines import split_trials, trials_of_neurons
from neurorules.similarity.noise_floor import floor_distances, neuron_splits

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

# Sizes to which the law is fitted, as fractions of the largest.
SHARES = (0.25, 0.35, 0.5, 0.7, 1.0)


class Extrapolated(NamedTuple):
    """Distance between two halves and its extrapolation."""

    size: int  # neurons or trials in each of the largest halves
    half: float  # mean distance between two such halves
    total: int  # number of recorded neurons or trials
    whole: float  # from the fit, between two complete recordings; NaN if fewer than two sizes were measured
    exponent: float  # p of the fit; 1/2 if `size` is large enough for the law


def power_law(distances: Mapping[int, float]) -> tuple[float, float]:
    """c and p of distance = c n^-p; NaN with fewer than two sizes, or if a distance is 0.

    Args:
        distances: mean distance by n.
    """
    if len(distances) < 2 or min(distances.values()) <= 0:
        return float("nan"), float("nan")
    slope, intercept = np.polyfit(np.log(list(distances)), np.log(list(distances.values())), 1)
    return float(np.exp(intercept)), float(-slope)


def _extrapolated(distances: Mapping[int, float], total: int) -> Extrapolated:
    size = max(distances)
    c, p = power_law(distances)
    return Extrapolated(size, distances[size], total, float(c * total**-p), p)


def _sizes(largest: int) -> list[int]:
    return sorted({max(1, round(share * largest)) for share in SHARES})


def neuron_split(rates: NDArray[Any], n_repeats: int, seed: int) -> Extrapolated:
    """Procrustes distance between disjoint random groups of neurons, extrapolated to groups of all neurons.

    Args:
        rates: (condition, time, neuron), at least two neurons.
        n_repeats: random splits of each size.
        seed: of the splits.
    """
    n_neurons = rates.shape[-1]
    distances = {
        size: float(floor_distances(rates, neuron_splits(n_neurons, size, n_repeats, seed)).mean())
        for size in _sizes(n_neurons // 2)
    }
    return _extrapolated(distances, n_neurons)


def trial_split(recording: xr.Dataset, n_repeats: int, seed: int) -> Extrapolated | None:
    """Procrustes distance between averages over disjoint halves of the trials, extrapolated to all trials.

    Every number of trials uses the same neurons: those with at least as many trials in every condition as the median
    neuron, so that all of them have that many trials.

    Args:
        recording: with its single trials, see `trial_averaging`.
        n_repeats: random draws per number of trials.
        seed: of the draws.

    Returns:
        None if the median neuron has fewer than two trials in some condition.
    """
    n_trials = trials_of_neurons(recording)
    total = int(np.quantile(n_trials, 0.5, method="lower"))
    if total < 2:
        return None
    kept = n_trials >= total
    distances = {k: float(split_trials(recording, kept, k, n_repeats, seed).mean()) for k in _sizes(total // 2)}
    return _extrapolated(distances, total)
