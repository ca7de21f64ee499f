"""The maze reach task on a recording made by hand: every value tells its condition, its channel and its time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurorules.errors import InputError
from neurorules.options import Options
from neurorules.tasks.base.task import TASKS, make_task
from neurorules.tasks.sussillo2015 import MazeTask

OPTIONS: dict[str, Any] = {
    "steps": 300,
    "interval1_steps": [0, 50],
    "interval2_steps": [0, 150],
    "test_steps": 196,
    "test_interval1_steps": 37,
    "test_interval2_steps": 69,
    "output_offset_steps": -6,
    "dt_ms": 10,
}
RAMP = [0.05, 0.1, 0.2, 0.35, 0.65, 0.8, 0.9, 0.95]
TIME_MS = np.arange(-1450.0, 401, 10)


def plan_input(condition: int, channel: int) -> float:
    return (condition + 1) / 27 * (-1) ** channel * (channel + 1) / 15


def emg(condition: int, time_ms: int, muscle: int) -> float:
    return 10_000 * (condition + 1) + 1000 * muscle + time_ms


def recording(bin_ms: int = 10, n_conditions: int = 27) -> xr.Dataset:
    emg_ms = np.arange(-250, 401, bin_ms)
    conditions = range(n_conditions)
    return xr.Dataset(
        {
            "plan_input": (
                ("condition", "plan_input_channel"),
                [[plan_input(c, channel) for channel in range(15)] for c in conditions],
            ),
            "emg": (
                ("condition", "emg_time", "muscle"),
                [[[float(emg(c, t, m)) for m in range(7)] for t in emg_ms] for c in conditions],
            ),
        },
        coords={"condition": np.arange(n_conditions), "time": TIME_MS, "emg_time": emg_ms.astype(float)},
    )


def task(**changes: Any) -> MazeTask:
    made = make_task("sussillo2015", OPTIONS | changes, recording())
    assert isinstance(made, MazeTask)
    return made


def test_the_plan_inputs_are_ramped_on_held_and_ramped_off() -> None:
    """Rise on steps 37 to 44, held on 45 to 113 (69 steps), fall on 114 to 121."""
    inputs = task().test().inputs
    shown = [0.0] * 37 + RAMP + [1.0] * 69 + RAMP[::-1] + [0.0] * 74
    assert len(shown) == 196
    for condition in range(27):
        for channel in range(15):
            expected = plan_input(condition, channel) * np.array(shown)
            np.testing.assert_allclose(inputs[:, condition, channel], expected, rtol=0, atol=1e-7)
    # A few of them by step: channel 14 of condition 26 is held at 1.
    steps = [36, 37, 44, 45, 113, 114, 121, 122]
    np.testing.assert_allclose(inputs[steps, 26, 14], [0, 0.05, 0.95, 1, 1, 0.95, 0.05, 0], rtol=0, atol=1e-7)


def test_the_hold_cue_ends_with_the_plan_inputs() -> None:
    expected = [1.0] * 114 + RAMP[::-1] + [0.0] * 74
    for condition in range(27):
        np.testing.assert_allclose(task().test().inputs[:, condition, 15], expected, rtol=0, atol=1e-7)


def test_the_muscles_act_on_steps_108_to_173_with_onset_at_133() -> None:
    """The fall starts at step 114, the outputs 6 steps before, and onset is 25 steps into them."""
    trials = task().test()
    for condition in range(27):
        for muscle in range(7):
            assert trials.targets[133, condition, muscle] == emg(condition, 0, muscle)
            acting = [emg(condition, time_ms, muscle) for time_ms in range(-250, 401, 10)]
            assert len(acting) == 66
            expected = [0.0] * 108 + acting + [0.0] * 22
            np.testing.assert_array_equal(trials.targets[:, condition, muscle], expected)
    np.testing.assert_array_equal(trials.scored, np.tile((np.arange(196) < 174)[:, None], 27))


def test_window_with_onset_at_step_155_is_steps_10_to_195() -> None:
    assert task().window(TIME_MS, Options({"onset_step": 155})).tolist() == list(range(10, 196))
    # as the targets have it
    assert task(test_interval1_steps=59).window(TIME_MS, Options({"onset_step": 155}))[145] == 155
    assert task(test_interval1_steps=59).test().targets[155, 4, 2] == emg(4, 0, 2)


@pytest.mark.parametrize("onset_step", [133, 144, 156])
def test_window_outside_the_test_trial(onset_step: int) -> None:
    """Times run 145 steps before and 40 after onset; the trial has steps 0 to 195."""
    with pytest.raises(InputError) as caught:
        task().window(TIME_MS, Options({"onset_step": onset_step}))
    assert (caught.value.key, caught.value.value) == ("comparison.onset_step", onset_step)


def test_the_shortest_test_trial_that_covers_the_window() -> None:
    steps = task(test_steps=186, test_interval1_steps=27).window(TIME_MS, Options({"onset_step": 145}))
    assert steps.tolist() == list(range(186))


def test_the_first_27_trials_of_a_batch_are_the_27_conditions() -> None:
    for seed in range(5):
        trials = task().batch(np.random.default_rng(seed), 100)
        assert trials.condition[:27].tolist() == list(range(27))
        assert trials.inputs.shape == (300, 100, 16)
        rest = trials.condition[27:]  # 73 draws: that none is above 20 has the probability (21/27)^73 < 2e-8
        assert rest.max() > 20 and rest.min() < 6 and trials.condition.max() < 27 and trials.condition.min() >= 0
    few = task().batch(np.random.default_rng(0), 5)
    assert few.n_trials == 5 and few.condition.min() >= 0 and few.condition.max() < 27


def test_training_trials_are_the_same_shapes_at_random_times() -> None:
    trials = task().batch(np.random.default_rng(1), 300)
    interval1s, interval2s = [], []
    for i in range(300):
        condition = int(trials.condition[i])
        # channel 14 is the largest: (condition + 1) / 27
        shown = trials.inputs[:, i, 14].astype(float) / plan_input(condition, 14)
        interval1 = int(np.flatnonzero(shown > 1e-6)[0])
        interval2 = int((shown > 1 - 1e-6).sum())
        on = interval1 + 8 + interval2
        expected = np.array([0.0] * interval1 + RAMP + [1.0] * interval2 + RAMP[::-1] + [0.0] * (300 - on - 8))
        for channel in range(15):
            np.testing.assert_allclose(
                trials.inputs[:, i, channel], plan_input(condition, channel) * expected, rtol=0, atol=1e-6
            )
        np.testing.assert_allclose(trials.inputs[:, i, 15], [1.0] * on + RAMP[::-1] + [0.0] * (292 - on), atol=1e-6)

        answer = on - 6
        for muscle in range(7):
            np.testing.assert_array_equal(
                trials.targets[answer : answer + 66, i, muscle],
                [emg(condition, time_ms, muscle) for time_ms in range(-250, 401, 10)],
            )
        assert (trials.targets[:answer, i] == 0).all() and (trials.targets[answer + 66 :, i] == 0).all()
        np.testing.assert_array_equal(trials.scored[:, i], np.arange(300) < answer + 66)
        interval1s.append(interval1)
        interval2s.append(interval2)
    assert 0 <= min(interval1s) < 5 and 45 < max(interval1s) < 50
    assert 0 <= min(interval2s) < 10 and 140 < max(interval2s) < 150


def test_the_shortest_trial() -> None:
    """No intervals: rise on steps 0 to 7, fall on 8 to 15, outputs from step 2, or 0 with the largest offset."""
    shortest = {"interval1_steps": [0, 1], "interval2_steps": [0, 1]}
    trials = task(**shortest).batch(np.random.default_rng(0), 27)
    np.testing.assert_allclose(trials.inputs[:17, 26, 14], RAMP + RAMP[::-1] + [0], atol=1e-7)
    np.testing.assert_allclose(trials.inputs[:17, 26, 15], [1] * 8 + RAMP[::-1] + [0], atol=1e-7)
    assert trials.targets[2, 3, 1] == emg(3, -250, 1) and (trials.targets[:2] == 0).all()
    assert TASKS.load("sussillo2015").OPTION_SCHEMA["output_offset_steps"]["minimum"] == -8
    earliest = task(**shortest, output_offset_steps=-8).batch(np.random.default_rng(0), 27)
    assert earliest.targets[0, 3, 1] == emg(3, -250, 1)


def test_the_longest_trial_fits() -> None:
    """Longest intervals 49 and 149: outputs on steps 49 + 8 + 149 - 6 = 200 to 265."""
    trials = task(interval1_steps=[49, 50], interval2_steps=[149, 150]).batch(np.random.default_rng(0), 27)
    assert (np.flatnonzero(trials.targets[:, 0, 0])[[0, -1]] == [200, 265]).all()
    assert trials.targets[225, 0, 0] == emg(0, 0, 0)
    assert trials.scored[:266].all() and not trials.scored[266:].any()
    assert task(steps=266).batch(np.random.default_rng(0), 27).n_steps == 266


@pytest.mark.parametrize(("key", "value", "needed"), [("steps", 265, 266), ("test_steps", 173, 174)])
def test_a_trial_that_does_not_fit(key: str, value: int, needed: int) -> None:
    with pytest.raises(InputError) as caught:
        task(**{key: value})
    assert (caught.value.key, caught.value.value) == (f"task.{key}", value)
    assert f"at least {needed} steps" in str(caught.value.remedy)


def test_no_recording() -> None:
    with pytest.raises(InputError) as caught:
        make_task("sussillo2015", OPTIONS, None)
    assert caught.value.key == "task.recording"


@pytest.mark.parametrize("name", ["plan_input", "emg"])
def test_a_recording_without_plan_inputs_or_emg(name: str) -> None:
    with pytest.raises(InputError) as caught:
        make_task("sussillo2015", OPTIONS, recording().drop_vars(name))
    assert caught.value.key == name


def test_a_recording_of_other_conditions() -> None:
    made = make_task("sussillo2015", OPTIONS, recording(n_conditions=4))
    assert made.test().condition.tolist() == [0, 1, 2, 3]
    assert made.batch(np.random.default_rng(0), 6).condition[:4].tolist() == [0, 1, 2, 3]


def test_a_recording_in_other_bins() -> None:
    with pytest.raises(InputError) as caught:
        make_task("sussillo2015", OPTIONS, recording(bin_ms=25))
    assert (caught.value.key, caught.value.value) == ("task.dt_ms", 10)
    assert "25 ms" in str(caught.value.remedy)


def test_an_empty_interval_is_refused() -> None:
    with pytest.raises(InputError, match="interval is empty") as caught:
        make_task("sussillo2015", OPTIONS | {"interval1_steps": [50, 50]}, recording())
    assert caught.value.key == "task.interval1_steps"
