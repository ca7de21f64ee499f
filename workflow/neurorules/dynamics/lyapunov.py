"""Lyapunov exponents of trained networks, driven by the trials of their task.

A trial starts from the network's initial state, as in training. The frame of directions is carried from one batch of
trials to the next, so that it points where the network stretches most: a frame that starts anywhere takes longer to
turn than a trial lasts. The first batches only turn it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.network.architecture import make_architecture
from neurorules.network.tangent import exponents_along, random_frame
from neurorules.runs.run import checkpoint_parameters

if TYPE_CHECKING:
    import xarray as xr

    from neurorules.tasks.base.task import Task

N_TRIALS = 8  # side by side
WARM_UP_PASSES = 2


def lyapunov_exponents(
    run: xr.Dataset,
    checkpoint: int,
    network_options: Mapping[str, Any],
    task: Task,
    seed: int,
    n_exponents: int = 0,
    n_passes: int = 10,
) -> np.ndarray:
    """The first exponents of a run's network, in float64 and made orthonormal again at every step.

    Args:
        run: a run's Dataset.
        checkpoint: index of the checkpoint.
        network_options: the model's `network` options.
        task: its task, whose training trials drive the network; noise is off but for what is in the inputs.
        seed: of the trials and of the first frame.
        n_exponents: k; 0 for all.
        n_passes: batches of trials to average over.

    Returns:
        (k,) mean log stretch per step, largest first.
    """
    import torch

    with torch.inference_mode():
        weights = checkpoint_parameters(run, checkpoint, dtype=torch.float64)
        # A checkpoint holds the weights as the network uses them, so that constraints have been applied.
        architecture = make_architecture(network_options, [None], weights.flat)
        rng, frames = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        k = min(n_exponents or weights.sizes.units, weights.sizes.units)
        frame = random_frame(N_TRIALS, weights.sizes.units, k, frames)
        counted = []
        for number in range(WARM_UP_PASSES + n_passes):
            inputs = torch.as_tensor(task.batch(rng, N_TRIALS).inputs).double()
            exponents, frame = exponents_along(weights, architecture, inputs, frame)
            if number >= WARM_UP_PASSES:
                counted.append(exponents.numpy())
    return np.sort(np.mean(counted, axis=0))[::-1]
