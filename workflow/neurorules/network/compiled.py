"""The compiled loops of `kernels`, applied to the memory of a network or a stack of networks on a CPU.

Importing this module loads the compiler. Import it only to train networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.network.blas import copies_shared_matrix, shared_size
from neurorules.network.gradient_parts import readout_gradient, split_products
from neurorules.network.kernels import CODES, backward, derivatives, forward, load_weights
from neurorules.network.shared_matrix import share

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from neurorules.network.learning_signal import LearningSignal
    from neurorules.network.parameters import Parameters
    from neurorules.network.rnn import Network


def per_network(tensor: torch.Tensor, n_dimensions: int) -> NDArray[Any]:
    """The memory of a tensor, with a leading network dimension of size 1 if it has none."""
    array: NDArray[Any] = tensor.numpy()
    return array if array.ndim > n_dimensions else array[None]


class CompiledSteps:
    """Forward and backward steps of a network. The networks of a stack are computed one by one.

    Args:
        network: a network on a CPU; its memory is written to.
    """

    per_network = staticmethod(per_network)

    def __init__(self, network: Network) -> None:
        self.network = network
        self.code = CODES[network.activation.name]
        drive, sizes = network.drive, network.parameters.sizes
        dtype = drive.numpy().dtype.type
        self.leak, self.alpha = dtype(1.0 - network.alpha), dtype(network.alpha)
        self.drive = per_network(drive, 3)
        # Views are made once: for a small network, making them takes as long as its arithmetic.
        p = network.parameters
        self.recurrent, self.inputs = per_network(p.recurrent, 2), per_network(p.input, 2)
        self.bias, self.initial_state = per_network(p.bias, 1), per_network(p.initial_state, 1)
        self.readout, self.readout_bias = per_network(p.readout, 2), per_network(p.readout_bias, 1)
        # Allocated by PyTorch, which aligns memory well for BLAS. Columns are those of `drive`, without padding.
        n_networks, n_units, n_trials = len(self.drive), sizes.units, network.n_trials
        n_columns = network.n_driving
        self.weights: NDArray[Any] = drive.new_zeros(n_units, n_columns).numpy()
        self.copied = copies_shared_matrix(self.drive.dtype)
        size = shared_size(n_units, n_trials, n_columns, self.drive.dtype)
        self.shared: NDArray[Any] = drive.new_empty(n_networks, size).numpy()
        size = shared_size(n_units, n_trials, n_units, self.drive.dtype)
        self.shared_back: NDArray[Any] = drive.new_empty(n_networks, size).numpy()
        self.shares_back = False
        self.state: NDArray[Any] = drive.new_zeros(n_networks, n_trials, n_units).numpy()
        self.outputs, self.squares = per_network(network.outputs, 3), per_network(network.square_activity, 0)
        self._gradient: Parameters | None = None
        self._parts: tuple[NDArray[Any], ...] = ()
        # Empty placeholders for optional arguments.
        self.silence, self.nowhere = np.zeros((1, 0, n_trials, n_units), dtype), np.zeros(0, bool)
        self.nothing, n_outputs = np.zeros((1, 0), dtype), sizes.outputs
        self.no_signal = (
            np.zeros((1, 0, n_trials, n_outputs), dtype),
            np.zeros((1, 0, n_units), dtype),
            np.zeros(1, dtype),
        )

    def start(self) -> None:
        """Copy the network's weights, and write h_0."""
        for k, (drive, shared, state) in enumerate(zip(self.drive, self.shared, self.state, strict=True)):
            given = self.recurrent[k], self.inputs[k], self.bias[k], self.initial_state[k]
            load_weights(self.code, *given, self.weights, state, drive[0])
            share(self.weights, False, len(state), self.alpha, self.copied, shared)
        self.shares_back = False

    def run(
        self, inputs: torch.Tensor, noise: torch.Tensor | None, first: int, start: int, stop: int, differentiate: bool
    ) -> None:
        """Compute h_t and y_t for steps start + 1 .. stop, and add the sum of h_t^2 to `square_activity`.

        Args:
            inputs: the inputs of these steps, contiguous for each network, in the network's dtype.
            noise: the noise of these steps, or None.
            first: index of h at step `start` in `drive`.
            start, stop: the steps.
            differentiate: overwrite noise with f'(a_t).
        """
        count = stop - start
        given = per_network(inputs, 3)  # a stack may share inputs and noise
        noises = self.silence if noise is None else per_network(noise, 3)
        for k, (drive, shared, state) in enumerate(zip(self.drive, self.shared, self.state, strict=True)):
            self.squares[k] += forward(
                *(_of(given, k), drive[first : first + count + 1], shared, state, _of(noises, k)),
                *(self.readout[k], self.readout_bias[k], self.outputs[k, start:stop]),
                *(self.code, self.leak, self.copied, differentiate),
            )

    def derivatives(self, start: int, stop: int, out: torch.Tensor) -> None:
        """Write f'(a_t) for steps start .. stop - 1 without noise, (step, trial, unit)."""
        for drive, of in zip(self.drive, per_network(out, 3), strict=True):
            derivatives(self.code, drive[start:stop], of)

    def backward(
        self,
        *,
        first_step: int = 1,
        derivative: torch.Tensor | None = None,
        signal: LearningSignal | None = None,
        through: NDArray[Any] | None = None,
        own: torch.Tensor | None = None,
    ) -> Callable[[int, NDArray[Any], NDArray[Any]], None]:
        """A function that computes delta_t for a block of steps, after a forward pass.

        Args:
            first_step: the step of the first entries of the other arguments.
            derivative: f'(a_t), (step, trial, unit); None without noise, when it follows from h_t.
            signal: what l_t is computed from; None if `delta` contains l_t.
            through: (step,) bool, steps at which the path through the recurrent weights is kept; None for no steps.
            own: (unit,) or (network, unit), alpha times each unit's weight onto itself, whose path is kept at all
                steps; or None.
        """
        given = signal is None
        owns = self.nothing if own is None else per_network(own, 1)
        slopes = self.silence if derivative is None else per_network(derivative, 3)
        errors, feedback, factors = self.no_signal
        readouts, biases = feedback, self.nothing
        if signal is not None:
            errors, feedback = per_network(signal.output_error, 3), per_network(signal.feedback, 2)
            factors = np.asarray(signal.activity_weight, self.state.dtype).reshape(-1)
            readouts, biases = self._arrays_of(signal.gradient)[-2:]
        paths = self.nowhere if through is None else through
        if through is not None and not self.shares_back:  # once after each forward pass
            for recurrent, shared in zip(self.recurrent, self.shared_back, strict=True):
                share(recurrent, True, self.state.shape[1], self.alpha, self.copied, shared)
            self.shares_back = True

        def block(start: int, delta_next: NDArray[Any], delta: NDArray[Any]) -> None:
            """Compute delta_t.

            Args:
                start: the first step of the block.
                delta_next: (network, trial, unit), delta of the step after the block; overwritten with that of its
                    first step.
                delta: (network, step, trial, unit), memory for delta_t, finite; it contains l_t if `signal` is None.
            """
            stop = start + delta.shape[1]
            of_block = slice(start - first_step, stop - first_step)  # empty arrays stay empty
            for k, after in enumerate(delta_next):
                backward(
                    *(delta[k], given, _of(errors, k)[of_block], _of(feedback, k), _of(factors, k)),
                    *(_of(readouts, k), _of(biases, k)),
                    *(self.drive[k, start:stop], _of(slopes, k)[of_block], after, self.shared_back[k]),
                    *(paths[of_block], _of(owns, k), self.code, self.leak, self.copied),
                )

        return block

    def readout_gradient(self, output_error: torch.Tensor, gradient: Parameters) -> None:
        """Add the gradients of the readout and its bias. `output_error` is dL/dy_t of all steps."""
        readouts, biases = self._arrays_of(gradient)[-2:]
        for k, (drive, error) in enumerate(zip(self.drive, per_network(output_error, 3), strict=True)):
            readout_gradient(error, drive[1:], readouts[k], biases[k])

    def split_products(self, products: NDArray[Any], first_delta: NDArray[Any], gradient: Parameters) -> bool:
        """Write the gradients of W_h, W_x, b and a_0; returns whether they are finite.

        Args:
            products, first_delta: with a leading network dimension, see `gradient_parts`.
            gradient: receives the gradients.
        """
        parts = self._arrays_of(gradient)[:-2]
        return all([split_products(self.alpha, *part) for part in zip(products, first_delta, *parts, strict=True)])

    def _arrays_of(self, gradient: Parameters) -> tuple[NDArray[Any], ...]:
        """The parts of a gradient by network, in the order of `Sizes.shapes`; made once, as all updates write there."""
        if self._gradient is not gradient:
            n_leading = len(gradient.batch_shape)
            self._gradient = gradient
            self._parts = tuple(per_network(part, part.ndim - n_leading) for part in gradient.named().values())
        return self._parts


def _of(arrays: NDArray[Any], k: int) -> Any:
    """The array of network k, or the array that all networks share."""
    return arrays[k if len(arrays) > 1 else 0]
