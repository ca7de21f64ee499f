"""Stochastic shape distance against netrep, closed forms, the axioms of a metric, and Procrustes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import sqrtm

from neurorules.similarity.procrustes import procrustes_distance
from neurorules.similarity.stochastic_shape import (
    Gaussians,
    best_rotation,
    gaussians_of_moments,
    gaussians_of_trials,
    stochastic_shape_distance,
    unnormalized_distance,
)
from neurorules.similarity.trial_halves import trial_halves, without_correlations

Array = NDArray[np.float64]
CLOSE = 2e-3  # of angles: arccos turns a similarity that is 1e-7 too low into sqrt(2e-7) at a distance of 0


def moments(seed: int, n: int = 12, features: int = 4) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    roots = rng.standard_normal((n, features, features))
    means = rng.standard_normal((n, features))
    return means - means.mean(0), roots @ roots.transpose(0, 2, 1) / features


def orthogonal(seed: int, features: int) -> Array:
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((features, features)))[0]


def rotated(of: tuple[Array, Array], rotation: Array) -> tuple[Array, Array]:
    return of[0] @ rotation.T, rotation @ of[1] @ rotation.T


def bures_squared(a: Array, b: Array) -> float:
    """Bures distance by its definition, with matrix square roots from scipy."""
    root = sqrtm(a)
    return float(np.trace(a) + np.trace(b) - 2 * np.trace(np.real(sqrtm(root @ b @ root))))


def objective(x: tuple[Array, Array], y: tuple[Array, Array], alpha: float, rotation: Array) -> float:
    """The mean that the distance minimises, term by term."""
    y = rotated(y, rotation)
    terms = [
        (2 - alpha) * np.sum((m - n) ** 2) + alpha * bures_squared(s, r)
        for m, n, s, r in zip(x[0], y[0], x[1], y[1], strict=True)
    ]
    return float(np.mean(terms))


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 1.7, 2.0])
def test_distance_is_the_published_objective_at_its_rotation(alpha: float) -> None:
    x, y = moments(0), moments(1)
    of_x, of_y = gaussians_of_moments(*x), gaussians_of_moments(*y)
    _, rotation = best_rotation(of_x, of_y, alpha)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(4), atol=1e-12)
    assert unnormalized_distance(of_x, of_y, alpha) ** 2 == pytest.approx(objective(x, y, alpha, rotation), rel=1e-5)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_no_rotation_in_the_plane_is_better(alpha: float) -> None:
    """With two features, all rotations and reflections can be tried."""
    x, y = moments(2, features=2), moments(3, features=2)
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    every = [
        np.array([[np.cos(a), -sign * np.sin(a)], [np.sin(a), sign * np.cos(a)]]) for a in angles for sign in (1, -1)
    ]
    least = min(objective(x, y, alpha, rotation) for rotation in every)
    found = unnormalized_distance(gaussians_of_moments(*x), gaussians_of_moments(*y), alpha) ** 2
    # The grid is at most 0.5 degrees from the minimum, so its least value is larger by about 0.008^2 of the terms.
    assert least * (1 - 1e-3) <= found <= least * (1 + 1e-6)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 1.5, 2.0])
def test_netrep(alpha: float) -> None:
    """netrep's score at our rotation is our distance, and its own rotations are not better.

    netrep's fit squares its weights, so for alpha other than 0, 1 and 2 it minimises a different sum from its score.
    """
    metrics = pytest.importorskip("netrep.metrics", reason="netrep is not installed: see envs/peers.yaml")
    x, y = moments(4, 20, 5), moments(5, 20, 5)
    of_x, of_y = gaussians_of_moments(*x), gaussians_of_moments(*y)
    ours = unnormalized_distance(of_x, of_y, alpha)
    peer = metrics.GaussianStochasticMetric(alpha=2 - alpha)
    peer.T = best_rotation(of_x, of_y, alpha)[1].T
    assert peer.score(x, y) == pytest.approx(ours, rel=1e-6)
    theirs = [peer.fit_score(x, y)]
    many = metrics.GaussianStochasticMetric(alpha=2 - alpha, init="rand", n_restarts=5, random_state=0)
    theirs.append(many.fit_score(x, y))
    assert ours <= min(theirs) * (1 + 1e-3)
    if alpha in (0.0, 1.0):
        assert ours == pytest.approx(min(theirs), rel=1e-5)


def test_means_only_is_procrustes() -> None:
    rng = np.random.default_rng(6)
    x, y = rng.standard_normal((3, 5, 8)), rng.standard_normal((3, 5, 6))
    trials = [[np.stack([of, of]) for of in activity] for activity in (x, y)]
    distance = stochastic_shape_distance(*map(gaussians_of_trials, trials), alpha=0.0)
    assert distance == pytest.approx(procrustes_distance(x, y), abs=1e-12)
    _, covariances = moments(7, 15, 8)
    with_noise = gaussians_of_moments(x.reshape(15, 8), covariances)
    other = gaussians_of_moments(y.reshape(15, 6), covariances[:, :6, :6])
    assert stochastic_shape_distance(with_noise, other, alpha=0.0) == pytest.approx(
        procrustes_distance(x, y), abs=1e-12
    )


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_isotropic_noise(alpha: float) -> None:
    """B^2(a^2 I, b^2 I) = d (a - b)^2 for any rotation, so only the means matter."""
    (x, _), (y, _) = moments(8), moments(9)
    a, b, d = 0.7, 1.9, 4
    spheres = [np.broadcast_to(s**2 * np.eye(d), (12, d, d)) for s in (a, b)]
    nuclear = np.linalg.svd(x.T @ y, compute_uv=False).sum()
    of_means = ((x**2).sum() + (y**2).sum() - 2 * nuclear) / 12
    expected = (2 - alpha) * of_means + alpha * d * (a - b) ** 2
    pair = gaussians_of_moments(x, spheres[0]), gaussians_of_moments(y, spheres[1])
    assert unnormalized_distance(*pair, alpha) ** 2 == pytest.approx(expected, rel=1e-9)


def test_commuting_covariances() -> None:
    """Without means, the best rotation aligns the axes in order: the sum of squared differences of the SDs remains."""
    sds_x, sds_y = np.array([3.0, 2.0, 1.0, 0.5]), np.array([2.5, 2.4, 0.3, 0.1])
    axes = orthogonal(10, 4)
    zero = np.zeros((5, 4))
    x = gaussians_of_moments(zero, np.broadcast_to(np.diag(sds_x[[2, 0, 3, 1]] ** 2), (5, 4, 4)))
    y = gaussians_of_moments(zero, np.broadcast_to(axes @ np.diag(sds_y**2) @ axes.T, (5, 4, 4)))
    for alpha in (0.5, 1.0, 2.0):
        expected = alpha * ((sds_x - sds_y) ** 2).sum()
        assert unnormalized_distance(x, y, alpha) ** 2 == pytest.approx(expected, rel=1e-6)
    angle = np.arccos(sds_x @ sds_y / np.linalg.norm(sds_x) / np.linalg.norm(sds_y)) / (np.pi / 2)
    assert stochastic_shape_distance(x, y) == pytest.approx(angle, abs=1e-4)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 1.5])
@pytest.mark.parametrize("seed", range(5))
def test_invariances(alpha: float, seed: int) -> None:
    """Rotation, reflection, shift, scale and silent features do not count."""
    x = moments(seed)
    same = rotated(x, orthogonal(seed, 4))
    same = 3.0 * same[0] + 5.0, 9.0 * same[1]
    padded = np.pad(same[0], ((0, 0), (0, 2))), np.pad(same[1], ((0, 0), (0, 2), (0, 2)))
    for other in (same, padded):
        assert stochastic_shape_distance(gaussians_of_moments(*x), gaussians_of_moments(*other), alpha) < CLOSE


def test_scale_of_the_noise_alone_counts() -> None:
    means, covariances = moments(11)
    pair = gaussians_of_moments(means, covariances), gaussians_of_moments(means, 4 * covariances)
    assert stochastic_shape_distance(*pair, alpha=1.0) > 0.1
    assert stochastic_shape_distance(*pair, alpha=0.0) < 1e-7


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 1.5])
def test_metric(alpha: float) -> None:
    """Symmetry, and the triangle inequality over all triples of ten responses, near each other and far apart.

    With two features there are few maxima, so a few starts find the largest.
    """
    base = moments(12, 8, 2)
    near = [(base[0] + 0.3 * moments(s, 8, 2)[0], base[1] + 0.3 * moments(s, 8, 2)[1]) for s in range(20, 25)]
    responses = [gaussians_of_moments(*of) for of in (*near, *(moments(s, 8, 2) for s in range(30, 35)))]
    n = len(responses)
    d = np.zeros((n, n))
    for i, j in itertools.permutations(range(n), 2):
        d[i, j] = stochastic_shape_distance(responses[i], responses[j], alpha, random_starts=6)
    np.testing.assert_allclose(d, d.T, atol=1e-4)
    assert d[np.triu_indices(n, 1)].min() > 0.01 and d.max() <= 1
    for i, j, k in itertools.permutations(range(n), 3):
        assert d[i, k] <= d[i, j] + d[j, k] + 1e-4


def test_trials_give_their_means_and_unbiased_covariances() -> None:
    rng = np.random.default_rng(13)
    trials = [rng.standard_normal((n, 2, 3)) + 100.0 for n in (3, 7)]
    found = gaussians_of_trials(trials)
    covariances = found.factors @ found.factors.transpose(0, 2, 1)
    assert found.factors.shape == (4, 3, 3)
    for number, (condition, time) in enumerate(itertools.product((0, 1), (0, 1))):
        np.testing.assert_allclose(covariances[number], np.cov(trials[condition][:, time].T), rtol=1e-9, atol=1e-12)
    means = np.array([trials[c][:, t].mean(0) for c, t in itertools.product((0, 1), (0, 1))])
    np.testing.assert_allclose(found.means, means - means.mean(0), atol=1e-12)


def test_principal_components_of_everything_are_a_rotation() -> None:
    x = gaussians_of_moments(*moments(14, features=5))
    assert x.principal(5) is x
    few = x.principal(3)
    assert few.means.shape == (12, 3) and few.factors.shape == (12, 3, 3)
    # No other 3 directions keep more of the variance of means and noise together.
    total = x.means.T @ x.means / 12 + x.covariance()
    kept = few.means.T @ few.means / 12 + few.covariance()
    assert np.trace(kept) == pytest.approx(np.sort(np.linalg.eigvalsh(total))[-3:].sum(), rel=1e-12)


def test_no_noise() -> None:
    """A network without noise has no covariances. The noise that it lacks makes it differ."""
    trials = [np.repeat(np.random.default_rng(s).random((1, 3, 4), np.float32), 5, axis=0) for s in range(6)]
    silent = gaussians_of_trials(trials)
    assert not silent.factors.any()
    noisy = Gaussians(silent.means, np.broadcast_to(np.eye(4), (18, 4, 4)))
    share = silent.norm(1.0) / noisy.norm(1.0)
    assert stochastic_shape_distance(silent, noisy, 1.0) == pytest.approx(np.arccos(share) / (np.pi / 2), abs=1e-9)
    assert stochastic_shape_distance(silent, noisy, 2.0) == 1.0


def test_wrong_arguments() -> None:
    x = gaussians_of_moments(*moments(15))
    with pytest.raises(ValueError, match="numbers of Gaussians"):
        best_rotation(x, gaussians_of_moments(*moments(15, 11)), 1.0)
    with pytest.raises(ValueError, match="alpha"):
        best_rotation(x, x, 2.5)
    with pytest.raises(ValueError, match="2 trials"):
        gaussians_of_trials([np.zeros((1, 2, 3))])


def test_halves() -> None:
    condition = np.array([0, 1, 0, 1, 1, 0, 0, 1, 1])
    for first, second in trial_halves(condition, 2, 5, 0):
        for number, (a, b) in enumerate(zip(first, second, strict=True)):
            assert len(a) == len(b) == 2 and len({*a, *b}) == 4
            assert (condition[[*a, *b]] == number).all()
    splits = trial_halves(condition, 2, 20, 0)
    assert len({tuple(sorted(first[0])) for first, _ in splits}) > 1


def test_shuffling_removes_correlations_between_neurons_only() -> None:
    """Two neurons with correlation .9 in 4000 trials: after shuffling |r| < 5 / sqrt(4000), wrong at p = 6e-7."""
    rng = np.random.default_rng(16)
    common = rng.standard_normal((4000, 1, 1))
    over_time = rng.standard_normal((4000, 1, 2))
    trials = np.sqrt(0.9) * common + np.sqrt(0.1) * over_time + np.zeros((1, 3, 1))
    (shuffled,) = without_correlations([trials], rng)
    np.testing.assert_array_equal(np.sort(shuffled, axis=0), np.sort(trials, axis=0))
    assert abs(np.corrcoef(shuffled[:, 0].T)[0, 1]) < 5 / np.sqrt(4000)
    np.testing.assert_array_equal(shuffled[:, 0], shuffled[:, 2])  # a neuron's trial moves as a whole


def test_noise_correlations_are_seen() -> None:
    """Responses that differ only in noise correlations are farther apart than two samples of one response.

    If they were equal, floor and distance would be exchangeable, and 20 of 20 distances above the largest floor of 20
    would have probability 20! 20! / 40! < 1e-11.
    """
    rng = np.random.default_rng(17)
    means = rng.standard_normal((4, 3, 6))
    correlated = 0.6 * np.ones((6, 6)) + 0.4 * np.eye(6)

    def response(covariance: Array) -> Gaussians:
        noise = rng.multivariate_normal(np.zeros(6), covariance, (4, 40, 3))
        return gaussians_of_trials([m + n for m, n in zip(means, noise, strict=True)])

    floor = [stochastic_shape_distance(response(correlated), response(correlated)) for _ in range(20)]
    apart = [stochastic_shape_distance(response(correlated), response(np.eye(6))) for _ in range(20)]
    assert min(apart) > max(floor)
