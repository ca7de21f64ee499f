"""What training needs at every update: a gradient estimate and the losses of the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch

    from neurorules.network.parameters import Parameters
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss


@dataclass(frozen=True)
class BatchResult:
    """The losses of a batch and the estimated gradient. For a stack, every tensor has a leading network dimension.

    Attributes:
        task_loss: the loss without the activity penalty.
        mean_square_activity: mean of h^2 over steps, trials and units.
        gradient: estimate of dL/dtheta for the optimiser; valid until the next update.
    """

    task_loss: torch.Tensor
    mean_square_activity: torch.Tensor
    gradient: Parameters


class GradientEstimator(Protocol):
    """Estimates the gradients of the parameters of a network or a stack of networks."""

    def update(
        self,
        inputs: torch.Tensor,
        noise: torch.Tensor | None,
        loss: Loss,
        batch: ScoredTrials,
        penalty_weights: Sequence[float],
    ) -> BatchResult:
        """Compute the result for one batch.

        Args:
            inputs: x_1..x_T, (step, trial, input).
            noise: (step, trial, unit) or None; its memory may be overwritten.
            loss: the task's loss.
            batch: the batch's targets.
            penalty_weights: lambda of the activity penalty, one per network.
        """
