"""The distance of speeds has the properties that mathematics requires."""

from __future__ import annotations

import numpy as np
import pytest

from neurorules.similarity.measures.speed import distance


def activity(seed: int, n_features: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((20, 30, n_features))


def test_by_hand() -> None:
    """One condition of one feature at four times."""
    x = np.array([[[0.0], [1.0], [3.0], [3.0]]])  # speeds 1, 2, 0: deviations from the mean 0, 1, -1
    assert distance(x, np.array([[[9.0], [7.0], [3.0], [3.0]]])) == pytest.approx(0)  # speeds 2, 4, 0
    assert distance(x, np.array([[[0.0], [1.0], [1.0], [3.0]]])) == pytest.approx(2)  # 1, 0, 2: correlation -1
    assert distance(x, np.array([[[0.0], [2.0], [1.0], [1.0]]])) == pytest.approx(0.5)  # 2, 1, 0: correlation 1 / 2


def test_identical_up_to_rotation_shift_and_scale_is_zero() -> None:
    x, rng = activity(0), np.random.default_rng(1)
    rotation = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    more_features = np.concatenate([x, np.zeros((20, 30, 3))], axis=2)
    assert distance(x, x) == pytest.approx(0)
    assert distance(x, 3.7 * more_features @ rotation + rng.standard_normal(8)) == pytest.approx(0, abs=1e-6)


def test_blind_to_rotation_and_scale_of_either_and_to_the_order_of_the_two() -> None:
    x, y = activity(0), activity(0) + activity(2)
    rotation = np.linalg.qr(activity(3)[0, :5])[0]
    xy = distance(x, y)
    assert 0.1 < xy < 0.9
    assert distance(0.2 * x @ rotation, y) == pytest.approx(xy, abs=1e-6)
    assert distance(y, x) == pytest.approx(xy)


def test_conditions_belong_together() -> None:
    """Shuffled conditions, or entirely different ones, have little in common."""
    x = activity(0)
    assert distance(x, np.random.default_rng(4).permutation(x)) == pytest.approx(1, abs=0.2)
    assert distance(x, activity(5, n_features=9)) == pytest.approx(1, abs=0.2)


def test_without_variance_the_distance_is_one() -> None:
    x, nothing = activity(0), np.full((20, 30, 3), 0.1)
    assert distance(nothing, x) == distance(x, nothing) == distance(nothing, nothing) == 1.0
