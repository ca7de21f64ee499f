"""E-prop with a unit's own recurrent weight, as in the paper's equation 7.

    delta_i,t = (1 - alpha) delta_i,t+1 + f'(a_i,t) (l_i,t + alpha w_ii delta_i,t+1)

It drops the paths through recurrent weights to other units and keeps the path from a unit to itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurorules.learning.base.learning_rule import LearningRule

if TYPE_CHECKING:
    import torch

    from neurorules.network.rnn import Network
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss


class EPropSelf(LearningRule):
    label = "e-prop, own weight kept"

    def prepare_update(self, network: Network, loss: Loss, batch: ScoredTrials) -> None:
        # (1, unit): multiplies (trial, unit)
        self.own = network.alpha * network.parameters.recurrent.diagonal(dim1=-2, dim2=-1).unsqueeze(-2)

    def backward_step(
        self,
        network: Network,
        step: int,
        derivative: torch.Tensor,
        delta_next: torch.Tensor,
        delta: torch.Tensor,
    ) -> None:
        delta.addcmul_(delta_next, self.own)
        delta.mul_(derivative).add_(delta_next, alpha=1.0 - network.alpha)


LEARNING_RULE = EPropSelf
