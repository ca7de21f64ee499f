"""Procrustes distance, noise floor and matched accuracy against netrep's values and mathematics."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorules.similarity.matched_accuracy import (
    at_accuracies,
    common_level,
    common_start,
    first_reaching,
    mean_curve,
    nearest,
)
from neurorules.similarity.noise_floor import (
    CrossProduct,
    floor_distances,
    group_size,
    model_distances,
    neuron_splits,
)
from neurorules.similarity.procrustes import procrustes_distance


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
    """Where it is installed: envs/peers.yaml pins it by commit, as no index has it."""
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
    with pytest.raises(ValueError, match="line up"):
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


def test_accuracy_that_falls_back_is_read_where_it_was_first_reached() -> None:
    accuracy = np.array([0.0, 0.4, 0.2, 0.8])
    distance = np.array([1.0, 0.6, 0.9, 0.2])
    np.testing.assert_allclose(at_accuracies(accuracy, distance, np.array([0.2, 0.4, 0.6])), [0.8, 0.6, 0.4])
    assert np.isnan(at_accuracies(accuracy, distance, np.array([-0.1, 0.9]))).all()


def test_mean_curve_covers_where_all_runs_have_been() -> None:
    runs = [
        (np.array([0.0, 1.0]), np.array([1.0, 0.0])),
        (np.array([0.5, 1.0]), np.array([0.5, 0.4])),
    ]
    accuracy, distance, of_runs = mean_curve(runs, 10)
    np.testing.assert_allclose(accuracy, [0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    np.testing.assert_allclose(distance, [0.5, 0.44, 0.38, 0.32, 0.26, 0.2])
    np.testing.assert_allclose(of_runs[1], [0.5, 0.48, 0.46, 0.44, 0.42, 0.4])


def test_checkpoints_at_an_accuracy() -> None:
    falls_back, starts_high = np.array([0.0, 0.8, 0.3, 0.7]), np.array([0.5, 0.6, 0.4])
    assert common_level([falls_back, starts_high]) == 0.6
    assert common_start([falls_back, starts_high]) == 0.5
    assert first_reaching(falls_back, 0.6) == 1 and first_reaching(falls_back, 0.0) == 0
    assert nearest(falls_back, 0.6) == 3 and nearest(falls_back, 0.9) == 1
