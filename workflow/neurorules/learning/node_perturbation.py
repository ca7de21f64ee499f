"""Node perturbation: e-prop's recursion with a learning signal that is measured, not differentiated.

    l_t = (L_t(h_t + xi) - L_t(h_t)) xi / sigma^2,   xi ~ N(0, sigma^2 I)

(earlier version of the paper, equation 10; Werfel, Xie and Seung 2005) for every step and trial, where L_t is what that
step of that trial contributes to the loss through the readout.

It keeps and drops the same paths as e-prop (eprop.py), but needs no derivative of the loss and no feedback weights. It
only measures how the loss changes when units are perturbed. The mean over xi is dL_t/dh_t, exactly if the loss is
quadratic, and otherwise up to O(sigma^2). The paper states neither sigma nor how the activity penalty is included. Both
are options, and so is the number of perturbations averaged (1 as published).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from neurorules.learning.base.learning_rule import add_activity
from neurorules.learning.eprop import EProp
from neurorules.network.normals import Normals

if TYPE_CHECKING:
    import torch

    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters
    from neurorules.network.rnn import Network
    from neurorules.options import Options
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss


class NodePerturbation(EProp):
    label = "node perturbation"
    OPTION_SCHEMA = {
        "sigma": {
            "type": "number",
            "exclusiveMinimum": 0,
            "description": "SD of the perturbations, in units of h (ours; the paper does not state it)",
        },
        "samples": {
            "type": "integer",
            "minimum": 1,
            "description": "number of perturbations averaged per step and trial (earlier version: 1)",
        },
        "perturb_activity_penalty": {
            "type": "boolean",
            "description": "whether the activity penalty's part of the learning signal is also measured; otherwise it "
            "is exact (ours)",
        },
    }

    def __init__(
        self, options: Options, parameters: Parameters, architecture: Architecture, seeds: Sequence[int]
    ) -> None:
        super().__init__(options, parameters, architecture, seeds)
        # One per sample and network: a network's draws depend only on its seed.
        device = parameters.flat.device
        self.normals = [[Normals(seed + sample, device) for seed in seeds] for sample in range(options.samples)]
        self.draw = -1

    def prepare_update(self, network: Network, loss: Loss, batch: ScoredTrials) -> None:
        self.loss, self.batch = loss, batch
        self.draw += 1

    def learning_signal(
        self,
        network: Network,
        start: int,
        stop: int,
        output_error: torch.Tensor,
        activity_weight: float | torch.Tensor,
        signal: torch.Tensor,
    ) -> None:
        sigma, samples = self.options.sigma, self.options.samples
        outputs, batch = network.outputs[..., start:stop, :, :], self.batch.steps(start, stop)
        activity = network.activity[..., start + 1 : stop + 1, :, :]
        unperturbed = self.loss.pointwise(outputs, batch)
        xi = signal.new_empty(signal.shape)
        readout = network.parameters.readout.mT
        signal.zero_()
        networks = network.parameters.per_network(xi)
        for sample in self.normals:
            for network_xi, normals in zip(networks, sample, strict=True):
                normals.fill(network_xi, sigma, self.draw, start)
            perturbed = outputs + (xi.flatten(-3, -2) @ readout).view(outputs.shape)
            change = self.loss.pointwise(perturbed, batch) - unperturbed
            if self.options.perturb_activity_penalty:
                # lambda / (T B N) ((h + xi)^2 - h^2)
                change = change + (0.5 * activity_weight * xi * (2.0 * activity + xi)).sum(-1)
            signal.addcmul_(xi, change.unsqueeze(-1), value=1.0 / (samples * sigma**2))
        if not self.options.perturb_activity_penalty:
            add_activity(network, start, stop, activity_weight, signal)


LEARNING_RULE = NodePerturbation
