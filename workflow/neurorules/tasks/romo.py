"""Comparison of two stimuli across a delay (Romo 1999), as Schuessler et al. (2020) train it: which one was larger?

A trial: fixation, stimulus 1, a delay of random length, stimulus 2, decision delay, response. In the response, the
output of the larger stimulus (0 for the first, 1 for the second) has to be at the target value, the other at 0. The
outputs have to be 0 from the start of the trial to the end of stimulus 2 as well. The decision delay and what follows
the response, in trials with a delay below the longest, are not scored. Times are in units of tau.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.tasks.base.losses import half_mean_squared_error, regression_accuracy
from neurorules.tasks.base.periods import n_steps, whole_steps
from neurorules.tasks.base.trials import Trials

if TYPE_CHECKING:
    import xarray as xr

NEEDS_RECORDING = False
COMPARISON_KEYS: tuple[str, ...] = ()
TAU = {"type": "number", "minimum": 0}
OPTION_SCHEMA = {
    "dt": {"type": "number", "exclusiveMinimum": 0},
    "fixation": TAU,
    "stimulus": TAU,
    "delay": {"type": "array", "items": TAU, "minItems": 2, "maxItems": 2},
    "decision_delay": TAU,
    "response": TAU,
    "amplitude": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
    "least_difference": {"type": "number", "minimum": 0},
    "target": {"type": "number", "exclusiveMinimum": 0},
    "test_amplitudes": {"type": "array", "items": {"type": "number"}, "minItems": 2},
    "test_delay": TAU,
}


class RomoTask:
    """See the module.

    A drawn delay is rounded down to whole steps like any other duration, as in the published code: U(2, 8) in steps of
    .5 gives 4 to 15 steps, equally often. A batch has room for the longest that the limits allow, 16 (T = 56).

    Args:
        options: `dt`, and in the same unit `fixation`, `stimulus`, `delay` [low, high], `decision_delay`, `response`
            (whole steps, rounded down); `amplitude` [low, high] of both stimuli, uniform among those that differ by
            `least_difference`; `target`; `test_amplitudes`, of which all ordered pairs that differ as much are test
            trials, with the delay `test_delay`.

    Raises:
        InputError: a duration, amplitude or target that makes no sense.
    """

    n_inputs, n_outputs = 1, 2
    loss = staticmethod(half_mean_squared_error)
    accuracy = staticmethod(regression_accuracy)

    def __init__(self, options: Mapping[str, Any]) -> None:
        _check(options)
        self.options = options
        fixation = n_steps(options, "fixation", dt="dt")
        self.stimulus = n_steps(options, "stimulus", 1, dt="dt")
        self.decision_delay = n_steps(options, "decision_delay", dt="dt")
        self.response = n_steps(options, "response", 1, dt="dt")
        self.test_delay = n_steps(options, "test_delay", dt="dt")
        self.first = slice(fixation, fixation + self.stimulus)
        self.longest_delay = int(whole_steps(options["delay"][1], options["dt"]))
        self.test_amplitudes = np.array(_test_pairs(options)).T

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        """Random trials; they are none of the test trials, so that `condition` is -1."""
        low, high = self.options["delay"]
        delay = whole_steps(rng.uniform(low, high, n_trials), self.options["dt"])
        low, high = self.options["amplitude"]
        least = self.options["least_difference"]
        # Uniform in the square of side high - low but for a diagonal band: a smaller square, its halves moved apart.
        amplitudes = rng.uniform(low, high - least, (2, n_trials))
        amplitudes += least * (amplitudes > amplitudes[::-1])
        return self._trials(self.longest_delay, delay, amplitudes, np.full(n_trials, -1))

    def test(self) -> Trials:
        """Ascending in (first, second amplitude), without time after the response."""
        n_trials = self.test_amplitudes.shape[1]
        delay = np.full(n_trials, self.test_delay)
        return self._trials(self.test_delay, delay, self.test_amplitudes, np.arange(n_trials))

    def window(self, time_ms: np.ndarray, options: Mapping[str, Any]) -> np.ndarray:
        """No steps line up with a recording, as they have no length in ms."""
        raise InputError(
            "Steps of the task romo are in units of tau: it cannot be compared with a recording.",
            key="comparison.recording",
            remedy="Leave it out, or use another task.",
        )

    def _trials(self, room: int, delay: np.ndarray, amplitudes: np.ndarray, condition: np.ndarray) -> Trials:
        """Trials of the given delays (trial,), all in steps, with room for one of `room`; amplitudes (2, trial)."""
        second = self.first.stop + delay
        decided = second + self.stimulus
        response = decided + self.decision_delay
        step = np.arange(self.first.stop + room + self.stimulus + self.decision_delay + self.response)[:, None]
        before = step < decided
        responding = (step >= response) & (step < response + self.response)

        inputs = np.where((step >= second) & before, amplitudes[1], 0.0).astype(np.float32)
        inputs[self.first] = amplitudes[0]
        answer = np.where(amplitudes > amplitudes[::-1], self.options["target"], 0.0).astype(np.float32)
        targets = responding[:, :, None] * np.ascontiguousarray(answer.T)
        return Trials(inputs[:, :, None], targets, before | responding, condition)


def _test_pairs(options: Mapping[str, Any]) -> list[tuple[float, float]]:
    amplitudes = sorted(options["test_amplitudes"])
    # Amplitudes as far apart as they need to be may differ by just below that.
    least = options["least_difference"] - 1e-9
    return [(first, second) for first in amplitudes for second in amplitudes if abs(first - second) >= max(least, 1e-9)]


def _check(options: Mapping[str, Any]) -> None:
    def refuse(problem: str, key: str, remedy: str) -> InputError:
        return InputError(problem, key=f"task.{key}", value=options[key], remedy=remedy)

    low, high = options["delay"]
    if not 0 <= low <= high:
        raise refuse("A delay is drawn from the first number to the second.", "delay", "Use two such as [2, 8].")
    low, high = options["amplitude"]
    if not low < high:
        raise refuse("Amplitudes are drawn from the first number to the second.", "amplitude", "Use [0.5, 1.5], say.")
    if not 0 <= options["least_difference"] < high - low:
        raise refuse(
            f"Two amplitudes between {low:g} and {high:g} have to be able to differ by this.",
            "least_difference",
            f"Use 0 or more, and less than {high - low:g}.",
        )
    if not options["target"] > 0:
        raise refuse("The target has to differ from that of the other output, which is 0.", "target", "Use 0.5, say.")
    amplitudes = options["test_amplitudes"]
    if len(set(amplitudes)) < len(amplitudes) or not _test_pairs(options):
        raise refuse(
            f"Test trials need different amplitudes, of which two differ by at least {options['least_difference']:g}.",
            "test_amplitudes",
            "Give amplitudes such as [0.5, 0.75, 1.0, 1.25, 1.5].",
        )


def make(options: Mapping[str, Any], recording: xr.Dataset | None) -> RomoTask:
    """The comparison task; it takes nothing from the recording."""
    return RomoTask(options)
