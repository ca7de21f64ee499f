"""The shared adjoint engine: one forward pass, one backward recursion that the learning rule defines.

With l_t = dL/dh_t through the readout and the activity penalty only (the learning signal) and delta_t the
learning rule's estimate of dL/da_t,

    dW_h = alpha sum_t delta_t h_{t-1}^T    dW_x = alpha sum_t delta_t x_t^T    db = alpha sum_t delta_t
    da_0 = delta_0 (the same recursion with l_0 = 0, no alpha)

and the readout's own exact gradient. No autograd graph is built: the gradients of all weights and biases are one
matrix product per block of steps, over its steps and trials.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurorules.network.parameters import Parameters
from neurorules.network.rnn import padded

if TYPE_CHECKING:
    import torch

    from neurorules.learning.learning_rule import LearningRule
    from neurorules.network.rnn import Network

# Numbers (steps x trials x units) in one block of the gradients' sums. A block's credit stays in the cache, and
# summing block by block keeps two digits that one running float32 sum over 30,000 rows loses.
NUMBERS_PER_BLOCK = 100_000


class Engine:
    """Gradients of one network by one learning rule, in memory allocated once.

    Args:
        network: run forward before each call of `gradients`.
        learning_rule: how credit flows one step back.
    """

    def __init__(self, network: Network, learning_rule: LearningRule) -> None:
        self.network = network
        self.learning_rule = learning_rule
        self.gradient: Parameters = network.parameters.like()
        n_units, n_outputs = network.parameters.sizes.units, network.parameters.sizes.outputs
        self.steps_per_block = max(1, min(network.n_steps, NUMBERS_PER_BLOCK // (network.n_trials * n_units)))
        block = (self.steps_per_block, network.n_trials)
        self._signal, self._derivative = (network.drive.new_zeros(*block, n_units) for _ in range(2))
        # delta_t beside dL/dy_{t-1}: both meet the same activity h_{t-1}, so all gradients are one product.
        n_columns = padded(n_units + n_outputs)
        self._errors = network.drive.new_zeros(*block, n_columns)
        self._next = network.drive.new_zeros(network.n_trials, n_units)
        self._weights = network.drive.new_zeros(network.n_driving, n_columns)

    def gradients(self, output_error: torch.Tensor, activity_weight: float) -> Parameters:
        """Gradients of the loss after a forward pass.

        Args:
            output_error: dL/dy_1..T, (step, trial, output).
            activity_weight: 2 lambda / (T B N), the factor of h_t in the activity penalty's gradient.

        Returns:
            `self.gradient`, valid until the next call.
        """
        import torch

        network, gradient, alpha = self.network, self.gradient, self.network.alpha
        p, sizes = network.parameters, network.parameters.sizes
        back = self.learning_rule.back
        n_units = sizes.units

        # Rows: what drives a step (h, x, 1); columns: dL/da, dL/dy. Transposed, this is W_h, W_x, b and W_y, b_y.
        weights = self._weights.zero_()
        of_states, of_outputs = weights[:, :n_units].T, weights[:, n_units : n_units + sizes.outputs].T
        of_outputs.copy_(output_error[-1].T @ network.rows(network.n_steps, network.n_steps + 1))
        credit_next = self._next.zero_()  # delta_{T+1} = 0
        stop = network.n_steps
        while stop > 0:
            start = max(0, stop - self.steps_per_block)
            count = stop - start
            # Steps t = start+1 .. stop; outputs begin at t = 1, what drives step t lies at index t - 1.
            signal, errors = self._signal[:count], self._errors[:count]
            credit = errors[:, :, :n_units]
            torch.mm(output_error[start:stop].view(-1, sizes.outputs), p.readout, out=signal.view(-1, n_units))
            if activity_weight:
                signal.add_(network.activity[start + 1 : stop + 1], alpha=activity_weight)
            derivative = network.derivative(start + 1, stop + 1, self._derivative[:count])
            back(network, start + 1, signal, derivative, credit_next, credit)
            earlier = errors[:, :, n_units : n_units + sizes.outputs]
            if start == 0:
                earlier[0] = 0.0  # there is no y_0
                earlier[1:] = output_error[: stop - 1]
            else:
                earlier.copy_(output_error[start - 1 : stop - 1])
            weights.addmm_(network.rows(start, stop).T, errors.view(-1, errors.shape[-1]))
            # The block's memory is written anew in the next round, so what is carried over moves out.
            credit_next = self._next.copy_(credit[0])
            stop = start

        torch.mul(of_states[:, :n_units], alpha, out=gradient.recurrent)
        torch.mul(of_states[:, n_units:-1], alpha, out=gradient.input)
        torch.mul(of_states[:, -1], alpha, out=gradient.bias)
        gradient.readout.copy_(of_outputs[:, :n_units])
        gradient.readout_bias.copy_(of_outputs[:, -1])
        nothing, delta_0 = self._signal[:1].zero_(), self._errors[:1, :, :n_units]
        back(network, 0, nothing, network.derivative(0, 1, self._derivative[:1]), credit_next, delta_0)
        torch.sum(delta_0[0], 0, out=gradient.initial_state)
        return gradient
