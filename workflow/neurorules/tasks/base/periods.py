"""Periods and steps of a trial: durations are rounded down to whole steps, each by itself, as Neurogym does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from neurorules.errors import InputError

# What options in ms allow, as JSON schemas: a duration, the length of a step.
MILLISECONDS = {"type": "number", "minimum": 0}
STEP_MS = {"type": "number", "exclusiveMinimum": 0}


def whole_steps(duration: np.ndarray | float, dt: float) -> np.ndarray:
    """Whole steps of dt in durations, int64."""
    # A whole number of steps may divide to just below itself.
    return np.floor(np.asarray(duration) / dt + 1e-9).astype(np.int64)


def n_steps(options: Mapping[str, Any], key: str, least: int = 0, dt: str = "dt_ms") -> int:
    """Whole steps in a duration that is an option.

    Args:
        options: of a task; `key` is the duration, `dt` the length of a step, in the same unit.
        least: how many steps the period needs.

    Raises:
        InputError: a step lasts no time, or the duration has fewer steps than that.
    """
    step = options[dt]
    if not step > 0:
        raise InputError("A step must last some time.", key=f"task.{dt}", value=step, remedy="Use more than 0.")
    steps = int(whole_steps(options[key], step))
    if steps < least:
        raise InputError(
            "The period is too short.", key=f"task.{key}", value=options[key], remedy=f"Use at least {least * step:g}."
        )
    return steps


def periods(options: Mapping[str, Any], least: Mapping[str, int]) -> list[slice]:
    """The steps of consecutive periods; `least` has their keys, in order, with how many steps each needs."""
    ends = np.cumsum([0, *(n_steps(options, key, steps) for key, steps in least.items())]).tolist()
    return [slice(start, stop) for start, stop in pairwise(ends)]


def check_bins(time_ms: np.ndarray, lengths: Sequence[int], dt_ms: float, subject: str, remedy: str) -> None:
    """Check that steps and recorded bins can be compared one by one.

    Args:
        time_ms: (time,) the recording's time coordinate.
        lengths: the numbers of steps that there are, ascending; more than one never fits.
        dt_ms: length of a step.
        subject: what has these steps, with its verb.
        remedy: what to do.

    Raises:
        InputError: another number or width of bins.
    """
    bin_ms = float(np.diff(time_ms).mean()) if len(time_ms) > 1 else float(dt_ms)
    same_width = abs(bin_ms - dt_ms) <= 1e-6
    if list(lengths) != [len(time_ms)] or not same_width:
        steps = " to ".join(str(length) for length in (lengths[0], lengths[-1])[: len(lengths)])
        raise InputError(
            f"{subject} {steps} steps of {dt_ms:g} ms, "
            f"the recording {len(time_ms)} bins of {bin_ms:g} ms; they are compared one by one.",
            key="task.dt_ms",
            value=dt_ms,
            remedy="Make a trial's durations add up to the recording's length." if same_width else remedy,
        )
