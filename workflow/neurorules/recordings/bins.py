"""The bins of a Recording: evenly spaced, with times that are their starts or their middles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

EDGE, MIDDLE = "edge", "middle"  # values of a recording's attribute time_in_bin
EVEN = 0.01  # of a bin: how far rounding may have shifted a time
WHOLE = 0.1  # of a bin: how far times may be from whole bins before and after 0


def bin_width_ms(time_ms: NDArray[Any]) -> float:
    """The mean step of two or more times, in ms."""
    return float(np.diff(time_ms).mean())


def uneven_bin(time_ms: NDArray[Any]) -> int | None:
    """Index of the time that deviates most from even spacing; None if all times are evenly spaced.

    Times are compared with evenly spaced ones from the first to the last time, so that small differences cannot add up
    over many bins.

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
    """Position of the times in their bins: "edge" (the start, or the instant of a sampled rate) or "middle".

    The recording's attribute `time_in_bin` gives it. Without the attribute, times that are half a bin away from whole
    bins are middles, and all others are edges.
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
    """(time,) starts of a recording's bins, in ms: its times, less half a bin if they are middles."""
    time_ms: NDArray[Any] = recording["time"].values
    if time_in_bin(recording) == EDGE:
        return time_ms
    width = bin_width_ms(time_ms) if len(time_ms) > 1 else float(recording.attrs["bin_width_ms"])
    return time_ms - width / 2
