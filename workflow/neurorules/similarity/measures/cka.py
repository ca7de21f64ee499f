"""Distance by linear centred kernel alignment (paper, Table 2; Kornblith et al. 2019).

1 - ||X^T Y||_F^2 / (||X^T X||_F ||Y^T Y||_F) of centred samples, without principal components before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.similarity.procrustes import as_samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL = "CKA distance"


def distance(x: NDArray[Any], y: NDArray[Any]) -> float:
    """1 - linear CKA, 0 to 1.

    Args:
        x, y: (condition, time, feature) or (sample, feature) of the same samples, any numbers of features.
    """
    x, y = as_samples(x), as_samples(y)
    norms = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    if norms == 0:
        return 1.0
    return float(1.0 - np.linalg.norm(x.T @ y) ** 2 / norms)
