"""The trained parameters of a network: named views of one flat tensor."""

from __future__ import annotations

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

    One flat tensor makes the optimiser, a checkpoint and a gradient a single operation each.

    Args:
        sizes: numbers of inputs, units, outputs.
        flat: the tensor to lie in; zeros of `dtype` where None.
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
        for (name, shape), part in zip(shapes.items(), self.flat.split(counts), strict=True):
            setattr(self, name, part.view(shape))

    def named(self) -> dict[str, torch.Tensor]:
        """Parameter tensors by name, views of `flat`."""
        return {name: getattr(self, name) for name in self.sizes.shapes()}

    def like(self) -> Parameters:
        """New parameters of the same sizes, dtype and device, all zero."""
        import torch

        return Parameters(self.sizes, torch.zeros_like(self.flat))

    def load(self, arrays: dict[str, np.ndarray]) -> Parameters:
        """Copy named arrays in; returns self."""
        import torch

        for name, tensor in self.named().items():
            tensor.copy_(torch.as_tensor(arrays[name]))
        return self
