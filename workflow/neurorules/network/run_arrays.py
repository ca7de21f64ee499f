"""The forward pass of networks in NumPy, to run trained networks without PyTorch.

For a network that is run only a few times, importing PyTorch would take longer than all its steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.network.activations import ACTIVATIONS
from neurorules.network.architectures.base.cell import LEAKY, Cell, array_functions, load_cell

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.options import Options


def run_network(
    weights: Mapping[str, NDArray[Any]],
    options: Options,
    inputs: NDArray[Any],
    noise: NDArray[Any] | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Activity and outputs of one network, in the dtype of its weights.

    Args:
        weights: effective weights, after applying constraints, by their names in `Sizes.shapes`.
        options: the group `network`: `architecture`, `activation` and `tau_steps`.
        inputs: x_1..x_T, (step, trial, input).
        noise: added to h_1..h_T, (step, trial, unit), as in training; None for none.

    Returns:
        h_1..h_T, (step, trial, unit), and y_1..y_T, (step, trial, output). If the activity overflows, the following
        values are not finite.
    """
    if options.architecture != LEAKY:
        return _run_cells(weights, load_cell(options, array_functions()), inputs, noise)
    recurrent = weights["recurrent"]
    dtype, activate = recurrent.dtype, ACTIVATIONS[options.activation].of_arrays
    alpha = dtype.type(1.0 / options.tau_steps)
    leak = dtype.type(1) - alpha
    n_steps, n_trials, n_inputs = inputs.shape
    with np.errstate(over="ignore", invalid="ignore"):
        # alpha (W_x x_t + b) for all steps, replaced by h_t step by step.
        activity = inputs.reshape(-1, n_inputs).astype(dtype) @ (alpha * weights["input"].T) + alpha * weights["bias"]
        activity = activity.reshape(n_steps, n_trials, -1)
        from_activity = np.ascontiguousarray(alpha * recurrent.T)
        state = np.broadcast_to(weights["initial_state"], activity.shape[1:]).copy()
        product, h = np.empty_like(state), np.empty_like(state)
        activate(state, h)
        for t, at_step in enumerate(activity):
            np.matmul(h, from_activity, out=product)
            state *= leak
            state += product
            state += at_step
            activate(state, at_step)
            if noise is not None:
                at_step += noise[t]
            h = at_step
        outputs = activity.reshape(-1, activity.shape[-1]) @ weights["readout"].T + weights["readout_bias"]
    return activity, outputs.reshape(n_steps, n_trials, -1)


def _run_cells(
    weights: Mapping[str, NDArray[Any]], cell: Cell, inputs: NDArray[Any], noise: NDArray[Any] | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """See `run_network`."""
    dtype, units = weights["recurrent"].dtype, weights["readout"].shape[1]
    n_steps, n_trials, n_inputs = inputs.shape
    with np.errstate(over="ignore", invalid="ignore"):
        drives = inputs.reshape(-1, n_inputs).astype(dtype) @ weights["input"].T + weights["bias"]
        activity = np.empty((n_steps, n_trials, units), dtype)
        from_units = np.ascontiguousarray(weights["recurrent"].T)
        state = cell.start(weights, np.ones((n_trials, 1), dtype))
        sent = cell.activity(state)
        for t, drive in enumerate(drives.reshape(n_steps, n_trials, -1)):
            state = cell.step(weights, state, drive, sent @ from_units)
            sent = cell.activity(state)
            if noise is not None:
                sent = sent + noise[t]
            activity[t] = sent
        outputs = activity.reshape(-1, units) @ weights["readout"].T + weights["readout_bias"]
    return activity, outputs.reshape(n_steps, n_trials, -1)
