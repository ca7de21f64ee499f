"""The compiled loops of `kernels`, on the memory of a network or of a stack of networks on a CPU.

It loads the compiler: import it where a network is trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.network.kernels import (
    CODES,
    activate,
    backward,
    backward_diagonal,
    backward_filter,
    derivatives,
    forward,
    forward_noisy,
)

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from neurorules.network.rnn import Network


class CompiledSteps:
    """Steps of a network, forward and backward, each network of a stack by itself.

    Args:
        network: on a CPU; its memory is written to.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.code = CODES[network.activation.name]
        drive, sizes = network.drive, network.parameters.sizes
        dtype = drive.numpy().dtype.type
        self.leak, self.alpha = dtype(1.0 - network.alpha), dtype(network.alpha)
        self.drive = _per_network(drive, 3)
        # What drives a unit, in the columns of `drive`: rows beyond them stay 0, as the padding.
        shape = (len(self.drive), drive.shape[-1], sizes.units)
        self.weights: NDArray[Any] = np.zeros(shape, dtype)
        self.state: NDArray[Any] = np.zeros((len(self.drive), network.n_trials, sizes.units), dtype)
        self.product = np.zeros(self.state.shape[1:], dtype)
        self.following = np.zeros_like(self.product)

    def start(self) -> None:
        """Take the network's weights, and write h_0."""
        p, n_units = self.network.parameters, self.network.parameters.sizes.units
        parts = zip(*(_per_network(of, n) for of, n in ((p.recurrent, 2), (p.input, 2), (p.bias, 1))), strict=True)
        for weights, (recurrent, inputs, bias) in zip(self.weights, parts, strict=True):
            weights[:n_units] = recurrent.T
            weights[n_units : self.network.n_driving - 1] = inputs.T
            weights[self.network.n_driving - 1] = bias
        self.state[:] = _per_network(p.initial_state, 1)[:, None]
        for drive, state in zip(self.drive, self.state, strict=True):
            activate(self.code, state, drive[0])

    def run(self, noise: torch.Tensor | None, first: int, last: int, differentiate: bool) -> None:
        """h_t of steps first + 1 .. last, as indices of `drive`.

        Args:
            noise: of these steps; or None.
            first, last: the steps.
            differentiate: overwrite noise with f'(a_t).
        """
        if noise is None:
            for drive, weights, state in zip(self.drive, self.weights, self.state, strict=True):
                forward(drive, weights, state, self.product, self.code, self.leak, self.alpha, first, last)
            return
        noises = _per_network(noise, 3)  # a stack may share it
        for k, (drive, weights, state) in enumerate(zip(self.drive, self.weights, self.state, strict=True)):
            forward_noisy(
                *(drive, weights, state, self.product, noises[k if len(noises) > 1 else 0]),
                *(self.code, self.leak, self.alpha, first, last, differentiate),
            )

    def derivatives(self, start: int, stop: int, out: torch.Tensor) -> None:
        """f'(a_t) of steps without noise, start .. stop - 1, (step, trial, unit)."""
        for drive, of in zip(self.drive, _per_network(out, 3), strict=True):
            derivatives(self.code, drive[start:stop], of)

    def backward(
        self,
        derivative: torch.Tensor,
        delta_next: torch.Tensor,
        delta: torch.Tensor,
        *,
        through: NDArray[Any] | None = None,
        own: torch.Tensor | None = None,
    ) -> None:
        """Turn l_t into delta_t for a block of steps: arguments of `LearningRule.backward_block`, and

        Args:
            through: (step,) bool, where the path through the recurrent weights is kept; None for nowhere.
            own: (unit,) or (network, unit), alpha times the weight of each unit onto itself, which is then kept
                everywhere; or None.
        """
        leak, following = self.leak, self.following
        blocks = zip(_per_network(derivative, 3), _per_network(delta_next, 2), _rows(delta), strict=True)
        for k, (slopes, after, errors) in enumerate(blocks):
            following[:] = after
            if through is not None:
                recurrent = _per_network(self.network.parameters.recurrent, 2)[k]
                backward(errors, slopes, following, recurrent, through, self.product, leak, self.alpha)
            elif own is not None:
                backward_diagonal(errors, slopes, following, _per_network(own, 1)[k], leak)
            else:
                backward_filter(errors, slopes, following, leak)


def _per_network(tensor: torch.Tensor, n_dimensions: int) -> NDArray[Any]:
    """The memory of a tensor with a leading network dimension, of one network where it has none."""
    array: NDArray[Any] = tensor.numpy()
    return array if array.ndim > n_dimensions else array[None]


def _rows(delta: torch.Tensor) -> NDArray[Any]:
    """Errors of units, (network, step, trial, unit), with whatever lies behind them in each row.

    Without a gap between rows, compiled loops know where the next number lies.
    """
    array = _per_network(delta, 3)
    columns = array.strides[-2] // array.itemsize
    rows: NDArray[Any] = np.lib.stride_tricks.as_strided(array, (*array.shape[:-1], columns))
    return rows
