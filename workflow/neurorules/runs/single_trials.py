"""Single trials of a run's network: its test trials, repeated with the noise that its units have in training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.runs.run import checkpoint_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.network.rnn import Network
    from neurorules.options import Options

# A checkpoint has the weights with which the network runs; they need no mask.
NO_MASK = (None,)


def single_trials(
    run: xr.Dataset,
    checkpoint: int,
    network: Options,
    inputs: NDArray[Any],
    repeats: Sequence[int],
    steps: Any,
    seed: int,
    draw: int,
) -> list[NDArray[Any]]:
    """Activity in repeated trials that differ only in the noise, SD `network.noise_sd`.

    Args:
        run: a run's Dataset.
        checkpoint: index of the checkpoint.
        network: the model's `network` options.
        inputs: x_1..x_T of one trial per condition, (step, condition, input).
        repeats: number of trials of each condition.
        steps: steps that are returned, indices or a slice.
        seed: of the noise. Networks with the same seed get the same noise.
        draw: another number, another set of trials.

    Returns:
        For each condition (trial, step, unit), float32; the noise is included, as in training. Without noise, the
        trials of a condition are equal.
    """
    import torch

    from neurorules.network.architecture import make_architecture
    from neurorules.network.cell_network import CellNetwork
    from neurorules.network.normals import Normals

    found = []
    with torch.inference_mode():
        weights = checkpoint_parameters(run, checkpoint)
        architecture = make_architecture(network, NO_MASK, weights.flat)
        normals, n_conditions = Normals(seed, weights.flat.device), inputs.shape[1]
        for condition, n_trials in enumerate(repeats):
            size = len(inputs), n_trials if network.noise_sd else 1
            noise = None
            if network.noise_sd:
                noise = weights.flat.new_zeros(*size, weights.sizes.units)
                normals.fill(noise, network.noise_sd, draw * n_conditions + condition)
            of_condition = torch.as_tensor(inputs[:, condition]).to(weights.flat)
            runner: Network | CellNetwork = architecture.network(weights, *size)
            if architecture.cell is not None:
                runner = CellNetwork(weights, architecture.cell, *size)
            runner.forward(of_condition[:, None].expand(-1, size[1], -1).contiguous(), noise)
            activity = runner.activity[1:].numpy()[steps].transpose(1, 0, 2)
            found.append(np.repeat(activity, n_trials // size[1], axis=0))
    return found
