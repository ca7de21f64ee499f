"""Eigenvalues of matrices known by hand, and the distance between spectra as a metric."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorules.dynamics.eigenspectra import eigenvalues, spectral_radius, spectrum_distance


def test_known_matrices() -> None:
    angle = 0.3
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    np.testing.assert_allclose(eigenvalues(rotation), np.exp([-1j * angle, 1j * angle]))
    np.testing.assert_allclose(eigenvalues(np.diag([3.0, -2.0, 1.0])), [-2, 1, 3])
    # The companion matrix of (z - 2)(z^2 + 9).
    np.testing.assert_allclose(eigenvalues(np.array([[2, -9, 18], [1, 0, 0], [0, 1, 0]])), [-3j, 3j, 2], atol=1e-12)
    assert spectral_radius(eigenvalues(1.5 * rotation)) == pytest.approx(1.5)
    assert spectral_radius(np.array([-2.0, 1.0 + 1.0j])) == 2.0


def test_spectral_radius_of_a_random_matrix_is_its_gain() -> None:
    """The circular law: entries of variance g^2 / N fill a disc of radius g."""
    n, gain = 200, 1.5
    weights = gain * np.random.default_rng(0).standard_normal((n, n)) / np.sqrt(n)
    assert spectral_radius(eigenvalues(weights)) == pytest.approx(gain, rel=0.1)


def test_known_distances() -> None:
    assert spectrum_distance(np.array([1.0, 2.0]), np.array([2.0, 1.0])) == 0.0
    assert spectrum_distance(np.array([0.0, 1.0]), np.array([3j, 1.0])) == 1.5
    assert spectrum_distance(np.array([1.0, -1.0]), np.array([1.0 + 2j, -1.0 + 2j])) == pytest.approx(2.0)
    with pytest.raises(ValueError, match="same number of units"):
        spectrum_distance(np.zeros(3), np.zeros(4))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_is_the_least_over_all_pairings_and_a_metric(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, c = rng.standard_normal((3, n)) + 1j * rng.standard_normal((3, n))
    by_hand = min(np.mean(np.abs(a - b[list(order)])) for order in itertools.permutations(range(n)))
    assert spectrum_distance(a, b) == pytest.approx(by_hand)
    assert spectrum_distance(a, b) == pytest.approx(spectrum_distance(b, a))
    assert spectrum_distance(a, c) <= spectrum_distance(a, b) + spectrum_distance(b, c) + 1e-12
