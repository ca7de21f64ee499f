"""Losses in compiled code: for the few outputs of a task, PyTorch's overhead is ten times the actual work.

They do the same as the losses in `tasks/base/losses.py`. Other losses are called as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.network.jit import compiled
from neurorules.tasks.base.losses import CrossEntropy, MeanSquaredError

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss


@compiled
def _squared_error(outputs: Any, targets: Any, scored: Any, divisor: float, gradient: Any) -> float:
    """Sum of (y - y*)^2 / divisor over scored points, and its gradient; arrays (step, trial, output)."""
    total = 0.0
    factor = outputs.dtype.type(2.0 / divisor)
    for t in range(outputs.shape[0]):
        sum_t = outputs.dtype.type(0)
        for i in range(outputs.shape[1]):
            for o in range(outputs.shape[2]):
                error = (outputs[t, i, o] - targets[t, i, o]) * scored[t, i]
                sum_t += error * error
                gradient[t, i, o] = factor * error
        total += sum_t
    return total / divisor


@compiled
def _cross_entropy(outputs: Any, targets: Any, scored: Any, n_scored: float, gradient: Any) -> float:
    """Mean of -log softmax(y)[target] over scored points, and its gradient; targets (step, trial)."""
    total = 0.0
    n_outputs = outputs.shape[2]
    for t in range(outputs.shape[0]):
        for i in range(outputs.shape[1]):
            y, slope = outputs[t, i], gradient[t, i]
            largest = y[0]
            for o in range(1, n_outputs):
                largest = max(largest, y[o])
            partition = outputs.dtype.type(0)
            for o in range(n_outputs):
                slope[o] = np.exp(y[o] - largest)
                partition += slope[o]
            weight = scored[t, i] / outputs.dtype.type(n_scored)
            target = targets[t, i]
            total += weight * (np.log(partition) + largest - y[target])
            for o in range(n_outputs):
                slope[o] *= weight / partition
            slope[target] -= weight
    return total


class CompiledLoss:
    """A loss whose value and gradient are computed in compiled code, on a CPU.

    Args:
        loss: the task's loss.
    """

    def __init__(self, loss: CrossEntropy | MeanSquaredError) -> None:
        self.loss = loss
        self.pointwise = loss.pointwise

    def __call__(self, outputs: torch.Tensor, batch: ScoredTrials) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss and dL/dy, see `Loss`."""
        import torch

        gradient = torch.empty_like(outputs)
        if outputs.ndim == 3:
            return torch.from_numpy(self._of_network(outputs, batch, gradient)), gradient
        batches = [batch.of_network(k) for k in range(len(outputs))]
        losses = [self._of_network(*one) for one in zip(outputs, batches, gradient, strict=True)]
        return torch.from_numpy(np.stack(losses)), gradient

    def _of_network(self, outputs: torch.Tensor, batch: ScoredTrials, gradient: torch.Tensor) -> NDArray[Any]:
        """The loss of one network, (), in the dtype of its outputs; dL/dy is written into `gradient`."""
        arrays = (outputs.numpy(), batch.targets.numpy(), batch.scored.numpy())
        count, slope = batch.n_scored.item(), gradient.numpy()
        if isinstance(self.loss, CrossEntropy):
            loss = _cross_entropy(*arrays, count, slope)
        else:
            loss = _squared_error(*arrays, count * outputs.shape[-1] / self.loss.factor, slope)
        return np.asarray(loss, slope.dtype)


def compiled_loss(loss: Loss) -> Loss:
    """The compiled version of a loss if there is one, otherwise the loss itself."""
    if type(loss) in (CrossEntropy, MeanSquaredError):
        return CompiledLoss(loss)  # type: ignore[arg-type]
    return loss
