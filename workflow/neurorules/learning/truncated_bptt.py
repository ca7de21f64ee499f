"""Truncated BPTT: BPTT within windows of time (Williams and Peng 1990).

It keeps BPTT's recursion (bptt.py) within windows, and drops the path through the recurrent weights between them. The
path from h_t to a_{t+1} is cut where (T - t) is a multiple of the window, counted from the end of the trial as in the
published code, and also at t = 0 if that is one:

    delta_t = (1 - alpha) delta_{t+1} + f'(a_t) * l_t

The leak from a_t to a_{t+1} is kept there. A window of one step gives e-prop, and a window longer than the trial BPTT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.learning.bptt import BPTT

if TYPE_CHECKING:
    import torch

    from neurorules.network.rnn import Network


class TruncatedBPTT(BPTT):
    label = "truncated BPTT"
    replays = True
    OPTION_SCHEMA = {
        "window_steps": {
            "type": "integer",
            "minimum": 1,
            "description": "length of the windows in steps, counted from the end of the trial; 1 is e-prop "
            "(published code)",
        },
    }

    def cuts_credit(self, step: int, n_steps: int) -> bool:
        return bool((n_steps - step) % self.options.window_steps == 0)

    def compiled_path(self, network: Network, first_step: int, n_steps: int) -> dict[str, Any]:
        return {"through": (network.n_steps - first_step - np.arange(n_steps)) % self.options.window_steps != 0}

    def backward_step(
        self,
        network: Network,
        step: int,
        derivative: torch.Tensor,
        delta_next: torch.Tensor,
        delta: torch.Tensor,
    ) -> None:
        if (network.n_steps - step) % self.options.window_steps:
            super().backward_step(network, step, derivative, delta_next, delta)
        else:
            delta.mul_(derivative).add_(delta_next, alpha=1.0 - network.alpha)


LEARNING_RULE = TruncatedBPTT
