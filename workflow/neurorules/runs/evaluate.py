"""Networks run again from their checkpoints, for the tables that compare activity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.network.architecture import make_architecture
from neurorules.network.parameters import Parameters
from neurorules.runs.run import checkpoint_parameters
from neurorules.tasks.base.losses import ScoredTrials
from neurorules.tasks.base.task import Task, compared_steps

if TYPE_CHECKING:
    import xarray as xr

    from neurorules.network.architecture import Architecture
    from neurorules.tasks.base.trials import Trials


class Scorer:
    """Networks on the noise-free test trials, without what only learning needs.

    Args:
        task: gives the test trials.
        weights: of one network or of a stack; read at every call.
        architecture: its activation and time constant.
        keep_activity: allow `activity`.
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
        """Normalized accuracy of the present weights, one per network."""
        outputs = self.network.forward(self.inputs)
        return [self.task.accuracy(one, self.batch) for one in self.weights.each(outputs)]

    def activity(self) -> np.ndarray:
        """Hidden activity h_1..h_T of the present weights of one network, (condition, step, unit) float64."""
        import torch

        with torch.inference_mode():
            self.network.forward(self.inputs)
        return self.network.activity[1:].transpose(0, 1).double().numpy()


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
