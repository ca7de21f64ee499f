"""Embedding of networks in a plane by their pairwise distances (Figure 6)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# With fewer points, UMAP's neighbourhood graph is complete and its spectral initialisation has too few eigenvectors.
FEWEST_FOR_UMAP = 5
NEIGHBOURS = 15  # umap-learn's default


def umap_embedding(distances: NDArray[Any], seed: int = 0) -> NDArray[Any]:
    """UMAP of a distance matrix, or classical multidimensional scaling of fewer than five points.

    Args:
        distances: (n, n), symmetric, 0 on the diagonal.
        seed: for UMAP's random numbers. The same seed gives the same bytes.

    Returns:
        Points (n, 2), in arbitrary units. UMAP preserves neighbours; large distances mean little.

    Raises:
        ValueError: not a square matrix of finite numbers.
    """
    distances = np.asarray(distances, np.float64)
    if distances.ndim != 2 or distances.shape[0] != distances.shape[1] or not np.isfinite(distances).all():
        raise ValueError(f"distances must be a square matrix of finite numbers, not {distances.shape}")
    n = len(distances)
    if n < FEWEST_FOR_UMAP:
        return classical_scaling(distances)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about no inverse transform, and one thread because of the seed
        import umap

        keep_compiled()
        reducer = umap.UMAP(
            n_neighbors=min(NEIGHBOURS, n - 1), metric="precomputed", random_state=seed, n_jobs=1, verbose=False
        )
        return np.asarray(reducer.fit_transform(distances), np.float64)


def keep_compiled() -> None:
    """Let numba cache its compilation of umap-learn, which takes 15 seconds, for later processes."""
    from umap import umap_

    for name in ("fast_knn_indices", "smooth_knn_dist", "compute_membership_strengths"):
        getattr(umap_, name).enable_caching()


def classical_scaling(distances: NDArray[Any]) -> NDArray[Any]:
    """Classical multidimensional scaling (Torgerson 1952) of an (n, n) matrix to (n, 2)."""
    n = len(distances)
    centring = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-0.5 * centring @ distances**2 @ centring)
    points = np.zeros((n, 2))
    for axis, i in enumerate(np.argsort(values)[::-1][:2]):
        vector = vectors[:, i] * np.sign(vectors[np.argmax(np.abs(vectors[:, i])), i])  # the sign is arbitrary
        points[:, axis] = vector * np.sqrt(max(values[i], 0.0))
    return points
