"""Time courses of a reach's cue, and directions of cues and movements.

The two time courses are those of the published tasks: hatsopoulos2007 shows its target as a bump, sussillo2015 holds
its plan inputs until the movement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.tasks.base.reach import RAMP, shifted

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUMP = np.concatenate([RAMP, np.ones(7), RAMP[::-1]])
SHAPES = {"bump": len(BUMP), "held": 2 * len(RAMP)}  # steps of a cue without a second interval
ANGLE_UNIT = r"^(degree|radian|index of [1-9][0-9]{0,3})$"


def shown(shape: str, since: NDArray[Any], interval2: NDArray[Any]) -> NDArray[Any]:
    """Strength of a cue, 0 to 1, (step, trial).

    Args:
        shape: "bump", 23 steps before the second interval, or "held", ramped on, held during the second interval and
            ramped off.
        since: (step, trial) steps since the cue began, negative before.
        interval2: (trial,) length of the second interval in steps.
    """
    if shape == "bump":
        bump: NDArray[Any] = shifted(BUMP, since)
        return bump
    before_fall = since - len(RAMP) - interval2
    held = (since >= len(RAMP)) & (before_fall < 0)
    course: NDArray[Any] = shifted(RAMP, since) + held + shifted(RAMP[::-1], before_fall)
    return course


def radians(values: NDArray[Any], unit: str) -> NDArray[Any]:
    """Angles in radians, from degrees, radians, or the index of a direction, counted from 0 (unit "index of 8")."""
    if unit == "radian":
        return values
    if unit == "degree":
        in_radians: NDArray[Any] = np.deg2rad(values)
        return in_radians
    of: NDArray[Any] = 2 * np.pi * values / int(unit.split()[-1])
    return of


def unit_vectors(angle: NDArray[Any]) -> NDArray[Any]:
    """(condition, 2) cosine and sine; exactly 0 where they differ from 0 only by rounding.

    Otherwise an output that never moves would count as moving by 1e-16, and accuracy is relative to the movement.
    """
    vectors: NDArray[Any] = np.round(np.stack([np.cos(angle), np.sin(angle)], axis=-1), 12)
    return vectors


def minimum_jerk(angle: NDArray[Any], times_ms: NDArray[Any], duration_ms: float) -> NDArray[Any]:
    """Straight reaches of length 1 in these directions, (condition, time, 2): positions in x and y.

    After a share s of the duration, the hand has covered 10 s^3 - 15 s^4 + 6 s^5 of the distance (Flash and Hogan
    1985); then it stays.

    Args:
        angle: (condition,) directions in radians.
        times_ms: (time,) since the movement began.
        duration_ms: duration of the movement.
    """
    s = np.clip(times_ms / duration_ms, 0.0, 1.0)
    way = s**3 * (10 - 15 * s + 6 * s**2)
    path: NDArray[Any] = way[None, :, None] * unit_vectors(angle)[:, None, :]
    return path
