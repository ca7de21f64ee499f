"""Gradient flossing before training: the first k Lyapunov exponents are pushed towards 0 (Engelken 2024; the companion
paper's Appendix B).

    L = sum_{i <= k} lambda_i^2,   lambda_i = mean over steps and trials of log |R_t,ii|

There are two variants. `full` differentiates through everything. `local` is the companion's: it detaches the state
before each step, and the basis after each orthonormalisation. So a step's exponent depends only on that step's own use
of the weights: in J_t, and in the step from a_{t-1} to a_t. That gradient can be written out, see `compiled_flossing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.network.parameters import Parameters
from neurorules.network.tangent import exponents_along, random_basis
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

    from neurorules.training.compiled_flossing import LocalFlossing  # it loads the compiler

    with torch.inference_mode(False), torch.no_grad():
        trained = Parameters(theta.sizes, theta.flat.detach().double().cpu().clone())
        connectivity = architecture.connectivity.double()
        rng, basis_rng = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        k, n_trials = training.flossing_exponents, training.flossing_trials
        iterations = training.flossing_iterations
        optimiser = Adam(trained.flat, training.flossing_learning_rate)

        def inputs() -> torch.Tensor:
            return torch.as_tensor(task.batch(rng, n_trials).inputs).double()

        batch, weights = inputs(), connectivity.weights(trained)
        flossing: LocalFlossing | FullFlossing
        if training.flossing_local:
            flossing = LocalFlossing(weights, architecture, len(batch), n_trials, k)
        else:
            flossing = FullFlossing(weights, architecture)
        basis = flossing(batch, random_basis(n_trials, theta.sizes.units, k, basis_rng))[1]
        history = []
        for iteration in range(iterations + 1):
            connectivity.weights(trained, weights)
            exponents, basis, gradient = flossing(inputs(), basis)
            history.append(exponents)
            if not np.isfinite(exponents).all():
                raise _not_finite(iteration, exponents, training)
            if iteration < iterations:
                connectivity.to_theta_gradient(trained, Parameters(theta.sizes, gradient))
                optimiser.step(gradient)
    theta.flat.copy_(trained.flat)
    return np.stack(history)


class FullFlossing:
    """The loss of full flossing, by automatic differentiation. For arguments and return values, see `LocalFlossing`."""

    def __init__(self, weights: Parameters, architecture: Architecture) -> None:
        self.weights, self.architecture = weights, architecture

    def __call__(self, inputs: torch.Tensor, basis: torch.Tensor) -> tuple[NDArray[Any], torch.Tensor, torch.Tensor]:
        import torch

        with torch.enable_grad():
            flat = self.weights.flat.detach().clone().requires_grad_()
            weights = Parameters(self.weights.sizes, flat)
            exponents, basis = exponents_along(weights, self.architecture, inputs, basis)
            torch.autograd.backward(exponents.square().sum())
        assert flat.grad is not None
        return exponents.detach().numpy(), basis, flat.grad


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
