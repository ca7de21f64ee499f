"""Trials: what a network is given, what it should answer, and where the answer counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Trials:
    """A batch of trials, time first, so that one step of all trials lies together in memory.

    Attributes:
        inputs: (step, trial, input) float32.
        targets: (step, trial, output) float32 for regression, (step, trial) int64 class indices for choices.
        scored: (step, trial) bool, where the loss and the accuracy look.
        condition: (trial,) int64, index of the test trial of each trial's condition, which is the recorded condition
            where there is a recording; -1 where it has none.
    """

    inputs: np.ndarray
    targets: np.ndarray
    scored: np.ndarray
    condition: np.ndarray

    @property
    def n_steps(self) -> int:
        return self.inputs.shape[0]

    @property
    def n_trials(self) -> int:
        return self.inputs.shape[1]
