"""Maze reach (Sussillo 2015): the planned reach and a hold cue as inputs, the activity of seven muscles as outputs.

Steps are 10 ms, as wide as the recording's bins. A trial: only the hold cue for `interval1` steps. Then the condition's
plan inputs rise along a ramp of 8 steps, are held for `interval2` steps, and fall along the reversed ramp, together
with the hold cue. The muscles' EMG, 66 steps, starts `output_offset_steps` from the first step of that fall.

Only the plan inputs signal when to move. The envelope of the go cue was recorded too, but it is not an input, as in the
published code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.recording import values_of
from neurorules.tasks.base.cues import shown
from neurorules.tasks.base.reach import RAMP, TIMING, DelayedReach

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options

NEEDS_RECORDING = True
COMPARISON_KEYS = ("recording", "onset_step")
OPTION_SCHEMA: dict[str, dict[str, Any]] = {
    **TIMING,
    "output_offset_steps": {
        "type": "integer",
        "minimum": -len(RAMP),  # the outputs cannot start before the shortest trial, whose plan inputs fall at step 8
        "description": "first step of the EMG, counted from the first step at which the plan inputs fall "
        "(published code)",
    },
}


class MazeTask(DelayedReach):
    """Maze reach. In the published test trials, movement onset is at step 133.

    Args:
        options: the options in OPTION_SCHEMA.
        recording: gives plan_input (condition, plan_input_channel) and emg (condition, emg_time, muscle).
    """

    def __init__(self, options: Options, recording: xr.Dataset) -> None:
        for name in ("plan_input", "emg"):
            if name not in recording:
                raise InputError(
                    "The recording lacks inputs or targets of the maze task.",
                    key=name,
                    remedy="Use a recording with plan_input (condition, plan_input_channel) and "
                    "emg (condition, emg_time, muscle).",
                )
        self.plan_input = values_of(recording, "plan_input", ("condition", "plan_input_channel"))
        super().__init__(
            options,
            recording["emg_time"].values,
            values_of(recording, "emg", ("condition", "emg_time", "muscle")),
            n_cue_inputs=self.plan_input.shape[1],
            hold_steps=2 * len(RAMP),
            output_step=len(RAMP) + options.output_offset_steps,
        )

    def cue(
        self, since: NDArray[Any], condition: NDArray[Any], interval2: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """The condition's plan inputs, ramped on, held for the second interval, and ramped off."""
        return shown("held", since, interval2), self.plan_input[condition]


def condition_labels(task: MazeTask) -> dict[str, NDArray[Any]]:
    """Number of the recorded condition from which a trial is made: mazes have no other label."""
    return {"condition": np.arange(task.n_conditions)}


def make(options: Options, recording: xr.Dataset | None) -> MazeTask:
    """Make the maze task from a recording's plan inputs and EMG."""
    if recording is None:
        raise InputError("The maze task needs a recording for its inputs and targets.", key="task.recording")
    return MazeTask(options, recording)
