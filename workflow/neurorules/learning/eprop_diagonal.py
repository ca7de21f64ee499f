"""E-prop with an eligibility trace that keeps a unit's own recurrent weight: the papers' equations 7 and 8 as written.

    delta_t = (1 - alpha) delta_{t+1} + f'(a_t) * (l_t + alpha diag(W_h) * delta_{t+1})

The papers' truncation drops da_l/dW_ij for every other unit l, and keeps da_i,t/da_i,t-1 in full. That derivative has
two parts: the leak, and the path from a unit's activity through its own weight W_ii back to itself. The eligibility
trace of `eprop` decays only with the leak, because detaching h in the recurrent product, as in the published code, also
cuts the second part. Here the trace decays with both:

    dW_ij = sum_t l_i,t f'(a_i,t) eps_ij,t
    eps_ij,t = (1 - alpha + alpha W_ii f'(a_i,t-1)) eps_ij,t-1 + alpha h_j,t-1

It is as local as e-prop: W_ii is a synapse of the unit onto itself. With Dale's law, networks have no such weights, and
it is identical to e-prop. In a network of N units, W_ii is of order 1 / sqrt(N), so the two differ little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurorules.learning.base.learning_rule import LearningRule

if TYPE_CHECKING:
    import torch

    from neurorules.network.rnn import Network
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss


class EPropDiagonal(LearningRule):
    label = "e-prop, own weight kept"

    def prepare_update(self, network: Network, loss: Loss, batch: ScoredTrials) -> None:
        # (1, unit): the same for every trial.
        own = network.parameters.recurrent.diagonal(dim1=-2, dim2=-1)
        self.own = (network.alpha * own).unsqueeze(-2)

    def compiled_path(self, network: Network, first_step: int, n_steps: int) -> dict[str, Any]:
        return {"own": self.own.squeeze(-2)}

    def backward_step(
        self,
        network: Network,
        step: int,
        derivative: torch.Tensor,
        delta_next: torch.Tensor,
        delta: torch.Tensor,
    ) -> None:
        delta.addcmul_(delta_next, self.own).mul_(derivative).add_(delta_next, alpha=1.0 - network.alpha)


LEARNING_RULE = EPropDiagonal
