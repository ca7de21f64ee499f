"""The smallest angle between two linear maps over rotations of one of them, by gradient descent (Ostrow et al. 2024).

For maps of norm 1, <A, C B C^T> is largest where L = ||A - C B C^T||_F^2 is smallest. As in the package dsa-metric, the
orthogonal C is the Cayley transform of a skew-symmetric matrix, the output of a small network:

    H_1 = tanh(X W_1^T),  H_2 = tanh(H_1 W_2^T),  Z = H_2 W_3^T,  S = Z - Z^T,  C = (I + S)^-1 (I - S)

Adam optimises X, which starts as the identity, and W_1..W_3, which start at random. A Cayley transform has determinant
1. For rotations with a reflection, it is run again with two directions of B exchanged; the lower result counts.
Gradients are written out here and all descents run in parallel: separate calls would take longer than the work itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEARNING_RATE, BETAS, EPSILON = 5e-3, (0.9, 0.999), 1e-8  # Adam; all but the first as published (Kingma & Ba 2015)


def smallest_angles(
    pairs: Sequence[tuple[NDArray[Any], NDArray[Any]]], restarts: int, seed: int, iterations: int
) -> NDArray[Any]:
    """Angles (pair,) in radians, pi/2 if a map is zero.

    Args:
        pairs: maps A and B, (n, n), all of the same size.
        restarts: descents per pair, each from different random weights; the smallest angle counts. The weights are the
            same for all pairs.
        seed: of these weights.
        iterations: steps of each descent.
    """
    n = len(pairs[0][0])
    flipped = np.arange(n)
    flipped[:2] = flipped[:2][::-1]
    a, b = (np.stack([_unit(pair[side]) for pair in pairs]) for side in (0, 1))
    both = np.stack([b, b[:, flipped][..., flipped]], 1)  # (pair, reflection, n, n)
    rng = np.random.default_rng(seed)
    weights = rng.uniform(-1.0, 1.0, (restarts, 2, 3, n, n)) / np.sqrt(n)
    shape = (len(pairs), restarts, 2, n, n)
    targets = np.broadcast_to(a[:, None, None], shape).reshape(-1, n, n).astype(np.float32)
    turned = np.broadcast_to(both[:, None], shape).reshape(-1, n, n).astype(np.float32)
    start = np.empty((*shape[:3], 4, n, n), np.float32)
    start[..., 0, :, :] = np.eye(n)
    start[..., 1:, :, :] = weights
    losses, rotations = descend(targets, turned, start.reshape(-1, 4, n, n), iterations)
    overlap = np.einsum("kij,kij->k", targets, rotations @ turned @ rotations.swapaxes(1, 2), dtype=np.float64)
    ends = np.argmin(losses.reshape(*shape[:2], 2), axis=-1)
    cosines = np.take_along_axis(overlap.reshape(*shape[:2], 2), ends[..., None], -1)[..., 0]
    angles: NDArray[Any] = np.arccos(np.clip(cosines, -1.0, 1.0)).min(1)
    angles[[not (one.any() and other.any()) for one, other in pairs]] = np.pi / 2
    return angles


def descend(
    a: NDArray[Any], b: NDArray[Any], start: NDArray[Any], iterations: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Many descents in parallel, in the dtype of `start`.

    Args:
        a, b: (descent, n, n) maps of norm 1.
        start: (descent, 4, n, n): X, W_1, W_2, W_3.
        iterations: steps.

    Returns:
        Losses (descent,) and rotations (descent, n, n) after the last step.
    """
    parameters = start.copy()
    mean, square = np.zeros_like(start), np.zeros_like(start)
    for step in range(1, iterations + 1):
        slope = gradient(a, b, parameters)
        mean += (1 - BETAS[0]) * (slope - mean)
        slope *= slope
        square += (1 - BETAS[1]) * (slope - square)
        np.sqrt(square, out=slope)
        slope *= 1 / np.sqrt(1 - BETAS[1] ** step)
        slope += EPSILON
        np.divide(mean, slope, out=slope)
        slope *= LEARNING_RATE / (1 - BETAS[0] ** step)
        parameters -= slope
    rotations = _forward(parameters)[0]
    rest = a - rotations @ b @ rotations.swapaxes(1, 2)
    return (rest**2).sum((1, 2)), rotations


def _forward(parameters: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """C, (I + S)^-1, H_1, H_2."""
    x, *weights = (parameters[:, k] for k in range(4))
    w_1, w_2, w_3 = (of.swapaxes(1, 2) for of in weights)
    h_1 = np.tanh(x @ w_1)
    h_2 = np.tanh(h_1 @ w_2)
    z = h_2 @ w_3
    identity = np.eye(x.shape[-1], dtype=x.dtype)
    inverse = np.linalg.inv(identity + z - z.swapaxes(1, 2))
    return 2 * inverse - identity, inverse, h_1, h_2


def gradient(a: NDArray[Any], b: NDArray[Any], parameters: NDArray[Any]) -> NDArray[Any]:
    """dL/d(X, W_1, W_2, W_3), (descent, 4, n, n); arguments as for `descend`."""
    c, inverse, h_1, h_2 = _forward(parameters)
    x, w_1, w_2, w_3 = (parameters[:, k] for k in range(4))
    moved = c @ b
    error = 2 * (moved @ c.swapaxes(1, 2) - a)
    of_c = error @ c @ b.swapaxes(1, 2) + error.swapaxes(1, 2) @ moved
    # C + I = 2 (I + S)^-1, so dC = -2 (I + S)^-1 dS (I + S)^-1.
    of_s = -2 * (inverse.swapaxes(1, 2) @ of_c @ inverse.swapaxes(1, 2))
    of_z = of_s - of_s.swapaxes(1, 2)
    out = np.empty_like(parameters)
    out[:, 3] = of_z.swapaxes(1, 2) @ h_2
    of_h_2 = (of_z @ w_3) * (1 - h_2**2)
    out[:, 2] = of_h_2.swapaxes(1, 2) @ h_1
    of_h_1 = (of_h_2 @ w_2) * (1 - h_1**2)
    out[:, 1] = of_h_1.swapaxes(1, 2) @ x
    out[:, 0] = of_h_1 @ w_1
    return out


def _unit(matrix: NDArray[Any]) -> NDArray[Any]:
    """The matrix divided by its Frobenius norm."""
    norm = np.linalg.norm(matrix)
    unit: NDArray[Any] = matrix / norm if norm else matrix
    return unit
