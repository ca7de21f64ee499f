"""Correction of p-values for multiple tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def holm(p: NDArray[Any]) -> NDArray[Any]:
    """P-values corrected by Holm (1979) for dependent or independent tests: below .05, at most 5% of families err.

    Args:
        p: (test,); NaN for a test without one, which does not count.

    Returns:
        (test,), NaN where p is NaN.
    """
    values = np.asarray(p, float)
    order = np.argsort(values)  # NaN comes last
    n_tests = int(np.isfinite(values).sum())
    corrected = np.full(len(values), np.nan)
    ranked = order[:n_tests]
    steps = values[ranked] * np.arange(n_tests, 0, -1)
    corrected[ranked] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected
