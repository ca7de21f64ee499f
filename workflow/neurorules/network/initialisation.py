"""Initial weights, drawn in float64 with NumPy so that they depend only on the seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.network.connectivity import constrain
from neurorules.network.parameters import Parameters, Sizes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.options import Options


def initialise(
    sizes: Sizes,
    options: Options,
    rng: np.random.Generator,
    mask: NDArray[Any] | None = None,
    **tensor: Any,
) -> Parameters:
    """Parameters before the first update.

    W_h ~ N(0, (gain * recurrent_scale)^2 / N), then constrained if there is a mask. recurrent_scale is 1 in the paper's
    text and 1.5 in the published code. W_x: `linear` = U(+-1/sqrt(n_in)), the default of PyTorch's Linear, as in the
    notebook that the paper cites; `normal` = N(0, 1/n_in), as in the published code. W_y: U(+-1/sqrt(N)). Biases:
    `linear` = the Linear defaults, U(+-1/sqrt(fan_in)) for the input and the readout layer; or `zero`. a_0 = 0.

    All arrays are always drawn, whatever the options, so that settings with the same seed share their draws: a network
    with gain 0.5 is the network with gain 1, scaled. The weights of each gate follow the same laws; further biases are
    those of a layer from N units, and the whole initial state is 0.

    Args:
        sizes: numbers of inputs, units, outputs.
        options: the group `network`: `gain`, `recurrent_scale`, `input_init`, `bias_init`, `gain_scales_readout`, and
            the options of `connectivity.constrain` if there is a mask.
        rng: the run's generator for initial weights.
        mask: from `connectivity.draw_mask`, in the shape of the recurrent weights.
        tensor: dtype and device of the parameters.
    """
    import torch

    gain, shapes = float(options.gain), sizes.shapes()
    recurrent = rng.standard_normal(shapes["recurrent"]) / np.sqrt(sizes.units)
    input_normal = rng.standard_normal(shapes["input"]) / np.sqrt(sizes.inputs)
    input_uniform = _uniform(rng, shapes["input"], sizes.inputs)
    bias = _uniform(rng, shapes["bias"], sizes.inputs)
    readout = _uniform(rng, (sizes.outputs, sizes.units), sizes.units)
    readout_bias = _uniform(rng, (sizes.outputs,), sizes.units)

    drawn = {name: _uniform(rng, (sizes.units,), sizes.units) for name in sizes.per_unit}

    recurrent *= gain * float(options.recurrent_scale)
    zero_bias = options.bias_init == "zero"
    further = {name: b if name.endswith("_bias") and not zero_bias else np.zeros_like(b) for name, b in drawn.items()}
    arrays = {
        "recurrent": recurrent if mask is None else constrain(recurrent, mask, options),
        "input": input_normal if options.input_init == "normal" else input_uniform,
        "bias": np.zeros_like(bias) if zero_bias else bias,
        **further,
        "initial_state": np.zeros(sizes.units),
        "readout": gain * readout if options.gain_scales_readout else readout,
        "readout_bias": np.zeros_like(readout_bias) if zero_bias else readout_bias,
    }
    return Parameters(sizes, dtype=tensor.get("dtype", torch.float32), device=tensor.get("device", "cpu")).load(arrays)


def _uniform(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> NDArray[Any]:
    bound = 1.0 / np.sqrt(fan_in)
    return rng.uniform(-bound, bound, shape)
