"""Rates of trials that were cut out: values that follow from counts and from the Gaussian's integral."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from neurorules.errors import InputError
from neurorules.recordings.sessions.grid import Grid
from neurorules.recordings.sessions.trial_bins import TrialBins
from neurorules.recordings.sessions.trial_signals import TrialSignals
from neurorules.recordings.sessions.trial_spikes import TrialSpikes


def rates(activity: TrialBins | TrialSpikes, grid: Grid, at_s: float = 0.0, unit: int = 0) -> np.ndarray:
    n = len(activity.lengths) if isinstance(activity, TrialBins) else len(activity.observed_s)
    return activity.trial_rates(unit, np.arange(n), np.full(n, at_s), grid)


def test_counts_of_whole_bins_become_spikes_per_s() -> None:
    """Bins of 1 ms into bins of 2 ms: 3 spikes in 2 ms are 1500 spikes/s. A shorter trial is not silent at its end."""
    long = np.array([[1, 2, 0, 0, 4, 0]], np.uint8)
    activity = TrialBins([long, long[:, :5]], 1.0, counted_ms=1.0)
    found = rates(activity, Grid(0, 6, 2))
    np.testing.assert_allclose(found[0], [1500, 0, 2000])
    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(rates(activity, Grid(-4, 0, 2), at_s=0.004), [[1500, 0]] * 2)


def test_large_counts_in_bytes_do_not_wrap() -> None:
    """200 + 100 spikes as uint8, as MATLAB's files have them."""
    activity = TrialBins([np.array([[200, 100]], np.uint8)], 50.0, counted_ms=50.0)
    np.testing.assert_allclose(rates(activity, Grid(0, 100, 100)), [[3000]])
    np.testing.assert_array_equal(activity.totals(), [[300]])


def test_a_unit_that_was_not_recorded_in_a_trial() -> None:
    trials = [np.array([[1.0, 1.0], [np.nan, np.nan]]), np.array([[0.0, 2.0], [3.0, 1.0]])]
    activity = TrialBins(trials, 10.0, units="z-score")
    np.testing.assert_array_equal(rates(activity, Grid(0, 20, 10), unit=0), [[1, 1], [0, 2]])
    np.testing.assert_array_equal(rates(activity, Grid(0, 20, 10), unit=1), [[np.nan, np.nan], [3, 1]])


def test_bins_are_those_of_the_file_that_begin_nearest_to_the_window() -> None:
    activity = TrialBins([np.array([[1.0, 2.0, 3.0, 4.0]])], 10.0, starts_ms=-20.0)
    for at_ms, first in ((0, 2.0), (4, 2.0), (6, 3.0), (-14, 2.0 - 1)):
        assert rates(activity, Grid(-10, 0, 10), at_s=at_ms / 1000)[0, 0] == first


def test_bins_that_do_not_fit_the_files() -> None:
    with pytest.raises(InputError, match="a whole number of the file's bins, which are 20 ms") as raised:
        rates(TrialBins([np.ones((1, 9))], 20.0), Grid(0, 60, 30))
    assert raised.value.key == "bin_ms" and raised.value.remedy


def test_smoothing_spreads_a_spike_as_the_normal_distribution() -> None:
    """A spike in one of many bins of 1 ms. The kernel is sampled at whole ms: the density, up to 1e-6."""
    counts = np.zeros((1, 401))
    counts[0, 200] = 1
    found = rates(TrialBins([counts], 1.0, counted_ms=1.0), Grid(100, 301, 1, smooth_sd_ms=10))
    expected = 1000 * norm.pdf(np.arange(100, 301), loc=200, scale=10)
    inside = np.abs(np.arange(100, 301) - 200) <= 50
    np.testing.assert_allclose(found[0, inside], expected[inside], rtol=1e-5)
    assert found[0, ~inside].max() == 0
    assert found.sum() == pytest.approx(1000)  # of one spike over 1 ms bins


def test_a_constant_rate_stays_constant_up_to_the_ends_of_a_trial() -> None:
    """Where the kernel reaches beyond a trial, its weight is shared among the bins that there are."""
    activity = TrialBins([np.full((1, 60), 2.0), np.full((1, 100), 2.0)], 1.0, counted_ms=1.0)
    np.testing.assert_allclose(rates(activity, Grid(0, 60, 5, smooth_sd_ms=20)), 2000.0)


def test_what_lies_beyond_the_window_is_smoothed_into_it() -> None:
    counts = np.zeros((1, 300))
    counts[0, 99] = 1  # the ms before a window that begins at 100
    found = rates(TrialBins([counts], 1.0, counted_ms=1.0), Grid(100, 200, 1, smooth_sd_ms=10))
    np.testing.assert_allclose(found[0, 0], 1000 * norm.pdf(1, scale=10), rtol=1e-5)


def test_overlapping_windows_of_counting() -> None:
    """9 spikes in windows of 180 ms every 20 ms are 50 spikes/s."""
    activity = TrialBins([np.full((1, 4), 9)], 20.0, counted_ms=180.0)
    np.testing.assert_allclose(rates(activity, Grid(0, 80, 20)), 50.0)


def test_spike_times_of_trials() -> None:
    """Spikes on edges belong to the bin that begins there; unobserved time is not silence."""
    times = [np.array([0.010, 0.01999, 0.030, 0.005, 0.1])]
    activity = TrialSpikes(
        times, [np.array([0, 0, 0, 1, 1])], np.array([[0, 0.2], [0, 0.03]]), np.array([[True, True]])
    )
    found = rates(activity, Grid(0, 40, 10))
    np.testing.assert_allclose(found[0], [0, 200, 0, 100])
    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(rates(activity, Grid(0, 30, 10))[1], [100, 0, 0])
    np.testing.assert_array_equal(activity.totals(), [[3, 2]])


def test_spike_times_and_their_counts_in_ms_give_the_same_rates() -> None:
    rng = np.random.default_rng(0)
    times = [np.sort(rng.integers(0, 300, 40)) / 1000 + 0.0005 for _ in range(5)]
    counts = [np.histogram(t, np.arange(0, 0.3005, 0.001))[0][None] for t in times]
    spikes = TrialSpikes(
        [np.concatenate(times)], [np.repeat(np.arange(5), 40)], np.tile([0, 0.3], (5, 1)), np.ones((1, 5), bool)
    )
    grid = Grid(20, 270, 10, smooth_sd_ms=15)
    np.testing.assert_allclose(rates(spikes, grid), rates(TrialBins(counts, 1.0, counted_ms=1.0), grid), rtol=1e-12)


def test_behaviour_is_interpolated_between_the_middles_of_bins() -> None:
    """A signal that grows by 1 each ms, in bins of 10 ms from -10 ms on: its value at a time is the time."""
    middles = np.array([[-5.0, 5.0, 15.0, 25.0], [0.0, 0.0, 0.0, 0.0]])
    signal = TrialSignals([middles, middles[:, :2]], 10.0, -10.0)
    assert signal.components == ("_x", "_y")
    found = signal.trial_values(np.array([0, 1]), np.array([0.0, 0.0]), np.array([-5.0, 0.0, 7.0, 20.0]))
    np.testing.assert_allclose(found[0, :, 0], [-5, 0, 7, 20])
    np.testing.assert_allclose(found[1, :3, 0], [-5, 0, 5])
    assert np.isnan(found[1, 3]).all()
