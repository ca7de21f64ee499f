"""ModProp: e-prop with modulatory signals that units send to all units of a cell type (Liu et al. 2022).

It keeps the paths of e-prop. In place of the path through the recurrent weights, which e-prop drops, it has one that
needs only the mean weights W_ab between two cell types a and b, and a constant mu in place of the derivative f'. There
are two variants. Every figure states which one it used.

`published-code`: BPTT's recursion with W_ab for W_h, and mu for f' on that path,

    delta_t = (1 - alpha) delta_{t+1} + f'(a_t) l_t + mu alpha W_ab^T delta_{t+1}

`paper` (earlier version, equation 9): e-prop with a second learning signal, which units l of every type a send and
which arrives s steps earlier, through filter taps F_s = mu^(s-1) times the block means of (alpha W_h)^s,

    delta_t = (1 - alpha) delta_{t+1} + f'(a_t) (l_t + sum_s sum_a F_s,ab^T sum_{l in a} f'(a_l,t+s) l_l,t+s)

In this network, W_h acts with the factor alpha, so its powers have this factor as well. The paper does not state the
number of taps, so it is an option.

The published comparison uses ReLU units under Dale's law with blocks of cell types. Other settings are rejected.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neurorules.learning.base.learning_rule import LearningRule, Requirement
from neurorules.network.rnn import add_product

if TYPE_CHECKING:
    import torch

    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters
    from neurorules.network.rnn import Network
    from neurorules.options import Options
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss


class ModProp(LearningRule):
    label = "ModProp"
    OPTION_SCHEMA = {
        "variant": {
            "enum": ["published-code", "paper"],
            "description": "the recursion of the published code, or the formula with filter taps (earlier version, "
            "equation 9)",
        },
        "mu": {
            "type": "number",
            "minimum": 0,
            "description": "constant in place of f' on the path between cell types (published code; A.2: 0.25)",
        },
        "taps": {
            "type": "integer",
            "minimum": 1,
            "description": "number of filter taps, in steps; used by the variant `paper` only (ours)",
        },
    }
    REQUIRES = (
        Requirement(
            "activation", {"const": "relu"}, "Its constant mu stands for the two-valued derivative of ReLU units."
        ),
        Requirement("dale", {"const": True}, "Its signals are those of cell types, each excitatory or inhibitory."),
        Requirement("cell_types_per_sign", {"minimum": 1}, "Its signals are sent from cell type to cell type."),
    )

    def __init__(
        self, options: Options, parameters: Parameters, architecture: Architecture, seeds: Sequence[int]
    ) -> None:
        super().__init__(options, parameters, architecture, seeds)
        types = architecture.connectivity.cell_types
        assert types is not None, "see REQUIRES"
        # (unit, type): 1 if the unit has this type.
        membership = np.eye(types.max() + 1)[types]
        self.membership = parameters.flat.new_tensor(membership)
        self.type_mean = parameters.flat.new_tensor(membership / membership.sum(0))
        self.sent: deque[torch.Tensor] = deque(maxlen=options.taps)

    def prepare_update(self, network: Network, loss: Loss, batch: ScoredTrials) -> None:
        mu = self.options.mu
        recurrent = network.alpha * network.parameters.recurrent
        if self.options.variant == "published-code":
            # (unit, type): what a unit's delta contributes to the units of a type.
            self.to_types = mu * self.membership @ self._block_means(recurrent)
            return
        self.sent.clear()
        taps, power = [], recurrent
        for s in range(1, self.options.taps + 1):
            taps.append(mu ** (s - 1) * self._block_means(power))
            power = power @ recurrent
        self.taps = taps

    def _block_means(self, recurrent: torch.Tensor) -> torch.Tensor:
        """(type, source type) block means of a matrix (unit, source unit)."""
        return self.type_mean.mT @ recurrent @ self.type_mean

    def backward_block(
        self,
        network: Network,
        first_step: int,
        derivative: torch.Tensor,
        delta_next: torch.Tensor,
        delta: torch.Tensor,
    ) -> None:
        leak, to_units = 1.0 - network.alpha, self.membership.mT
        if network.parameters.batch_shape:
            to_units = to_units.expand(*network.parameters.batch_shape, *to_units.shape)
        steps = list(zip(derivative.unbind(-3), delta.unbind(-3), strict=True))
        published_code = self.options.variant == "published-code"
        for derivative_t, delta_t in reversed(steps):
            delta_t.mul_(derivative_t)
            if published_code:
                add_product(delta_t, delta_next @ self.to_types, to_units)
            else:
                own = delta_t @ self.membership
                if self.sent:
                    received = sum(sent @ tap for sent, tap in zip(self.sent, self.taps, strict=False))
                    delta_t.addcmul_(derivative_t, received @ to_units)
                self.sent.appendleft(own)
            delta_next = delta_t.add_(delta_next, alpha=leak)


LEARNING_RULE = ModProp
