"""Constraints on the recurrent weights: Dale's law, sparsity, and blocks of cell types.

Training changes theta. The network's effective weights are W_h = theta * mask, or W_h = |theta| * mask under Dale's
law. The mask is 0 where there is no synapse and 1 elsewhere. Under Dale's law, it has the sign of the presynaptic unit
(its column). So the constraints hold for any theta, and dL/dtheta = dL/dW_h * mask (* sign(theta) under Dale's law).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.network.parameters import Parameters
from neurorules.options import Options

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

EXCITATORY_FRACTION = 0.8


class Connectivity:
    """Which recurrent weights exist, and their signs.

    Args:
        dale: W_h = |theta| * mask instead of theta * mask.
        mask: of -1, 0, 1 in the shape of the recurrent weights; None if nothing is constrained.
        cell_types: (unit,) number of each unit's cell type, or None if units have no types.
    """

    def __init__(self, dale: bool, mask: torch.Tensor | None, cell_types: NDArray[Any] | None) -> None:
        self.dale = dale
        self.mask = mask
        self.cell_types = cell_types

    def weights(self, theta: Parameters, out: Parameters | None = None) -> Parameters:
        """The network's effective weights.

        Args:
            theta: the trained parameters.
            out: memory for the weights; None for new memory.

        Returns:
            `theta` itself if nothing is constrained, otherwise `out`.
        """
        import torch

        if self.mask is None:
            return theta
        out = theta.zeros_like() if out is None else out
        out.flat.copy_(theta.flat)
        torch.mul(theta.recurrent.abs() if self.dale else theta.recurrent, self.mask, out=out.recurrent)
        return out

    def of_network(self, k: int) -> Connectivity:
        """The connectivity of network k in a stack."""
        return Connectivity(self.dale, None if self.mask is None else self.mask[k], self.cell_types)

    def double(self) -> Connectivity:
        """This connectivity in float64 on the CPU."""
        return Connectivity(self.dale, None if self.mask is None else self.mask.double().cpu(), self.cell_types)

    def mask_gradient(self, gradient: Parameters) -> None:
        """Set the gradient of missing synapses to zero, in place."""
        if self.mask is not None:
            gradient.recurrent.mul_(self.mask.abs())

    def to_theta_gradient(self, theta: Parameters, gradient: Parameters) -> None:
        """Turn dL/dW_h into dL/dtheta, in place."""
        if self.mask is not None:
            gradient.recurrent.mul_(self.mask)
            if self.dale:
                gradient.recurrent.mul_(theta.recurrent.sign())


def n_excitatory(n_units: int) -> int:
    """The number of excitatory units under Dale's law: the first 80%, rounded down (published code)."""
    return int(EXCITATORY_FRACTION * n_units)


def signs(n_units: int) -> NDArray[Any]:
    """(unit,) 1 for excitatory, -1 for inhibitory units."""
    return np.where(np.arange(n_units) < n_excitatory(n_units), 1.0, -1.0)


def cell_types(n_units: int, types_per_sign: int) -> NDArray[Any]:
    """(unit,) index of each unit's cell type: `types_per_sign` equal blocks of excitatory units, then of inhibitory
    units. Remaining units join the last block of their sign. The published code does the same as long as they are fewer
    than a block, as with its 200 and 400 units.

    Raises:
        InputError: there are fewer units of one sign than types.
    """
    excitatory = n_excitatory(n_units)
    types = []
    for first, count in ((0, excitatory), (types_per_sign, n_units - excitatory)):
        size = count // types_per_sign
        if size == 0:
            raise InputError(
                "There are more cell types than units.",
                key="network.cell_types_per_sign",
                value=types_per_sign,
                remedy=f"{n_units - excitatory} of {n_units} units are inhibitory: use at most that many types.",
            )
        types.append(first + np.minimum(np.arange(count) // size, types_per_sign - 1))
    return np.concatenate(types)


def draw_mask(n_units: int, options: Options, rng: np.random.Generator, gates: int = 1) -> NDArray[Any] | None:
    """Draw which weights exist, with the sign of their source under Dale's law; None if nothing is constrained.

    Every weight, including the diagonal, is kept with probability `density`. Dale's law removes the diagonal. With cell
    types, each block of weights between two types is kept or removed as a unit, with probability `cell_type_density`.

    Args:
        n_units: N.
        options: `dale`, `density`, `cell_types_per_sign`, `cell_type_density`.
        rng: the run's generator for connectivity.
        gates: rows of the recurrent weights per unit. A weight exists for all gates of a unit or for none.
    """
    # Both are always drawn, whatever the options, so that settings with the same seed share their draws.
    kept = rng.random((n_units, n_units)) < options.density
    n_types = 2 * options.cell_types_per_sign
    blocks = rng.random((n_types, n_types)) < options.cell_type_density
    if not options.dale and options.density == 1 and n_types == 0:
        return None
    mask: NDArray[Any] = kept.astype(float)
    if n_types:
        types = cell_types(n_units, options.cell_types_per_sign)
        mask *= blocks[np.ix_(types, types)]
    if options.dale:
        mask *= signs(n_units)
        np.fill_diagonal(mask, 0.0)
    return mask if gates == 1 else np.tile(mask, (gates, 1))


def constrain(recurrent: NDArray[Any], mask: NDArray[Any], options: Options) -> NDArray[Any]:
    """Initial theta of constrained recurrent weights, from weights already drawn and scaled by the gain.

    As in the published code, weights are first divided by sqrt(density), which preserves the variance of a unit's
    input. Under Dale's law, excitatory columns are then divided by N_E / N_I, which balances excitation and inhibition.
    With `unit_row_sum`, every row is finally divided by its sum of |w|, which cancels the gain.
    """
    theta: NDArray[Any] = np.where(mask != 0, recurrent, 0.0) / np.sqrt(options.density)
    if options.dale:
        excitatory = n_excitatory(len(recurrent))
        theta[:, :excitatory] /= excitatory / (len(recurrent) - excitatory)
    if options.unit_row_sum:
        total = np.abs(theta).sum(1, keepdims=True)
        np.divide(theta, total, out=theta, where=total > 0)  # a unit may have no inputs
    return theta


def check(network: Mapping[str, Any]) -> None:
    """Reject contradictory network options.

    Args:
        network: all options of the group `network`.

    Raises:
        InputError: with the option as its key.
    """

    options = Options(network)

    def refuse(problem: str, key: str, remedy: str) -> InputError:
        return InputError(problem, key=f"network.{key}", value=options[key], remedy=remedy)

    for key in ("gain", "recurrent_scale"):
        if options.dale and options[key] == 0:
            raise refuse(
                "Under Dale's law, weights that start at 0 never learn: the derivative of |theta| is 0 there.",
                key,
                f"Use a {key} above 0, or dale: false.",
            )
        if options.unit_row_sum and options[key] == 0:
            raise refuse("Rows of zero weights cannot be scaled to a sum of 1.", key, f"Use a {key} above 0.")
    if options.dale and n_excitatory(options.units) in (0, options.units):
        raise refuse("Dale's law needs excitatory and inhibitory units.", "units", "Use at least 2 units.")
    if options.cell_types_per_sign and not options.dale:
        raise refuse(
            "Cell types divide the excitatory and the inhibitory units, so they need Dale's law.",
            "cell_types_per_sign",
            "Set dale: true, or cell_types_per_sign: 0.",
        )
    if options.unit_row_sum and not options.dale and options.density == 1:
        raise refuse(
            "The option unit_row_sum scales constrained weights, but no weights are constrained.",
            "unit_row_sum",
            "Set dale: true, or a density below 1, or unit_row_sum: false.",
        )
    if options.cell_types_per_sign:
        cell_types(options.units, options.cell_types_per_sign)


def make_connectivity(masks: Sequence[NDArray[Any] | None], options: Options, like: torch.Tensor) -> Connectivity:
    """The connectivity of one network, or of a stack of networks with one mask each."""
    import torch

    types = None
    if options.cell_types_per_sign:
        types = cell_types(options.units, options.cell_types_per_sign)
    given = [mask for mask in masks if mask is not None]
    if not given:
        return Connectivity(options.dale, None, types)
    # In a stack, a network without constraints has all weights.
    arrays = [np.ones_like(given[0]) if mask is None else mask for mask in masks]
    mask = torch.as_tensor(np.stack(arrays) if len(masks) > 1 else arrays[0])
    return Connectivity(options.dale, mask.to(like), types)
