"""KeRNL, kernel RNN learning (Roth, Kanitscheider and Fiete 2019): a learned kernel in place of the recurrent paths.

The effect of unit i on unit k over s steps is approximated by a sensitivity weight and an exponential kernel,

    da_k,t/da_i,t-s ~ beta_ki lambda_i^s

so that the influence of weight (i, m) on unit k is beta_ki e_im,t, with a trace that decays by the unit's own lambda:

    e_im,t = lambda_i e_im,t-1 + alpha z_m,t-1        dw_im = sum_t (sum_k c_k,t beta_ki) e_im,t
    delta_i,t = lambda_i delta_i,t+1 + sum_k beta_ki f'(a_k,t) l_k,t

Both are learned by comparing the network with a second, perturbed copy. With psi ~ N(0, I) added to a_t
at every step, d_t the difference of the two copies and Omega_i,t = lambda_i Omega_i,t-1 + psi_i,t, one step per update
of gradient descent on the mean of |beta Omega_t - d_t|^2 / 2 over steps and trials:

    dbeta_ki = mean (beta Omega - d)_k Omega_i        dlambda_i = mean (beta^T (beta Omega - d))_i Gamma_i
    Gamma_i,t = dOmega_i,t/dlambda_i = lambda_i Gamma_i,t-1 + Omega_i,t-1

The paper writes lambda = exp(-gamma); in discrete time lambda itself serves as well, and stays within 0 and 1. It steps
after every time step; here steps are averaged over the batch, as those of the network. Perturbations are small, so d
obeys the linearised network, d_t = J_t d_{t-1} + psi_t, which is what is computed: their size does not matter. Each
step is divided by the curvature of the mean, E Omega_i^2 or sum_k beta_ki^2 E Gamma_i^2, so that `rate` is the fraction
of the way to the minimum, whatever alpha (ours). Both copies are set equal every `window_steps` steps, since
differences grow in a chaotic network.

It starts as e-prop, with beta = I and lambda = 1 - alpha. It keeps the leak, and of the recurrent paths what has this
form on average over steps and trials. It ignores that J_t changes with the state, that a perturbation spreads over
several time constants, and that at s = 0 a unit acts on itself alone. So the estimate stays biased even when beta and
lambda have been learned; it is exact only for linear units that act on themselves alone. The network changes while they
are learned, so they lag behind. It costs a second forward pass, and about 2 N^2 multiplications per step and trial for
the means, so about as much as BPTT; it carries only traces forward.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from neurorules.learning.base.learning_rule import LearningRule
from neurorules.network.normals import Normals

if TYPE_CHECKING:
    import torch

    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters
    from neurorules.network.rnn import Network
    from neurorules.options import Options
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss


class KeRNL(LearningRule):
    label = "KeRNL"
    learns_from_earlier_batches = True
    OPTION_SCHEMA = {
        "rate": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "description": "fraction of the distance to their optimum that sensitivity weights and kernels move per "
            "update; 0 is e-prop (ours)",
        },
        "window_steps": {
            "type": "integer",
            "minimum": 1,
            "description": "number of steps after which the perturbed copy is reset to the network (ours)",
        },
    }

    def __init__(
        self, options: Options, parameters: Parameters, architecture: Architecture, seeds: Sequence[int]
    ) -> None:
        import torch

        super().__init__(options, parameters, architecture, seeds)
        flat, n_units = parameters.flat, parameters.sizes.units
        eye = torch.eye(n_units, dtype=flat.dtype, device=flat.device)
        # (unit, source unit), (1, unit); with a leading network dimension in a stack.
        self.sensitivity = eye.expand(*parameters.batch_shape, n_units, n_units).clone()
        self.kernel = flat.new_full((*parameters.batch_shape, 1, n_units), 1.0 - architecture.alpha)
        self.normals = [Normals(seed, flat.device) for seed in seeds]
        self.draw = -1

    def prepare_update(self, network: Network, loss: Loss, batch: ScoredTrials) -> None:
        import torch

        self.draw += 1
        if not self.options.rate:
            return
        shape = network.activity.shape
        psi, slope = network.drive.new_empty(shape), network.drive.new_empty(shape)
        for part, normals in zip(network.parameters.per_network(psi), self.normals, strict=True):
            normals.fill(part, 1.0, self.draw)
        for start, stop in ((0, 1), (1, network.n_steps + 1)):
            slope[..., start:stop, :, :] = network.derivative(start, stop, slope[..., start:stop, :, :])
        (by_sensitivity, curvature), (by_kernel, kernel_curvature) = self.mismatch(network, psi, slope)
        smallest = torch.finfo(psi.dtype).tiny
        self.sensitivity.sub_(by_sensitivity / curvature.clamp(min=smallest), alpha=self.options.rate)
        self.kernel.sub_(by_kernel / kernel_curvature.clamp(min=smallest), alpha=self.options.rate).clamp_(0.0, 1.0)

    def mismatch(
        self, network: Network, psi: torch.Tensor, slope: torch.Tensor
    ) -> tuple[tuple[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
        """Gradient and curvature of the mean of |beta Omega_t - d_t|^2 / 2 over steps and trials.

        Args:
            network: weights and alpha.
            psi: perturbations of a_0..a_T, (step + 1, trial, unit).
            slope: f'(a_t) for t = 0..T, of the same shape.

        Returns:
            dbeta, (unit, source unit), and its curvature, (1, source unit); dlambda and its curvature, (1, unit).
        """
        import torch

        weights, leak = network.alpha * network.parameters.recurrent.mT, 1.0 - network.alpha
        beta, kernel = self.sensitivity, self.kernel
        by_sensitivity, by_kernel = torch.zeros_like(beta), torch.zeros_like(kernel)
        curvature, kernel_curvature = torch.zeros_like(kernel), torch.zeros_like(kernel)
        kicks, slopes = psi.unbind(-3), slope.unbind(-3)
        for t, kick in enumerate(kicks):
            if t % self.options.window_steps == 0:
                difference, trace, change = kick, kick, torch.zeros_like(kick)
            else:
                difference = leak * difference + (slopes[t - 1] * difference) @ weights + kick
                change = kernel * change + trace
                trace = kernel * trace + kick
            error = trace @ beta.mT - difference
            by_sensitivity += error.mT @ trace
            by_kernel += ((error @ beta) * change).sum(-2, keepdim=True)
            curvature += trace.square().sum(-2, keepdim=True)
            kernel_curvature += change.square().sum(-2, keepdim=True)
        count = len(kicks) * kicks[0].shape[-2]
        kernel_curvature *= beta.square().sum(-2, keepdim=True)
        return (by_sensitivity / count, curvature / count), (by_kernel / count, kernel_curvature / count)

    def backward_block(
        self,
        network: Network,
        first_step: int,
        derivative: torch.Tensor,
        delta_next: torch.Tensor,
        delta: torch.Tensor,
    ) -> None:
        delta.mul_(derivative)
        delta.copy_((delta.flatten(-3, -2) @ self.sensitivity).view(delta.shape))
        for delta_t in reversed(delta.unbind(-3)):
            delta_next = delta_t.addcmul_(delta_next, self.kernel)


LEARNING_RULE = KeRNL
