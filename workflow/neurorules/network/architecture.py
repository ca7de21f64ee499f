"""The fixed parts of a network: activation, time constant and connectivity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from neurorules.network.activations import ACTIVATIONS, Activation
from neurorules.network.architectures.base.cell import LEAKY, Cell, load_cell, tensor_functions
from neurorules.network.cell_network import CellNetwork
from neurorules.network.connectivity import Connectivity, make_connectivity
from neurorules.network.rnn import Network

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from neurorules.network.parameters import Parameters
    from neurorules.options import Options


@dataclass(frozen=True)
class Architecture:
    """Activation f, alpha = dt / tau, connectivity, and how steps are computed (see `Network`).

    If there is a cell, it replaces leaky units, and activation and alpha have no meaning.
    """

    activation: Activation
    alpha: float
    connectivity: Connectivity
    compiled: bool = True
    cell: Cell | None = None

    def of_network(self, k: int) -> Architecture:
        """The architecture of network k in a stack."""
        return replace(self, connectivity=self.connectivity.of_network(k))

    def network(self, weights: Parameters, n_steps: int, n_trials: int, keep_activity: bool = True) -> Network:
        """A network with `weights` (see `Connectivity.weights`). For the other arguments, see `Network`."""
        return Network(weights, self.activation, self.alpha, n_steps, n_trials, keep_activity, self.compiled)

    def runner(self, weights: Parameters, n_steps: int, n_trials: int) -> Network | CellNetwork:
        """A network of leaky units or of cells that is only run, and keeps no activity; see `network`."""
        if self.cell is not None:
            return CellNetwork(weights, self.cell, n_steps, n_trials, keep_activity=False)
        return self.network(weights, n_steps, n_trials, keep_activity=False)


def make_architecture(
    options: Options, masks: Sequence[NDArray[Any] | None], like: torch.Tensor, compiled: bool = False
) -> Architecture:
    """The architecture of one network, or of a stack of networks with one mask each.

    Args:
        options: the group `network`: `architecture`, `activation`, `tau_steps`, and the options of the connectivity.
        masks: from `connectivity.draw_mask`, one per network, in the shape of the recurrent weights.
        like: a tensor with the dtype and device for the masks.
        compiled: see `Network`. Worthwhile in training. Running a network a few times is faster than loading the
            compiler.
    """
    connectivity = make_connectivity(masks, options, like)
    cell = None if options.architecture == LEAKY else load_cell(options, tensor_functions())
    activation, alpha = ACTIVATIONS[options.activation], 1.0 / options.tau_steps
    return Architecture(activation, alpha, connectivity, compiled and cell is None, cell)
