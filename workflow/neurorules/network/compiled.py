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
    learning_signal,
    readout_gradient,
)

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from neurorules.network.parameters import Parameters
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
        # Made by PyTorch, at addresses that BLAS likes. Columns of weights are those of `drive`, the padding stays 0.
        n_networks, n_units, n_trials = len(self.drive), sizes.units, network.n_trials
        self.weights: NDArray[Any] = drive.new_zeros(n_networks, n_units, drive.shape[-1]).numpy()
        self.transposed: NDArray[Any] = drive.new_zeros(n_units, n_units).numpy()
        self.state: NDArray[Any] = drive.new_zeros(n_networks, n_trials, n_units).numpy()
        self.following: NDArray[Any] = drive.new_zeros(n_trials, n_units).numpy()
        self.outputs, self.squares = _per_network(network.outputs, 3), _per_network(network.square_activity, 0)
        self.silence = np.zeros((1, 0, n_trials, n_units), dtype)

    def start(self) -> None:
        """Take the network's weights, and write h_0."""
        p, n_units, last = self.network.parameters, self.network.parameters.sizes.units, self.network.n_driving - 1
        self.weights[:, :, :n_units] = _per_network(p.recurrent, 2)
        self.weights[:, :, n_units:last] = _per_network(p.input, 2)
        self.weights[:, :, last] = _per_network(p.bias, 1)
        self.state[:] = _per_network(p.initial_state, 1)[:, None]
        for drive, state in zip(self.drive, self.state, strict=True):
            activate(self.code, state, drive[0])

    def run(self, noise: torch.Tensor | None, first: int, start: int, stop: int, differentiate: bool) -> None:
        """h_t and y_t of steps start + 1 .. stop, and the sum of their h_t^2 added to `square_activity`.

        Args:
            noise: of these steps; or None.
            first: index of h at step `start` in `drive`.
            start, stop: the steps.
            differentiate: overwrite noise with f'(a_t).
        """
        p, count = self.network.parameters, stop - start
        noises = self.silence if noise is None else _per_network(noise, 3)  # a stack may share it
        readouts, biases = _per_network(p.readout, 2), _per_network(p.readout_bias, 1)
        for k, (drive, weights, state) in enumerate(zip(self.drive, self.weights, self.state, strict=True)):
            self.squares[k] += forward(
                *(drive[first : first + count + 1], weights, state, noises[k if len(noises) > 1 else 0]),
                *(readouts[k], biases[k], self.outputs[k, start:stop]),
                *(self.code, self.leak, self.alpha, differentiate),
            )

    def derivatives(self, start: int, stop: int, out: torch.Tensor) -> None:
        """f'(a_t) of steps without noise, start .. stop - 1, (step, trial, unit)."""
        for drive, of in zip(self.drive, _per_network(out, 3), strict=True):
            derivatives(self.code, drive[start:stop], of)

    def learning_signal(
        self,
        output_error: torch.Tensor,
        feedback: torch.Tensor,
        start: int,
        stop: int,
        activity_weight: float | torch.Tensor,
        signal: torch.Tensor,
    ) -> None:
        """Write l_t = dL/dy_t B + activity_weight h_t for t = start+1..stop into `signal`.

        Args:
            feedback: B, (output, unit) or (network, output, unit).

        The others are those of `LearningRule.learning_signal`.
        """
        dtype, n_networks = self.leak.dtype.type, len(self.drive)
        factors = np.broadcast_to(np.asarray(activity_weight, dtype).reshape(-1), n_networks)
        parts = zip(_per_network(output_error, 3), _per_network(feedback, 2), self.drive, _rows(signal), strict=True)
        for factor, (error, of, drive, errors) in zip(factors, parts, strict=True):
            learning_signal(error, of, drive[start + 1 : stop + 1], factor, errors)

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
                self.transposed[:] = _per_network(self.network.parameters.recurrent, 2)[k].T
                backward(errors, slopes, following, self.transposed, through, leak, self.alpha)
            elif own is not None:
                backward_diagonal(errors, slopes, following, _per_network(own, 1)[k], leak)
            else:
                backward_filter(errors, slopes, following, leak)

    def readout_gradient(self, output_error: torch.Tensor, gradient: Parameters) -> None:
        """Write the gradients of the readout and its bias; dL/dy_t is (step, trial, output), of all steps."""
        gradient.readout.zero_()
        gradient.readout_bias.zero_()
        readouts, biases = _per_network(gradient.readout, 2), _per_network(gradient.readout_bias, 1)
        for k, (drive, error) in enumerate(zip(self.drive, _per_network(output_error, 3), strict=True)):
            readout_gradient(error, drive[1:], readouts[k], biases[k])


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
