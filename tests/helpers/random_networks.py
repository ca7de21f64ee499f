"""Small networks with random parameters and random trials, in float64, and their updates by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from helpers.options import learning_options
from neurorules.learning.base.learning_rule import load_learning_rule
from neurorules.network.architecture import Architecture
from neurorules.network.parameters import Parameters, Sizes
from neurorules.tasks.base.losses import ScoredTrials, mean_squared_error
from neurorules.tasks.base.trials import Trials

INPUTS, UNITS, OUTPUTS, STEPS, TRIALS = 3, 7, 2, 13, 5
PENALTY = 0.3
DOUBLE = torch.float64

Arrays = dict[str, np.ndarray]


def random_parameters(sizes: Sizes, seed: int = 0) -> Parameters:
    """Every parameter is drawn, also those that begin at 0, so that no gradient is 0 for want of a path."""
    rng = np.random.default_rng(seed)
    parameters = Parameters(sizes, dtype=DOUBLE)
    parameters.flat.copy_(torch.as_tensor(0.5 * rng.standard_normal(parameters.flat.numel())))
    return parameters


def random_trials(seed: int = 0) -> Trials:
    rng = np.random.default_rng(seed)
    shape = (STEPS, TRIALS)
    targets, scored = rng.standard_normal((*shape, OUTPUTS)), rng.random(shape) < 0.7
    return Trials(rng.standard_normal((*shape, INPUTS)), targets, scored, np.zeros(TRIALS, np.int64))


def random_noise(seed: int = 0) -> torch.Tensor:
    return torch.as_tensor(0.1 * np.random.default_rng(seed + 100).standard_normal((STEPS, TRIALS, UNITS)))


def updated(
    architecture: Architecture, parameters: Parameters, rule: str, noise: torch.Tensor | None, **options: Any
) -> tuple[Any, Arrays]:
    """The estimator and its gradient by name, as training computes it, in inference mode."""
    trials = random_trials()
    with torch.inference_mode():
        estimator = load_learning_rule(rule).estimator(
            learning_options(rule, **options), parameters, architecture, STEPS, TRIALS, [0]
        )
        result = estimator.update(
            torch.as_tensor(trials.inputs),
            None if noise is None else noise.clone(),
            mean_squared_error,
            ScoredTrials([trials], like=parameters.flat),
            [PENALTY],
        )
        return estimator, {name: g.numpy().copy() for name, g in result.gradient.named().items()}


def assert_equal(ours: Arrays, reference: Arrays) -> None:
    assert ours.keys() == reference.keys()
    for name in ours:
        scale = np.abs(reference[name]).max()
        np.testing.assert_allclose(ours[name], reference[name], rtol=0, atol=1e-10 * max(1.0, scale), err_msg=name)


def loss_of(trials: Trials, outputs: torch.Tensor, activity: torch.Tensor) -> torch.Tensor:
    scored = torch.as_tensor(trials.scored)
    task = torch.nn.functional.mse_loss(outputs[scored], torch.as_tensor(trials.targets)[scored])
    return task + PENALTY * activity.square().mean()
