"""Evidence integration: noisy evidence for left and right, then a choice.

A trial: fixation, stimulus, decision. Conditions are the strengths of evidence, negative for the left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurorules.tasks.base.losses import choice_accuracy, cross_entropy
from neurorules.tasks.base.periods import check_bins
from neurorules.tasks.base.trials import Trials

if TYPE_CHECKING:
    import xarray as xr

    from neurorules.options import Options

NEEDS_RECORDING = False
COMPARISON_KEYS = ()
STEPS = {"type": "integer", "minimum": 1}
STRENGTH = {"type": "number", "exclusiveMinimum": 0}
OPTION_SCHEMA = {
    "dt_ms": {"type": "number", "exclusiveMinimum": 0, "description": "length of a step in ms"},
    "fixation_steps": {**STEPS, "description": "steps of fixation"},
    "stimulus_steps": {**STEPS, "description": "steps of evidence, which are compared with a recording"},
    "decision_steps": {**STEPS, "description": "steps in which the outputs must show the choice"},
    "evidence": {
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": STRENGTH,
        "description": "strengths of evidence, each used for both sides",
    },
    "noise_sd": {"type": "number", "minimum": 0, "description": "SD of the noise per step and side"},
}


class EvidenceTask:
    """Trials of evidence integration.

    Args:
        options: the keys of OPTION_SCHEMA.
    """

    n_inputs = 3  # fixation, evidence for the left, for the right
    n_outputs = 3  # fixate, left, right
    loss = staticmethod(cross_entropy)
    accuracy = staticmethod(choice_accuracy)

    def __init__(self, options: Options) -> None:
        self.options = options
        self.conditions = np.sort([sign * strength for strength in options.evidence for sign in (-1, 1)])
        start = options.fixation_steps
        self.stimulus = slice(start, start + options.stimulus_steps)
        self.n_steps = self.stimulus.stop + options.decision_steps

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        """Trials of random conditions, with noise."""
        condition = rng.integers(0, len(self.conditions), n_trials)
        noise = rng.standard_normal((self.options.stimulus_steps, n_trials, 2)) * self.options.noise_sd
        return self._trials(condition, noise)

    def test(self) -> Trials:
        """Each condition once, in ascending order, without noise."""
        return self._trials(np.arange(len(self.conditions)), 0.0)

    def window(self, time_ms: np.ndarray, comparison: Options) -> np.ndarray:
        """The steps of the stimulus, one for each bin of the recording."""
        options = self.options
        remedy = "Give the stimulus as many steps as the recording has bins, and the same dt_ms."
        check_bins(time_ms, [options.stimulus_steps], options.dt_ms, "The stimulus has", remedy)
        return np.arange(self.stimulus.start, self.stimulus.stop)

    def _trials(self, condition: np.ndarray, noise: np.ndarray | float) -> Trials:
        """Trials of these conditions; `noise` has shape (stimulus step, trial, side)."""
        evidence = self.conditions[condition]
        inputs = np.zeros((self.n_steps, len(condition), self.n_inputs), np.float32)
        inputs[: self.stimulus.stop, :, 0] = 1.0
        inputs[self.stimulus, :, 1:] = np.stack([-evidence, evidence], -1).clip(min=0) + noise
        targets = np.zeros(inputs.shape[:2], np.int64)
        targets[self.stimulus.stop :] = np.where(evidence < 0, 1, 2)
        return Trials(inputs, targets, np.ones(targets.shape, bool), condition.astype(np.int64))


def condition_labels(task: EvidenceTask) -> dict[str, np.ndarray]:
    """Labels of the test trials, which a recording must have too."""
    return {"evidence": task.conditions}


def make(options: Options, recording: xr.Dataset | None) -> EvidenceTask:
    """The task; it does not use the recording."""
    return EvidenceTask(options)
