"""Trials: a network's inputs, its targets, and the steps that are scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
