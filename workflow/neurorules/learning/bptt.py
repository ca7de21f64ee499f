"""Backpropagation through time: the exact gradient.

delta_t = (1 - alpha) delta_{t+1} + f'(a_t) * (l_t + alpha W_h^T delta_{t+1})
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurorules.learning.base.learning_rule import LearningRule
from neurorules.network.rnn import add_product

if TYPE_CHECKING:
    import torch

    from neurorules.network.rnn import Network


class BPTT(LearningRule):
    label = "BPTT"

    def step_back(
        self,
        network: Network,
        step: int,
        derivative: torch.Tensor,
        credit_next: torch.Tensor,
        credit: torch.Tensor,
    ) -> None:
        add_product(credit, credit_next, network.parameters.recurrent, alpha=network.alpha)
        credit.mul_(derivative).add_(credit_next, alpha=1.0 - network.alpha)


LEARNING_RULE = BPTT
