"""Periods and steps of a trial. As in Neurogym, each duration is rounded down to whole steps separately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.bins import WHOLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.options import Options

STEP_MS = {"type": "number", "exclusiveMinimum": 0, "description": "length of a step in ms"}

ROUNDING = 5e-4  # relative: a width written with four digits
MOST_DRIFT = 0.1  # of a step, over all bins
NEARLY_A_STEP = 1e-3  # of a step: rounding of a written duration or step


def duration_ms(description: str) -> dict[str, Any]:
    """JSON schema of an option for the duration of a period."""
    return {"type": "number", "minimum": 0, "description": f"{description}, in ms, rounded down to whole steps"}


def whole_steps(duration: NDArray[Any] | float, dt: float, nearly: float = NEARLY_A_STEP) -> NDArray[Any]:
    """Whole steps of length dt in durations, int64, with the shape of `duration`.

    Args:
        duration: one duration, or several.
        dt: length of a step, in the same unit.
        nearly: how much of its last step a duration may lack: a duration rounded when written (666.666 in steps of
            33.33333) must not lose this step.
    """
    return np.floor(np.asarray(duration) / dt + nearly).astype(np.int64)


def same_width(bin_ms: float, dt_ms: float, n_bins: int) -> bool:
    """Whether bins and steps have the same width, up to rounding that stays small over all bins."""
    difference = abs(bin_ms - dt_ms)
    return difference <= ROUNDING * dt_ms and n_bins * difference <= MOST_DRIFT * dt_ms


def told_apart(a: float, b: float) -> tuple[str, str]:
    """Two numbers with enough digits to show that they differ."""
    for digits in range(6, 18):
        written = f"{a:.{digits}g}", f"{b:.{digits}g}"
        if written[0] != written[1]:
            break
    return written


def n_steps(options: Options, key: str, least: int = 0, dt: str = "dt_ms") -> int:
    """Number of whole steps in a duration given as an option.

    Args:
        options: options of a task.
        key: name of the duration.
        least: minimum number of steps of the period.
        dt: name of the option for the step, in the same unit.

    Raises:
        InputError: the step is not above 0, or the duration has fewer steps than `least`.
    """
    step = options[dt]
    if not step > 0:
        raise InputError(
            "The length of a step must be above 0.", key=f"task.{dt}", value=step, remedy="Use a larger number."
        )
    steps = int(whole_steps(options[key], step))
    if steps < least:
        raise InputError(
            "The period is too short.", key=f"task.{key}", value=options[key], remedy=f"Use at least {least * step:g}."
        )
    return steps


def periods(options: Options, least: Mapping[str, int]) -> list[slice]:
    """The steps of consecutive periods, one slice each.

    Args:
        options: options of a task.
        least: minimum number of steps of each period, by the period's option, in the order of the periods.
    """
    ends = np.cumsum([0, *(n_steps(options, key, steps) for key, steps in least.items())]).tolist()
    return [slice(start, stop) for start, stop in pairwise(ends)]


def check_bins(time_ms: NDArray[Any], lengths: Sequence[int], dt_ms: float, subject: str, remedy: str) -> None:
    """Check that steps and recorded bins can be compared one to one.

    Args:
        time_ms: (time,) the recording's time coordinate.
        lengths: lengths of the trials in steps, ascending; trials of different lengths never fit.
        dt_ms: length of a step in ms.
        subject: what has these steps, with its verb, for the error.
        remedy: remedy for the error.

    Raises:
        InputError: the number or width of the recording's bins does not match.
    """
    bin_ms = float(np.diff(time_ms).mean()) if len(time_ms) > 1 else float(dt_ms)
    same = same_width(bin_ms, dt_ms, len(time_ms))
    if list(lengths) != [len(time_ms)] or not same:
        steps = " to ".join(str(length) for length in (lengths[0], lengths[-1])[: len(lengths)])
        of_step, of_bin = (f"{dt_ms:g}", f"{bin_ms:g}") if same else told_apart(dt_ms, bin_ms)
        raise InputError(
            f"{subject} {steps} steps of {of_step} ms, "
            f"the recording {len(time_ms)} bins of {of_bin} ms. They are compared one to one.",
            key="task.dt_ms",
            value=dt_ms,
            remedy="Make a trial's durations add up to the recording's length." if same else remedy,
        )


def steps_around(time_ms: NDArray[Any], onset_step: int, dt_ms: float, n_steps: int) -> NDArray[Any]:
    """(time,) steps that line up with bins around an event, one per bin.

    Args:
        time_ms: (time,) starts of the bins, in ms from the event.
        onset_step: the step that starts at the event.
        dt_ms: length of a step in ms.
        n_steps: steps of the shortest test trial.

    Raises:
        InputError: bins have a different width, start between steps, or are outside the trial.
    """
    bin_ms = float(np.diff(time_ms).mean()) if len(time_ms) > 1 else float(dt_ms)
    if not same_width(bin_ms, dt_ms, len(time_ms)):
        raise InputError(
            "The recording's bin width differs from the length of the task's steps.",
            key="task.dt_ms",
            value=dt_ms,
            remedy=f"Set dt_ms to the recording's bin width, {told_apart(bin_ms, dt_ms)[0]} ms.",
        )
    before = float(time_ms[0] / dt_ms)
    if abs(before - round(before)) > WHOLE:
        raise InputError(
            f"The recording's bins start {abs(before - round(before)):.2g} of a step off the task's steps, one of "
            "which starts at the event (0 ms).",
            key="time",
            value=time_ms[:3].tolist(),
            remedy="Bin the rates from the event, in whole bins before and after it. If times are the middles of bins, "
            'write the attribute time_in_bin = "middle".',
        )
    steps: NDArray[Any] = onset_step + round(before) + np.arange(len(time_ms))
    if steps[0] < 0 or steps[-1] >= n_steps:
        raise InputError(
            f"The recording's times match steps {steps[0]} to {steps[-1]}; the shortest test trial has {n_steps}.",
            key="comparison.onset_step",
            value=onset_step,
            remedy="Use another step for the event, a shorter window of the recording, or longer trials.",
        )
    return steps
