"""Reliability of a unit's trial average: the correlation of the averages over two halves of its trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPLITS = 20  # random halves


def average(rates: NDArray[Any]) -> NDArray[Any]:
    """(time,) mean over trials, independent of their order to the last bit.

    Args:
        rates: (trial, time).
    """
    mean: NDArray[Any] = np.sort(rates, axis=0).mean(axis=0)
    return mean


def split_half_reliability(rates: NDArray[Any], condition: NDArray[Any], n_conditions: int) -> float:
    """Split-half reliability of a unit's PSTHs.

    The trials of each condition are split at random into two halves (without one trial if the number is odd) and
    averaged. r is the Pearson correlation of the two averages over conditions and times together, averaged over SPLITS
    splits. The reliability of the average over all trials is 2 r / (1 + r) (Spearman 1910, Brown 1910). Splits are the
    same in every run.

    Args:
        rates: (trial, time), finite.
        condition: (trial,) 0 .. n_conditions - 1.
        n_conditions: number of conditions; each has a trial.

    Returns:
        At most 1; 0 if a half does not change; NaN if a condition has fewer than two trials.
    """
    rows = [np.flatnonzero(condition == c) for c in range(n_conditions)]
    if min(map(len, rows)) < 2:
        return float("nan")
    rng = np.random.default_rng(0)
    found = []
    for _ in range(SPLITS):
        halves: tuple[list[Any], list[Any]] = ([], [])
        for of_condition in rows:
            drawn, half = rng.permutation(of_condition), len(of_condition) // 2
            halves[0].append(rates[drawn[:half]].mean(axis=0))
            halves[1].append(rates[drawn[half : 2 * half]].mean(axis=0))
        found.append(_correlation(*(np.concatenate(half) for half in halves)))
    r = float(np.mean(found))
    return 2 * r / (1 + r) if r > -1 else float("-inf")


def _correlation(x: NDArray[Any], y: NDArray[Any]) -> float:
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 0 else 0.0
