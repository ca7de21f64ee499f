"""Normal random numbers for a network: noise of its units, and perturbations by learning rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

WORD = 2**32


class Normals:
    """A stream of normal numbers.

    On a CPU, each number is a function of the seed, the draw, its row and its column (see `philox`). GPUs use PyTorch's
    generator: a different stream, in which a number depends on how many were drawn before it.

    Args:
        seed: at most 64 bits.
        device: device of the tensors to fill.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        import numpy as np
        import torch

        self.generator = None if device.type == "cpu" else torch.Generator(device).manual_seed(seed)
        self._key = np.uint64(seed % WORD), np.uint64(seed // WORD % WORD)

    def fill(self, out: torch.Tensor, sd: float, draw: int, first_row: int = 0) -> None:
        """Fill a tensor with normal numbers with mean 0.

        Args:
            out: (row, ...), contiguous. Numbers are drawn in float32, whatever its dtype.
            sd: standard deviation.
            draw: index of the draw, for example of the update.
            first_row: index of the first row within the draw. Parts of a draw can be drawn in any order.
        """
        import numpy as np
        import torch

        if self.generator is not None:
            out.normal_(0.0, sd, generator=self.generator)
            return
        from neurorules.network.philox import fill

        numbers = out if out.dtype == torch.float32 else torch.empty(out.shape)
        fill(numbers.view(len(out), -1).numpy(), np.float32(sd), *self._key, draw, first_row)
        if numbers is not out:
            out.copy_(numbers)
