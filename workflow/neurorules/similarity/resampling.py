"""Distances to a recording whose neurons are drawn again, with replacement: one sample of neurons among many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.similarity.noise_floor import CrossProduct

if TYPE_CHECKING:
    from numpy.typing import NDArray


def neuron_weights(n_neurons: int, n_resamples: int, seed: int) -> NDArray[Any]:
    """How often each neuron is in each resample of as many neurons, drawn with replacement.

    Returns:
        (resample, neuron) counts, each row with the sum `n_neurons`.
    """
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_neurons, np.full(n_neurons, 1 / n_neurons), size=n_resamples)


def resampled_distances(activity: NDArray[Any], rates: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    """Normalized Procrustes distance to each resample of the neurons, (resample,).

    A neuron that is drawn w times is w equal columns, which have the nuclear norm of one column times sqrt(w): of
    X^T Y only the columns are scaled, and no resample is compared sample by sample.

    Args:
        activity: (condition, time, unit).
        rates: (condition, time, neuron).
        weights: (resample, neuron), see `neuron_weights`.
    """
    return CrossProduct(activity, rates).weighted_distances(weights)
