"""Procrustes distance, closed form.

netrep's LinearMetric(alpha=1, center_columns=True) gives the angle arccos(||H^T R||_* / (||H||_F ||R||_F)) between two
representations with centred columns. All published distances are this angle divided by pi/2, between 0 (equal up to
rotation, shift and scale) and 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def as_samples(activity: NDArray[Any]) -> NDArray[Any]:
    """Flatten (condition, time, feature) to (condition x time, feature) in float64, columns centred."""
    samples: NDArray[Any] = np.asarray(activity, np.float64).reshape(-1, activity.shape[-1])
    # Subtract the first sample first: a constant column becomes exactly 0. Subtracting its mean could leave rounding.
    samples = samples - samples[0]
    samples -= samples.mean(0)
    return samples


def distance_from_cross_product(cross_product: NDArray[Any], norm_x: float, norm_y: float) -> float:
    """Normalized Procrustes distance from X^T Y and the Frobenius norms of centred X and Y.

    A representation without variance has no shape; its distance to everything is 1.
    """
    if norm_x == 0 or norm_y == 0:
        return 1.0
    nuclear = np.linalg.svd(cross_product, compute_uv=False).sum()
    return float(np.arccos(np.clip(nuclear / (norm_x * norm_y), -1.0, 1.0)) / (np.pi / 2))


def procrustes_distance(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Normalized angular Procrustes distance, 0 to 1.

    Args:
        x: (condition, time, feature) or (sample, feature).
        y: the same samples, any number of features.

    Raises:
        ValueError: the numbers of samples differ.
    """
    x, y = as_samples(x), as_samples(y)
    if len(x) != len(y):
        raise ValueError(f"Different numbers of samples, {len(x)} and {len(y)}: conditions and times must match")
    return distance_from_cross_product(x.T @ y, float(np.linalg.norm(x)), float(np.linalg.norm(y)))
