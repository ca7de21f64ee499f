"""Center-out reach (Hatsopoulos 2007): eight targets, a hold cue, shoulder and elbow angle as outputs.

Steps are 10 ms, as the recording's bins. A trial: nothing but the hold cue for `interval1` steps, the
target as a bump of 23 steps, `interval2` steps of holding, the hold cue ends, the arm moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.tasks.losses import mean_squared_error, regression_accuracy
from neurorules.tasks.trials import Trials

if TYPE_CHECKING:
    import xarray as xr

NEEDS_RECORDING = True
COMPARISON = ("onset_step",)
STEPS = {"type": "integer", "minimum": 0}
INTERVAL = {"type": "array", "items": STEPS, "minItems": 2, "maxItems": 2}
OPTIONS = {
    "dt_ms": {"type": "number", "exclusiveMinimum": 0},
    "steps": {"type": "integer", "minimum": 1},
    "interval1_steps": INTERVAL,
    "interval2_steps": INTERVAL,
    "test_steps": {"type": "integer", "minimum": 1},
    "test_interval1_steps": STEPS,
    "test_interval2_steps": STEPS,
    # The outputs start at the earliest when the shortest trial does: its target is on for 23 steps.
    "output_offset_steps": {"type": "integer", "minimum": -23},
    "output_start_ms": {"type": "number"},
}

N_TARGETS = 8
RAMP = np.array([0.05, 0.1, 0.2, 0.35, 0.65, 0.8, 0.9, 0.95])
BUMP = np.concatenate([RAMP, np.ones(7), RAMP[::-1]])
ANGLES = ("shoulder_angle", "elbow_angle")


class ReachTask:
    """See the module.

    Args:
        options: `steps`, `interval1_steps` and `interval2_steps` (half-open [low, high) for training),
            `test_steps`, `test_interval1_steps`, `test_interval2_steps`, `output_offset_steps` (start of the
            outputs relative to the step after the hold cue has ended), `output_start_ms` (recorded time of the
            first output step relative to movement onset), `dt_ms`.
        recording: gives shoulder_angle and elbow_angle (condition, time), normalized.
    """

    n_inputs = 3
    n_outputs = len(ANGLES)
    loss = staticmethod(mean_squared_error)
    accuracy = staticmethod(regression_accuracy)

    def __init__(self, options: Mapping[str, Any], recording: xr.Dataset) -> None:
        self.options = options
        for name in ANGLES:
            if name not in recording:
                raise InputError(
                    "The reach task takes its targets from the recording, which lacks them.",
                    key=name,
                    remedy="Use a recording with shoulder_angle and elbow_angle (condition, time).",
                )
        if recording.sizes["condition"] != N_TARGETS:
            raise InputError(
                f"The reach task has {N_TARGETS} conditions, the recording another number.",
                key="condition",
                value=recording.sizes["condition"],
                remedy="Use a center-out recording of eight targets.",
            )
        for name in ("interval1_steps", "interval2_steps"):
            low, high = options[name]
            if low >= high:
                raise InputError(
                    "The interval is empty: its steps run from the first number to just below the second.",
                    key=f"task.{name}",
                    value=options[name],
                    remedy="Make the second number larger than the first.",
                )
        time_ms = recording["time"].values
        bin_ms = float(np.diff(time_ms).mean())
        if abs(bin_ms - options["dt_ms"]) > 1e-6:
            raise InputError(
                "The recording's bins are not the task's steps.",
                key="task.dt_ms",
                value=options["dt_ms"],
                remedy=f"Set dt_ms to the recording's bin width, {bin_ms:g} ms.",
            )
        start_ms = options["output_start_ms"]
        if not time_ms[0] - 1e-6 <= start_ms <= time_ms[-1] + 1e-6:
            raise InputError(
                "The recording does not cover the start of the outputs.",
                key="task.output_start_ms",
                value=start_ms,
                remedy=f"Use a time within {time_ms[0]:g} to {time_ms[-1]:g} ms, or a longer recording.",
            )
        moving = time_ms >= start_ms - 1e-6
        # (condition, step, output)
        self.movement = np.stack([recording[name].values[:, moving] for name in ANGLES], axis=-1)
        longest_intervals = {
            "steps": options["interval1_steps"][1] + options["interval2_steps"][1] - 2,
            "test_steps": options["test_interval1_steps"] + options["test_interval2_steps"],
        }
        for key, intervals in longest_intervals.items():
            needed = intervals + len(BUMP) + options["output_offset_steps"] + self.movement.shape[1]
            if needed > options[key]:
                raise InputError(
                    "The longest trial does not fit.",
                    key=f"task.{key}",
                    value=options[key],
                    remedy=f"Use at least {needed} steps, or shorter intervals.",
                )

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        """The first eight trials are the eight targets, the rest random targets; all intervals random."""
        condition = rng.integers(0, N_TARGETS, n_trials)
        if n_trials >= N_TARGETS:
            condition[:N_TARGETS] = np.arange(N_TARGETS)
        low1, high1 = self.options["interval1_steps"]
        low2, high2 = self.options["interval2_steps"]
        interval1 = rng.integers(low1, high1, n_trials)
        interval2 = rng.integers(low2, high2, n_trials)
        return self._trials(self.options["steps"], condition, interval1, interval2)

    def test(self) -> Trials:
        options = self.options
        return self._trials(
            options["test_steps"],
            np.arange(N_TARGETS),
            np.full(N_TARGETS, options["test_interval1_steps"]),
            np.full(N_TARGETS, options["test_interval2_steps"]),
        )

    def window(self, time_ms: np.ndarray, options: Mapping[str, Any]) -> np.ndarray:
        """Movement onset (0 ms) is put at model step `comparison.onset_step`; the targets move at 153."""
        steps = options["onset_step"] + np.rint(time_ms / self.options["dt_ms"]).astype(int)
        if steps[0] < 0 or steps[-1] >= self.options["test_steps"]:
            raise InputError(
                "The recording's times do not fit into the test trial.",
                key="comparison.onset_step",
                value=options["onset_step"],
                remedy=f"The window would be steps {steps[0]} to {steps[-1]} of {self.options['test_steps']}.",
            )
        return steps

    def _trials(self, n_steps: int, condition: np.ndarray, interval1: np.ndarray, interval2: np.ndarray) -> Trials:
        n_trials = len(condition)
        # Each trial's time course is a fixed shape shifted, so it is looked up at (step - its start).
        step = np.arange(n_steps)[:, None]
        target_on = interval1[None, :]
        hold_end = target_on + len(BUMP) + interval2[None, :]
        answer_on = hold_end + self.options["output_offset_steps"]

        inputs = np.zeros((n_steps, n_trials, self.n_inputs), np.float32)
        angle = 2 * np.pi * condition / N_TARGETS
        bump = _shifted(BUMP, step - target_on)
        inputs[:, :, 0] = np.sin(angle) * bump
        inputs[:, :, 1] = np.cos(angle) * bump
        inputs[:, :, 2] = np.where(step < hold_end - len(RAMP), 1.0, _shifted(RAMP[::-1], step - hold_end + len(RAMP)))

        n_moving = self.movement.shape[1]
        position = step - answer_on
        moving = (position >= 0) & (position < n_moving)
        clipped = position.clip(0, n_moving - 1)
        targets = self.movement[condition[None, :], clipped] * moving[:, :, None]
        return Trials(inputs, targets.astype(np.float32), position < n_moving, condition.astype(np.int64))


def _shifted(shape: np.ndarray, position: np.ndarray) -> np.ndarray:
    """`shape` read at `position`, zero outside it."""
    inside = (position >= 0) & (position < len(shape))
    return np.where(inside, shape[position.clip(0, len(shape) - 1)], 0.0)


def make(options: Mapping[str, Any], recording: xr.Dataset | None) -> ReachTask:
    """The reach task on a recording's kinematics."""
    if recording is None:
        raise InputError("The reach task needs a recording for its targets.", key="task.recording")
    return ReachTask(options, recording)
