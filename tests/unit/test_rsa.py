"""Representational similarity analysis against SciPy, rsatoolbox, cases by hand and its invariances."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from neurorules.similarity.measures.rsa import distance
from neurorules.similarity.procrustes import as_samples

DISSIMILARITIES, COMPARISONS = ("squared_euclidean", "correlation"), ("spearman", "kendall_tau_a", "cosine")
OPTIONS = list(itertools.product(DISSIMILARITIES, COMPARISONS))

shapes = {"seed": st.integers(0, 2**32 - 1), "p": st.integers(2, 7), "q": st.integers(2, 7)}


def activity(rng: np.random.Generator, n_features: int = 5) -> np.ndarray:
    return rng.standard_normal((4, 6, n_features))


def rotation(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.0, 1.0, 5.0), (0.0, 0.0, 1 - (1 * 1 + 9 * 25 + 4 * 16) / np.sqrt((1 + 81 + 16) * (1 + 625 + 256)))),
        ((0.0, 3.0, 1.0), (2.0, 2.0, 1 - (1 * 9 + 9 * 1 + 4 * 4) / np.sqrt((1 + 81 + 16) * (81 + 1 + 16)))),
        # Ranks 1, 3, 2 and 2, 1, 3: Spearman 1 - 6 (1 + 4 + 1) / 24 = -1/2; of three pairs one is concordant.
        ((0.0, 3.0, -1.0), (1.5, 4 / 3, 1 - (1 * 9 + 9 * 1 + 4 * 16) / np.sqrt((1 + 81 + 16) * (81 + 1 + 256)))),
        # Dissimilarities 1, 1, 0: ranks 2.5, 2.5, 1 have correlation 0 with 1, 3, 2, as one untied pair agrees and the
        # other does not.
        ((0.0, 1.0, 1.0), (1.0, 1.0, 1 - (1 * 1 + 9 * 1) / np.sqrt((1 + 81 + 16) * 2))),
    ],
)
def test_by_hand(values: tuple[float, ...], expected: tuple[float, ...]) -> None:
    """Three samples of one feature, 0, 1, 3: squared dissimilarities 1, 9, 4."""
    x, y = np.array([0.0, 1.0, 3.0])[:, None], np.array(values)[:, None]
    found = [distance(x, y, "squared_euclidean", comparison) for comparison in COMPARISONS]
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_correlation_of_samples_by_hand() -> None:
    """Deviations from the mean over three features: (-1, 0, 1), (1, 0, -1), (0, 0, 0) and zeros. 1 - correlation."""
    x = np.array([[-1.0, 0.0, 1.0], [1.0, 0.0, -1.0], [4.0, 4.0, 4.0], [-4.0, -4.0, -4.0]])  # its column means are 0
    # Pairs 01, 02, 03, 12, 13, 23: 2, 1, 1, 1, 1, 1. With squared distances 5, 3, 4, 6, 9, 0 of the other:
    y = np.array([[-1.0, 1.0, 0.0], [1.0, 0.0, -1.0], [1.0, -1.0, 0.0], [-1.0, 0.0, 1.0]])
    # Those four are, over their features: r01 = -1/2, r02 = -1, r03 = 1/2, r12 = 1/2, r13 = -1, r23 = -1/2.
    a, b = np.array([2, 1, 1, 1, 1, 1.0]), 1 - np.array([-0.5, -1, 0.5, 0.5, -1, -0.5])
    expected = 1 - a @ b / np.sqrt(a @ a * (b @ b))
    assert distance(x, y, "correlation", "cosine") == pytest.approx(expected, abs=1e-8)


def test_rsatoolbox() -> None:
    """Values of rsatoolbox 0.3.2, 1 - compare(calc_rdm(x), calc_rdm(y)); its Euclidean RDM is squared, too."""
    n = np.arange(20.0)[:, None]
    x = np.sin(n * (1 + np.arange(5)) + 0.3 * np.arange(5) ** 2)
    mixing = np.array([[1.0, 0, 2, 1], [0, 1, 1, -1], [1, 1, 0, 0]])
    y = x[:, :3] @ mixing + np.cos(n * np.array([2.0, 3, 5, 7]))
    expected = {
        ("squared_euclidean", "spearman"): 0.5375795509716699,
        ("squared_euclidean", "kendall_tau_a"): 0.6755778334725704,
        ("squared_euclidean", "cosine"): 0.1441850583230686,
        ("correlation", "spearman"): 0.6136370594899114,
        ("correlation", "kendall_tau_a"): 0.7290448343079923,
        ("correlation", "cosine"): 0.1287094039622244,
    }
    for options, value in expected.items():
        assert distance(x, y, *options) == pytest.approx(value, abs=1e-9), options


def test_spearman_of_scipys_distances_and_the_default() -> None:
    rng = np.random.default_rng(0)
    x, y = activity(rng), activity(rng, 8)
    y[..., :5] += x
    expected = 1 - spearmanr(pdist(as_samples(x)), pdist(as_samples(y))).statistic
    assert distance(x, y) == pytest.approx(expected, abs=1e-12)


def test_tau_counts_pairs() -> None:
    """Concordant minus discordant pairs of entries, over all pairs, with ties on either side."""
    rng = np.random.default_rng(1)
    x, y = (rng.integers(0, 3, (9, 2)).astype(float) for _ in range(2))
    of_x, of_y = (np.round(pdist(samples, "sqeuclidean")).astype(int) for samples in (x, y))
    pairs = list(itertools.combinations(range(len(of_x)), 2))
    signs = [np.sign(of_x[i] - of_x[j]) * np.sign(of_y[i] - of_y[j]) for i, j in pairs]
    assert 0 < np.count_nonzero(signs) < len(pairs)
    assert distance(x, y, "squared_euclidean", "kendall_tau_a") == pytest.approx(1 - np.sum(signs) / len(pairs))


@pytest.mark.parametrize("options", OPTIONS)
@settings(max_examples=15, deadline=None)
@given(**shapes)
def test_what_it_ignores(options: tuple[str, str], seed: int, p: int, q: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = activity(rng, p), activity(rng, q)
    xy = distance(x, y, *options)
    assert -1e-12 <= xy <= 2
    assert distance(y, x, *options) == pytest.approx(xy, abs=1e-12)
    assert distance(x, x, *options) == pytest.approx(0, abs=1e-12) or p == 2  # two features: correlations tie
    # Rounding to 1e-9 can tie or part a few of 276 entries.
    assert distance(x, 3.7 * y + rng.standard_normal(q), *options) == pytest.approx(xy, abs=1e-3)
    assert distance(x, y[..., rng.permutation(q)], *options) == pytest.approx(xy, abs=1e-3)
    turned = distance(x, y @ rotation(rng, q), *options)
    if options[0] == "squared_euclidean":
        assert turned == pytest.approx(xy, abs=1e-3)


def test_correlation_of_samples_sees_rotation_and_not_the_norm_of_samples() -> None:
    rng = np.random.default_rng(2)
    x = activity(rng)
    x -= x.mean((0, 1))
    turned = x @ rotation(rng, 5)
    assert distance(x, turned, "correlation") > 0.1
    assert distance(x, turned) == pytest.approx(0, abs=1e-6)
    # A factor per sample that leaves the columns' means at 0: the samples come in pairs x, -x.
    pairs = np.concatenate([x, -x])
    factors = np.tile(rng.uniform(0.5, 2, (4, 6, 1)), (2, 1, 1))
    assert distance(pairs, factors * pairs, "correlation") == pytest.approx(0, abs=1e-3)
    assert distance(pairs, factors * pairs) > 0.1


def test_equal_samples_stay_tied_after_a_rotation() -> None:
    """Conditions that start from one state: half of the entries are equal in pairs."""
    rng = np.random.default_rng(3)
    x = np.concatenate([np.tile(activity(rng)[:1], (4, 1, 1)), activity(rng)], axis=1)
    assert distance(x, x @ rotation(rng, 5) + 0.1) == pytest.approx(0, abs=1e-6)


def test_cosine_of_unrelated_representations_is_near_zero_distance() -> None:
    """High-dimensional white samples are all equally far apart: the reason not to compare by cosine by default."""
    rng = np.random.default_rng(4)
    x, y = activity(rng, 100), activity(rng, 100)
    assert distance(x, y, "squared_euclidean", "cosine") < 0.1
    assert distance(x, y) == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("options", OPTIONS)
def test_without_variance_the_distance_is_one(options: tuple[str, str]) -> None:
    x, nothing = activity(np.random.default_rng(5)), np.full((4, 6, 3), 0.1)
    assert distance(nothing, x, *options) == distance(x, nothing, *options) == 1.0
    assert distance(nothing, nothing, *options) == distance(x[:1, :1], x[:1, :1], *options) == 1.0


def test_of_many_samples_some_times_count() -> None:
    """100 conditions at 30 times: at every third, 10 times each, there are 1000 samples."""
    rng = np.random.default_rng(6)
    x, y = rng.standard_normal((2, 100, 30, 3))
    y += x
    every_third = [activity - activity.mean((0, 1)) for activity in (x, y)]
    expected = 1 - spearmanr(*(pdist(of[:, ::3].reshape(-1, 3)) for of in every_third)).statistic
    assert distance(x, y) == pytest.approx(expected, abs=1e-6)
    assert distance(x[:, :12], y[:, :12]) != pytest.approx(expected, abs=1e-4)
