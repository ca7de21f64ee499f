"""Neuron-split noise floor (paper, Figure 5, Table 3, appendix A.3).

The recorded neurons are split into two disjoint random groups of n = half the neurons. The distance between the groups
is the noise floor: the distance between two samples of one population. It is compared with the distance between n
random units of the network and the first group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.similarity.baselines import cross_condition_average
from neurorules.similarity.procrustes import as_samples, distance_from_cross_product
from neurorules.similarity.samples import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray


class CrossProduct:
    """X^T Y of two representations; the distance between any of their columns then takes one small SVD.

    Args:
        x: (condition, time, feature) or (sample, feature).
        y: the same samples with other features.
    """

    def __init__(self, x: NDArray[Any], y: NDArray[Any]) -> None:
        x, y = as_samples(x), as_samples(y)
        self.product = x.T @ y
        self.square_x = np.einsum("ij,ij->j", x, x)
        self.square_y = np.einsum("ij,ij->j", y, y)

    def distance(self, columns_x: NDArray[Any], columns_y: NDArray[Any]) -> float:
        """Normalized Procrustes distance between columns of X and columns of Y."""
        return distance_from_cross_product(
            self.product[np.ix_(columns_x, columns_y)],
            float(np.sqrt(self.square_x[columns_x].sum())),
            float(np.sqrt(self.square_y[columns_y].sum())),
        )

    def weighted_distances(self, weights: NDArray[Any]) -> NDArray[Any]:
        """Distances (weighting,) of X from Y with column j repeated weights[:, j] times.

        Args:
            weights: (weighting, feature of Y), non-negative.
        """
        # The left singular vectors only rotate X, which does not change nuclear norms.
        _, singular, vt = np.linalg.svd(self.product, full_matrices=False)
        reduced, norm_x = singular[:, None] * vt, float(np.sqrt(self.square_x.sum()))
        distances = np.empty(len(weights))
        for index, weight in enumerate(weights):
            drawn = weight > 0
            distances[index] = distance_from_cross_product(
                reduced[:, drawn] * np.sqrt(weight[drawn]), norm_x, float(np.sqrt(weight @ self.square_y))
            )
        return distances


def group_size(n_neurons: int, n_units: int | None = None) -> int:
    """n: half the neurons, or all units if the network has fewer."""
    half = n_neurons // 2
    return half if n_units is None else min(half, n_units)


def neuron_splits(n_neurons: int, size: int, n_repeats: int, seed: int) -> NDArray[Any]:
    """Disjoint random groups of neurons.

    Returns:
        Indices of neurons, (repeat, 2, size).
    """
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(n_neurons)[: 2 * size].reshape(2, size) for _ in range(n_repeats)])


def silent_splits(rates: NDArray[Any], splits: NDArray[Any]) -> int:
    """The number of splits in which a group has no neuron with a changing rate, so that its distance is meaningless.

    Args:
        rates: (condition, time, neuron).
        splits: (repeat, 2, size), see `neuron_splits`.
    """
    changes = np.ptp(rates, axis=(0, 1)) > 0
    return int((~changes[splits].any(axis=2)).any(axis=1).sum())


def floor_distances(rates: NDArray[Any], splits: NDArray[Any]) -> NDArray[Any]:
    """Distances (repeat,) between the two groups of each split.

    Args:
        rates: (condition, time, neuron).
        splits: (repeat, 2, size), see `neuron_splits`.
    """
    cross = CrossProduct(rates, rates)
    return np.array([cross.distance(second, first) for first, second in splits])


def average_distances(rates: NDArray[Any], splits: NDArray[Any]) -> NDArray[Any]:
    """Distances (repeat,) between the second group's average over conditions and the first group of each split.

    The score of a time course without differences between conditions, with as many neurons as the floor.

    Args:
        rates: (condition, time, neuron).
        splits: (repeat, 2, size), see `neuron_splits`.
    """
    cross = CrossProduct(cross_condition_average(rates), rates)
    return np.array([cross.distance(second, first) for first, second in splits])


def model_distances(
    activity: NDArray[Any],
    rates: NDArray[Any],
    splits: NDArray[Any],
    seed: int,
    orders: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Distances (repeat,) between random units and the first group of each split.

    Args:
        activity: (condition, time, unit).
        rates: (condition, time, neuron).
        splits: (repeat, 2, size); in each repeat, as many units as neurons are drawn.
        seed: for drawing units.
        orders: (order, condition), the orders of the network's conditions, used in turn over repeats; None for their
            own order.
    """
    rng = np.random.default_rng(seed)
    n_units, size = activity.shape[-1], splits.shape[-1]
    units = [rng.permutation(n_units)[:size] for _ in splits]
    if orders is None:
        cross = CrossProduct(activity, rates)
        return np.array([cross.distance(drawn, first) for drawn, (first, _) in zip(units, splits, strict=True)])
    x, y = Samples(activity), as_samples(rates)
    square_x, square_y = (np.einsum("ij,ij->j", of, of) for of in (x.centred, y))
    distances = np.empty(len(splits))
    for turn, order in enumerate(orders[: len(splits)]):
        reordered = x.reordered(order).centred
        repeats = range(turn, len(splits), len(orders))
        whole = reordered.T @ y if len(repeats) > 1 else None
        for repeat in repeats:
            drawn, first = units[repeat], splits[repeat, 0]
            distances[repeat] = distance_from_cross_product(
                reordered[:, drawn].T @ y[:, first] if whole is None else whole[np.ix_(drawn, first)],
                float(np.sqrt(square_x[drawn].sum())),
                float(np.sqrt(square_y[first].sum())),
            )
    return distances
