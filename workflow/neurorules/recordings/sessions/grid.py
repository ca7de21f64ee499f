"""The bins around an event, and the kernel for smoothing spikes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

KERNEL_SD = 5.0  # the Gaussian is truncated at this many SD; the rest weighs less than 1e-6
WHOLE = 1e-6  # of a bin: how far rounding may have shifted a time off a bin's edge


@dataclass(frozen=True)
class Grid:
    """Bins of equal width around an event.

    Attributes:
        start_ms, stop_ms: window, relative to the event; whole bins apart.
        bin_ms: width of a bin.
        smooth_sd_ms: SD of the Gaussian for smoothing rates; 0 for none.
    """

    start_ms: float
    stop_ms: float
    bin_ms: float
    smooth_sd_ms: float = 0.0

    def __post_init__(self) -> None:
        if not self.bin_ms > 0:
            raise InputError("The bin width must be above 0.", key="bin_ms", value=self.bin_ms, remedy="Try 10.")
        bins = (self.stop_ms - self.start_ms) / self.bin_ms
        if not (bins > 1 - WHOLE and abs(bins - round(bins)) < WHOLE):
            raise InputError(
                "The window's length is not a whole number of bins.",
                key="window_ms",
                value=[self.start_ms, self.stop_ms],
                remedy=f"Its length must be a multiple of bin_ms, {self.bin_ms:g}.",
            )
        if not self.smooth_sd_ms >= 0:
            raise InputError(
                "A standard deviation cannot be negative.",
                key="smooth_sd_ms",
                value=self.smooth_sd_ms,
                remedy="Use 0 for no smoothing.",
            )

    @cached_property
    def n_bins(self) -> int:
        return round((self.stop_ms - self.start_ms) / self.bin_ms)

    @cached_property
    def starts_ms(self) -> NDArray[Any]:
        """(time,) starts of the bins, ms."""
        starts: NDArray[Any] = self.start_ms + self.bin_ms * np.arange(self.n_bins)
        return starts

    @property
    def pad_ms(self) -> float:
        """Time read before and after the window, so that smoothing has no edge effect, ms."""
        return KERNEL_SD * self.smooth_sd_ms
