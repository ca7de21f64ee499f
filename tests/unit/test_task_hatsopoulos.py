"""The center-out reach task on a recording made by hand: every angle tells its condition and its time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from helpers.options import REACH_TASK as OPTIONS

from neurorules.errors import InputError
from neurorules.options import Options
from neurorules.tasks.base.task import make_task
from neurorules.tasks.hatsopoulos2007 import ReachTask

RAMP = [0.05, 0.1, 0.2, 0.35, 0.65, 0.8, 0.9, 0.95]
BUMP = RAMP + [1.0] * 7 + RAMP[::-1]


def shoulder_angle(condition: int, time_ms: float) -> float:
    return 1000 * (condition + 1) + time_ms


def recording(first_ms: int = -800, bin_ms: int = 10, n_conditions: int = 8) -> xr.Dataset:
    time_ms = np.arange(first_ms, 400 + bin_ms, bin_ms, dtype=float)
    shoulder = shoulder_angle(np.arange(n_conditions)[:, None], time_ms)  # type: ignore[arg-type]
    return xr.Dataset(
        {"shoulder_angle": (("condition", "time"), shoulder), "elbow_angle": (("condition", "time"), -shoulder)},
        coords={"condition": np.arange(n_conditions), "time": time_ms},
    )


def task(**changes: Any) -> ReachTask:
    made = make_task("hatsopoulos2007", OPTIONS | changes, recording())
    assert isinstance(made, ReachTask)
    return made


def test_the_target_is_shown_as_a_bump_after_25_steps() -> None:
    inputs = task().test().inputs
    shown = np.array([0.0] * 25 + BUMP + [0.0] * (250 - 25 - 23))
    half = np.sqrt(0.5)
    for condition, (sine, cosine) in enumerate(
        [(0, 1), (half, half), (1, 0), (half, -half), (0, -1), (-half, -half), (-1, 0), (-half, half)]
    ):
        np.testing.assert_allclose(inputs[:, condition, 0], sine * shown, rtol=0, atol=1e-7)
        np.testing.assert_allclose(inputs[:, condition, 1], cosine * shown, rtol=0, atol=1e-7)
    # A few of them by step, for target 2 (90 deg).
    steps = [24, 25, 32, 33, 39, 40, 47, 48]
    np.testing.assert_allclose(inputs[steps, 2, 0], [0, 0.05, 0.95, 1, 1, 0.95, 0.05, 0], rtol=0, atol=1e-7)


def test_the_hold_cue_falls_over_its_last_eight_steps() -> None:
    """It ends 105 steps after the bump, which ends at step 48: 0 from step 153 on."""
    expected = [1.0] * 145 + RAMP[::-1] + [0.0] * 97
    for condition in range(8):
        np.testing.assert_allclose(task().test().inputs[:, condition, 2], expected, rtol=0, atol=1e-7)


def test_the_arm_moves_on_steps_143_to_193_with_onset_at_153() -> None:
    trials = task().test()
    for condition in range(8):
        assert trials.targets[153, condition].tolist() == [
            shoulder_angle(condition, 0),
            -shoulder_angle(condition, 0),
        ]
        moving = shoulder_angle(condition, np.arange(-100, 401, 10))  # type: ignore[arg-type]
        assert len(moving) == 51
        expected = np.concatenate([np.zeros(143), moving, np.zeros(56)])
        np.testing.assert_array_equal(trials.targets[:, condition, 0], expected)
        np.testing.assert_array_equal(trials.targets[:, condition, 1], -expected)
    np.testing.assert_array_equal(trials.scored, np.tile((np.arange(250) < 194)[:, None], 8))


def test_window_with_onset_at_step_185_is_steps_105_to_225() -> None:
    time_ms = recording()["time"].values
    assert task().window(time_ms, Options({"onset_step": 185})).tolist() == list(range(105, 226))
    assert task().window(time_ms, Options({"onset_step": 153})).tolist() == list(range(73, 194))


@pytest.mark.parametrize("onset_step", [79, 210])
def test_window_outside_the_test_trial(onset_step: int) -> None:
    """Times run 80 steps before and 40 after onset; the trial has steps 0 to 249."""
    with pytest.raises(InputError) as caught:
        task().window(recording()["time"].values, Options({"onset_step": onset_step}))
    assert (caught.value.key, caught.value.value) == ("comparison.onset_step", onset_step)


@pytest.mark.parametrize("onset_step", [80, 209])
def test_window_that_just_fits(onset_step: int) -> None:
    steps = task().window(recording()["time"].values, Options({"onset_step": onset_step}))
    assert (steps[0], steps[-1], len(steps)) == (onset_step - 80, onset_step + 40, 121)


def test_the_first_eight_trials_of_a_batch_are_the_eight_conditions() -> None:
    for seed in range(5):
        trials = task().batch(np.random.default_rng(seed), 100)
        assert trials.condition[:8].tolist() == list(range(8))
        assert trials.inputs.shape == (300, 100, 3)
        assert set(trials.condition[8:]) == set(range(8))  # (7/8)^92 < 5e-6 for any one of them to be absent
    few = task().batch(np.random.default_rng(0), 5)
    assert few.n_trials == 5 and few.condition.min() >= 0 and few.condition.max() < 8


def test_training_trials_are_the_same_shapes_at_random_times() -> None:
    trials = task().batch(np.random.default_rng(1), 300)
    angle = trials.condition * np.pi / 4
    interval1s, interval2s = [], []
    for i in range(300):
        sine, cosine, hold = trials.inputs[:, i].astype(float).T
        shown = np.hypot(sine, cosine)
        interval1 = int(np.flatnonzero(shown > 1e-6)[0])
        np.testing.assert_allclose(shown[interval1 : interval1 + 23], BUMP, atol=1e-6)
        assert (shown[interval1 + 23 :] < 1e-6).all()
        np.testing.assert_allclose(sine, np.sin(angle[i]) * shown, atol=1e-6)
        np.testing.assert_allclose(cosine, np.cos(angle[i]) * shown, atol=1e-6)

        hold_end = int(np.flatnonzero(hold)[-1]) + 1
        np.testing.assert_allclose(hold[: hold_end - 8], 1)
        np.testing.assert_allclose(hold[hold_end - 8 : hold_end], RAMP[::-1], atol=1e-6)

        # The first output, 100 ms before onset, is 10 steps before the first step at which the hold cue is zero.
        answer = hold_end - 10
        np.testing.assert_array_equal(
            trials.targets[answer : answer + 51, i, 0],
            shoulder_angle(trials.condition[i], np.arange(-100, 401, 10)),  # type: ignore[arg-type]
        )
        assert (trials.targets[:answer, i] == 0).all() and (trials.targets[answer + 51 :, i] == 0).all()
        np.testing.assert_array_equal(trials.scored[:, i], np.arange(300) < answer + 51)
        interval1s.append(interval1)
        interval2s.append(hold_end - interval1 - 23)
    assert 0 <= min(interval1s) < 5 and 45 < max(interval1s) < 50
    assert 0 <= min(interval2s) < 10 and 140 < max(interval2s) < 150


def test_the_longest_trial_fits() -> None:
    """Longest intervals 49 and 149: outputs on steps 49 + 23 + 149 - 10 = 211 to 261."""
    trials = task(interval1_steps=[49, 50], interval2_steps=[149, 150]).batch(np.random.default_rng(0), 8)
    assert (np.flatnonzero(trials.targets[:, 0, 0])[[0, -1]] == [211, 261]).all()
    assert trials.targets[221, 0, 0] == shoulder_angle(0, 0)
    assert trials.scored[:262].all() and not trials.scored[262:].any()
    assert task(steps=262).batch(np.random.default_rng(0), 8).n_steps == 262


@pytest.mark.parametrize(("key", "value", "needed"), [("steps", 261, 262), ("test_steps", 193, 194)])
def test_a_trial_that_does_not_fit(key: str, value: int, needed: int) -> None:
    with pytest.raises(InputError) as caught:
        task(**{key: value})
    assert (caught.value.key, caught.value.value) == (f"task.{key}", value)
    assert f"at least {needed} steps" in str(caught.value.remedy)


def test_no_recording() -> None:
    with pytest.raises(InputError) as caught:
        make_task("hatsopoulos2007", OPTIONS, None)
    assert caught.value.key == "task.recording"


@pytest.mark.parametrize("name", ["shoulder_angle", "elbow_angle"])
def test_a_recording_without_an_angle(name: str) -> None:
    with pytest.raises(InputError) as caught:
        make_task("hatsopoulos2007", OPTIONS, recording().drop_vars(name))
    assert caught.value.key == name


def test_a_recording_of_another_number_of_targets() -> None:
    with pytest.raises(InputError) as caught:
        make_task("hatsopoulos2007", OPTIONS, recording(n_conditions=7))
    assert (caught.value.key, caught.value.value) == ("condition", 7)


def test_a_recording_in_other_bins() -> None:
    with pytest.raises(InputError) as caught:
        make_task("hatsopoulos2007", OPTIONS, recording(bin_ms=20))
    assert (caught.value.key, caught.value.value) == ("task.dt_ms", 10)
    assert "20 ms" in str(caught.value.remedy)


@pytest.mark.parametrize(("first_ms", "start_ms"), [(-50, -100), (-800, 500)])
def test_a_recording_that_does_not_cover_the_start_of_the_outputs(first_ms: int, start_ms: int) -> None:
    with pytest.raises(InputError) as caught:
        make_task("hatsopoulos2007", OPTIONS | {"output_start_ms": start_ms}, recording(first_ms=first_ms))
    assert (caught.value.key, caught.value.value) == ("task.output_start_ms", start_ms)


def test_an_empty_interval_is_refused() -> None:
    with pytest.raises(InputError, match="interval is empty") as caught:
        make_task("hatsopoulos2007", OPTIONS | {"interval2_steps": [50, 50]}, recording())
    assert caught.value.key == "task.interval2_steps"
