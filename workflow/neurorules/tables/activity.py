"""Networks run again from their checkpoints, for the tables that compare activity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.network.architecture import make_architecture
from neurorules.tasks.task import Task, compared_steps
from neurorules.training.train import Scorer, checkpoint_parameters

if TYPE_CHECKING:
    import xarray as xr

    from neurorules.tasks.trials import Trials


@dataclass(frozen=True)
class GroupMember:
    """One model of a group.

    Attributes:
        options: its resolved options.
        task: its task.
        runs: its runs by seed.
    """

    options: Mapping[str, Any]
    task: Task
    runs: Mapping[int, xr.Dataset]


class ModelActivity:
    """Activity of a run's checkpoints in the window that lines up with a recording, or in all of the test trials.

    Args:
        run: a run's Dataset.
        options: the model's `network` and `comparison` options.
        task: its task.
        recording: what it is compared with, or None for all steps.
    """

    def __init__(self, run: xr.Dataset, options: Mapping[str, Any], task: Task, recording: xr.Dataset | None) -> None:
        self.run = run
        # One network for all checkpoints; their parameters are copied into it.
        self.parameters = checkpoint_parameters(run, 0)
        # A checkpoint holds the weights as the network uses them, so that constraints have been applied.
        architecture = make_architecture(options["network"], [None], self.parameters.flat)
        self.scorer = Scorer(task, self.parameters, architecture, keep_activity=True)
        self.window: Any = slice(None)
        if recording is None:
            return
        self.window = compared_steps(task, recording, options["comparison"])

    def all_steps_at(self, checkpoint: int) -> np.ndarray:
        """(condition, step, unit) over whole test trials, at a checkpoint given by its index."""
        self.parameters.flat.copy_(checkpoint_parameters(self.run, checkpoint).flat)
        return self.scorer.activity()

    def at(self, checkpoint: int) -> np.ndarray:
        """(condition, time, unit) in the window, at a checkpoint given by its index."""
        return self.all_steps_at(checkpoint)[:, self.window]


class OnTrials:
    """A task whose test trials are others: scored on these, a network's accuracy is that on random trials, say."""

    def __init__(self, task: Task, trials: Trials) -> None:
        self.trials = trials
        self.accuracy = task.accuracy
        self.n_inputs, self.n_outputs, self.loss = task.n_inputs, task.n_outputs, task.loss
        self.batch, self.window = task.batch, task.window

    def test(self) -> Trials:
        return self.trials


def accuracies(run: xr.Dataset, options: Mapping[str, Any], task: Task) -> np.ndarray:
    """(checkpoint,) normalized accuracy of a run's checkpoints on the test trials of `task`."""
    import torch

    parameters = checkpoint_parameters(run, 0)
    scorer = Scorer(task, parameters, make_architecture(options["network"], [None], parameters.flat))
    values = []
    with torch.inference_mode():
        for checkpoint in range(run.sizes["checkpoint"]):
            parameters.flat.copy_(checkpoint_parameters(run, checkpoint).flat)
            values += scorer.accuracy()
    return np.array(values)
