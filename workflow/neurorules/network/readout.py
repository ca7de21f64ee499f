"""The gradient of the readout, compiled."""

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
