"""Real-time recurrent learning (Williams and Zipser 1989): the exact gradient, forward in time.

    P_t = J_t P_{t-1} + alpha I z_{t-1}^T        dtheta = sum_t c_t P_t

(base/forward.py), with the whole influence P: one number for every unit and every parameter. It keeps every path that
BPTT keeps, and drops none, so that its gradient is BPTT's but for rounding. Unlike BPTT it needs no activity of the
past, and could change the weights at every step; here the weights are changed after each batch, as for all other rules.

Its cost is what made the field look for the other rules. With N units and I inputs, P has N^2 (N + I + 2) numbers for
each trial, and a step of a trial takes N^3 (N + I + 2) multiplications, where BPTT takes about 2 N (N + I + 1). 64
units with 4 inputs have 287,000 numbers a trial, 1.1 MB in float32; 200 units have 8.2 million (33 MB), and 400 units
65 million (260 MB), again for every step. Larger networks than 64 units are therefore refused.

Trials are worked on in groups, whose influence fits into a cache; W_h meets the influence of a group in one product.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from neurorules.learning.base.forward import ForwardRule
from neurorules.learning.base.learning_rule import Requirement

if TYPE_CHECKING:
    import torch

    from neurorules.learning.base.forward import ForwardPass

# Numbers of the influence of a group of trials.
NUMBERS_TOGETHER = {"cpu": 400_000, "cuda": 50_000_000}


class RTRL(ForwardRule):
    label = "RTRL"
    REQUIRES: Sequence[Requirement] = (
        Requirement(
            "units",
            {"maximum": 64},
            "It carries one number per unit and parameter forward in time: 1.1 MB a trial with 64 units, 33 MB with "
            "200, 260 MB with 400, all of which meet the recurrent weights at every step.",
        ),
    )

    def gradient(self, k: int, forward: ForwardPass) -> torch.Tensor:
        n_units, n_columns = len(forward.recurrent), forward.driving.shape[-1] + 1
        n_trials = forward.driving.shape[1]
        total = forward.recurrent.new_zeros(n_units, n_columns)
        together = max(1, NUMBERS_TOGETHER[total.device.type] // (n_units**2 * n_columns))
        for start in range(0, n_trials, together):
            self._add_trials(forward, slice(start, start + together), total)
        return total

    def _add_trials(self, forward: ForwardPass, trials: slice, total: torch.Tensor) -> None:
        """Add the gradient of some of the trials."""
        import torch

        weights, leak = forward.alpha * forward.recurrent, 1.0 - forward.alpha
        driving = forward.alpha * forward.driving[:, trials]
        # (step, unit, trial): a factor of every influence on that unit.
        slope, signal = forward.slope[:, trials].mT.contiguous(), forward.signal[:, trials].mT.contiguous()
        n_units, n_trials = slope.shape[1:]
        # P, (unit k, trial, unit i, column m).
        influence = weights.new_zeros(n_units, n_trials, *total.shape)
        passed, scaled = torch.empty_like(influence), torch.empty_like(influence)
        own = influence.diagonal(dim1=0, dim2=2)  # (trial, column, unit i), where k = i
        own[:, -1] = 1.0
        for t, z in enumerate(driving):
            torch.mul(influence, slope[t, :, :, None, None], out=scaled)
            torch.mm(weights, scaled.view(n_units, -1), out=passed.view(n_units, -1))
            influence.mul_(leak).add_(passed)
            own[:, :-1].add_(z.unsqueeze(-1))
            total += torch.mv(influence.view(n_units * n_trials, -1).T, signal[t].flatten()).view(total.shape)


LEARNING_RULE = RTRL
