"""Dynamical similarity analysis (paper, appendix Figure 8; A.3), by the package dsa-metric.

Each system is fitted by one linear map of its delay-embedded activity (dynamic mode decomposition in its leading `rank`
directions), and the maps are compared. Two scores:

    wasserstein  squared Wasserstein distance between the two sets of eigenvalues in the complex plane: the mean
                 squared displacement under the best pairing. No descent that could fail: the score to rely on.
    angular      angle between the maps, arccos( <A, C B C^T> / (||A||_F ||B||_F) ), in radians from 0 to pi, not
                 divided by anything, minimised over orthogonal C by gradient descent: the score as it was proposed
                 (Ostrow et al. 2024). The descent can stop short of the minimum, at about 0.05 for one system of
                 four dimensions seen twice, and its fourth digit depends on the number of threads; it is begun
                 several times and the smallest angle kept.

Activity is reduced to its leading singular directions before the embedding, which takes a fraction of the time and does
not change the maps beyond what is cut off; there must be as many as the largest rank, or the score of high ranks is one
of the cut. It is not centred, as the package does not either: a steady mean is one more direction, of eigenvalue 1.
The package works in single precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

SCORES = ("wasserstein", "angular")
N_COMPONENTS = 40
# Of the angular descent. dsa-metric takes 1500; a third of them ends within about 0.002 of the same angle.
ITERATIONS, LEARNING_RATE = 500, 5e-3


def check_delays(n_conditions: int, n_times: int, n_delays: int) -> None:
    """Check that there are times enough for an embedding.

    Raises:
        InputError: there are too few.
    """
    if n_times <= n_delays or n_conditions * (n_times - n_delays + 1) < n_delays:
        raise InputError(
            f"{n_delays} delays are too many for {n_conditions} conditions of {n_times} times.",
            key="n_delays",
            value=n_delays,
            remedy="Use fewer delays, or compare at a finer time step.",
        )


class DelayDynamics:
    """Linear dynamics of one system's delay-embedded activity; one decomposition serves all ranks and comparisons.

    Args:
        activity: (condition, time, feature).
        n_delays: successive times in the embedding.
        n_components: directions that are embedded; fewer where there are fewer features, or fewer samples than delays x
            directions, of which the package can make no map.

    Raises:
        InputError: there are too few times for so many delays.
    """

    def __init__(self, activity: NDArray[Any], n_delays: int, n_components: int = N_COMPONENTS) -> None:
        from DSA.dmd import DMD

        n_conditions, n_times, n_features = activity.shape
        check_delays(n_conditions, n_times, n_delays)
        n_components = min(n_components, n_features, n_conditions * (n_times - n_delays + 1) // n_delays)
        samples = np.asarray(activity, np.float64).reshape(-1, n_features)
        axes = np.linalg.svd(samples, full_matrices=False)[2][:n_components]
        self._dmd = DMD((samples @ axes.T).reshape(n_conditions, n_times, -1), n_delays=n_delays)
        self._dmd.compute_hankel()
        self._dmd.compute_svd()
        singular = self._dmd.S.numpy()
        rounding = singular[0] * max(self._dmd.V.shape) * np.finfo(singular.dtype).eps
        self.n_dimensions = int((singular > rounding).sum())

    def matrix(self, rank: int) -> torch.Tensor:
        """The map from one time to the next in the leading `rank` directions, (rank, rank).

        Directions that the embedded activity does not span, or only by rounding, are rows and columns of zeros.
        """
        import torch

        matrix = torch.zeros(rank, rank)
        spanned = min(rank, self.n_dimensions)
        if spanned:
            self._dmd.recalc_rank(spanned, None, None)
            self._dmd.compute_havok_dmd()
            matrix[:spanned, :spanned] = self._dmd.A_v
        return matrix


def wasserstein(a: torch.Tensor, b: torch.Tensor) -> float:
    """Squared Wasserstein distance between the eigenvalues of two maps, (rank, rank) each."""
    from DSA.simdist import SimilarityTransformDist

    # The package may scale the matrices it is given in place.
    return float(SimilarityTransformDist(score_method="wasserstein").fit_score(a.clone(), b.clone()))


def dynamics_distances(
    x: DelayDynamics,
    y: DelayDynamics,
    rank: int,
    scores: Sequence[str] = SCORES,
    restarts: int = 3,
    seed: int = 0,
    iterations: int = ITERATIONS,
) -> dict[str, float]:
    """Scores between two systems of equal delays, see the top of the file; systems without dynamics are at angle pi/2.

    Args:
        x, y: the systems.
        rank: directions in which they are compared.
        scores: which of SCORES.
        restarts: descents of the angular score, the smallest angle counts.
        seed: of their starting points; PyTorch's own random numbers are left as they were.
        iterations: steps of each descent.
    """
    import torch
    from DSA.simdist import SimilarityTransformDist

    a, b = x.matrix(rank), y.matrix(rank)
    found = {}
    if "wasserstein" in scores:
        found["wasserstein"] = wasserstein(a, b)
    if "angular" in scores:
        angles = [np.pi / 2]
        if a.any() and b.any():
            comparison = SimilarityTransformDist(iters=iterations, score_method="angular", lr=LEARNING_RATE)
            angles = []
            for start in range(restarts):
                with torch.random.fork_rng(devices=[]):
                    torch.manual_seed(seed + start)
                    # The package scales the matrices it is given in place.
                    angles.append(float(comparison.fit_score(a.clone(), b.clone())))
        found["angular"] = min(angles)
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
    """Scores between two activities (condition, time, feature), any numbers of conditions, times and features.

    Other arguments as of `DelayDynamics` and `dynamics_distances`, which serve where a system is compared repeatedly.
    """
    of_x, of_y = DelayDynamics(x, n_delays, n_components), DelayDynamics(y, n_delays, n_components)
    return dynamics_distances(of_x, of_y, rank, scores, restarts, seed, iterations)
