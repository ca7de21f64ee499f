"""E-prop (Bellec et al. 2020), which for rate units is RFLO (Murray 2019) with exact feedback weights.

    delta_t = (1 - alpha) delta_{t+1} + f'(a_t) * l_t

It keeps the path through the readout and the unit's own leak, and drops every path through recurrent weights: the term
alpha W_h^T delta_{t+1} of BPTT. The rest can be computed forward in time, with the three factors in the paper's
equation 9:

    dW_ij = sum_t l_i,t e_ij,t,   e_ij,t = f'(a_i,t) eps_ij,t,   eps_ij,t = (1 - alpha) eps_ij,t-1 + alpha h_j,t-1

with the eligibility trace e_ij, which a synapse can compute from local activity. The unit's own recurrent weight is
dropped with the others, as in code that detaches h in the recurrent product. Equation 7 would keep it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurorules.learning.base.learning_rule import LearningRule

if TYPE_CHECKING:
    import torch

    from neurorules.network.rnn import Network


class EProp(LearningRule):
    label = "e-prop"
    replays = True

    def cuts_credit(self, step: int, n_steps: int) -> bool:
        return True

    def compiled_path(self, network: Network, first_step: int, n_steps: int) -> dict[str, Any]:
        return {}

    def backward_block(
        self,
        network: Network,
        first_step: int,
        derivative: torch.Tensor,
        delta_next: torch.Tensor,
        delta: torch.Tensor,
    ) -> None:
        if network.compiled is not None:
            super().backward_block(network, first_step, derivative, delta_next, delta)
            return
        # Without a recurrent product between steps, the whole block is one product, then a filter over time.
        delta.mul_(derivative)
        leak = 1.0 - network.alpha
        for delta_t in reversed(delta.unbind(-3)):
            delta_next = delta_t.add_(delta_next, alpha=leak)


LEARNING_RULE = EProp
