"""Delayed response from memory: a target is shown briefly, and after a delay the network answers with a direction.

A trial: fixation, target, delay, go cue, response. The inputs are the target's direction as (cos, sin), one context
input for each task, and a fixation input that is on until the go cue. The outputs are (cos, sin) of the answer from
`reaction_ms` after the go cue, and 0 before it. The reaction time is not scored.

The two tasks are those of Park et al. (2025, bioRxiv 2025.02.25.640211): "look" asks for a movement to the remembered
location, "no-look" for avoiding it. What the monkeys do in "no-look" is not in the abstract or in the published code.
`no_look_response` sets it: `opposite` is the direction opposite to the target, so that both tasks need the same memory;
`hold` is no response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.tasks.base.cues import unit_vectors
from neurorules.tasks.base.losses import mean_squared_error, regression_accuracy
from neurorules.tasks.base.periods import STEP_MS, duration_ms, n_steps, steps_around, whole_steps
from neurorules.tasks.base.trials import Trials, held_targets

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options

NEEDS_RECORDING = False
COMPARISON_KEYS: tuple[str, ...] = ()
LOOK, NO_LOOK = "look", "no-look"
OPTION_SCHEMA: dict[str, dict[str, Any]] = {
    "dt_ms": STEP_MS,
    "fixation_ms": duration_ms("fixation before the target"),
    "target_ms": duration_ms("target"),
    "delay_ms": {
        "type": "array",
        "items": {"type": "number", "minimum": 0},
        "minItems": 2,
        "maxItems": 2,
        "description": "[low, high] of the time from the end of the target to the go cue, in ms: all whole steps from "
        "low to high, both included, are equally likely",
    },
    "test_delay_ms": duration_ms("delay of test trials"),
    "reaction_ms": duration_ms("time from the go cue to the response, not scored"),
    "response_ms": duration_ms("response, when the answer must be on the outputs"),
    "directions_deg": {
        "type": "array",
        "items": {"type": "number"},
        "minItems": 1,
        "description": "directions of the target in degrees, each with every task",
    },
    "tasks": {
        "type": "array",
        "items": {"enum": [LOOK, NO_LOOK]},
        "minItems": 1,
        "uniqueItems": True,
        "description": f"`{LOOK}`: the answer is the target's direction; `{NO_LOOK}`: see `no_look_response`. Each has "
        "a context input",
    },
    "no_look_response": {
        "enum": ["opposite", "hold"],
        "description": f"answer in the task `{NO_LOOK}`: the `opposite` direction, or `hold`, outputs of 0 (ours: the "
        "publication's abstract says only that the location must be avoided)",
    },
    "context": {
        "enum": ["target", "until_delay", "trial"],
        "description": "when the context input is on: with the `target`; from the start of the trial `until_delay`; or "
        "during the whole `trial`",
    },
}


class MemoryTask:
    """Delayed response from memory, with test trials in the order of (direction, task); see the module.

    Args:
        options: the options in OPTION_SCHEMA.

    Raises:
        InputError: a period is too short, the delays are not in order, or two directions are the same.
    """

    n_outputs = 2
    loss = staticmethod(mean_squared_error)
    accuracy = staticmethod(regression_accuracy)

    def __init__(self, options: Options) -> None:
        _check(options)
        self.options = options
        fixation = n_steps(options, "fixation_ms")
        self.target = slice(fixation, fixation + n_steps(options, "target_ms", 1))
        self.test_delay = n_steps(options, "test_delay_ms")
        self.delay = whole_steps(np.array(options.delay_ms), options.dt_ms)  # least and most
        self.reaction = n_steps(options, "reaction_ms")
        self.response = n_steps(options, "response_ms", 1)
        n_tasks = len(options.tasks)
        self.direction_deg = np.repeat(np.array(options.directions_deg, np.float64), n_tasks)
        self.task = np.tile(np.array(options.tasks), len(options.directions_deg))
        cue = unit_vectors(np.deg2rad(self.direction_deg))
        avoid = -cue if options.no_look_response == "opposite" else np.zeros_like(cue)
        # -0 becomes 0: trials with equal answers have equal bytes
        self.answer = (np.where((self.task == NO_LOOK)[:, None], avoid, cue) + 0.0).astype(np.float32)
        self.cue = cue.astype(np.float32)
        self.context = np.tile(np.eye(n_tasks, dtype=np.float32), (len(options.directions_deg), 1))
        self.n_inputs = 2 + n_tasks + 1

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        """Random trials, all conditions equally likely."""
        condition = rng.integers(0, len(self.task), n_trials)
        delay = rng.integers(self.delay[0], self.delay[1] + 1, n_trials)
        return self._trials(int(self.delay[1]), delay, condition)

    def test(self) -> Trials:
        """Each condition once, with the delay of test trials."""
        condition = np.arange(len(self.task))
        return self._trials(self.test_delay, np.full(len(condition), self.test_delay), condition)

    def window(self, time_ms: NDArray[Any], comparison: Options) -> NDArray[Any]:
        """The steps around the end of the target, which lines up with the recording's event (0 ms).

        Raises:
            InputError: bins have a different width, start between steps, or are outside the test trial.
        """
        length = self.target.stop + self.test_delay + self.reaction + self.response
        return steps_around(time_ms, self.target.stop, self.options.dt_ms, length)

    def _trials(self, room: int, delay: NDArray[Any], condition: NDArray[Any]) -> Trials:
        """Trials of the given conditions and delays (trial,) in steps, with room for `room` steps of delay."""
        go = self.target.stop + delay
        start = go + self.reaction
        step = np.arange(self.target.stop + room + self.reaction + self.response)[:, None]
        before = step < go
        responding = (step >= start) & (step < start + self.response)
        inputs = np.zeros((len(step), len(condition), self.n_inputs), np.float32)
        inputs[self.target, :, :2] = self.cue[condition]
        shown = {"target": self.target, "until_delay": slice(self.target.stop), "trial": slice(None)}
        inputs[shown[self.options.context], :, 2:-1] = self.context[condition]
        inputs[:, :, -1] = before
        return Trials(
            inputs, held_targets(responding, self.answer[condition]), before | responding, condition.astype(np.int64)
        )


def _check(options: Options) -> None:
    low, high = options.delay_ms
    if not 0 <= low <= high:
        raise InputError(
            "The delay needs two numbers, the smaller one first.",
            key="task.delay_ms",
            value=options.delay_ms,
            remedy="Use [1000, 1000], for example.",
        )
    angles = np.mod(options.directions_deg, 360.0)
    if len(set(angles.round(6).tolist())) < len(angles):
        raise InputError(
            "Two directions are the same, so no network could tell them apart.",
            key="task.directions_deg",
            value=options.directions_deg,
            remedy="Use different directions, such as [0, 60, 120, 180, 240, 300].",
        )


def condition_labels(task: MemoryTask) -> dict[str, NDArray[Any]]:
    """Direction of the target and, if there are several, the task."""
    labels: dict[str, NDArray[Any]] = {"direction_deg": task.direction_deg}
    return {**labels, "task": task.task} if len(task.options.tasks) > 1 else labels


def make(options: Options, recording: xr.Dataset | None) -> MemoryTask:
    """Make the memory task; a recording is used only for comparison."""
    return MemoryTask(options)
