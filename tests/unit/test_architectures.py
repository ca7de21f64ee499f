"""Gated networks in float64, compared with PyTorch's modules and with eligibility traces written out; and the two
engines on leaky units, each compared with the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from helpers.options import learning_options, network_options
from helpers.random_networks import (
    DOUBLE,
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
from helpers.torch_cells import module_of

from neurorules.learning.base.autograd import AutogradEstimator
from neurorules.learning.base.learning_rule import LEARNING_RULES, LearningRule, load_learning_rule
from neurorules.learning.bptt import BPTT
from neurorules.network.architecture import Architecture, make_architecture
from neurorules.network.architectures.base.cell import ARCHITECTURES, load_architecture, load_cell, tensor_functions
from neurorules.network.connectivity import draw_mask
from neurorules.network.initialisation import initialise
from neurorules.network.parameters import Parameters, Sizes, stacked
from neurorules.network.run_arrays import run_network
from neurorules.options import Options
from neurorules.tasks.base.losses import ScoredTrials, mean_squared_error

GATED = ("gru", "lstm")


def options_of(architecture: str, **options: Any) -> Options:
    gated = {"activation": "tanh", "tau_steps": 1} if architecture in GATED else {}
    return network_options(**{"architecture": architecture, "units": UNITS, **gated, **options})


# ---- the two engines on leaky units


@pytest.mark.parametrize("noise", [False, True], ids=["noiseless", "noise"])
@pytest.mark.parametrize("activation", ["retanh", "relu", "tanh"])
@pytest.mark.parametrize("rule", [n for n in LEARNING_RULES.names() if load_learning_rule(n).any_architecture])
def test_the_engines_agree_on_leaky_units(rule: str, activation: str, noise: bool) -> None:
    """Constrained weights included; random draws of a rule are the same in both engines."""
    options = options_of("leaky", activation=activation, density=0.6)
    parameters = random_parameters(Sizes(INPUTS, UNITS, OUTPUTS))
    mask = draw_mask(UNITS, options, np.random.default_rng(1))
    fast = make_architecture(options, [mask], parameters.flat)
    cells = Architecture(fast.activation, fast.alpha, fast.connectivity, False, load_cell(options, tensor_functions()))
    xi = random_noise() if noise else None
    _, reference = updated(fast, parameters, rule, xi)
    estimator, ours = updated(cells, parameters, rule, xi)
    assert rule == "evolution_strategies" or isinstance(estimator, AutogradEstimator)
    assert np.abs(reference["recurrent"]).max() > 1e-3
    assert_equal(ours, reference)


@pytest.mark.parametrize("window", [1, 2, 5, STEPS, STEPS + 1])
def test_the_engines_agree_on_windows_of_time(window: int) -> None:
    options = options_of("leaky")
    parameters = random_parameters(Sizes(INPUTS, UNITS, OUTPUTS))
    fast = make_architecture(options, [None], parameters.flat)
    cells = Architecture(fast.activation, fast.alpha, fast.connectivity, False, load_cell(options, tensor_functions()))
    rule = "truncated_bptt"
    _, reference = updated(fast, parameters, rule, None, window_steps=window)
    assert_equal(updated(cells, parameters, rule, None, window_steps=window)[1], reference)


# ---- gated units against PyTorch's modules


def torch_run(
    architecture: str, named: dict[str, torch.Tensor], inputs: torch.Tensor
) -> tuple[torch.Tensor, torch.nn.RNNCellBase]:
    """h_1..h_T by PyTorch's module."""
    module = module_of(architecture, named)
    h = named["initial_state"].expand(TRIALS, -1)
    c = named["initial_cell"].expand(TRIALS, -1) if architecture == "lstm" else None
    activity = []
    for x in inputs:
        if c is None:
            h = module(x, h)
        else:
            h, c = module(x, (h, c))
        activity.append(h)
    return torch.stack(activity), module


@pytest.mark.parametrize("architecture", GATED)
def test_bptt_equals_the_gradient_of_pytorchs_module(architecture: str) -> None:
    options = options_of(architecture)
    parameters = random_parameters(load_architecture(architecture).sizes(INPUTS, UNITS, OUTPUTS))
    _, ours = updated(make_architecture(options, [None], parameters.flat), parameters, "bptt", None)

    trials = random_trials()
    named = {name: tensor.clone().requires_grad_() for name, tensor in parameters.named().items()}
    activity, module = torch_run(architecture, named, torch.as_tensor(trials.inputs))
    loss_of(trials, activity @ named["readout"].T + named["readout_bias"], activity).backward()
    theirs = {name: tensor.grad for name, tensor in named.items()}
    theirs |= {"recurrent": module.weight_hh.grad, "input": module.weight_ih.grad, "bias": module.bias_ih.grad}
    if architecture == "gru":
        theirs["recurrent_bias"] = module.bias_hh.grad[2 * UNITS :]
    reference = {name: theirs[name].numpy() for name in named}
    assert all(np.abs(gradient).max() > 1e-4 for gradient in reference.values())
    assert_equal(ours, reference)


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 2e-6)])
@pytest.mark.parametrize("architecture", GATED)
def test_scoring_runs_the_network_as_pytorchs_module_does(architecture: str, dtype: Any, tolerance: float) -> None:
    parameters = random_parameters(load_architecture(architecture).sizes(INPUTS, UNITS, OUTPUTS))
    inputs = random_trials().inputs
    weights = {name: tensor.numpy().astype(dtype) for name, tensor in parameters.named().items()}
    activity, outputs = run_network(weights, options_of(architecture), inputs)
    with torch.no_grad():
        theirs, _ = torch_run(architecture, parameters.named(), torch.as_tensor(inputs))
        read = theirs @ parameters.readout.T + parameters.readout_bias
    assert activity.dtype == outputs.dtype == dtype
    np.testing.assert_allclose(activity, theirs.numpy(), rtol=0, atol=tolerance)
    np.testing.assert_allclose(outputs, read.numpy(), rtol=0, atol=10 * tolerance)


@pytest.mark.parametrize("name", ["leaky", *GATED])
def test_numpy_and_pytorch_give_the_same_steps(name: str) -> None:
    """The network in training, which `Scorer` runs, and the one that scoring runs; leaky units by their own loops."""
    options = options_of(name, noise_sd=0.0)
    parameters = random_parameters(load_architecture(name).sizes(INPUTS, UNITS, OUTPUTS))
    inputs = random_trials().inputs
    network = make_architecture(options, [None], parameters.flat).runner(parameters, STEPS, TRIALS)
    activity, outputs = run_network({k: v.numpy() for k, v in parameters.named().items()}, options, inputs)
    np.testing.assert_allclose(network.forward(torch.as_tensor(inputs)).numpy(), outputs, rtol=0, atol=1e-12)
    np.testing.assert_allclose(network.square_activity.numpy(), np.square(activity).sum(), rtol=1e-12)


# ---- gated e-prop against an eligibility trace, forward in time


def sigma(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


class TracedGRU:
    """One step of GRU, and by name of a gate: dh_i,t / d(pre-activation) and dh_i,t / dh_i,t-1 without W_h."""

    gates = ("r", "z", "n")

    def __init__(self, p: Arrays) -> None:
        self.p, self.h = p, np.tile(p["initial_state"], (TRIALS, 1))

    def step(self, x: np.ndarray, sent: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        p, n = self.p, UNITS
        drive, recurrent = x @ p["input"].T + p["bias"], sent @ p["recurrent"].T
        r, z = sigma(drive[:, :n] + recurrent[:, :n]), sigma(drive[:, n : 2 * n] + recurrent[:, n : 2 * n])
        inner = recurrent[:, 2 * n :] + p["recurrent_bias"]
        candidate = np.tanh(drive[:, 2 * n :] + r * inner)
        into_candidate = (1 - z) * (1 - candidate**2)
        slopes = {
            "r": into_candidate * inner * r * (1 - r),
            "z": (self.h - candidate) * z * (1 - z),
            "n": into_candidate,
        }
        self.h = (1 - z) * candidate + z * self.h
        return slopes, z, r


def gru_by_traces(p: Arrays, inputs: np.ndarray, signals: np.ndarray, noise: np.ndarray) -> Arrays:
    """Gated e-prop: dW_ij = sum_t l_i,t e_ij,t, with e_ij,t = z_i,t e_ij,t-1 + (direct part) for every weight of i."""
    cell = TracedGRU(p)
    shape = (3, TRIALS, UNITS)
    traces = {"recurrent": np.zeros((*shape, UNITS)), "input": np.zeros((*shape, INPUTS)), "bias": np.zeros(shape)}
    inner_bias, start = np.zeros(shape[1:]), np.ones(shape[1:])
    gradient = {name: np.zeros_like(value) for name, value in p.items()}
    sent = cell.h
    for x, l_t, noise_t in zip(inputs, signals, noise, strict=True):
        slopes, keep, reset = cell.step(x, sent)
        for g, name in enumerate(cell.gates):
            # W_hn is behind the reset gate, W_xn and b_n are not.
            of_recurrent = slopes[name] * (reset if name == "n" else 1)
            traces["recurrent"][g] = keep[..., None] * traces["recurrent"][g] + of_recurrent[..., None] * sent[:, None]
            traces["input"][g] = keep[..., None] * traces["input"][g] + slopes[name][..., None] * x[:, None]
            traces["bias"][g] = keep * traces["bias"][g] + slopes[name]
        inner_bias = keep * inner_bias + slopes["n"] * reset
        start = keep * start
        for name in ("recurrent", "input"):
            gradient[name] += np.einsum("bi,gbij->gij", l_t, traces[name]).reshape(gradient[name].shape)
        gradient["bias"] += np.einsum("bi,gbi->gi", l_t, traces["bias"]).ravel()
        gradient["recurrent_bias"] += (l_t * inner_bias).sum(0)
        gradient["initial_state"] += (l_t * start).sum(0)
        sent = cell.h + noise_t
    return gradient


def lstm_by_traces(p: Arrays, inputs: np.ndarray, signals: np.ndarray, noise: np.ndarray) -> Arrays:
    """Gated e-prop as in Bellec et al. 2020 for LSTM: eps_ij,t = f_i,t eps_ij,t-1 + dc_i,t/dW_ij for i, f and g, and
    e_ij,t = o_i,t (1 - tanh^2 c_i,t) eps_ij,t; for the output gate e_ij,t = dh_i,t/dW_ij."""
    n = UNITS
    h, c = np.tile(p["initial_state"], (TRIALS, 1)), np.tile(p["initial_cell"], (TRIALS, 1))
    traces = {"recurrent": np.zeros((3, TRIALS, n, n)), "input": np.zeros((3, TRIALS, n, INPUTS))}
    traces["bias"] = np.zeros((3, TRIALS, n))
    start = np.ones((TRIALS, n))
    gradient = {name: np.zeros_like(value) for name, value in p.items()}
    sent = h
    for x, l_t, noise_t in zip(inputs, signals, noise, strict=True):
        a = x @ p["input"].T + p["bias"] + sent @ p["recurrent"].T
        i, f, g, o = sigma(a[:, :n]), sigma(a[:, n : 2 * n]), np.tanh(a[:, 2 * n : 3 * n]), sigma(a[:, 3 * n :])
        slopes = (g * i * (1 - i), c * f * (1 - f), i * (1 - g**2))
        c = f * c + i * g
        h = o * np.tanh(c)
        to_h, of_output = o * (1 - np.tanh(c) ** 2), np.tanh(c) * o * (1 - o)
        start = f * start
        gradient["initial_cell"] += (l_t * to_h * start).sum(0)
        for gate in range(4):
            rows = slice(gate * n, (gate + 1) * n)
            for name, factor in (("recurrent", sent), ("input", x)):
                if gate == 3:
                    gradient[name][rows] += np.einsum("bi,bj->ij", l_t * of_output, factor)
                    continue
                at = {0: 0, 1: 1, 2: 2}[gate]
                traces[name][at] = f[..., None] * traces[name][at] + slopes[at][..., None] * factor[:, None]
                gradient[name][rows] += np.einsum("bi,bij->ij", l_t * to_h, traces[name][at])
            if gate == 3:
                gradient["bias"][rows] += (l_t * of_output).sum(0)
            else:
                traces["bias"][gate] = f * traces["bias"][gate] + slopes[gate]
                gradient["bias"][rows] += (l_t * to_h * traces["bias"][gate]).sum(0)
        sent = h + noise_t
    return gradient


TRACES: dict[str, Callable[..., Arrays]] = {"gru": gru_by_traces, "lstm": lstm_by_traces}


def errors_and_activity(
    architecture: str, parameters: Parameters, noise: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """dL/dy_t through the task loss, and v_t, of a network with noise."""
    trials, cell = random_trials(), load_cell(options_of(architecture), tensor_functions())
    named = parameters.named()
    state = cell.start(named, torch.ones(TRIALS, 1, dtype=DOUBLE))
    sent, activity = cell.activity(state), []
    for x, noise_t in zip(torch.as_tensor(trials.inputs), noise, strict=True):
        state = cell.step(named, state, x @ named["input"].T + named["bias"], sent @ named["recurrent"].T)
        sent = cell.activity(state) + noise_t
        activity.append(sent)
    hidden = torch.stack(activity)
    outputs = (hidden @ named["readout"].T + named["readout_bias"]).requires_grad_()
    scored = torch.as_tensor(trials.scored)
    loss = torch.nn.functional.mse_loss(outputs[scored], torch.as_tensor(trials.targets)[scored])
    return torch.autograd.grad(loss, outputs)[0], hidden


@pytest.mark.parametrize("rule", ["eprop", "eprop_random_feedback"])
@pytest.mark.parametrize("architecture", GATED)
def test_gated_eprop_is_an_eligibility_trace(architecture: str, rule: str) -> None:
    """Computed forward in time, from what a synapse knows: no path leads through another unit."""
    parameters = random_parameters(load_architecture(architecture).sizes(INPUTS, UNITS, OUTPUTS))
    noise = random_noise()
    architecture_of = make_architecture(options_of(architecture), [None], parameters.flat)
    estimator, ours = updated(architecture_of, parameters, rule, noise)

    errors, hidden = errors_and_activity(architecture, parameters, noise)
    feedback = parameters.readout if rule == "eprop" else estimator.learning_rule.feedback
    signals = errors @ feedback + 2 * PENALTY / hidden.numel() * hidden
    p = {name: tensor.numpy() for name, tensor in parameters.named().items()}
    reference = TRACES[architecture](p, random_trials().inputs, signals.numpy(), noise.numpy())
    reference["readout"] = torch.einsum("tbo,tbi->oi", errors, hidden).numpy()
    reference["readout_bias"] = errors.sum((0, 1)).numpy()
    assert np.abs(reference["recurrent"]).max() > 1e-3
    assert_equal(ours, reference)


@pytest.mark.parametrize("architecture", GATED)
def test_windows_lead_from_gated_eprop_to_bptt(architecture: str) -> None:
    """A window of one step is e-prop, one longer than the trial is BPTT, and the three differ."""
    parameters = random_parameters(load_architecture(architecture).sizes(INPUTS, UNITS, OUTPUTS))
    of = make_architecture(options_of(architecture), [None], parameters.flat)
    exact, local = updated(of, parameters, "bptt", None)[1], updated(of, parameters, "eprop", None)[1]
    assert_equal(updated(of, parameters, "truncated_bptt", None, window_steps=1)[1], local)
    assert_equal(updated(of, parameters, "truncated_bptt", None, window_steps=STEPS + 1)[1], exact)
    between = updated(of, parameters, "truncated_bptt", None, window_steps=4)[1]
    for other in (exact, local):
        assert abs(between["recurrent"] - other["recurrent"]).max() > 1e-4


# ---- stacks, constraints, initial weights


@pytest.mark.parametrize("rule", ["bptt", "eprop_random_feedback", "node_perturbation", "evolution_strategies"])
@pytest.mark.parametrize("architecture", GATED)
def test_a_stack_gives_each_networks_update(architecture: str, rule: str) -> None:
    sizes = load_architecture(architecture).sizes(INPUTS, UNITS, OUTPUTS)
    options = options_of(architecture, density=0.6)
    networks = [random_parameters(sizes, seed) for seed in range(3)]
    masks = [draw_mask(UNITS, options, np.random.default_rng(seed), sizes.gates) for seed in range(3)]
    trials, noises = [random_trials(seed) for seed in range(3)], [random_noise(seed) for seed in range(3)]

    def gradients(of: slice) -> torch.Tensor:
        theta = stacked(networks[of])
        alone = not theta.batch_shape
        inputs = np.stack([one.inputs for one in trials[of]])
        noise = torch.stack(noises[of])
        estimator = load_learning_rule(rule).estimator(
            learning_options(rule),
            theta,
            make_architecture(options, masks[of], theta.flat),
            STEPS,
            TRIALS,
            list(range(3))[of],
        )
        result = estimator.update(
            torch.as_tensor(inputs[0] if alone else inputs),
            noise[0] if alone else noise,
            mean_squared_error,
            ScoredTrials(trials[of], like=theta.flat),
            [PENALTY, 0.1, 0.0][of],
        )
        return result.gradient.flat.reshape(-1, theta.flat.shape[-1]).clone()

    together = gradients(slice(0, 3))
    for k in range(3):
        np.testing.assert_allclose(together[k], gradients(slice(k, k + 1))[0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("architecture", GATED)
def test_a_missing_connection_is_missing_for_every_gate_and_learns_nothing(architecture: str) -> None:
    sizes = load_architecture(architecture).sizes(INPUTS, UNITS, OUTPUTS)
    options = options_of(architecture, density=0.5)
    mask = draw_mask(UNITS, options, np.random.default_rng(0), sizes.gates)
    one = draw_mask(UNITS, options, np.random.default_rng(0))
    assert mask is not None and one is not None
    np.testing.assert_array_equal(mask.reshape(sizes.gates, UNITS, UNITS), np.stack([one] * sizes.gates))
    parameters = random_parameters(sizes)
    _, gradient = updated(make_architecture(options, [mask], parameters.flat), parameters, "bptt", None)
    assert (gradient["recurrent"][mask == 0] == 0).all() and (gradient["recurrent"][mask != 0] != 0).all()


@pytest.mark.parametrize("architecture", GATED)
def test_gain_scales_the_recurrent_weights_of_every_gate_and_nothing_else(architecture: str) -> None:
    sizes = load_architecture(architecture).sizes(INPUTS, 300, OUTPUTS)

    def drawn(gain: float) -> Arrays:
        options = options_of(architecture, units=300, gain=gain)
        return {
            k: v.numpy() for k, v in initialise(sizes, options, np.random.default_rng(0), dtype=DOUBLE).named().items()
        }

    one, half = drawn(1.0), drawn(0.5)
    np.testing.assert_allclose(half.pop("recurrent"), 0.5 * one["recurrent"], rtol=1e-12)
    # SD 1 / sqrt(N) of each gate; the SD of an estimated SD of n numbers is 1 / sqrt(2 n) of it.
    for gate in one.pop("recurrent").reshape(sizes.gates, -1):
        assert abs(gate.std() * np.sqrt(300) - 1) < 5 / np.sqrt(2 * gate.size)
    for name, value in half.items():
        np.testing.assert_array_equal(value, one[name], err_msg=name)
    assert not one["initial_state"].any()


# ---- which learning rules are defined


def test_rules_that_are_defined_by_a_recursion_train_leaky_units_only() -> None:
    of_any = {name for name in LEARNING_RULES.names() if load_learning_rule(name).any_architecture}
    assert of_any >= {
        *("bptt", "truncated_bptt", "eprop", "feedback_alignment", "eprop_random_feedback"),
        *("node_perturbation", "evolution_strategies"),
    }
    assert not of_any & {"modprop", "eprop_diagonal"}


def test_a_rule_that_changes_a_recursion_has_to_say_again_where_credit_is_cut() -> None:
    class Changed(BPTT):
        def backward_step(self, *arguments: Any) -> None: ...

    class Own(BPTT):
        @classmethod
        def estimator(cls, *arguments: Any) -> Any: ...

    class Said(Changed):
        def cuts_credit(self, step: int, n_steps: int) -> bool:
            return step == 0

    class Signal(BPTT):
        def feedback_weights(self, network: Any) -> Any: ...

    assert [kind.any_architecture for kind in (LearningRule, Changed, Own, Said, Signal)] == [
        *(False, False, False, True, True)
    ]


def test_every_architecture_is_checked_here() -> None:
    assert ARCHITECTURES.names() == sorted(["leaky", "leaky_learned_tau", *GATED])
