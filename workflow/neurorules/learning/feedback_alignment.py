"""Feedback alignment: BPTT with errors that reach the units through fixed random weights (Lillicrap et al. 2016).

    l_t = dL/dy_t B + its exact part through the activity penalty,   B ~ U(+-1/sqrt(N)), with the shape of W_y

It keeps BPTT's recursion, including the recurrent weights, and replaces only the readout weights W_y in the learning
signal, so that the error needs no copy of the forward weights (paper, Figure 10). The readout itself learns with its
exact gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neurorules.learning.base.learning_rule import LearningRule
from neurorules.learning.bptt import BPTT

if TYPE_CHECKING:
    import torch

    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters
    from neurorules.network.rnn import Network
    from neurorules.options import Options


class RandomFeedback(LearningRule):
    """A learning signal through random weights. As a base class, put it before the one with the backward recursion.

    Attributes:
        feedback: B, (output, unit); (network, output, unit) for a stack.
    """

    def __init__(
        self, options: Options, parameters: Parameters, architecture: Architecture, seeds: Sequence[int]
    ) -> None:
        super().__init__(options, parameters, architecture, seeds)
        sizes = parameters.sizes
        bound = 1.0 / np.sqrt(sizes.units)
        shape = (sizes.outputs, sizes.units)
        drawn = np.stack([np.random.default_rng(seed).uniform(-bound, bound, shape) for seed in seeds])
        self.feedback = parameters.flat.new_tensor(drawn).reshape(parameters.readout.shape)

    def feedback_weights(self, network: Network) -> torch.Tensor:
        return self.feedback


class FeedbackAlignment(RandomFeedback, BPTT):
    label = "feedback alignment"


LEARNING_RULE = FeedbackAlignment
