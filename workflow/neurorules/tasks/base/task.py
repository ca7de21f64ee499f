"""The contract of a task, and how a task is found by name.

A task is one file in the parent folder with

    OPTION_SCHEMA: dict[str, dict]      the keys of its `task:` in the config, all required; each is a JSON schema with
                                        a "description": meaning, unit and source
    COMPARISON_KEYS: tuple[str, ...]    the keys of its `comparison:` that it requires: `recording` if its test trials
                                        are recorded conditions, and the keys that define the compared window
    NEEDS_RECORDING: bool               True if its trials are made from the recording (targets, for instance). Training
                                        jobs then wait for the recording; otherwise only scoring does
    OTHER_OPTIONS: bool                 optional; True if `task:` may have other keys, which the task then checks itself
    def make(options: Options, recording: xarray.Dataset | None) -> Task
    def condition_labels(task) -> dict[str, NDArray]
                                        labels of its test trials: (trial,) values of each label, numbers or text.
                                        Required for comparisons with recordings, and called only by them: `labels.py`
                                        pairs trials and conditions by these labels
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from neurorules.errors import InputError
from neurorules.options import Options
from neurorules.plugins import Plugins
from neurorules.recordings.bins import bin_starts

if TYPE_CHECKING:
    import torch
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.trials import Trials

TASKS = Plugins(
    "tasks",
    "task",
    "task.module",
    members=("OPTION_SCHEMA", "COMPARISON_KEYS", "NEEDS_RECORDING", "OTHER_OPTIONS", "make"),
)


class Loss(Protocol):
    """A task's loss. For a stack of networks, every tensor has a leading network axis, except targets that all share.

    It may have `per_trial`, the same loss for NumPy arrays (see losses.py), so that scoring jobs need no PyTorch.
    """

    def __call__(self, outputs: torch.Tensor, batch: ScoredTrials) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss and dL/dy with the shape of `outputs`, (step, trial, output)."""

    def pointwise(self, outputs: torch.Tensor, batch: ScoredTrials) -> torch.Tensor:
        """Contribution of each (step, trial) to the loss."""


class Task(Protocol):
    """A source of trials, with their loss and the window that lines up with a recording."""

    n_inputs: int
    n_outputs: int
    loss: Loss
    accuracy: Callable[[NDArray[Any], Trials], float]  # of outputs (step, trial, output) of one network

    def batch(self, rng: np.random.Generator, n_trials: int) -> Trials:
        """A batch of training trials, as new arrays."""

    def test(self) -> Trials:
        """Noise-free trials, one per condition."""

    def window(self, time_ms: NDArray[Any], comparison: Options) -> NDArray[Any]:
        """Steps (0-based, of the test trials) that line up with the recording's bins, one per bin.

        Args:
            time_ms: (time,) starts of the recording's bins, in ms.
            comparison: the model's `comparison` options.

        Raises:
            InputError: no steps line up with these times.
        """


def compared_steps(task: Task, recording: xr.Dataset, comparison: Mapping[str, Any]) -> NDArray[Any]:
    """(time,) steps of the test trials, each compared with one bin of the recording.

    Args:
        task: gives the test trials.
        recording: the recording for the comparison.
        comparison: the model's `comparison` options.

    Raises:
        InputError: the recording's bins do not match the task's steps.
    """
    steps = task.window(bin_starts(recording), Options(comparison))
    if len(steps) != recording.sizes["time"] or (np.diff(steps) <= 0).any():
        raise InputError(
            f"The task gives {len(set(steps.tolist()))} different steps for {recording.sizes['time']} bins, or not in "
            "order. Each bin must be compared with a separate step.",
            key="comparison.recording",
            value=recording.attrs["name"],
            remedy="Give the recording and the task the same bin width. If they already do, fix the task's `window`.",
        )
    return steps


def make_task(module: str, options: Mapping[str, Any], recording: xr.Dataset | None) -> Task:
    """A task, made from its resolved options.

    Args:
        module: name of the task's file.
        options: its resolved options.
        recording: the recording for its trials or for comparisons, or None.

    Raises:
        InputError: there is no such task, or it refuses its options or the recording.
    """
    task: Task = TASKS.load(module).make(Options(options), recording)
    return task
