"""A network's trained parameters, as named views of one flat tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Sizes:
    """Numbers of inputs, units and outputs, and what the architecture adds to them.

    Attributes:
        gates: rows of W_h, W_x and b per unit; 1 for leaky units.
        per_unit: names of further parameters with one number per unit; none for leaky units.
    """

    inputs: int
    units: int
    outputs: int
    gates: int = 1
    per_unit: tuple[str, ...] = ()

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter, in the order of the flat tensor."""
        rows = self.gates * self.units
        return {
            "recurrent": (rows, self.units),
            "input": (rows, self.inputs),
            "bias": (rows,),
            **dict.fromkeys(self.per_unit, (self.units,)),
            "initial_state": (self.units,),
            "readout": (self.outputs, self.units),
            "readout_bias": (self.outputs,),
        }

    def dimensions(self) -> dict[str, tuple[str, ...]]:
        """Names of the dimensions of each parameter in a run file."""
        rows = "unit" if self.gates == 1 else "gate_unit"
        return {
            "recurrent": (rows, "source_unit"),
            "input": (rows, "task_input"),
            "bias": (rows,),
            **dict.fromkeys(self.per_unit, ("unit",)),
            "initial_state": ("unit",),
            "readout": ("output", "unit"),
            "readout_bias": ("output",),
        }


class Parameters:
    """W_h, W_x, b, a_0, W_y and b_y (see rnn.py) as views of one flat tensor.

    With one flat tensor, an optimiser step, a checkpoint and a gradient each take a single operation. Several networks
    of equal size (seeds on a GPU, perturbed samples) form a stack: every tensor then has a leading network dimension.

    Args:
        sizes: numbers of inputs, units, outputs.
        flat: the flat tensor, (parameter,) or (network, parameter); None for zeros.
        dtype, device: dtype and device of a new flat tensor.
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
        for (name, shape), part in zip(shapes.items(), torch.split(self.flat, counts, -1), strict=True):
            setattr(self, name, torch.unflatten(part, -1, shape))

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """() for one network, (n,) for a stack of n."""
        return tuple(self.flat.shape[:-1])

    def per_network(self, tensor: torch.Tensor) -> Sequence[torch.Tensor]:
        """Split a tensor of these networks into one tensor per network."""
        return tensor.unbind(0) if self.batch_shape else [tensor]

    def named(self) -> dict[str, torch.Tensor]:
        """Parameter tensors by name, views of `flat`."""
        return {name: getattr(self, name) for name in self.sizes.shapes()}

    def zeros_like(self) -> Parameters:
        """New parameters of the same shape, dtype and device, all zero."""
        return Parameters(self.sizes, self.flat.new_zeros(self.flat.shape))

    def load(self, arrays: dict[str, NDArray[Any]]) -> Parameters:
        """Copy named arrays into the parameters; returns self."""
        import torch

        for name, tensor in self.named().items():
            tensor.copy_(torch.as_tensor(arrays[name]))
        return self


def stacked(networks: Sequence[Parameters]) -> Parameters:
    """The parameters of several networks as a stack, or those of a single network unchanged."""
    import torch

    if len(networks) == 1:
        return networks[0]
    return Parameters(networks[0].sizes, torch.stack([one.flat for one in networks]))
