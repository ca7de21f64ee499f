"""Delayed reach to the targets of any recording: trials are its conditions, outputs its kinematics or directions.

The cue is the target's direction as (cos, sin), labels of the condition, or one input per condition; the last input is
the hold cue. The outputs are recorded kinematics or, if only directions are known, the position in a straight
minimum-jerk reach. `tasks/base/reach.py` defines the timing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.bins import bin_starts, bin_width_ms
from neurorules.recordings.conditions import label_names
from neurorules.recordings.recording import values_of
from neurorules.tasks.base.cues import ANGLE_UNIT, SHAPES, minimum_jerk, radians, shown, unit_vectors
from neurorules.tasks.base.reach import TIMING, DelayedReach
from neurorules.tasks.base.recorded_labels import did_you_mean, replaced

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options

NEEDS_RECORDING = True
COMPARISON_KEYS = ("recording",)
NAMES = {"type": "array", "uniqueItems": True, "items": {"type": "string", "minLength": 1}}
OPTION_SCHEMA: dict[str, dict[str, Any]] = {
    **TIMING,
    "cue": {
        "enum": ["direction", "labels", "one_hot"],
        "description": "inputs besides the hold cue: (cos, sin) of `angle_label`; values of `cue_labels`; or one for "
        "each condition",
    },
    "cue_shape": {
        "enum": list(SHAPES),
        "description": "`bump`: shown for 23 steps, before the second interval, as in `hatsopoulos2007`; `held`: "
        "ramped on in 8 steps, held for the second interval and ramped off in 8, as in `sussillo2015`",
    },
    "cue_labels": {**NAMES, "description": "numeric labels of the recording's conditions, used as inputs"},
    "angle_label": {
        "type": ["string", "null"],
        "description": "label of the recording with the target's direction; null for none",
    },
    "angle_unit": {
        "type": "string",
        "pattern": ANGLE_UNIT,
        "description": "its unit: `degree`, `radian`, or `index of 8` for 0 to 7 as multiples of 45 degrees",
    },
    "angle_values": {
        "type": "object",
        "additionalProperties": {"type": "number"},
        "description": "the angle of each value of the label, in that unit; {} if the values are angles already",
    },
    "outputs": {
        **NAMES,
        "description": "recorded kinematics (condition, time), such as `hand_velocity_x`; `hand_velocity` for all its "
        "components; [] for a straight minimum-jerk reach in the target's direction, as positions x and y",
    },
    "normalise": {
        "enum": ["peak", "none"],
        "description": "`peak`: each recorded output minus its first value, divided by its largest absolute value "
        "over conditions and times",
    },
    "output_start_ms": {
        "type": "number",
        "description": "recorded time of the first step of the outputs, in ms from the event that the recording is "
        "aligned to; a minimum-jerk reach starts then",
    },
    "output_offset_steps": {
        "type": "integer",
        "minimum": -max(SHAPES.values()),
        "description": "first step of the outputs, counted from the step after the hold cue ends",
    },
    "movement_ms": {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "duration of a minimum-jerk reach; the hand then stays until the end of the recording",
    },
}

LARGEST_CUE = 1000  # inputs


class RecordedReach(DelayedReach):
    """A delayed reach made from a recording; see the module.

    Args:
        options: the options in OPTION_SCHEMA.
        recording: gives labels and kinematics of conditions.

    Raises:
        InputError: the recording lacks a label or an output, or two conditions have the same cue.
    """

    def __init__(self, options: Options, recording: xr.Dataset) -> None:
        n_conditions = recording.sizes["condition"]
        finite = {name: recording[name].values for name in label_names(recording)}
        self.labels = {name: values for name, values in finite.items() if _is_finite(values)}
        self.labels = self.labels or {"condition": np.arange(n_conditions)}
        angle = None
        if options.angle_label is not None:
            label = _label(recording, options.angle_label, "task.angle_label", options.angle_values)
            angle = radians(label, options.angle_unit)
        self.cues = _cues(options, recording, angle)
        length = SHAPES[options.cue_shape]
        output_step = length + options.output_offset_steps
        if output_step < 0:
            raise InputError(
                "The outputs start before the cue of the shortest trial.",
                key="task.output_offset_steps",
                value=options.output_offset_steps,
                remedy=f"Use {-length} or more with cue_shape {options.cue_shape}.",
            )
        self.cue_shape: str = options.cue_shape
        time_ms = bin_starts(recording)
        movement = _movement(options, recording, time_ms, angle)
        super().__init__(
            options,
            time_ms,
            movement,
            n_cue_inputs=self.cues.shape[1],
            hold_steps=length,
            output_step=output_step,
        )
        # The step that lines up with the recording's event if outputs and rates have the same alignment.
        first = options.test_interval1_steps + options.test_interval2_steps + output_step
        self.own_onset = first - int(np.rint(_first_time(time_ms, options) / options.dt_ms))

    def cue(
        self, since: NDArray[Any], condition: NDArray[Any], interval2: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """The condition's cue with its time course."""
        return shown(self.cue_shape, since, interval2), self.cues[condition]

    def window(self, time_ms: NDArray[Any], comparison: Options) -> NDArray[Any]:
        """The steps around `comparison.onset_step`, which lines up with the recording's event (0 ms).

        Without it, rates are compared with the steps whose outputs were recorded at the same time.
        """
        if comparison.get("onset_step") is None:
            comparison = comparison.but(onset_step=self.own_onset)
        return super().window(time_ms, comparison)


def _cues(options: Options, recording: xr.Dataset, angle: NDArray[Any] | None) -> NDArray[Any]:
    """(condition, input) cue of each condition."""
    n_conditions = recording.sizes["condition"]
    if options.cue == "one_hot":
        if n_conditions > LARGEST_CUE:
            raise InputError(
                "There are too many conditions for one input each.",
                key="task.cue",
                value=n_conditions,
                remedy="Use cue: labels.",
            )
        return np.eye(n_conditions)
    if options.cue == "direction":
        if angle is None:
            raise InputError(
                "A direction as the cue needs the label of the direction.",
                key="task.angle_label",
                remedy=f"Use one of the recording's labels: {', '.join(label_names(recording)) or 'it has none'}.",
            )
        cues = unit_vectors(angle)
    else:
        if not options.cue_labels:
            raise InputError(
                "Labels as the cue need names of labels.",
                key="task.cue_labels",
                value=options.cue_labels,
                remedy=f"Use some of the recording's labels: {', '.join(label_names(recording)) or 'it has none'}.",
            )
        cues = np.stack([_label(recording, name, "task.cue_labels") for name in options.cue_labels], axis=-1)
    different = np.unique(cues.round(6), axis=0)
    if len(different) < n_conditions:
        raise InputError(
            f"The {n_conditions} conditions have only {len(different)} cues, so no network could tell them apart.",
            key="task.cue",
            value=options.cue,
            remedy="Use cue: one_hot, or cue: labels with labels that differ between all conditions; or average the "
            "conditions with the same cue in the recording.",
        )
    return cues


def _movement(
    options: Options, recording: xr.Dataset, time_ms: NDArray[Any], angle: NDArray[Any] | None
) -> NDArray[Any]:
    """(condition, step, output)"""
    start_ms = options.output_start_ms
    if not time_ms[0] - 1e-6 <= start_ms <= time_ms[-1] + 1e-6:
        raise InputError(
            "The recording does not cover the start of the outputs.",
            key="task.output_start_ms",
            value=start_ms,
            remedy=f"Use a time within {time_ms[0]:g} to {time_ms[-1]:g} ms, or a longer recording.",
        )
    moving = time_ms >= _first_time(time_ms, options) - 1e-6
    if options.outputs:
        names = [part for name in options.outputs for part in _components(recording, name)]
        recorded = np.stack([values_of(recording, name, ("condition", "time")) for name in names], axis=-1)
        if options.normalise == "peak":
            recorded = _less_first(recorded, names)
        chosen: NDArray[Any] = recorded[:, moving]
        return chosen
    if angle is None:
        raise InputError(
            "Without recorded outputs, the targets' directions are needed.",
            key="task.angle_label",
            remedy="Set outputs, for example outputs: [hand_velocity], or the label with the target's direction.",
        )
    width_ms = bin_width_ms(time_ms) if len(time_ms) > 1 else float(options.dt_ms)
    n_steps = max(int(moving.sum()), int(np.ceil(options.movement_ms / width_ms - 1e-6)) + 1)
    since_ms = width_ms * np.arange(n_steps)
    return minimum_jerk(angle, since_ms, options.movement_ms)


def _first_time(time_ms: NDArray[Any], options: Options) -> float:
    """Start of the bin of the first output."""
    return float(time_ms[np.flatnonzero(time_ms >= options.output_start_ms - 1e-6)[0]])


def _less_first(recorded: NDArray[Any], names: list[str]) -> NDArray[Any]:
    """Each output minus its first value, divided by its largest absolute value over conditions and times."""
    change: NDArray[Any] = recorded - recorded[:, :1]
    largest = np.abs(change).max((0, 1))
    if not (largest > 0).all():
        raise InputError(
            "This output never changes.",
            key="task.outputs",
            value=names[int(np.flatnonzero(~(largest > 0))[0])],
            remedy="Leave it out, or check the recording.",
        )
    scaled: NDArray[Any] = change / largest
    return scaled


def _components(recording: xr.Dataset, name: str) -> list[str]:
    """The variables of an output: itself, or its components <name>_x, <name>_y, <name>_z or <name>_0, <name>_1 ..."""
    there = [str(key) for key, variable in recording.data_vars.items() if {*variable.dims} == {"condition", "time"}]
    if name in there:
        return [name]
    parts = [f"{name}_{axis}" for axis in "xyz" if f"{name}_{axis}" in there]
    number = 0
    while not parts[number:] and f"{name}_{number}" in there:
        number += 1
    parts = parts or [f"{name}_{n}" for n in range(number)]
    if not parts:
        raise InputError(
            "Unknown kinematics (condition, time) of the recording.",
            key="task.outputs",
            value=name,
            remedy=f"{did_you_mean(name, there)}It has {', '.join(there) or 'none'}. [] makes straight reaches.",
        )
    return parts


def _label(recording: xr.Dataset, name: str, key: str, by: Mapping[str, float] | None = None) -> NDArray[Any]:
    """(condition,) values of a numeric label, replaced as defined in the study."""
    there = label_names(recording)
    if name not in there:
        raise InputError(
            "Unknown label of the recording's conditions.",
            key=key,
            value=name,
            remedy=f"{did_you_mean(name, there)}It has {', '.join(there) or 'none'}.",
        )
    values = recording[name].values
    if by:
        values = replaced(values, by, "task.angle_values")
    if values.dtype.kind not in "iufb" or not _is_finite(values):
        raise InputError(
            f"The label {name} is not a finite number in every condition.",
            key=key,
            value=", ".join(map(str, values[:8].tolist())),
            remedy="Use a numeric label, give the angle of each value in angle_values, or use cue: one_hot.",
        )
    return values.astype(np.float64)


def _is_finite(values: NDArray[Any]) -> bool:
    return values.dtype.kind not in "fc" or bool(np.isfinite(values).all())


def condition_labels(task: RecordedReach) -> dict[str, NDArray[Any]]:
    """Labels of the recording from which the task is made."""
    return task.labels


def make(options: Options, recording: xr.Dataset | None) -> RecordedReach:
    """Make the reach task from a recording's conditions."""
    if recording is None:
        raise InputError("The reach task needs a recording for its conditions.", key="task.recording")
    return RecordedReach(options, recording)
