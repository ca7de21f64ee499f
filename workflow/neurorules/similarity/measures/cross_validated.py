"""Procrustes distance on conditions that the rotation was not fitted to.

Condition i belongs to fold i mod K, K = 9 or the number of conditions where there are fewer. For each fold f all
samples are taken less the means of the other conditions, and the rotation is fitted to the other conditions:
X_f^T Y_f = U S V^T, Q_f = U V^T over the singular values above rounding error (a partial isometry, so that numbers of
features may differ). With the held-out samples x_f, y_f the distance is

    arccos( sum_f tr(Q_f^T x_f^T y_f) / sqrt( sum_f ||x_f||_F^2 sum_f ||y_f||_F^2 ) ) / (pi/2), clipped to 0..1.

As for the Procrustes distance the angle is blind to one overall scale, so that none need be fitted. Were Q_f and the
means fitted to all conditions, this would be the Procrustes distance itself.
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
        x, y: (condition, time, feature) of the same conditions and times, any numbers of features.

    Raises:
        InputError: there are fewer than two conditions.
    """
    n_conditions = len(x)
    if n_conditions < 2:
        raise InputError(
            f"A cross-validated distance needs two conditions or more; there is {n_conditions}.",
            key="comparison.measures",
            value="cross_validated",
            remedy="Leave this measure out for this recording.",
        )
    n_folds = min(MOST_FOLDS, n_conditions)
    fold = np.arange(n_conditions) % n_folds
    overlap = square_x = square_y = 0.0
    for held_out in (fold == f for f in range(n_folds)):
        train_x, test_x = _centred(x, held_out)
        train_y, test_y = _centred(y, held_out)
        u, singular, vt = np.linalg.svd(train_x.T @ train_y, full_matrices=False)
        # Directions that the other conditions do not share have no rotation; LAPACK would make one up.
        shared = singular > singular[0] * max(x.shape[-1], y.shape[-1]) * np.finfo(np.float64).eps
        overlap += float(((test_x @ u[:, shared]) * (test_y @ vt[shared].T)).sum())
        square_x += float((test_x**2).sum())
        square_y += float((test_y**2).sum())
    if square_x == 0 or square_y == 0:
        return 1.0
    cosine = overlap / np.sqrt(square_x * square_y)
    return float(np.arccos(np.clip(cosine, 0.0, 1.0)) / (np.pi / 2))


def _centred(activity: NDArray[Any], held_out: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Samples of the other and of the held-out conditions, both less the mean of the other conditions."""
    # From the first sample on, so that a constant feature is exactly 0.
    activity = np.asarray(activity, np.float64) - activity[0, 0]
    train = activity[~held_out].reshape(-1, activity.shape[-1])
    test = activity[held_out].reshape(-1, activity.shape[-1])
    mean = train.mean(0)
    return train - mean, test - mean
