"""A network's single trials, and the table of stochastic shape distances that is made from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import chi2
from unit.test_learning_rules import drawn_normals
from unit.test_tables import LABELS, OPTIONS, SEEDS, WINDOW, Made, activity_of, forward, made, with_comparison

from neurorules.errors import InputError
from neurorules.options import Options
from neurorules.runs.single_trials import single_trials
from neurorules.similarity.procrustes import procrustes_distance
from neurorules.similarity.stochastic_shape import gaussians_of_trials, stochastic_shape_distance
from neurorules.tables import stochastic_shape
from neurorules.tables.base.table_type import ScoredModel
from neurorules.training.streams import stream_seed

__all__ = ["made"]

CHOSEN = {"stochastic_alphas": [0.0, 1.0], "stochastic_components": None, "stochastic_bins": 3, "stochastic_repeats": 2}
BINS = [0, 20, 40]  # three of 41, evenly spaced


def with_noise(sd: float) -> Options:
    return OPTIONS.but(network=OPTIONS.network.but(noise_sd=sd))


def trials_of(made: Made, sd: float, repeats: list[int], draw: int = 0, seed: int = 5) -> list[np.ndarray]:
    inputs = made.task.test().inputs[:, : len(repeats)]
    run, network = made.runs["bptt"][0], with_noise(sd).network
    return single_trials(run, 5, network, inputs, repeats, slice(None), seed, draw)


def test_noise_is_added_as_in_training(made: Made) -> None:
    """Against the recursion in float64, with noise drawn for the seed, the draw and the condition."""
    run, sd, seed, draw = made.runs["bptt"][0], 0.3, 11, 2
    found = trials_of(made, sd, [3, 4], draw, seed)
    assert [of.shape for of in found] == [(3, 60, 8), (4, 60, 8)]
    w = {name: run[name].values[5].astype(np.float64) for name in run if "checkpoint" in run[name].dims}
    for condition, n in enumerate((3, 4)):
        noise = drawn_normals(seed, (60, n, 8), sd, draw * 2 + condition)
        noise = np.asarray(noise, np.float64)
        a = np.tile(w["initial_state"], (n, 1))
        h = np.tanh(np.maximum(a, 0))
        for step, x in enumerate(made.task.test().inputs[:, condition].astype(np.float64)):
            a = 0.8 * a + 0.2 * (h @ w["recurrent"].T + x @ w["input"].T + w["bias"])
            h = np.tanh(np.maximum(a, 0)) + noise[step]
            np.testing.assert_allclose(found[condition][:, step], h, rtol=0, atol=2e-4)


def test_noise_has_its_sd(made: Made) -> None:
    """In the first step, trials differ by the noise alone: 400 x 8 normal numbers, chi-squared at an error of 1e-6."""
    (found,) = trials_of(made, 0.1, [400])
    residuals = found[:, 0] - found[:, 0].mean(0)
    statistic = float((residuals.astype(float) ** 2).sum() / 0.1**2)
    assert chi2.ppf(5e-7, 399 * 8) < statistic < chi2.isf(5e-7, 399 * 8)


def test_draws_and_seeds_give_other_trials(made: Made) -> None:
    first = trials_of(made, 0.1, [2, 2])
    np.testing.assert_array_equal(first, trials_of(made, 0.1, [2, 2]))
    for other in (trials_of(made, 0.1, [2, 2], draw=1), trials_of(made, 0.1, [2, 2], seed=6)):
        assert np.abs(np.array(first) - np.array(other)).min(axis=(0, 1, 2, 3)) >= 0
        assert not np.isclose(first, other).all(axis=(2, 3)).any()


def test_without_noise_all_trials_are_the_noise_free_one(made: Made) -> None:
    found = trials_of(made, 0.0, [3, 2])
    expected, _ = forward(made.runs["bptt"][0], 5, made.task.test().inputs[:, :2])
    for of_condition, one in zip(found, expected, strict=True):
        assert (of_condition == of_condition[0]).all()
        np.testing.assert_allclose(of_condition[0], one, rtol=0, atol=1e-4)
    assert not gaussians_of_trials(found).factors.any()


# ---- the table


def recorded_together(made: Made, trials: int = 6, **attributes: Any) -> xr.Dataset:
    """The recording with single trials, in which all neurons share noise."""
    rng = np.random.default_rng(8)
    rates = made.recording["rates"].values  # condition, time, neuron
    shared = rng.standard_normal((8, trials, 1, 1))
    single = np.clip(rates[:, None] + 5 * shared + 2 * rng.standard_normal((8, trials, *rates.shape[1:])), 0, None)
    by_neuron = single.transpose(3, 0, 1, 2).reshape(-1, rates.shape[1])
    n_neurons = rates.shape[-1]
    recording = made.recording.assign(
        trial_rates=(("trial", "time"), by_neuron),
        trial_neuron=("trial", np.repeat(np.arange(n_neurons), 8 * trials)),
        trial_condition=("trial", np.tile(np.repeat(np.arange(8), trials), n_neurons)),
    )
    return recording.assign_attrs({"simultaneous": 1, **attributes})


def table_of(made: Made, recording: xr.Dataset, sd: float = 0.1, **comparison: Any) -> pd.DataFrame:
    options = with_comparison(**{**CHOSEN, **comparison})
    options = options.but(network=options.network.but(noise_sd=sd))
    return stochastic_shape.table(ScoredModel(LABELS, options, made.task, made.runs["bptt"]), recording)


def test_rows(made: Made) -> None:
    table = table_of(made, recorded_together(made))
    keys = ["quantity", "stage", "seed", "repeat", "alpha"]
    expected = [(q, "", -1, r, a) for q in ("floor", "uncorrelated") for r in (0, 1) for a in (0.0, 1.0)]
    expected += [
        ("model", stage, seed, r, a)
        for seed in SEEDS
        for stage in ("untrained", "trained")
        for r in (0, 1)
        for a in (0.0, 1.0)
    ]
    assert list(table[keys].itertuples(index=False, name=None)) == expected
    assert table["distance"].between(0, 1).all()
    assert set(table["group_size"]) == {3} and set(table["bins"]) == {3} and set(table["neurons"]) == {11}
    assert set(table["conditions"]) == {8} and set(table["components"]) == {11}
    assert table_of(made, recorded_together(made)).equals(table)


def test_distance_of_a_network_is_that_of_its_trials(made: Made) -> None:
    """For one network and half, from the parts: the trials of the half, and as many of the network at the same bins."""
    from neurorules.recordings.simultaneous import simultaneous_trials
    from neurorules.similarity.trial_halves import trial_halves

    recording = recorded_together(made)
    table = table_of(made, recording)
    rates, condition = simultaneous_trials(recording)
    half = trial_halves(condition, 8, 2, stochastic_shape.SPLIT_SEED)[1][0]
    x = gaussians_of_trials([rates[of][:, BINS] for of in half])
    run, seed = made.runs["bptt"][1], stream_seed("reach", 1, "single trials")
    inputs = made.task.test().inputs
    y = gaussians_of_trials(single_trials(run, 5, with_noise(0.1).network, inputs, [3] * 8, WINDOW[BINS], seed, 1))
    rows = table[(table["quantity"] == "model") & (table["stage"] == "trained") & (table["seed"] == 1)]
    rows = rows[rows["repeat"] == 1].set_index("alpha")
    for alpha in (0.0, 1.0):
        assert rows.loc[alpha, "distance"] == pytest.approx(stochastic_shape_distance(x, y, alpha), abs=1e-9)


def test_floor_is_between_the_halves(made: Made) -> None:
    from neurorules.recordings.simultaneous import simultaneous_trials
    from neurorules.similarity.trial_halves import trial_halves

    recording = recorded_together(made)
    table = table_of(made, recording)
    rates, condition = simultaneous_trials(recording)
    for repeat, split in enumerate(trial_halves(condition, 8, 2, stochastic_shape.SPLIT_SEED)):
        first, second = (gaussians_of_trials([rates[of][:, BINS] for of in half]) for half in split)
        rows = table[(table["quantity"] == "floor") & (table["repeat"] == repeat)].set_index("alpha")["distance"]
        for alpha in (0.0, 1.0):
            assert rows[alpha] == pytest.approx(stochastic_shape_distance(first, second, alpha), abs=1e-9)
        assert rows.min() > 0.01


def test_network_without_noise(made: Made) -> None:
    """Its share of noise is 0, and at weight 0 its distance is the Procrustes distance from the half's averages."""
    from neurorules.recordings.simultaneous import simultaneous_trials
    from neurorules.similarity.trial_halves import trial_halves

    recording = recorded_together(made)
    table = table_of(made, recording, sd=0.0)
    of_model = table[table["quantity"] == "model"]
    assert (of_model["noise_share"] == 0).all() and (of_model["noise_sd"] == 0).all()
    assert (table.loc[table["quantity"] != "model", "noise_share"] > 0.01).all()
    rates, condition = simultaneous_trials(recording)
    half = trial_halves(condition, 8, 2, stochastic_shape.SPLIT_SEED)[0][0]
    means = np.array([rates[of][:, BINS].mean(0) for of in half])
    activity = activity_of(made, made.runs["bptt"][0], 5)[:, WINDOW[BINS]]
    row = of_model[(of_model["seed"] == 0) & (of_model["stage"] == "trained") & (of_model["alpha"] == 0)].iloc[0]
    assert row["distance"] == pytest.approx(procrustes_distance(activity, means), abs=1e-5)


def test_shuffling_shows_noise_correlations(made: Made) -> None:
    """All neurons share most of their noise, so that the half without correlations is farther in every repeat.

    If it were as far as the other half, 12 of 12 would have probability 2^-12.
    """
    table = table_of(made, recorded_together(made, 20), stochastic_repeats=12, stochastic_alphas=[1.0])
    distance = table.pivot_table(index="repeat", columns="quantity", values="distance")
    assert (distance["uncorrelated"] > distance["floor"]).all()


def test_recordings_without_noise_covariances_are_refused(made: Made) -> None:
    options = with_comparison(**CHOSEN)
    with pytest.raises(InputError, match="no single trials"):
        stochastic_shape.check(made.recording, options)
    together = recorded_together(made)
    del together.attrs["simultaneous"]
    with pytest.raises(InputError, match="does not say"):
        stochastic_shape.check(together, options)
    with pytest.raises(InputError, match="has 3 trials") as caught:
        table_of(replace(made), recorded_together(made, 3))
    assert caught.value.remedy
