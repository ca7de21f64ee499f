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


def padded(n_columns: int) -> int:
    """Columns of a row that fills whole cache lines: 16 numbers of float32."""
    return -(-n_columns // 16) * 16


class Network:
    """Preallocated activity of one network over the steps of a batch.

    What drives a step lies in one row per trial, (h_{t-1}, x_t, 1), so that recurrent product, input, bias
    and leak are a single matrix product, and so are the gradients of W_h, W_x and b.

    Args:
        parameters: the weights; read at every call of `forward`, so that updates in place are seen.
        activation: f.
        alpha: dt / tau.
        n_steps, n_trials: T and B.
    Attributes:
        drive: (step + 1, trial, column): h_t, x_{t+1}, 1 and padding at index t.
        activity: h_0..h_T, (step + 1, trial, unit), noise included; a view of `drive`.
        outputs: y_1..y_T, (step, trial, output).
        square_activity: sum of h_t^2 over t = 1..T, trials and units.
    """

    def __init__(
        self,
        parameters: Parameters,
        activation: Activation,
        alpha: float,
        n_steps: int,
        n_trials: int,
    ) -> None:
        flat, sizes = parameters.flat, parameters.sizes
        self.parameters = parameters
        self.activation = activation
        self.alpha = alpha
        self.n_steps, self.n_trials = n_steps, n_trials
        self.n_driving = sizes.units + sizes.inputs + 1
        self.drive = flat.new_zeros(n_steps + 1, n_trials, padded(self.n_driving))
        self.drive[:, :, self.n_driving - 1] = 1.0
        self.activity = self.drive[:, :, : sizes.units]
        self.outputs = flat.new_zeros(n_steps, n_trials, sizes.outputs)
        self._inputs = self.drive[:-1, :, sizes.units : self.n_driving - 1]
        self._weights = flat.new_zeros(sizes.units, self.n_driving)
        self._state = flat.new_zeros(n_trials, sizes.units)
        self._clean = flat.new_zeros(n_trials, sizes.units)
        self._noise: torch.Tensor | None = None
        self._noisy = flat.new_zeros(n_trials, sizes.units)
        self.square_activity = 0.0

    def rows(self, start: int, stop: int) -> torch.Tensor:
        """`drive` of steps start..stop-1 with trials below each other, (row, column), without the padding."""
        return self.drive[start:stop].view(-1, self.drive.shape[-1])[:, : self.n_driving]

    def derivative(self, start: int, stop: int, out: torch.Tensor) -> torch.Tensor:
        """f'(a_t) for t = start..stop-1, (step, trial, unit); `out` is memory that may be used for it."""
        if self._noise is not None and start > 0:
            return self._noise[start - 1 : stop - 1]
        # With noise only h_0 is clean; a block never holds it beside others.
        assert self._noise is None or stop == 1
        self.activation.derivative(self.activity[start:stop], out)
        return out

    def forward(self, inputs: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        """Run the network.

        Args:
            inputs: x_1..x_T, (step, trial, input).
            noise: added to h_1..h_T, (step, trial, unit), or None. Its memory is taken over: f'(a_t), which has to be
                kept while h_t is still clean, is written where the noise has been read.

        Returns:
            `outputs`, valid until the next call.
        """
        import torch

        p, alpha, leak = self.parameters, self.alpha, 1.0 - self.alpha
        n_units = p.sizes.units
        apply, differentiate = self.activation.apply, self.activation.derivative
        weights, state, clean = self._weights, self._state, self._clean
        weights[:, :n_units] = p.recurrent
        weights[:, n_units:-1] = p.input
        weights[:, -1] = p.bias
        transposed = weights.T
        self._inputs.copy_(inputs)
        self._noise = noise

        state.copy_(p.initial_state.expand_as(state))
        drive, activity = self.drive[:, :, : self.n_driving].unbind(), self.activity.unbind()
        # Functions run faster into contiguous memory that stays in the cache than into rows of `drive`.
        apply(state, clean)
        activity[0].copy_(clean)
        h = clean if noise is None else self._noisy
        flat_h = h.view(-1)
        square = 0.0
        for t in range(1, self.n_steps + 1):
            state.addmm_(drive[t - 1], transposed, beta=leak, alpha=alpha)
            apply(state, clean)
            if noise is not None:
                torch.add(clean, noise[t - 1], out=h)
                differentiate(clean, noise[t - 1])
            activity[t].copy_(h)
            square += float(flat_h.dot(flat_h))
        self.square_activity = square
        hidden = self.rows(1, self.n_steps + 1)[:, :n_units]
        torch.addmm(p.readout_bias, hidden, p.readout.T, out=self.outputs.view(-1, p.sizes.outputs))
        return self.outputs
