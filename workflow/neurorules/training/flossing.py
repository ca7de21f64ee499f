"""Gradient flossing before training: the first k Lyapunov exponents are pushed towards 0 (Engelken 2024; the companion
paper's Appendix B).

    L = sum_{i <= k} lambda_i^2,   lambda_i = mean over steps and trials of log |R_t,ii|

Two variants. `full` differentiates through everything. `local` is the companion's: the state is detached before each
step and the frame after each re-orthogonalisation, so that only a step's own weights get gradient: those in J_t, and
those that lead from a_{t-1} to a_t.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.network.parameters import Parameters
from neurorules.network.tangent import exponents_along, log_stretch, next_state, random_frame, states, stretch

if TYPE_CHECKING:
    import torch

    from neurorules.network.architecture import Architecture
    from neurorules.tasks.base.task import Task


def floss(
    theta: Parameters, architecture: Architecture, task: Task, training: Mapping[str, Any], seed: int
) -> np.ndarray:
    """Pretrain one network, in place. Adam, as in training; everything but `theta` itself is float64.

    A frame that has been carried along a batch is the start of the next, so that it points where the network stretches
    most, and not anywhere.

    Args:
        theta: what is trained; of one network.
        architecture: of that network.
        task: its trials drive the network.
        training: `flossing_iterations`, `flossing_exponents`, `flossing_learning_rate`, `flossing_trials`,
            `flossing_local`.
        seed: of trials and the first frame.

    Returns:
        (iteration + 1, k) the exponents before every iteration and after the last, each of its own trials.

    Raises:
        InputError: an exponent is not finite.
    """
    import torch

    with torch.inference_mode(False), torch.enable_grad():
        trained = Parameters(theta.sizes, theta.flat.detach().double().cpu().clone())
        connectivity = architecture.connectivity.double()
        rng, frames = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        k, n_trials, iterations = (training[f"flossing_{key}"] for key in ("exponents", "trials", "iterations"))
        optimiser = torch.optim.Adam([trained.flat], lr=training["flossing_learning_rate"], foreach=False)
        exponents_of = local_exponents if training["flossing_local"] else exponents_along

        def inputs() -> torch.Tensor:
            return torch.as_tensor(task.batch(rng, n_trials).inputs).double()

        frame = random_frame(n_trials, theta.sizes.units, k, frames)
        with torch.no_grad():
            frame = exponents_along(connectivity.weights(trained), architecture, inputs(), frame)[1]
        history = []
        for iteration in range(iterations + 1):
            weights = Parameters(theta.sizes, connectivity.weights(trained).flat.detach().clone().requires_grad_())
            exponents, frame = exponents_of(weights, architecture, inputs(), frame)
            history.append(exponents.detach().numpy())
            if not np.isfinite(history[-1]).all():
                raise _not_finite(iteration, history[-1], training)
            if iteration < iterations:
                flossing_loss(exponents).backward()
                gradient = Parameters(theta.sizes, weights.flat.grad)
                connectivity.chain(trained, gradient)
                trained.flat.grad = gradient.flat
                optimiser.step()
    theta.flat.copy_(trained.flat)
    return np.stack(history)


def flossing_loss(exponents: torch.Tensor) -> torch.Tensor:
    """Sum of the squared exponents."""
    return exponents.square().sum()


def local_exponents(
    weights: Parameters, architecture: Architecture, inputs: torch.Tensor, frame: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same exponents, differentiable through each step's own weights alone.

    Since no step's gradient depends on another's, all steps are differentiated at once.

    Args and returns: as of `exponents_along`.
    """
    import torch

    activation, alpha = architecture.activation, architecture.alpha
    with torch.no_grad():
        passed = states(weights, activation, alpha, inputs)
        slopes = activation.slope(passed)
        frames = [frame]
        for slope in slopes:
            frames.append(torch.linalg.qr(stretch(weights.recurrent, slope, alpha, frames[-1]))[0])
    drive = inputs[:-1] @ weights.input.mT + weights.bias
    first = weights.initial_state.expand_as(passed[:1])
    own_states = torch.cat([first, next_state(weights, activation, alpha, passed[:-1], drive)])
    stretched = stretch(weights.recurrent, activation.slope(own_states), alpha, torch.stack(frames[:-1]))
    return log_stretch(torch.linalg.qr(stretched)[1]).mean((0, 1)), frames[-1]


def _not_finite(iteration: int, exponents: np.ndarray, training: Mapping[str, Any]) -> InputError:
    lost = np.isneginf(exponents).any()
    return InputError(
        f"Gradient flossing failed: a Lyapunov exponent is {'-infinity' if lost else 'not finite'} at iteration "
        f"{iteration} of {training['flossing_iterations']}.",
        key="training.flossing_exponents" if lost else "training.flossing_learning_rate",
        value=training["flossing_exponents" if lost else "flossing_learning_rate"],
        remedy="Silent units have no memory where tau_steps is 1: use a larger tau_steps, or fewer exponents."
        if lost
        else "Use a smaller learning rate for flossing, or a smaller gain.",
    )
