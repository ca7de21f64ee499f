"""Gradient flossing written as one would: a loop over steps, `detach` and automatic differentiation."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from neurorules.network.architecture import Architecture
from neurorules.network.parameters import Parameters
from neurorules.network.tangent import log_stretch, tangent_step


def unrolled(
    weights: Sequence[Parameters],
    architecture: Architecture,
    inputs: torch.Tensor,
    basis: torch.Tensor,
    local: bool = True,
) -> torch.Tensor:
    """log |R_t,ii|, (step, trial, k), differentiable.

    Args:
        weights: the weights of each step, which may be copies of the same; float64.
        architecture: activation and time constant.
        inputs: x_1..x_T, (step, trial, input).
        basis: (trial, unit, k), the initial basis.
        local: differentiate each step by its own use of the weights only.
    """
    alpha, activation = architecture.alpha, architecture.activation
    state, logs = weights[0].initial_state.expand(inputs.shape[1], -1), []
    for t, own in enumerate(weights):
        if t > 0:
            before = state.detach() if local else state
            drive = inputs[t - 1] @ own.input.mT + own.bias
            state = (1 - alpha) * before + alpha * (activation.function(before) @ own.recurrent.mT + drive)
        basis = basis.detach() if local else basis
        basis, triangle = torch.linalg.qr(tangent_step(own.recurrent, activation.slope(state), alpha, basis))
        logs.append(log_stretch(triangle))
    return torch.stack(logs)
