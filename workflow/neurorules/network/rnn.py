"""The forward pass of the leaky rate network.

    a_t = (1 - alpha) a_{t-1} + alpha (W_h h_{t-1} + W_x x_t + b),   h_t = f(a_t) + noise,   y_t = W_y h_t + b_y

for t = 1..T, where a_0 is a parameter and h_0 = f(a_0) has no noise. This is the form in the published code. In the
paper's equation 1, x_t acts on h_{t+1}.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from neurorules.network.torch_steps import TorchSteps

if TYPE_CHECKING:
    import torch

    from neurorules.network.activations import Activation
    from neurorules.network.compiled import CompiledSteps
    from neurorules.network.parameters import Parameters

# Numbers (networks x steps x trials x units) per block of steps: on a CPU, a block of a network should fit into the
# cache; a GPU is fastest with few large operations.
NUMBERS_PER_BLOCK = {"cpu": 200_000, "cuda": 50_000_000}


def padded(n_columns: int) -> int:
    """The number of columns, rounded up to whole cache lines of 16 float32 numbers."""
    return -(-n_columns // 16) * 16


def add_product(out: torch.Tensor, a: torch.Tensor, b: torch.Tensor, beta: float = 1.0, alpha: float = 1.0) -> None:
    """out = beta out + alpha a b, for matrices or stacks of matrices."""
    if out.ndim == 2:
        out.addmm_(a, b, beta=beta, alpha=alpha)
    else:
        out.baddbmm_(a, b, beta=beta, alpha=alpha)


class Network:
    """Preallocated activity of a network, or a stack of networks, over the steps of a batch.

    The drive of a step has one row per trial, (h_{t-1}, x_t, 1). So the recurrent product, input, bias and leak are a
    single matrix product, and so are the gradients of W_h, W_x and b. For a stack, every tensor has a leading network
    dimension.

    Args:
        parameters: the weights, read at every call of `forward`, so that in-place updates take effect.
        activation: f.
        alpha: dt / tau.
        n_steps, n_trials: T and B.
        keep_activity: keep h_t of all steps. Otherwise only one block of steps is in memory at a time, which is enough
            for outputs and losses.
        compiled: on a CPU, loop over steps in compiled code; otherwise in PyTorch, as on a GPU.

    Attributes:
        drive: (step + 1, trial, column): h_t, x_{t+1}, 1 and padding at index t.
        activity: h_0..h_T, (step + 1, trial, unit), including noise; a view of `drive`.
        outputs: y_1..y_T, (step, trial, output).
        square_activity: sum of h_t^2 over t = 1..T, trials and units, one number per network.
        compiled: the compiled loops, or None.
    """

    def __init__(
        self,
        parameters: Parameters,
        activation: Activation,
        alpha: float,
        n_steps: int,
        n_trials: int,
        keep_activity: bool = True,
        compiled: bool = True,
    ) -> None:
        flat, sizes, batch_shape = parameters.flat, parameters.sizes, parameters.batch_shape
        self.parameters = parameters
        self.activation = activation
        self.alpha = alpha
        self.n_steps, self.n_trials = n_steps, n_trials
        self.keep_activity = keep_activity
        self.n_driving = sizes.units + sizes.inputs + 1
        # Compiled loops run one network after the other: blocks, and so rounding, do not depend on the stack.
        together = 1 if compiled and flat.device.type == "cpu" else math.prod(batch_shape)
        numbers_per_step = together * n_trials * sizes.units
        self.steps_per_block = max(1, min(n_steps, NUMBERS_PER_BLOCK[flat.device.type] // numbers_per_step))
        kept = n_steps if keep_activity else self.steps_per_block
        self.drive = flat.new_zeros(*batch_shape, kept + 1, n_trials, padded(self.n_driving))
        self.drive[..., self.n_driving - 1] = 1.0
        self.activity = self.drive[..., : sizes.units]
        self.outputs = flat.new_zeros(*batch_shape, n_steps, n_trials, sizes.outputs)
        self.square_activity = flat.new_zeros(batch_shape)
        self._activity_at = self.activity.unbind(-3)
        self._noise: torch.Tensor | None = None
        self.compiled: CompiledSteps | None = None
        if compiled and flat.device.type == "cpu":
            from neurorules.network.compiled import CompiledSteps

            self.compiled = CompiledSteps(self)
        self._steps = self.compiled or TorchSteps(self)

    def rows(self, start: int, stop: int) -> torch.Tensor:
        """`drive` for steps start..stop-1 as a matrix, with one row per step and trial and without padding."""
        return self.drive[..., start:stop, :, :].flatten(-3, -2)[..., : self.n_driving]

    def kept_derivative(self, start: int, stop: int) -> torch.Tensor | None:
        """f'(a_t) for t = start..stop-1 if it was kept, which it is with noise; None if it follows from h_t."""
        if self._noise is not None and start > 0:
            return self._noise[..., start - 1 : stop - 1, :, :]
        # With noise, only h_0 is clean. No block contains it together with other steps.
        assert self._noise is None or stop == 1
        return None

    def derivative(self, start: int, stop: int, out: torch.Tensor) -> torch.Tensor:
        """f'(a_t) for t = start..stop-1, (step, trial, unit); `out` is memory for the result."""
        kept = self.kept_derivative(start, stop)
        if kept is not None:
            return kept
        if self.compiled is not None:
            self.compiled.derivatives(start, stop, out)
            return out
        self.activation.derivative(self.activity[..., start:stop, :, :], out)
        return out

    def forward(self, inputs: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        """Run the network.

        Args:
            inputs: x_1..x_T, (step, trial, input), shared by a stack; or (network, step, trial, input).
            noise: added to h_1..h_T, (step, trial, unit) or (network, step, trial, unit); or None. If activity is
                kept, this memory is overwritten with f'(a_t), which must be computed before noise is added to h_t,
                so a stack cannot share it. Use the same memory at every call: a GPU keeps a recording for each, see
                `replay`.

        Returns:
            `outputs`, valid until the next call.

        Raises:
            RuntimeError: inputs do not have the network's shape.
            ValueError: a stack that keeps activity shares its noise.
        """
        keep = self.keep_activity
        self._noise = noise
        if noise is not None and keep and noise.ndim != self.drive.ndim:
            raise ValueError("the networks of a stack that keeps activity need noise of their own")
        inputs = inputs.to(self.drive.dtype)
        shape = self.n_steps, self.n_trials, self.parameters.sizes.inputs
        if inputs.shape[-3:] != shape:
            inputs = inputs.expand(*inputs.shape[:-3], *shape)
        if self.compiled is not None:
            inputs = inputs.contiguous()
        self._steps.start()
        self.square_activity.zero_()
        for start in range(0, self.n_steps, self.steps_per_block):
            stop = min(start + self.steps_per_block, self.n_steps)
            first = start
            if not keep:
                first = 0
                if start:
                    self._activity_at[0].copy_(self._activity_at[self.steps_per_block])
            of_block = inputs, noise
            if stop - start < self.n_steps:
                of_block = inputs[..., start:stop, :, :], None if noise is None else noise[..., start:stop, :, :]
            self._steps.run(*of_block, first, start, stop, keep)
        return self.outputs
