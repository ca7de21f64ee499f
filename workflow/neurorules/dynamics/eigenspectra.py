"""Eigenvalues of recurrent weights, and the distance between two spectra (Figure 8A)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def eigenvalues(weights: NDArray[Any]) -> NDArray[Any]:
    """Eigenvalues of a matrix (unit, unit), complex (unit,), sorted by real part, then by imaginary part."""
    return np.sort_complex(np.linalg.eigvals(np.asarray(weights, np.float64)))


def spectral_radius(spectrum: NDArray[Any]) -> float:
    """The largest absolute value of some eigenvalues."""
    return float(np.abs(spectrum).max())


def spectrum_distance(a: NDArray[Any], b: NDArray[Any]) -> float:
    """1-Wasserstein distance between two spectra in the complex plane, in units of the eigenvalues.

    Eigenvalues have no order: they are paired one to one to minimise the mean distance |a_i - b_j|.

    Args:
        a, b: complex (unit,), of the same length.

    Raises:
        ValueError: the numbers of eigenvalues differ.
    """
    from scipy.optimize import linear_sum_assignment

    if len(a) != len(b):
        raise ValueError(
            f"Different numbers of eigenvalues, {len(a)} and {len(b)}: the networks must have the same number of units"
        )
    distances = np.abs(np.asarray(a)[:, None] - np.asarray(b)[None, :])
    return float(distances[linear_sum_assignment(distances)].mean())
