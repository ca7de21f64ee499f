"""Activation functions and their derivatives, in preallocated memory or as differentiable expressions.

The derivative at a = 0 is 0 for retanh and ReLU, as in PyTorch's automatic differentiation of relu.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Activation:
    """h = f(a) and f'(a) as a function of h = f(a).

    Attributes:
        bind: takes memory for a and for h, and returns a function without arguments that reads a and writes h. Calls
            dominate the cost of a step in a small network, so everything is looked up once.
        derivative: reads h and writes f'(a) into its second argument.
        function, slope: f and f' of a as differentiable expressions, used by gradient flossing.
        curvature: f'' of a from h and f'(a), used by gradient flossing; None if it is 0 everywhere.
        of_arrays: reads a NumPy array and writes f(a) into its second argument, for networks that are not trained.
    """

    name: str
    bind: Callable[[torch.Tensor, torch.Tensor], Callable[[], object]]
    derivative: Callable[[torch.Tensor, torch.Tensor], None]
    function: Callable[[torch.Tensor], torch.Tensor]
    slope: Callable[[torch.Tensor], torch.Tensor]
    curvature: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None
    of_arrays: Callable[[NDArray[Any], NDArray[Any]], object]


def _bind_tanh(a: torch.Tensor, out: torch.Tensor) -> Callable[[], object]:
    import torch

    # NumPy's tanh is several times faster than torch's on a CPU and works on the same memory.
    if a.device.type == "cpu":
        return partial(np.tanh, a.numpy(), out.numpy())
    return lambda: torch.tanh(a, out=out)


def _tanh_derivative(h: torch.Tensor, out: torch.Tensor) -> None:
    out.fill_(1.0).addcmul_(h, h, value=-1.0)


def _bind_relu(a: torch.Tensor, out: torch.Tensor) -> Callable[[], object]:
    import torch

    return lambda: torch.clamp_min(a, 0.0, out=out)


def _relu_derivative(h: torch.Tensor, out: torch.Tensor) -> None:
    import torch

    torch.sign(h, out=out)  # h >= 0


def _bind_retanh(a: torch.Tensor, out: torch.Tensor) -> Callable[[], object]:
    import torch

    clamp, tanh = torch.clamp_min, _bind_tanh(out, out)

    def retanh() -> None:
        clamp(a, 0.0, out=out)
        tanh()

    return retanh


def _retanh_derivative(h: torch.Tensor, out: torch.Tensor) -> None:
    import torch

    torch.sign(h, out=out)  # h >= 0: sign(h) - h^2 is 1 - tanh^2 where active and 0 where silent
    out.addcmul_(h, h, value=-1.0)


def _relu_of_arrays(a: NDArray[Any], out: NDArray[Any]) -> None:
    np.maximum(a, 0.0, out=out)


def _retanh_of_arrays(a: NDArray[Any], out: NDArray[Any]) -> None:
    np.tanh(np.maximum(a, 0.0, out=out), out=out)


def _tanh_slope(a: torch.Tensor) -> torch.Tensor:
    return 1.0 - a.tanh().square()


def _tanh_curvature(h: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    return -2.0 * h * slope


def _active(a: torch.Tensor) -> torch.Tensor:
    """1 where a > 0, otherwise 0."""
    return (a > 0).to(a.dtype)


ACTIVATIONS = {
    "retanh": Activation(
        "retanh",
        _bind_retanh,
        _retanh_derivative,
        lambda a: a.tanh().relu(),
        lambda a: _active(a) * _tanh_slope(a),
        _tanh_curvature,
        _retanh_of_arrays,
    ),
    "relu": Activation("relu", _bind_relu, _relu_derivative, lambda a: a.relu(), _active, None, _relu_of_arrays),
    "tanh": Activation("tanh", _bind_tanh, _tanh_derivative, lambda a: a.tanh(), _tanh_slope, _tanh_curvature, np.tanh),
}
