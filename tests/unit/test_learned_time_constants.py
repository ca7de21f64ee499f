"""Leaky units with learned time constants: the limit of fixed ones, gradients, e-prop, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from helpers.options import model_options, network_options
from helpers.random_networks import (
    INPUTS,
    OUTPUTS,
    PENALTY,
    STEPS,
    TRIALS,
    UNITS,
    Arrays,
    assert_equal,
    loss_of,
    random_noise,
    random_parameters,
    random_trials,
    updated,
)
from helpers.studies import figure, refused, study

from neurorules.learning.base.learning_rule import LEARNING_RULES, load_learning_rule
from neurorules.network.architecture import make_architecture
from neurorules.network.architectures.base.cell import load_architecture
from neurorules.network.initialisation import initialise
from neurorules.network.parameters import Parameters, Sizes
from neurorules.network.run_arrays import run_network
from neurorules.options import Options
from neurorules.runs.run import checkpoint_arrays
from neurorules.study.model import Model
from neurorules.tasks.base.task import make_task
from neurorules.training.train import train

NAME = "leaky_learned_tau"
SIZES = load_architecture(NAME).sizes(INPUTS, UNITS, OUTPUTS)
REACH = "hatsopoulos2007"
# Evolution strategies perturb one more parameter, so their random draws differ.
RULES = [
    name
    for name in LEARNING_RULES.names()
    if load_learning_rule(name).any_architecture and name != "evolution_strategies"
]


def options_of(**options: Any) -> Options:
    return network_options(**{"architecture": NAME, "units": UNITS, "tau_steps": 4.0, **options})


def arrays(parameters: Parameters) -> Arrays:
    return {name: tensor.detach().numpy().copy() for name, tensor in parameters.named().items()}


def as_leaky(parameters: Parameters) -> Parameters:
    """The same weights without the time constants."""
    return Parameters(Sizes(INPUTS, UNITS, OUTPUTS), dtype=torch.float64).load(arrays(parameters))


def unshifted(seed: int = 0) -> Parameters:
    parameters = random_parameters(SIZES, seed)
    parameters.leak_shift.zero_()  # type: ignore[attr-defined]
    return parameters


@pytest.mark.parametrize("tau_steps", [1.5, 4.0, 10.0])
@pytest.mark.parametrize("activation", ["retanh", "relu", "tanh"])
def test_without_a_shift_it_is_the_leaky_network(activation: str, tau_steps: float) -> None:
    """Activity and outputs, in NumPy and in PyTorch."""
    parameters, inputs = unshifted(), random_trials().inputs
    ours, leaky = (
        options_of(architecture=name, activation=activation, tau_steps=tau_steps) for name in (NAME, "leaky")
    )
    expected = run_network(arrays(as_leaky(parameters)), leaky, inputs)
    for found, reference in zip(run_network(arrays(parameters), ours, inputs), expected, strict=True):
        np.testing.assert_allclose(found, reference, rtol=0, atol=1e-12)
    network = make_architecture(ours, [None], parameters.flat).runner(parameters, STEPS, TRIALS)
    np.testing.assert_allclose(network.forward(torch.as_tensor(inputs)).numpy(), expected[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_without_a_shift_other_gradients_are_those_of_the_leaky_network(rule: str) -> None:
    parameters, noise = unshifted(), random_noise()
    _, ours = updated(make_architecture(options_of(), [None], parameters.flat), parameters, rule, noise)
    leaky = as_leaky(parameters)
    fast = make_architecture(options_of(architecture="leaky"), [None], leaky.flat)
    _, reference = updated(fast, leaky, rule, noise)
    assert np.abs(ours.pop("leak_shift")).max() > 1e-4
    assert_equal(ours, reference)


def plain_loss(flat: torch.Tensor, tau_steps: float, noise: torch.Tensor) -> torch.Tensor:
    """The loss with the equations written out, with a time constant per unit."""
    p, trials = Parameters(SIZES, flat).named(), random_trials()
    tau = 1 + (tau_steps - 1) * torch.exp(-p["leak_shift"])  # 1 / sigma(s - ln(tau_steps - 1))
    a = p["initial_state"].expand(TRIALS, -1)
    v, activity = torch.tanh(torch.relu(a)), []
    for x, xi in zip(torch.as_tensor(trials.inputs), noise, strict=True):
        a = (1 - 1 / tau) * a + (v @ p["recurrent"].T + x @ p["input"].T + p["bias"]) / tau
        v = torch.tanh(torch.relu(a)) + xi
        activity.append(v)
    values = torch.stack(activity)
    return loss_of(trials, values @ p["readout"].T + p["readout_bias"], values)


def test_bptt_is_the_gradient_of_the_equations() -> None:
    """Against automatic differentiation of the equations written out, and the shifts against finite differences."""
    parameters, noise = random_parameters(SIZES), random_noise()
    _, ours = updated(make_architecture(options_of(), [None], parameters.flat), parameters, "bptt", noise)
    flat = parameters.flat.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(plain_loss(flat, 4.0, noise), flat)
    assert_equal(ours, arrays(Parameters(SIZES, gradient)))
    first = sum(np.prod(shape) for shape in list(SIZES.shapes().values())[:3])  # after recurrent, input and bias
    for unit in range(UNITS):
        sides = []
        for change in (1e-6, -1e-6):
            moved = parameters.flat.clone()
            moved[first + unit] += change
            sides.append(float(plain_loss(moved, 4.0, noise)))
        numeric = (sides[0] - sides[1]) / 2e-6
        np.testing.assert_allclose(ours["leak_shift"][unit], numeric, rtol=1e-5, atol=1e-8)


def test_eprop_is_an_eligibility_trace_of_the_unit() -> None:
    """de_t = (1 - alpha) de_{t-1} + alpha (1 - alpha) (drive_t - a_{t-1}), times l_t f'(a_t), summed over time."""
    parameters, noise = random_parameters(SIZES, 3), random_noise(3)
    _, ours = updated(
        make_architecture(options_of(activation="tanh"), [None], parameters.flat), parameters, "eprop", noise
    )
    p, trials = arrays(parameters), random_trials()
    alpha = 1 / (1 + 3 * np.exp(-p["leak_shift"]))
    a = np.tile(p["initial_state"], (TRIALS, 1))
    sent, trace, states = np.tanh(a), np.zeros_like(a), []
    for x, xi in zip(trials.inputs, noise.numpy(), strict=True):
        drive = sent @ p["recurrent"].T + x @ p["input"].T + p["bias"]
        trace = (1 - alpha) * trace + alpha * (1 - alpha) * (drive - a)
        a = (1 - alpha) * a + alpha * drive
        sent = np.tanh(a) + xi
        states.append((a, sent, trace))
    values = np.stack([sent for _, sent, _ in states])
    outputs = values @ p["readout"].T + p["readout_bias"]
    error = np.where(trials.scored[..., None], outputs - trials.targets, 0.0) * 2 / (trials.scored.sum() * OUTPUTS)
    signal = error @ p["readout"] + 2 * PENALTY * values / values.size
    expected = sum(
        (of_step * (1 - np.tanh(a) ** 2) * trace).sum(0) for of_step, (a, _, trace) in zip(signal, states, strict=True)
    )
    np.testing.assert_allclose(ours["leak_shift"], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rule", ["bptt", "eprop"])
def test_training_moves_time_constants_apart_from_where_they_begin(rule: str) -> None:
    task = make_task("romo", study({}).config["tasks"]["romo"]["task"], None)
    network = {"architecture": NAME, "activation": "relu", "tau_steps": 2}
    training = {"updates": 40, "batch_size": 16, "activity_penalty": 0.0, "n_checkpoints": 3, "learning_rate": 1e-2}
    run = train(model_options(rule, "romo", network=network, training=training), [0], task)[0]
    first, last = (checkpoint_arrays(run, index)["leak_shift"] for index in (0, -1))
    assert not first.any() and last.std() > 0.01
    assert run["leak_shift"].dims == ("checkpoint", "unit")
    assert run["task_loss"].values[-10:].mean() < run["task_loss"].values[:10].mean()


def test_initial_weights_are_those_of_leaky_units() -> None:
    options = options_of(gain=0.7)
    ours = arrays(initialise(SIZES, options, np.random.default_rng(5), dtype=torch.float64))
    leaky = Sizes(INPUTS, UNITS, OUTPUTS)
    expected = arrays(initialise(leaky, options, np.random.default_rng(5), dtype=torch.float64))
    assert not ours.pop("leak_shift").any()
    for name, value in expected.items():
        np.testing.assert_array_equal(ours[name], value, err_msg=name)


def test_planning() -> None:
    def fig2_of(setting: str, **change: Any) -> dict[str, Any]:
        return {**figure(REACH, extra_models=[{"learning_rules": ["eprop"], "settings": [setting]}]), **change}

    assert Model(REACH, "eprop", "learned-tau") in study(fig2_of("learned-tau")).selection.trained
    one = {"network": {"architecture": NAME, "tau_steps": 1}}
    error = refused(fig2_of("mine", settings={"mine": one}))
    assert "above one step" in error.problem and error.key == "settings.mine.network.tau_steps"
    spectrum = {"tasks": [REACH], "learning_rules": ["bptt"], "settings": ["learned-tau"], "extra_models": []}
    assert study({"use_figures": ["fig8"], "figures": {"fig8": spectrum}}).selection.trained
