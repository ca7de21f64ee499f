"""The compiled loops of `kernels`, on the memory of a network or of a stack of networks on a CPU.

It loads the compiler: import it where a network is trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.network.kernels import CODES, backward, derivatives, forward, load_weights
from neurorules.network.readout import readout_gradient

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from neurorules.network.parameters import Parameters
    from neurorules.network.rnn import Network


def per_network(tensor: torch.Tensor, n_dimensions: int) -> NDArray[Any]:
    """The memory of a tensor with a leading network dimension, which is added to a single network's tensor."""
    array: NDArray[Any] = tensor.numpy()
    return array if array.ndim > n_dimensions else array[None]


class CompiledSteps:
    """Steps of a network, forward and backward, each network of a stack by itself.

    Args:
        network: on a CPU; its memory is written to.
    """

    per_network = staticmethod(per_network)

    def __init__(self, network: Network) -> None:
        self.network = network
        self.code = CODES[network.activation.name]
        drive, sizes = network.drive, network.parameters.sizes
        dtype = drive.numpy().dtype.type
        self.leak, self.alpha = dtype(1.0 - network.alpha), dtype(network.alpha)
        self.drive = per_network(drive, 3)
        # Views of the parameters are made once: for a small network, making them costs as much as its work.
        p = network.parameters
        self.recurrent, self.inputs = per_network(p.recurrent, 2), per_network(p.input, 2)
        self.bias, self.initial_state = per_network(p.bias, 1), per_network(p.initial_state, 1)
        self.readout, self.readout_bias = per_network(p.readout, 2), per_network(p.readout_bias, 1)
        # Made by PyTorch, at addresses that BLAS likes. Columns of weights are those of `drive`, the padding stays 0.
        n_networks, n_units, n_trials = len(self.drive), sizes.units, network.n_trials
        self.weights: NDArray[Any] = drive.new_zeros(n_networks, n_units, drive.shape[-1]).numpy()
        self.transposed: NDArray[Any] = drive.new_zeros(n_units, n_units).numpy()
        self.state: NDArray[Any] = drive.new_zeros(n_networks, n_trials, n_units).numpy()
        self.outputs, self.squares = per_network(network.outputs, 3), per_network(network.square_activity, 0)
        # What stands for something that is not there.
        self.silence, self.nowhere = np.zeros((1, 0, n_trials, n_units), dtype), np.zeros(0, bool)
        self.nothing, n_outputs = np.zeros(0, dtype), sizes.outputs
        self.no_signal = (
            np.zeros((1, 0, n_trials, n_outputs), dtype),
            np.zeros((1, 0, n_units), dtype),
            np.zeros(1, dtype),
        )

    def start(self) -> None:
        """Take the network's weights, and write h_0."""
        for k, (drive, weights, state) in enumerate(zip(self.drive, self.weights, self.state, strict=True)):
            given = self.recurrent[k], self.inputs[k], self.bias[k], self.initial_state[k]
            load_weights(self.code, *given, weights, state, drive[0])

    def run(self, noise: torch.Tensor | None, first: int, start: int, stop: int, differentiate: bool) -> None:
        """h_t and y_t of steps start + 1 .. stop, and the sum of their h_t^2 added to `square_activity`.

        Args:
            noise: of these steps; or None.
            first: index of h at step `start` in `drive`.
            start, stop: the steps.
            differentiate: overwrite noise with f'(a_t).
        """
        count = stop - start
        noises = self.silence if noise is None else per_network(noise, 3)  # a stack may share it
        for k, (drive, weights, state) in enumerate(zip(self.drive, self.weights, self.state, strict=True)):
            self.squares[k] += forward(
                *(drive[first : first + count + 1], weights, state, _of(noises, k)),
                *(self.readout[k], self.readout_bias[k], self.outputs[k, start:stop]),
                *(self.code, self.leak, self.alpha, differentiate),
            )

    def derivatives(self, start: int, stop: int, out: torch.Tensor) -> None:
        """f'(a_t) of steps without noise, start .. stop - 1, (step, trial, unit)."""
        for drive, of in zip(self.drive, per_network(out, 3), strict=True):
            derivatives(self.code, drive[start:stop], of)

    def backward(
        self,
        start: int,
        delta_next: NDArray[Any],
        delta: NDArray[Any],
        *,
        derivative: torch.Tensor | None = None,
        signal: tuple[torch.Tensor, torch.Tensor, float | torch.Tensor] | None = None,
        through: NDArray[Any] | None = None,
        own: torch.Tensor | None = None,
    ) -> None:
        """delta_t for a block of steps, after a forward pass.

        Args:
            start: the first step t.
            delta_next: (network, trial, unit), delta of the step after the block; overwritten with that of its first
                step.
            delta: (network, step, trial, unit), for delta_t; it holds l_t where `signal` is None.
            derivative: f'(a_t), (step, trial, unit); None without noise, where it follows from h_t.
            signal: dL/dy_t (step, trial, output), B (output, unit) and the factor of h_t, of which l_t is made.
            through: (step,) bool, where the path through the recurrent weights is kept; None for nowhere.
            own: (unit,) or (network, unit), alpha times the weight of each unit onto itself, which is then kept
                everywhere; or None.
        """
        given = signal is None
        owns = None if own is None else per_network(own, 1)
        slopes = self.silence if derivative is None else per_network(derivative, 3)
        errors, feedback, factors = self.no_signal
        if signal is not None:
            errors, feedback = per_network(signal[0], 3), per_network(signal[1], 2)
            factors = np.asarray(signal[2], self.state.dtype).reshape(-1)
        for k, after in enumerate(delta_next):
            if through is not None:
                self.transposed[:] = self.recurrent[k].T
            backward(
                *(delta[k], given, _of(errors, k), _of(feedback, k), _of(factors, k)),
                *(self.drive[k, start : start + delta.shape[1]], _of(slopes, k), after, self.transposed),
                *(self.nowhere if through is None else through, self.nothing if owns is None else owns[k]),
                *(self.code, self.leak, self.alpha),
            )

    def readout_gradient(self, output_error: torch.Tensor, gradient: Parameters) -> None:
        """Write the gradients of the readout and its bias; dL/dy_t is (step, trial, output), of all steps."""
        gradient.readout.zero_()
        gradient.readout_bias.zero_()
        readouts, biases = per_network(gradient.readout, 2), per_network(gradient.readout_bias, 1)
        for k, (drive, error) in enumerate(zip(self.drive, per_network(output_error, 3), strict=True)):
            readout_gradient(error, drive[1:], readouts[k], biases[k])


def _of(arrays: NDArray[Any], k: int) -> Any:
    """What belongs to network k, where one may stand for all."""
    return arrays[k if len(arrays) > 1 else 0]
