"""Gradients from one forward pass and one backward recursion, which the learning rule defines.

Let l_t be the learning signal, dL/dh_t through the readout and the activity penalty only, and delta_t the learning
rule's estimate of dL/da_t. Then

    dW_h = alpha sum_t delta_t h_{t-1}^T    dW_x = alpha sum_t delta_t x_t^T    db = alpha sum_t delta_t
    da_0 = delta_0 (the same recursion with l_0 = 0, no alpha)

The readout has its exact gradient. No autograd graph is built: the gradients of all weights and biases are one matrix
product per block of steps, over its steps and trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from neurorules.learning.base.gradient_estimator import BatchResult
from neurorules.network.learning_signal import LearningSignal
from neurorules.network.parameters import Parameters
from neurorules.network.replay import Replayed
from neurorules.network.rnn import add_product, padded

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from neurorules.network.architecture import Architecture
    from neurorules.network.rnn import Network
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss


class BackwardRecursion(Protocol):
    """What the estimator needs from a learning rule. `LearningRule` documents the members."""

    replays: bool

    def prepare_update(self, network: Network, loss: Loss, batch: ScoredTrials) -> None:
        """Called after the forward pass of each update, before the backward recursion."""

    def learning_signal(
        self,
        network: Network,
        start: int,
        stop: int,
        output_error: torch.Tensor,
        activity_weight: float | torch.Tensor,
        signal: torch.Tensor,
    ) -> None:
        """Write l_t for t = start+1..stop into `signal`."""

    def feedback_weights(self, network: Network) -> torch.Tensor:
        """The weights that carry output errors to the units."""

    def compiled_block(self, network: Network, first_step: int, n_steps: int) -> dict[str, Any] | None:
        """Arguments of the compiled loops for learning signal and recursion together; None to use the other methods."""

    def backward_block(
        self,
        network: Network,
        first_step: int,
        derivative: torch.Tensor,
        delta_next: torch.Tensor,
        delta: torch.Tensor,
    ) -> None:
        """Turn l_t into delta_t for a block of steps, in place."""


@dataclass(frozen=True)
class _Block:
    """Views of the memory of a block of steps, t = start+1 .. stop.

    Attributes:
        driving: (column, step x trial), the drive of the steps: h, x and 1.
        errors: (step x trial, column), dL/da and dL/dy.
        delta: (step, trial, unit), the columns of `errors` that are dL/da.
        first_delta: (trial, unit), `delta` of the first step.
        output_columns: (step, trial, output), the columns of `errors` that are dL/dy.
        derivative: (step, trial, unit), memory for f'(a_t).
        arrays: delta of the step after the block and `delta`, for the compiled loops; empty without them.
    """

    start: int
    stop: int
    driving: torch.Tensor
    errors: torch.Tensor
    delta: torch.Tensor
    first_delta: torch.Tensor
    output_columns: torch.Tensor
    derivative: torch.Tensor
    arrays: tuple[NDArray[Any], ...]


class AdjointEstimator:
    """Gradients of a network or a stack with one learning rule, in memory allocated once.

    Args:
        theta: the trained parameters, read at every update.
        architecture: the fixed parts of the network.
        n_steps, n_trials: size of every batch.
        learning_rule: defines the learning signal and the backward recursion.
    """

    def __init__(
        self,
        theta: Parameters,
        architecture: Architecture,
        n_steps: int,
        n_trials: int,
        learning_rule: BackwardRecursion,
    ) -> None:
        self.theta = theta
        self.connectivity = architecture.connectivity
        self.weights = self.connectivity.weights(theta)
        self.network = network = architecture.network(self.weights, n_steps, n_trials)
        self.learning_rule = learning_rule
        self.gradient: Parameters = theta.zeros_like()
        n_units, n_outputs, batch_shape = theta.sizes.units, theta.sizes.outputs, theta.batch_shape
        block = (*batch_shape, network.steps_per_block, n_trials)
        self._derivative = network.drive.new_zeros(*block, n_units)
        # delta_t next to dL/dy_{t-1}: both are multiplied by h_{t-1}, so all gradients are one product.
        # Compiled loops handle the readout separately: at 64 units, its few columns make the product a quarter slower.
        n_columns = n_units if network.compiled is not None else padded(n_units + n_outputs)
        self._errors = network.drive.new_zeros(*block, n_columns)
        self._next = network.drive.new_zeros(*batch_shape, n_trials, n_units)
        self._products = network.drive.new_zeros(*batch_shape, network.n_driving, n_columns)
        # Views are made once: for a small network, making them takes as long as its arithmetic.
        transposed, outputs = self._products.mT, slice(n_units, n_units + n_outputs)
        recurrent = transposed[..., :n_units, :]
        self._parts = (
            *(recurrent[..., :n_units], recurrent[..., n_units:-1], recurrent[..., -1]),
            *(transposed[..., outputs, :n_units], transposed[..., outputs, -1]),
        )
        stops = range(network.n_steps, 0, -network.steps_per_block)
        self._blocks = [self._block(max(0, stop - network.steps_per_block), stop) for stop in stops]
        self._replayed: dict[tuple[int, int], Replayed] = {}
        self._first_arrays: tuple[NDArray[Any], ...] = ()
        self._sums: tuple[NDArray[Any], ...] = ()
        if network.compiled is not None:
            after, delta = self._blocks[-1].arrays
            self._first_arrays = after, delta[:, :1]
            self._sums = network.compiled.per_network(self._products, 2), delta[:, 0]

    def _block(self, start: int, stop: int) -> _Block:
        n_units, count = self.theta.sizes.units, stop - start
        errors, compiled = self._errors[..., :count, :, :], self.network.compiled
        delta = errors[..., :n_units]
        return _Block(
            start,
            stop,
            self.network.rows(start, stop).mT,
            errors.flatten(-3, -2),
            delta,
            errors[..., 0, :, :n_units],
            errors[..., n_units : n_units + self.theta.sizes.outputs],
            self._derivative[..., :count, :, :],
            () if compiled is None else (compiled.per_network(self._next, 2), compiled.per_network(delta, 3)),
        )

    def update(
        self,
        inputs: torch.Tensor,
        noise: torch.Tensor | None,
        loss: Loss,
        batch: ScoredTrials,
        penalty_weights: Sequence[float],
    ) -> BatchResult:
        """See `GradientEstimator.update`."""
        network = self.network
        n_active = network.n_steps * network.n_trials * self.theta.sizes.units
        factors = [2.0 * weight / n_active for weight in penalty_weights]
        activity_weight: float | torch.Tensor = factors[0]
        if self.theta.batch_shape:  # copied before a GPU gets busy
            activity_weight = self.theta.flat.new_tensor(factors).view(-1, 1, 1, 1)
        self.connectivity.weights(self.theta, self.weights)
        outputs = network.forward(inputs, noise)
        task_loss, output_error = loss(outputs, batch)
        self.learning_rule.prepare_update(network, loss, batch)
        self._backward(output_error, activity_weight)
        self.connectivity.to_theta_gradient(self.theta, self.gradient)
        return BatchResult(task_loss, network.square_activity / n_active, self.gradient)

    def _backward(self, output_error: torch.Tensor, activity_weight: float | torch.Tensor) -> None:
        """Write the gradient of the weights into `self.gradient`, after a forward pass."""
        import torch

        network, gradient, alpha = self.network, self.gradient, self.network.alpha
        sizes, rule, n_steps = self.theta.sizes, self.learning_rule, network.n_steps
        outputs = slice(sizes.units, sizes.units + sizes.outputs)

        # Rows: the drive of a step (h, x, 1); columns: dL/da, dL/dy. Transposed, this is W_h, W_x, b and W_y, b_y.
        products = self._products.zero_()
        compiled = network.compiled
        if compiled is None:
            last = output_error[..., n_steps - 1, :, :]
            add_product(products[..., outputs], network.rows(n_steps, n_steps + 1).mT, last)
        else:
            gradient.readout.zero_()
            gradient.readout_bias.zero_()
        self._next.zero_()  # delta_{t+1} of the step after a block; delta_{T+1} = 0
        recursion = None
        path = rule.compiled_block(network, 1, n_steps)
        if path is not None and compiled is not None:
            kept = network.kept_derivative(1, n_steps + 1)
            signal = LearningSignal(output_error, rule.feedback_weights(network), activity_weight, gradient)
            recursion = compiled.backward(derivative=kept, signal=signal, **path)
        elif compiled is not None:
            compiled.readout_gradient(output_error, gradient)
        for block in self._blocks:
            # Steps t = start+1 .. stop; outputs begin at t = 1, and the drive of step t is at index t - 1.
            start, stop = block.start, block.stop
            if recursion is not None:
                recursion(start + 1, *block.arrays)
            else:
                error = output_error[..., start:stop, :, :]
                rule.learning_signal(network, start, stop, error, activity_weight, block.delta)
                derivative = network.derivative(start + 1, stop + 1, block.derivative)
                self._recursion(block, derivative)
                # The next block overwrites this memory, so copy what it needs.
                self._next.copy_(block.first_delta)
            if compiled is None:
                self._place_earlier(block.output_columns, output_error, start, stop)
            add_product(products, block.driving, block.errors)

        first_delta = self._blocks[-1].first_delta.zero_()  # l_0 = 0
        path = rule.compiled_block(network, 0, 1)
        if path is not None and compiled is not None:
            compiled.backward(first_step=0, **path)(0, *self._first_arrays)
        else:
            first = self._blocks[-1]
            derivative = network.derivative(0, 1, first.derivative[..., :1, :, :])
            rule.backward_block(network, 0, derivative, self._next, first.delta[..., :1, :, :])
        if compiled is not None:
            sums, delta_0 = self._sums
            if not compiled.split_products(sums, delta_0, gradient):
                self._errors.zero_()  # the next update multiplies them by 0
            return
        recurrent, of_inputs, bias, readout, readout_bias = self._parts
        torch.mul(recurrent, alpha, out=gradient.recurrent)
        torch.mul(of_inputs, alpha, out=gradient.input)
        torch.mul(bias, alpha, out=gradient.bias)
        torch.sum(first_delta, -2, out=gradient.initial_state)
        gradient.readout.copy_(readout)
        gradient.readout_bias.copy_(readout_bias)

    def _recursion(self, block: _Block, derivative: torch.Tensor) -> None:
        """Turn the learning signal in a block's memory into delta."""
        rule, network, first, after = self.learning_rule, self.network, block.start + 1, self._next
        if network.drive.device.type != "cuda" or not rule.replays:
            rule.backward_block(network, first, derivative, after, block.delta)
            return
        key = first, derivative.data_ptr()
        if key not in self._replayed:
            self._replayed[key] = Replayed(lambda: rule.backward_block(network, first, derivative, after, block.delta))
        self._replayed[key]()

    @staticmethod
    def _place_earlier(columns: torch.Tensor, output_error: torch.Tensor, start: int, stop: int) -> None:
        """Write dL/dy_{t-1} for steps t = start+1 .. stop into the columns next to delta_t."""
        if start == 0:
            columns[..., 0, :, :] = 0.0  # there is no y_0
            columns[..., 1:, :, :] = output_error[..., : stop - 1, :, :]
        else:
            columns.copy_(output_error[..., start - 1 : stop - 1, :, :])
