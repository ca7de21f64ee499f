"""A readout that the task prescribes, in phases of training. It is not trained.

Such a task has

    phases: tuple[int, ...]             updates at which its readout changes, from 0
    def readout(update) -> Readout      the readout of an update
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.tasks.base.task import Task


@dataclass(frozen=True)
class Readout:
    """y = weights h + bias.

    Attributes:
        weights: (output, unit).
        bias: (output,).
    """

    weights: NDArray[Any]
    bias: NDArray[Any]


def phases_of(task: Task) -> tuple[int, ...]:
    """Updates at which the phases of training start; (0,) for a task with a trained readout."""
    phases: tuple[int, ...] = getattr(task, "phases", (0,))
    return phases
