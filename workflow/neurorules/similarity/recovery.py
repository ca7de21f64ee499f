"""Distances from a pseudo-recording to many networks, and how well they tell learning rules apart.

Distances are those of `similarity.measures` and `similarity.dsa`. Each representation is compared with many others, so
it is decomposed once, X = U S V^T. A pair then needs only the small matrix S_x U_x^T U_y S_y, which has the singular
values of X^T Y.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurorules.similarity.measures.cca import N_COMPONENTS, correlations_of_components
from neurorules.similarity.procrustes import as_samples, distance_from_cross_product

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEASURES = ("procrustes", "cca", "cka", "dsa")
# Directions below this share of a representation's norm are left out if CCA does not need them. A Procrustes cosine
# changes by no more than this.
NEGLIGIBLE = 1e-4


class Representation:
    """An activity to compare with many others.

    Args:
        activity: (condition, time, feature).
    """

    def __init__(self, activity: NDArray[Any]) -> None:
        self.activity = activity
        samples = as_samples(activity)
        left, singular, _ = np.linalg.svd(samples, full_matrices=False)
        squares = singular**2
        self.norm = float(np.sqrt(squares.sum()))
        beyond = np.sqrt(np.cumsum(squares[::-1])[::-1])  # norm of this direction and all after it
        above_rounding = int((singular > singular[0] * max(samples.shape) * np.finfo(np.float64).eps).sum())
        kept = max(int((beyond > NEGLIGIBLE * self.norm).sum()), min(N_COMPONENTS, above_rounding))
        self.left, self.singular = left[:, :kept], singular[:kept]
        self.gram_norm = float(np.sqrt((squares**2).sum()))
        self._dynamics: dict[tuple[int, int], NDArray[Any]] = {}

    def dynamics(self, n_delays: int, rank: int) -> NDArray[Any]:
        """The complex eigenvalues that dynamical similarity compares, (rank,)."""
        from neurorules.similarity.dsa import DelayDynamics

        if (n_delays, rank) not in self._dynamics:
            self._dynamics[n_delays, rank] = DelayDynamics(self.activity, n_delays).eigenvalues(rank)
        return self._dynamics[n_delays, rank]


def distances(
    x: Representation, y: Representation, measures: Sequence[str], n_delays: int = 10, rank: int = 10
) -> dict[str, float]:
    """Distances between two representations of the same conditions and times.

    Args:
        x, y: the representations.
        measures: some of MEASURES. "dsa" is the Wasserstein score, see `similarity.dsa`.
        n_delays, rank: of dynamical similarity.
    """
    from neurorules.similarity.dsa import wasserstein

    found = {}
    overlap = x.left.T @ y.left
    cross = x.singular[:, None] * overlap * y.singular
    if "procrustes" in measures:
        found["procrustes"] = distance_from_cross_product(cross, x.norm, y.norm)
    if "cca" in measures:
        k = N_COMPONENTS
        correlations = correlations_of_components(overlap[:k, :k], x.singular[:k], y.singular[:k])
        found["cca"] = float(1.0 - correlations.mean()) if correlations.size else 1.0
    if "cka" in measures:
        norms = x.gram_norm * y.gram_norm
        found["cka"] = float(1.0 - (cross**2).sum() / norms) if norms else 1.0
    if "dsa" in measures:
        found["dsa"] = wasserstein(x.dynamics(n_delays, rank), y.dynamics(n_delays, rank))
    return found


class Recovered(NamedTuple):
    """Result of comparing one pseudo-recording with other networks.

    Attributes:
        group: the group with the smallest mean distance.
        auc: probability that a network of its own group is closer than one of another group, counting ties as half;
            mean over the other groups. .5 is chance; 1 means that all networks of its own group are closer than all
            others.
        own, other: mean distance to the networks of its own group, and to those of the other groups, averaged over
            groups.
    """

    group: str
    auc: float
    own: float
    other: float


def recover(distances: NDArray[Any], groups: NDArray[Any], own: str) -> Recovered:
    """Find the group of networks closest to a pseudo-recording.

    Args:
        distances: (network,), from the pseudo-recording to networks other than its own.
        groups: (network,), the group of each network; two or more groups.
        own: the group from which the pseudo-recording comes.
    """
    by_group = {str(group): distances[groups == group] for group in sorted(set(groups))}
    means = {group: float(values.mean()) for group, values in by_group.items()}
    others = [values for group, values in by_group.items() if group != own]
    closer = [
        float((by_group[own][:, None] < values).mean() + 0.5 * (by_group[own][:, None] == values).mean())
        for values in others
    ]
    return Recovered(
        group=min(means, key=lambda group: means[group]),
        auc=float(np.mean(closer)),
        own=means[own],
        other=float(np.mean([values.mean() for values in others])),
    )
