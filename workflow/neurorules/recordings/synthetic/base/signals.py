"""The pieces that latent signals are made of, and how a neuron's rate comes from them."""

from __future__ import annotations

import numpy as np


def rise(t: np.ndarray, at: float, width: float) -> np.ndarray:
    """A logistic step from 0 to 1 at time `at`; `t`, `at` and `width` in s."""
    step: np.ndarray = 1 / (1 + np.exp(-(t - at) / width))
    return step


def bump(t: np.ndarray, at: float, width: float) -> np.ndarray:
    """A Gaussian of height 1 around time `at`; `t`, `at` and `width` (SD) in s."""
    gaussian: np.ndarray = np.exp(-0.5 * ((t - at) / width) ** 2)
    return gaussian


def mixed_rates(latents: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rates (condition, time) in spikes/s of one neuron: latents (latent, condition, time) mixed at random."""
    weights = rng.normal(size=len(latents)) * 0.6
    baseline = rng.gamma(4.0, 3.5)  # 14 spikes/s on average
    rates: np.ndarray = baseline * np.maximum(1.0 + np.tensordot(weights, latents, axes=1), 0.05)
    return rates
