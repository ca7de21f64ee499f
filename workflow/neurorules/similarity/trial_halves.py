"""Random halves of trials, and trials without noise correlations: references for distances between noisy responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Half = list["NDArray[Any]"]  # for each condition, indices of its trials


def trial_halves(condition: NDArray[Any], n_conditions: int, n_repeats: int, seed: int) -> list[tuple[Half, Half]]:
    """Random disjoint halves of the trials of every condition.

    Of an odd number of trials, one is left out.

    Args:
        condition: (trial,) the condition of each trial.
        n_conditions: number of conditions.
        n_repeats: number of splits.
        seed: of the splits.

    Returns:
        For each repeat, both halves.
    """
    rng = np.random.default_rng(seed)
    trials = [np.flatnonzero(condition == number) for number in range(n_conditions)]
    splits = []
    for _ in range(n_repeats):
        first, second = [], []
        for of_condition in trials:
            order, size = rng.permutation(of_condition), len(of_condition) // 2
            first.append(order[:size])
            second.append(order[size : 2 * size])
        splits.append((first, second))
    return splits


def without_correlations(trials: Sequence[NDArray[Any]], rng: np.random.Generator) -> list[NDArray[Any]]:
    """Trials in which each neuron's trials of a condition are shuffled by themselves.

    Means and variances stay the same, and so do correlations of a neuron with itself over time. Correlations between
    neurons vanish on average.

    Args:
        trials: for each condition (trial, time, neuron).
        rng: random numbers.
    """
    shuffled = []
    for of_condition in trials:
        n_trials, _, n_neurons = of_condition.shape
        order = rng.random((n_trials, n_neurons)).argsort(axis=0)
        shuffled.append(np.take_along_axis(of_condition, order[:, None, :], axis=0))
    return shuffled
