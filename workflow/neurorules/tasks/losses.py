"""Task losses with their gradients at the outputs, and normalized accuracy.

Both losses are means over scored points, so that their size does not depend on the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from neurorules.tasks.trials import Trials


class ScoredTrials:
    """The targets of one batch as tensors, ready for a loss.

    Args:
        trials: the batch.
        like: a tensor whose dtype and device the targets take.
    """

    def __init__(self, trials: Trials, like: torch.Tensor) -> None:
        import torch

        self.scored = torch.as_tensor(trials.scored, device=like.device)
        targets = torch.as_tensor(trials.targets, device=like.device)
        self.targets = targets.to(like.dtype) if targets.is_floating_point() else targets
        self.n_scored = int(trials.scored.sum())


def mean_squared_error(outputs: torch.Tensor, batch: ScoredTrials) -> tuple[float, torch.Tensor]:
    """Mean over scored (step, trial, output) of (y - y*)^2.

    Args:
        outputs: y, (step, trial, output).
        batch: targets (step, trial, output).

    Returns:
        The loss, and dL/dy of the shape of `outputs` (zero where nothing is scored).
    """
    error = (outputs - batch.targets) * batch.scored.unsqueeze(-1)
    points = batch.n_scored * outputs.shape[-1]
    return float(error.square().sum() / points), error * (2.0 / points)


def cross_entropy(outputs: torch.Tensor, batch: ScoredTrials) -> tuple[float, torch.Tensor]:
    """Mean over scored (step, trial) of -log softmax(y)[target].

    Args:
        outputs: y, (step, trial, output), unnormalized log probabilities.
        batch: targets (step, trial), class indices.

    Returns:
        The loss in nats, and dL/dy of the shape of `outputs`.
    """
    log_probability = outputs.log_softmax(-1)
    target = batch.targets.unsqueeze(-1)
    picked = log_probability.gather(-1, target).squeeze(-1) * batch.scored
    gradient = log_probability.exp_()
    gradient.scatter_add_(-1, target, -gradient.new_ones(1).expand(target.shape))
    gradient.mul_(batch.scored.unsqueeze(-1)).div_(batch.n_scored)
    return float(-picked.sum() / batch.n_scored), gradient


def regression_accuracy(outputs: torch.Tensor, batch: ScoredTrials) -> float:
    """Normalized accuracy 1 - NMSE (paper, appendix A.3).

    NMSE = mean over outputs of sum (y - y*)^2 / sum (y* - mean y*)^2 over scored points; the squared
    error of an output whose target is constant counts undivided.
    """
    answers, targets = outputs[batch.scored].double(), batch.targets[batch.scored].double()
    error = (answers - targets).square().sum(0)
    spread = (targets - targets.mean(0)).square().sum(0)
    # Compared as such: rounding in the mean leaves a constant a spread that is tiny but not zero.
    constant = (targets == targets[0]).all(0)
    return float(1.0 - (error / spread.masked_fill(constant, 1.0)).mean())


def choice_accuracy(outputs: torch.Tensor, batch: ScoredTrials) -> float:
    """Normalized accuracy 1 - cross-entropy in nats (paper, appendix A.3); below 0 when worse than 1 nat."""
    return 1.0 - cross_entropy(outputs.double(), batch)[0]
