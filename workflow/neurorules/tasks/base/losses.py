"""Task losses with their gradients with respect to the outputs, and normalized accuracy.

All losses are means over scored points, so they do not depend on the batch size. For a stack of networks, every tensor
has a leading network axis, except targets that all share, and a loss is one number per network.

Training calls losses on tensors. Scoring needs no gradients: `per_trial` and the accuracies take NumPy arrays, so
scoring jobs need no PyTorch, which takes longer to import than most of these jobs run.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from neurorules.tasks.base.trials import Trials


class ScoredTrials:
    """The targets of one batch as tensors, ready for a loss.

    Args:
        trials: the batch; or one batch per network of a stack, with equal numbers of steps and trials.
        like: a tensor whose dtype and device the targets get.
        of_network: for a stack whose networks share batches, the index of each network's batch, (network,).

    Attributes:
        targets: (step, trial, output), or (step, trial) class indices.
        scored: (step, trial), 1 at scored points and 0 elsewhere, in the dtype of `like`.
        n_scored: (1, 1), number of scored points.

    With several batches, all three have a leading network axis.
    """

    def __init__(
        self, trials: Trials | Sequence[Trials], like: torch.Tensor, of_network: torch.Tensor | None = None
    ) -> None:
        import torch

        batches = [trials] if not isinstance(trials, Sequence) else trials
        arrays = [(b.targets, b.scored) for b in batches]
        alone = len(arrays) == 1 and of_network is None
        targets, scored = arrays[0] if alone else (np.stack(part) for part in zip(*arrays, strict=True))
        tensor = torch.from_numpy(targets)
        self.targets = tensor.to(like) if tensor.is_floating_point() else tensor.to(like.device)
        self.scored = torch.from_numpy(scored).to(like)
        if of_network is not None:
            self.targets, self.scored = self.targets[of_network], self.scored[of_network]
        self.n_scored = self.scored.sum((-2, -1), keepdim=True)

    def of_network(self, k: int) -> ScoredTrials:
        """The batch of network k in a stack, which may be the same for all."""
        if self.scored.ndim == 2:
            return self
        part = copy(self)
        part.targets, part.scored, part.n_scored = self.targets[k], self.scored[k], self.n_scored[k]
        return part

    def steps(self, start: int, stop: int) -> ScoredTrials:
        """Steps start..stop-1 of the batch. The losses of all parts add up to the loss of the batch."""
        part, steps = copy(self), slice(start, stop)
        part.scored = self.scored[..., steps, :]
        classes = self.targets.ndim == self.scored.ndim
        part.targets = self.targets[..., steps, :] if classes else self.targets[..., steps, :, :]
        return part


class MeanSquaredError:
    """Mean over scored (step, trial, output) of (y - y*)^2, times a factor."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def pointwise(self, outputs: torch.Tensor, batch: ScoredTrials) -> torch.Tensor:
        """Contribution of each (step, trial) to the loss."""
        error = outputs - batch.targets
        return error.square().sum(-1) * batch.scored / self._divisor(outputs, batch)

    def __call__(self, outputs: torch.Tensor, batch: ScoredTrials) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss and its gradient.

        Args:
            outputs: y, (step, trial, output).
            batch: targets (step, trial, output).

        Returns:
            The loss, one number per network; and dL/dy, with the shape of `outputs`, zero at points that are not
            scored.
        """
        error = (outputs - batch.targets).mul_(batch.scored.unsqueeze(-1))
        divisor = self._divisor(outputs, batch)
        loss = error.square().sum((-3, -2, -1)) / divisor[..., 0, 0]
        return loss, error.mul_((2.0 / divisor).unsqueeze(-1))

    def per_trial(self, outputs: NDArray[Any], targets: NDArray[Any], scored: NDArray[Any]) -> NDArray[Any]:
        """Squared error summed over scored steps, times the factor, divided by the number of outputs.

        Args:
            outputs, targets: (step, trial, output) float64.
            scored: (step, trial) bool.

        Returns:
            (trial,): contribution of each trial to the loss, times the number of scored points.
        """
        square: NDArray[Any] = np.einsum("sto,sto,st->t", *[outputs - targets] * 2, scored)
        return square * (self.factor / outputs.shape[-1])

    def _divisor(self, outputs: torch.Tensor, batch: ScoredTrials) -> torch.Tensor:
        return batch.n_scored * (outputs.shape[-1] / self.factor)


class CrossEntropy:
    """Mean over scored (step, trial) of -log softmax(y)[target], in nats."""

    def pointwise(self, outputs: torch.Tensor, batch: ScoredTrials) -> torch.Tensor:
        """Contribution of each (step, trial) to the loss."""
        target = batch.targets.expand(outputs.shape[:-1]).unsqueeze(-1)
        picked = outputs.log_softmax(-1).gather(-1, target).squeeze(-1)
        return -picked * batch.scored / batch.n_scored

    def __call__(self, outputs: torch.Tensor, batch: ScoredTrials) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss and its gradient.

        Args:
            outputs: y, (step, trial, output), unnormalized log probabilities.
            batch: targets (step, trial), class indices.

        Returns:
            The loss in nats, one number per network; and dL/dy, with the shape of `outputs`.
        """
        log_probability = outputs.log_softmax(-1)
        target = batch.targets.expand(outputs.shape[:-1]).unsqueeze(-1)
        picked = log_probability.gather(-1, target).squeeze(-1) * batch.scored
        loss = -picked.sum((-2, -1)) / batch.n_scored[..., 0, 0]
        gradient = log_probability.exp_()
        gradient.scatter_add_(-1, target, -gradient.new_ones(1).expand(target.shape))
        gradient.mul_((batch.scored / batch.n_scored).unsqueeze(-1))
        return loss, gradient

    def per_trial(self, outputs: NDArray[Any], targets: NDArray[Any], scored: NDArray[Any]) -> NDArray[Any]:
        """Sum over scored steps of -log softmax(y)[target], in nats.

        Args:
            outputs: (step, trial, output) float64, unnormalized log probabilities.
            targets: (step, trial) class indices.
            scored: (step, trial) bool.

        Returns:
            (trial,): contribution of each trial to the loss, times the number of scored points.
        """
        # Subtract the largest value, so that no exponential overflows.
        outputs = outputs - outputs.max(-1, keepdims=True)
        picked = np.take_along_axis(outputs, targets[..., None], -1)[..., 0]
        nats: NDArray[Any] = ((np.log(np.exp(outputs).sum(-1)) - picked) * scored).sum(0)
        return nats


mean_squared_error = MeanSquaredError()
half_mean_squared_error = MeanSquaredError(0.5)
cross_entropy = CrossEntropy()


def regression_accuracy(outputs: NDArray[Any], trials: Trials) -> float:
    """Normalized accuracy 1 - NMSE (paper, appendix A.3) of one network.

    NMSE = mean over outputs of sum (y - y*)^2 / sum (y* - mean y*)^2 over scored points. For an output with a constant
    target, the squared error is not divided.

    Args:
        outputs: y, (step, trial, output).
        trials: the trials with their targets.
    """
    answers, targets = (values[trials.scored].astype(np.float64) for values in (outputs, trials.targets))
    error = ((answers - targets) ** 2).sum(0)
    spread = ((targets - targets.mean(0)) ** 2).sum(0)
    # Rounding of the mean gives a constant target a tiny spread, so values are compared instead.
    constant = (targets == targets[0]).all(0)
    return float(1.0 - (error / np.where(constant, 1.0, spread)).mean())


def choice_accuracy(outputs: NDArray[Any], trials: Trials) -> float:
    """Normalized accuracy 1 - cross-entropy in nats (paper, appendix A.3); below 0 if cross-entropy exceeds 1 nat.

    Args:
        outputs: y, (step, trial, output), unnormalized log probabilities.
        trials: the trials with their targets.
    """
    nats = cross_entropy.per_trial(outputs.astype(np.float64), trials.targets, trials.scored)
    return float(1.0 - nats.sum() / trials.scored.sum())
