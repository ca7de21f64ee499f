"""The tangent map of the network along a trajectory, and the rates at which it stretches.

    J_t = da_{t+1}/da_t = (1 - alpha) I + alpha W_h diag f'(a_t)

A frame of k orthonormal directions is carried along, M_t = J_t Q_t, and made orthonormal again after every step,
M_t = Q_{t+1} R_t: the means of log |R_t,ii| are the first k Lyapunov exponents (Vogt et al. 2022).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from neurorules.network.activations import Activation
    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters


def states(weights: Parameters, activation: Activation, alpha: float, inputs: torch.Tensor) -> torch.Tensor:
    """Membrane states a_0..a_{T-1} without noise, (step, trial, unit); differentiable.

    Args:
        weights: as the network uses them.
        activation: f.
        alpha: dt / tau.
        inputs: x_1..x_T, (step, trial, input).
    """
    import torch

    driven = inputs @ weights.input.mT + weights.bias
    state = weights.initial_state.expand(inputs.shape[1], -1)
    passed = [state]
    for drive in driven[:-1]:
        state = next_state(weights, activation, alpha, state, drive)
        passed.append(state)
    return torch.stack(passed)


def next_state(
    weights: Parameters, activation: Activation, alpha: float, state: torch.Tensor, drive: torch.Tensor
) -> torch.Tensor:
    """a_t from a_{t-1} and W_x x_t + b; of one step, or of many at once."""
    return (1.0 - alpha) * state + alpha * (activation.function(state) @ weights.recurrent.mT + drive)


def stretch(recurrent: torch.Tensor, slope: torch.Tensor, alpha: float, frame: torch.Tensor) -> torch.Tensor:
    """J_t Q.

    Args:
        recurrent: W_h.
        slope: f'(a_t), (..., unit).
        alpha: dt / tau.
        frame: Q, (..., unit, k).
    """
    return (1.0 - alpha) * frame + alpha * (recurrent @ (slope.unsqueeze(-1) * frame))


def log_stretch(triangle: torch.Tensor) -> torch.Tensor:
    """log |R_ii|, (..., k)."""
    return triangle.diagonal(dim1=-2, dim2=-1).abs().log()


def random_frame(n_trials: int, n_units: int, k: int, rng: torch.Generator) -> torch.Tensor:
    """Orthonormal directions drawn at random, (trial, unit, k) float64."""
    import torch

    return torch.linalg.qr(torch.randn(n_trials, n_units, k, dtype=torch.float64, generator=rng))[0]


def walk(
    stretch_at: Callable[[int, torch.Tensor], torch.Tensor], n_steps: int, frame: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Carry a frame along a trajectory, of any system.

    Args:
        stretch_at: J_t Q as a function of t and Q.
        n_steps: T; t = 0..T-1.
        frame: Q_0, (..., dimension, k) with orthonormal columns.

    Returns:
        log |R_t,ii|, (step, ..., k), and Q_T.
    """
    import torch

    logs = []
    for t in range(n_steps):
        frame, triangle = torch.linalg.qr(stretch_at(t, frame))
        logs.append(log_stretch(triangle))
    return torch.stack(logs), frame


def exponents_along(
    weights: Parameters, architecture: Architecture, inputs: torch.Tensor, frame: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Exponents of a batch of trials, differentiable through states and frames.

    Args:
        weights: as the network uses them, float64.
        architecture: activation and time constant.
        inputs: x_1..x_T, (step, trial, input).
        frame: (trial, unit, k), where to begin.

    Returns:
        (k,) exponents per step, and the frame at the end, detached.
    """
    activation, alpha = architecture.activation, architecture.alpha
    slopes = activation.slope(states(weights, activation, alpha, inputs))
    logs, frame = walk(lambda t, q: stretch(weights.recurrent, slopes[t], alpha, q), len(slopes), frame)
    return logs.mean((0, 1)), frame.detach()
