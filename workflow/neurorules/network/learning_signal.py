"""What a compiled loop computes the learning signal from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch

    from neurorules.network.parameters import Parameters


class LearningSignal(NamedTuple):
    """l_t = dL/dy_t B + weight h_t, and where the gradient of the readout goes.

    Attributes:
        output_error: dL/dy_t, (step, trial, output).
        feedback: B, (output, unit).
        activity_weight: the factor of h_t; or (network, 1, 1, 1).
        gradient: the gradients of readout and readout bias, to which those of the steps are added in the same loop.
    """

    output_error: torch.Tensor
    feedback: torch.Tensor
    activity_weight: float | torch.Tensor
    gradient: Parameters
