"""Node perturbation: e-prop's recursion with a learning signal that is measured, not differentiated.

    l_t = (L_t(h_t + xi) - L_t(h_t)) xi / sigma^2,   xi ~ N(0, sigma^2 I)

(earlier version of the paper, equation 10) for every step and trial, where L_t is what that step of that trial adds to
the loss through the readout. In the mean over xi this is dL_t/dh_t, exactly so where the loss is quadratic, up to
O(sigma^2) elsewhere. Neither sigma nor the activity penalty's part is stated there; here both are options, and so
is the number of perturbations that are averaged (1 as published).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neurorules.learning.base.learning_rule import add_activity
from neurorules.learning.eprop import EProp

if TYPE_CHECKING:
    import torch

    from neurorules.learning.base.gradient_estimator import GradientEngine
    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters
    from neurorules.network.rnn import Network
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss


class NodePerturbation(EProp):
    label = "node perturbation"
    OPTIONS = {
        "sigma": {"type": "number", "exclusiveMinimum": 0},
        "samples": {"type": "integer", "minimum": 1},
        "perturb_activity_penalty": {"type": "boolean"},
    }

    def __init__(
        self, options: Mapping[str, Any], parameters: Parameters, architecture: Architecture, seeds: Sequence[int]
    ) -> None:
        import torch

        super().__init__(options, parameters, architecture, seeds)
        device = parameters.flat.device
        # Per sample and network, and drawn step by step: what a network draws depends on nothing but its seed.
        self.generators = [
            [torch.Generator(device).manual_seed(seed + sample) for seed in seeds]
            for sample in range(options["samples"])
        ]

    def begin(self, engine: GradientEngine, loss: Loss, batch: ScoredTrials) -> None:
        self.loss, self.batch = loss, batch

    def learning_signal(
        self,
        network: Network,
        start: int,
        stop: int,
        output_error: torch.Tensor,
        activity_weight: float | torch.Tensor,
        signal: torch.Tensor,
    ) -> None:
        sigma, samples = self.options["sigma"], self.options["samples"]
        outputs, batch = network.outputs[..., start:stop, :, :], self.batch.steps(start, stop)
        activity = network.activity[..., start + 1 : stop + 1, :, :]
        unperturbed = self.loss.pointwise(outputs, batch)
        xi = signal.new_empty(signal.shape)
        readout = network.parameters.readout.mT
        signal.zero_()
        networks = network.parameters.each(xi)
        for generators in self.generators:
            for draw, generator in zip(networks, generators, strict=True):
                for step in reversed(draw.unbind(0)):
                    step.normal_(0.0, sigma, generator=generator)
            perturbed = outputs + (xi.flatten(-3, -2) @ readout).view(outputs.shape)
            change = self.loss.pointwise(perturbed, batch) - unperturbed
            if self.options["perturb_activity_penalty"]:
                # lambda / (T B N) ((h + xi)^2 - h^2)
                change = change + (0.5 * activity_weight * xi * (2.0 * activity + xi)).sum(-1)
            signal.addcmul_(xi, change.unsqueeze(-1), value=1.0 / (samples * sigma**2))
        if not self.options["perturb_activity_penalty"]:
            add_activity(network, start, stop, activity_weight, signal)


LEARNING_RULE = NodePerturbation
