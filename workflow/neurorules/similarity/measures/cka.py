"""Distance by linear centred kernel alignment (paper, Table 2; Kornblith et al. 2019).

1 - ||X^T Y||_F^2 / (||X^T X||_F ||Y^T Y||_F) of centred samples, without reduction to principal components.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.similarity.samples import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL = "CKA distance"


def distance(x: NDArray[Any], y: NDArray[Any]) -> float:
    """1 - linear CKA, 0 to 1.

    Args:
        x, y: (condition, time, feature) or (sample, feature) of the same samples, any numbers of features.
    """
    return between(Samples(x), Samples(y))


def between(x: Samples, y: Samples) -> float:
    """`distance` of activities that are compared more than once."""
    norms = np.linalg.norm(x.scatter) * np.linalg.norm(y.scatter)
    if norms == 0:
        return 1.0
    return float(1.0 - np.linalg.norm(x.cross(y)) ** 2 / norms)
