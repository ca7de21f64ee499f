"""From fine bins around an event to the bins of a recording, smoothed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rates_of_bins(values: NDArray[Any], there: NDArray[Any], n_bins: int, pad: int, sd_bins: float) -> NDArray[Any]:
    """Means over the bins of a recording of fine bins under a Gaussian.

    The Gaussian is cut at the padding, 5 SD. Where a trial ends within the padding, the kernel's weight is shared among
    the fine bins that there are: to take missing bins for silent ones would let rates fall towards the ends of trials.

    Args:
        values: (trial, fine bin) around the event, with `pad` of them before and after the window.
        there: (trial, fine bin) whether it was recorded.
        n_bins: of the recording in the window.
        pad: how far the Gaussian reaches, fine bins; 0 for none.
        sd_bins: its SD, fine bins.

    Returns:
        (trial, time); NaN in all of a trial where a fine bin of the window itself is not there.
    """
    inside = slice(pad, values.shape[1] - pad)
    covered = there[:, inside].all(axis=1)
    rates = np.full((len(values), n_bins), np.nan)
    if covered.any():
        fine = np.where(there, values, 0.0)[covered]
        if pad:
            fine = _smoothed(fine, there[covered], sd_bins, pad)
        rates[covered] = fine.reshape(len(fine), n_bins, -1).mean(axis=2)
    return rates


def _smoothed(values: NDArray[Any], there: NDArray[Any], sd_bins: float, radius: int) -> NDArray[Any]:
    """Values under a Gaussian whose weight is shared among the bins that are there.

    Args:
        values: (trial, bin), 0 where a bin is not there.
        there: (trial, bin), true in all but the first and last `radius` bins.
        sd_bins: SD of the Gaussian.
        radius: how many bins it reaches to either side.

    Returns:
        (trial, bin) without the first and last `radius` bins.
    """
    from scipy.ndimage import correlate1d

    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sd_bins) ** 2)
    kernel /= kernel.sum()
    inside = slice(radius, values.shape[1] - radius)
    result: NDArray[Any] = correlate1d(values, kernel, axis=1, mode="constant")[:, inside]
    gaps = ~there.all(axis=1)
    if gaps.any():
        result[gaps] /= correlate1d(there[gaps].astype(np.float64), kernel, axis=1, mode="constant")[:, inside]
    return result
