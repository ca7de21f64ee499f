"""Distances to a recording with its neurons resampled, because they are one sample of many possible neurons.

If the recording has single trials, each resample also resamples trials, separately for each neuron and condition. A
recording does not say which neurons were recorded together, so shared noise is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.similarity.baselines import trial_rows
from neurorules.similarity.noise_floor import CrossProduct

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray


def neuron_weights(n_neurons: int, n_resamples: int, seed: int) -> NDArray[Any]:
    """How often each resample contains each neuron; resamples have the original number of neurons.

    Returns:
        Counts (resample, neuron); each row sums to `n_neurons`.
    """
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_neurons, np.full(n_neurons, 1 / n_neurons), size=n_resamples)


def resampled_distances(activity: NDArray[Any], rates: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    """Normalized Procrustes distances (resample,) to each resample of the neurons.

    A neuron drawn w times is w equal columns, which contribute like one column times sqrt(w). So only the columns of
    X^T Y are scaled, and the samples are not compared again.

    Args:
        activity: (condition, time, unit).
        rates: (condition, time, neuron).
        weights: (resample, neuron), see `neuron_weights`.
    """
    return CrossProduct(activity, rates).weighted_distances(weights)


def resampled_averages(trials: xr.Dataset, n_resamples: int, seed: int) -> Iterator[NDArray[Any]]:
    """Rates (condition, time, neuron) averaged over trials drawn with replacement, for each resample.

    A neuron without trials in a condition keeps its average.

    Args:
        trials: a Recording with its single trials.
        n_resamples: number of resamples.
        seed: of the draws.
    """
    rows = trial_rows(trials)
    single, rates = trials["trial_rates"].values, trials["rates"].values
    n_trials = (rows >= 0).sum(2)
    there = n_trials > 0
    for index in range(n_resamples):
        rng = np.random.default_rng([seed, index])
        averages = rates.copy()
        for condition, of_neurons in enumerate(rows):
            count = n_trials[condition]
            # Trials that a neuron lacks come last in its row.
            drawn = rng.integers(0, np.maximum(count, 1)[:, None], of_neurons.shape)
            weight = (np.arange(of_neurons.shape[1]) < count[:, None]) / np.maximum(count, 1)[:, None]
            chosen = single[np.take_along_axis(of_neurons, drawn, 1)]
            mean = np.einsum("nkt,nk->tn", chosen, weight, dtype=np.float64)
            averages[condition][:, there[condition]] = mean[:, there[condition]]
        yield averages
