"""SnAp-2 (Menick et al. 2020): RTRL with each parameter's influence on the units that it reaches within two steps.

    P_t = S * (J_t P_{t-1} + alpha I z_{t-1}^T)        dtheta = sum_t c_t P_t

(base/forward.py), element by element, with S_k,im = 1 if k = i or if there is a synapse from unit i to unit k, and 0
elsewhere. In general SnAp-n keeps the units that i reaches over at most n - 1 synapses. Their number grows with n until
it is every unit that i reaches at all: from there on SnAp-n is RTRL, exactly.

It keeps what a unit's weights do to the unit itself and to the units that it projects to, through all of these
units' synapses among each other, over any number of steps. It drops every path that leaves this neighbourhood. Where a
path leaves and returns, the return is dropped too.

With dense weights every unit is a neighbour, so that SnAp-2 is RTRL, at RTRL's cost. It pays with sparse weights only
(`density`, blocks of cell types): with K units in a neighbourhood, about 1 + density N, it carries N K (N + I + 2)
numbers for each trial, and a step takes N K^2 (N + I + 2) multiplications, against RTRL's N^2 and N^3. Parameters of
missing synapses are carried along, and their gradient is set to zero at the end. Which synapses exist never changes in
training, and a synapse of weight 0 exists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.learning.base.learning_rule import Requirement
from neurorules.learning.rtrl import NUMBERS_TOGETHER, RTRL

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from neurorules.learning.base.forward import ForwardPass
    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters
    from neurorules.options import Options

# As many as RTRL carries with 64 units.
MOST_NUMBERS = 64**3


class SnAp2(RTRL):
    label = "SnAp-2"
    # n of SnAp-n: a parameter's influence is kept on the units that it reaches in as many steps.
    STEPS = 2
    REQUIRES: Sequence[Requirement] = ()

    @classmethod
    def check_network(cls, network: Mapping[str, Any]) -> None:
        units, density = network["units"], network["density"]
        if network["cell_types_per_sign"]:
            density *= network["cell_type_density"]
        numbers = units**2 * min(units, 1.0 + density * units)
        if numbers > MOST_NUMBERS:
            raise InputError(
                f"SnAp-2 would carry about {4e-6 * numbers:.0f} MB for each trial through every step, a number for "
                "each parameter and each unit that it reaches within two steps.",
                key="units",
                value=units,
                remedy="Use at most 64 units, or sparser weights (`density`): dense, SnAp-2 is RTRL.",
            )

    def __init__(
        self, options: Options, parameters: Parameters, architecture: Architecture, seeds: Sequence[int]
    ) -> None:
        super().__init__(options, parameters, architecture, seeds)
        self.neighbours = []
        for k in range(len(seeds)):
            own = architecture.of_network(k) if parameters.batch_shape else architecture
            mask, n_units = own.connectivity.mask, parameters.sizes.units
            exists = np.ones((n_units, n_units), bool) if mask is None else np.asarray(mask.cpu().numpy() != 0)
            units, kept = neighbourhoods(exists, self.STEPS)
            device = parameters.flat.device
            self.neighbours.append((parameters.flat.new_tensor(kept), _indices(units, device)))

    def gradient(self, k: int, forward: ForwardPass) -> torch.Tensor:
        kept, units = self.neighbours[k]
        # Among the units of each neighbourhood, (unit i, member, source member); 0 from and to what only fills a row.
        pairs = forward.recurrent[units.unsqueeze(-1), units.unsqueeze(-2)]
        weights = forward.alpha * pairs * kept.unsqueeze(-1) * kept.unsqueeze(-2)
        n_trials = forward.driving.shape[1]
        total = weights.new_zeros(len(units), forward.driving.shape[-1] + 1)
        together = max(1, NUMBERS_TOGETHER[total.device.type] // (units.numel() * total.shape[1]))
        for start in range(0, n_trials, together):
            self._add_neighbours(forward, slice(start, start + together), units, weights, total)
        return total

    @staticmethod
    def _add_neighbours(
        forward: ForwardPass, trials: slice, units: torch.Tensor, weights: torch.Tensor, total: torch.Tensor
    ) -> None:
        """Add the gradient of some of the trials."""
        import torch

        leak = 1.0 - forward.alpha
        driving = (forward.alpha * forward.driving[:, trials]).unsqueeze(1)
        # (step, unit i, member, trial): a factor of every influence on that member.
        slope, signal = forward.slope[:, trials].mT[:, units], forward.signal[:, trials].mT[:, units]
        n_units, n_members, n_trials = slope.shape[1:]
        # P, (unit i, member, trial, column m); the first member is unit i.
        influence = weights.new_zeros(n_units, n_members, n_trials, total.shape[1])
        influence[:, 0, :, -1] = 1.0
        rows = influence.view(n_units, n_members, -1)
        scaled = torch.empty_like(influence)
        for t, z in enumerate(driving):
            torch.mul(influence, slope[t].unsqueeze(-1), out=scaled)
            rows.baddbmm_(weights, scaled.view(rows.shape), beta=leak)
            influence[:, 0, :, :-1].add_(z)
            sums = torch.bmm(signal[t].reshape(n_units, 1, -1), influence.view(n_units, n_members * n_trials, -1))
            total += sums.squeeze(1)


def neighbourhoods(exists: NDArray[np.bool_], steps: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Which units each unit's parameters reach within a number of steps, the first step being the unit itself.

    Args:
        exists: (unit, source unit), which synapses there are.
        steps: n of SnAp-n.

    Returns:
        units: (unit, member), the unit itself first; rows are filled with the unit itself.
        kept: (unit, member), False at what fills the rows.
    """
    n_units = len(exists)
    reached = np.eye(n_units, dtype=bool)
    for _ in range(min(steps, n_units) - 1):
        reached = reached | (exists.astype(np.int64) @ reached > 0)
    members = [[i, *np.flatnonzero(reached[:, i] & (np.arange(n_units) != i))] for i in range(n_units)]
    width = max(map(len, members))
    units = np.array([row + [row[0]] * (width - len(row)) for row in members])
    kept = np.array([[j < len(row) for j in range(width)] for row in members])
    return units, kept


def _indices(units: NDArray[np.int64], device: torch.device) -> torch.Tensor:
    import torch

    return torch.as_tensor(units, device=device)


LEARNING_RULE = SnAp2
