"""Delayed match to sample, against Neurogym's environment and against values known by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare

from neurorules.errors import InputError
from neurorules.options import Options
from neurorules.tasks.base.task import make_task
from neurorules.tasks.dms import DelayMatchTask

OPTIONS: dict[str, Any] = {
    "dt_ms": 100,
    "fixation_ms": 300,
    "sample_ms": 500,
    "delay_ms": 1000,
    "test_ms": 500,
    "decision_ms": 900,
    "sigma": 1.0,
    "dim_ring": 2,
}
MATCH, NON_MATCH = 1, 2


def task(**changes: Any) -> DelayMatchTask:
    made = make_task("dms", OPTIONS | changes, None)
    assert isinstance(made, DelayMatchTask)
    return made


def neurogym_environment(**parameters: Any) -> Any:
    import neurogym

    made = neurogym.make("DelayMatchSample-v0", **parameters).unwrapped
    made.seed(5)
    return made


# Neurogym ------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*render_modes")
@pytest.mark.parametrize(
    ("changes", "parameters", "exact"),
    [
        ({}, {}, True),
        ({"dt_ms": 30}, {"dt": 30}, True),  # 10, 16, 33, 16 and 30 steps
        (
            {"dt_ms": 20, "fixation_ms": 70, "sample_ms": 110, "delay_ms": 0, "test_ms": 50, "decision_ms": 90},
            {"dt": 20, "timing": {"fixation": 70, "sample": 110, "delay": 0, "test": 50, "decision": 90}},
            True,
        ),
        # It brings an angle back below 2 pi before it takes the cosine, which rounds differently.
        ({"dim_ring": 5}, {"dim_ring": 5}, False),
        ({"dim_ring": 8}, {"dim_ring": 8}, False),
    ],
)
class TestAgainstNeurogym:
    """Agreement with neurogym 2.3.1, DelayMatchSample-v0, step by step; unchanged, its defaults are ours."""

    def test_every_trial(self, changes: dict[str, Any], parameters: dict[str, Any], exact: bool) -> None:
        trials = task(**changes).test()
        environment = neurogym_environment(**parameters, sigma=0)
        conditions = [(theta, truth) for theta in environment.theta for truth in environment.choices]
        assert trials.n_trials == len(conditions)
        for trial, (theta, ground_truth) in enumerate(conditions):
            environment.new_trial(ground_truth=ground_truth, sample_theta=theta)
            tolerance = 0 if exact else 1e-7
            np.testing.assert_allclose(trials.inputs[:, trial], environment.ob, rtol=0, atol=tolerance)
            np.testing.assert_array_equal(trials.targets[:, trial], environment.gt)

    def test_noise_at_the_same_steps(self, changes: dict[str, Any], parameters: dict[str, Any], exact: bool) -> None:
        noise = task(**changes).batch(np.random.default_rng(1), 50).inputs
        noise -= task(**changes, sigma=0).batch(np.random.default_rng(1), 50).inputs
        noisy, quiet = neurogym_environment(**parameters), neurogym_environment(**parameters, sigma=0)
        for environment in (noisy, quiet):
            environment.new_trial(ground_truth=2, sample_theta=0.0)
        np.testing.assert_array_equal((noise != 0).any(1), noisy.ob != quiet.ob)


@pytest.mark.filterwarnings("ignore:.*render_modes")
@pytest.mark.parametrize(("dt_ms", "sigma"), [(100, 1.0), (20, 0.5)])
def test_sd_of_the_noise(dt_ms: int, sigma: float) -> None:
    """sigma / sqrt(dt), as the environment states; sample and test have independent noise."""
    noisy = task(dt_ms=dt_ms, sigma=sigma).batch(np.random.default_rng(2), 1000)
    quiet = task(dt_ms=dt_ms, sigma=0).batch(np.random.default_rng(2), 1000)
    np.testing.assert_array_equal(noisy.targets, quiet.targets)
    difference = (noisy.inputs - quiet.inputs)[:, :, 1:].astype(float)
    sample, test = (difference[start // dt_ms : (start + 500) // dt_ms] for start in (300, 1800))
    sd = neurogym_environment(dt=dt_ms, sigma=sigma).sigma
    assert sd == pytest.approx(sigma / dt_ms**0.5)
    for noise in (sample, test):
        assert noise.std() == pytest.approx(sd, abs=6 * sd / np.sqrt(2 * noise.size))
        assert noise.mean() == pytest.approx(0, abs=6 * sd / np.sqrt(noise.size))
        assert abs(np.corrcoef(noise.reshape(-1, 2).T)[0, 1]) < 6 / np.sqrt(noise.size / 2)
        assert abs(np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]) < 6 / np.sqrt(noise.size)
    assert abs(np.corrcoef(sample.ravel(), test.ravel())[0, 1]) < 6 / np.sqrt(sample.size)


# Values by hand ------------------------------------------------------------------------------------------------------


def test_trials_by_hand() -> None:
    """Fixation 3 steps, sample 5, delay 10, test 5, decision 9; the fixation input is on until the decision."""
    trials = task().test()
    assert trials.inputs.shape == (32, 4, 3)
    by_hand = [
        ([1, 0], [1, 0], MATCH),
        ([1, 0], [0, 1], NON_MATCH),
        ([0, 1], [0, 1], MATCH),
        ([0, 1], [1, 0], NON_MATCH),
    ]
    for trial, (sample, test, choice) in enumerate(by_hand):
        expected = [[1, 0, 0]] * 3 + [[1, *sample]] * 5 + [[1, 0, 0]] * 10 + [[1, *test]] * 5 + [[0, 0, 0]] * 9
        assert trials.inputs[:, trial].tolist() == expected
        assert trials.targets[:, trial].tolist() == [0] * 23 + [choice] * 9
    assert trials.scored.all()
    assert trials.condition.tolist() == [0, 1, 2, 3]


def test_what_does_not_match_points_the_opposite_way() -> None:
    """Of eight directions, the largest input in the sample and in the test are 0 or 4 apart, as the choice says."""
    trials = task(dim_ring=8).test()
    sample, test = trials.inputs[5, :, 1:].argmax(-1), trials.inputs[20, :, 1:].argmax(-1)
    assert sample.tolist() == [direction for direction in range(8) for _ in range(2)]
    assert ((test - sample) % 8).tolist() == [0, 4] * 8
    assert trials.targets[-1].tolist() == [MATCH, NON_MATCH] * 8


# Batches -------------------------------------------------------------------------------------------------------------


def test_conditions_are_equally_likely() -> None:
    """The environment draws sample and match apart: four pairs, each as likely."""
    trials = task(sigma=0).batch(np.random.default_rng(0), 20_000)
    _, counts = np.unique(np.stack([trials.inputs[5, :, 1], trials.targets[-1]]), axis=1, return_counts=True)
    assert len(counts) == 4
    assert chisquare(counts).pvalue > 0.001


def test_condition_is_the_test_trial_of_the_same_condition() -> None:
    made = task(sigma=0)
    batch, test = made.batch(np.random.default_rng(4), 100), made.test()
    np.testing.assert_array_equal(batch.inputs, test.inputs[:, batch.condition])
    np.testing.assert_array_equal(batch.targets, test.targets[:, batch.condition])
    assert {*batch.condition} == {0, 1, 2, 3}


# Window and errors ---------------------------------------------------------------------------------------------------


def test_window_is_the_whole_trial() -> None:
    assert task().window(50.0 + 100 * np.arange(32), Options({})).tolist() == list(range(32))
    with pytest.raises(InputError) as caught:
        task().window(50.0 + 100 * np.arange(31), Options({}))
    assert (caught.value.key, caught.value.value) == ("task.dt_ms", 100)
    assert "32 steps of 100 ms" in caught.value.problem


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dt_ms", -1),
        ("fixation_ms", -1),
        ("sample_ms", 99),
        ("delay_ms", -100),
        ("test_ms", 0),
        ("decision_ms", 50),
        ("sigma", float("nan")),
        ("dim_ring", 1),
    ],
)
def test_options_that_make_no_sense(key: str, value: Any) -> None:
    with pytest.raises(InputError) as caught:
        task(**{key: value})
    assert caught.value.key == f"task.{key}"
    assert caught.value.value is value
    assert caught.value.remedy
