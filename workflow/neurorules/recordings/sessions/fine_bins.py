"""Conversion of fine bins around an event to the bins of a recording, with smoothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rates_of_bins(values: NDArray[Any], there: NDArray[Any], n_bins: int, pad: int, sd_bins: float) -> NDArray[Any]:
    """Means of Gaussian-smoothed fine bins over the bins of a recording.

    The Gaussian is truncated at the padding, 5 SD. If a trial ends within the padding, the kernel's weight is shared
    among the existing fine bins. Counting missing bins as silent would make rates fall towards the ends of trials.

    Args:
        values: (trial, fine bin) around the event, with `pad` of them before and after the window.
        there: (trial, fine bin) whether the bin was recorded.
        n_bins: number of the recording's bins in the window.
        pad: reach of the Gaussian in fine bins; 0 for no smoothing.
        sd_bins: SD of the Gaussian in fine bins.

    Returns:
        (trial, time); NaN in the complete trial if any fine bin of the window itself is missing.
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
    """Values smoothed with a Gaussian whose weight is shared among the existing bins.

    Args:
        values: (trial, bin), 0 in missing bins.
        there: (trial, bin) whether the bin exists; true except in the first and last `radius` bins.
        sd_bins: SD of the Gaussian.
        radius: reach of the Gaussian to either side, in bins.

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
