"""A network observed as a brain-computer interface observes neurons: spike counts of single time steps.

Unit i stands for recorded unit i. Its activity h is the deviation of a count from its mean at calibration, in SDs, see
`tasks/bci_reach.py`. A count is Poisson with mean mu + sigma h, or 0 where this is negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.network.run_arrays import run_network
from neurorules.recordings.decoders import Decoders, Patterns, condition_means

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurorules.options import Options
    from neurorules.tasks.base.trials import Trials


@dataclass(frozen=True)
class ObservedNetwork:
    """A network at one checkpoint.

    Attributes:
        weights: its parameters by name.
        options: the group `network`.
        trials: noise-free test trials, one per condition, whose targets are velocities.
        decoders: of the session.
    """

    weights: Mapping[str, NDArray[Any]]
    options: Options
    trials: Trials
    decoders: Decoders

    def mean_factors(self) -> NDArray[Any]:
        """(condition, factor) means over the scored steps, without noise."""
        counts, condition = self._mean_counts()
        return condition_means(self.decoders.factors(counts), condition)

    def mean_progress(self, decoder: int) -> float:
        """Velocity towards the target in mm/s, mean over scored steps and conditions, without noise."""
        counts, condition = self._mean_counts()
        return self.decoders.progress(Patterns(counts, condition, self._directions()[condition]), decoder)

    def patterns(self, n_per_condition: NDArray[Any], rng: np.random.Generator) -> Patterns:
        """Counts at one scored step of each of these numbers of trials, with the network's own noise.

        Args:
            n_per_condition: (condition,) numbers of trials.
            rng: draws noise, steps and counts.
        """
        trial = np.repeat(np.arange(self.trials.n_trials), n_per_condition)
        n_units = self.weights["readout"].shape[-1]
        noise = None
        if self.options.noise_sd > 0:
            shape = self.trials.n_steps, len(trial), n_units
            noise = self.options.noise_sd * rng.standard_normal(shape, dtype=np.float32)
        # Of each trial, one of its scored steps: the one with the largest random number.
        step = np.where(self.trials.scored[:, trial], rng.random((self.trials.n_steps, len(trial))), -1.0).argmax(0)
        activity = run_network(self.weights, self.options, self.trials.inputs[:, trial], noise)[0]
        counts = rng.poisson(self._expected(activity[step, np.arange(len(trial))])).astype(float)
        return Patterns(counts, trial, self._directions()[trial])

    def _mean_counts(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Expected counts (sample, unit) at all scored steps without noise, and the condition of each."""
        activity = run_network(self.weights, self.options, self.trials.inputs)[0]
        step, trial = np.nonzero(self.trials.scored)
        return self._expected(activity[step, trial]), trial

    def _expected(self, activity: NDArray[Any]) -> NDArray[Any]:
        expected: NDArray[Any] = np.maximum(self.decoders.mean + self.decoders.sd * activity.astype(float), 0.0)
        return expected

    def _directions(self) -> NDArray[Any]:
        """(condition, axis)"""
        last = self.trials.targets[-1].astype(float)
        directions: NDArray[Any] = last / np.linalg.norm(last, axis=-1, keepdims=True)
        return directions
