"""A step of Adam in compiled code: one pass over the parameters, where PyTorch makes seven."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurorules.network.jit import compiled


@compiled
def adam_step(
    parameters: Any,
    gradient: Any,
    mean: Any,
    mean_square: Any,
    betas: tuple[float, float],
    epsilon: float,
    step_size: float,
    root: float,
) -> None:
    """Change the parameters of one network, and Adam's means, in place.

    Args:
        parameters, gradient, mean, mean_square: (parameter,).
        betas: decay of the means of the gradient and of its square.
        epsilon: added to the root of the mean square.
        step_size: the learning rate divided by the bias correction of the mean.
        root: the square root of the bias correction of the mean square.
    """
    number = parameters.dtype.type
    rest, beta, rest_square = number(1.0 - betas[0]), number(betas[1]), number(1.0 - betas[1])
    rate, scale, least = number(step_size), number(1.0 / root), number(epsilon)
    for i in range(parameters.shape[0]):
        mean[i] += rest * (gradient[i] - mean[i])
        mean_square[i] = beta * mean_square[i] + rest_square * gradient[i] * gradient[i]
        parameters[i] -= rate * mean[i] / (np.sqrt(mean_square[i]) * scale + least)
