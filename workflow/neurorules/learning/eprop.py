"""E-prop, for rate units the same as RFLO: credit does not pass through recurrent weights.

    delta_t = (1 - alpha) delta_{t+1} + f'(a_t) * l_t

In the three factors of the paper's equation 9, dW_ij = sum_t l_i,t e_ij,t with the eligibility trace
e_ij,t = f'(a_i,t) eps_ij,t, eps_ij,t = (1 - alpha) eps_ij,t-1 + alpha h_j,t-1. The unit's own recurrent
weight is dropped with the others, as detaching h in the recurrent product does (equation 7 would keep it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurorules.learning.base.learning_rule import LearningRule

if TYPE_CHECKING:
    import torch

    from neurorules.network.rnn import Network


class EProp(LearningRule):
    label = "e-prop"

    def back(
        self,
        network: Network,
        first_step: int,
        derivative: torch.Tensor,
        credit_next: torch.Tensor,
        credit: torch.Tensor,
    ) -> None:
        # No recurrent product between the steps: the block's product at once, then a filter over time.
        credit.mul_(derivative)
        leak = 1.0 - network.alpha
        for credit_t in reversed(credit.unbind(-3)):
            credit_next = credit_t.add_(credit_next, alpha=leak)


LEARNING_RULE = EProp
