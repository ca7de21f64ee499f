"""The shared adjoint engine: one forward pass, one backward recursion that the learning rule defines.

With l_t = dL/dh_t through the readout and the activity penalty only (the learning signal) and delta_t the
learning rule's estimate of dL/da_t,

    dW_h = alpha sum_t delta_t h_{t-1}^T    dW_x = alpha sum_t delta_t x_t^T    db = alpha sum_t delta_t
    da_0 = delta_0 (the same recursion with l_0 = 0, no alpha)

and the readout's own exact gradient. No autograd graph is built: gradients of recurrent and input weights
are one matrix product per block of steps over steps and trials.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurorules.network.parameters import Parameters

if TYPE_CHECKING:
    import torch

    from neurorules.learning.learning_rule import LearningRule
    from neurorules.network.rnn import Network

# Rows (steps x trials) of one block of the gradients' sums. A block's credit stays in the cache, and
# summing block by block keeps two digits that one running float32 sum over 30,000 rows loses.
ROWS_PER_BLOCK = 1000


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
        self.steps_per_block = max(1, min(network.n_steps, ROWS_PER_BLOCK // network.n_trials))
        like = network.activity
        block = (self.steps_per_block, network.n_trials, like.shape[-1])
        self._signal = like.new_zeros(block)
        self._credit = like.new_zeros(block)
        self._next = like.new_zeros(block[1:])

    def gradients(self, inputs: torch.Tensor, output_error: torch.Tensor, activity_weight: float) -> Parameters:
        """Gradients of the loss after a forward pass.

        Args:
            inputs: x_1..x_T, (step, trial, input), as given to the forward pass.
            output_error: dL/dy_1..T, (step, trial, output).
            activity_weight: 2 lambda / (T B N), the factor of h_t in the activity penalty's gradient.

        Returns:
            `self.gradient`, valid until the next call.
        """
        import torch

        network, gradient = self.network, self.gradient
        p, alpha = network.parameters, network.alpha
        step_back = self.learning_rule.step_back
        n_units, n_inputs, n_outputs = p.sizes.units, p.sizes.inputs, p.sizes.outputs
        activity, derivative = network.activity, network.derivative
        assert derivative is not None

        gradient.flat.zero_()
        credit_next = self._next.zero_()  # delta_{T+1} = 0
        stop = network.n_steps
        while stop > 0:
            start = max(0, stop - self.steps_per_block)
            count = stop - start
            # Steps start+1 .. stop of the recursion; arrays of y and x begin at step 1, of h at step 0.
            error = output_error[start:stop].reshape(-1, n_outputs)
            hidden = activity[start + 1 : stop + 1].view(-1, n_units)
            signal = self._signal[:count]
            torch.addmm(hidden, error, p.readout, beta=activity_weight, out=signal.view(-1, n_units))
            credit = self._credit[:count]
            for k in range(count - 1, -1, -1):
                step_back(network, start + 1 + k, signal[k], derivative[start + 1 + k], credit_next, credit[k])
                credit_next = credit[k]

            rows = credit.view(-1, n_units).T
            gradient.recurrent.addmm_(rows, activity[start:stop].view(-1, n_units), alpha=alpha)
            gradient.input.addmm_(rows, inputs[start:stop].reshape(-1, n_inputs), alpha=alpha)
            gradient.bias.add_(rows.sum(1), alpha=alpha)
            gradient.readout.addmm_(error.T, hidden)
            gradient.readout_bias.add_(error.sum(0))
            # The block's memory is written anew in the next round, so what is carried over moves out.
            credit_next = self._next.copy_(credit_next)
            stop = start

        nothing, delta_0 = self._signal[0].zero_(), self._credit[0]
        step_back(network, 0, nothing, derivative[0], credit_next, delta_0)
        gradient.initial_state.add_(delta_0.sum(0))
        return gradient
