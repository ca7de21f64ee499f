"""The shared adjoint engine: one forward pass, one backward recursion that the learning rule defines.

With l_t = dL/dh_t through the readout and the activity penalty only (the learning signal) and delta_t the
learning rule's estimate of dL/da_t,

    dW_h = alpha sum_t delta_t h_{t-1}^T    dW_x = alpha sum_t delta_t x_t^T    db = alpha sum_t delta_t
    da_0 = delta_0 (the same recursion with l_0 = 0, no alpha)

and the readout's own exact gradient. No autograd graph is built: the gradients of all weights and biases are one
matrix product per block of steps, over its steps and trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from neurorules.network.parameters import Parameters
from neurorules.network.rnn import add_product, padded

if TYPE_CHECKING:
    import torch

    from neurorules.learning.base.learning_rule import LearningRule
    from neurorules.network.architecture import Architecture
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss


@dataclass(frozen=True)
class Update:
    """What an engine makes of a batch; of a stack, everything has networks in front.

    Attributes:
        task_loss: the loss without the activity penalty.
        mean_square_activity: mean of h^2 over steps, trials and units.
        gradient: the direction against which the optimiser goes, valid until the next update.
    """

    task_loss: torch.Tensor
    mean_square_activity: torch.Tensor
    gradient: Parameters


class Engine(Protocol):
    """Updates of one network's, or of a stack of networks', parameters."""

    def update(
        self,
        inputs: torch.Tensor,
        noise: torch.Tensor | None,
        loss: Loss,
        batch: ScoredTrials,
        penalty_weights: Sequence[float],
    ) -> Update:
        """The update on a batch.

        Args:
            inputs: x_1..x_T, (step, trial, input).
            noise: (step, trial, unit) or None; its memory may be taken over.
            loss: of the task.
            batch: its targets.
            penalty_weights: lambda of the activity penalty, one per network.
        """


class GradientEngine:
    """Gradients of one network, or of a stack, by one learning rule, in memory allocated once.

    Args:
        theta: what is trained; read at every update.
        architecture: what learning does not change.
        n_steps, n_trials: of every batch.
        learning_rule: the learning signal and how credit flows one step back.
    """

    def __init__(
        self, theta: Parameters, architecture: Architecture, n_steps: int, n_trials: int, learning_rule: LearningRule
    ) -> None:
        self.theta = theta
        self.connectivity = architecture.connectivity
        self.weights = self.connectivity.weights(theta)
        self.network = network = architecture.network(self.weights, n_steps, n_trials)
        self.learning_rule = learning_rule
        self.gradient: Parameters = theta.like()
        n_units, n_outputs, stack = theta.sizes.units, theta.sizes.outputs, theta.stack
        block = (*stack, network.steps_per_block, n_trials)
        self._derivative = network.drive.new_zeros(*block, n_units)
        # delta_t beside dL/dy_{t-1}: both meet the same activity h_{t-1}, so all gradients are one product.
        n_columns = padded(n_units + n_outputs)
        self._errors = network.drive.new_zeros(*block, n_columns)
        self._next = network.drive.new_zeros(*stack, n_trials, n_units)
        self._products = network.drive.new_zeros(*stack, network.n_driving, n_columns)

    def update(
        self,
        inputs: torch.Tensor,
        noise: torch.Tensor | None,
        loss: Loss,
        batch: ScoredTrials,
        penalty_weights: Sequence[float],
    ) -> Update:
        """See `Engine.update`."""
        network = self.network
        self.connectivity.weights(self.theta, self.weights)
        outputs = network.forward(inputs, noise)
        task_loss, output_error = loss(outputs, batch)
        n_active = network.n_steps * network.n_trials * self.theta.sizes.units
        self.learning_rule.begin(self, loss, batch)
        factors = [2.0 * weight / n_active for weight in penalty_weights]
        if self.theta.stack:
            self._back(output_error, output_error.new_tensor(factors).view(-1, 1, 1, 1))
        else:
            self._back(output_error, factors[0])
        self.connectivity.chain(self.theta, self.gradient)
        return Update(task_loss, network.square_activity / n_active, self.gradient)

    def _back(self, output_error: torch.Tensor, activity_weight: float | torch.Tensor) -> None:
        """Write `gradient`, of the weights, after a forward pass."""
        import torch

        network, gradient, alpha = self.network, self.gradient, self.network.alpha
        sizes, rule = self.theta.sizes, self.learning_rule
        n_units, n_steps = sizes.units, network.n_steps
        outputs = slice(n_units, n_units + sizes.outputs)

        # Rows: what drives a step (h, x, 1); columns: dL/da, dL/dy. Transposed, this is W_h, W_x, b and W_y, b_y.
        products = self._products.zero_()
        last = output_error[..., n_steps - 1, :, :]
        add_product(products[..., outputs], network.rows(n_steps, n_steps + 1).mT, last)
        credit_next = self._next.zero_()  # delta_{T+1} = 0
        stop = n_steps
        while stop > 0:
            start = max(0, stop - network.steps_per_block)
            count = stop - start
            # Steps t = start+1 .. stop; outputs begin at t = 1, what drives step t lies at index t - 1.
            errors = self._errors[..., :count, :, :]
            credit, error = errors[..., :n_units], output_error[..., start:stop, :, :]
            rule.learning_signal(network, start, stop, error, activity_weight, credit)
            derivative = network.derivative(start + 1, stop + 1, self._derivative[..., :count, :, :])
            rule.back(network, start + 1, derivative, credit_next, credit)
            earlier = errors[..., outputs]
            if start == 0:
                earlier[..., 0, :, :] = 0.0  # there is no y_0
                earlier[..., 1:, :, :] = output_error[..., : stop - 1, :, :]
            else:
                earlier.copy_(output_error[..., start - 1 : stop - 1, :, :])
            add_product(products, network.rows(start, stop).mT, errors.flatten(-3, -2))
            # The block's memory is written anew in the next round, so what is carried over moves out.
            credit_next = self._next.copy_(credit[..., 0, :, :])
            stop = start

        transposed = products.mT
        of_states, of_outputs = transposed[..., :n_units, :], transposed[..., outputs, :]
        torch.mul(of_states[..., :n_units], alpha, out=gradient.recurrent)
        torch.mul(of_states[..., n_units:-1], alpha, out=gradient.input)
        torch.mul(of_states[..., -1], alpha, out=gradient.bias)
        gradient.readout.copy_(of_outputs[..., :n_units])
        gradient.readout_bias.copy_(of_outputs[..., -1])
        delta_0 = self._errors[..., :1, :, :n_units].zero_()  # l_0 = 0
        derivative = network.derivative(0, 1, self._derivative[..., :1, :, :])
        rule.back(network, 0, derivative, credit_next, delta_0)
        torch.sum(delta_0[..., 0, :, :], -2, out=gradient.initial_state)
