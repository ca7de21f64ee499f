"""The bootstrap over neurons and seeds, with known ground truth: coverage, and variances by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from neurorules.claims.derivations.neuron_seed_intervals import interval_table, neuron_seed_interval, over_words
from neurorules.plotting.curves import difference_words
from neurorules.similarity.resampling import neuron_weights, resampled_averages
from neurorules.statistics.bootstrap import crossed_interval

NEURONS, RESAMPLES = 60, 100


def groups(rng: np.random.Generator, n_seeds: int, difference: float, of_neurons: float = 1.0) -> list[np.ndarray]:
    """(seed, 1 + resample) means over neurons of two groups: effects of neurons, of seeds, and of both together.

    The standard errors of the difference are 0.05 sqrt(2) over neurons and 0.05 sqrt(2 / seeds) over seeds.
    """
    weights = np.concatenate([np.ones((1, NEURONS)), neuron_weights(NEURONS, RESAMPLES, int(rng.integers(2**31)))])
    made = []
    for shift in (difference, 0.0):
        neurons = of_neurons * 0.05 * np.sqrt(NEURONS) * rng.standard_normal(NEURONS)
        both = 0.02 * np.sqrt(NEURONS) * rng.standard_normal((n_seeds, NEURONS))
        seeds = 0.05 * rng.standard_normal((n_seeds, 1))
        made.append(shift + seeds + (neurons + both) @ weights.T / NEURONS)
    return made


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """400 experiments of new neurons and four seeds a group. With a true coverage of 95%, hits lie within the
    binomial's 98% range. An interval over seeds alone, by Welch's test, misses the truth many times more often."""
    rng = np.random.default_rng(4)
    covered = by_seeds = 0
    for _ in range(400):
        first, second = groups(rng, 4, 0.1)
        found = crossed_interval(first, second, NEURONS)
        covered += found.low <= 0.1 <= found.high
        low, high = stats.ttest_ind(first[:, 0], second[:, 0], equal_var=False).confidence_interval()
        by_seeds += low <= 0.1 <= high
    assert stats.binom.ppf(0.01, 400, 0.95) <= covered <= stats.binom.ppf(0.99, 400, 0.95)
    assert by_seeds < 320


def test_what_varies_over_seeds_alone_has_welchs_interval() -> None:
    """Identical neurons: no variance over neurons, and Welch's degrees of freedom."""
    rng = np.random.default_rng(0)
    first, second = (np.repeat(rng.normal(mean, sd, (n, 1)), 1 + 2000, 1) for mean, sd, n in ((1, 1, 8), (0, 3, 30)))
    found = crossed_interval(first, second, NEURONS)
    welch = stats.ttest_ind(first[:, 0], second[:, 0], equal_var=False)
    assert found.sd_neurons == pytest.approx(0, abs=1e-12)
    assert found.freedom == pytest.approx(welch.df)
    assert found.difference == pytest.approx(first[:, 0].mean() - second[:, 0].mean())
    # With few seeds, the bootstrap interval is that of a normal distribution, except for the seeds' skew.
    low, high = welch.confidence_interval()
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.1 * (high - low))


def test_what_varies_over_neurons_alone_has_their_standard_error() -> None:
    """All seeds alike: the SD over resamples is that of a mean of 60 neurons, its population SD / sqrt(60)."""
    rng = np.random.default_rng(1)
    neurons = rng.standard_normal(NEURONS)
    weights = np.concatenate([np.ones((1, NEURONS)), neuron_weights(NEURONS, 4000, 0)])
    first = np.repeat((weights @ neurons / NEURONS)[None], 4, 0)
    found = crossed_interval(first, np.zeros_like(first), NEURONS)
    assert found.sd_neurons == pytest.approx(neurons.std() / np.sqrt(NEURONS), rel=0.05)
    assert found.sd_seeds == pytest.approx(0, abs=1e-12)
    half = stats.t.ppf(0.975, NEURONS - 1) * neurons.std() / np.sqrt(NEURONS)
    assert (found.low, found.high) == pytest.approx((neurons.mean() - half, neurons.mean() + half), abs=0.15 * half)


def test_one_seed_has_no_interval() -> None:
    first, second = groups(np.random.default_rng(2), 1, 0.1)
    found = crossed_interval(first, second, NEURONS)
    assert np.isnan([found.low, found.high, found.sd_seeds]).all() and found.sd_neurons > 0
    assert found.difference == pytest.approx(first[0, 0] - second[0, 0])


def resampled_table() -> pd.DataFrame:
    first, second = groups(np.random.default_rng(3), 3, 0.1)
    rows = []
    for rule, distances, stage, accuracy in (
        ("eprop", first, "trained", None),
        ("bptt", second, "trained", None),
        ("eprop", first[:2] - 0.2, "matched", 0.9),
        ("bptt", second - 0.1, "matched", 0.9),
        ("eprop", first, "matched", 0.5),
    ):
        for (seed, resample), distance in np.ndenumerate(distances):
            of_run = {"learning_rule": rule, "stage": stage, "seed": seed, "repeat": resample - 1}
            at = accuracy if accuracy is not None else 0.95 + 0.01 * seed
            rows.append({**of_run, "accuracy": at, "neurons": NEURONS, "distance": distance})
    of_recording = {"recording": "m1", "task": "reach", "setting": "base", "recording_title": "M1", "synthetic": 0}
    of_recording["trials_resampled"] = 0
    return pd.DataFrame(rows).assign(**of_recording).sample(frac=1, random_state=0)


def test_intervals_are_read_from_a_table_in_any_order() -> None:
    table = resampled_table()
    first, second = groups(np.random.default_rng(3), 3, 0.1)
    assert neuron_seed_interval(table, "eprop", "bptt") == crossed_interval(first, second, NEURONS)
    at_level = crossed_interval(first[:2] - 0.2, second - 0.1, NEURONS)
    assert neuron_seed_interval(table, "eprop", "bptt", "matched", 0.9) == at_level
    assert neuron_seed_interval(table, "eprop", "bptt", "matched", 0.5) is None  # which BPTT does not reach
    intervals = interval_table(table)
    assert list(intervals["stage"]) == ["trained", "matched"]
    assert intervals["n_seeds"].tolist() == [3, 2] and intervals["n_seeds_bptt"].tolist() == [3, 3]
    assert intervals["difference_from_bptt"].tolist() == pytest.approx(
        [first[:, 0].mean() - second[:, 0].mean(), at_level.difference]
    )


def test_one_learning_rule_or_one_seed_has_no_interval() -> None:
    table = resampled_table()
    alone = interval_table(table[table["learning_rule"] == "bptt"])
    assert alone.empty and list(alone.columns) == list(interval_table(table).columns)
    one_seed = table[table["seed"] == 0]
    assert interval_table(one_seed)["low_neurons_seeds"].isna().all()
    assert difference_words(table[table["learning_rule"] == "bptt"]) == difference_words(one_seed) == []
    (words,) = difference_words(table)
    assert "e-prop: " in words and "nan" not in words


def test_averages_of_resampled_trials_vary_as_the_mean_does() -> None:
    """The variance over resamples is that of a mean of n values, their population variance / n; without trials of a
    condition a neuron keeps its average. Trials of no condition (-1) are never drawn."""
    rng = np.random.default_rng(5)
    n, values = 12, rng.gamma(2.0, 5.0, (12, 3))
    neuron, condition = np.repeat([0, 1, 0], [n, 1, 1]), np.repeat([0, 0, -1], [n, 1, 1])
    single = np.concatenate([values, [[7.0, 8.0, 9.0]], [[1e6] * 3]])
    rates = np.stack([values.mean(0), [7.0, 8.0, 9.0]], -1)[None]
    recording = xr.Dataset(
        {
            "rates": (("condition", "time", "neuron"), np.concatenate([rates, rates + 1])),
            "trial_rates": (("trial", "time"), single),
            "trial_neuron": ("trial", neuron),
            "trial_condition": ("trial", condition),
        }
    )
    drawn = np.array(list(resampled_averages(recording, 4000, 0)))
    np.testing.assert_allclose(drawn[:, 0, :, 0].mean(0), values.mean(0), rtol=0.02)
    np.testing.assert_allclose(drawn[:, 0, :, 0].var(0), values.var(0) / n, rtol=0.1)
    assert (drawn[:, 0, :, 1] == [7.0, 8.0, 9.0]).all()  # one trial is drawn again and again
    assert (drawn[:, 1] == (rates + 1)[0]).all()
    again = np.array(list(resampled_averages(recording, 3, 0)))
    np.testing.assert_array_equal(again, drawn[:3])


def test_intervals_say_what_they_are_over() -> None:
    intervals = interval_table(resampled_table())
    assert over_words(intervals) == "neurons and seeds"
    assert over_words(intervals.assign(trials_resampled=1)) == "neurons, trials and seeds"
    mixed = pd.concat([intervals, intervals.assign(trials_resampled=1, recording_title="PFC")])
    assert over_words(mixed) == "neurons, trials (PFC) and seeds"
