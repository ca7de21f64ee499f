"""The delayed response from memory, against trials and scores worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import chisquare

from neurorules.errors import InputError
from neurorules.tasks.base.fraction_correct import fraction_correct
from neurorules.tasks.base.guessing import guessing
from neurorules.tasks.base.labels import join, joined_recording
from neurorules.tasks.base.task import compared_steps, make_task
from neurorules.tasks.memory import MemoryTask, condition_labels

OPTIONS: dict[str, Any] = {
    "dt_ms": 50,
    "fixation_ms": 400,
    "target_ms": 200,
    "delay_ms": [0, 1000],
    "test_delay_ms": 1000,
    "reaction_ms": 100,
    "response_ms": 400,
    "directions_deg": [0, 60, 120, 180, 240, 300],
    "tasks": ["look", "no-look"],
    "no_look_response": "opposite",
    "context": "until_delay",
}
ROOT = np.sqrt(3) / 2
UNIT = {0: (1, 0), 60: (0.5, ROOT), 120: (-0.5, ROOT), 180: (-1, 0), 240: (-0.5, -ROOT), 300: (0.5, -ROOT)}


def task(**changes: Any) -> MemoryTask:
    made = make_task("memory", OPTIONS | changes, None)
    assert isinstance(made, MemoryTask)
    return made


def expected(direction: int, name: str, delay: int, n_steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, targets and scored steps by hand: 8 steps, 4, `delay`, 2, 8, and what is left."""
    inputs, targets = np.zeros((n_steps, 5)), np.zeros((n_steps, 2))
    inputs[8:12, :2] = UNIT[direction]
    inputs[:12, 2 if name == "look" else 3] = 1
    inputs[: 12 + delay, 4] = 1
    targets[14 + delay : 22 + delay] = UNIT[direction if name == "look" else (direction + 180) % 360]
    step = np.arange(n_steps)
    return inputs, targets, (step < 12 + delay) | ((step >= 14 + delay) & (step < 22 + delay))


def test_every_step_of_the_test_trials() -> None:
    """Twelve conditions of 8 + 4 + 20 + 2 + 8 = 42 steps, directions with both tasks each."""
    trials = task().test()
    assert trials.inputs.shape == (42, 12, 5) and trials.targets.shape == (42, 12, 2)
    assert trials.condition.tolist() == list(range(12))
    for at, (direction, name) in enumerate((d, t) for d in UNIT for t in ("look", "no-look")):
        inputs, targets, scored = expected(direction, name, 20, 42)
        np.testing.assert_allclose(trials.inputs[:, at], inputs, atol=1e-7)
        np.testing.assert_allclose(trials.targets[:, at], targets, atol=1e-7)
        assert trials.scored[:, at].tolist() == scored.tolist()


def test_every_step_of_generated_trials() -> None:
    """A batch has room for the longest delay; after the response of a shorter one, nothing is shown or scored."""
    trials = task().batch(np.random.default_rng(0), 200)
    labels = condition_labels(task())
    assert trials.n_steps == 42
    for at in range(200):
        delay = int(trials.inputs[:, at, 4].sum()) - 12
        condition = trials.condition[at]
        direction, name = int(labels["direction_deg"][condition]), str(labels["task"][condition])
        for found, by_hand in zip(
            (trials.inputs, trials.targets, trials.scored), expected(direction, name, delay, 42), strict=True
        ):
            np.testing.assert_allclose(found[:, at].astype(float), by_hand, atol=1e-7)


def test_delays_and_conditions_are_equally_likely() -> None:
    """0 to 1000 ms in steps of 50 gives 0 to 20 steps, and 12 conditions (each test is wrong at p = .001)."""
    trials = task().batch(np.random.default_rng(1), 8000)
    delay = trials.inputs[:, :, 4].sum(0).astype(int) - 12
    assert set(delay) == set(range(21))
    assert chisquare(np.bincount(delay)).pvalue > 1e-3
    assert chisquare(np.bincount(trials.condition, minlength=12)).pvalue > 1e-3


def test_a_fixed_delay_keeps_its_last_step() -> None:
    """33.3333 ms x 30 is 999.999 ms: a delay of 1000 ms has 30 steps, in test trials and in all generated ones."""
    made = task(dt_ms=33.33333, delay_ms=[1000, 1000], fixation_ms=100, target_ms=100)
    trials = made.batch(np.random.default_rng(0), 50)
    assert set(trials.inputs[:, :, 4].sum(0).astype(int)) == {36}
    assert trials.n_steps == made.test().n_steps


@pytest.mark.parametrize(
    ("context", "on"), [("target", range(8, 12)), ("until_delay", range(12)), ("trial", range(42))]
)
def test_when_the_context_is_on(context: str, on: range) -> None:
    shown = task(context=context).test().inputs[:, :, 2:4]
    assert np.flatnonzero(shown[:, 0, 0]).tolist() == list(on) and not shown[:, 0, 1].any()
    assert np.flatnonzero(shown[:, 1, 1]).tolist() == list(on) and not shown[:, 1, 0].any()


def test_holding_is_an_answer() -> None:
    """With `hold`, trials of no-look have targets of 0, and seven answers remain: six directions and none."""
    trials = task(no_look_response="hold").test()
    assert not trials.targets[:, 1::2].any()
    np.testing.assert_allclose(trials.targets[-1, ::2], list(UNIT.values()), atol=1e-7)


# Accuracy ------------------------------------------------------------------------------------------------------------


def answers(trials: Any, angles_deg: Any, length: float) -> np.ndarray:
    """Outputs of the given directions in the response, and 0 before it."""
    theta = np.deg2rad(np.asarray(angles_deg, float))
    outputs = np.zeros(trials.targets.shape)
    outputs[34:42] = length * np.stack([np.cos(theta), np.sin(theta)], -1)
    return outputs


def right_angles() -> np.ndarray:
    return np.ravel([[d, d + 180] for d in UNIT])


@pytest.mark.parametrize("length", [0.1, 1.0, 3.0])
def test_a_trial_is_correct_if_its_direction_is_nearest(length: float) -> None:
    """Answers are 60 degrees apart, so that 29 degrees off is right and 31 is wrong, whatever the length."""
    made, rng = task(), np.random.default_rng(2)
    trials = made.test()
    for wrong in range(13):
        off = np.where(rng.permutation(12) < wrong, 31, 29) * rng.choice([-1, 1], 12)
        outputs = answers(trials, right_angles() + off, length)
        assert fraction_correct(made.loss, outputs, trials) == pytest.approx((12 - wrong) / 12)


def test_guessing() -> None:
    """Six directions, each right in 2 of 12 trials; the best constant output is their mean, 0, with accuracy 0."""
    guess = guessing(task())
    assert guess.fraction_correct == pytest.approx(1 / 6)
    assert guess.accuracy == pytest.approx(0.0, abs=1e-12)
    assert guessing(task(no_look_response="hold")).fraction_correct == pytest.approx(6 / 12)


def test_normalized_accuracy() -> None:
    """Errors of length e in the response alone: 1 - e^2, because targets have length 1 and mean 0."""
    made = task()
    trials = made.test()
    assert made.accuracy(answers(trials, right_angles(), 1.0), trials) == pytest.approx(1.0)
    assert made.accuracy(answers(trials, right_angles(), 0.7), trials) == pytest.approx(1 - 0.3**2)


# Comparison ----------------------------------------------------------------------------------------------------------


def recording(order: np.ndarray, units: str = "spikes/s") -> xr.Dataset:
    """20 bins of 50 ms from -500 ms, conditions in the given order."""
    rates = np.random.default_rng(5).random((12, 20, 30))
    conditions = np.ravel([[(k + 1, t) for t in ("look", "no-look")] for k in range(6)]).reshape(12, 2)
    return xr.Dataset(
        {"rates": (("condition", "time", "neuron"), rates[order], {"units": units})},
        {
            "condition": np.arange(12),
            "time": -500.0 + 50 * np.arange(20),
            "target": ("condition", conditions[order, 0].astype(int)),
            "task": ("condition", conditions[order, 1]),
        },
        {"name": "lab", "title": "Lab", "bin_width_ms": 50.0},
    )


LABELS = {"labels": {"direction_deg": {"label": "target", "values": {str(k + 1): 60 * k for k in range(6)}}}}


def test_the_window_starts_500_ms_before_the_end_of_the_target() -> None:
    """The target ends at step 12. The window is steps 2 to 21."""
    steps = compared_steps(task(), recording(np.arange(12)), {})
    assert steps.tolist() == list(range(2, 22))
    with pytest.raises(InputError) as caught:
        compared_steps(task(fixation_ms=250), recording(np.arange(12)), {})
    assert caught.value.key == "comparison.onset_step"
    with pytest.raises(InputError) as caught:
        compared_steps(task(dt_ms=25), recording(np.arange(12)), {})
    assert caught.value.key == "task.dt_ms"


def test_conditions_are_matched_by_label() -> None:
    """Whatever the order of the recorded conditions, each test trial gets the same rates."""
    ordered = joined_recording("memory", task(), recording(np.arange(12)), LABELS)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(12)
        found = join("memory", task(), recording(order), LABELS)
        assert order[found.conditions].tolist() == list(range(12))
        shuffled = joined_recording("memory", task(), recording(order), LABELS)
        np.testing.assert_array_equal(shuffled["rates"], ordered["rates"])


def test_a_single_task_needs_no_label_for_it() -> None:
    made = task(tasks=["look"])
    assert set(condition_labels(made)) == {"direction_deg"}
    assert made.n_inputs == 4 and made.test().n_trials == 6


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"delay_ms": [500, 250]}, "task.delay_ms"),
        ({"directions_deg": [0, 90, 360]}, "task.directions_deg"),
        ({"target_ms": 20}, "task.target_ms"),
        ({"response_ms": 0}, "task.response_ms"),
        ({"dt_ms": 0}, "task.dt_ms"),
    ],
)
def test_impossible_options(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError) as caught:
        task(**changes)
    assert caught.value.key == key
