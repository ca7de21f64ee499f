"""References for distances: the mean over conditions, dimensionality, and averages over trials (Table 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurorules.errors import InputError
from neurorules.similarity.procrustes import procrustes_distance
from neurorules.similarity.samples import Samples

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray


def cross_condition_average(rates: NDArray[Any]) -> NDArray[Any]:
    """Rates with every condition replaced by the mean over conditions.

    Args:
        rates: (condition, time, neuron).

    Returns:
        (condition, time, neuron).
    """
    rates = np.asarray(rates, np.float64)
    return np.broadcast_to(rates.mean(0), rates.shape).copy()


def participation_ratio(activity: NDArray[Any]) -> float:
    """Dimensionality: (sum of eigenvalues)^2 / sum of squared eigenvalues of the covariance of the samples.

    Between 1 and the number of features; 0 if there is no variance.

    Args:
        activity: (condition, time, feature) or (sample, feature).
    """
    return ratio_of_scatter(Samples(activity).scatter)


def ratio_of_scatter(scatter: NDArray[Any]) -> float:
    """Participation ratio of samples from X^T X, (feature, feature)."""
    squares = float((scatter**2).sum())
    return 0.0 if squares == 0 else float(np.trace(scatter)) ** 2 / squares


class TrialAverages(NamedTuple):
    """Distances between averages over equal numbers of trials, with the number of neurons compared."""

    distances: NDArray[Any]  # (repeat,); empty if no neuron has enough trials
    n_neurons: int  # neurons with enough trials in every condition


def trial_averaging(
    trials: xr.Dataset, counts: Sequence[int] = (1, 5, 10, 15, 20), n_repeats: int = 20, seed: int = 0
) -> dict[int, TrialAverages]:
    """Procrustes distance between averages over disjoint sets of k trials per condition of one recording.

    For each repeat and condition, 2k trials are drawn. Rates averaged over the first k are compared with rates averaged
    over the others. Neurons with fewer than 2k trials in any condition are left out for that k, so different k compare
    the same neurons only if `n_neurons` is the same. All neurons use the same random order of trial numbers: neurons
    recorded together, with their trials in the same order, get the same trials.

    Args:
        trials: a Recording with its single trials (`trial_rates`, `trial_neuron`, `trial_condition`); trials without a
            condition (-1) are left out.
        counts: the numbers of trials averaged, k.
        n_repeats: random draws.
        seed: of the draws.

    Returns:
        For each k, its distances and the number of neurons compared.

    Raises:
        InputError: the recording has no single trials.
    """
    if "trial_rates" not in trials:
        raise InputError(
            "The recording was read without single trials.",
            key="keep_trials",
            value=False,
            remedy="Set keep_trials to true for this recording, or leave out trial averaging.",
        )
    n_trials = trials_of_neurons(trials)
    found = {}
    for k in counts:
        enough = n_trials >= 2 * k
        distances = split_trials(trials, enough, k, n_repeats if enough.any() else 0, seed)
        found[k] = TrialAverages(distances, int(enough.sum()))
    return found


def split_trials(trials: xr.Dataset, neurons: NDArray[Any], k: int, n_repeats: int, seed: int) -> NDArray[Any]:
    """Procrustes distances (repeat,) between averages over k trials per condition and over k others.

    Args:
        trials: see `trial_averaging`.
        neurons: (neuron,) bool, the neurons compared; each has 2k trials in every condition.
        k: trials averaged.
        n_repeats, seed: of the random draws.
    """
    rates, rows = trials["trial_rates"].values, trial_rows(trials)[:, neurons]
    rng = np.random.default_rng([seed, k])
    return np.array([_distance(rates, rows, k, rng) for _ in range(n_repeats)])


def trials_of_neurons(trials: xr.Dataset) -> NDArray[Any]:
    """Each neuron's number of trials in its condition with the fewest trials, (neuron,)."""
    fewest: NDArray[Any] = trial_counts(trials).min(0)
    return fewest


def trial_counts(trials: xr.Dataset) -> NDArray[Any]:
    """Numbers of trials, (condition, neuron)."""
    counts: NDArray[Any] = (trial_rows(trials) >= 0).sum(2)
    return counts


def trial_rows(trials: xr.Dataset) -> NDArray[Any]:
    """Row numbers in `trial_rates`, (condition, neuron, trial); -1 if a neuron has no such trial."""
    # With a small integer type, the product below would overflow.
    neuron, condition = (trials[name].values.astype(np.int64) for name in ("trial_neuron", "trial_condition"))
    kept = np.flatnonzero(condition >= 0)
    shape = trials.sizes["condition"], trials.sizes["neuron"]
    cell = condition[kept] * shape[1] + neuron[kept]
    in_cells = kept[np.argsort(cell, kind="stable")]
    n_trials = np.bincount(cell, minlength=shape[0] * shape[1])
    rows = np.full((len(n_trials), max(int(n_trials.max(initial=0)), 1)), -1)
    rows[np.arange(rows.shape[1]) < n_trials[:, None]] = in_cells
    return rows.reshape(*shape, -1)


def _distance(rates: NDArray[Any], rows: NDArray[Any], k: int, rng: np.random.Generator) -> float:
    """Distance between averages over k trials and over k others; rows (condition, neuron, trial)."""
    halves = np.empty((2, len(rows), rates.shape[1], rows.shape[1]))
    for condition, of_neurons in enumerate(rows):
        # Trials that a neuron lacks come last in its order.
        order = np.argsort(np.where(of_neurons >= 0, rng.random(rows.shape[2]), np.inf), axis=1)[:, : 2 * k]
        drawn = rates[np.take_along_axis(of_neurons, order, 1)].reshape(rows.shape[1], 2, k, -1)
        halves[:, condition] = drawn.mean(2, dtype=np.float64).transpose(1, 2, 0)
    return procrustes_distance(halves[0], halves[1])
