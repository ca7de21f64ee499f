"""The trained parameters of a network: named views of one flat tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch


@dataclass(frozen=True)
class Sizes:
    """Numbers of inputs, units and outputs."""

    inputs: int
    units: int
    outputs: int

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each parameter, in the order in which they lie in the flat tensor."""
        return {
            "recurrent": (self.units, self.units),
            "input": (self.units, self.inputs),
            "bias": (self.units,),
            "initial_state": (self.units,),
            "readout": (self.outputs, self.units),
            "readout_bias": (self.outputs,),
        }


class Parameters:
    """W_h, W_x, b, a_0, W_y and b_y (spec equation of the network) over one flat tensor.

    One flat tensor makes the optimiser, a checkpoint and a gradient a single operation each. Several networks of one
    shape (seeds on a GPU, perturbed samples) lie in a stack: one more dimension in front of everything.

    Args:
        sizes: numbers of inputs, units, outputs.
        flat: the tensor to lie in, (parameter,) or (network, parameter); zeros of `dtype` where None.
        dtype, device: of a new flat tensor.
    """

    recurrent: torch.Tensor
    input: torch.Tensor
    bias: torch.Tensor
    initial_state: torch.Tensor
    readout: torch.Tensor
    readout_bias: torch.Tensor

    def __init__(
        self,
        sizes: Sizes,
        flat: torch.Tensor | None = None,
        *,
        dtype: torch.dtype | None = None,
        device: str = "cpu",
    ) -> None:
        import math

        import torch

        shapes = sizes.shapes()
        counts = [math.prod(shape) for shape in shapes.values()]
        self.sizes = sizes
        self.flat = torch.zeros(sum(counts), dtype=dtype, device=device) if flat is None else flat
        for (name, shape), part in zip(shapes.items(), self.flat.split(counts, -1), strict=True):
            setattr(self, name, part.unflatten(-1, shape))

    @property
    def stack(self) -> tuple[int, ...]:
        """() for one network, (n,) for a stack of n."""
        return tuple(self.flat.shape[:-1])

    def each(self, tensor: torch.Tensor) -> Sequence[torch.Tensor]:
        """The part of every network, of a tensor that has networks in front where this is a stack."""
        return tensor.unbind(0) if self.stack else [tensor]

    def named(self) -> dict[str, torch.Tensor]:
        """Parameter tensors by name, views of `flat`."""
        return {name: getattr(self, name) for name in self.sizes.shapes()}

    def like(self, *stack: int) -> Parameters:
        """New parameters of the same sizes, dtype and device, all zero; a stack of `stack` where given."""
        return Parameters(self.sizes, self.flat.new_zeros(*(stack or self.stack), self.flat.shape[-1]))

    def load(self, arrays: dict[str, np.ndarray]) -> Parameters:
        """Copy named arrays in; returns self."""
        import torch

        for name, tensor in self.named().items():
            tensor.copy_(torch.as_tensor(arrays[name]))
        return self


def stacked(networks: Sequence[Parameters]) -> Parameters:
    """Parameters of several networks as a stack; of a single one, itself."""
    import torch

    if len(networks) == 1:
        return networks[0]
    return Parameters(networks[0].sizes, torch.stack([one.flat for one in networks]))
