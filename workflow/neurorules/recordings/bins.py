"""The bins of a Recording: evenly spaced, and named by the times at which they start or by their middles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

EDGE, MIDDLE = "edge", "middle"  # values of a recording's attribute time_in_bin
EVEN = 0.01  # of a bin: how far rounding may have moved a time
WHOLE = 0.1  # of a bin: how far times may be from whole bins before and after 0


def bin_width_ms(time_ms: NDArray[Any]) -> float:
    """The mean step of two or more times, in ms."""
    return float(np.diff(time_ms).mean())


def uneven_bin(time_ms: NDArray[Any]) -> int | None:
    """Index of the time that is farthest from evenly spaced ones; None if all are even.

    Times are compared with those that are evenly spaced from the first to the last, so that small differences cannot
    add up over many bins.

    Args:
        time_ms: (time,) finite, two or more.
    """
    even = np.linspace(time_ms[0], time_ms[-1], len(time_ms))
    farthest = int(np.argmax(np.abs(time_ms - even)))
    width = (time_ms[-1] - time_ms[0]) / (len(time_ms) - 1)
    if width <= 0:
        return 1
    return farthest if abs(time_ms[farthest] - even[farthest]) > EVEN * width else None


def time_in_bin(recording: xr.Dataset) -> str:
    """Where in its bin a time lies: "edge" (its start, or the instant of a sampled rate) or "middle".

    It is the recording's attribute `time_in_bin`. Without it, times that are half a bin off whole bins are middles,
    and all others are edges.
    """
    stated = recording.attrs.get("time_in_bin")
    if stated is not None:
        return str(stated)
    time_ms = recording["time"].values
    if len(time_ms) < 2:
        return EDGE
    bins = time_ms[0] / bin_width_ms(time_ms)
    return MIDDLE if abs(bins - np.floor(bins) - 0.5) <= WHOLE else EDGE


def bin_starts(recording: xr.Dataset) -> NDArray[Any]:
    """(time,) when the bins of a recording start, in ms: its times, less half a bin where they are middles."""
    time_ms: NDArray[Any] = recording["time"].values
    if time_in_bin(recording) == EDGE:
        return time_ms
    width = bin_width_ms(time_ms) if len(time_ms) > 1 else float(recording.attrs["bin_width_ms"])
    return time_ms - width / 2
