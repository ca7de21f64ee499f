"""The jackknife of a mean over pairs, whose pairs share replicates and are no replicates themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 3


def pair_pseudo_values(of_pairs: NDArray[Any]) -> NDArray[Any]:
    """The jackknife's pseudo-values of the mean over all pairs of n replicates (Arvesen 1969: a U-statistic).

    With theta the mean over all pairs and theta_(i) the mean over the pairs without replicate i, the i-th is
    n theta - (n - 1) theta_(i). Their mean is theta, and they are nearly independent, so that a t-test takes them for
    n replicates.

    Args:
        of_pairs: (n, n) symmetric, the value of each pair of replicates; the diagonal does not count. n >= 3.

    Returns:
        (n,) pseudo-values.
    """
    n = len(of_pairs)
    if n < FEWEST:
        raise ValueError(f"{n} replicates; without one of them, there is no pair left")
    sums = np.where(np.eye(n, dtype=bool), 0.0, of_pairs).sum(1)
    total = sums.sum()
    mean = total / (n * (n - 1))
    without = (total - 2 * sums) / ((n - 1) * (n - 2))
    pseudo_values: NDArray[Any] = n * mean - (n - 1) * without
    return pseudo_values
