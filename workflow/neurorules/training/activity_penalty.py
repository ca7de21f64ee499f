"""The activity penalty lambda mean(h^2), whose weight gives way when it competes with the task."""

from __future__ import annotations


class ActivityPenalty:
    """lambda mean(h^2) over trials, all steps and units, h with its noise.

    Whenever the term is at least half the task loss, lambda shrinks to 2/3 of itself from the next update
    on, and never recovers (published code). The weight is state of the run, not of the job.

    Args:
        weight: lambda before the first update.
    """

    SHARE = 0.5
    FACTOR = 2.0 / 3.0

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def adapt(self, mean_square_activity: float, task_loss: float) -> None:
        """Shrink the weight for the next update if the term was too large in this one."""
        if self.weight * mean_square_activity >= self.SHARE * task_loss:
            self.weight *= self.FACTOR
