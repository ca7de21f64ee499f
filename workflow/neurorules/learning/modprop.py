"""ModProp: e-prop, and beyond it modulatory signals that units send to all units of a cell type (Liu et al. 2022).

Two variants, of which every figure says which it used. W_ab is the mean of W_h's block between two cell types.

`published-code`: credit flows as in BPTT, but through W_ab and with a constant mu in place of f' on that path:

    delta_t = (1 - alpha) delta_{t+1} + f'(a_t) l_t + mu alpha W_ab^T delta_{t+1}

`paper` (earlier version, equation 9): e-prop whose learning signal is joined by what units l of every type a
sent s steps later, through filter taps F_s = mu^(s-1) times the block means of (alpha W_h)^s,

    delta_t = (1 - alpha) delta_{t+1} + f'(a_t) (l_t + sum_s sum_a F_s,ab^T sum_{l in a} f'(a_l,t+s) l_l,t+s)

W_h acts with the factor alpha in this network, so its powers carry it too. The number of taps is not stated: an option.

The published comparison of this learning rule has ReLU units under Dale's law with blocks of cell types, and other
settings are refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.learning.base.learning_rule import LearningRule, Need
from neurorules.network.rnn import add_product

if TYPE_CHECKING:
    import torch

    from neurorules.learning.base.gradient_estimator import GradientEngine
    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters
    from neurorules.network.rnn import Network
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss


class ModProp(LearningRule):
    label = "ModProp"
    OPTIONS = {
        "variant": {"enum": ["published-code", "paper"]},
        "mu": {"type": "number", "minimum": 0},
        "taps": {"type": "integer", "minimum": 1},
    }
    NEEDS = (
        Need("activation", {"const": "relu"}, "Its constant mu stands for the two-valued derivative of ReLU units."),
        Need("dale", {"const": True}, "Its signals are those of cell types, each excitatory or inhibitory."),
        Need("cell_types_per_sign", {"minimum": 1}, "Its signals are sent from cell type to cell type."),
    )

    def __init__(
        self, options: Mapping[str, Any], parameters: Parameters, architecture: Architecture, seeds: Sequence[int]
    ) -> None:
        super().__init__(options, parameters, architecture, seeds)
        types = architecture.connectivity.cell_types
        assert types is not None, "see NEEDS"
        belongs = np.eye(types.max() + 1)[types]
        # (unit, type): 1 where the unit is of the type.
        self.belongs = parameters.flat.new_tensor(belongs)
        self.mean = parameters.flat.new_tensor(belongs / belongs.sum(0))
        self.sent: deque[torch.Tensor] = deque(maxlen=options["taps"])

    def begin(self, engine: GradientEngine, loss: Loss, batch: ScoredTrials) -> None:
        network, mu = engine.network, self.options["mu"]
        recurrent = network.alpha * network.parameters.recurrent
        if self.options["variant"] == "published-code":
            # (unit, type): what a unit's credit becomes for the units of a type.
            self.to_types = mu * self.belongs @ self._block_means(recurrent)
            return
        self.sent.clear()
        taps, power = [], recurrent
        for s in range(1, self.options["taps"] + 1):
            taps.append(mu ** (s - 1) * self._block_means(power))
            power = power @ recurrent
        self.taps = taps

    def _block_means(self, recurrent: torch.Tensor) -> torch.Tensor:
        """(type, source type) means of the blocks of a matrix (unit, source unit)."""
        return self.mean.mT @ recurrent @ self.mean

    def back(
        self,
        network: Network,
        first_step: int,
        derivative: torch.Tensor,
        credit_next: torch.Tensor,
        credit: torch.Tensor,
    ) -> None:
        leak, of_types = 1.0 - network.alpha, self.belongs.mT
        if network.parameters.stack:
            of_types = of_types.expand(*network.parameters.stack, *of_types.shape)
        steps = list(zip(derivative.unbind(-3), credit.unbind(-3), strict=True))
        published_code = self.options["variant"] == "published-code"
        for derivative_t, credit_t in reversed(steps):
            credit_t.mul_(derivative_t)
            if published_code:
                add_product(credit_t, credit_next @ self.to_types, of_types)
            else:
                own = credit_t @ self.belongs
                if self.sent:
                    received = sum(sent @ tap for sent, tap in zip(self.sent, self.taps, strict=False))
                    credit_t.addcmul_(derivative_t, received @ of_types)
                self.sent.appendleft(own)
            credit_next = credit_t.add_(credit_next, alpha=leak)


LEARNING_RULE = ModProp
