"""The activity penalty lambda mean(h^2), whose weight shrinks when it competes with the task."""

from __future__ import annotations


class ActivityPenalty:
    """lambda mean(h^2) over trials, all steps and units, where h includes the noise.

    Whenever the term is at least half the task loss, lambda is multiplied by 2/3 from the next update on. It never
    grows again (published code). The weight is part of a run's state, not the job's.

    Args:
        weight: lambda before the first update.
    """

    SHARE = 0.5
    FACTOR = 2.0 / 3.0

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def adapt(self, mean_square_activity: float, task_loss: float) -> None:
        """Shrink the weight for the next update if the term was too large in this update."""
        if self.weight * mean_square_activity >= self.SHARE * task_loss:
            self.weight *= self.FACTOR
