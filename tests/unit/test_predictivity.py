"""Linear predictivity against scikit-learn, cases by hand and its invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from neurorules.errors import InputError
from neurorules.similarity.measures import linear_predictivity, reverse_predictivity
from neurorules.similarity.predictivity import SHARES

distance = linear_predictivity.distance
shapes = {"seed": st.integers(0, 2**32 - 1), "p": st.integers(1, 7), "q": st.integers(1, 7)}


def rotation(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def related(seed: int, p: int, q: int, n_conditions: int = 7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_conditions, 6, p)) * np.geomspace(1, 0.1, p) + rng.standard_normal(p)
    noise = rng.standard_normal((n_conditions, 6, q))
    return x, x @ rng.standard_normal((p, q)) + 0.5 * noise + rng.standard_normal(q)


def with_scikit_learn(x: np.ndarray, y: np.ndarray) -> float:
    """The definition, step by step, with scikit-learn's ridge regression."""
    fold = np.arange(len(x)) % min(5, len(x))

    def error(train: np.ndarray, test: np.ndarray, share: float) -> float:
        of_x, of_y, test_x, test_y = (
            a[own].reshape(-1, a.shape[-1]) for own, a in ((train, x), (train, y), (test, x), (test, y))
        )
        penalty = share * ((of_x - of_x.mean(0)) ** 2).sum()
        return float(((test_y - Ridge(penalty).fit(of_x, of_y).predict(test_x).reshape(test_y.shape)) ** 2).sum())

    unexplained = total = 0.0
    for held in np.unique(fold):
        inner = [
            sum(error(~np.isin(fold, (held, f)), fold == f, share) for f in np.unique(fold) if f != held)
            for share in SHARES
        ]
        unexplained += error(fold != held, fold == held, SHARES[int(np.argmin(inner))])
        mean = y[fold != held].mean((0, 1))
        total += float(((y[fold == held] - mean) ** 2).sum())
    return unexplained / total


@pytest.mark.parametrize(("p", "q", "n_conditions"), [(4, 3, 7), (60, 5, 8), (3, 40, 5), (1, 1, 3)])
def test_scikit_learn(p: int, q: int, n_conditions: int) -> None:
    """Also with more features than samples."""
    x, y = related(0, p, q, n_conditions)
    expected = with_scikit_learn(x, y)
    assert 0.01 < expected < 1.3
    assert distance(x, y) == pytest.approx(expected, rel=1e-8)
    assert reverse_predictivity.distance(y, x) == distance(x, y)


def test_by_hand() -> None:
    """Three conditions of two times, x = 1 and -1 in each.

    If y = -3 x + 2 in all, the smallest penalty is best: 1e-8 of the sum of squares, which shrinks the weight by 1e-8.

    If y = x in the first two and -x in the third, the sum of squares of each is 2. For the first, the two others have
    opposite signs: the weight is 0, all of it unexplained. The same for the second. For the third, the two others agree
    on the weight 1, so the error is (2 y)^2 summed, 8.
    """
    x = np.tile(np.array([1.0, -1.0])[:, None], (3, 1, 1))
    assert distance(x, -3 * x + 2) == pytest.approx(0, abs=1e-15)
    assert distance(x, -3 * x + 2) > 0
    assert distance(x, x * np.array([1.0, 1.0, -1.0])[:, None, None]) == pytest.approx((2 + 2 + 8) / 6)


def test_noise_is_the_share_that_cannot_be_predicted() -> None:
    """y = x w + noise of variance equal to the signal's: R^2 is 1/2, whatever the number of neurons."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((10, 400, 5))
    for q in (2, 30):
        signal = x @ rotation(rng, max(5, q))[:5, :q]
        noise = rng.standard_normal(signal.shape) * signal.std((0, 1))
        assert distance(x, signal + noise) == pytest.approx(0.5, abs=0.03)


def test_a_condition_is_never_split() -> None:
    """A signal of its own in each condition is the same at all its times: only a split condition could predict it."""
    rng = np.random.default_rng(2)
    x, y = (np.repeat(rng.standard_normal((12, 1, n)), 30, axis=1) for n in (20, 4))
    assert distance(x, y) > 0.9
    assert with_scikit_learn(x.reshape(360, 1, 20), y.reshape(360, 1, 4)) < 0.1  # if single samples were folds


@settings(max_examples=25, deadline=None)
@given(**shapes)
def test_what_it_ignores(seed: int, p: int, q: int) -> None:
    x, y = related(seed, p, q)
    rng = np.random.default_rng(seed + 1)
    xy = distance(x, y)
    assert xy >= 0
    turned_x, turned_y = (5 * a @ rotation(rng, a.shape[-1]) - 3 for a in (x, y))
    assert distance(turned_x, y) == pytest.approx(xy, rel=1e-6)
    assert distance(x, turned_y) == pytest.approx(xy, rel=1e-6)
    silent = np.concatenate([x, np.full((*x.shape[:2], 3), 0.1)], axis=-1)
    assert distance(silent, y) == pytest.approx(xy, rel=1e-6)
    assert distance(x, x) < 1e-6


def test_the_two_directions_differ() -> None:
    """A network that does all that the neurons do, and more: only the neurons cannot predict it."""
    x, _ = related(3, 6, 1)
    part = x[..., :3]
    assert distance(x, part) < 1e-6
    assert reverse_predictivity.distance(x, part) > 0.05
    assert reverse_predictivity.distance(part, x) < 1e-6


def test_unrelated_activity_predicts_no_better_than_the_mean() -> None:
    rng = np.random.default_rng(4)
    found = [distance(rng.standard_normal((8, 10, 30)), rng.standard_normal((8, 10, 6))) for _ in range(10)]
    assert 0.98 < np.mean(found) < 1.1


def test_without_variance_the_distance_is_one() -> None:
    x, nothing = related(5, 4, 1)[0], np.full((7, 6, 3), 0.1)
    for of in (linear_predictivity.distance, reverse_predictivity.distance):
        assert of(nothing, x) == of(x, nothing) == of(nothing, nothing) == 1.0
    # No variance in the training conditions of one fold.
    once = np.zeros((7, 6, 1))
    once[2, 3] = 1.0
    assert np.isfinite(distance(once, x)) and np.isfinite(distance(x, once))


def test_three_conditions_are_needed() -> None:
    x, y = related(6, 2, 2, n_conditions=2)
    with pytest.raises(InputError, match=r"(?s)three conditions.*reverse_predictivity"):
        reverse_predictivity.distance(x, y)
