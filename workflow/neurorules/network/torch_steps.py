"""The loop over steps in PyTorch, for GPUs and as the reference for tests of the compiled loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurorules.network.replay import Replayed

if TYPE_CHECKING:
    import torch

    from neurorules.network.rnn import Network


class TorchSteps:
    """Steps of a network or a stack of networks.

    Args:
        network: the network; its memory is written to.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        drive, sizes = network.drive, network.parameters.sizes
        batch_shape = network.parameters.batch_shape
        self._drive_at = drive[..., : network.n_driving].unbind(-3)
        self._activity_at = network.activity.unbind(-3)
        self._weights = drive.new_zeros(*batch_shape, sizes.units, network.n_driving)
        self._transposed = self._weights.mT
        self._state = drive.new_zeros(*batch_shape, network.n_trials, sizes.units)
        self._clean = drive.new_zeros(self._state.shape)
        self._activate = network.activation.bind(self._state, self._clean)
        self._product = self._state.addmm_ if self._state.ndim == 2 else self._state.baddbmm_
        self._replayed: dict[tuple[int, int, int, bool], Replayed] = {}

    def start(self) -> None:
        """Copy the network's weights, and write h_0."""
        p, weights = self.network.parameters, self._weights
        n_units = p.sizes.units
        weights[..., :n_units] = p.recurrent
        weights[..., n_units:-1] = p.input
        weights[..., -1] = p.bias
        self._state.copy_(p.initial_state.unsqueeze(-2).expand_as(self._state))
        self._activate()
        # Activation functions are faster on contiguous memory that stays in the cache than on rows of `drive`.
        self._activity_at[0].copy_(self._clean)

    def run(
        self, inputs: torch.Tensor, noise: torch.Tensor | None, first: int, start: int, stop: int, differentiate: bool
    ) -> None:
        """Compute h_t and y_t for steps start + 1 .. stop, and add the sum of h_t^2 to `square_activity`.

        Args:
            inputs: the inputs of these steps, (step, trial, input) or (network, step, trial, input).
            noise: the noise of these steps, or None. A GPU records the steps once for each address of the noise.
            first: index of h at step `start` in `drive`.
            start, stop: the steps.
            differentiate: overwrite noise with f'(a_t).
        """
        import torch

        network, p, last = self.network, self.network.parameters, first + stop - start
        network.drive[..., first:last, :, p.sizes.units : network.n_driving - 1].copy_(inputs)
        if network.drive.device.type == "cuda":
            key = 0 if noise is None else noise.data_ptr(), first, last, differentiate
            if key not in self._replayed:
                self._replayed[key] = Replayed(lambda: self._advance(noise, first, last, differentiate))
            self._replayed[key]()
        else:
            self._advance(noise, first, last, differentiate)
        hidden = network.rows(first + 1, last + 1)[..., : p.sizes.units]
        # Keep the readout non-contiguous: four times as fast in a product with few columns.
        outputs = network.outputs[..., start:stop, :, :].flatten(-3, -2)
        torch.matmul(hidden, p.readout.mT, out=outputs)
        outputs.add_(p.readout_bias[..., None, :])
        network.square_activity.add_(square_sum(hidden))

    def _advance(self, noise: torch.Tensor | None, first: int, last: int, differentiate: bool) -> None:
        """Compute h_t for steps first + 1 .. last, given as indices of `drive`."""
        import torch

        alpha, leak = self.network.alpha, 1.0 - self.network.alpha
        product, activate, clean, transposed = self._product, self._activate, self._clean, self._transposed
        drive_at, activity_at = self._drive_at, self._activity_at
        if noise is None:
            for drive, activity in zip(drive_at[first:last], activity_at[first + 1 : last + 1], strict=True):
                product(drive, transposed, beta=leak, alpha=alpha)
                activate()
                activity.copy_(clean)
            return
        for t, noise_t in zip(range(first, last), noise.unbind(-3), strict=True):
            product(drive_at[t], transposed, beta=leak, alpha=alpha)
            activate()
            torch.add(clean, noise_t, out=activity_at[t + 1])
            if differentiate:
                self.network.activation.derivative(clean, noise_t)


def square_sum(rows: torch.Tensor) -> torch.Tensor:
    """Sum of squares over rows and columns, for a matrix or each matrix in a stack."""
    if rows.ndim == 2 and rows.device.type == "cpu":
        array = rows.numpy()
        return rows.new_tensor(np.einsum("ij,ij->", array, array))  # does not copy non-contiguous rows
    return rows.square().sum((-2, -1))
