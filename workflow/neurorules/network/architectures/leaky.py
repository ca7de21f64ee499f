"""Leaky units, the papers' network.

    a_t = (1 - alpha) a_{t-1} + alpha (W_h v_{t-1} + W_x x_t + b),   h_t = f(a_t)

with alpha = 1 / tau_steps. Training and scoring use the faster engine of `rnn.py` for this architecture. The step is
here so that each engine can be checked against the other.
"""

from __future__ import annotations

from collections.abc import Mapping

from neurorules.network.architectures.base.cell import Array, Cell, State


class Leaky(Cell):
    def step(self, weights: Mapping[str, Array], state: State, drive: Array, recurrent: Array) -> State:
        alpha = 1.0 / self.options.tau_steps
        return ((1.0 - alpha) * state[0] + alpha * (recurrent + drive),)

    def activity(self, state: State) -> Array:
        a, functions = state[0], self.functions
        if self.options.activation == "tanh":
            return functions.tanh(a)
        positive = functions.relu(a)
        return functions.tanh(positive) if self.options.activation == "retanh" else positive


ARCHITECTURE = Leaky
