"""Orders of conditions, resampled neurons, and extrapolation from halves of a recording, with known ground truth."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from neurorules.similarity.conditions import derangements, opposite_conditions
from neurorules.similarity.extrapolation import neuron_split, power_law, trial_split
from neurorules.similarity.noise_floor import floor_distances, model_distances, neuron_splits
from neurorules.similarity.procrustes import procrustes_distance
from neurorules.similarity.resampling import neuron_weights, resampled_distances


def test_no_condition_keeps_its_place_and_all_orders_are_drawn() -> None:
    orders = derangements(4, 2000)
    assert orders.shape == (2000, 4) and (np.sort(orders, axis=1) == np.arange(4)).all()
    assert (orders != np.arange(4)).all()
    # There are 9 derangements of 4, each drawn 222 times on average, SD 14.
    counts = np.unique(orders, axis=0, return_counts=True)[1]
    assert len(counts) == 9 and abs(counts - 2000 / 9).max() < 4.5 * 14
    assert derangements(1, 5).shape == (0, 1)
    assert derangements(2, 3).tolist() == [[1, 0]] * 3


def with_angles(*degrees: float) -> xr.Dataset:
    return xr.Dataset(coords={"angle_deg": ("condition", np.array(degrees))})


def test_opposite_reaches() -> None:
    found = opposite_conditions(with_angles(*45.0 * np.arange(8)))
    assert found is not None and found.tolist() == [4, 5, 6, 7, 0, 1, 2, 3]
    turned = opposite_conditions(with_angles(-90, 10, 90, 190))
    assert turned is not None and turned.tolist() == [2, 3, 0, 1]
    for recording in (with_angles(0, 120, 240), with_angles(0, 0, 180, 180), xr.Dataset()):
        assert opposite_conditions(recording) is None


def test_a_neuron_drawn_twice_is_two_equal_columns() -> None:
    rng = np.random.default_rng(0)
    activity, rates = rng.standard_normal((3, 20, 6)), rng.standard_normal((3, 20, 9)) + 4
    weights = neuron_weights(9, 30, 1)
    assert (weights.sum(1) == 9).all() and abs(weights.mean() - 1) < 1e-12 and weights.max() > 1
    expected = [procrustes_distance(activity, rates[..., np.repeat(np.arange(9), drawn)]) for drawn in weights]
    np.testing.assert_allclose(resampled_distances(activity, rates, weights), expected, atol=1e-12)


def test_orders_of_conditions_are_taken_in_turn() -> None:
    rng = np.random.default_rng(1)
    activity, rates = rng.standard_normal((4, 10, 5)), rng.standard_normal((4, 10, 8))
    splits, orders = neuron_splits(8, 4, 3, 0), np.array([[1, 0, 3, 2], [2, 3, 0, 1]])
    found = model_distances(activity, rates, splits, 7, orders)
    for repeat, order in enumerate((orders[0], orders[1], orders[0])):
        alone = model_distances(activity[order], rates, splits, 7)
        assert found[repeat] == pytest.approx(alone[repeat], abs=1e-12)


def test_a_power_law_is_found() -> None:
    assert power_law({n: 0.8 * n**-0.3 for n in (5, 10, 40)}) == pytest.approx((0.8, 0.3))
    assert np.isnan(power_law({5: 0.1})).all() and np.isnan(power_law({5: 0.1, 7: 0.0})).all()


def population(rng: np.random.Generator, n: int, noise: float) -> np.ndarray:
    """Neurons that mix six signals, the same in every call, with independent noise."""
    signals = np.cumsum(np.random.default_rng(1).standard_normal((300, 6)), axis=0) / 10
    return (signals @ rng.standard_normal((6, n)) + noise * rng.standard_normal((300, n)))[None]


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_the_floor_of_all_neurons_is_that_of_two_such_recordings(noise: float) -> None:
    """Means over ten recordings of 80 neurons, against the distance between 80 neurons and 80 others."""
    rng = np.random.default_rng(2)
    both = np.arange(160).reshape(1, 2, 80)
    truth = np.mean([floor_distances(population(rng, 160, noise), both)[0] for _ in range(20)])
    found = [neuron_split(population(rng, 80, noise), 20, 0) for _ in range(10)]
    assert found[0].size == 40 and found[0].total == 80
    halves, whole = (np.mean([getattr(each, name) for each in found]) for name in ("half", "whole"))
    assert abs(whole - truth) < 0.1 * truth < halves - truth
    if noise == 0:  # Gram matrices of n neurons differ by 1 / sqrt(n)
        assert np.mean([each.exponent for each in found]) == pytest.approx(0.5, abs=0.06)


def with_trials(rng: np.random.Generator, n_trials: int) -> xr.Dataset:
    """Ten neurons, three conditions: a time course of each, and independent noise in every trial."""
    means = np.cumsum(np.random.default_rng(3).standard_normal((3, 10, 40)), axis=2)
    condition, neuron, _ = (index.ravel() for index in np.indices((3, 10, n_trials)))
    rates = means[condition, neuron] + 2 * rng.standard_normal((len(condition), 40))
    return xr.Dataset(
        {
            "trial_rates": (("trial", "time"), rates),
            "trial_neuron": ("trial", neuron),
            "trial_condition": ("trial", condition),
        },
        coords={"condition": np.arange(3), "neuron": [str(k) for k in range(10)]},
    )


def test_trials_extrapolate_to_nothing() -> None:
    """Noise of an average falls as 1 / sqrt(trials), and the angle with it: in the limit two halves are the same. Of 32
    trials the halves say what two recordings of 32 trials have, which is the distance between halves of 64."""
    rng = np.random.default_rng(4)
    found, larger = trial_split(with_trials(rng, 32), 20, 0), trial_split(with_trials(rng, 64), 20, 0)
    assert found is not None and larger is not None
    assert (found.size, found.total) == (16, 32)
    assert found.exponent == pytest.approx(0.5, abs=0.04)
    assert found.whole == pytest.approx(larger.half, rel=0.05)
    assert found.half == pytest.approx(np.sqrt(2) * larger.half, rel=0.05)
    assert trial_split(with_trials(rng, 1), 20, 0) is None
