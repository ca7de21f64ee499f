"""Training with a readout that the task prescribes: it is set, not learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurorules.errors import InputError
from neurorules.tasks.base.readout import phases_of

if TYPE_CHECKING:
    from neurorules.network.parameters import Parameters
    from neurorules.tasks.base.task import Task


class FixedReadout:
    """Sets the readout of networks at the start of each phase of a task. Does nothing for other tasks.

    Args:
        task: may prescribe its readouts, see `tasks/base/readout.py`.
        theta: parameters of the network or stack of networks.

    Raises:
        InputError: the networks and the readout have different numbers of units.
    """

    def __init__(self, task: Task, theta: Parameters) -> None:
        self.readout = getattr(task, "readout", None)
        self.starts = phases_of(task)
        self.theta = theta
        if self.readout is None:
            return
        needed = self.readout(0).weights.shape[-1]
        if needed != theta.sizes.units:
            raise InputError(
                f"The task's readout is a decoder of {needed} units, and the network has {theta.sizes.units}.",
                key="network.units",
                value=theta.sizes.units,
                remedy=f"Set network.units to {needed} for this task.",
            )
        self.start(0)

    def start(self, update: int) -> None:
        """Set the readout if a phase starts with this update."""
        if self.readout is None or update not in self.starts:
            return
        import torch

        readout = self.readout(update)
        self.theta.readout.copy_(torch.as_tensor(readout.weights))
        self.theta.readout_bias.copy_(torch.as_tensor(readout.bias))

    def keep(self, gradient: Parameters) -> None:
        """Remove the readout's part of a gradient, in place."""
        if self.readout is not None:
            gradient.readout.zero_()
            gradient.readout_bias.zero_()
