"""The fraction of correct trials in any task, computed from its loss and the targets of its test trials."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.tasks.base.trials import Trials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.tasks.base.task import Loss

# Losses of two answers with a smaller relative difference are equal: the outputs favour neither.
TIE = 1e-9


def equal_timing(scored: NDArray[Any]) -> NDArray[Any]:
    """(trial,) a number for each trial; trials that are scored in the same steps share a number.

    Args:
        scored: (step, trial) bool.
    """
    number: NDArray[Any] = np.unique(scored.T, axis=0, return_inverse=True)[1].reshape(-1)
    return number


def different_answers(targets: NDArray[Any], scored: NDArray[Any]) -> NDArray[Any]:
    """(trial,) a number for each trial; trials with the same targets in all scored steps share a number.

    Args:
        targets: (step, trial, output), or (step, trial) class indices.
        scored: (step, trial) bool.
    """
    shown = targets * scored.reshape(*scored.shape, *[1] * (targets.ndim - 2))
    of_trial = np.moveaxis(shown, 1, 0).reshape(targets.shape[1], -1)
    number: NDArray[Any] = np.unique(of_trial, axis=0, return_inverse=True)[1].reshape(-1)
    return number


def choices_of(targets: NDArray[Any], scored: NDArray[Any]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """The sets of trials that can be answered correctly or wrongly.

    Args:
        targets, scored: see `different_answers`.

    Returns:
        For each timing with two or more answers: (n,) its trials, and (n,) the number of each trial's answer, from 0.
    """
    timing, answer = equal_timing(scored), different_answers(targets, scored)
    sets = []
    for number in np.unique(timing):
        trials = np.flatnonzero(timing == number)
        answers, own = np.unique(answer[trials], return_inverse=True)
        if len(answers) > 1:
            sets.append((trials, own.reshape(-1)))
    return sets


def fraction_correct(loss: Loss, outputs: NDArray[Any], trials: Trials) -> float:
    """Fraction of trials whose outputs have a lower loss for their own targets than for those of any other trial.

    For choices, this is the fraction of correct choices; for movements, the fraction of trials from which the condition
    can be decoded. A trial's alternatives are the different targets of trials with its timing, which are scored in the
    same steps. If k targets share the lowest loss, including the trial's own, the trial counts 1/k. Outputs that are
    not numbers are wrong.

    Args:
        loss: loss of the task.
        outputs: (step, trial, output) of one network.
        trials: the trials with their targets.

    Returns:
        The fraction; NaN if no two trials with equal timing have different targets.
    """
    per_trial = getattr(loss, "per_trial", None) or partial(_per_trial, loss)
    outputs = outputs.astype(np.float64)
    right: list[NDArray[Any]] = []
    for chosen, own in choices_of(trials.targets, trials.scored):
        answers, scored = outputs[:, chosen], trials.scored[:, chosen]
        first = chosen[np.unique(own, return_index=True)[1]]
        targets = (np.repeat(trials.targets[:, trial : trial + 1], len(chosen), axis=1) for trial in first)
        table = np.stack([per_trial(answers, target, scored) for target in targets])  # (answer, trial)
        lowest = table.min(0)
        best = table <= lowest + TIE * np.abs(lowest)
        right.append(np.where(best[own, np.arange(len(own))], 1.0 / np.maximum(1, best.sum(0)), 0.0))
    return float(np.concatenate(right).mean()) if right else float("nan")


def _per_trial(loss: Loss, outputs: NDArray[Any], targets: NDArray[Any], scored: NDArray[Any]) -> NDArray[Any]:
    """(trial,) losses from a loss that takes only tensors."""
    import torch

    from neurorules.tasks.base.losses import ScoredTrials

    given = torch.as_tensor(outputs)
    trials = Trials(outputs, targets, scored, np.zeros(scored.shape[1], np.int64))
    of_trials: NDArray[Any] = loss.pointwise(given, ScoredTrials(trials, like=given)).sum(0).numpy()
    return of_trials
