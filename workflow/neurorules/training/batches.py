"""Batches of training trials for a network or a stack of networks."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.tasks.base.losses import ScoredTrials

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from neurorules.tasks.base.task import Task
    from neurorules.tasks.base.trials import Trials

# Batches drawn at once. Between two updates, when the processor's caches hold something else, drawing a batch takes a
# third longer than in a row. A GPU is busy for one update only, so trials are drawn for the next.
AHEAD = {"cpu": 8, "cuda": 1}


@dataclass(frozen=True)
class Batch:
    """The trials of one update.

    Attributes:
        inputs: x_1..x_T, (step, trial, input); (network, step, trial, input) for a stack of several seeds.
        scored: the targets, with the same leading axis.
        n_steps, n_trials: T and B.
    """

    inputs: torch.Tensor
    scored: ScoredTrials
    n_steps: int
    n_trials: int


class Batches:
    """Draws a batch for each update. Networks with the same seed see the same trials, which are made once.

    Args:
        task: makes the trials.
        n_trials: trials per batch.
        updates: how many batches are needed.
        seeds: the seed of each network.
        streams: the seed of each network's stream of trials, by the network's seed.
        like: parameters of the network, or (network, parameter) of the stack: dtype and device of the batches.
    """

    def __init__(
        self,
        task: Task,
        n_trials: int,
        updates: int,
        seeds: Sequence[int],
        streams: Mapping[int, int],
        like: torch.Tensor,
    ) -> None:
        import torch

        self.task, self.n_trials, self.like = task, n_trials, like
        self._rngs = [np.random.default_rng(stream) for stream in streams.values()]
        order = list(streams)
        self._of_network: torch.Tensor | None = None  # all share one batch
        if len(order) > 1:
            self._of_network = torch.tensor([order.index(seed) for seed in seeds], device=like.device)
        self._ahead, self._left, self._checked = AHEAD[like.device.type], updates, False
        self._drawn: list[list[Trials]] = []
        self._ready: deque[Batch] = deque()

    def prepare(self) -> None:
        """Draw trials ahead if there are none, while a GPU is busy.

        Raises:
            InputError: the task overwrites trials that it returned earlier.
        """
        if self._ready or self._drawn:
            return
        count = max(1, min(self._ahead, self._left))
        self._left -= count
        drawing = (self.task.batch(rng, self.n_trials) for _ in range(count) for rng in self._rngs)
        trials = [next(drawing)]
        kept = None if self._checked else [array.copy() for array in _arrays(trials[0])]
        trials += drawing
        if kept is not None and not all(
            np.array_equal(old, new, equal_nan=True) for old, new in zip(kept, _arrays(trials[0]), strict=True)
        ):
            raise InputError(
                "The task's batches share memory, so each overwrites the one before.",
                key="task.module",
                remedy="Let the task's method `batch` return new arrays.",
            )
        self._checked, n_seeds = True, len(self._rngs)
        self._drawn = [trials[i : i + n_seeds] for i in range(0, len(trials), n_seeds)]

    def next(self) -> Batch:
        """The next batch, on the device of the networks."""
        if not self._ready:
            self.prepare()
            self._ready.extend(self._batch(trials) for trials in self._drawn)
            self._drawn = []
        return self._ready.popleft()

    def _batch(self, trials: list[Trials]) -> Batch:
        import torch

        # The device gets one copy per seed, and copies it for the seed's networks.
        if self._of_network is None:
            inputs = torch.from_numpy(np.require(trials[0].inputs, requirements=["C", "W"])).to(self.like)
        else:
            inputs = torch.from_numpy(np.stack([batch.inputs for batch in trials])).to(self.like)[self._of_network]
        scored = ScoredTrials(trials, self.like, self._of_network)
        return Batch(inputs, scored, trials[0].n_steps, trials[0].n_trials)


def _arrays(trials: Trials) -> tuple[NDArray[Any], ...]:
    return trials.inputs, trials.targets, trials.scored
