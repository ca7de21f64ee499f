"""Common parts of choice tasks after Neurogym: fixed periods, few conditions, noise on the stimuli.

The inputs are fixation and a cosine-tuned ring of directions; the outputs are fixate and the choices. Cross-entropy
scores every step, because Neurogym's ground truth has an answer at every step: fixate until the decision, then the
choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.tasks.base.losses import choice_accuracy, cross_entropy
from neurorules.tasks.base.periods import STEP_MS, check_bins
from neurorules.tasks.base.trials import Trials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.options import Options

SHARED_OPTIONS = {
    "dt_ms": STEP_MS,
    "sigma": {
        "type": "number",
        "minimum": 0,
        "description": "noise on the stimuli in generated trials: the SD per step is sigma / sqrt(dt_ms) (Neurogym)",
    },
    "dim_ring": {"type": "integer", "minimum": 2, "description": "number of directions (Neurogym)"},
}
FIXATION, RING = 0, slice(1, None)  # inputs


def ring(dim_ring: int) -> NDArray[Any]:
    """(direction,) evenly spaced angles from 0, in radians.

    Raises:
        InputError: there are fewer than 2.
    """
    if dim_ring < 2:
        raise InputError(
            "The task needs at least two directions.",
            key="task.dim_ring",
            value=dim_ring,
            remedy="Use 2 or more.",
        )
    return np.linspace(0, 2 * np.pi, dim_ring, endpoint=False)


class ChoiceTask:
    """A choice task with fixed periods; see the module.

    Args:
        options: `dt_ms`; `sigma`, the SD of the noise times the square root of the step in ms.
        inputs: (step, condition, input) without noise.
        choice: (condition,) the correct choice, counted from 1.
        decision: the steps of the decision.
        noisy: periods with noise on the ring, drawn independently in each step.
        tested: (condition,) bool, whether the condition is a test trial.

    Raises:
        InputError: the noise is negative.
    """

    loss = staticmethod(cross_entropy)
    accuracy = staticmethod(choice_accuracy)

    def __init__(
        self,
        options: Options,
        inputs: NDArray[Any],
        choice: NDArray[Any],
        *,
        decision: slice,
        noisy: Sequence[slice],
        tested: NDArray[Any],
    ) -> None:
        if not options.sigma >= 0:
            raise InputError(
                "A standard deviation cannot be negative.",
                key="task.sigma",
                value=options.sigma,
                remedy="Use 0 or more.",
            )
        self.dt_ms = options.dt_ms
        self.noise_sd = np.float32(options.sigma / np.sqrt(self.dt_ms))
        self.noisy = noisy
        self.inputs = inputs.astype(np.float32)
        n_steps, self.n_conditions, self.n_inputs = inputs.shape
        self.n_outputs = 1 + int(choice.max())
        self.targets = np.zeros((n_steps, self.n_conditions), np.int64)
        self.targets[decision] = choice
        self.tested = np.flatnonzero(tested)
        self.condition = np.where(tested, np.cumsum(tested) - 1, -1)

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        """Random trials, all conditions equally likely; `condition` is -1 for conditions that are not test trials."""
        trials = self._trials(rng.integers(0, self.n_conditions, n_trials))
        for period in self.noisy:
            shown = trials.inputs[period, :, RING]
            shown += self.noise_sd * rng.standard_normal(shown.shape, np.float32)
        return trials

    def test(self) -> Trials:
        """Each tested condition once, without noise; `condition` is a trial's index among them."""
        return self._trials(self.tested)

    def window(self, time_ms: NDArray[Any], comparison: Options) -> NDArray[Any]:
        """All steps of the test trials, one for each bin of the recording.

        Raises:
            InputError: the steps do not match the recording's bins.
        """
        n_steps = len(self.inputs)
        check_bins(
            time_ms,
            [n_steps],
            self.dt_ms,
            "A trial has",
            "Set dt_ms to the recording's bin width, and durations that add up to its length.",
        )
        return np.arange(n_steps)

    def _trials(self, drawn: NDArray[Any]) -> Trials:
        """Trials of the given conditions, without noise."""
        inputs, targets = self.inputs.take(drawn, axis=1), self.targets.take(drawn, axis=1)
        return Trials(inputs, targets, np.ones(targets.shape, bool), self.condition[drawn])
