"""The leaky rate network, forward.

    a_t = (1 - alpha) a_{t-1} + alpha (W_h h_{t-1} + W_x x_t + b),   h_t = f(a_t) + noise,   y_t = W_y h_t + b_y

for t = 1..T with a_0 a parameter and h_0 = f(a_0) without noise (the paper's equation 1 lets x_t act on
h_{t+1}; this is the published code's form).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from neurorules.network.activations import Activation
    from neurorules.network.parameters import Parameters


class Network:
    """Preallocated activity of one network over the steps of a batch.

    Args:
        parameters: the weights; read at every call, so that updates in place are seen.
        activation: f.
        alpha: dt / tau.
        n_steps, n_trials: T and B.
        keep_derivative: also keep f'(a_t), which learning needs and scoring does not.

    Attributes:
        activity: h_0..h_T, (step + 1, trial, unit), noise included.
        derivative: f'(a_0)..f'(a_T), (step + 1, trial, unit), or None.
        outputs: y_1..y_T, (step, trial, output).
    """

    def __init__(
        self,
        parameters: Parameters,
        activation: Activation,
        alpha: float,
        n_steps: int,
        n_trials: int,
        *,
        keep_derivative: bool = True,
    ) -> None:
        flat, sizes = parameters.flat, parameters.sizes
        self.parameters = parameters
        self.activation = activation
        self.alpha = alpha
        self.n_steps, self.n_trials = n_steps, n_trials
        self.activity = flat.new_zeros(n_steps + 1, n_trials, sizes.units)
        self.derivative = flat.new_zeros(n_steps + 1, n_trials, sizes.units) if keep_derivative else None
        self.outputs = flat.new_zeros(n_steps, n_trials, sizes.outputs)
        # First the projected input of every step, then, step by step, the membrane state in its place.
        self._state = flat.new_zeros(n_steps + 1, n_trials, sizes.units)

    def forward(self, inputs: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        """Run the network.

        Args:
            inputs: x_1..x_T, (step, trial, input).
            noise: added to h_1..h_T, (step, trial, unit), or None.

        Returns:
            `outputs`, valid until the next call.
        """
        import torch

        p, alpha, leak = self.parameters, self.alpha, 1.0 - self.alpha
        state, activity, derivative = self._state, self.activity, self.derivative
        apply, differentiate = self.activation.apply, self.activation.derivative

        drive = state[1:].view(-1, p.sizes.units)
        torch.addmm(p.bias, inputs.reshape(-1, p.sizes.inputs), p.input.T, beta=alpha, alpha=alpha, out=drive)
        state[0] = p.initial_state
        apply(state[0], activity[0])
        if derivative is not None:
            differentiate(activity[0], derivative[0])
        recurrent = p.recurrent.T
        for t in range(1, self.n_steps + 1):
            a = state[t]
            torch.addmm(a, activity[t - 1], recurrent, alpha=alpha, out=a)
            a.add_(state[t - 1], alpha=leak)
            h = activity[t]
            apply(a, h)
            if derivative is not None:
                differentiate(h, derivative[t])
            if noise is not None:
                h.add_(noise[t - 1])
        hidden = activity[1:].view(-1, p.sizes.units)
        torch.addmm(p.readout_bias, hidden, p.readout.T, out=self.outputs.view(-1, p.sizes.outputs))
        return self.outputs
