"""Dynamical similarity of systems with known inputs (Huang, Ostrow et al. 2026, InputDSA).

Plain dynamical similarity explains activity by recurrent dynamics alone. Two systems with the same dynamics and
different inputs, or the reverse, can then look different or alike. Here each system is fitted by dynamic mode
decomposition with control (Proctor, Brunton and Kutz 2016), in the leading directions z of its delay-embedded activity:

    z_{t+1} = A z_t + B u_{t+1}

u_{t+1} is the input that enters after time t, up to and including time t + 1. Two systems with the same inputs are
compared by their controllability matrices

    K = [B, A B, A^2 B, ..., A^rank B]

whose columns are the responses to a pulse of each input, 0, 1, 2, ... times later. The rotation C that brings K_2
closest to K_1 has a closed form (orthogonal Procrustes). The scores are angles in radians,
arccos(<X, Y> / (||X|| ||Y||)):

    input           between K_1 and C K_2, from 0 to pi/2
    input_state     between A_1 and C A_2 C^T, with this C, from 0 to pi
    input_control   between B_1 and C B_2, with this C, from 0 to pi

If a system can be driven into every direction by its inputs, K determines A and B up to a rotation, and `input` is 0
only for rotated copies. The last block, A^rank B, is needed for this: with one input, K without it leaves one
direction of A free. Directions that no input reaches do not count in `input`.

As in `dsa.py`, z has mean square 1 in every direction, so that invertible linear maps of the activity make no
difference, as long as they do not change which directions lead. Only activity is reduced to its leading directions,
never the inputs. Transitions from one condition to the next are not fitted.

Differences from the package dsa-metric 2.0.2 (InputDSA with DMDc), with which the tests compare every step:

- Its alignment uses the transpose of the best rotation, so its joint score of a system and a rotated copy is not 0. Its
  other two scores use the right one.
- Its K has powers up to rank - 1, and also those of A^T: [B, A B, A^T B, A^2 B, (A^T)^2 B, ...].
- Its DMDc of several conditions fits the steps from the end of one to the start of the next. Its coordinates are not
  scaled to equal variance, and it can cut inputs off with the directions of activity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.similarity.dsa import N_COMPONENTS, RIDGE, DelayDynamics

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCORES = ("input", "input_state", "input_control")
# An input varies if its range exceeds this share of its largest absolute value.
VARIES = 1e-6


def varying_inputs(inputs: NDArray[Any]) -> NDArray[Any]:
    """The inputs (condition, time, input) that differ between conditions or times, as float64.

    A constant input cannot be told apart from the mean of the activity.

    Raises:
        InputError: none varies.
    """
    inputs = np.asarray(inputs, np.float64)
    extent = np.ptp(inputs, axis=(0, 1)) if inputs.size else np.zeros(0)
    varying = extent > VARIES * np.abs(inputs).max(axis=(0, 1), initial=0.0)
    if not varying.any():
        raise InputError(
            "No input of the task differs between conditions or times of the compared window, so its effect on the "
            "activity cannot be estimated.",
            key="comparison.dsa_scores",
            value="input",
            remedy="Remove input from the task's dsa_scores, or compare a window in which inputs change.",
        )
    return inputs[..., varying]


class InputDynamics(DelayDynamics):
    """Linear dynamics of one system's delay-embedded activity, driven by its inputs.

    Args:
        activity: (condition, time, feature).
        inputs: (condition, time, input); those at a time enter after the previous time. See `varying_inputs`.
        n_delays: number of successive times in the embedding.
        n_components: directions that are embedded, see `DelayDynamics`.

    Raises:
        InputError: there are too few times for this number of delays.
    """

    def __init__(
        self, activity: NDArray[Any], inputs: NDArray[Any], n_delays: int, n_components: int = N_COMPONENTS
    ) -> None:
        super().__init__(activity, n_delays, n_components)
        if inputs.shape[:2] != activity.shape[:2]:
            raise ValueError(f"inputs {inputs.shape} and activity {activity.shape} differ in conditions or times")
        self._entering = np.asarray(inputs, np.float64)[:, n_delays:]
        self._operators: dict[int, tuple[NDArray[Any], NDArray[Any]]] = {}

    def operators(self, rank: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """A (rank, rank) and B (rank, input), float64. Directions that are not spanned are zeros, as in `matrix`."""
        if rank not in self._operators:
            n_inputs = self._entering.shape[-1]
            found = np.zeros((rank, rank)), np.zeros((rank, n_inputs))
            spanned = min(rank, self.n_dimensions)
            if spanned:
                coordinates = self._coordinates[..., :spanned]
                coordinates = coordinates * np.sqrt(coordinates.shape[0] * coordinates.shape[1])
                now, then = (part.reshape(-1, spanned) for part in (coordinates[:, :-1], coordinates[:, 1:]))
                a, b = fit_driven(now, self._entering.reshape(-1, n_inputs), then)
                found[0][:spanned, :spanned], found[1][:spanned] = a, b
            self._operators[rank] = found
        return self._operators[rank]


def fit_driven(now: NDArray[Any], inputs: NDArray[Any], then: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """A and B of then = now A^T + inputs B^T by least squares, from (sample, direction) and (sample, input).

    The ridge is relative to each regressor's mean square, so units make no difference.
    """
    regressors = np.concatenate([now, inputs], axis=1)
    scale = np.sqrt((regressors**2).mean(0))
    regressors = regressors / np.where(scale > 0, scale, 1.0)
    ridge = RIDGE * len(regressors) * np.eye(regressors.shape[1])
    found = np.linalg.solve(regressors.T @ regressors + ridge, regressors.T @ then)
    found = (found / np.where(scale > 0, scale, 1.0)[:, None]).T
    return found[:, : now.shape[1]], found[:, now.shape[1] :]


def controllability_matrix(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """K = [B, A B, ..., A^n B], (n, (n + 1) input), of A (n, n) and B (n, input)."""
    blocks = [b]
    for _ in range(len(a)):
        blocks.append(a @ blocks[-1])
    return np.concatenate(blocks, axis=1)


def best_rotation(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """The orthogonal C (n, n) for which ||X - C Y||_F is smallest, of X and Y (n, column)."""
    left, _, right = np.linalg.svd(x @ y.T)
    rotation: NDArray[Any] = left @ right
    return rotation


def angle(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Angle between two matrices in radians, pi/2 if one is zero."""
    norms = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(np.arccos(np.clip((x * y).sum() / norms, -1.0, 1.0))) if norms else float(np.pi / 2)


def operator_distances(x: tuple[NDArray[Any], NDArray[Any]], y: tuple[NDArray[Any], NDArray[Any]]) -> dict[str, float]:
    """SCORES between two pairs of A (n, n) and B (n, input), see the module."""
    k_x, k_y = controllability_matrix(*x), controllability_matrix(*y)
    rotation = best_rotation(k_x, k_y)
    return {
        "input": angle(k_x, rotation @ k_y),
        "input_state": angle(x[0], rotation @ y[0] @ rotation.T),
        "input_control": angle(x[1], rotation @ y[1]),
    }


def input_distances(x: InputDynamics, y: InputDynamics, rank: int) -> dict[str, float]:
    """SCORES between two systems with the same inputs and equal delays, see the module."""
    return operator_distances(x.operators(rank), y.operators(rank))
