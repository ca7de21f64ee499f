"""Backpropagation through time (BPTT): the exact gradient (Werbos 1990).

    delta_t = (1 - alpha) delta_{t+1} + f'(a_t) * (l_t + alpha W_h^T delta_{t+1})

It keeps every path from a_t to the loss: through the readout (l_t), through the unit's own leak (1 - alpha), and
through the recurrent weights. This makes it the reference for the other learning rules, but biologically implausible:
units would have to know the weights of their outgoing synapses, and errors would have to travel backward in time.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.learning.base.learning_rule import LearningRule
from neurorules.network.rnn import add_product

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from neurorules.network.rnn import Network


@cache
def _all(n_steps: int) -> NDArray[np.bool_]:
    """(step,) True; made once, because making it takes 1% of the update of a small network."""
    return np.ones(n_steps, bool)


class BPTT(LearningRule):
    label = "BPTT"
    replays = True

    def cuts_credit(self, step: int, n_steps: int) -> bool:
        return False

    def compiled_path(self, network: Network, first_step: int, n_steps: int) -> dict[str, Any]:
        return {"through": _all(n_steps)}

    def backward_step(
        self,
        network: Network,
        step: int,
        derivative: torch.Tensor,
        delta_next: torch.Tensor,
        delta: torch.Tensor,
    ) -> None:
        add_product(delta, delta_next, network.parameters.recurrent, alpha=network.alpha)
        delta.mul_(derivative).add_(delta_next, alpha=1.0 - network.alpha)


LEARNING_RULE = BPTT
