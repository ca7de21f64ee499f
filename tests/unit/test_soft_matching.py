"""Soft matching against assignment, linear programs, cases by hand and the properties of a metric."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.stats import wasserstein_distance_nd

from neurorules.similarity.measures.soft_matching import best_match, distance
from neurorules.similarity.procrustes import as_samples

shapes = {"seed": st.integers(0, 2**32 - 1), "p": st.integers(1, 7), "q": st.integers(1, 7)}


def activity(rng: np.random.Generator, n_features: int) -> np.ndarray:
    return rng.standard_normal((3, 8, n_features)) + rng.standard_normal(n_features)


def units(activity: np.ndarray) -> np.ndarray:
    """(unit, sample), centred and with root mean square norm 1."""
    samples = as_samples(activity)
    return samples.T * np.sqrt(samples.shape[1]) / np.linalg.norm(samples)


def by_linear_program(x: np.ndarray, y: np.ndarray) -> float:
    """Khosla & Williams, equation of d_T, by HiGHS: the transport polytope written out."""
    of_x, of_y = units(x), units(y)
    cost = ((of_x[:, None] - of_y) ** 2).sum(-1)
    n, m = cost.shape
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    marginals = np.concatenate([np.full(n, 1 / n), np.full(m, 1 / m)])
    return float(np.sqrt(linprog(cost.ravel(), A_eq=np.concatenate([rows, columns]), b_eq=marginals).fun / 2))


@pytest.mark.parametrize(("p", "q"), [(5, 5), (3, 7), (9, 4), (6, 4), (1, 5), (12, 30), (1, 1)])
def test_linear_program(p: int, q: int) -> None:
    rng = np.random.default_rng(p + q)
    x, y = activity(rng, p), activity(rng, q)
    y[..., : min(p, q)] += 2 * x[..., : min(p, q)]
    expected = by_linear_program(x, y)
    assert 0.1 < expected < 1.42
    assert distance(x, y) == pytest.approx(expected, abs=1e-8)


def test_the_wasserstein_distance_of_scipy() -> None:
    """SciPy has the one of order 1, so the match is compared with costs that are 0 or 1, equal to their squares."""
    rng = np.random.default_rng(0)
    x, y = (np.eye(4)[rng.integers(0, 4, n)] / np.sqrt(2) for n in (6, 9))  # distances 0 and 1
    products = x @ y.T  # 1/2 (1 - distance^2)
    assert best_match(products) == pytest.approx((1 - wasserstein_distance_nd(x, y)) / 2, abs=1e-9)


@pytest.mark.parametrize("n", [2, 5])
def test_equal_numbers_are_the_best_permutation(n: int) -> None:
    rng = np.random.default_rng(n)
    x, y = activity(rng, n), activity(rng, n)
    of_x, of_y = units(x), units(y)
    costs = [((of_x - of_y[list(order)]) ** 2).sum() / n for order in itertools.permutations(range(n))]
    assert distance(x, y) == pytest.approx(np.sqrt(min(costs) / 2), abs=1e-12)


def test_by_hand() -> None:
    """Two orthogonal units of equal norm, a and b: matched with a, b and their copies; with a alone; with -a, -b."""
    a, b = np.array([1.0, -1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, -1.0])
    both = np.stack([a, b], axis=-1)
    assert distance(both, np.stack([b, a, b, a], axis=-1)) == pytest.approx(0, abs=1e-7)
    assert distance(both, a[:, None]) == pytest.approx(np.sqrt(1 / 2))  # half of the mass of a meets b
    assert distance(a[:, None], b[:, None]) == pytest.approx(1)
    assert distance(a[:, None], -a[:, None]) == pytest.approx(np.sqrt(2))
    # Three copies of a and one of b: a quarter of the mass has to go from b to a.
    assert distance(both, np.stack([a, a, a, b], axis=-1)) == pytest.approx(np.sqrt(1 / 4))
    # A silent unit is a zero. With a it has mean square norm |a|^2 / 2, so a counts sqrt(2) times; it meets the half of
    # a and the half of b at best: s = (sqrt(2) x 1/2).
    silent = np.stack([a, 0 * a], axis=-1)
    assert distance(silent, both) == pytest.approx(np.sqrt(1 - np.sqrt(2) / 2))


@settings(max_examples=25, deadline=None)
@given(**shapes)
def test_what_it_ignores(seed: int, p: int, q: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = activity(rng, p), activity(rng, q)
    xy = distance(x, y)
    assert 0 <= xy <= np.sqrt(2) + 1e-9
    assert distance(y, x) == pytest.approx(xy, abs=1e-7)
    moved = 3.7 * y[..., rng.permutation(q)] + rng.standard_normal(q)
    assert distance(x, moved) == pytest.approx(xy, abs=1e-7)
    assert distance(x, np.concatenate([moved, moved], axis=-1)) == pytest.approx(xy, abs=1e-7)  # every unit twice
    assert distance(x, x[..., rng.permutation(p)]) == pytest.approx(0, abs=1e-7)


@settings(max_examples=25, deadline=None)
@given(**shapes, r=st.integers(1, 7))
def test_triangle_inequality(seed: int, p: int, q: int, r: int) -> None:
    rng = np.random.default_rng(seed)
    x, y, z = activity(rng, p), activity(rng, q), activity(rng, r)
    y[..., 0] += 3 * x[..., 0]
    z[..., 0] += 3 * y[..., 0]
    assert distance(x, z) <= distance(x, y) + distance(y, z) + 1e-7


def test_rotation_counts() -> None:
    rng = np.random.default_rng(1)
    x = activity(rng, 6)
    assert distance(x, x @ np.linalg.qr(rng.standard_normal((6, 6)))[0]) > 0.3


def test_without_variance_the_distance_is_one() -> None:
    x, nothing = activity(np.random.default_rng(2), 5), np.full((3, 8, 2), 0.1)
    assert distance(nothing, x) == distance(x, nothing) == distance(nothing, nothing) == 1.0


def test_different_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="numbers of samples"):
        distance(np.eye(3)[None], np.eye(4)[None])
