"""Gradients by automatic differentiation, for networks of any architecture.

A learning rule is given by two things: the learning signal l_t = dL/dv_t through the readout and the activity penalty
only, and the steps t after which the path from v_t through the recurrent weights is cut. The gradient of sum_t l_t v_t
with these paths cut, and l_t held fixed, is the rule's estimate. The readout has its own exact gradient.

On leaky units this is what `adjoint.py` computes without automatic differentiation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from neurorules.learning.base.gradient_estimator import BatchResult
from neurorules.network.cell_network import CellNetwork
from neurorules.network.parameters import Parameters

if TYPE_CHECKING:
    import torch

    from neurorules.learning.base.learning_rule import LearningRule
    from neurorules.network.architecture import Architecture
    from neurorules.network.rnn import Network
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss


class AutogradEstimator:
    """Gradients of one network, or of a stack, by one learning rule.

    Args:
        theta: the trained parameters; read at every update.
        architecture: what learning does not change; it has a cell.
        n_steps, n_trials: size of every batch.
        learning_rule: defines the learning signal, and where credit is cut.
    """

    def __init__(
        self, theta: Parameters, architecture: Architecture, n_steps: int, n_trials: int, learning_rule: LearningRule
    ) -> None:
        assert architecture.cell is not None
        self.theta = theta
        self.connectivity = architecture.connectivity
        self.weights = self.connectivity.weights(theta)
        self.network = CellNetwork(self.weights, architecture.cell, n_steps, n_trials)
        self.learning_rule = learning_rule
        self.gradient: Parameters = theta.zeros_like()
        self._signal = theta.flat.new_zeros(*theta.batch_shape, n_steps, n_trials, theta.sizes.units)

    def update(
        self,
        inputs: torch.Tensor,
        noise: torch.Tensor | None,
        loss: Loss,
        batch: ScoredTrials,
        penalty_weights: Sequence[float],
    ) -> BatchResult:
        """See `GradientEstimator.update`."""
        import torch

        network, rule, sizes = self.network, self.learning_rule, self.theta.sizes
        n_steps = network.n_steps
        self.connectivity.weights(self.theta, self.weights)
        # Tensors made in inference mode cannot be differentiated, so they are copied.
        with torch.inference_mode(False), torch.enable_grad():
            weights = Parameters(sizes, self.weights.flat.detach().clone().requires_grad_())
            activity, products = network.differentiable_activity(
                weights, inputs.clone(), noise, lambda t: rule.cuts_credit(t, n_steps)
            )
        network.activity.copy_(activity.detach())
        values = network.activity[..., 1:, :, :]
        torch.matmul(values, self._per_step(self.weights.readout.mT), out=network.outputs)
        network.outputs.add_(self.weights.readout_bias[..., None, None, :])
        torch.sum(values.square(), (-3, -2, -1), out=network.square_activity)
        task_loss, output_error = loss(network.outputs, batch)
        n_active = n_steps * network.n_trials * sizes.units
        factors = [2.0 * weight / n_active for weight in penalty_weights]
        stack = self.theta.batch_shape
        activity_weight = output_error.new_tensor(factors).view(-1, 1, 1, 1) if stack else factors[0]
        as_network = cast("Network", network)  # it has what learning signals read
        rule.prepare_update(as_network, loss, batch)
        rule.learning_signal(as_network, 0, n_steps, output_error, activity_weight, self._signal)
        with torch.inference_mode(False):
            gradient, *of_products = torch.autograd.grad(
                activity[..., 1:, :, :], [weights.flat, *products], self._signal.clone()
            )
        self.gradient.flat.copy_(gradient)
        of_recurrent, sent = torch.stack(of_products, -3).flatten(-3, -2), network.activity[..., :-1, :, :]
        torch.matmul(of_recurrent.mT, sent.flatten(-3, -2), out=self.gradient.recurrent)
        errors = output_error.flatten(-3, -2)
        torch.matmul(errors.mT, values.flatten(-3, -2), out=self.gradient.readout)
        torch.sum(errors, -2, out=self.gradient.readout_bias)
        self.connectivity.to_theta_gradient(self.theta, self.gradient)
        return BatchResult(task_loss, network.square_activity / n_active, self.gradient)

    def _per_step(self, matrix: torch.Tensor) -> torch.Tensor:
        """A matrix of each network, for products with (network, step, trial, unit)."""
        return matrix.unsqueeze(-3) if self.theta.batch_shape else matrix
