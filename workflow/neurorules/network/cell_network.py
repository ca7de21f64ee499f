"""Networks of any architecture in PyTorch, one step after another, with automatic differentiation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from neurorules.network.architectures.base.cell import Cell
    from neurorules.network.parameters import Parameters


class CellNetwork:
    """One network, or a stack of networks, over the steps of a batch. Like `rnn.Network`, as far as both have it.

    Args:
        parameters: the weights; read at every call.
        cell: the architecture.
        n_steps, n_trials: T and B.
        keep_activity: keep h_t of all steps.
    Attributes:
        activity: v_0..v_T, (step + 1, trial, unit), noise included; empty where it is not kept.
        outputs: y_1..y_T, (step, trial, output).
        square_activity: sum of v_t^2 over t = 1..T, trials and units, one number per network.
    """

    def __init__(
        self, parameters: Parameters, cell: Cell, n_steps: int, n_trials: int, keep_activity: bool = True
    ) -> None:
        self.parameters, self.cell = parameters, cell
        self.n_steps, self.n_trials, self.keep_activity = n_steps, n_trials, keep_activity
        flat, sizes, batch_shape = parameters.flat, parameters.sizes, parameters.batch_shape
        kept = n_steps + 1 if keep_activity else 0
        self.activity = flat.new_zeros(*batch_shape, kept, n_trials, sizes.units)
        self.outputs = flat.new_zeros(*batch_shape, n_steps, n_trials, sizes.outputs)
        self.square_activity = flat.new_zeros(batch_shape)

    def forward(self, inputs: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        """Run the network without differentiation.

        Args:
            inputs: x_1..x_T, (step, trial, input), shared by a stack; or (network, step, trial, input).
            noise: (step, trial, unit) or (network, step, trial, unit); or None.

        Returns:
            `outputs`, valid until the next call.
        """
        import torch

        p, cell = self.parameters, self.cell
        weights = p.named()
        noises = [None] * self.n_steps if noise is None else noise.unbind(-3)
        with torch.no_grad():
            self.square_activity.zero_()
            state = cell.start(weights, p.flat.new_ones(self.n_trials, 1))
            sent = cell.activity(state)
            if self.keep_activity:
                self.activity[..., 0, :, :] = sent
            for t, (x, noise_t) in enumerate(zip(inputs.unbind(-3), noises, strict=True)):
                drive = x @ p.input.mT + p.bias[..., None, :]
                state = cell.step(weights, state, drive, sent @ p.recurrent.mT)
                sent = cell.activity(state) if noise_t is None else cell.activity(state) + noise_t
                self.outputs[..., t, :, :] = sent @ p.readout.mT + p.readout_bias[..., None, :]
                self.square_activity.add_(sent.square().sum((-2, -1)))
                if self.keep_activity:
                    self.activity[..., t + 1, :, :] = sent
        return self.outputs

    def differentiable_activity(
        self, weights: Parameters, inputs: torch.Tensor, noise: torch.Tensor | None, is_cut: Callable[[int], bool]
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Activity as a function of the weights and of W_h v_0..W_h v_{T-1}.

        The gradient of W_h follows from those of W_h v_t, for all steps and trials in one product. So W_h itself is not
        differentiated.

        Args:
            weights: what is differentiated.
            inputs, noise: see `forward`.
            is_cut: whether the path from v_t to the units of step t + 1 is cut, by t.

        Returns:
            v_0..v_T, (step + 1, trial, unit), and W_h v_t for t = 0..T-1.
        """
        import torch

        cell, named = self.cell, weights.named()
        # Steps and trials of a network as rows of one matrix.
        rows = inputs.flatten(-3, -2) @ weights.input.mT + weights.bias[..., None, :]
        drives = torch.unflatten(rows, -2, (self.n_steps, self.n_trials))
        to_units = weights.recurrent.detach().mT
        state = cell.start(named, weights.flat.new_ones(self.n_trials, 1))
        sent = cell.activity(state)
        trajectory, products = [sent], []
        for t, drive in enumerate(drives.unbind(-3)):
            product = (sent.detach() @ to_units).requires_grad_() if is_cut(t) else sent @ to_units
            products.append(product)
            state = cell.step(named, state, drive, product)
            sent = cell.activity(state) if noise is None else cell.activity(state) + noise[..., t, :, :]
            trajectory.append(sent)
        return torch.stack(trajectory, -3), products
