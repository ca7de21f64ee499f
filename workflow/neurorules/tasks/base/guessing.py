"""A task's guessing level: the result of a network that knows when to answer, but nothing about the trial.

It is computed from the task, not stated. In the context-dependent decision at 50 ms, 6 of 34 steps require one of two
choices. Guessing then gives a normalized accuracy of 1 - (6/34) ln 2 = .878 and half of the choices correct.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.tasks.base.fraction_correct import choices_of, equal_timing
from neurorules.tasks.base.losses import CrossEntropy, MeanSquaredError, ScoredTrials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.tasks.base.task import Loss, Task
    from neurorules.tasks.base.trials import Trials

# Log probability of a choice that is never correct: it has no weight, but is still a number.
NEVER = -100.0


@dataclass(frozen=True)
class Guess:
    """Performance of the best outputs that are the same in all test trials of equal timing.

    Attributes:
        accuracy: their normalized accuracy.
        fraction_correct: the largest fraction of trials with one answer.

    Both are NaN if no two test trials of equal timing have different answers.
    """

    accuracy: float
    fraction_correct: float

    def columns(self) -> dict[str, float]:
        """The guess as columns of a table."""
        return {"guessing_accuracy": self.accuracy, "guessing_fraction_correct": self.fraction_correct}


def guessing(task: Task) -> Guess:
    """The guessing level of a task, on its test trials."""
    trials = task.test()
    sets = choices_of(trials.targets, trials.scored)
    if not sets:
        return Guess(float("nan"), float("nan"))
    outputs = best_shared(task.loss, trials, equal_timing(trials.scored), task.n_outputs)
    accuracy = task.accuracy(outputs, trials)
    commonest = sum(np.bincount(own).max() for _, own in sets)
    return Guess(accuracy, float(commonest / sum(len(own) for _, own in sets)))


def best_shared(loss: Loss, trials: Trials, timing: NDArray[Any], n_outputs: int) -> NDArray[Any]:
    """The outputs with the lowest loss among those that are the same in all trials of equal timing.

    The losses of this package are convex, so the minimum is unique. Known losses are solved exactly: the squared error
    by the mean of the targets, cross-entropy by the logarithm of their frequencies. Other losses are minimized with
    L-BFGS.

    Args:
        loss: loss of the task.
        trials: the trials with their targets.
        timing: (trial,) see `equal_timing`.
        n_outputs: number of outputs of the task.

    Returns:
        (step, trial, output) float64.
    """
    if not isinstance(loss, CrossEntropy | MeanSquaredError):
        return _minimized(loss, trials, timing, n_outputs)
    choices = isinstance(loss, CrossEntropy)
    targets = np.eye(n_outputs)[trials.targets] if choices else trials.targets.astype(np.float64)
    outputs = np.empty_like(targets)
    for own in _sets(timing):
        outputs[:, own] = targets[:, own].mean(1, keepdims=True)
    if not choices:
        return outputs
    with np.errstate(divide="ignore"):  # the logarithm of a share of 0
        nats: NDArray[Any] = np.maximum(np.log(outputs), NEVER)
    return nats


def _sets(timing: NDArray[Any]) -> list[NDArray[Any]]:
    """The trials of each timing."""
    return [np.flatnonzero(timing == number) for number in np.unique(timing)]


def _minimized(loss: Loss, trials: Trials, timing: NDArray[Any], n_outputs: int) -> NDArray[Any]:
    import torch
    from scipy.optimize import minimize

    batch = ScoredTrials(trials, like=torch.zeros(1, dtype=torch.float64))
    n_steps, n_trials = trials.scored.shape
    outputs = np.zeros((n_steps, n_trials, n_outputs))
    for own in _sets(timing):
        part = copy(batch)
        part.targets, part.scored = batch.targets[:, own], batch.scored[:, own]

        def objective(flat: Any, part: ScoredTrials = part) -> tuple[float, Any]:
            shared = torch.as_tensor(flat).reshape(n_steps, 1, n_outputs)
            value, gradient = loss(shared.repeat(1, part.scored.shape[1], 1), part)
            return float(value), gradient.sum(1).reshape(-1).numpy()

        found = minimize(objective, np.zeros(n_steps * n_outputs), jac=True, method="L-BFGS-B")
        outputs[:, own] = found.x.reshape(n_steps, 1, n_outputs)
    return outputs
