"""Building blocks of latent signals, and the conversion of latent signals to a neuron's rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rise(t: NDArray[Any], at: float, width: float) -> NDArray[Any]:
    """A logistic step from 0 to 1 at time `at`; `t`, `at` and `width` in s."""
    step: NDArray[Any] = 1 / (1 + np.exp(-(t - at) / width))
    return step


def bump(t: NDArray[Any], at: float, width: float) -> NDArray[Any]:
    """A Gaussian of height 1 around time `at`; `t`, `at` and `width` (SD) in s."""
    gaussian: NDArray[Any] = np.exp(-0.5 * ((t - at) / width) ** 2)
    return gaussian


def mixed_rates(latents: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Rates (condition, time) in spikes/s of one neuron: a random mixture of latents (latent, condition, time)."""
    weights = rng.normal(size=len(latents)) * 0.6
    baseline = rng.gamma(4.0, 3.5)  # 14 spikes/s on average
    rates: NDArray[Any] = baseline * np.maximum(1.0 + np.tensordot(weights, latents, axes=1), 0.05)
    return rates
