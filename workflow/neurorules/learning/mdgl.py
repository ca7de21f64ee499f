"""MDGL, multidigraph learning (Liu et al. 2021): e-prop plus one step of messages between cell types.

A unit l sends f'(a_l,t) l_l,t, its direct contribution to the loss, to the units that project to it. They receive it
one step earlier, weighted by the mean weight of the synapses between the two cell types:

    delta_p,t = (1 - alpha) delta_p,t+1 + f'(a_p,t) (l_p,t + alpha sum_l A_lp W_ab f'(a_l,t+1) l_l,t+1)

where l is of type a and p of type b, A_lp is 1 if there is a synapse from p to l and else 0, and W_ab is the mean
weight of the existing synapses from type b to type a. Forward in time, an e-prop trace meets the messages that arrive
one step later.

It keeps e-prop's paths, and those paths through a single synapse whose target reaches the loss at once. It drops the
target's leak into later steps, and every path through two synapses. If W_ab were the weights themselves, this would be
BPTT cut after one recurrent step. The means also lose how synapses between two types differ. ModProp carries the
messages over more steps (modprop.py).

The published network has spiking units, and `reach` has the two forms of its code: messages go along existing synapses,
or to every unit of a type, with W_ab then the mean over all pairs, which is ModProp's with a single tap. It costs one
more product with a matrix per step, as BPTT.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neurorules.learning.base.learning_rule import LearningRule, Requirement

if TYPE_CHECKING:
    import torch

    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters
    from neurorules.network.rnn import Network
    from neurorules.options import Options
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss


class MDGL(LearningRule):
    label = "MDGL"
    OPTION_SCHEMA = {
        "reach": {
            "enum": ["synapses", "all"],
            "description": "which units receive a message: those with a synapse onto its sender, or all units of a "
            "cell type (published code has both; the paper uses `synapses`)",
        },
    }
    REQUIRES = (
        Requirement("dale", {"const": True}, "Its messages are those of cell types, each excitatory or inhibitory."),
        Requirement("cell_types_per_sign", {"minimum": 1}, "Its messages are sent from cell type to cell type."),
    )

    def __init__(
        self, options: Options, parameters: Parameters, architecture: Architecture, seeds: Sequence[int]
    ) -> None:
        super().__init__(options, parameters, architecture, seeds)
        types, mask = architecture.connectivity.cell_types, architecture.connectivity.mask
        assert types is not None and mask is not None, "see REQUIRES"
        # (unit, type): 1 where the unit is of the type.
        self.membership = parameters.flat.new_tensor(np.eye(types.max() + 1)[types])
        self.reached = mask.abs() if options.reach == "synapses" else mask.new_ones(mask.shape)
        # How many pairs a mean is over, (type, source type).
        self.pairs = (self.membership.mT @ self.reached @ self.membership).clamp(min=1.0)
        self.sent: torch.Tensor | None = None

    def prepare_update(self, network: Network, loss: Loss, batch: ScoredTrials) -> None:
        means = self.membership.mT @ network.parameters.recurrent @ self.membership / self.pairs
        # (sender, receiver)
        self.to_units = network.alpha * self.reached * (self.membership @ means @ self.membership.mT)
        self.sent = None

    def backward_step(
        self,
        network: Network,
        step: int,
        derivative: torch.Tensor,
        delta_next: torch.Tensor,
        delta: torch.Tensor,
    ) -> None:
        own = delta * derivative
        if self.sent is None:
            delta.copy_(own)
        else:
            delta.add_(self.sent @ self.to_units).mul_(derivative)
        delta.add_(delta_next, alpha=1.0 - network.alpha)
        self.sent = own


LEARNING_RULE = MDGL
