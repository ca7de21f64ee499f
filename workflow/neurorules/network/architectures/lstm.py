"""Long short-term memory (Hochreiter and Schmidhuber 1997), with the equations of PyTorch's LSTMCell.

    i_t, f_t, o_t = sigma(W_h v_{t-1} + W_x x_t + b)      g_t = tanh(W_h v_{t-1} + W_x x_t + b)
    c_t = f_t * c_{t-1} + i_t * g_t                       h_t = o_t * tanh(c_t)

W_h, W_x and b hold the rows of i, f, g and o one after the other. LSTMCell has a second bias, which only adds to the
first; here there is one. `initial_state` is h_0, and `initial_cell` is c_0. No bias of the forget gate is set to 1.

A unit's own state reaches c_t through f_t. All other paths from t-1 to t lead through W_h.
"""

from __future__ import annotations

from collections.abc import Mapping

from neurorules.network.architectures.base.cell import Array, Cell, State
from neurorules.network.architectures.base.gated import GATED_REQUIRES


class LSTM(Cell):
    gates = 4
    per_unit = ("initial_cell",)
    n_states = 2
    REQUIRES = GATED_REQUIRES

    def start(self, weights: Mapping[str, Array], ones: Array) -> State:
        return weights["initial_state"][..., None, :] * ones, weights["initial_cell"][..., None, :] * ones

    def step(self, weights: Mapping[str, Array], state: State, drive: Array, recurrent: Array) -> State:
        cell, functions = state[1], self.functions
        into, keep, candidate, out = functions.split(drive + recurrent, self.gates)
        cell = functions.sigmoid(keep) * cell + functions.sigmoid(into) * functions.tanh(candidate)
        return functions.sigmoid(out) * functions.tanh(cell), cell


ARCHITECTURE = LSTM
