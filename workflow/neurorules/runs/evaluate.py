"""Accuracy and activity of networks, during training and from the checkpoints of runs.

Networks in training use PyTorch. Those of finished runs use NumPy, so that scoring does not load PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.network.run_arrays import run_network
from neurorules.options import Options
from neurorules.runs.run import checkpoint_arrays
from neurorules.tasks.base.fraction_correct import fraction_correct
from neurorules.tasks.base.task import Task, compared_steps

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters
    from neurorules.tasks.base.trials import Trials


# Number of trials run together, so that a step's data stay in the cache.
TRIALS_TOGETHER = 100


class Scorer:
    """Runs one network or a stack on a task's noise-free test trials during training.

    Args:
        task: provides the test trials.
        weights: the networks' effective weights, read at every call.
        architecture: activation and time constant.
    """

    def __init__(self, task: Task, weights: Parameters, architecture: Architecture) -> None:
        import torch

        self.task = task
        self.weights = weights
        self.trials = task.test()
        self.inputs = torch.as_tensor(self.trials.inputs).to(weights.flat)
        self.network = architecture.runner(weights, self.trials.n_steps, self.trials.n_trials)

    def accuracy(self) -> list[float]:
        """Normalized accuracy with the current weights, one per network."""
        outputs = self.network.forward(self.inputs).cpu()
        return [self.task.accuracy(answers.numpy(), self.trials) for answers in self.weights.per_network(outputs)]


class TestedNetwork:
    """A run's network on the test trials of its task. Each checkpoint is run once for everything that is needed.

    Args:
        run: a run's Dataset, with weights.
        network: the model's `network` options.
        task: provides the test trials.
    """

    def __init__(self, run: xr.Dataset, network: Options, task: Task) -> None:
        self.run, self.options, self.trials = run, network, task.test()
        self._last: tuple[int, NDArray[Any]] | None = None
        self._outputs: dict[int, NDArray[Any]] = {}
        self._parts: dict[tuple[int, bytes, bytes], NDArray[Any]] = {}

    def activity(self, checkpoint: int) -> NDArray[Any]:
        """h_1..h_T, (step, trial, unit). The most recently requested checkpoint is cached."""
        if self._last is None or self._last[0] != checkpoint:
            weights = checkpoint_arrays(self.run, checkpoint)
            activity, self._outputs[checkpoint] = run_network(weights, self.options, self.trials.inputs)
            self._last = checkpoint, activity
        return self._last[1]

    def outputs(self, checkpoint: int) -> NDArray[Any]:
        """y_1..y_T, (step, trial, output)."""
        if checkpoint not in self._outputs:
            self.activity(checkpoint)
        return self._outputs[checkpoint]

    def part(self, checkpoint: int, trials: NDArray[Any], steps: NDArray[Any]) -> NDArray[Any]:
        """(trial, step, unit) activity for some trials and steps, given by their indices."""
        key = checkpoint, trials.tobytes(), steps.tobytes()
        if key not in self._parts:
            self._parts[key] = self.activity(checkpoint)[steps[None, :], trials[:, None]]
        return self._parts[key]


class ModelActivity:
    """Activity of a run's network at its checkpoints, in the window aligned with a recording or in all steps.

    Args:
        run: a run's Dataset.
        options: the model's `network` and `comparison` options, and `task_module`.
        task: the model's task.
        recording: the recording that the network is compared with, with its conditions in the order of the test trials
            (see `joined_recording`); None for all steps of all test trials.
        tested: the run's network on its test trials, if another table has created it.

    Raises:
        InputError: the task's test trials cannot be compared with the recording.
    """

    def __init__(
        self,
        run: xr.Dataset,
        options: Mapping[str, Any],
        task: Task,
        recording: xr.Dataset | None,
        tested: TestedNetwork | None = None,
    ) -> None:
        options = Options(options)
        self.run = run
        self.task = task
        self.window: Any = slice(None)
        self.stored = "activity" in run  # only activity is known, see imported/network.py
        if self.stored and run.attrs["steps"] == "window":
            return
        if recording is not None:
            self.window = compared_steps(task, recording, options.comparison)
        if self.stored:
            return
        self.tested = tested or TestedNetwork(run, options.network, task)
        self.trials = np.arange(self.tested.trials.n_trials)
        if recording is not None:
            from neurorules.tasks.base.labels import join  # not needed in training, which imports this file

            joined = join(options.task_module, task, recording, options.comparison)
            if (joined.conditions != np.arange(joined.n_conditions)).any():
                raise ValueError("the recording's conditions are not in the order of the test trials")
            self.trials = np.asarray(joined.trials)

    def all_steps_at(self, checkpoint: int) -> NDArray[Any]:
        """(condition, step, unit) float64 activity in all steps of the compared test trials, at a checkpoint index.

        If only activity in the recording's bins is known, it is returned instead.
        """
        if self.stored:
            stored: NDArray[Any] = self.run["activity"].values[checkpoint]
            return stored
        whole = self.tested.activity(self._index(checkpoint))[:, self.trials]
        return whole.transpose(1, 0, 2).astype(np.float64)

    def at(self, checkpoint: int) -> NDArray[Any]:
        """(condition, time, unit) float64 activity in the window, at a checkpoint index."""
        if self.stored or isinstance(self.window, slice):
            return self.all_steps_at(checkpoint)[:, self.window]
        return self.tested.part(self._index(checkpoint), self.trials, self.window).astype(np.float64)

    def single_trials(
        self, checkpoint: int, repeats: Sequence[int], times: NDArray[Any], seed: int, draw: int
    ) -> list[NDArray[Any]]:
        """Repeated trials with different noise at a checkpoint index, for each condition (trial, time, unit).

        Args:
            checkpoint: index of the checkpoint.
            repeats: number of trials of each condition.
            times: times in the window, by their indices.
            seed, draw: of the noise, see `runs/single_trials.py`.
        """
        from neurorules.runs.single_trials import single_trials  # loads PyTorch

        tested, index = self.tested, self._index(checkpoint)
        steps = np.arange(tested.trials.n_steps)[self.window][times]
        inputs = tested.trials.inputs[:, self.trials]
        return single_trials(self.run, index, tested.options, inputs, repeats, steps, seed, draw)

    def fraction_correct(self, checkpoint: int) -> float:
        """Fraction of correct test trials at a checkpoint; NaN if there are no outputs."""
        if self.stored:
            return float("nan")
        return fraction_correct(self.task.loss, self.tested.outputs(self._index(checkpoint)), self.tested.trials)

    def _index(self, checkpoint: int) -> int:
        """Resolve negative indices, which count from the end."""
        return range(self.run.sizes["checkpoint"])[checkpoint]


def compared_inputs(options: Mapping[str, Any], task: Task, recording: xr.Dataset) -> NDArray[Any]:
    """(condition, time, input) float64 inputs of the task in the window that is compared with a recording.

    Those at a time enter after the previous time: the mean over the steps from the one after the previous bin's to the
    bin's own. At the first time, it is the step's own.

    Args:
        options: the model's `comparison` options, and `task_module`.
        task: the model's task.
        recording: as for `ModelActivity`.

    Raises:
        InputError: the task's test trials cannot be compared with the recording.
    """
    from neurorules.tasks.base.labels import join  # not needed in training, which imports this file

    options = Options(options)
    steps = compared_steps(task, recording, options.comparison)
    trials = join(options.task_module, task, recording, options.comparison).trials
    inputs = task.test().inputs[:, trials].astype(np.float64).transpose(1, 0, 2)
    starts = np.concatenate([steps[:1], steps[:-1] + 1])
    entering = [inputs[:, start : stop + 1].mean(1) for start, stop in zip(starts, steps, strict=True)]
    return np.stack(entering, axis=1)


def accuracies(run: xr.Dataset, options: Mapping[str, Any], task: Task, trials: Trials) -> NDArray[Any]:
    """(checkpoint,) normalized accuracy of a run's checkpoints on trials of its task.

    Args:
        run: a run's Dataset.
        options: the model's `network` options, among others.
        task: defines accuracy.
        trials: trials to run.
    """
    network = Options(options).network
    found = []
    for checkpoint in range(run.sizes["checkpoint"]):
        weights = checkpoint_arrays(run, checkpoint)
        outputs = [
            run_network(weights, network, trials.inputs[:, start : start + TRIALS_TOGETHER])[1]
            for start in range(0, trials.n_trials, TRIALS_TOGETHER)
        ]
        found.append(task.accuracy(np.concatenate(outputs, axis=1), trials))
    return np.array(found)
