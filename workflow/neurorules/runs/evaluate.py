"""Accuracy and activity of networks, in training and from the checkpoints of their runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.network.architecture import make_architecture
from neurorules.network.parameters import Parameters
from neurorules.options import Options
from neurorules.runs.run import checkpoint_parameters
from neurorules.tasks.base.fraction_correct import fraction_correct
from neurorules.tasks.base.losses import ScoredTrials
from neurorules.tasks.base.task import Task, compared_steps

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.network.architecture import Architecture
    from neurorules.tasks.base.trials import Trials


# A checkpoint holds the weights that the network runs with; no mask has to be applied to them.
NO_MASK = (None,)


class Scorer:
    """Runs one network, or a stack, on a task's noise-free test trials.

    Args:
        task: gives the test trials.
        weights: the weights that the networks run with; read at every call.
        architecture: activation and time constant.
        keep_activity: keep the activity of all steps, which `activity` needs.
    """

    def __init__(
        self, task: Task, weights: Parameters, architecture: Architecture, keep_activity: bool = False
    ) -> None:
        import torch

        self.task = task
        self.weights = weights
        trials = task.test()
        self.inputs = torch.as_tensor(trials.inputs).to(weights.flat)
        self.network = architecture.network(weights, trials.n_steps, trials.n_trials, keep_activity)
        self.batch = ScoredTrials(trials, like=weights.flat)

    def accuracy(self) -> list[float]:
        """Normalized accuracy with the current weights, one per network."""
        outputs = self.network.forward(self.inputs)
        return [self.task.accuracy(answers, self.batch) for answers in self.weights.per_network(outputs)]

    def activity(self) -> NDArray[Any]:
        """Activity h_1..h_T of a single network with its current weights, (condition, step, unit) float64."""
        import torch

        with torch.inference_mode():
            self.network.forward(self.inputs)
        activity: NDArray[Any] = self.network.activity[1:].transpose(0, 1).double().numpy()
        return activity


class ModelActivity:
    """Activity of a run's network at its checkpoints, in the window that lines up with a recording or in all steps.

    Args:
        run: a run's Dataset.
        options: the model's `network` and `comparison` options, and `task_module`.
        task: the model's task.
        recording: the recording that the network is compared with, its conditions in the order of the test trials (see
            `joined_recording`); None for all steps of all test trials.

    Raises:
        InputError: the task's test trials cannot be compared with the recording.
    """

    def __init__(self, run: xr.Dataset, options: Mapping[str, Any], task: Task, recording: xr.Dataset | None) -> None:
        options = Options(options)
        self.run = run
        self.window: Any = slice(None)
        self.trials: Any = slice(None)
        self.stored = "activity" in run  # of a network of which nothing else is known, see imported/network.py
        if self.stored and run.attrs["steps"] == "window":
            return
        if recording is not None:
            self.window = compared_steps(task, recording, options.comparison)
        if self.stored:
            return
        # One network for all checkpoints; their parameters are copied into it.
        self.parameters = checkpoint_parameters(run, 0)
        architecture = make_architecture(options.network, NO_MASK, self.parameters.flat)
        self.scorer = Scorer(task, self.parameters, architecture, keep_activity=True)
        if recording is not None:
            from neurorules.tasks.base.labels import join  # training, which imports this file, has no part in it

            joined = join(options.task_module, task, recording, options.comparison)
            if (joined.conditions != np.arange(joined.n_conditions)).any():
                raise ValueError("the recording's conditions are not in the order of the test trials")
            if len(joined.trials) < joined.n_trials:
                self.trials = joined.trials

    def all_steps_at(self, checkpoint: int) -> NDArray[Any]:
        """(condition, step, unit) of the whole test trials that are compared, at a checkpoint given by its index.

        Where nothing but activity in the recording's bins is known, these are all there are.
        """
        if self.stored:
            stored: NDArray[Any] = self.run["activity"].values[checkpoint]
            return stored
        self.parameters.flat.copy_(checkpoint_parameters(self.run, checkpoint).flat)
        activity: NDArray[Any] = self.scorer.activity()[self.trials]
        return activity

    def at(self, checkpoint: int) -> NDArray[Any]:
        """(condition, time, unit) in the window, at a checkpoint given by its index."""
        return self.all_steps_at(checkpoint)[:, self.window]

    def fraction_correct(self) -> float:
        """Share of the test trials answered right, at the checkpoint whose activity was asked for last.

        NaN where there are no outputs.
        """
        if self.stored:
            return float("nan")
        return fraction_correct(self.scorer.task.loss, self.scorer.network.outputs, self.scorer.batch)


class OnTrials:
    """A task with other test trials, for instance to measure accuracy on random trials."""

    def __init__(self, task: Task, trials: Trials) -> None:
        self.trials = trials
        self.accuracy = task.accuracy
        self.n_inputs, self.n_outputs, self.loss = task.n_inputs, task.n_outputs, task.loss
        self.batch, self.window = task.batch, task.window

    def test(self) -> Trials:
        return self.trials


def accuracies(run: xr.Dataset, options: Mapping[str, Any], task: Task) -> NDArray[Any]:
    """(checkpoint,) normalized accuracy of a run's checkpoints on the test trials of `task`.

    Args:
        run: a run's Dataset.
        options: the model's `network` options, among others.
        task: gives the test trials.
    """
    import torch

    parameters = checkpoint_parameters(run, 0)
    architecture = make_architecture(Options(options).network, NO_MASK, parameters.flat)
    scorer = Scorer(task, parameters, architecture)
    values: list[float] = []
    with torch.inference_mode():
        for checkpoint in range(run.sizes["checkpoint"]):
            parameters.flat.copy_(checkpoint_parameters(run, checkpoint).flat)
            values += scorer.accuracy()
    return np.array(values)
