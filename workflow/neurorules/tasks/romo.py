"""Comparison of two stimuli across a delay (Romo 1999) as in Schuessler et al. (2020): which one was larger?

A trial: fixation, stimulus 1, a delay of random length, stimulus 2, decision delay, response. In the response, the
output of the larger stimulus (0 for the first, 1 for the second) must be at the target value, the other at 0. Both
outputs must be 0 from the start of the trial to the end of stimulus 2. The decision delay is not scored; nor is the
time after the response in trials with a delay below the longest. Times are in units of tau.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.tasks.base.losses import half_mean_squared_error, regression_accuracy
from neurorules.tasks.base.periods import n_steps, whole_steps
from neurorules.tasks.base.trials import Trials, held_targets

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options

NEEDS_RECORDING = False
COMPARISON_KEYS: tuple[str, ...] = ()
TAU = {"type": "number", "minimum": 0}
OPTION_SCHEMA: dict[str, dict[str, Any]] = {
    "dt": {"type": "number", "exclusiveMinimum": 0, "description": "length of a step in tau (Schuessler 2020)"},
    "fixation": {**TAU, "description": "time before the first stimulus, in tau (Schuessler 2020)"},
    "stimulus": {**TAU, "description": "length of each stimulus, in tau (Schuessler 2020)"},
    "delay": {
        "type": "array",
        "items": TAU,
        "minItems": 2,
        "maxItems": 2,
        "description": "[low, high] of the time between the stimuli, uniform, in tau (Schuessler 2020)",
    },
    "decision_delay": {
        **TAU,
        "description": "time from the second stimulus to the response, not scored, in tau (Schuessler 2020)",
    },
    "response": {**TAU, "description": "time in which the answer must be on the outputs, in tau (Schuessler 2020)"},
    "amplitude": {
        "type": "array",
        "items": {"type": "number"},
        "minItems": 2,
        "maxItems": 2,
        "description": "[low, high] of both amplitudes, uniform among the pairs that differ enough (Schuessler 2020)",
    },
    "least_difference": {
        "type": "number",
        "minimum": 0,
        "description": "smallest difference between the two amplitudes, in test trials too (Schuessler 2020)",
    },
    "target": {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "target of the larger stimulus's output; the other target is 0 (Schuessler 2020)",
    },
    "test_amplitudes": {
        "type": "array",
        "items": {"type": "number"},
        "minItems": 2,
        "description": "amplitudes of test trials: all ordered pairs of these that differ enough (ours)",
    },
    "test_delay": {**TAU, "description": "delay of test trials, in tau (Schuessler 2020 and its code)"},
}


class RomoTask:
    """Comparison of two amplitudes across a delay.

    A drawn delay is rounded down to whole steps like any other duration, as in the published code: U(2, 8) with steps
    of .5 gives 4 to 15 steps with equal probability. A batch has room for the longest delay within the limits, 16 steps
    (T = 56).

    Args:
        options: the options in OPTION_SCHEMA.

    Raises:
        InputError: a duration is too short, or amplitudes or target contradict each other.
    """

    n_inputs, n_outputs = 1, 2
    loss = staticmethod(half_mean_squared_error)
    accuracy = staticmethod(regression_accuracy)

    def __init__(self, options: Options) -> None:
        _check(options)
        self.options = options
        fixation = n_steps(options, "fixation", dt="dt")
        self.stimulus = n_steps(options, "stimulus", 1, dt="dt")
        self.decision_delay = n_steps(options, "decision_delay", dt="dt")
        self.response = n_steps(options, "response", 1, dt="dt")
        self.test_delay = n_steps(options, "test_delay", dt="dt")
        self.first = slice(fixation, fixation + self.stimulus)
        self.longest_delay = int(whole_steps(options.delay[1], options.dt))
        self.test_amplitudes = np.array(_test_pairs(options)).T

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        """Random trials. They are not test trials, so `condition` is -1."""
        low, high = self.options.delay
        delay = whole_steps(rng.uniform(low, high, n_trials), self.options.dt, nearly=1e-9)  # drawn, so not rounded
        low, high = self.options.amplitude
        least = self.options.least_difference
        # Uniform in the square of side high - low except a diagonal band: a smaller square, with its halves moved
        # apart.
        amplitudes = rng.uniform(low, high - least, (2, n_trials))
        amplitudes += least * (amplitudes > amplitudes[::-1])
        return self._trials(self.longest_delay, delay, amplitudes, np.full(n_trials, -1))

    def test(self) -> Trials:
        """All pairs, sorted by (first amplitude, second amplitude), without time after the response."""
        n_trials = self.test_amplitudes.shape[1]
        delay = np.full(n_trials, self.test_delay)
        return self._trials(self.test_delay, delay, self.test_amplitudes, np.arange(n_trials))

    def window(self, time_ms: NDArray[Any], comparison: Options) -> NDArray[Any]:
        """Always refused: steps have no length in ms, so they cannot line up with a recording."""
        raise InputError(
            "Steps of the task romo are in units of tau, so the task cannot be compared with a recording.",
            key="comparison.recording",
            remedy="Leave comparison.recording out, or use another task.",
        )

    def _trials(self, room: int, delay: NDArray[Any], amplitudes: NDArray[Any], condition: NDArray[Any]) -> Trials:
        """Trials with the given delays (trial,) in steps and room for `room` steps of delay; amplitudes (2, trial)."""
        second = self.first.stop + delay
        decided = second + self.stimulus
        response = decided + self.decision_delay
        step = np.arange(self.first.stop + room + self.stimulus + self.decision_delay + self.response)[:, None]
        before = step < decided
        responding = (step >= response) & (step < response + self.response)

        inputs = ((step >= second) & before) * amplitudes[1].astype(np.float32)
        inputs[self.first] = amplitudes[0]
        answer = np.where(amplitudes > amplitudes[::-1], self.options.target, 0.0).astype(np.float32)
        return Trials(inputs[:, :, None], held_targets(responding, answer.T), before | responding, condition)


def _test_pairs(options: Options) -> list[tuple[float, float]]:
    amplitudes = sorted(options.test_amplitudes)
    # Amplitudes that differ by exactly the minimum may, after rounding, differ by slightly less.
    least = options.least_difference - 1e-9
    return [(first, second) for first in amplitudes for second in amplitudes if abs(first - second) >= max(least, 1e-9)]


def _check(options: Options) -> None:
    def refuse(problem: str, key: str, remedy: str) -> InputError:
        return InputError(problem, key=f"task.{key}", value=options[key], remedy=remedy)

    low, high = options.delay
    if not 0 <= low <= high:
        raise refuse("The delay needs two numbers, the smaller one first.", "delay", "Use [2, 8], for example.")
    low, high = options.amplitude
    if not low < high:
        raise refuse("Amplitudes need two numbers, the smaller one first.", "amplitude", "Use [0.5, 1.5].")
    if not 0 <= options.least_difference < high - low:
        raise refuse(
            f"Two amplitudes between {low:g} and {high:g} must be able to differ by this much.",
            "least_difference",
            f"Use 0 or more, and less than {high - low:g}.",
        )
    if not options.target > 0:
        raise refuse("The target must be above 0, which is the other output's target.", "target", "Use 0.5, say.")
    amplitudes = options.test_amplitudes
    if len(set(amplitudes)) < len(amplitudes) or not _test_pairs(options):
        raise refuse(
            f"Test trials need different amplitudes, of which two differ by at least {options.least_difference:g}.",
            "test_amplitudes",
            "Use amplitudes such as [0.5, 0.75, 1.0, 1.25, 1.5].",
        )


def condition_labels(task: RomoTask) -> dict[str, NDArray[Any]]:
    """Amplitudes of the first and the second stimulus."""
    first, second = task.test_amplitudes
    return {"first_amplitude": first, "second_amplitude": second}


def make(options: Options, recording: xr.Dataset | None) -> RomoTask:
    """Make the comparison task; the recording is unused."""
    return RomoTask(options)
