"""Jackknife of a mean over pairs, which share replicates and are not replicates themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 3


def pair_pseudo_values(of_pairs: NDArray[Any]) -> NDArray[Any]:
    """Jackknife pseudo-values of the mean over all pairs of n replicates (Arvesen 1969: a U-statistic).

    With theta the mean over all pairs and theta_(i) the mean over the pairs without replicate i, the i-th is n theta -
    (n - 1) theta_(i). Their mean is theta, and they are nearly independent, so a t-test can treat them as n replicates.

    Args:
        of_pairs: (n, n) symmetric, the value of each pair of replicates; the diagonal is ignored. n >= 3.

    Returns:
        (n,) pseudo-values.
    """
    n = len(of_pairs)
    if n < FEWEST:
        raise ValueError(f"{n} replicates are too few: no pair remains without one of them")
    sums = np.where(np.eye(n, dtype=bool), 0.0, of_pairs).sum(1)
    total = sums.sum()
    mean = total / (n * (n - 1))
    without = (total - 2 * sums) / ((n - 1) * (n - 2))
    pseudo_values: NDArray[Any] = n * mean - (n - 1) * without
    return pseudo_values
