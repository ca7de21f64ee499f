"""Optimisers for one flat parameter vector: Adam as published, and plain stochastic gradient descent.

PyTorch's own optimisers are not used because creating the first one imports PyTorch's compiler, which takes longer than
training a small network. On a GPU, the operations and their order are those of `torch.optim` with `foreach=False`. On a
CPU, a step of Adam is one compiled loop, which differs from PyTorch's by rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from neurorules.options import Options


class Optimiser(Protocol):
    """Updates parameters in place, given gradients."""

    def step(self, gradient: torch.Tensor) -> None:
        """Do one update. `gradient` has the shape of the parameters."""


class Adam:
    """Adam with bias correction (Kingma and Ba 2015, Algorithm 1) and PyTorch's default coefficients.

    Args:
        parameters: a tensor of any shape, changed in place.
        learning_rate: the step size; for a stack of networks, (network, 1) in float64, or one for all.
    """

    BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8

    def __init__(self, parameters: torch.Tensor, learning_rate: float | torch.Tensor) -> None:
        import torch

        self.parameters, self._learning_rate = parameters, learning_rate
        self.mean, self.mean_square = torch.zeros_like(parameters), torch.zeros_like(parameters)
        self.updates = 0
        self.compiled = parameters.device.type == "cpu"
        if self.compiled:  # made once: for a small network, making these views takes longer than the step
            from neurorules.training.compiled_adam import adam_step  # it loads the compiler

            self._adam_step = adam_step
            self._gradient: torch.Tensor | None = None
            self._gradients: NDArray[Any] = np.empty(0)
            parts = (parameters, self.mean, self.mean_square)
            self._networks = list(zip(*(_rows(part) for part in parts), strict=True))
            rates = torch.as_tensor(learning_rate, dtype=torch.float64).view(-1, 1)
            self._rates = rates.expand(len(self._networks), 1).flatten().tolist()

    def step(self, gradient: torch.Tensor) -> None:
        self.updates += 1
        if self.compiled:
            self._compiled_step(gradient)
            return
        self.mean.lerp_(gradient, 1 - self.BETA1)
        self.mean_square.mul_(self.BETA2).addcmul_(gradient, gradient, value=1 - self.BETA2)
        correction, correction_square = 1 - self.BETA1**self.updates, 1 - self.BETA2**self.updates
        scale = (self.mean_square.sqrt() / correction_square**0.5).add_(self.EPSILON)
        step = -self._learning_rate / correction
        if isinstance(step, float):
            self.parameters.addcdiv_(self.mean, scale, value=step)
        else:  # the same order of operations, so that the bytes are the same
            self.parameters.addcdiv_(self.mean * step.to(self.mean), scale)

    def _compiled_step(self, gradient: torch.Tensor) -> None:
        if gradient is not self._gradient:  # all updates write there
            self._gradient, self._gradients = gradient, _rows(gradient)
        correction, correction_square = 1 - self.BETA1**self.updates, 1 - self.BETA2**self.updates
        for network, of_network, rate in zip(self._networks, self._gradients, self._rates, strict=True):
            parameters, mean, mean_square = network
            self._adam_step(
                *(parameters, of_network, mean, mean_square, (self.BETA1, self.BETA2), self.EPSILON),
                *(rate / correction, correction_square**0.5),
            )


def _rows(tensor: torch.Tensor) -> NDArray[Any]:
    """The memory of a tensor, (network, parameter)."""
    array: NDArray[Any] = tensor.numpy()
    return array.reshape(-1, array.shape[-1])


class GradientDescent:
    """Plain stochastic gradient descent without momentum. For the arguments, see Adam."""

    def __init__(self, parameters: torch.Tensor, learning_rate: float | torch.Tensor) -> None:
        self.parameters, self._learning_rate = parameters, learning_rate

    def step(self, gradient: torch.Tensor) -> None:
        if isinstance(self._learning_rate, float):
            self.parameters.add_(gradient, alpha=-self._learning_rate)
        else:
            self.parameters.addcmul_(gradient, self._learning_rate.to(gradient), value=-1.0)


def make_optimiser(
    parameters: torch.Tensor, training: Options, learning_rates: Sequence[float] | None = None
) -> Optimiser:
    """Make the optimiser that `training.optimiser` specifies.

    Args:
        parameters: parameters of one network, or (network, parameter) of a stack; changed in place.
        training: `optimiser`, and `learning_rate` if `learning_rates` is None.
        learning_rates: one learning rate per network.
    """
    optimiser = GradientDescent if training.optimiser == "sgd" else Adam
    rates = [float(rate) for rate in learning_rates or (training.learning_rate,)]
    if len(set(rates)) == 1:
        return optimiser(parameters, rates[0])
    import torch

    return optimiser(parameters, torch.tensor(rates, dtype=torch.float64, device=parameters.device).unsqueeze(-1))
