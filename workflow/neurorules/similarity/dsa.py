"""Dynamical similarity analysis (paper, appendix Figure 8; A.3).

Each system is fitted by one linear map of its delay-embedded activity (dynamic mode decomposition in its leading `rank`
directions), and the maps are compared. Two scores:

    wasserstein  squared Wasserstein distance between the two sets of eigenvalues in the complex plane: the mean
                 squared displacement under the best pairing. Needs no descent that could fail: the score to rely on.
    angular      angle between the maps, arccos( <A, C B C^T> / (||A||_F ||B||_F) ), in radians from 0 to pi, not
                 divided by anything, minimised over orthogonal C by gradient descent: the score as originally proposed
                 (Ostrow et al. 2024). The descent can stop above the minimum, at about 0.05 for a system of four
                 dimensions and itself; it is restarted several times and the smallest angle counts, see `angles.py`.

Activity is reduced to its leading singular directions before the embedding. This takes a fraction of the time, and
changes the maps only by what is cut off. There must be at least as many directions as the largest rank, or the score at
high ranks depends on the cut. Activity is not centred: a constant mean is one more direction, with eigenvalue 1.

Both scores are those of the package dsa-metric, with which the tests compare them. That package takes four seconds to
import, decomposes every full embedding, and descends from one start at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCORES = ("wasserstein", "angular")
N_COMPONENTS = 40
# Steps of the angular descent. dsa-metric uses 1500; a third of these ends within about 0.002 of the same angle.
ITERATIONS = 500
# Ridge of the least-squares fit of the map, as in dsa-metric.
RIDGE = 1e-8
# Directions count if their singular value is above rounding in single precision, in which networks are run.
PRECISION = float(np.finfo(np.float32).eps)


def check_delays(n_conditions: int, n_times: int, n_delays: int) -> None:
    """Check that there are enough times for an embedding.

    Raises:
        InputError: there are too few times.
    """
    if n_times <= n_delays or n_conditions * (n_times - n_delays + 1) < n_delays:
        raise InputError(
            f"{n_delays} delays are too many for {n_conditions} conditions with {n_times} times each.",
            key="n_delays",
            value=n_delays,
            remedy="Use fewer delays, or compare at a finer time step.",
        )


class DelayDynamics:
    """Linear dynamics of one system's delay-embedded activity; one decomposition serves all ranks and comparisons.

    Args:
        activity: (condition, time, feature).
        n_delays: number of successive times in the embedding.
        n_components: directions that are embedded; fewer if there are fewer features, or fewer samples than delays x
            directions.

    Raises:
        InputError: there are too few times for this number of delays.
    """

    def __init__(self, activity: NDArray[Any], n_delays: int, n_components: int = N_COMPONENTS) -> None:
        n_conditions, n_times, n_features = activity.shape
        check_delays(n_conditions, n_times, n_delays)
        n_components = min(n_components, n_features, n_conditions * (n_times - n_delays + 1) // n_delays)
        samples = np.asarray(activity, np.float64).reshape(-1, n_features)
        axes = leading_axes(samples, n_components)
        embedded = delay_embedding((samples @ axes).reshape(n_conditions, n_times, -1), n_delays)
        vectors, singular = leading_directions(embedded.reshape(-1, embedded.shape[-1]))
        self.n_dimensions = len(singular)
        self._coordinates = vectors.reshape(*embedded.shape[:2], -1)
        self._maps: dict[int, NDArray[Any]] = {}

    def matrix(self, rank: int) -> NDArray[Any]:
        """The map from one time to the next in the leading `rank` directions, (rank, rank) float64.

        Directions that the embedded activity does not span, except by rounding, are rows and columns of zeros.
        """
        if rank not in self._maps:
            self._maps[rank] = np.zeros((rank, rank))
            spanned = min(rank, self.n_dimensions)
            if spanned:
                coordinates = self._coordinates[..., :spanned]
                now, then = (part.reshape(-1, spanned) for part in (coordinates[:, :-1], coordinates[:, 1:]))
                found = np.linalg.solve(now.T @ now + RIDGE * np.eye(spanned), now.T @ then)
                self._maps[rank][:spanned, :spanned] = found.T
        return self._maps[rank]

    def eigenvalues(self, rank: int) -> NDArray[Any]:
        """Eigenvalues of the map, (rank,) complex."""
        values: NDArray[Any] = np.linalg.eigvals(self.matrix(rank))
        return values


def leading_axes(samples: NDArray[Any], n_axes: int) -> NDArray[Any]:
    """(feature, axis) the leading right singular vectors of samples (sample, feature)."""
    # From the eigenvectors of X^T X: the directions that it finds imprecisely are far below `PRECISION`.
    axes: NDArray[Any] = np.linalg.eigh(samples.T @ samples)[1][:, : -n_axes - 1 : -1]
    return axes


def delay_embedding(activity: NDArray[Any], n_delays: int) -> NDArray[Any]:
    """(condition, time, delay x feature), with n_delays - 1 fewer times; the latest time is last."""
    windows = np.lib.stride_tricks.sliding_window_view(activity, n_delays, axis=1)  # (condition, time, feature, delay)
    return windows.transpose(0, 1, 3, 2).reshape(*windows.shape[:2], -1)


def leading_directions(samples: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Left singular vectors (sample, direction) and singular values of samples, if above `PRECISION`.

    From the eigenvectors of the smaller of X^T X and X X^T, which are exact to rounding for far smaller values.
    """
    tall = samples.shape[0] > samples.shape[1]
    squares, vectors = np.linalg.eigh(samples.T @ samples if tall else samples @ samples.T)
    singular = np.sqrt(np.clip(squares[::-1], 0.0, None))
    kept = int((singular > singular[0] * max(samples.shape) * PRECISION).sum())
    singular, vectors = singular[:kept], vectors[:, ::-1][:, :kept]
    return (samples @ vectors / singular if tall else vectors), singular


def wasserstein(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Squared Wasserstein distance between two sets of complex eigenvalues of the same size."""
    from scipy.optimize import linear_sum_assignment

    cost = np.abs(a[:, None] - b) ** 2
    return float(cost[linear_sum_assignment(cost)].mean())


def angles(
    pairs: Sequence[tuple[DelayDynamics, DelayDynamics]],
    rank: int,
    restarts: int,
    seed: int = 0,
    iterations: int = ITERATIONS,
) -> list[float]:
    """The angular score of each pair of systems, see `dynamics_distances`; faster together than one by one."""
    from neurorules.similarity.angles import smallest_angles

    maps = [(x.matrix(rank), y.matrix(rank)) for x, y in pairs]
    return [float(angle) for angle in smallest_angles(maps, restarts, seed, iterations)]


def dynamics_distances(
    x: DelayDynamics,
    y: DelayDynamics,
    rank: int,
    scores: Sequence[str] = SCORES,
    restarts: int = 3,
    seed: int = 0,
    iterations: int = ITERATIONS,
) -> dict[str, float]:
    """Scores between two systems with equal delays, see the module; systems without dynamics are at angle pi/2.

    Args:
        x, y: the systems.
        rank: directions in which they are compared.
        scores: which of SCORES.
        restarts: descents of the angular score; the smallest angle counts.
        seed: of their starting points.
        iterations: steps of each descent.
    """
    found = {}
    if "wasserstein" in scores:
        found["wasserstein"] = wasserstein(x.eigenvalues(rank), y.eigenvalues(rank))
    if "angular" in scores:
        found["angular"] = angles([(x, y)], rank, restarts, seed, iterations)[0]
    return found


def dsa_distances(
    x: NDArray[Any],
    y: NDArray[Any],
    n_delays: int,
    rank: int,
    scores: Sequence[str] = SCORES,
    n_components: int = N_COMPONENTS,
    restarts: int = 3,
    seed: int = 0,
    iterations: int = ITERATIONS,
) -> dict[str, float]:
    """Scores between two activities (condition, time, feature) with any numbers of conditions, times and features.

    Other arguments as for `DelayDynamics` and `dynamics_distances`. Use these to compare a system repeatedly.
    """
    of_x, of_y = DelayDynamics(x, n_delays, n_components), DelayDynamics(y, n_delays, n_components)
    return dynamics_distances(of_x, of_y, rank, scores, restarts, seed, iterations)
