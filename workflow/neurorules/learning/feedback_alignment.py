"""Feedback alignment: BPTT whose errors reach the units through fixed random weights (paper, Figure 10).

l_t = dL/dy_t B + its part through the activity penalty, which stays exact; B ~ U(+-1/sqrt(N)), of the shape of W_y. The
readout itself learns by its exact gradient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.learning.base.learning_rule import LearningRule, add_activity, through_readout
from neurorules.learning.bptt import BPTT

if TYPE_CHECKING:
    import torch

    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters
    from neurorules.network.rnn import Network


class RandomFeedback(LearningRule):
    """The learning signal through random weights; comes before a learning rule that lets it flow back.

    Attributes:
        feedback: B, (output, unit), or with networks in front.
    """

    def __init__(
        self, options: Mapping[str, Any], parameters: Parameters, architecture: Architecture, seeds: Sequence[int]
    ) -> None:
        super().__init__(options, parameters, architecture, seeds)
        sizes = parameters.sizes
        bound = 1.0 / np.sqrt(sizes.units)
        shape = (sizes.outputs, sizes.units)
        drawn = np.stack([np.random.default_rng(seed).uniform(-bound, bound, shape) for seed in seeds])
        self.feedback = parameters.flat.new_tensor(drawn).reshape(parameters.readout.shape)

    def learning_signal(
        self,
        network: Network,
        start: int,
        stop: int,
        output_error: torch.Tensor,
        activity_weight: float | torch.Tensor,
        signal: torch.Tensor,
    ) -> None:
        through_readout(output_error, self.feedback, signal)
        add_activity(network, start, stop, activity_weight, signal)


class FeedbackAlignment(RandomFeedback, BPTT):
    label = "feedback alignment"


LEARNING_RULE = FeedbackAlignment
