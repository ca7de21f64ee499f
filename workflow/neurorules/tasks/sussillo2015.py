"""Maze reach (Sussillo 2015): the planned reach and a hold cue as inputs, the activity of seven muscles as outputs.

Steps are 10 ms, as the recording's bins. A trial: nothing but the hold cue for `interval1` steps; the condition's plan
inputs rise along a ramp of 8 steps, are held for `interval2` steps and fall along the reversed ramp, the hold cue
with them; the muscles' EMG, 66 steps, starts `output_offset_steps` from the first step of that fall.

The plan inputs alone tell when to go: the envelope of the go cue that was recorded with them is no input here, nor is
it in the published code, which reads it and leaves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.tasks.base.reach import RAMP, TIMING, DelayedReach, shifted

if TYPE_CHECKING:
    import xarray as xr

NEEDS_RECORDING = True
COMPARISON_KEYS = ("recording", "onset_step")
OPTION_SCHEMA = {
    **TIMING,
    # The outputs start at the earliest when the shortest trial does: its plan inputs fall from step 8 on.
    "output_offset_steps": {"type": "integer", "minimum": -len(RAMP)},
}


class MazeTask(DelayedReach):
    """See the module. The targets' movement onset falls on step 133 of the test trials.

    Args:
        options: `steps`, `interval1_steps` and `interval2_steps` (half-open [low, high) for training),
            `test_steps`, `test_interval1_steps`, `test_interval2_steps`, `output_offset_steps` (start of the
            outputs relative to the first step at which the plan inputs fall), `dt_ms`.
        recording: gives plan_input (condition, plan_input_channel) and emg (condition, emg_time, muscle).
    """

    def __init__(self, options: Mapping[str, Any], recording: xr.Dataset) -> None:
        for name in ("plan_input", "emg"):
            if name not in recording:
                raise InputError(
                    "The maze task takes its inputs and targets from the recording, which lacks them.",
                    key=name,
                    remedy="Use a recording with plan_input (condition, plan_input_channel) and "
                    "emg (condition, emg_time, muscle).",
                )
        self.plan_input = recording["plan_input"].values
        super().__init__(
            options,
            recording["emg_time"].values,
            recording["emg"].values,
            n_cue_inputs=self.plan_input.shape[1],
            hold_steps=2 * len(RAMP),
            output_step=len(RAMP) + options["output_offset_steps"],
        )

    def cue(self, since: np.ndarray, condition: np.ndarray, interval2: np.ndarray) -> np.ndarray:
        """The condition's plan inputs, ramped on, held for the second interval, ramped off."""
        before_fall = since - len(RAMP) - interval2
        held = (since >= len(RAMP)) & (before_fall < 0)
        shown = shifted(RAMP, since) + held + shifted(RAMP[::-1], before_fall)
        return shown[:, :, None] * self.plan_input[condition]


def make(options: Mapping[str, Any], recording: xr.Dataset | None) -> MazeTask:
    """The maze task on a recording's plan inputs and EMG."""
    if recording is None:
        raise InputError("The maze task needs a recording for its inputs and targets.", key="task.recording")
    return MazeTask(options, recording)
