"""Gradients of every learning rule in float64 against formulations that share no code with the engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from neurorules.learning.engine import Engine
from neurorules.learning.learning_rule import learning_rule_names, load_learning_rule
from neurorules.network.activations import ACTIVATIONS
from neurorules.network.parameters import Parameters, Sizes
from neurorules.network.rnn import Network
from neurorules.tasks.losses import ScoredTrials, cross_entropy, mean_squared_error
from neurorules.tasks.trials import Trials

ALPHA = 0.1
FUNCTIONS = {
    "retanh": lambda a: torch.tanh(torch.relu(a)),
    "relu": torch.relu,
    "tanh": torch.tanh,
}
LOSSES = {"regression": mean_squared_error, "choice": cross_entropy}


@dataclass
class Problem:
    """A random network with a random batch."""

    parameters: Parameters
    activation: str
    trials: Trials
    noise: torch.Tensor | None
    loss: str
    penalty: float


def make_problem(
    activation: str = "retanh",
    noise: bool = True,
    loss: str = "regression",
    zero_start: bool = False,
    steps: int = 23,
    trials: int = 6,
    units: int = 11,
    seed: int = 0,
) -> Problem:
    rng = np.random.default_rng(seed)
    sizes = Sizes(inputs=3, units=units, outputs=2 if loss == "regression" else 3)
    parameters = Parameters(sizes, dtype=torch.float64)
    parameters.flat.copy_(torch.as_tensor(rng.standard_normal(parameters.flat.numel())))
    parameters.recurrent.mul_(1.5 / np.sqrt(units))
    if zero_start:
        parameters.initial_state.zero_()
    shape = (steps, trials)
    targets = rng.standard_normal((*shape, 2)) if loss == "regression" else rng.integers(0, 3, shape)
    batch = Trials(rng.standard_normal((*shape, 3)), targets, rng.random(shape) < 0.7, np.zeros(trials, np.int64))
    xi = torch.as_tensor(0.1 * rng.standard_normal((*shape, units))) if noise else None
    return Problem(parameters, activation, batch, xi, loss, penalty=0.3)


def engine_gradient(problem: Problem, learning_rule: str) -> dict[str, np.ndarray]:
    """The gradient as training computes it."""
    trials = problem.trials
    network = Network(problem.parameters, ACTIVATIONS[problem.activation], ALPHA, trials.n_steps, trials.n_trials)
    engine = Engine(network, load_learning_rule(learning_rule))
    inputs = torch.as_tensor(trials.inputs)
    outputs = network.forward(inputs, None if problem.noise is None else problem.noise.clone())
    _, error = LOSSES[problem.loss](outputs, ScoredTrials(trials, like=outputs))
    weight = 2 * problem.penalty / network.activity[1:].numel()
    return {name: g.numpy().copy() for name, g in engine.gradients(error, weight).named().items()}


def loss_of(problem: Problem, outputs: torch.Tensor, activity: torch.Tensor) -> torch.Tensor:
    """Loss written out: scored mean plus penalty * mean h^2."""
    trials = problem.trials
    scored, targets = torch.as_tensor(trials.scored), torch.as_tensor(trials.targets)
    if problem.loss == "regression":
        task = torch.nn.functional.mse_loss(outputs[scored], targets[scored])
    else:
        task = torch.nn.functional.cross_entropy(outputs[scored], targets[scored])
    return task + problem.penalty * activity.square().mean()


def autograd_gradient(problem: Problem, recurrent_input) -> dict[str, np.ndarray]:
    """Automatic differentiation of the network's equations.

    Args:
        problem: the problem.
        recurrent_input: what of h_{t-1} the recurrent product lets gradients into.
    """
    p = {name: tensor.clone().requires_grad_() for name, tensor in problem.parameters.named().items()}
    f = FUNCTIONS[problem.activation]
    inputs = torch.as_tensor(problem.trials.inputs)
    a = p["initial_state"].expand(inputs.shape[1], -1)
    h = f(a)
    activity = []
    for t in range(len(inputs)):
        drive = recurrent_input(h) @ p["recurrent"].T + inputs[t] @ p["input"].T + p["bias"]
        a = (1 - ALPHA) * a + ALPHA * drive
        h = f(a)
        if problem.noise is not None:
            h = h + problem.noise[t]
        activity.append(h)
    hidden = torch.stack(activity)
    loss_of(problem, hidden @ p["readout"].T + p["readout_bias"], hidden).backward()
    return {name: tensor.grad.numpy() for name, tensor in p.items()}


def assert_equal(ours: dict[str, np.ndarray], reference: dict[str, np.ndarray], tolerance: float = 1e-10) -> None:
    assert ours.keys() == reference.keys()
    for name in ours:
        scale = np.abs(reference[name]).max()
        assert scale > 1e-6, f"{name}: the reference is zero and would prove nothing"
        np.testing.assert_allclose(ours[name], reference[name], rtol=0, atol=tolerance * max(1.0, scale), err_msg=name)


AUTOGRAD = {"bptt": lambda h: h, "eprop": lambda h: h.detach()}


@pytest.mark.parametrize("noise", [False, True], ids=["noiseless", "noise"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("learning_rule", AUTOGRAD)
def test_equals_autograd(learning_rule: str, activation: str, loss: str, noise: bool) -> None:
    problem = make_problem(activation, noise, loss)
    assert_equal(engine_gradient(problem, learning_rule), autograd_gradient(problem, AUTOGRAD[learning_rule]))


@pytest.mark.parametrize("learning_rule", AUTOGRAD)
def test_equals_autograd_from_a_silent_start(learning_rule: str) -> None:
    """a_0 = 0 exactly: f'(0) = 0 on both sides."""
    problem = make_problem(zero_start=True)
    assert_equal(engine_gradient(problem, learning_rule), autograd_gradient(problem, AUTOGRAD[learning_rule]))


@pytest.mark.parametrize("learning_rule", AUTOGRAD)
@pytest.mark.parametrize("steps, trials", [(1, 9), (7, 250), (40, 90), (2, 2000)])
def test_blocks_of_steps_join(learning_rule: str, steps: int, trials: int) -> None:
    """Long and wide batches go through the engine in blocks, also ones of a single step."""
    problem = make_problem(steps=steps, trials=trials, units=5)
    assert_equal(engine_gradient(problem, learning_rule), autograd_gradient(problem, AUTOGRAD[learning_rule]))


def test_every_learning_rule_is_checked() -> None:
    assert set(learning_rule_names()) == set(AUTOGRAD)


@pytest.mark.parametrize("noise", [False, True], ids=["noiseless", "noise"])
def test_eprop_equals_the_explicit_eligibility_trace(noise: bool) -> None:
    """dW_ij = sum_t l_i,t e_ij,t with e_ij,t = f'(a_i,t) eps_ij,t (paper, equation 9), forward in time."""
    problem = make_problem(noise=noise)
    p, trials = {k: v.numpy() for k, v in problem.parameters.named().items()}, problem.trials
    steps, n_trials, units = trials.n_steps, trials.n_trials, p["bias"].size
    points = trials.scored.sum() * 2
    a = np.tile(p["initial_state"], (n_trials, 1))
    h = np.tanh(np.maximum(a, 0))
    trace_h = np.zeros((n_trials, units))
    trace_x, trace_1, trace_0 = np.zeros((n_trials, 3)), 0.0, 1.0
    dw, dx = np.zeros((units, units)), np.zeros((units, 3))
    db, da0 = np.zeros(units), np.zeros(units)
    for t in range(steps):
        trace_h = (1 - ALPHA) * trace_h + ALPHA * h
        trace_x = (1 - ALPHA) * trace_x + ALPHA * trials.inputs[t]
        trace_1 = (1 - ALPHA) * trace_1 + ALPHA
        trace_0 *= 1 - ALPHA
        a = (1 - ALPHA) * a + ALPHA * (h @ p["recurrent"].T + trials.inputs[t] @ p["input"].T + p["bias"])
        clean = np.tanh(np.maximum(a, 0))
        derivative = (1 - clean**2) * (a > 0)
        h = clean + (problem.noise[t].numpy() if noise else 0.0)
        error = (h @ p["readout"].T + p["readout_bias"] - trials.targets[t]) * trials.scored[t][:, None]
        signal = 2 * error / points @ p["readout"] + 2 * problem.penalty * h / (steps * n_trials * units)
        factor = signal * derivative
        dw += np.einsum("bi,bj->ij", factor, trace_h)
        dx += np.einsum("bi,bj->ij", factor, trace_x)
        db += factor.sum(0) * trace_1
        da0 += factor.sum(0) * trace_0
    ours = engine_gradient(problem, "eprop")
    expected = {"recurrent": dw, "input": dx, "bias": db, "initial_state": da0}
    assert_equal({name: ours[name] for name in expected}, expected)


@pytest.mark.parametrize("noise", [False, True], ids=["noiseless", "noise"])
def test_bptt_equals_real_time_recurrent_learning(noise: bool) -> None:
    """RTRL carries da_t/dW forward in time (paper, equations 5 and 6): a third derivation of the same gradient."""
    problem = make_problem(noise=noise, units=4, trials=3, steps=12)
    p, trials = {k: v.numpy() for k, v in problem.parameters.named().items()}, problem.trials
    units, n_trials, steps = 4, trials.n_trials, trials.n_steps
    points = trials.scored.sum() * 2
    a = np.tile(p["initial_state"], (n_trials, 1))
    h = np.tanh(np.maximum(a, 0))
    derivative = (1 - h**2) * (a > 0)
    # Influence of every recurrent weight and of a_0 on the membrane state: (trial, unit, ...).
    of_weights = np.zeros((n_trials, units, units, units))
    of_start = np.tile(np.eye(units), (n_trials, 1, 1))
    dw, da0 = np.zeros((units, units)), np.zeros(units)
    for t in range(steps):
        jacobian = (1 - ALPHA) * np.eye(units) + ALPHA * p["recurrent"] * derivative[:, None, :]
        of_weights = np.einsum("bij,bjkl->bikl", jacobian, of_weights)
        for i in range(units):
            of_weights[:, i, i, :] += ALPHA * h
        of_start = np.einsum("bij,bjk->bik", jacobian, of_start)
        a = (1 - ALPHA) * a + ALPHA * (h @ p["recurrent"].T + trials.inputs[t] @ p["input"].T + p["bias"])
        clean = np.tanh(np.maximum(a, 0))
        derivative = (1 - clean**2) * (a > 0)
        h = clean + (problem.noise[t].numpy() if noise else 0.0)
        error = (h @ p["readout"].T + p["readout_bias"] - trials.targets[t]) * trials.scored[t][:, None]
        signal = 2 * error / points @ p["readout"] + 2 * problem.penalty * h / (steps * n_trials * units)
        dw += np.einsum("bi,bikl->kl", signal * derivative, of_weights)
        da0 += np.einsum("bi,bik->k", signal * derivative, of_start)
    ours = engine_gradient(problem, "bptt")
    assert_equal({n: ours[n] for n in ("recurrent", "initial_state")}, {"recurrent": dw, "initial_state": da0})


def test_float32_keeps_its_digits_over_many_rows() -> None:
    """Summed block by block, 30,000 rows of float32 stay within 1e-5 of float64."""
    problem = make_problem(steps=300, trials=100, units=20, noise=False)
    exact = engine_gradient(problem, "bptt")
    single = Problem(
        Parameters(problem.parameters.sizes, problem.parameters.flat.float()),
        problem.activation,
        Trials(
            problem.trials.inputs.astype(np.float32),
            problem.trials.targets.astype(np.float32),
            problem.trials.scored,
            problem.trials.condition,
        ),
        None,
        problem.loss,
        problem.penalty,
    )
    rounded = engine_gradient(single, "bptt")
    for name, gradient in exact.items():
        assert np.abs(rounded[name] - gradient).max() < 1e-5 * np.abs(gradient).max(), name
