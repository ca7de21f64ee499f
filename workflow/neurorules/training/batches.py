"""Batches of training trials for a network or a stack of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurorules.tasks.base.losses import ScoredTrials

if TYPE_CHECKING:
    import torch

    from neurorules.tasks.base.task import Task
    from neurorules.tasks.base.trials import Trials


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
        seeds: the seed of each network.
        streams: the seed of each network's stream of trials, by the network's seed.
        like: parameters of the network, or (network, parameter) of the stack: dtype and device of the batches.
    """

    def __init__(
        self, task: Task, n_trials: int, seeds: Sequence[int], streams: Mapping[int, int], like: torch.Tensor
    ) -> None:
        import torch

        self.task, self.n_trials, self.like = task, n_trials, like
        self._rngs = [np.random.default_rng(stream) for stream in streams.values()]
        order = list(streams)
        self._of_network: torch.Tensor | None = None  # all share one batch
        if len(order) > 1:
            self._of_network = torch.tensor([order.index(seed) for seed in seeds], device=like.device)
        self._prepared: list[Trials] | None = None

    def prepare(self) -> None:
        """Draw the trials of the next batch ahead, while a GPU is busy."""
        if self._prepared is None:
            self._prepared = [self.task.batch(rng, self.n_trials) for rng in self._rngs]

    def next(self) -> Batch:
        """The next batch, on the device of the networks."""
        import torch

        self.prepare()
        assert self._prepared is not None
        trials, self._prepared = self._prepared, None
        # The device gets one copy per seed, and copies it for the seed's networks.
        if self._of_network is None:
            inputs = torch.from_numpy(np.require(trials[0].inputs, requirements=["C", "W"])).to(self.like)
        else:
            inputs = torch.from_numpy(np.stack([batch.inputs for batch in trials])).to(self.like)[self._of_network]
        scored = ScoredTrials(trials, self.like, self._of_network)
        return Batch(inputs, scored, trials[0].n_steps, trials[0].n_trials)
