"""Stochastic shape distance: Procrustes for responses that vary from trial to trial.

At each condition and time, a response is a Gaussian with a mean and a noise covariance. Two responses are compared
after the best rotation Q (Williams et al. 2021; Duong et al. 2023, arXiv 2211.11665):

    d^2 = min over orthogonal Q of the mean over conditions and times of
          (2 - alpha) ||mu_x - Q mu_y||^2 + alpha B^2(Sigma_x, Q Sigma_y Q^T)

with the Bures distance B^2(S, R) = tr S + tr R - 2 ||S^(1/2) R^(1/2)||_* (nuclear norm). alpha = 0 compares means only,
1 is the 2-Wasserstein distance, 2 compares covariances only. The paper and netrep write 2 - alpha for this alpha.

With S = F F^T and R = G G^T, ||S^(1/2) R^(1/2)||_* = ||F^T G||_* = max over orthogonal U of <F, G U>. So d is the
Euclidean distance between (mu, F) and (mu, G), with weights, after the best element of a group of rotations (Q, and a U
for each Gaussian). The group keeps norms, so the angle between the two is a metric as well. It is reported divided by
pi/2, like the Procrustes distance, which it equals at alpha = 0: 0 means equal up to rotation, shift and scale, 1 means
that nothing is shared.

||F^T Q G||_* is convex in Q. Each step replaces it by its tangent at Q, whose maximum has a closed form, so that the
similarity never falls. This finds a local maximum, and the best of several starts is kept. If no start
finds the global maximum, the distance is too large, never too small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.similarity.procrustes import as_samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

MEANS, WASSERSTEIN, COVARIANCES = 0.0, 1.0, 2.0  # values of alpha

# The iteration stops when a step raises the similarity by less than this share of its upper bound.
TOLERANCE, MOST_STEPS = 1e-7, 1000
RANDOM_STARTS = 3


@dataclass(frozen=True)
class Gaussians:
    """A response to several stimuli: a Gaussian for each condition and time.

    Attributes:
        means: (gaussian, feature), centred over Gaussians.
        factors: (gaussian, feature, column); a covariance is factor @ factor.T.
    """

    means: NDArray[Any]
    factors: NDArray[Any]

    def norm(self, alpha: float) -> float:
        """Square root of the mean of (2 - alpha) ||mu||^2 + alpha tr Sigma."""
        squares = (2 - alpha) * np.square(self.means).sum() + alpha * np.square(self.factors).sum()
        return float(np.sqrt(squares / len(self.means)))

    def covariance(self) -> NDArray[Any]:
        """Mean covariance, (feature, feature)."""
        covariance: NDArray[Any] = np.einsum("gik,gjk->ij", self.factors, self.factors) / len(self.means)
        return covariance

    def principal(self, n: int) -> Gaussians:
        """Projected onto the first n principal components of mean mu mu^T + Sigma; unchanged if there are no more."""
        if n >= self.means.shape[1]:
            return self
        _, vectors = np.linalg.eigh(self.means.T @ self.means / len(self.means) + self.covariance())
        basis = vectors[:, : -n - 1 : -1]
        return Gaussians(self.means @ basis, _narrow(np.einsum("gfk,fn->gnk", self.factors, basis)))


def gaussians_of_moments(means: NDArray[Any], covariances: NDArray[Any]) -> Gaussians:
    """Gaussians from their means (gaussian, feature) and covariances (gaussian, feature, feature)."""
    variances, vectors = np.linalg.eigh(covariances)
    return Gaussians(as_samples(means), vectors * np.sqrt(np.clip(variances, 0.0, None))[:, None, :])


def gaussians_of_trials(trials: Sequence[NDArray[Any]]) -> Gaussians:
    """Gaussians with the means and the unbiased covariances of single trials.

    Args:
        trials: for each condition (trial, time, feature); at least 2 trials each.

    Returns:
        One Gaussian per condition and time.
    """
    columns = max(len(of_condition) for of_condition in trials)
    _, n_times, n_features = trials[0].shape
    means = np.empty((len(trials), n_times, n_features))
    factors = np.zeros((len(trials), n_times, n_features, columns))
    for condition, of_condition in enumerate(trials):
        values = np.asarray(of_condition, np.float64)
        n = len(values)
        if n < 2:
            raise ValueError("a covariance needs at least 2 trials")
        # Subtract the first trial first: values that never change give exactly 0.
        residuals = values - values[0]
        residuals -= residuals.mean(0)
        means[condition] = values[0] + (values - values[0]).mean(0)
        factors[condition, :, :, :n] = residuals.transpose(1, 2, 0) / np.sqrt(n - 1)
    return Gaussians(as_samples(means), _narrow(factors.reshape(-1, n_features, columns)))


def _narrow(factors: NDArray[Any]) -> NDArray[Any]:
    """Factors of the same covariances with at most as many columns as features."""
    n_features, n_columns = factors.shape[1:]
    if n_columns <= n_features:
        return factors
    left, singular, _ = np.linalg.svd(factors, full_matrices=False)
    narrow: NDArray[Any] = left * singular[:, None, :]
    return narrow


def stochastic_shape_distance(
    x: Gaussians, y: Gaussians, alpha: float = WASSERSTEIN, seed: int = 0, random_starts: int = RANDOM_STARTS
) -> float:
    """Normalized angular stochastic shape distance, 0 to 1.

    A response without means (alpha < 2) and covariances (alpha > 0) has no shape; its distance to everything is 1.

    Args:
        x, y: the same conditions and times; any number of features. With different numbers, the smaller response is
            padded with features that are always 0.
        alpha: weight of the covariances, 0 to 2, see above.
        seed: of the random starts.
        random_starts: how many, besides those from means and from covariances.

    Raises:
        ValueError: the numbers of Gaussians differ, or alpha is not between 0 and 2.
    """
    norms = x.norm(alpha) * y.norm(alpha)
    if norms == 0:
        return 1.0
    cosine = best_rotation(x, y, alpha, seed, random_starts)[0] / norms
    return float(np.arccos(np.clip(cosine, -1.0, 1.0)) / (np.pi / 2))


def unnormalized_distance(
    x: Gaussians, y: Gaussians, alpha: float = WASSERSTEIN, seed: int = 0, random_starts: int = RANDOM_STARTS
) -> float:
    """d itself, in the units of the responses. For the arguments see `stochastic_shape_distance`."""
    similarity = best_rotation(x, y, alpha, seed, random_starts)[0]
    return float(np.sqrt(max(x.norm(alpha) ** 2 + y.norm(alpha) ** 2 - 2 * similarity, 0.0)))


def best_rotation(
    x: Gaussians, y: Gaussians, alpha: float, seed: int = 0, random_starts: int = RANDOM_STARTS
) -> tuple[float, NDArray[Any]]:
    """The largest similarity that was found, and its rotation Q (feature of x, feature of y).

    The similarity is the mean of (2 - alpha) mu_x^T Q mu_y + alpha ||F_x^T Q F_y||_*, at most the product of the norms.
    Q has orthonormal columns or rows: the part of an orthogonal matrix that padding does not touch.
    """
    if len(x.means) != len(y.means):
        raise ValueError(f"Different numbers of Gaussians, {len(x.means)} and {len(y.means)}: they must match")
    if not 0 <= alpha <= 2:
        raise ValueError(f"alpha is {alpha}, not between 0 and 2")
    n = len(x.means)
    of_means = (2 - alpha) / n * (x.means.T @ y.means)
    if alpha == 0 or not x.factors.any() or not y.factors.any():
        rotation = _polar(of_means)
        return float((of_means * rotation).sum()), rotation
    bound, best = x.norm(alpha) * y.norm(alpha), (-np.inf, of_means)
    for start in _starts(x, y, seed, random_starts):
        found = _ascend(x, y, of_means, alpha / n, start, TOLERANCE * bound)
        if found[0] > best[0]:
            best = found
    return best


def _ascend(
    x: Gaussians, y: Gaussians, of_means: NDArray[Any], weight: float, rotation: NDArray[Any], tolerance: float
) -> tuple[float, NDArray[Any]]:
    """Raise the similarity from a rotation until it stays the same; each step is a maximum of a lower bound."""
    n_x, n_y = x.means.shape[1], y.means.shape[1]
    from_x = np.ascontiguousarray(x.factors.transpose(0, 2, 1))
    wide_x = np.ascontiguousarray(x.factors.transpose(1, 0, 2)).reshape(n_x, -1)
    wide_y = np.ascontiguousarray(y.factors.transpose(0, 2, 1)).reshape(-1, n_y)
    before = -np.inf
    for _ in range(MOST_STEPS):
        left, singular, right = np.linalg.svd(from_x @ (rotation @ y.factors), full_matrices=False)
        similarity = float((of_means * rotation).sum() + weight * singular.sum())
        if similarity - before < tolerance:
            break
        before = similarity
        inner = (left @ right) @ wide_y.reshape(len(x.means), -1, n_y)
        rotation = _polar(of_means + weight * (wide_x @ inner.reshape(-1, n_y)))
    return similarity, rotation


def _polar(matrix: NDArray[Any]) -> NDArray[Any]:
    """The Q with orthonormal columns or rows that has the largest <Q, matrix>."""
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    rotation: NDArray[Any] = left @ right
    return rotation


def _starts(x: Gaussians, y: Gaussians, seed: int, random_starts: int) -> Iterator[NDArray[Any]]:
    """First rotations: for the means, for the mean covariances with signs from the means, and random ones."""
    of_means = x.means.T @ y.means
    yield _polar(of_means)
    axes_x, axes_y = (np.linalg.eigh(of.covariance())[1][:, ::-1] for of in (x, y))
    shared = min(axes_x.shape[1], axes_y.shape[1])
    axes_x, axes_y = axes_x[:, :shared], axes_y[:, :shared]
    signs = np.where(np.einsum("ik,ij,jk->k", axes_x, of_means, axes_y) < 0, -1.0, 1.0)
    yield (axes_x * signs) @ axes_y.T
    rng = np.random.default_rng(seed)
    for _ in range(random_starts):
        yield _polar(rng.standard_normal(of_means.shape))
