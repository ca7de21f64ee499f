"""Reward-modulated Hebbian learning (Miconi 2017): three factors, one of them a reward of the whole trial.

Exploratory perturbations xi kick the units, a_t = (1 - alpha) a_{t-1} + alpha (W z_{t-1} + xi_t), and a synapse sums
products of what drives it and how its unit fluctuates. At the end of a trial they meet the trial's loss L, compared
with a baseline:

    e_im = sum_t S(z_m,t-1 phi_i,t)        dw_im = sum over trials of (L - baseline) e_im / kappa

(a gradient, since L counts here, not the reward -L). It needs no derivative, no error of single outputs, and no path
backward in time.

- `fluctuation`: phi is the perturbation xi itself (node perturbation, as in Fiete and Seung 2006), or what a unit can
  observe: a_t less its running mean m_t = 0.05 m_{t-1} + 0.95 a_t of earlier steps (published code).
- `nonlinearity`: S is the cube, or the identity. Observed fluctuations need a supralinear S: a perturbation is brief
  and large, while the return to the mean is slow and small and, in a plain sum, would cancel it.
- `baseline`: the loss of the same trial without perturbations, or the running mean over trials of earlier updates. The
  published mean is one per type of trial, which the former replaces without its delay; types are not known here.

Expectations, for small perturbations of variance v = sigma^2, of which each comes with probability p: with phi = xi and
the identity, kappa = p v makes E dw the gradient of BPTT, dL/dw, since E (L(xi) - L(0)) xi_i,t = p v alpha delta_i,t.
With the cube and kappa = 3 p v^2 the presynaptic factor is cubed: E dw_im = sum_t alpha delta_i,t z_m,t-1^3, no
gradient, but with its sign wherever z_m keeps its own. For observed fluctuations kappa is that of phi = alpha xi.

So it keeps every path, by measurement, and has the variance of node perturbation: a trial's loss contains the effects
of T N perturbations, of which a synapse needs one. A baseline that does not depend on xi changes only the variance. The
activity penalty is part of L. The initial state is perturbed likewise, by alpha sigma. The readout gets its exact
gradient. It costs two forward passes, one of them with N more inputs, and one product for e.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

from neurorules.learning.base.forward import readout_gradient
from neurorules.learning.base.gradient_estimator import BatchResult
from neurorules.learning.base.learning_rule import LearningRule
from neurorules.network.normals import Normals
from neurorules.network.parameters import Parameters, Sizes

if TYPE_CHECKING:
    import torch

    from neurorules.learning.base.gradient_estimator import GradientEstimator
    from neurorules.network.architecture import Architecture
    from neurorules.network.rnn import Network
    from neurorules.options import Options
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss

# What is kept of a running mean: of a unit's state per step, and of the loss per update (published code).
STATE_KEPT, LOSS_KEPT = 0.05, 0.75


class RewardHebbian(LearningRule):
    label = "reward-modulated Hebbian"
    learns_from_earlier_batches = True
    OPTION_SCHEMA = {
        "sigma": {
            "type": "number",
            "exclusiveMinimum": 0,
            "description": "SD of the perturbations, in units of the input to a unit (ours; the published ones are "
            "uniform in [-16, 16])",
        },
        "probability": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
            "description": "probability that a unit is perturbed at a step (published: 3 per second)",
        },
        "fluctuation": {
            "enum": ["observed", "perturbation"],
            "description": "fluctuation of the postsynaptic unit: its state minus the running mean, or the "
            "perturbation itself (published code has both; the paper uses `observed`)",
        },
        "nonlinearity": {
            "enum": ["cube", "identity"],
            "description": "S, applied to the products before they are summed (paper: cube)",
        },
        "baseline": {
            "enum": ["unperturbed", "running-mean"],
            "description": "reference for a trial's loss: its loss without perturbations, or the mean loss of "
            "earlier updates (paper: a running mean per type of trial)",
        },
    }

    @classmethod
    def estimator(
        cls,
        options: Options,
        parameters: Parameters,
        architecture: Architecture,
        n_steps: int,
        n_trials: int,
        seeds: Sequence[int],
    ) -> GradientEstimator:
        return RewardEstimator(options, parameters, architecture, n_steps, n_trials, seeds)


class RewardEstimator:
    """Estimates gradients from the losses of perturbed trials. Arguments are those of `LearningRule.estimator`."""

    def __init__(
        self,
        options: Options,
        theta: Parameters,
        architecture: Architecture,
        n_steps: int,
        n_trials: int,
        seeds: Sequence[int],
    ) -> None:
        import torch

        self.options, self.theta, self.architecture = options, theta, architecture
        self.gradient = theta.zeros_like()
        self.weights = architecture.connectivity.weights(theta)
        self.network = architecture.network(self.weights, n_steps, n_trials)
        # The perturbed copy of the network gets the perturbations as further inputs, one per unit.
        n_inputs, n_units = theta.sizes.inputs, theta.sizes.units
        sizes = Sizes(n_inputs + n_units, n_units, theta.sizes.outputs)
        n_numbers = sum(math.prod(shape) for shape in sizes.shapes().values())
        self.copied = Parameters(sizes, theta.flat.new_zeros(*theta.batch_shape, n_numbers))
        self.copied.input[..., n_inputs:] = torch.eye(n_units, dtype=theta.flat.dtype, device=theta.flat.device)
        self.copy = architecture.network(self.copied, n_steps, n_trials)
        self.inputs = theta.flat.new_zeros(*theta.batch_shape, n_steps, n_trials, sizes.inputs)
        self.noise: torch.Tensor | None = None
        # xi_0..xi_T; the first one acts on the initial state.
        self.xi = theta.flat.new_zeros(*theta.batch_shape, n_steps + 1, n_trials, n_units)
        self.normals = [[Normals(seed + stream, theta.flat.device) for seed in seeds] for stream in range(2)]
        self.draw = -1
        self.baseline: torch.Tensor | None = None

    def update(
        self,
        inputs: torch.Tensor,
        noise: torch.Tensor | None,
        loss: Loss,
        batch: ScoredTrials,
        penalty_weights: Sequence[float],
    ) -> BatchResult:
        """See `GradientEstimator.update`."""
        self.draw += 1
        network, theta, gradient = self.network, self.theta, self.gradient
        self.architecture.connectivity.weights(theta, self.weights)
        if noise is not None:  # each forward pass overwrites its noise
            self.noise = noise.clone() if self.noise is None else self.noise.copy_(noise)
        outputs = network.forward(inputs, self.noise)
        task_loss, output_error = loss(outputs, batch)
        readout_gradient(network, output_error, gradient)
        n_active = network.n_steps * network.n_trials * theta.sizes.units
        factors = [weight / n_active for weight in penalty_weights]
        penalty = theta.flat.new_tensor(factors).view(*theta.batch_shape, 1)
        unperturbed = trial_losses(network, loss, batch, penalty)
        self._perturb()
        start = self._run_copy(inputs, noise)
        losses = trial_losses(self.copy, loss, batch, penalty)
        self._write(losses - self._baseline(unperturbed, losses), start)
        self.architecture.connectivity.to_theta_gradient(theta, gradient)
        return BatchResult(task_loss, network.square_activity / n_active, gradient)

    def _perturb(self) -> None:
        """Draw the perturbations."""
        probability = self.options.probability
        for k, xi in enumerate(self.theta.per_network(self.xi)):
            self.normals[0][k].fill(xi, self.options.sigma, self.draw)
            if probability < 1.0:
                chosen = xi.new_empty(xi.shape)
                self.normals[1][k].fill(chosen, 1.0, self.draw)
                xi.mul_(chosen < NormalDist().inv_cdf(probability))

    def _run_copy(self, inputs: torch.Tensor, noise: torch.Tensor | None) -> torch.Tensor:
        """Run the perturbed copy of the network; its initial states, (trial, unit)."""
        sizes, alpha, f = self.theta.sizes, self.architecture.alpha, self.architecture.activation.function
        for name, weights in self.weights.named().items():
            copied = getattr(self.copied, name)
            (copied[..., : sizes.inputs] if name == "input" else copied).copy_(weights)
        mean_state = self.weights.initial_state.unsqueeze(-2)
        start = mean_state + alpha * self.xi[..., 0, :, :]
        self.inputs[..., : sizes.inputs].copy_(inputs)
        kicks = self.inputs[..., sizes.inputs :]
        kicks.copy_(self.xi[..., 1:, :, :])
        # All trials of a network start from the same state, so what a perturbed start does to the first step is added.
        moved = (f(start) - f(mean_state)) @ self.weights.recurrent.mT
        kicks[..., 0, :, :] += (1.0 - alpha) * self.xi[..., 0, :, :] + moved
        self.copy.forward(self.inputs, noise)
        self.copy.activity[..., 0, :, :] = f(start)
        return start

    def _baseline(self, unperturbed: torch.Tensor, losses: torch.Tensor) -> torch.Tensor:
        """What the losses of the trials are compared with."""
        if self.options.baseline == "unperturbed":
            return unperturbed
        used = unperturbed.mean(-1, keepdim=True) if self.baseline is None else self.baseline
        self.baseline = LOSS_KEPT * used + (1.0 - LOSS_KEPT) * losses.mean(-1, keepdim=True)
        return used

    def _write(self, surplus: torch.Tensor, start: torch.Tensor) -> None:
        """Write the gradient of all but the readout, from what each trial lost to its perturbations, (trial,)."""
        import torch

        sizes, options, gradient = self.theta.sizes, self.options, self.gradient
        alpha, n_units = self.architecture.alpha, sizes.units
        cube, drive = options.nonlinearity == "cube", self.copy.drive[..., :-1, :, :]
        ones = drive.new_ones(*drive.shape[:-1], 1)
        z = torch.cat([drive[..., : n_units + sizes.inputs], ones], -1)
        phi, first = self.xi[..., 1:, :, :], self.xi[..., 0, :, :]
        kappa = options.probability * (3.0 * options.sigma**4 if cube else options.sigma**2)
        kappa_first = kappa * alpha
        if options.fluctuation == "observed":
            phi = self._observed(z, start)
            kappa *= alpha**3 if cube else alpha
        if cube:
            phi, first, z = phi**3, first**3, z**3
        weighted = phi * surplus[..., None, :, None]
        columns = weighted.flatten(-3, -2).mT @ z.flatten(-3, -2) / kappa
        gradient.recurrent.copy_(columns[..., :n_units])
        gradient.input.copy_(columns[..., n_units:-1])
        gradient.bias.copy_(columns[..., -1])
        gradient.initial_state.copy_((first * surplus.unsqueeze(-1)).sum(-2) / kappa_first)

    def _observed(self, z: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        """The states of the perturbed copy less their running means, (step, trial, unit)."""
        import torch

        alpha = self.architecture.alpha
        weights = torch.cat([self.weights.recurrent, self.weights.input, self.weights.bias.unsqueeze(-1)], -1)
        driven = (z.flatten(-3, -2) @ weights.mT).view(self.copy.activity[..., 1:, :, :].shape) + self.xi[..., 1:, :, :]
        state = mean = start
        for driven_t in driven.unbind(-3):
            state = (1.0 - alpha) * state + alpha * driven_t
            driven_t.copy_(state - mean)
            mean = STATE_KEPT * mean + (1.0 - STATE_KEPT) * state
        return driven


def trial_losses(network: Network, loss: Loss, batch: ScoredTrials, penalty: torch.Tensor) -> torch.Tensor:
    """What each trial adds to the loss, activity penalty included, (trial,).

    Args:
        network: after its forward pass.
        loss: the task's loss.
        batch: the batch's targets.
        penalty: (1,) lambda / (T B N), the factor of h^2.
    """
    square = network.activity[..., 1:, :, :].square().sum((-3, -1))
    return loss.pointwise(network.outputs, batch).sum(-2) + penalty * square


LEARNING_RULE = RewardHebbian
