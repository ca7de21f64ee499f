"""Two-alternative forced choice, against Neurogym's environment and against values known by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare

from neurorules.errors import InputError
from neurorules.options import Options
from neurorules.tasks.base.task import make_task
from neurorules.tasks.two_alternative import TwoAlternativeTask

OPTIONS: dict[str, Any] = {
    "dt_ms": 100,
    "fixation_ms": 100,
    "stimulus_ms": 2000,
    "delay_ms": 0,
    "decision_ms": 100,
    "coherence_percent": [0, 6.4, 12.8, 25.6, 51.2],
    "sigma": 1.0,
    "dim_ring": 2,
}


def task(**changes: Any) -> TwoAlternativeTask:
    made = make_task("two_alternative", OPTIONS | changes, None)
    assert isinstance(made, TwoAlternativeTask)
    return made


def neurogym_environment(**parameters: Any) -> Any:
    import neurogym

    made = neurogym.make("PerceptualDecisionMaking-v0", **parameters).unwrapped
    made.seed(5)
    return made


# Neurogym ------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*render_modes")
@pytest.mark.parametrize(
    ("changes", "parameters"),
    [
        ({}, {}),
        ({"dt_ms": 30}, {"dt": 30}),  # 3, 66, 0 and 3 steps
        (
            {"dt_ms": 20, "fixation_ms": 70, "stimulus_ms": 310, "delay_ms": 90, "decision_ms": 130},
            {"dt": 20, "timing": {"fixation": 70, "stimulus": 310, "delay": 90, "decision": 130}},
        ),
        ({"dim_ring": 5, "coherence_percent": [3, 100]}, {"dim_ring": 5, "cohs": [3, 100]}),
    ],
)
class TestAgainstNeurogym:
    """Agreement with neurogym 2.3.1, PerceptualDecisionMaking-v0, step by step; unchanged, its defaults are ours."""

    def test_every_test_trial(self, changes: dict[str, Any], parameters: dict[str, Any]) -> None:
        trials = task(**changes).test()
        environment = neurogym_environment(**parameters, sigma=0)
        conditions = [(gt, coh) for gt in environment.choices for coh in environment.cohs if coh > 0]
        assert trials.n_trials == len(conditions)
        for trial, (ground_truth, coh) in enumerate(conditions):
            environment.new_trial(ground_truth=ground_truth, coh=coh)
            np.testing.assert_array_equal(trials.inputs[:, trial], environment.ob)
            np.testing.assert_array_equal(trials.targets[:, trial], environment.gt)

    def test_every_training_trial(self, changes: dict[str, Any], parameters: dict[str, Any]) -> None:
        """Coherence 0 too: without noise, each of its trials is one of the environment's, and all of them occur."""
        trials = task(**changes, sigma=0).batch(np.random.default_rng(0), 400)
        environment = neurogym_environment(**parameters, sigma=0)
        theirs = set()
        for ground_truth in environment.choices:
            for coh in environment.cohs:
                environment.new_trial(ground_truth=ground_truth, coh=coh)
                theirs.add((environment.ob.tobytes(), environment.gt.tobytes()))
        pairs = zip(trials.inputs.swapaxes(0, 1), trials.targets.T, strict=True)
        assert {(np.ascontiguousarray(i).tobytes(), np.ascontiguousarray(t).tobytes()) for i, t in pairs} == theirs

    def test_noise_at_the_same_steps(self, changes: dict[str, Any], parameters: dict[str, Any]) -> None:
        noise = task(**changes).batch(np.random.default_rng(1), 50).inputs
        noise -= task(**changes, sigma=0).batch(np.random.default_rng(1), 50).inputs
        noisy, quiet = neurogym_environment(**parameters), neurogym_environment(**parameters, sigma=0)
        for environment in (noisy, quiet):
            environment.new_trial(ground_truth=0, coh=100)
        np.testing.assert_array_equal((noise != 0).any(1), noisy.ob != quiet.ob)


@pytest.mark.filterwarnings("ignore:.*render_modes")
@pytest.mark.parametrize(("dt_ms", "sigma"), [(100, 1.0), (20, 0.5)])
def test_sd_of_the_noise(dt_ms: int, sigma: float) -> None:
    """sigma / sqrt(dt), as the environment states; independent between channels and steps; mean 0."""
    noisy = task(dt_ms=dt_ms, sigma=sigma).batch(np.random.default_rng(2), 500)
    quiet = task(dt_ms=dt_ms, sigma=0).batch(np.random.default_rng(2), 500)
    np.testing.assert_array_equal(noisy.targets, quiet.targets)
    stimulus = slice(100 // dt_ms, 2100 // dt_ms)
    noise = (noisy.inputs[stimulus, :, 1:] - quiet.inputs[stimulus, :, 1:]).astype(float)
    sd = neurogym_environment(dt=dt_ms, sigma=sigma).sigma
    assert sd == pytest.approx(sigma / dt_ms**0.5)
    assert noise.std() == pytest.approx(sd, abs=6 * sd / np.sqrt(2 * noise.size))
    assert noise.mean() == pytest.approx(0, abs=6 * sd / np.sqrt(noise.size))
    assert abs(np.corrcoef(noise.reshape(-1, 2).T)[0, 1]) < 6 / np.sqrt(noise.size / 2)
    assert abs(np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]) < 6 / np.sqrt(noise.size)


# Values by hand ------------------------------------------------------------------------------------------------------


def test_trials_by_hand() -> None:
    """Fixation 1 step, stimulus 20, decision 1; the fixation input is on only in the first step."""
    trials = task().test()
    assert trials.inputs.shape == (22, 8, 3)
    for trial, (choice, coherence) in enumerate((c, k) for c in (1, 2) for k in (6.4, 12.8, 25.6, 51.2)):
        left = 0.5 + (coherence if choice == 1 else -coherence) / 200
        expected = np.array([[1, 0, 0], *[[0, left, 1 - left]] * 20, [0, 0, 0]])
        np.testing.assert_allclose(trials.inputs[:, trial], expected, rtol=0, atol=1e-7)
        assert trials.targets[:, trial].tolist() == [0] * 21 + [choice]
    assert trials.scored.all()
    assert trials.condition.tolist() == list(range(8))


def test_levels_of_coherence_may_stand_in_any_order() -> None:
    np.testing.assert_array_equal(
        task(coherence_percent=[25.6, 0, 51.2, 12.8, 6.4]).test().inputs, task().test().inputs
    )


# Batches -------------------------------------------------------------------------------------------------------------


def test_conditions_are_equally_likely() -> None:
    """The environment draws choice and coherence apart: ten pairs, each as likely."""
    trials = task(sigma=0).batch(np.random.default_rng(0), 20_000)
    evidence = np.round(100 * (trials.inputs[5, :, 1] - trials.inputs[5, :, 2]).astype(float), 3)
    _, counts = np.unique(np.stack([evidence, trials.targets[-1]]), axis=1, return_counts=True)
    assert len(counts) == 10
    assert chisquare(counts).pvalue > 0.001


def test_condition_is_the_test_trial_of_the_same_condition() -> None:
    made = task(sigma=0)
    batch, test = made.batch(np.random.default_rng(4), 300), made.test()
    known = batch.condition >= 0
    np.testing.assert_array_equal(batch.inputs[:, known], test.inputs[:, batch.condition[known]])
    np.testing.assert_array_equal(batch.targets[:, known], test.targets[:, batch.condition[known]])
    assert {*batch.condition} == {-1, *range(8)}
    assert (batch.inputs[1:21, ~known, 1:] == 0.5).all()  # coherence 0 belongs to none


# Window and errors ---------------------------------------------------------------------------------------------------


def test_window_is_the_whole_trial() -> None:
    assert task().window(50.0 + 100 * np.arange(22), Options({})).tolist() == list(range(22))


@pytest.mark.parametrize(("bin_ms", "n_bins"), [(100, 21), (50, 22), (100, 1)])
def test_a_recording_that_does_not_fit(bin_ms: int, n_bins: int) -> None:
    with pytest.raises(InputError) as caught:
        task().window(bin_ms * np.arange(float(n_bins)), Options({}))
    assert (caught.value.key, caught.value.value) == ("task.dt_ms", 100)
    assert "22 steps of 100 ms" in caught.value.problem


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dt_ms", 0),
        ("fixation_ms", -100),
        ("stimulus_ms", 99),
        ("delay_ms", -1),
        ("decision_ms", 0),
        ("coherence_percent", []),
        ("coherence_percent", [0]),
        ("coherence_percent", [6.4, 6.4]),
        ("coherence_percent", [-6.4, 6.4]),
        ("coherence_percent", [6.4, 101]),
        ("sigma", -1.0),
        ("dim_ring", 1),
    ],
)
def test_options_that_make_no_sense(key: str, value: Any) -> None:
    with pytest.raises(InputError) as caught:
        task(**{key: value})
    assert caught.value.key == f"task.{key}"
    assert caught.value.value is value
    assert caught.value.remedy


def test_a_whole_number_of_steps_that_divides_to_just_below() -> None:
    """0.3 / 0.1 is 3, and 2.9999999999999996 in floating point."""
    assert 0.3 / 0.1 < 3
    assert task(dt_ms=0.1, fixation_ms=0, stimulus_ms=0.3, decision_ms=0.1).test().n_steps == 4
