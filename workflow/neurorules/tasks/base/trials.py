"""Trials: a network's inputs, its targets, and the steps that are scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def held_targets(responding: NDArray[Any], answer: NDArray[Any]) -> NDArray[Any]:
    """Targets that hold a trial's answer while it responds, and are 0 before and after.

    Args:
        responding: (step, trial) bool.
        answer: (trial, output) float32.

    Returns:
        (step, trial, output) float32.
    """
    targets = np.empty((*responding.shape, answer.shape[1]), np.float32)
    for output in range(answer.shape[1]):  # one by one: along the short axis, a product is several times slower
        np.multiply(responding, answer[:, output], out=targets[:, :, output])
    return targets


@dataclass(frozen=True)
class Trials:
    """A batch of trials, time first, so that one step of all trials is contiguous in memory.

    Attributes:
        inputs: (step, trial, input) float32.
        targets: (step, trial, output) float32 for regression, (step, trial) int64 class indices for choices.
        scored: (step, trial) bool, steps that count for loss and accuracy.
        condition: (trial,) int64, index of the test trial with the same condition; -1 if there is none. Labels link
            test trials to recorded conditions (`labels.py`).
    """

    inputs: NDArray[Any]
    targets: NDArray[Any]
    scored: NDArray[Any]
    condition: NDArray[Any]

    @property
    def n_steps(self) -> int:
        return self.inputs.shape[0]

    @property
    def n_trials(self) -> int:
        return self.inputs.shape[1]
