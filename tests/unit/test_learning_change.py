"""Measures of how activity changes after the decoder is changed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from neurorules.recordings.decoders import INTUITIVE, PERTURBED, Decoders, Patterns
from neurorules.similarity.learning_change import (
    Repertoire,
    changes,
    cosine,
    halves,
    mean_change,
    tuned,
    variance_change,
)


def decoders(n_units: int = 12, n_factors: int = 4) -> Decoders:
    rng = np.random.default_rng(1)
    factor_weights = rng.standard_normal((n_factors, n_units))
    in_factors = rng.standard_normal((2, 2, n_factors))
    mean = rng.uniform(1, 4, n_units)
    offset = -np.einsum("daf,fu,u->da", in_factors, factor_weights, mean)
    return Decoders(in_factors @ factor_weights, offset, factor_weights, mean, np.sqrt(mean))


def patterns(rng: np.random.Generator, n: int = 30, n_units: int = 12, shift: float = 0.0) -> Patterns:
    condition = np.repeat(np.arange(8), n)
    angle = condition * np.pi / 4
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    expected = 3 + direction @ np.linspace(-1, 1, 2 * n_units).reshape(2, n_units) + shift * np.linspace(0, 1, n_units)
    return Patterns(rng.poisson(np.maximum(expected, 0.1)).astype(float), condition, direction)


def test_repertoire_change_by_all_pairs() -> None:
    """Against SciPy's Mahalanobis distances between all pairs, sorted."""
    rng = np.random.default_rng(0)
    reference, test = rng.standard_normal((60, 3)) @ rng.standard_normal((3, 3)), rng.standard_normal((25, 3)) + 1
    inverse = np.linalg.inv(np.cov(reference.T, ddof=0))
    own = np.sort(cdist(reference, reference, "mahalanobis", VI=inverse), axis=1)[:, 5].mean() * 60 / 59
    found = np.sort(cdist(test, reference, "mahalanobis", VI=inverse), axis=1)[:, 4].mean()
    assert Repertoire(reference).changes(test).mean() == pytest.approx(found / own - 1, rel=1e-10)


def test_repertoire_change_is_near_0_without_a_change_and_grows_with_one() -> None:
    """Means over 100 draws. Without a change, it is within a few percent of 0 (Golub et al. give .04 as an example)."""
    rng = np.random.default_rng(0)

    def mean(scale: float, shift: float) -> float:
        draws = [(rng.standard_normal((200, 4)), scale * rng.standard_normal((100, 4)) + shift) for _ in range(100)]
        return float(np.mean([Repertoire(reference).changes(test).mean() for reference, test in draws]))

    assert abs(mean(1.0, 0.0)) < 0.05
    assert mean(2.0, 0.0) > 0.5 and mean(1.0, 1.0) > 0.2 and mean(0.1, 0.0) < -0.1


def test_repertoire_change_needs_enough_patterns() -> None:
    assert np.isnan(Repertoire(np.eye(5)).changes(np.eye(5))).all()


def test_variance_is_that_along_the_directions() -> None:
    rng = np.random.default_rng(0)
    before = rng.standard_normal((50, 3))
    scaled = before * [2.0, 1.0, 3.0]
    assert variance_change(before, scaled, np.eye(3)[:, :1]) == pytest.approx(300.0)
    assert variance_change(before, scaled, np.eye(3)[:, 1:2]) == pytest.approx(0.0)
    # rotating the directions within their plane changes nothing
    turned = np.array([[0.6, -0.8], [0.8, 0.6], [0.0, 0.0]])
    plane = variance_change(before, scaled, np.eye(3)[:, :2])
    assert variance_change(before, scaled, turned) == pytest.approx(plane)


def test_directions_that_move_the_cursor() -> None:
    """A change of factors orthogonal to them leaves the velocity unchanged."""
    of = decoders()
    basis = of.factor_directions(PERTURBED)
    np.testing.assert_allclose(basis.T @ basis, np.eye(2), atol=1e-12)
    free = np.linalg.svd(basis.T)[2][2:]
    in_factors = of.weights[PERTURBED] @ np.linalg.pinv(of.factor_weights)
    np.testing.assert_allclose(in_factors @ free.T, 0, atol=1e-12)


def test_changes_of_nothing_and_of_a_shift() -> None:
    rng = np.random.default_rng(0)
    of, before = decoders(), patterns(rng)
    same = changes(before, before, of, of.progress(before, INTUITIVE))
    assert same["tuned_change_size"] == 0 and same["progress_gained"] == 0 and same["progress_intuitive"] == 1
    assert same["variance_intuitive"] == same["variance_perturbed"] == 0
    # the same shift in all directions is no change of tuning; its mean change is known
    shifted = Patterns(before.counts + 1.0, before.condition, before.direction)
    change = mean_change(before, shifted, of)
    np.testing.assert_allclose(change, np.tile(of.factor_weights.sum(1), (8, 1)), atol=1e-12)
    assert np.abs(tuned(change)).max() < 1e-12
    # targets in all directions: the mean velocity towards them does not change either
    assert changes(before, shifted, of, 1.0)["progress_gained"] == pytest.approx(0, abs=1e-9)


def test_cosine() -> None:
    x = np.random.default_rng(0).standard_normal((8, 3))
    assert cosine(x, 3 * x) == pytest.approx(1) and cosine(x, -x) == pytest.approx(-1)
    assert cosine([[1.0, 0.0]] @ np.eye(2), np.array([[0.0, 2.0]])) == 0 and np.isnan(cosine(x, 0 * x))


def test_halves_share_no_sample() -> None:
    rng = np.random.default_rng(0)
    whole = patterns(rng, n=7)
    whole = Patterns(np.arange(56.0)[:, None], whole.condition, whole.direction)
    first, second = halves(whole, rng)
    assert not set(first.counts.ravel()) & set(second.counts.ravel())
    for part in (first, second):
        assert np.bincount(part.condition).tolist() == [3] * 8
        # every sample keeps its condition
        assert (part.counts.ravel() // 7 == part.condition).all()


def test_spread_over_halves_is_the_standard_error() -> None:
    """The variance of a mean over random halves is that of the mean itself: s^2 / n (test of variances at .001)."""
    from scipy import stats

    rng = np.random.default_rng(0)
    n = 40
    values = rng.standard_normal(8 * n)
    whole = Patterns(values[:, None], np.repeat(np.arange(8), n), np.zeros((8 * n, 2)))
    means = np.array([halves(whole, rng)[0].counts.mean() for _ in range(2000)])
    expected = np.mean([values[k * n : (k + 1) * n].var(ddof=1) for k in range(8)]) / (8 * n)
    ratio = means.var(ddof=1) / expected * 1999
    assert stats.chi2.ppf(0.0005, 1999) < ratio < stats.chi2.ppf(0.9995, 1999)
