"""Gradient flossing before training: the first k Lyapunov exponents are pushed towards 0 (Engelken 2024; the companion
paper's Appendix B).

    L = sum_{i <= k} lambda_i^2,   lambda_i = mean over steps and trials of log |R_t,ii|

There are two variants. `full` differentiates through everything. `local` is the companion's: it detaches the state
before each step, and the basis after each orthonormalisation. So a step's exponent depends only on that step's own use
of the weights: in J_t, and in the step from a_{t-1} to a_t.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.network.parameters import Parameters
from neurorules.network.tangent import exponents_along, log_stretch, next_state, random_basis, states, tangent_step
from neurorules.training.optimiser import Adam

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from neurorules.network.architecture import Architecture
    from neurorules.options import Options
    from neurorules.tasks.base.task import Task


def floss(theta: Parameters, architecture: Architecture, task: Task, training: Options, seed: int) -> NDArray[Any]:
    """Pretrain one network in place, with Adam and in float64 (`theta` keeps its own dtype).

    The basis after one batch is the initial basis of the next, so that it stays aligned with the fastest-growing
    directions.

    Args:
        theta: the trained parameters of a single network.
        architecture: the network's architecture.
        task: its trials drive the network.
        training: `flossing_iterations`, `flossing_exponents`, `flossing_learning_rate`, `flossing_trials`,
            `flossing_local`.
        seed: seed of the trials and of the first basis.

    Returns:
        (iteration + 1, k) exponents per step, before each iteration and after the last, each from different trials.

    Raises:
        InputError: an exponent is not finite.
    """
    import torch

    with torch.inference_mode(False), torch.enable_grad():
        trained = Parameters(theta.sizes, theta.flat.detach().double().cpu().clone())
        connectivity = architecture.connectivity.double()
        rng, basis_rng = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        k, n_trials = training.flossing_exponents, training.flossing_trials
        iterations = training.flossing_iterations
        optimiser = Adam(trained.flat, training.flossing_learning_rate)
        differentiable_exponents = local_exponents if training.flossing_local else exponents_along

        def inputs() -> torch.Tensor:
            return torch.as_tensor(task.batch(rng, n_trials).inputs).double()

        basis = random_basis(n_trials, theta.sizes.units, k, basis_rng)
        with torch.no_grad():
            basis = exponents_along(connectivity.weights(trained), architecture, inputs(), basis)[1]
        history = []
        for iteration in range(iterations + 1):
            weights = Parameters(theta.sizes, connectivity.weights(trained).flat.detach().clone().requires_grad_())
            exponents, basis = differentiable_exponents(weights, architecture, inputs(), basis)
            history.append(exponents.detach().numpy())
            if not np.isfinite(history[-1]).all():
                raise _not_finite(iteration, history[-1], training)
            if iteration < iterations:
                torch.autograd.backward(flossing_loss(exponents))
                gradient = Parameters(theta.sizes, weights.flat.grad)
                connectivity.to_theta_gradient(trained, gradient)
                optimiser.step(gradient.flat)
    theta.flat.copy_(trained.flat)
    return np.stack(history)


def flossing_loss(exponents: torch.Tensor) -> torch.Tensor:
    """Sum of the squared exponents."""
    return exponents.square().sum()


def local_exponents(
    weights: Parameters, architecture: Architecture, inputs: torch.Tensor, basis: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same exponents, differentiable only through each step's own use of the weights.

    No step's gradient depends on another's, so all steps are differentiated at once. For arguments and return values,
    see `exponents_along`.
    """
    import torch

    activation, alpha = architecture.activation, architecture.alpha
    with torch.no_grad():
        trajectory = states(weights, activation, alpha, inputs)
        slopes = activation.slope(trajectory)
        bases = [basis]
        for slope in slopes:
            bases.append(torch.linalg.qr(tangent_step(weights.recurrent, slope, alpha, bases[-1]))[0])
    drive = inputs[:-1] @ weights.input.mT + weights.bias
    first = weights.initial_state.expand_as(trajectory[:1])
    own_states = torch.cat([first, next_state(weights, activation, alpha, trajectory[:-1], drive)])
    stepped = tangent_step(weights.recurrent, activation.slope(own_states), alpha, torch.stack(bases[:-1]))
    return log_stretch(torch.linalg.qr(stepped)[1]).mean((0, 1)), bases[-1]


def _not_finite(iteration: int, exponents: NDArray[Any], training: Options) -> InputError:
    lost = np.isneginf(exponents).any()
    option = "flossing_exponents" if lost else "flossing_learning_rate"
    return InputError(
        f"Gradient flossing failed: a Lyapunov exponent is {'-infinity' if lost else 'not finite'} at iteration "
        f"{iteration} of {training.flossing_iterations}.",
        key=f"training.{option}",
        value=training[option],
        remedy="Silent units have no memory when tau_steps is 1: use a larger tau_steps, or fewer exponents."
        if lost
        else "Use a smaller learning rate for flossing, or a smaller gain.",
    )
