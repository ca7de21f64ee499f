"""UORO, unbiased online recurrent optimisation (Tallec and Ollivier 2018): a random estimate of rank one of RTRL's P.

P_t, the influence of the parameters on the units (base/forward.py), is replaced by a product s_t v_t of a vector over
units and one over parameters. With signs nu_t in {-1, 1}, one per unit and independent between steps and trials,

    s_t = rho0 J_t s_{t-1} + rho1 nu_t        v_t = v_{t-1} / rho0 + nu_t^T (alpha I z_{t-1}^T) / rho1
    dtheta = sum_t (c_t . s_t) v_t

E nu nu^T = I, so that E s_t v_t = J_t E s_{t-1} v_{t-1} + alpha I z_{t-1}^T: it is P_t, whatever the positive factors
rho0 and rho1, as long as they do not depend on nu_t. They make the variance small by giving the two vectors the same
norm:

    rho0 = sqrt(|v_{t-1}| / |J_t s_{t-1}|)
    rho1 = sqrt(|nu_t^T alpha I z_{t-1}^T| / |nu_t|) = sqrt(alpha |z_{t-1}|)

It keeps every path of BPTT in expectation, and drops none: the estimate has no bias. It pays with variance: every pair
of steps and every pair of units adds noise, which grows with the length of a trial and the number of units, and only
the mean over trials reduces it. It carries N + N (N + I + 2) numbers for each trial. A step takes about N^2 + 4 N (N +
I + 2) multiplications, a few times as many as BPTT's, and few of them are in matrix products.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from neurorules.learning.base.forward import ForwardRule
from neurorules.network.normals import Normals

if TYPE_CHECKING:
    import torch

    from neurorules.learning.base.forward import ForwardPass
    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters
    from neurorules.network.rnn import Network
    from neurorules.options import Options
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss

EPSILON = 1e-7  # keeps the factors finite where all units are silent
# Numbers of v of a group of trials.
NUMBERS_TOGETHER = {"cpu": 200_000, "cuda": 50_000_000}


class UORO(ForwardRule):
    label = "UORO"

    def __init__(
        self, options: Options, parameters: Parameters, architecture: Architecture, seeds: Sequence[int]
    ) -> None:
        super().__init__(options, parameters, architecture, seeds)
        self.normals = [Normals(seed, parameters.flat.device) for seed in seeds]
        self.draw = -1

    def prepare_update(self, network: Network, loss: Loss, batch: ScoredTrials) -> None:
        self.draw += 1

    def gradient(self, k: int, forward: ForwardPass) -> torch.Tensor:
        import torch

        signs = torch.empty_like(forward.slope, memory_format=torch.contiguous_format)
        self.normals[k].fill(signs, 1.0, self.draw)
        return rank_one_gradient(forward, torch.where(signs < 0.0, -1.0, 1.0).to(signs))


def rank_one_gradient(forward: ForwardPass, signs: torch.Tensor) -> torch.Tensor:
    """The estimate for given signs.

    Args:
        forward: a network's forward pass.
        signs: nu_0..nu_T, (step + 1, trial, unit) of -1 and 1.

    Returns:
        (unit, column + 1), as `ForwardRule.gradient`.
    """
    n_trials, n_units = signs.shape[1:]
    total = signs.new_zeros(n_units, forward.driving.shape[-1] + 1)
    together = max(1, NUMBERS_TOGETHER[total.device.type] // total.numel())
    for start in range(0, n_trials, together):
        _add_trials(forward, signs, slice(start, start + together), total)
    return total


def _add_trials(forward: ForwardPass, signs: torch.Tensor, trials: slice, total: torch.Tensor) -> None:
    """Add the estimate of some of the trials."""
    import torch

    weights, leak = forward.alpha * forward.recurrent.mT, 1.0 - forward.alpha
    driving, slope, signal = (part[:, trials] for part in (forward.driving, forward.slope, forward.signal))
    signs = signs[:, trials]
    rho1 = (forward.alpha * torch.linalg.vector_norm(driving, dim=-1, keepdim=True)).sqrt() + EPSILON
    injected = signs[1:] / rho1 * forward.alpha  # what a step adds to v, by unit; times z by column
    kicked = signs[1:] * rho1
    units = signs[0].clone()  # s
    columns = units.new_zeros(len(units), *total.shape)  # v, (trial, unit, column)
    columns[..., -1] = signs[0]
    norm = torch.linalg.vector_norm(columns, dim=(-2, -1)).unsqueeze(-1)
    for t, z in enumerate(driving):
        passed = torch.addmm(units, slope[t] * units, weights, beta=leak)
        rho0 = (norm / (torch.linalg.vector_norm(passed, dim=-1, keepdim=True) + EPSILON)).sqrt() + EPSILON
        units = passed.mul_(rho0).add_(kicked[t])
        columns.mul_(rho0.reciprocal().unsqueeze(-1))
        columns[..., :-1].addcmul_(injected[t].unsqueeze(-1), z.unsqueeze(-2))
        norm = torch.linalg.vector_norm(columns, dim=(-2, -1)).unsqueeze(-1)
        shares = (signal[t] * units).sum(-1)
        total += torch.mv(columns.flatten(1).mT, shares).view(total.shape)


LEARNING_RULE = UORO
