"""Truncated BPTT: as BPTT, but credit crosses the recurrent weights within windows of time only.

The edge from h_t to a_{t+1} is cut where (T - t) is a multiple of the window, counted from the end of the trial as in
the published code, t = 0 included; a window longer than the trial cuts nothing. The leak from a_t to a_{t+1} is kept:
at a cut, delta_t = (1 - alpha) delta_{t+1} + f'(a_t) l_t.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurorules.learning.bptt import BPTT

if TYPE_CHECKING:
    import torch

    from neurorules.network.rnn import Network


class TruncatedBPTT(BPTT):
    label = "truncated BPTT"
    OPTIONS = {"window_steps": {"type": "integer", "minimum": 1}}

    def step_back(
        self,
        network: Network,
        step: int,
        derivative: torch.Tensor,
        credit_next: torch.Tensor,
        credit: torch.Tensor,
    ) -> None:
        if (network.n_steps - step) % self.options["window_steps"]:
            super().step_back(network, step, derivative, credit_next, credit)
        else:
            credit.mul_(derivative).add_(credit_next, alpha=1.0 - network.alpha)


LEARNING_RULE = TruncatedBPTT
