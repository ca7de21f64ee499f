"""How activity changes when the decoder of a brain-computer interface is changed (Golub et al. 2018).

Activity patterns are spike counts of single time steps. All measures use the session's decoders and factors, for
recorded counts and for those drawn from networks alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.recordings.decoders import INTUITIVE, PERTURBED, Decoders, Patterns, condition_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEIGHBOUR = 5  # K in the paper's equation 5


def tuned(means: NDArray[Any]) -> NDArray[Any]:
    """(condition, feature) without the mean over conditions."""
    differences: NDArray[Any] = means - means.mean(0)
    return differences


def mean_change(before: Patterns, after: Patterns, decoders: Decoders) -> NDArray[Any]:
    """(condition, factor) change of the mean factors, after minus before."""
    means = (condition_means(decoders.factors(of.counts), of.condition) for of in (after, before))
    change: NDArray[Any] = np.subtract(*means)
    return change


def cosine(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Cosine of the angle between two arrays of the same shape; NaN if one is 0."""
    norms = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float((x * y).sum() / norms) if norms > 0 else float("nan")


class Repertoire:
    """A set of activity patterns with which others are compared (equation 5).

    The distance of a pattern is its Mahalanobis distance, with the covariance of the reference patterns, to its K-th
    nearest reference pattern.

    Args:
        reference: (sample, factor).
        neighbour: K.
    """

    def __init__(self, reference: NDArray[Any], neighbour: int = NEIGHBOUR) -> None:
        n = len(reference)
        self.neighbour, self.own = neighbour, float("nan")
        if n <= max(reference.shape[1], neighbour):  # too few for a covariance, or for K neighbours
            return
        self.whitening = np.linalg.inv(np.linalg.cholesky(np.cov(reference.T, ddof=0))).T
        self.points = reference @ self.whitening
        # The nearest is the pattern itself. Each has one neighbour fewer than other patterns have.
        self.own = self._distances(self.points, neighbour + 1).mean() * n / (n - 1)

    def changes(self, test: NDArray[Any]) -> NDArray[Any]:
        """How far patterns are from the reference patterns, relative to the mean distance among these, minus 1.

        The mean is 0 for the same repertoire, above 0 for new patterns, and below 0 for a denser part of it.

        Args:
            test: (sample, factor).

        Returns:
            (sample,); NaN if there are too few reference patterns.
        """
        if np.isnan(self.own):
            return np.full(len(test), np.nan)
        changes: NDArray[Any] = self._distances(test @ self.whitening, self.neighbour) / self.own - 1.0
        return changes

    def _distances(self, points: NDArray[Any], k: int) -> NDArray[Any]:
        """(sample,) distance to the k-th nearest reference pattern. In ten dimensions, a tree would not be faster."""
        from scipy.spatial.distance import cdist

        kth: NDArray[Any] = np.partition(cdist(points, self.points), k - 1, axis=1)[:, k - 1]
        return kth


def variance_change(before: NDArray[Any], after: NDArray[Any], basis: NDArray[Any]) -> float:
    """Change in the variance along some directions, in percent (equations 6 and 7).

    Args:
        before, after: (sample, factor).
        basis: (factor, direction), orthonormal.
    """
    first, second = (float((of @ basis).var(0).sum()) for of in (before, after))
    return 100.0 * (second - first) / first


def changes(before: Patterns, after: Patterns, decoders: Decoders, unit: float) -> dict[str, float]:
    """The measures of change from one set of patterns to another.

    Args:
        before, after: the patterns.
        decoders: of the session.
        unit: unit of progress in mm/s.

    Returns:
        tuned_change_size, the norm of the change of the tuned mean factors divided by their norm before;
        repertoire_change and direction_repertoire_change, compared with the patterns of all directions or of the same
        direction, means over directions; variance_intuitive and variance_perturbed, in percent; progress_intuitive and
        progress_perturbed, after; progress_gained, under the perturbed decoder, after minus before.
    """
    first, second = decoders.factors(before.counts), decoders.factors(after.counts)
    size = np.linalg.norm(tuned(mean_change(before, after, decoders)))
    joint = condition_means(Repertoire(first).changes(second)[:, None], after.condition)
    own = [
        Repertoire(first[before.condition == number]).changes(second[after.condition == number]).mean()
        for number in range(len(joint))
    ]
    directions = [decoders.factor_directions(decoder) for decoder in (INTUITIVE, PERTURBED)]
    before_perturbed = decoders.progress(before, PERTURBED) / unit
    after_perturbed = decoders.progress(after, PERTURBED) / unit
    return {
        "tuned_change_size": float(size / np.linalg.norm(tuned(condition_means(first, before.condition)))),
        "repertoire_change": float(joint.mean()),
        "direction_repertoire_change": float(np.mean(own)),
        "variance_intuitive": variance_change(first, second, directions[INTUITIVE]),
        "variance_perturbed": variance_change(first, second, directions[PERTURBED]),
        "progress_intuitive": decoders.progress(after, INTUITIVE) / unit,
        "progress_perturbed": after_perturbed,
        "progress_gained": after_perturbed - before_perturbed,
    }


def halves(patterns: Patterns, rng: np.random.Generator) -> tuple[Patterns, Patterns]:
    """Two random halves of the patterns of each condition; one is left out if their number is odd."""
    parts: tuple[list[NDArray[Any]], list[NDArray[Any]]] = ([], [])
    for number in range(int(patterns.condition.max()) + 1):
        order = rng.permutation(np.flatnonzero(patterns.condition == number))
        half = len(order) // 2
        parts[0].append(order[:half])
        parts[1].append(order[half : 2 * half])
    first, second = (patterns.part(np.concatenate(part)) for part in parts)
    return first, second
