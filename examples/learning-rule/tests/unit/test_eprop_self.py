"""E-prop with a unit's own weight, compared with its eligibility trace computed forward in time."""

from __future__ import annotations

import numpy as np
import torch

from neurorules.learning.base.learning_rule import load_learning_rule
from neurorules.network.activations import ACTIVATIONS
from neurorules.network.architecture import Architecture
from neurorules.network.connectivity import Connectivity
from neurorules.network.parameters import Parameters, Sizes
from neurorules.options import Options
from neurorules.tasks.base.losses import ScoredTrials, mean_squared_error
from neurorules.tasks.base.trials import Trials

ALPHA, STEPS, TRIALS = 0.1, 30, 4
SIZES = Sizes(inputs=3, units=7, outputs=2)


def gradient(learning_rule: str, theta: Parameters, trials: Trials) -> np.ndarray:
    """dW_h as training computes it."""
    architecture = Architecture(ACTIVATIONS["tanh"], ALPHA, Connectivity(False, None, None))
    rule = load_learning_rule(learning_rule)
    estimator = rule.estimator(Options({}), theta, architecture, STEPS, TRIALS, seeds=[0])
    inputs, batch = torch.as_tensor(trials.inputs), ScoredTrials(trials, like=theta.flat)
    return estimator.update(inputs, None, mean_squared_error, batch, [0.0]).gradient.recurrent.numpy().copy()


def by_traces(theta: Parameters, trials: Trials) -> np.ndarray:
    """The same from the eligibility trace, (trial, unit, source unit), step by step."""
    p = {name: tensor.numpy() for name, tensor in theta.named().items()}
    own = np.diag(p["recurrent"])[:, None]
    a = np.tile(p["initial_state"], (TRIALS, 1))
    trace, total = np.zeros((TRIALS, SIZES.units, SIZES.units)), np.zeros_like(p["recurrent"])
    for x, target in zip(trials.inputs, trials.targets, strict=True):
        h, slope = np.tanh(a), 1 - np.tanh(a) ** 2
        trace = (1 - ALPHA + ALPHA * own * slope[:, :, None]) * trace + ALPHA * h[:, None, :]
        a = (1 - ALPHA) * a + ALPHA * (h @ p["recurrent"].T + x @ p["input"].T + p["bias"])
        h, slope = np.tanh(a), 1 - np.tanh(a) ** 2
        error = 2 * (h @ p["readout"].T + p["readout_bias"] - target) / trials.targets.size
        total += np.einsum("bi,bij->ij", (error @ p["readout"]) * slope, trace)
    return total


def problem(seed: int) -> tuple[Parameters, Trials]:
    rng = np.random.default_rng(seed)
    theta = Parameters(SIZES, dtype=torch.float64)
    theta.flat.copy_(torch.as_tensor(rng.standard_normal(theta.flat.numel())))
    inputs, targets = (rng.standard_normal((STEPS, TRIALS, n)) for n in (SIZES.inputs, SIZES.outputs))
    return theta, Trials(inputs, targets, np.ones((STEPS, TRIALS), bool), np.zeros(TRIALS, np.int64))


def test_equals_its_eligibility_trace() -> None:
    theta, trials = problem(0)
    np.testing.assert_allclose(gradient("eprop_self", theta, trials), by_traces(theta, trials), rtol=0, atol=1e-10)


def test_is_bptt_where_units_act_on_themselves_alone_and_eprop_where_they_do_not() -> None:
    theta, trials = problem(1)
    recurrent = theta.recurrent.clone()
    theta.recurrent.copy_(torch.diag(recurrent.diagonal()))
    only_own = {rule: gradient(rule, theta, trials) for rule in ("eprop_self", "bptt", "eprop")}
    np.testing.assert_allclose(only_own["eprop_self"], only_own["bptt"], rtol=0, atol=1e-10)
    assert np.abs(only_own["eprop"] - only_own["bptt"]).max() > 1e-3
    theta.recurrent.copy_(recurrent).fill_diagonal_(0.0)
    no_own = {rule: gradient(rule, theta, trials) for rule in ("eprop_self", "bptt", "eprop")}
    np.testing.assert_allclose(no_own["eprop_self"], no_own["eprop"], rtol=0, atol=1e-10)
    assert np.abs(no_own["eprop"] - no_own["bptt"]).max() > 1e-3
