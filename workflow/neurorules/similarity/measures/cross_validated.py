"""Procrustes distance on held-out conditions.

Condition i belongs to fold i mod K, with K = 9 or the number of conditions if there are fewer. For each fold f, the
means of the other conditions are subtracted from all samples, and the rotation is fitted to the other conditions:
X_f^T Y_f = U S V^T, Q_f = U V^T over the singular values above rounding error (a partial isometry, so numbers of
features may differ). With the held-out samples x_f, y_f, the distance is

    arccos( sum_f tr(Q_f^T x_f^T y_f) / sqrt( sum_f ||x_f||_F^2 sum_f ||y_f||_F^2 ) ) / (pi/2), clipped to 0..1.

Like the Procrustes distance, the angle ignores the overall scale, so no scale has to be fitted. With Q_f and the means
fitted to all conditions, this would be the Procrustes distance itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL = "Cross-validated Procrustes distance"

MOST_FOLDS = 9


def distance(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Normalized angle on held-out conditions, 0 to 1.

    Args:
        x, y: (condition, time, feature) of the same conditions and times, with any numbers of features.

    Raises:
        InputError: there are fewer than two conditions.
    """
    n_conditions = len(x)
    if n_conditions < 2:
        raise InputError(
            f"A cross-validated distance needs at least two conditions; there is {n_conditions}.",
            key="comparison.measures",
            value="cross_validated",
            remedy="Leave this measure out for this recording.",
        )
    fold = np.arange(n_conditions) % min(MOST_FOLDS, n_conditions)
    x, y = _shifted(x), _shifted(y)
    # Sums over the conditions of each fold, so that each is computed once.
    parts = [
        (x[fold == f].reshape(-1, x.shape[-1]), y[fold == f].reshape(-1, y.shape[-1])) for f in range(fold.max() + 1)
    ]
    products = np.stack([of_x.T @ of_y for of_x, of_y in parts])
    sums = [(of_x.sum(0), of_y.sum(0)) for of_x, of_y in parts]
    squares = [(float((of_x**2).sum()), float((of_y**2).sum())) for of_x, of_y in parts]
    whole, total_x, total_y = products.sum(0), sum(of_x for of_x, _ in sums), sum(of_y for _, of_y in sums)
    overlap = square_x = square_y = 0.0
    for (of_x, _), product, (sum_x, sum_y), (held_x, held_y) in zip(parts, products, sums, squares, strict=True):
        n_held = len(of_x)
        n_others = x.shape[0] * x.shape[1] - n_held
        mean_x, mean_y = (total_x - sum_x) / n_others, (total_y - sum_y) / n_others
        others = whole - product - n_others * np.outer(mean_x, mean_y)
        u, singular, vt = np.linalg.svd(others, full_matrices=False)
        # Directions that the other conditions do not share have no defined rotation; LAPACK would return an arbitrary
        # one.
        shared = singular > singular[0] * max(x.shape[-1], y.shape[-1]) * np.finfo(np.float64).eps
        # Held-out samples minus the means of the others.
        held = product - np.outer(sum_x, mean_y) - np.outer(mean_x, sum_y) + n_held * np.outer(mean_x, mean_y)
        overlap += float(((held.T @ u[:, shared]) * vt[shared].T).sum())
        square_x += held_x - 2.0 * float(sum_x @ mean_x) + n_held * float(mean_x @ mean_x)
        square_y += held_y - 2.0 * float(sum_y @ mean_y) + n_held * float(mean_y @ mean_y)
    if square_x == 0 or square_y == 0:
        return 1.0
    cosine = overlap / np.sqrt(square_x * square_y)
    return float(np.arccos(np.clip(cosine, 0.0, 1.0)) / (np.pi / 2))


def _shifted(activity: NDArray[Any]) -> NDArray[Any]:
    """Float64 activity minus the first sample, so that constant features are exactly 0, and its mean, for accuracy."""
    activity = np.asarray(activity, np.float64) - activity[0, 0]
    activity -= activity.mean((0, 1))
    return activity
