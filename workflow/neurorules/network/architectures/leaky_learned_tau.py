"""Leaky units that learn their time constants.

    a_t = (1 - alpha_i) a_{t-1} + alpha_i (W_h v_{t-1} + W_x x_t + b),   h_t = f(a_t)
    alpha_i = 1 / tau_i = sigma(ln(1 / (tau_steps - 1)) + s_i)

`leak_shift` is s, one number per unit. It begins at 0, where every time constant is `tau_steps`, as in `leaky`. The
logistic function keeps each time constant above one step.

A unit's own state reaches a_t through 1 - alpha_i. All other paths from t-1 to t lead through W_h.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from neurorules.network.architectures.base.cell import Array, State
from neurorules.network.architectures.leaky import Leaky
from neurorules.network.requirement import Requirement


class LeakyLearnedTau(Leaky):
    per_unit = ("leak_shift",)
    REQUIRES = (
        Requirement(
            "tau_steps",
            {"exclusiveMinimum": 1},
            "Its time constants begin at this value and stay above one step, so it must be above 1.",
        ),
        Requirement(
            "flossing_iterations", {"const": 0}, "Gradient flossing is defined here for fixed leaks only.", "training"
        ),
    )

    def step(self, weights: Mapping[str, Array], state: State, drive: Array, recurrent: Array) -> State:
        start = -math.log(float(self.options.tau_steps) - 1.0)
        alpha = self.functions.sigmoid(weights["leak_shift"] + start)[..., None, :]
        return (state[0] + alpha * (recurrent + drive - state[0]),)


ARCHITECTURE = LeakyLearnedTau
