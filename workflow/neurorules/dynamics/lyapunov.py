"""Lyapunov exponents of trained networks, driven by the trials of their task.

Each trial starts from the network's initial state, as in training. The basis of directions is carried from one batch of
trials to the next, so that it aligns with the fastest-growing directions; from a random basis, this takes longer than
one trial. The first batches only align it and are not counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.network.architecture import make_architecture
from neurorules.network.cell_tangent import cell_exponents_along
from neurorules.network.tangent import exponents_along, random_basis
from neurorules.runs.run import checkpoint_parameters

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.options import Options
    from neurorules.tasks.base.task import Task

# A checkpoint has the weights with which the network runs; they need no mask.
NO_MASK = (None,)
N_TRIALS = 8  # in parallel
WARM_UP_PASSES = 2


def lyapunov_exponents(
    run: xr.Dataset,
    checkpoint: int,
    network_options: Options,
    task: Task,
    seed: int,
    n_exponents: int = 0,
    n_passes: int = 10,
) -> NDArray[Any]:
    """The largest Lyapunov exponents of a run's network, in float64, orthonormalising at every step.

    Args:
        run: a run's Dataset.
        checkpoint: index of the checkpoint.
        network_options: the model's `network` options.
        task: the model's task; its training trials drive the network, without noise in the units.
        seed: seed of the trials and of the first basis.
        n_exponents: k; 0 for all, as many as the state has numbers: N, or 2N for LSTM.
        n_passes: batches of trials to average over.

    Returns:
        Means of log |R_ii| per step, (k,), largest first.
    """
    import torch

    with torch.inference_mode():
        weights = checkpoint_parameters(run, checkpoint, dtype=torch.float64)
        architecture = make_architecture(network_options, NO_MASK, weights.flat)
        rng, basis_rng = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        cell = architecture.cell
        dimension = weights.sizes.units * (1 if cell is None else cell.n_states)
        k = min(n_exponents or dimension, dimension)
        basis = random_basis(N_TRIALS, dimension, k, basis_rng)
        counted = []
        for number in range(WARM_UP_PASSES + n_passes):
            inputs = torch.as_tensor(task.batch(rng, N_TRIALS).inputs).double()
            if cell is None:
                exponents, basis = exponents_along(weights, architecture, inputs, basis)
            else:
                exponents, basis = cell_exponents_along(weights, cell, inputs, basis)
            if number >= WARM_UP_PASSES:
                counted.append(exponents.numpy())
    return np.sort(np.mean(counted, axis=0))[::-1]
