"""Soft matching distance: one population's units are matched with the other's (Khosla & Williams 2024).

Let x_i be the centred activity of unit i over all samples, i = 1..N_x, and y_j that of neuron j, j = 1..N_y. Each
representation is divided by its root mean square norm over units, so sum_i ||x_i||^2 / N_x = 1. Then

    d^2 = min_T sum_ij T_ij ||x_i - y_j||^2,   T_ij >= 0,  sum_j T_ij = 1 / N_x,  sum_i T_ij = 1 / N_y

is the squared Wasserstein distance between the two sets of units. With equal numbers of units, the best T is a
permutation divided by N. As d^2 = 2 (1 - s) with s = max_T sum_ij T_ij <x_i, y_j>, this measure is

    d / sqrt(2) = sqrt(1 - s),

1 if no match has anything in common. It ignores the order of units, shift and scale, but not rotation: units count one
by one. It is a metric between representations up to these. Since the paper leaves the scale of the data to the user,
the division by the norm is ours; it makes the distance blind to the units of rates. Silent units count as zeros.

Equal numbers are an assignment problem (SciPy); others are solved by the network simplex of POT (Python Optimal
Transport). Both are exact. For 200 units and 141 neurons, POT's takes 4 ms, SciPy's linear program (HiGHS) 0.3 s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.similarity.samples import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL = "Soft matching distance"

# Of the network simplex. 400 units against 762 neurons take about 10,000.
MOST_ITERATIONS = 100_000_000


def distance(x: NDArray[Any], y: NDArray[Any]) -> float:
    """sqrt(1 - s), 0 to sqrt(2); 1 if either has no variance.

    Args:
        x, y: (condition, time, feature) or (sample, feature) of the same samples, any numbers of features.

    Raises:
        ValueError: the numbers of samples differ.
        InputError: no optimal transport was found.
    """
    return between(Samples(x), Samples(y))


def between(x: Samples, y: Samples) -> float:
    """`distance` of activities that are compared more than once."""
    if x.norm == 0 or y.norm == 0:
        return 1.0
    products = x.cross(y) * (np.sqrt(x.features * y.features) / (x.norm * y.norm))
    return float(np.sqrt(max(1.0 - best_match(products), 0.0)))


def best_match(products: NDArray[Any]) -> float:
    """max_T sum_ij T_ij products_ij over all T with equal row sums and equal column sums, together 1.

    Args:
        products: (unit, neuron).

    Raises:
        InputError: no optimal transport was found.
    """
    n, m = products.shape
    if n == m:
        from scipy.optimize import linear_sum_assignment

        return float(products[linear_sum_assignment(products, maximize=True)].mean())
    if min(n, m) == 1:
        return float(products.mean())
    import ot

    transport, log = ot.emd(np.full(n, 1 / n), np.full(m, 1 / m), -products, numItermax=MOST_ITERATIONS, log=True)
    if log["warning"]:
        raise InputError(
            f"No optimal transport between {n} units and {m} neurons was found: {log['warning']}.",
            key="comparison.measures",
            value="soft_matching",
            remedy="Leave this measure out for this recording.",
        )
    return float((transport * products).sum())
