"""Distance by canonical correlation analysis (paper, Table 2).

Each representation is reduced to its first 20 principal components; the distance is 1 - the mean canonical correlation.
As in the published code, the variates are found with a ridge: 1e-3 is added to the diagonals of the components' X^T X
and Y^T Y (sums over samples, not covariances; in squared units of the activity). The correlations are those of these
variates, without the ridge. The ridge keeps components with almost no variance from counting in full: with singular
values s, component i has the weight s_i / sqrt(s_i^2 + 1e-3). Since it is an absolute number, the distance ignores
rotation and shift, but it ignores scale and invertible linear maps of the components only if s_i^2 is much larger than
1e-3. Components without variance are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.similarity.samples import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL = "CCA distance"

N_COMPONENTS = 20
RIDGE = 1e-3


def canonical_correlations(
    x: Samples, y: Samples, n_components: int = N_COMPONENTS, ridge: float = RIDGE
) -> NDArray[Any]:
    """Correlations of the canonical variates, one per component of the representation with fewer components.

    Args:
        x, y: the same samples, with any numbers of features.
        n_components: number of principal components of each.
        ridge: added to the components' sums of squares.
    """
    left_x, singular_x = x.components(n_components)
    left_y, singular_y = y.components(n_components)
    return correlations_of_components(left_x.T @ left_y, singular_x, singular_y, ridge)


def correlations_of_components(
    overlap: NDArray[Any], singular_x: NDArray[Any], singular_y: NDArray[Any], ridge: float = RIDGE
) -> NDArray[Any]:
    """Correlations of the canonical variates of given principal components, see `canonical_correlations`.

    Args:
        overlap: (component of x, component of y), inner products of their left singular vectors.
        singular_x, singular_y: (component,), singular values.
        ridge: added to the components' sums of squares.
    """
    weight_x = singular_x / np.sqrt(singular_x**2 + ridge)
    weight_y = singular_y / np.sqrt(singular_y**2 + ridge)
    # Principal components are orthogonal, so whitening with the ridge is one weight per component.
    to_x, shared, to_y = np.linalg.svd(
        weight_x[:, None] * overlap * weight_y,
        full_matrices=False,
    )
    norm_x = np.linalg.norm(weight_x[:, None] * to_x, axis=0)
    norm_y = np.linalg.norm(weight_y * to_y, axis=1)
    correlations: NDArray[Any] = shared / (norm_x * norm_y)
    return correlations


def distance(x: NDArray[Any], y: NDArray[Any]) -> float:
    """1 - mean canonical correlation, 0 to 1.

    Args:
        x, y: (condition, time, feature) or (sample, feature) of the same samples, any numbers of features.
    """
    return between(Samples(x), Samples(y))


def between(x: Samples, y: Samples) -> float:
    """`distance` of activities that are compared more than once."""
    correlations = canonical_correlations(x, y)
    return float(1.0 - correlations.mean()) if correlations.size else 1.0
