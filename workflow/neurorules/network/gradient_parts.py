"""Compiled code for the parts of a gradient that are not computed along with the backward recursion."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurorules.network.jit import compiled


@compiled
def readout_gradient(output_error: Any, drive: Any, gradient: Any, bias_gradient: Any) -> None:
    """Add sum_t dL/dy_t h_t^T to `gradient` (output, unit) and sum_t dL/dy_t to `bias_gradient` (output,).

    Args:
        output_error: (step, trial, output), dL/dy_t.
        drive: (step, trial, column), h_t in the first columns.
    """
    n_outputs, n_units = gradient.shape
    part, bias_part = np.empty_like(gradient), np.empty_like(bias_gradient)
    for t in range(output_error.shape[0]):
        part[:] = 0
        bias_part[:] = 0
        for i in range(output_error.shape[1]):
            h = drive[t, i]
            for o in range(n_outputs):
                error = output_error[t, i, o]
                bias_part[o] += error
                for j in range(n_units):
                    part[o, j] += error * h[j]
        # Sum step by step: one long sum over steps and trials would have larger rounding errors.
        for o in range(n_outputs):
            bias_gradient[o] += bias_part[o]
            for j in range(n_units):
                gradient[o, j] += part[o, j]


@compiled
def split_products(
    alpha: Any, products: Any, first_delta: Any, recurrent: Any, inputs: Any, bias: Any, initial_state: Any
) -> bool:
    """Write the gradients of W_h, W_x, b and a_0; returns whether every delta is finite.

    Args:
        alpha: dt / tau.
        products: (column, unit), the sum over steps and trials of the drive of a step (h, x, 1) times delta.
        first_delta: (trial, unit), delta_0.
        recurrent, inputs, bias, initial_state: receive the gradients, (unit, unit), (unit, input), (unit,), (unit,).
    """
    n_units, n_inputs = inputs.shape
    for j in range(n_units):
        for k in range(n_units):
            recurrent[j, k] = alpha * products[k, j]
        for k in range(n_inputs):
            inputs[j, k] = alpha * products[n_units + k, j]
        bias[j] = alpha * products[n_units + n_inputs, j]
    initial_state[:] = 0
    for i in range(first_delta.shape[0]):
        for j in range(n_units):
            initial_state[j] += first_delta[i, j]
    return bool(np.isfinite(bias).all() and np.isfinite(initial_state).all())  # sums of every delta
