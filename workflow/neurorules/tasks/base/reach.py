"""Common parts of the delayed reach tasks: a cue, a hold interval, a hold cue that ends, and a recorded movement.

A trial: only the hold cue for `interval1` steps, then the task's own cue, `interval2` steps within it or after it, then
the hold cue ends. The outputs are the condition's recorded movement; they are zero before the movement and not scored
after it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.bins import WHOLE, bin_width_ms
from neurorules.tasks.base.losses import mean_squared_error, regression_accuracy
from neurorules.tasks.base.periods import same_width, told_apart
from neurorules.tasks.base.trials import Trials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.options import Options

STEPS = {"type": "integer", "minimum": 0}
INTERVAL = {"type": "array", "items": STEPS, "minItems": 2, "maxItems": 2}
TIMING: dict[str, dict[str, Any]] = {
    "dt_ms": {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "length of a step in ms; must be the recording's bin width (published code)",
    },
    "steps": {"type": "integer", "minimum": 1, "description": "length of a training trial in steps (published code)"},
    "interval1_steps": {
        **INTERVAL,
        "description": "[low, high): steps before the cue, drawn from low to high - 1 (published code)",
    },
    "interval2_steps": {
        **INTERVAL,
        "description": "[low, high): steps of the second interval, drawn from low to high - 1 (published code)",
    },
    "test_steps": {"type": "integer", "minimum": 1, "description": "length of a test trial in steps (published code)"},
    "test_interval1_steps": {**STEPS, "description": "first interval of test trials in steps (published code)"},
    "test_interval2_steps": {**STEPS, "description": "second interval of test trials in steps (published code)"},
}

RAMP = np.array([0.05, 0.1, 0.2, 0.35, 0.65, 0.8, 0.9, 0.95])


class DelayedReach(ABC):
    """A delayed reach task; see the module.

    Args:
        options: the options in TIMING.
        time_ms: (time,) starts of the recorded movement's bins, in ms, with the width of the task's steps.
        movement: (condition, step, output) the outputs of each condition.
        n_cue_inputs: number of inputs besides the hold cue, which is the last input.
        hold_steps: steps until the end of the hold cue, in a trial without intervals.
        output_step: first step of the outputs, in a trial without intervals.
    """

    loss = staticmethod(mean_squared_error)
    accuracy = staticmethod(regression_accuracy)

    def __init__(
        self,
        options: Options,
        time_ms: NDArray[Any],
        movement: NDArray[Any],
        *,
        n_cue_inputs: int,
        hold_steps: int,
        output_step: int,
    ) -> None:
        self.options = options
        self.movement = movement
        self.n_inputs = n_cue_inputs + 1
        self.n_conditions, n_moving, self.n_outputs = movement.shape
        # Each condition's movement with a step of zeros before and after it, as rows for look-up.
        self._rows = np.pad(movement.astype(np.float32), ((0, 0), (1, 1), (0, 0))).reshape(-1, self.n_outputs)
        self._row_of_condition = (n_moving + 2) * np.arange(self.n_conditions)
        self.hold_steps = hold_steps
        self.output_step = output_step
        for name in ("interval1_steps", "interval2_steps"):
            low, high = options[name]
            if low >= high:
                raise InputError(
                    "The interval is empty: it includes its first number, but not the second.",
                    key=f"task.{name}",
                    value=options[name],
                    remedy="Make the second number larger than the first.",
                )
        self._check_width(time_ms)
        longest_intervals = {
            "steps": options.interval1_steps[1] + options.interval2_steps[1] - 2,
            "test_steps": options.test_interval1_steps + options.test_interval2_steps,
        }
        for key, intervals in longest_intervals.items():
            needed = intervals + output_step + n_moving
            if needed > options[key]:
                raise InputError(
                    "The longest trial does not fit.",
                    key=f"task.{key}",
                    value=options[key],
                    remedy=f"Use at least {needed} steps, or shorter intervals.",
                )

    @abstractmethod
    def cue(
        self, since: NDArray[Any], condition: NDArray[Any], interval2: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """All inputs except the hold cue, as strength (step, trial) and what is shown at strength 1, (trial, input).

        Args:
            since: (step, trial) steps since the cue began, negative before.
            condition: (trial,) each trial's condition.
            interval2: (trial,) each trial's second interval in steps.
        """

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        """Trials with random conditions and intervals. If all conditions fit, the first trials have them in order."""
        condition = rng.integers(0, self.n_conditions, n_trials)
        if n_trials >= self.n_conditions:
            condition[: self.n_conditions] = np.arange(self.n_conditions)
        low1, high1 = self.options.interval1_steps
        low2, high2 = self.options.interval2_steps
        interval1 = rng.integers(low1, high1, n_trials)
        interval2 = rng.integers(low2, high2, n_trials)
        return self._trials(self.options.steps, condition, interval1, interval2)

    def test(self) -> Trials:
        options = self.options
        return self._trials(
            options.test_steps,
            np.arange(self.n_conditions),
            np.full(self.n_conditions, options.test_interval1_steps),
            np.full(self.n_conditions, options.test_interval2_steps),
        )

    def window(self, time_ms: NDArray[Any], comparison: Options) -> NDArray[Any]:
        """The steps around `comparison.onset_step`, which lines up with movement onset (0 ms); one per bin."""
        self._check_width(time_ms)
        before_onset = float(time_ms[0] / self.options.dt_ms)
        whole = int(np.rint(before_onset))
        if abs(before_onset - whole) > WHOLE:
            raise InputError(
                f"The recording's bins start {abs(before_onset - whole):.2g} of a step off the task's steps, one of "
                "which starts at movement onset (0 ms).",
                key="time",
                value=time_ms[:3].tolist(),
                remedy="Bin the rates from movement onset, in whole bins before and after it. If times are the middles "
                'of bins, write the attribute time_in_bin = "middle".',
            )
        # Counted, not rounded one by one, so that each bin has a separate step.
        steps: NDArray[Any] = comparison.onset_step + whole + np.arange(len(time_ms))
        if steps[0] < 0 or steps[-1] >= self.options.test_steps:
            raise InputError(
                "The recording's times do not fit into the test trial.",
                key="comparison.onset_step",
                value=comparison.onset_step,
                remedy=f"The window would be steps {steps[0]} to {steps[-1]}, the trial has {self.options.test_steps}.",
            )
        return steps

    def _check_width(self, time_ms: NDArray[Any]) -> None:
        dt_ms = self.options.dt_ms
        bin_ms = bin_width_ms(time_ms) if len(time_ms) > 1 else float(dt_ms)
        if not same_width(bin_ms, dt_ms, len(time_ms)):
            raise InputError(
                "The recording's bin width differs from the length of the task's steps.",
                key="task.dt_ms",
                value=dt_ms,
                remedy=f"Set dt_ms to the recording's bin width, {told_apart(bin_ms, dt_ms)[0]} ms.",
            )

    def _trials(
        self, n_steps: int, condition: NDArray[Any], interval1: NDArray[Any], interval2: NDArray[Any]
    ) -> Trials:
        # Each trial's time course is a fixed shape shifted in time, so it is looked up at (step - its start).
        step = np.arange(n_steps)[:, None]
        intervals = (interval1 + interval2)[None, :]
        hold_end = intervals + self.hold_steps

        inputs = np.empty((n_steps, len(condition), self.n_inputs), np.float32)
        strength, cue = self.cue(step - interval1[None, :], condition, interval2)
        for i in range(self.n_inputs - 1):  # one by one: along the short axis, a product is several times slower
            inputs[:, :, i] = strength * cue[:, i]
        inputs[:, :, -1] = shifted(RAMP[::-1], step - (hold_end - len(RAMP)), before=1.0)

        n_moving = self.movement.shape[1]
        position = step - (intervals + self.output_step)
        row = self._row_of_condition[condition] + np.minimum(np.maximum(position, -1), n_moving) + 1
        return Trials(inputs, self._rows.take(row, axis=0), position < n_moving, condition.astype(np.int64))


def shifted(shape: NDArray[Any], position: NDArray[Any], before: float = 0.0) -> NDArray[Any]:
    """Values of `shape` at `position`, `before` in front of it and zero behind it."""
    read: NDArray[Any] = np.concatenate([[before], shape, [0.0]]).take(position + 1, mode="clip")
    return read
