"""UMAP of distances: groups come out apart, and the same bytes every time."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from neurorules.dynamics.embedding import classical_scaling, umap_embedding


def distances_between(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def two_groups(size: int) -> np.ndarray:
    """Distances between two tight groups, far from each other."""
    points = np.random.default_rng(0).standard_normal((2 * size, 5))
    points[size:] += 100.0
    return distances_between(points)


EMBED = """
import hashlib, sys, numpy as np
from neurorules.dynamics.embedding import umap_embedding
points = np.random.default_rng(0).standard_normal((24, 5))
points[12:] += 100.0
distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
print(hashlib.sha256(umap_embedding(distances).tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_groups_come_out_apart_and_bytes_repeat_in_another_process() -> None:
    embedded = umap_embedding(two_groups(12))
    assert embedded.shape == (24, 2) and np.isfinite(embedded).all()
    between = distances_between(embedded)
    assert between[:12, 12:].min() > between[:12, :12].max()
    assert between[:12, 12:].min() > between[12:, 12:].max()
    other = subprocess.run([sys.executable, "-c", EMBED], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == hashlib.sha256(embedded.tobytes()).hexdigest()
    assert other.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 6, 9])
def test_few_points(n: int) -> None:
    embedded = umap_embedding(distances_between(np.random.default_rng(n).standard_normal((n, 3))))
    assert embedded.shape == (n, 2) and np.isfinite(embedded).all()


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_very_few_points_keep_their_distances(n: int) -> None:
    points = np.random.default_rng(n).standard_normal((n, 2))
    np.testing.assert_allclose(distances_between(umap_embedding(distances_between(points))), distances_between(points))


def test_classical_scaling_of_a_rectangle() -> None:
    corners = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [0.0, 2.0]])
    np.testing.assert_allclose(np.abs(classical_scaling(distances_between(corners))), [[2.0, 1.0]] * 4, atol=1e-9)


def test_refuses_what_is_no_distance_matrix() -> None:
    with pytest.raises(ValueError, match="square"):
        umap_embedding(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="finite"):
        umap_embedding(np.full((3, 3), np.nan))
