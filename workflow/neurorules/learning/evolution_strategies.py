"""Evolution strategies: no error signal, only losses at randomly perturbed parameters (Salimans et al. 2017).

    dtheta = 1 / (sigma S) sum_s L(theta + sigma eps_s) eps_s,   eps_s ~ N(0, I)

(earlier version of the paper, equation 11, with S = 50 and sigma not stated) over all parameters, including the readout
and the initial state.

It keeps no path of the gradient. The loss, one number per sample, is all that tells good perturbations from bad ones.
With `antithetic`, samples are pairs +eps, -eps, which removes the mean of L from the estimate. L is the task loss plus
the activity penalty. All samples of an update see the same trials and the same noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError
from neurorules.learning.base.gradient_estimator import BatchResult
from neurorules.learning.base.learning_rule import LearningRule
from neurorules.network.normals import Normals
from neurorules.network.parameters import Parameters

if TYPE_CHECKING:
    import torch

    from neurorules.learning.base.gradient_estimator import GradientEstimator
    from neurorules.network.architecture import Architecture
    from neurorules.options import Options
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss

# How many weights and states of samples run in parallel: on a CPU, as many as fit into its cache. Compiled loops run
# samples one by one, so that more samples would only mean shorter blocks of steps.
NUMBERS_TOGETHER = {"cpu": 100_000, "cuda": 50_000_000}


class EvolutionStrategies(LearningRule):
    label = "evolution strategies"
    any_architecture = True  # it needs nothing but losses
    OPTION_SCHEMA = {
        "sigma": {
            "type": "number",
            "exclusiveMinimum": 0,
            "description": "SD of the perturbations, in units of the parameters (ours; the paper does not state it)",
        },
        "samples": {
            "type": "integer",
            "minimum": 2,
            "description": "number of perturbed networks per update (earlier version: 50)",
        },
        "antithetic": {
            "type": "boolean",
            "description": "whether perturbations come in pairs of opposite sign; `samples` must then be even "
            "(ours; earlier version, equation 11: false)",
        },
    }

    @classmethod
    def check(cls, options: Mapping[str, Any]) -> None:
        if options["antithetic"] and options["samples"] % 2:
            raise InputError(
                "Antithetic samples come in pairs.",
                key="samples",
                value=options["samples"],
                remedy="Use an even number, or antithetic: false.",
            )

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
        return SamplingEstimator(options, parameters, architecture, n_steps, n_trials, seeds)


class SamplingEstimator:
    """Estimates gradients from losses alone. Arguments are those of `LearningRule.estimator`.

    Each network of a stack is sampled separately. The losses of an update are means over its samples.
    """

    def __init__(
        self,
        options: Options,
        theta: Parameters,
        architecture: Architecture,
        n_steps: int,
        n_trials: int,
        seeds: Sequence[int],
    ) -> None:
        self.sigma, self.samples, self.antithetic = options.sigma, options.samples, options.antithetic
        self.theta = theta
        self.gradient = theta.zeros_like()
        self.normals = [Normals(seed, theta.flat.device) for seed in seeds]
        self.draw = -1
        sizes = theta.sizes
        numbers = n_trials * sizes.units + theta.flat.shape[-1]
        device = theta.flat.device.type
        in_compiled_loops = architecture.compiled and device == "cpu"
        together = 1 if in_compiled_loops else max(1, min(self.samples, NUMBERS_TOGETHER[device] // numbers))
        # Equal parts: the largest possible divisor of the number of samples.
        self.together = max(n for n in range(1, together + 1) if self.samples % n == 0)
        batch_shape = () if self.together == 1 else (self.together,)
        self.perturbed = Parameters(sizes, theta.flat.new_zeros(*batch_shape, theta.flat.shape[-1]))
        self.epsilon = theta.flat.new_zeros(self.samples, theta.flat.shape[-1])
        self.constraints = [
            architecture.connectivity.of_network(k) if theta.batch_shape else architecture.connectivity
            for k in range(len(seeds))
        ]
        self.weights = self.constraints[0].weights(self.perturbed)
        self.network = architecture.runner(self.weights, n_steps, n_trials)

    def update(
        self,
        inputs: torch.Tensor,
        noise: torch.Tensor | None,
        loss: Loss,
        batch: ScoredTrials,
        penalty_weights: Sequence[float],
    ) -> BatchResult:
        """See `GradientEstimator.update`."""
        import torch

        self.draw += 1
        if not self.theta.batch_shape:
            return self._update(0, self.theta.flat, self.gradient.flat, inputs, noise, loss, batch, penalty_weights[0])
        updates = [
            self._update(
                k,
                self.theta.flat[k],
                self.gradient.flat[k],
                inputs if inputs.ndim == 3 else inputs[k],
                None if noise is None else noise[k],
                loss,
                batch.of_network(k),
                penalty_weights[k],
            )
            for k in range(len(self.constraints))
        ]
        return BatchResult(
            torch.stack([one.task_loss for one in updates]),
            torch.stack([one.mean_square_activity for one in updates]),
            self.gradient,
        )

    def _update(
        self,
        k: int,
        theta: torch.Tensor,
        gradient: torch.Tensor,
        inputs: torch.Tensor,
        noise: torch.Tensor | None,
        loss: Loss,
        batch: ScoredTrials,
        penalty_weight: float,
    ) -> BatchResult:
        """The result for network k; `theta` and `gradient` are flat."""
        import torch

        network, epsilon = self.network, self.epsilon
        drawn = self.samples // 2 if self.antithetic else self.samples
        self.normals[k].fill(epsilon[:drawn], 1.0, self.draw)
        if self.antithetic:
            torch.neg(epsilon[:drawn], out=epsilon[drawn:])
        task_losses, square_activity = [], []
        for start in range(0, self.samples, self.together):
            torch.add(
                theta,
                epsilon[start : start + self.together].view(self.perturbed.flat.shape),
                alpha=self.sigma,
                out=self.perturbed.flat,
            )
            self.constraints[k].weights(self.perturbed, self.weights)
            outputs = network.forward(inputs, noise)
            task_losses.append(loss(outputs, batch)[0].view(-1))
            square_activity.append(network.square_activity.clone().view(-1))
        task_loss = torch.cat(task_losses)
        mean_square = torch.cat(square_activity) / (network.n_steps * network.n_trials * self.theta.sizes.units)
        losses = task_loss + penalty_weight * mean_square
        torch.mv(epsilon.T, losses / (self.sigma * self.samples), out=gradient)
        self.constraints[k].mask_gradient(Parameters(self.theta.sizes, gradient))
        return BatchResult(task_loss.mean(), mean_square.mean(), self.gradient)


LEARNING_RULE = EvolutionStrategies
