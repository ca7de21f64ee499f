"""Gradients from one forward pass and one backward recursion, which the learning rule defines.

Let l_t be the learning signal, dL/dh_t through the readout and the activity penalty only, and delta_t the learning
rule's estimate of dL/da_t. Then

    dW_h = alpha sum_t delta_t h_{t-1}^T    dW_x = alpha sum_t delta_t x_t^T    db = alpha sum_t delta_t
    da_0 = delta_0 (the same recursion with l_0 = 0, no alpha)

The readout has its exact gradient. No autograd graph is built: the gradients of all weights and biases are one matrix
product per block of steps, over its steps and trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from neurorules.learning.base.gradient_estimator import BatchResult
from neurorules.network.parameters import Parameters
from neurorules.network.rnn import add_product, padded

if TYPE_CHECKING:
    import torch

    from neurorules.network.architecture import Architecture
    from neurorules.network.rnn import Network
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss


class BackwardRecursion(Protocol):
    """What the estimator needs from a learning rule. `LearningRule` documents the methods."""

    def prepare_update(self, network: Network, loss: Loss, batch: ScoredTrials) -> None:
        """Called after the forward pass of each update, before the backward recursion."""

    def learning_signal(
        self,
        network: Network,
        start: int,
        stop: int,
        output_error: torch.Tensor,
        activity_weight: float | torch.Tensor,
        signal: torch.Tensor,
    ) -> None:
        """Write l_t for t = start+1..stop into `signal`."""

    def feedback_weights(self, network: Network) -> torch.Tensor:
        """The weights that carry output errors to the units."""

    def compiled_block(self, network: Network, first_step: int, n_steps: int) -> dict[str, Any] | None:
        """Arguments of the compiled loops for learning signal and recursion together; None to use the other methods."""

    def backward_block(
        self,
        network: Network,
        first_step: int,
        derivative: torch.Tensor,
        delta_next: torch.Tensor,
        delta: torch.Tensor,
    ) -> None:
        """Turn l_t into delta_t for a block of steps, in place."""


class AdjointEstimator:
    """Gradients of a network or a stack with one learning rule, in memory allocated once.

    Args:
        theta: the trained parameters, read at every update.
        architecture: the fixed parts of the network.
        n_steps, n_trials: size of every batch.
        learning_rule: defines the learning signal and the backward recursion.
    """

    def __init__(
        self,
        theta: Parameters,
        architecture: Architecture,
        n_steps: int,
        n_trials: int,
        learning_rule: BackwardRecursion,
    ) -> None:
        self.theta = theta
        self.connectivity = architecture.connectivity
        self.weights = self.connectivity.weights(theta)
        self.network = network = architecture.network(self.weights, n_steps, n_trials)
        self.learning_rule = learning_rule
        self.gradient: Parameters = theta.zeros_like()
        n_units, n_outputs, batch_shape = theta.sizes.units, theta.sizes.outputs, theta.batch_shape
        block = (*batch_shape, network.steps_per_block, n_trials)
        self._derivative = network.drive.new_zeros(*block, n_units)
        # delta_t next to dL/dy_{t-1}: both are multiplied by h_{t-1}, so all gradients are one product.
        # Compiled loops handle the readout separately: at 64 units, its few columns make the product a quarter slower.
        n_columns = n_units if network.compiled is not None else padded(n_units + n_outputs)
        self._errors = network.drive.new_zeros(*block, n_columns)
        self._next = network.drive.new_zeros(*batch_shape, n_trials, n_units)
        self._products = network.drive.new_zeros(*batch_shape, network.n_driving, n_columns)

    def update(
        self,
        inputs: torch.Tensor,
        noise: torch.Tensor | None,
        loss: Loss,
        batch: ScoredTrials,
        penalty_weights: Sequence[float],
    ) -> BatchResult:
        """See `GradientEstimator.update`."""
        network = self.network
        self.connectivity.weights(self.theta, self.weights)
        outputs = network.forward(inputs, noise)
        task_loss, output_error = loss(outputs, batch)
        n_active = network.n_steps * network.n_trials * self.theta.sizes.units
        self.learning_rule.prepare_update(network, loss, batch)
        factors = [2.0 * weight / n_active for weight in penalty_weights]
        if self.theta.batch_shape:
            self._backward(output_error, output_error.new_tensor(factors).view(-1, 1, 1, 1))
        else:
            self._backward(output_error, factors[0])
        self.connectivity.to_theta_gradient(self.theta, self.gradient)
        return BatchResult(task_loss, network.square_activity / n_active, self.gradient)

    def _backward(self, output_error: torch.Tensor, activity_weight: float | torch.Tensor) -> None:
        """Write the gradient of the weights into `self.gradient`, after a forward pass."""
        import torch

        network, gradient, alpha = self.network, self.gradient, self.network.alpha
        sizes, rule = self.theta.sizes, self.learning_rule
        n_units, n_steps = sizes.units, network.n_steps
        outputs = slice(n_units, n_units + sizes.outputs)

        # Rows: the drive of a step (h, x, 1); columns: dL/da, dL/dy. Transposed, this is W_h, W_x, b and W_y, b_y.
        products = self._products.zero_()
        compiled = network.compiled
        if compiled is None:
            last = output_error[..., n_steps - 1, :, :]
            add_product(products[..., outputs], network.rows(n_steps, n_steps + 1).mT, last)
        else:
            compiled.readout_gradient(output_error, gradient)
        delta_next = self._next.zero_()  # delta_{T+1} = 0
        stop = n_steps
        while stop > 0:
            start = max(0, stop - network.steps_per_block)
            count = stop - start
            # Steps t = start+1 .. stop. Outputs begin at t = 1, and the drive of step t is at index t - 1.
            errors = self._errors[..., :count, :, :]
            delta, error = errors[..., :n_units], output_error[..., start:stop, :, :]
            path = rule.compiled_block(network, start + 1, count)
            if path is not None and compiled is not None:
                signal = error, rule.feedback_weights(network), activity_weight
                kept = network.kept_derivative(start + 1, stop + 1)
                compiled.backward(start + 1, delta_next, delta, derivative=kept, signal=signal, **path)
            else:
                rule.learning_signal(network, start, stop, error, activity_weight, delta)
                derivative = network.derivative(start + 1, stop + 1, self._derivative[..., :count, :, :])
                rule.backward_block(network, start + 1, derivative, delta_next, delta)
            if compiled is None:
                self._place_earlier(errors[..., outputs], output_error, start, stop)
            add_product(products, network.rows(start, stop).mT, errors.flatten(-3, -2))
            # The next block overwrites this memory, so copy what it needs.
            delta_next = self._next.copy_(delta[..., 0, :, :])
            stop = start

        transposed = products.mT
        state_rows = transposed[..., :n_units, :]
        torch.mul(state_rows[..., :n_units], alpha, out=gradient.recurrent)
        torch.mul(state_rows[..., n_units:-1], alpha, out=gradient.input)
        torch.mul(state_rows[..., -1], alpha, out=gradient.bias)
        if compiled is None:
            gradient.readout.copy_(transposed[..., outputs, :n_units])
            gradient.readout_bias.copy_(transposed[..., outputs, -1])
        delta_0 = self._errors[..., :1, :, :n_units].zero_()  # l_0 = 0
        derivative = network.derivative(0, 1, self._derivative[..., :1, :, :])
        rule.backward_block(network, 0, derivative, delta_next, delta_0)
        torch.sum(delta_0[..., 0, :, :], -2, out=gradient.initial_state)

    @staticmethod
    def _place_earlier(columns: torch.Tensor, output_error: torch.Tensor, start: int, stop: int) -> None:
        """Write dL/dy_{t-1} for steps t = start+1 .. stop into the columns next to delta_t."""
        if start == 0:
            columns[..., 0, :, :] = 0.0  # there is no y_0
            columns[..., 1:, :, :] = output_error[..., : stop - 1, :, :]
        else:
            columns.copy_(output_error[..., start - 1 : stop - 1, :, :])
