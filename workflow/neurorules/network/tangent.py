"""The network's tangent map along a trajectory, and its Lyapunov exponents.

    J_t = da_{t+1}/da_t = (1 - alpha) I + alpha W_h diag f'(a_t)

A basis of k orthonormal directions is propagated, M_t = J_t Q_t, and orthonormalised again after every step,
M_t = Q_{t+1} R_t. The means of log |R_t,ii| are the first k Lyapunov exponents (Vogt et al. 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError

if TYPE_CHECKING:
    import torch

    from neurorules.network.activations import Activation
    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters


def check_flossing(training: Mapping[str, Any], n_units: int) -> None:
    """Reject gradient flossing of more exponents than a network has.

    Args:
        training: all options of the group `training`.
        n_units: N.

    Raises:
        InputError: with the option as its key.
    """
    if training["flossing_iterations"] and training["flossing_exponents"] > n_units:
        raise InputError(
            f"A network of {n_units} units has only {n_units} Lyapunov exponents.",
            key="training.flossing_exponents",
            value=training["flossing_exponents"],
            remedy=f"Use {n_units} or fewer.",
        )


def states(weights: Parameters, activation: Activation, alpha: float, inputs: torch.Tensor) -> torch.Tensor:
    """Membrane states a_0..a_{T-1} without noise, (step, trial, unit); differentiable.

    Args:
        weights: the network's effective weights.
        activation: f.
        alpha: dt / tau.
        inputs: x_1..x_T, (step, trial, input).
    """
    import torch

    drives = inputs @ weights.input.mT + weights.bias
    state = weights.initial_state.expand(inputs.shape[1], -1)
    trajectory = [state]
    for drive in drives[:-1]:
        state = next_state(weights, activation, alpha, state, drive)
        trajectory.append(state)
    return torch.stack(trajectory)


def next_state(
    weights: Parameters, activation: Activation, alpha: float, state: torch.Tensor, drive: torch.Tensor
) -> torch.Tensor:
    """a_t from a_{t-1} and W_x x_t + b, for one step or many at once."""
    return (1.0 - alpha) * state + alpha * (activation.function(state) @ weights.recurrent.mT + drive)


def tangent_step(recurrent: torch.Tensor, slope: torch.Tensor, alpha: float, basis: torch.Tensor) -> torch.Tensor:
    """J_t Q.

    Args:
        recurrent: W_h.
        slope: f'(a_t), (..., unit).
        alpha: dt / tau.
        basis: Q, (..., unit, k).
    """
    return (1.0 - alpha) * basis + alpha * (recurrent @ (slope.unsqueeze(-1) * basis))


def log_stretch(triangle: torch.Tensor) -> torch.Tensor:
    """log |R_ii|, (..., k)."""
    return triangle.diagonal(dim1=-2, dim2=-1).abs().log()


def random_basis(n_trials: int, n_units: int, k: int, rng: torch.Generator) -> torch.Tensor:
    """Random orthonormal directions, (trial, unit, k) float64."""
    import torch

    basis: torch.Tensor = torch.linalg.qr(torch.randn(n_trials, n_units, k, dtype=torch.float64, generator=rng))[0]
    return basis


def propagate(
    step: Callable[[int, torch.Tensor], torch.Tensor], n_steps: int, basis: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Propagate a basis along a trajectory of any system, and orthonormalise it after every step.

    Args:
        step: J_t Q as a function of t and Q.
        n_steps: T; t = 0..T-1.
        basis: Q_0, (..., dimension, k) with orthonormal columns.

    Returns:
        log |R_t,ii|, (step, ..., k), and Q_T.
    """
    import torch

    logs = []
    for t in range(n_steps):
        basis, triangle = torch.linalg.qr(step(t, basis))
        logs.append(log_stretch(triangle))
    return torch.stack(logs), basis


def exponents_along(
    weights: Parameters, architecture: Architecture, inputs: torch.Tensor, basis: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Lyapunov exponents of a batch of trials, differentiable through states and bases.

    Args:
        weights: the network's effective weights, float64.
        architecture: activation and time constant.
        inputs: x_1..x_T, (step, trial, input).
        basis: (trial, unit, k), the initial basis.

    Returns:
        (k,) exponents per step, and the final basis, detached.
    """
    activation, alpha = architecture.activation, architecture.alpha
    slopes = activation.slope(states(weights, activation, alpha, inputs))
    logs, basis = propagate(lambda t, q: tangent_step(weights.recurrent, slopes[t], alpha, q), len(slopes), basis)
    return logs.mean((0, 1)), basis.detach()
