"""Center-out reach (Hatsopoulos 2007): eight targets, a hold cue, shoulder and elbow angle as outputs.

Steps are 10 ms, as wide as the recording's bins. A trial: only the hold cue for `interval1` steps, the target as a bump
of 23 steps, `interval2` steps of holding, end of the hold cue, arm movement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.bins import bin_starts
from neurorules.recordings.recording import values_of
from neurorules.tasks.base.cues import BUMP, shown
from neurorules.tasks.base.reach import TIMING, DelayedReach

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
        "minimum": -23,  # the outputs cannot start before the shortest trial, whose target is on for 23 steps
        "description": "first step of the movement, counted from the step after the hold cue ends (published code)",
    },
    "output_start_ms": {
        "type": "number",
        "description": "recorded time of the first step of the movement, in ms from movement onset (published code)",
    },
}

N_TARGETS = 8
ANGLES = ("shoulder_angle", "elbow_angle")


class ReachTask(DelayedReach):
    """Center-out reach. In the published test trials, movement onset is at step 153.

    Args:
        options: the options in OPTION_SCHEMA.
        recording: gives shoulder_angle and elbow_angle (condition, time), normalized.
    """

    def __init__(self, options: Options, recording: xr.Dataset) -> None:
        for name in ANGLES:
            if name not in recording:
                raise InputError(
                    "The recording lacks the targets of the reach task.",
                    key=name,
                    remedy="Use a recording with shoulder_angle and elbow_angle (condition, time).",
                )
        if recording.sizes["condition"] != N_TARGETS:
            raise InputError(
                f"The reach task needs a recording with {N_TARGETS} conditions.",
                key="condition",
                value=recording.sizes["condition"],
                remedy="Use a center-out recording of eight targets.",
            )
        angles = [values_of(recording, name, ("condition", "time")) for name in ANGLES]
        time_ms = bin_starts(recording)
        start_ms = options.output_start_ms
        if not time_ms[0] - 1e-6 <= start_ms <= time_ms[-1] + 1e-6:
            raise InputError(
                "The recording does not cover the start of the outputs.",
                key="task.output_start_ms",
                value=start_ms,
                remedy=f"Use a time within {time_ms[0]:g} to {time_ms[-1]:g} ms, or a longer recording.",
            )
        moving = time_ms >= start_ms - 1e-6
        super().__init__(
            options,
            time_ms,
            np.stack([angle[:, moving] for angle in angles], axis=-1),
            n_cue_inputs=2,
            hold_steps=len(BUMP),
            output_step=len(BUMP) + options.output_offset_steps,
        )

    def cue(
        self, since: NDArray[Any], condition: NDArray[Any], interval2: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Sine and cosine of the target's angle, with the time course of a bump."""
        angle = 2 * np.pi * condition / N_TARGETS
        return shown("bump", since, interval2), np.stack([np.sin(angle), np.cos(angle)], axis=-1)


def condition_labels(task: ReachTask) -> dict[str, NDArray[Any]]:
    """Direction of the target."""
    return {"angle_deg": 360.0 * np.arange(task.n_conditions) / N_TARGETS}


def make(options: Options, recording: xr.Dataset | None) -> ReachTask:
    """Make the reach task from a recording's kinematics."""
    if recording is None:
        raise InputError("The reach task needs a recording for its targets.", key="task.recording")
    return ReachTask(options, recording)
