"""Lyapunov exponents of networks of any architecture, by automatic differentiation of their step.

    J_t = ds_{t+1}/ds_t,   with s_t all of the state: h of GRU, h and c of LSTM, a of leaky units

J_t Q is one forward-mode derivative per direction, all at once; see `tangent.py` for the exponents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurorules.network.tangent import propagate

if TYPE_CHECKING:
    import torch

    from neurorules.network.architectures.base.cell import Cell
    from neurorules.network.parameters import Parameters


def cell_exponents_along(
    weights: Parameters, cell: Cell, inputs: torch.Tensor, basis: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Lyapunov exponents of a batch of trials, without noise.

    Args:
        weights: the weights the network runs with, float64.
        cell: the architecture.
        inputs: x_1..x_T, (step, trial, input).
        basis: (trial, dimension of the state, k), the initial basis.

    Returns:
        (k,) exponents per step, and the final basis.
    """
    import torch

    named = weights.named()
    drives = inputs @ weights.input.mT + weights.bias
    state = torch.cat(cell.start(named, inputs.new_ones(inputs.shape[1], 1)), -1)

    def after(state: torch.Tensor, drive: torch.Tensor) -> torch.Tensor:
        parts = torch.chunk(state, cell.n_states, -1)
        return torch.cat(cell.step(named, parts, drive, cell.activity(parts) @ weights.recurrent.mT), -1)

    trajectory = [state]
    for drive in drives[:-1]:
        trajectory.append(after(trajectory[-1], drive))

    def tangent(t: int, directions: torch.Tensor) -> torch.Tensor:
        def along(direction: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = torch.func.jvp(lambda s: after(s, drives[t]), (trajectory[t],), (direction,))[1]
            return result

        stepped: torch.Tensor = torch.func.vmap(along, in_dims=-1, out_dims=-1)(directions)
        return stepped

    logs, basis = propagate(tangent, len(drives), basis)
    return logs.mean((0, 1)), basis
