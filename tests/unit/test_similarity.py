"""Procrustes distance, noise floor and matched accuracy against netrep's values and mathematics."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression
from scipy.signal import lfilter

from neurorules.similarity.matched_accuracy import (
    Course,
    checkpoint_at,
    common_level,
    common_start,
    course,
    mean_curve,
)
from neurorules.similarity.noise_floor import (
    CrossProduct,
    floor_distances,
    group_size,
    model_distances,
    neuron_splits,
)
from neurorules.similarity.procrustes import procrustes_distance
from neurorules.training.checkpoints import checkpoint_updates


@pytest.fixture(scope="module")
def netrep(real_data: Path) -> dict:
    """Values computed by netrep itself."""
    file = Path(os.environ.get("NEURORULES_REFERENCE", real_data.parent / "reference")) / "netrep.json"
    if not file.is_file():
        pytest.skip(f"no reference values: {file} does not exist")
    return json.loads(file.read_text())


def test_every_netrep_case(netrep: dict) -> None:
    assert len(netrep["cases"]) >= 7
    for case in netrep["cases"]:
        rng = np.random.default_rng(case["seed"])
        x = rng.standard_normal((case["m"], case["p"]))
        y = rng.standard_normal((case["m"], case["q"]))
        if case["mixed"]:
            y = x @ rng.standard_normal((case["p"], case["q"])) + 0.5 * y
        assert procrustes_distance(x, y) * np.pi / 2 == pytest.approx(case["procrustes_angular"], abs=1e-10)


def test_netrep_on_recorded_neurons(netrep: dict, real_data: Path) -> None:
    from neurorules.recordings.readers import hatsopoulos2007

    file = next((real_data / "hatsopoulos2007").glob("*.npy"))
    rates = hatsopoulos2007.read([file], {"source": "processed"})["rates"].values
    halves = rates[..., :70], rates[..., 70:140]
    expected = netrep["hatsopoulos2007_first70_vs_next70_neurons"]
    assert procrustes_distance(*halves) * np.pi / 2 == pytest.approx(expected, abs=1e-10)
    even, odd = rates[..., ::2], rates[..., 1::2]
    expected = netrep["hatsopoulos2007_even_vs_odd_neurons_zero_padded"]
    assert procrustes_distance(even, odd) * np.pi / 2 == pytest.approx(expected, abs=1e-10)


def test_netrep_itself() -> None:
    """If it is installed: envs/peers.yaml pins it by commit, because it is on no package index."""
    metrics = pytest.importorskip("netrep.metrics", reason="netrep is not installed: see envs/peers.yaml")
    rng = np.random.default_rng(0)
    for features in (3, 20, 40):
        x = rng.standard_normal((60, features)) @ rng.standard_normal((features, features))
        y = 0.5 * x + rng.standard_normal((60, features))
        expected = metrics.LinearMetric(alpha=1.0, center_columns=True).fit_score(x, y)
        assert procrustes_distance(x, y) * np.pi / 2 == pytest.approx(expected, abs=1e-10)


def test_known_distances() -> None:
    x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
    assert procrustes_distance(x, x) == pytest.approx(0.0, abs=1e-7)  # arccos is flat to 1e-8 at 1
    # Two orthogonal signals in time share nothing.
    assert procrustes_distance(np.array([[1.0], [-1.0], [0.0], [0.0]]), np.array([[0.0], [0.0], [1.0], [-1.0]])) == 1.0
    # cos(angle) = <x, y> / |x||y| for single signals: 60 degrees are 2/3 of a right angle.
    y = np.array([[1.0], [-1.0], [np.sqrt(3)], [-np.sqrt(3)]])
    assert procrustes_distance(np.array([[1.0], [-1.0], [0.0], [0.0]]), y) == pytest.approx(2 / 3)
    assert procrustes_distance(np.zeros((4, 2)), y) == 1.0


def test_conditions_must_line_up() -> None:
    with pytest.raises(ValueError, match="must match"):
        procrustes_distance(np.zeros((3, 2)), np.zeros((4, 2)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 7), st.integers(1, 7))
def test_is_a_metric_on_shapes(seed: int, p: int, q: int, r: int) -> None:
    """Symmetric, blind to rotation, shift and scale, and the triangle inequality holds."""
    rng = np.random.default_rng(seed)
    x, y, z = (rng.standard_normal((20, n)) * rng.uniform(0.1, 10) for n in (p, q, r))
    rotation = np.linalg.qr(rng.standard_normal((q, q)))[0]
    xy = procrustes_distance(x, y)
    assert 0 <= xy <= 1
    assert procrustes_distance(y, x) == pytest.approx(xy, abs=1e-9)
    assert procrustes_distance(x, 3.7 * y @ rotation + rng.standard_normal(q)) == pytest.approx(xy, abs=1e-7)
    assert xy <= procrustes_distance(x, z) + procrustes_distance(z, y) + 1e-9


def test_subsampled_distance_is_the_distance_of_the_columns() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((4, 9, 12)), rng.standard_normal((4, 9, 15))
    some_x, some_y = np.array([1, 5, 7]), np.array([0, 2, 14, 3])
    direct = procrustes_distance(x[..., some_x], y[..., some_y])
    assert CrossProduct(x, y).distance(some_x, some_y) == pytest.approx(direct, abs=1e-12)


def test_splits_are_disjoint_and_cover_all_neurons() -> None:
    splits = neuron_splits(9, 4, 500, seed=1)
    assert splits.shape == (500, 2, 4)
    for first, second in splits:
        assert len({*first, *second}) == 8
    counts = np.bincount(splits[:, 0].ravel(), minlength=9)
    # Each neuron falls into the first group with probability 4/9; 6 SD of a binomial.
    assert (abs(counts - 500 * 4 / 9) < 6 * np.sqrt(500 * 4 / 9 * 5 / 9)).all()
    assert group_size(141) == 70 and group_size(141, 64) == 64 and group_size(141, 200) == 70


def test_floor_of_copies_and_of_strangers() -> None:
    """Neurons that all carry one signal have floor 0; a model that is the recording is at the floor."""
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((5, 10, 1))
    splits = neuron_splits(10, 5, 20, seed=0)
    np.testing.assert_allclose(floor_distances(signal * rng.uniform(0.5, 2, 10), splits), 0, atol=1e-7)
    rates = rng.standard_normal((8, 30, 40)) @ np.diag(np.linspace(3, 0.1, 40))
    splits = neuron_splits(40, 20, 200, seed=0)
    floor, strangers = floor_distances(rates, splits), model_distances(rng.permuted(rates, axis=1), rates, splits, 1)
    assert floor.mean() > 0.1
    assert strangers.mean() > 0.5


def test_accuracy_that_falls_back_is_pooled() -> None:
    """Updates e^k - 1 are evenly spaced, 1 in log update; the two ends have half the weight, .5."""
    update = np.expm1(np.arange(4.0))
    of_run = course(update, np.array([0.0, 0.4, 0.2, 0.8]), np.array([1.0, 0.6, 0.9, 0.2]))
    np.testing.assert_allclose(of_run.accuracy, [0.0, 0.3, 0.8])
    np.testing.assert_allclose(of_run.value, [1.0, 0.75, 0.2])
    np.testing.assert_allclose(of_run.at(np.array([0.15, 0.3, 0.55])), [0.875, 0.75, 0.475])
    assert np.isnan(of_run.at(np.array([-0.1, 0.9]))).all()
    # The end falls back: .8 for 1 and .2 for .5 make .6.
    falls = course(update, np.array([0.0, 0.4, 0.8, 0.2]), np.array([1.0, 0.6, 0.9, 0.3]))
    assert falls.best == pytest.approx(0.6) and float(falls.at(0.6)) == pytest.approx(0.7)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30), st.integers(0, 2**32 - 1))
def test_courses_are_weighted_isotonic_regressions(accuracy: list[float], seed: int) -> None:
    """Against scipy, where checkpoints are apart; and values are averaged over the same checkpoints."""
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.uniform(0.2, 1.0, len(accuracy)))
    edges = np.concatenate([time[:1], (time[1:] + time[:-1]) / 2, time[-1:]])
    weights = np.diff(edges) if len(time) > 1 else np.ones(1)
    fitted = isotonic_regression(accuracy, weights=weights).x
    value = rng.standard_normal(len(accuracy))
    of_run = course(np.expm1(time), np.array(accuracy), value)
    assert (np.diff(of_run.accuracy) > 0).all()
    np.testing.assert_allclose(np.interp(fitted, of_run.accuracy, of_run.accuracy), fitted, atol=1e-9)
    for level, mean in zip(of_run.accuracy, of_run.value, strict=True):
        own = np.abs(fitted - level) < 1e-9
        assert own.any()
        if len(of_run.accuracy) == 1 or np.diff(of_run.accuracy).min() > 1e-8:
            assert mean == pytest.approx(np.average(value[own], weights=weights[own]), abs=1e-7)


def test_checkpoints_close_together_are_one() -> None:
    """The last tenth of 1000 updates: a single good or bad checkpoint there is not the run's result."""
    update = np.array([0, 10, 100, 910, 930, 950, 970, 1000])
    accuracy = np.array([0.0, 0.2, 0.5, 0.8, 0.8, 0.8, 0.8, 0.8])
    value = np.arange(8.0)
    for last in (0.6, 1.0):
        of_run = course(update, np.where(update == 950, last, accuracy), value)
        assert len(of_run.accuracy) == 4 and of_run.best == pytest.approx(0.8, abs=0.05)


def test_flat_runs_are_read_at_their_only_accuracy() -> None:
    of_run = course(np.arange(5), np.full(5, 0.3), np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert of_run.start == of_run.best == pytest.approx(0.3) and 1 < float(of_run.at(0.3)) < 5
    assert np.isnan(of_run.at([0.29, 0.31])).all() and not of_run.passed(0.31)
    single = course(np.array([7]), np.array([0.5]), np.array([2.0]))
    assert float(single.at(0.5)) == 2.0


def learning(seed: int, slower: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Accuracy and distance after each of 1000 updates: they follow the logarithm of updates, with noise.

    Noise of accuracy lasts two updates; its SD is .06. The true accuracy comes to .93.
    """
    rng = np.random.default_rng(seed)
    update = np.arange(1001)
    time = np.log1p(update)
    noise = lfilter([np.sqrt(0.75)], [1.0, -0.5], rng.standard_normal(len(update)))
    true = 0.93 / (1 + np.exp(-(time - np.log(60 * slower)) / 0.5))
    distance = 0.55 - 0.12 / (1 + np.exp(-(time - np.log(200 * slower)) / 0.8))
    return (
        update,
        true + 0.06 * np.minimum(1, 2 * true) * noise,
        distance + 0.004 * rng.standard_normal(len(update)),
    )


def where_first_reached(accuracy: np.ndarray, value: np.ndarray, level: float) -> float:
    """The reading that depends on how many checkpoints there are: at those that set a new best accuracy."""
    best = np.maximum.accumulate(accuracy)
    new = np.concatenate([[True], best[1:] > best[:-1]])
    return float(np.interp(level, best[new], value[new]))


def readings(counts: tuple[int, ...], read: Callable[..., float]) -> np.ndarray:
    """(run, count) distances of 40 runs at accuracy .8, by the number of checkpoints."""
    table = []
    for seed in range(40):
        update, accuracy, distance = learning(seed)
        kept = [checkpoint_updates(1000, "quadratic", count) for count in counts]
        table.append([read(update[k], accuracy[k], distance[k]) for k in kept])
    return np.array(table)


def test_reading_at_more_checkpoints_does_not_change_the_distance() -> None:
    """True distance at accuracy .8, in closed form: time = log 60 + .5 log(.8 / .13)."""
    time = np.log(60) + 0.5 * np.log(0.8 / 0.13)
    truth = 0.55 - 0.12 / (1 + np.exp(-(time - np.log(200)) / 0.8))
    counts = (20, 40, 115, 400)
    now = readings(counts, lambda u, a, d: float(course(u, a, d).at(0.8)))
    before = readings(counts, lambda u, a, d: where_first_reached(a, d, 0.8))
    # The curve between few checkpoints is not straight; it depends on the checkpoints only.
    assert abs(now.mean(0) - truth)[:2].max() < 0.005 and abs(now.mean(0) - truth)[2:].max() < 0.001
    # Where it is first reached, a run is read earlier the more checkpoints there are.
    assert (before.mean(0)[1:] > before.mean(0)[:-1]).all() and before.mean(0)[-1] - truth > 0.008
    # One run: the finer the checkpoints, the closer to the reading of all 1000 updates.
    every = np.array([float(course(*learning(seed)).at(0.8)) for seed in range(40)])
    errors = np.sqrt(((now - every[:, None]) ** 2).mean(0))
    assert (np.diff(errors) < 0).all() and errors[-1] < 0.002


def test_reading_at_more_checkpoints_does_not_change_what_was_reached() -> None:
    counts = (40, 115, 400)
    now = readings(counts, lambda u, a, d: course(u, a, d).best).mean(0)
    before = readings(counts, lambda u, a, d: a.max()).mean(0)
    assert abs(now - 0.93).max() < 0.025 and np.ptp(now) < 0.02
    assert (before > 1.0).all() and np.ptp(before) > 0.04


def test_mean_curve_covers_where_all_runs_have_been() -> None:
    runs = [
        Course(np.array([0.0, 1.0]), np.array([1.0, 0.0])),
        Course(np.array([0.5, 1.0]), np.array([0.5, 0.4])),
    ]
    accuracy, distance, of_runs = mean_curve(runs, 10)
    np.testing.assert_allclose(accuracy, [0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    np.testing.assert_allclose(distance, [0.5, 0.44, 0.38, 0.32, 0.26, 0.2])
    np.testing.assert_allclose(of_runs[1], [0.5, 0.48, 0.46, 0.44, 0.42, 0.4])


def test_checkpoints_at_an_accuracy() -> None:
    rises, starts_high = np.array([0.0, 0.3, 0.7, 0.8]), np.array([0.5, 0.55, 0.6, 0.6])
    update = np.expm1(np.arange(4.0))
    courses = [course(update, accuracy, accuracy) for accuracy in (rises, starts_high)]
    assert common_level(courses) == pytest.approx(0.6) and common_start(courses) == pytest.approx(0.5)
    assert [checkpoint_at(update, rises, level) for level in (-1.0, 0.1, 0.2, 0.6, 0.9)] == [0, 0, 1, 2, 3]
