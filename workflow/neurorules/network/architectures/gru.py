"""Gated recurrent units (Cho et al. 2014), with the equations of PyTorch's GRUCell.

    r_t = sigma(W_hr v_{t-1} + W_xr x_t + b_r)
    z_t = sigma(W_hz v_{t-1} + W_xz x_t + b_z)
    n_t = tanh(W_xn x_t + b_n + r_t * (W_hn v_{t-1} + c))
    h_t = (1 - z_t) * n_t + z_t * h_{t-1}

W_h, W_x and b hold the rows of r, z and n one after the other. GRUCell has a second bias for r and z, which only adds
to the first; here there is one. `recurrent_bias` is c. `initial_state` is h_0.

A unit's own state reaches h_t through z_t. All other paths from t-1 to t lead through W_h.
"""

from __future__ import annotations

from collections.abc import Mapping

from neurorules.network.architectures.base.cell import Array, Cell, State
from neurorules.network.architectures.base.gated import GATED_REQUIRES


class GRU(Cell):
    gates = 3
    per_unit = ("recurrent_bias",)
    REQUIRES = GATED_REQUIRES

    def step(self, weights: Mapping[str, Array], state: State, drive: Array, recurrent: Array) -> State:
        (h,), functions = state, self.functions
        of_inputs, of_units = functions.split(drive, self.gates), functions.split(recurrent, self.gates)
        reset, update = (functions.sigmoid(of_inputs[gate] + of_units[gate]) for gate in (0, 1))
        from_units = of_units[2] + weights["recurrent_bias"][..., None, :]
        candidate = functions.tanh(of_inputs[2] + reset * from_units)
        return (candidate + update * (h - candidate),)


ARCHITECTURE = GRU
