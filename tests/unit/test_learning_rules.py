"""Updates of every learning rule in float64, compared with implementations that share no code with ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch
from helpers.options import CELL_TYPE_RULES, learning_options

from neurorules.errors import InputError
from neurorules.learning.base.gradient_estimator import BatchResult
from neurorules.learning.base.learning_rule import LEARNING_RULES, LearningRule, load_learning_rule
from neurorules.learning.bptt import BPTT
from neurorules.network import rnn
from neurorules.network.activations import ACTIVATIONS
from neurorules.network.architecture import Architecture
from neurorules.network.connectivity import Connectivity
from neurorules.network.normals import Normals
from neurorules.network.parameters import Parameters, Sizes, stacked
from neurorules.network.rnn import Network
from neurorules.options import Options
from neurorules.tasks.base.losses import ScoredTrials, cross_entropy, mean_squared_error
from neurorules.tasks.base.trials import Trials

FUNCTIONS = {
    "retanh": lambda a: torch.tanh(torch.relu(a)),
    "relu": torch.relu,
    "tanh": torch.tanh,
}
# Few taps and samples, which is quick, and perturbations that reach every part of the rule.
CHANGED: dict[str, dict[str, Any]] = {
    "modprop": {"taps": 4},
    "node_perturbation": {"samples": 2, "perturb_activity_penalty": True},
    "kernl": {"rate": 0.0},  # learned weights are set where they matter, in test_forward_rules.py
    "evolution_strategies": {"sigma": 0.1, "samples": 4, "antithetic": False},
}


def options_of(learning_rule: str, **options: Any) -> Options:
    return learning_options(learning_rule, **{**CHANGED.get(learning_rule, {}), **options})


LOSSES = {"regression": mean_squared_error, "choice": cross_entropy}
# What a statistical test may fail by chance, if its seed were drawn again.
FALSE_ALARM = 1e-6

Arrays = dict[str, np.ndarray]


# ---- problems


@dataclass
class Problem:
    """A random network with a random batch."""

    parameters: Parameters
    activation: str
    trials: Trials
    noise: torch.Tensor | None
    loss: str
    penalty: float
    connectivity: Connectivity = field(default_factory=lambda: Connectivity(False, None, None))
    alpha: float = 0.1


def make_problem(
    activation: str = "retanh",
    noise: bool = True,
    loss: str = "regression",
    zero_start: bool = False,
    steps: int = 23,
    trials: int = 6,
    units: int = 11,
    seed: int = 0,
    constraint: str = "none",
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
    return Problem(parameters, activation, batch, xi, loss, 0.3, make_constraint(constraint, units, rng))


def make_constraint(constraint: str, units: int, rng: np.random.Generator) -> Connectivity:
    """`none`, `sparse`, `dale` or `dale-sparse`; Dale's law comes with four cell types, their units not in a row."""
    types = np.tile(np.arange(4), units)[:units]
    mask = np.ones((units, units))
    if "sparse" in constraint:
        mask *= rng.random(mask.shape) < 0.6
    if "dale" in constraint:
        mask *= np.where(types < 3, 1.0, -1.0)
        np.fill_diagonal(mask, 0.0)
        return Connectivity(True, torch.as_tensor(mask), types)
    return Connectivity(False, None if constraint == "none" else torch.as_tensor(mask), None)


def problem_for(learning_rule: str, **options) -> Problem:
    """A problem that the learning rule can train: some need Dale's law and cell types, ModProp also ReLU units."""
    if learning_rule in CELL_TYPE_RULES:
        options = {"constraint": "dale", **options}
    if learning_rule == "modprop":
        options["activation"] = "relu"
    return make_problem(**options)


def pairs(learning_rules: Iterable[str], constraints: Sequence[str]) -> list[tuple[str, str]]:
    """Learning rule x constraint, except those that the rule cannot train."""
    return [(rule, c) for rule in learning_rules for c in constraints if rule not in CELL_TYPE_RULES or "dale" in c]


# ---- what training computes


def make_estimator(problem: Problem, learning_rule: str, seed: int = 0, compiled: bool = True, **options):
    """The estimator as training makes it."""
    rule, trials = load_learning_rule(learning_rule), problem.trials
    architecture = Architecture(ACTIVATIONS[problem.activation], problem.alpha, problem.connectivity, compiled)
    options = options_of(learning_rule, **options)
    return rule.estimator(options, problem.parameters, architecture, trials.n_steps, trials.n_trials, [seed])


def update_of(estimator, problem: Problem) -> BatchResult:
    """One update as training computes it."""
    inputs = torch.as_tensor(problem.trials.inputs)
    noise = None if problem.noise is None else problem.noise.clone()
    batch = ScoredTrials(problem.trials, like=problem.parameters.flat)
    return estimator.update(inputs, noise, LOSSES[problem.loss], batch, [problem.penalty])


def gradient_by(estimator, problem: Problem) -> Arrays:
    return {name: g.numpy().copy() for name, g in update_of(estimator, problem).gradient.named().items()}


def estimated_gradient(problem: Problem, learning_rule: str, **options) -> Arrays:
    """The gradient as training computes it."""
    return gradient_by(make_estimator(problem, learning_rule, **options), problem)


# ---- what it should be


def loss_of(problem: Problem, outputs: torch.Tensor, activity: torch.Tensor) -> torch.Tensor:
    """Loss written out: scored mean plus penalty * mean h^2."""
    trials = problem.trials
    scored, targets = torch.as_tensor(trials.scored), torch.as_tensor(trials.targets)
    if problem.loss == "regression":
        task = torch.nn.functional.mse_loss(outputs[scored], targets[scored])
    else:
        task = torch.nn.functional.cross_entropy(outputs[scored], targets[scored])
    return task + problem.penalty * activity.square().mean()


def constrained(connectivity: Connectivity, theta: torch.Tensor) -> torch.Tensor:
    """W_h = theta * mask, or |theta| * mask under Dale's law."""
    if connectivity.mask is None:
        return theta
    return (theta.abs() if connectivity.dale else theta) * connectivity.mask


def everywhere(weights: torch.Tensor, h: torch.Tensor, a: torch.Tensor, t: int) -> torch.Tensor:
    """W_h h_t for the step from t to t+1, differentiated as it stands."""
    return h @ weights.T


def total_loss(
    problem: Problem,
    p: dict[str, torch.Tensor],
    recurrent: Callable[..., torch.Tensor] = everywhere,
    readout: Callable[..., torch.Tensor] = lambda weights, h: h @ weights.T,
) -> torch.Tensor:
    """The loss by the network's equations.

    Args:
        problem: the problem.
        p: theta.
        recurrent: W_h h_t, its value; and where gradients go, which is what learning rules differ in.
        readout: W_y h of all steps, likewise.
    """
    f, alpha, weights = FUNCTIONS[problem.activation], problem.alpha, constrained(problem.connectivity, p["recurrent"])
    inputs = torch.as_tensor(problem.trials.inputs)
    a = p["initial_state"].expand(inputs.shape[1], -1)
    h = f(a)
    activity = []
    for t in range(len(inputs)):
        a = (1 - alpha) * a + alpha * (recurrent(weights, h, a, t) + inputs[t] @ p["input"].T + p["bias"])
        h = f(a)
        if problem.noise is not None:
            h = h + problem.noise[t]
        activity.append(h)
    hidden = torch.stack(activity)
    return loss_of(problem, readout(p["readout"], hidden) + p["readout_bias"], hidden)


def autograd_gradient(problem: Problem, **routes: Callable[..., torch.Tensor]) -> Arrays:
    """Automatic differentiation of the network's equations; see `total_loss`."""
    p = {name: tensor.clone().requires_grad_() for name, tensor in problem.parameters.named().items()}
    total_loss(problem, p, **routes).backward()
    return {name: tensor.grad.numpy() for name, tensor in p.items()}


def nowhere(weights: torch.Tensor, h: torch.Tensor, a: torch.Tensor, t: int) -> torch.Tensor:
    return h.detach() @ weights.T


def to_itself(weights: torch.Tensor, h: torch.Tensor, a: torch.Tensor, t: int) -> torch.Tensor:
    """Gradients flow only through each unit's own weight (the paper's equations 7 and 8)."""
    return h.detach() @ weights.T + (h - h.detach()) * weights.detach().diagonal()


def within_windows(n_steps: int, window: int) -> Callable[..., torch.Tensor]:
    return lambda weights, h, a, t: (h.detach() if (n_steps - t) % window == 0 else h) @ weights.T


def back_through(feedback: torch.Tensor) -> Callable[..., torch.Tensor]:
    """A product whose value and whose weights' gradient are its own, while h gets its gradient through `feedback`."""
    return lambda weights, h: h.detach() @ weights.T + (h - h.detach()) @ feedback.T


def through_cell_types(problem: Problem, mu: float) -> Callable[..., torch.Tensor]:
    """The recurrent product of ModProp in the published code: back through W_ab, with mu for dh/da."""
    connectivity, theta = problem.connectivity, problem.parameters.recurrent
    means = torch.as_tensor(block_means(constrained(connectivity, theta).numpy(), connectivity.cell_types))
    return lambda weights, h, a, t: h.detach() @ weights.T + mu * (a - a.detach()) @ means.T


def block_means(weights: np.ndarray, types: np.ndarray) -> np.ndarray:
    """(unit, source unit), every weight replaced by the mean over its block of two cell types."""
    means = np.empty_like(weights)
    for a in np.unique(types):
        for b in np.unique(types):
            block = np.ix_(types == a, types == b)
            means[block] = weights[block].mean()
    return means


def within_neighbourhoods(problem: Problem, steps: int) -> Arrays:
    """SnAp-n: the gradient of the weights into unit i, with gradients flowing only among the units that unit i reaches
    over at most n - 1 synapses."""
    mask, units = problem.connectivity.mask, problem.parameters.sizes.units
    exists = np.ones((units, units)) if mask is None else (mask.numpy() != 0).astype(float)
    reached = torch.as_tensor(np.linalg.matrix_power(exists + np.eye(units), steps - 1) > 0).double()
    found = {name: tensor.numpy().copy() for name, tensor in problem.parameters.named().items()}
    for i in range(units):

        def among(
            weights: torch.Tensor, h: torch.Tensor, a: torch.Tensor, t: int, inside: torch.Tensor = reached[:, i]
        ) -> torch.Tensor:
            return h.detach() @ weights.T + ((h - h.detach()) * inside) @ weights.detach().T * inside

        gradient = autograd_gradient(problem, recurrent=among)
        for name in ("recurrent", "input", "bias", "initial_state"):
            found[name][i] = gradient[name][i]
        found.update({name: gradient[name] for name in ("readout", "readout_bias")})
    return found


def with_eprop_states(problem: Problem, seen: Callable[..., torch.Tensor]) -> Arrays:
    """The gradient of e-prop's states, in which no recurrent path counts, as a readout sees them.

    Args:
        problem: the problem.
        seen: the state a_t whose activity the readout and the penalty see, its value; and where gradients go. Of the
            state, the activity before it, and what drives the step (a_0 and None at t = 0, where nothing is seen).
    """
    f, alpha, parameters = FUNCTIONS[problem.activation], problem.alpha, problem.parameters
    p = {name: tensor.clone().requires_grad_() for name, tensor in parameters.named().items()}
    weights, inputs = constrained(problem.connectivity, p["recurrent"]), torch.as_tensor(problem.trials.inputs)
    a = p["initial_state"].expand(inputs.shape[1], -1)
    seen(a, f(a), None)
    h, activity = f(a), []
    for t in range(len(inputs)):
        drive = h.detach() @ weights.T + inputs[t] @ p["input"].T + p["bias"]
        a = (1 - alpha) * a + alpha * drive
        noise = 0.0 if problem.noise is None else problem.noise[t]
        activity.append(f(seen(a, h, drive)) + noise)
        h = f(a) + noise
    hidden = torch.stack(activity)
    loss_of(problem, hidden @ p["readout"].T + p["readout_bias"], hidden).backward()
    return {name: tensor.grad.numpy() for name, tensor in p.items()}


def by_messages(problem: Problem, messages: np.ndarray) -> Arrays:
    """MDGL: e-prop, and paths over a single synapse with weights (sender, receiver) that reach the loss at once."""
    weights = problem.alpha * torch.as_tensor(messages)
    return with_eprop_states(problem, lambda a, h, drive: a if drive is None else a + (h - h.detach()) @ weights.T)


def type_means(problem: Problem, reach: str) -> np.ndarray:
    """(sender, receiver) weights of MDGL's messages: means over the synapses of two types that exist, or all pairs."""
    connectivity = problem.connectivity
    weights, types = constrained(connectivity, problem.parameters.recurrent).numpy(), connectivity.cell_types
    if reach == "all":
        return block_means(weights, types)
    exists = (connectivity.mask.numpy() != 0).astype(float)
    pairs = block_means(exists, types)
    return exists * block_means(weights, types) / np.where(pairs > 0, pairs, 1.0)


def by_kernel(problem: Problem, sensitivity: torch.Tensor, kernel: torch.Tensor) -> Arrays:
    """KeRNL: traces that decay by the kernel, and states that a readout sees through the sensitivity weights."""
    trace: list[torch.Tensor] = []

    def seen(a: torch.Tensor, h: torch.Tensor, drive: torch.Tensor | None) -> torch.Tensor:
        trace.append(a if drive is None else kernel * trace[-1] + problem.alpha * drive)
        return a.detach() + (trace[-1] - trace[-1].detach()) @ sensitivity.T

    return with_eprop_states(problem, seen)


# Learning rules whose gradient automatic differentiation gives, by what it is given: (problem, estimator, options).
AUTOGRAD: dict[str, Callable[..., Arrays]] = {
    "bptt": lambda problem, estimator, options: autograd_gradient(problem),
    "truncated_bptt": lambda problem, estimator, options: autograd_gradient(
        problem, recurrent=within_windows(problem.trials.n_steps, options["window_steps"])
    ),
    "eprop": lambda problem, estimator, options: autograd_gradient(problem, recurrent=nowhere),
    "eprop_diagonal": lambda problem, estimator, options: autograd_gradient(problem, recurrent=to_itself),
    "feedback_alignment": lambda problem, estimator, options: autograd_gradient(
        problem, readout=back_through(estimator.learning_rule.feedback)
    ),
    "eprop_random_feedback": lambda problem, estimator, options: autograd_gradient(
        problem, recurrent=nowhere, readout=back_through(estimator.learning_rule.feedback)
    ),
    "modprop": lambda problem, estimator, options: autograd_gradient(
        problem, recurrent=through_cell_types(problem, options["mu"])
    ),
    "mdgl": lambda problem, estimator, options: by_messages(problem, type_means(problem, options["reach"])),
    "rtrl": lambda problem, estimator, options: autograd_gradient(problem),
    "snap1": lambda problem, estimator, options: within_neighbourhoods(problem, 1),
    "snap2": lambda problem, estimator, options: within_neighbourhoods(problem, 2),
    "kernl": lambda problem, estimator, options: by_kernel(
        problem, estimator.learning_rule.sensitivity, estimator.learning_rule.kernel
    ),
}
# Learning rules whose gradient is a random estimate: checked draw by draw, and in the mean.
SAMPLED = {"node_perturbation", "evolution_strategies", "uoro", "reward_hebbian"}


def assert_equal(ours: Arrays, reference: Arrays, tolerance: float = 1e-10) -> None:
    assert ours.keys() == reference.keys()
    for name in ours:
        scale = np.abs(reference[name]).max()
        assert scale > 1e-6, f"{name}: the reference is zero and would prove nothing"
        np.testing.assert_allclose(ours[name], reference[name], rtol=0, atol=tolerance * max(1.0, scale), err_msg=name)


def assert_equals_autograd(problem: Problem, learning_rule: str, **options) -> None:
    estimator = make_estimator(problem, learning_rule, **options)
    options = options_of(learning_rule, **options)
    assert_equal(gradient_by(estimator, problem), AUTOGRAD[learning_rule](problem, estimator, options))


def test_every_learning_rule_is_checked() -> None:
    assert set(LEARNING_RULES.names()) == {*AUTOGRAD, *SAMPLED}
    for name in LEARNING_RULES.names():
        assert set(options_of(name)) == set(load_learning_rule(name).OPTION_SCHEMA)


# ---- against automatic differentiation


@pytest.mark.parametrize("noise", [False, True], ids=["noiseless", "noise"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "learning_rule, activation",
    [(rule, f) for rule in AUTOGRAD for f in ACTIVATIONS if rule != "modprop" or f == "relu"],
)
def test_equals_autograd(learning_rule: str, activation: str, loss: str, noise: bool) -> None:
    problem = problem_for(learning_rule, activation=activation, noise=noise, loss=loss)
    assert_equals_autograd(problem, learning_rule)


@pytest.mark.parametrize("noise", [False, True], ids=["noiseless", "noise"])
@pytest.mark.parametrize("learning_rule", AUTOGRAD)
def test_equals_autograd_from_a_silent_start(learning_rule: str, noise: bool) -> None:
    """a_0 = 0 exactly: f'(0) = 0 on both sides."""
    assert_equals_autograd(problem_for(learning_rule, zero_start=True, noise=noise), learning_rule)


@pytest.mark.parametrize("learning_rule", AUTOGRAD)
@pytest.mark.parametrize("steps, trials, block", [(1, 9, 1), (7, 250, 7), (40, 1300, 30), (8, 13000, 3), (4, 41000, 1)])
def test_blocks_of_steps_join(learning_rule: str, steps: int, trials: int, block: int) -> None:
    """Long and wide batches are worked on in blocks, even of a single step. Twice, so that a block finds what another
    left in its memory."""
    problem = problem_for(learning_rule, steps=steps, trials=trials, units=5)
    estimator = make_estimator(problem, learning_rule)
    assert estimator.network.steps_per_block == block
    expected = AUTOGRAD[learning_rule](problem, estimator, options_of(learning_rule))
    for _ in range(2):
        assert_equal(gradient_by(estimator, problem), expected)


@pytest.mark.parametrize("learning_rule, constraint", pairs(AUTOGRAD, ["sparse", "dale", "dale-sparse"]))
def test_constrained_weights_learn_by_the_gradient_of_theta(learning_rule: str, constraint: str) -> None:
    """Autograd differentiates W_h = |theta| * mask, or theta * mask; what is masked gets exactly 0."""
    problem = problem_for(learning_rule, constraint=constraint)
    assert_equals_autograd(problem, learning_rule)
    mask = problem.connectivity.mask.numpy()
    assert 10 < (mask == 0).sum() < 90
    assert (estimated_gradient(problem, learning_rule)["recurrent"][mask == 0] == 0).all()


@pytest.mark.parametrize("learning_rule", AUTOGRAD)
def test_an_estimator_follows_its_parameters_and_batches(learning_rule: str) -> None:
    """A second update, after theta has moved far enough to change signs, on another batch, knows nothing of the first;
    without noise after one with noise."""
    problem = problem_for(learning_rule, constraint="dale-sparse")
    estimator = make_estimator(problem, learning_rule)
    update_of(estimator, problem)
    other = problem_for(learning_rule, constraint="dale-sparse", seed=1, noise=False)
    assert (other.parameters.recurrent.sign() != problem.parameters.recurrent.sign()).any()
    problem.parameters.flat.copy_(other.parameters.flat)
    problem = replace(problem, trials=other.trials, noise=None)
    expected = AUTOGRAD[learning_rule](problem, estimator, options_of(learning_rule))
    assert_equal(gradient_by(estimator, problem), expected)


def test_truncated_bptt_cuts_at_its_windows_from_the_end() -> None:
    """T = 23. Window 1 cuts every edge, which is e-prop; 23 cuts only the edge out of h_0; 24 cuts none."""
    problem = make_problem(steps=23)
    for window in (1, 2, 3, 10, 22, 23, 24, 1000):
        assert_equals_autograd(problem, "truncated_bptt", window_steps=window)
    exact = estimated_gradient(problem, "bptt")
    assert_equal(estimated_gradient(problem, "truncated_bptt", window_steps=1), estimated_gradient(problem, "eprop"))
    assert_equal(estimated_gradient(problem, "truncated_bptt", window_steps=24), exact)
    all_but_one = estimated_gradient(problem, "truncated_bptt", window_steps=23)
    assert abs(all_but_one.pop("initial_state") - exact.pop("initial_state")).max() > 1e-3
    assert_equal(all_but_one, exact)


# ---- random feedback


@pytest.mark.parametrize("learning_rule", ["feedback_alignment", "eprop_random_feedback"])
def test_random_feedback_is_uniform_fixed_and_of_its_seed(learning_rule: str) -> None:
    sizes = Sizes(inputs=3, units=50, outputs=40)
    problem = make_problem(units=50)
    wide = replace(problem, parameters=Parameters(sizes, dtype=torch.float64))
    feedback = make_estimator(wide, learning_rule).learning_rule.feedback.numpy()
    assert feedback.shape == (40, 50) and abs(feedback).max() <= 1 / np.sqrt(50)
    assert scipy.stats.kstest(feedback.ravel(), scipy.stats.uniform(-1 / np.sqrt(50), 2 / np.sqrt(50)).cdf)[1] > 1e-6
    np.testing.assert_array_equal(feedback, make_estimator(wide, learning_rule).learning_rule.feedback)
    assert (feedback != make_estimator(wide, learning_rule, seed=1).learning_rule.feedback.numpy()).mean() > 0.99

    estimator = make_estimator(problem, learning_rule)
    before = estimator.learning_rule.feedback.clone()
    for _ in range(2):
        problem.parameters.flat.sub_(update_of(estimator, problem).gradient.flat, alpha=0.1)
    assert torch.equal(estimator.learning_rule.feedback, before)


@pytest.mark.parametrize("learning_rule, exact", [("feedback_alignment", "bptt"), ("eprop_random_feedback", "eprop")])
def test_feedback_through_the_readout_itself_is_exact(learning_rule: str, exact: str) -> None:
    problem = make_problem()
    estimator = make_estimator(problem, learning_rule)
    assert (
        abs(gradient_by(estimator, problem)["recurrent"] - estimated_gradient(problem, exact)["recurrent"]).max() > 1e-3
    )
    estimator.learning_rule.feedback.copy_(problem.parameters.readout)
    assert_equal(gradient_by(estimator, problem), estimated_gradient(problem, exact))


# ---- forward in time


@dataclass
class Trajectory:
    """A forward pass in NumPy; (step, trial, unit) for t = 0..T."""

    activity: np.ndarray
    derivative: np.ndarray
    signal: np.ndarray


def simulate(problem: Problem) -> Trajectory:
    """h_t with its noise, f'(a_t), and l_t = dL/dh_t through readout and penalty only, l_0 = 0."""
    p, trials, alpha = {k: v.numpy() for k, v in problem.parameters.named().items()}, problem.trials, problem.alpha
    weights = constrained(problem.connectivity, problem.parameters.recurrent).numpy()
    a = np.tile(p["initial_state"], (trials.n_trials, 1))
    activity, derivative = [], []
    for t in range(trials.n_steps + 1):
        if t > 0:
            drive = activity[-1] @ weights.T + trials.inputs[t - 1] @ p["input"].T + p["bias"]
            a = (1 - alpha) * a + alpha * drive
        h = np.maximum(a, 0)
        slope = (a > 0).astype(float)
        if problem.activation == "retanh":
            h = np.tanh(h)
            slope *= 1 - h**2
        noise = 0.0 if problem.noise is None or t == 0 else problem.noise[t - 1].numpy()
        activity.append(h + noise)
        derivative.append(slope)
    hidden = np.stack(activity)
    error = hidden[1:] @ p["readout"].T + p["readout_bias"] - trials.targets
    error *= trials.scored[..., None] / (trials.scored.sum() * error.shape[-1])
    signal = np.zeros_like(hidden)
    signal[1:] = 2 * error @ p["readout"] + 2 * problem.penalty * hidden[1:] / hidden[1:].size
    return Trajectory(hidden, np.stack(derivative), signal)


def gradient_by_eligibility_traces(problem: Problem, trajectory: Trajectory, signal: np.ndarray) -> Arrays:
    """dW_ij = sum_t signal_i,t e_ij,t with e_ij,t = f'(a_i,t) eps_ij,t (paper, equation 9), forward in time."""
    alpha, inputs, leak = problem.alpha, problem.trials.inputs, 1 - problem.alpha
    n_trials, units = signal.shape[1:]
    trace_h, trace_x = np.zeros((n_trials, units)), np.zeros((n_trials, inputs.shape[-1]))
    trace_1, trace_0 = 0.0, 1.0
    dw, dx = np.zeros((units, units)), np.zeros((units, inputs.shape[-1]))
    db, da0 = np.zeros(units), np.zeros(units)
    for t, factor in enumerate(signal * trajectory.derivative):
        if t > 0:
            trace_h = leak * trace_h + alpha * trajectory.activity[t - 1]
            trace_x = leak * trace_x + alpha * inputs[t - 1]
            trace_1 = leak * trace_1 + alpha
            trace_0 *= leak
        dw += np.einsum("bi,bj->ij", factor, trace_h)
        dx += np.einsum("bi,bj->ij", factor, trace_x)
        db += factor.sum(0) * trace_1
        da0 += factor.sum(0) * trace_0
    connectivity = problem.connectivity
    if connectivity.mask is not None:
        dw *= connectivity.mask.numpy() * (np.sign(problem.parameters.recurrent.numpy()) if connectivity.dale else 1.0)
    return {"recurrent": dw, "input": dx, "bias": db, "initial_state": da0}


@pytest.mark.parametrize("noise", [False, True], ids=["noiseless", "noise"])
def test_eprop_equals_the_explicit_eligibility_trace(noise: bool) -> None:
    problem = make_problem(noise=noise)
    trajectory = simulate(problem)
    expected = gradient_by_eligibility_traces(problem, trajectory, trajectory.signal)
    ours = estimated_gradient(problem, "eprop")
    assert_equal({name: ours[name] for name in expected}, expected)


@pytest.mark.parametrize("noise", [False, True], ids=["noiseless", "noise"])
def test_eprop_diagonal_equals_equations_7_and_8(noise: bool) -> None:
    """Forward in time, e = da_i/dW_ij: e_t = alpha h_j,t-1 + (1 - alpha + alpha W_ii f'(a_i,t-1)) e_t-1."""
    problem = make_problem(noise=noise)
    trajectory, alpha = simulate(problem), problem.alpha
    own = problem.parameters.recurrent.numpy().diagonal()
    trace = np.zeros((problem.trials.n_trials, len(own), len(own)))  # (trial, i, j)
    expected = np.zeros_like(problem.parameters.recurrent.numpy())
    for t in range(1, problem.trials.n_steps + 1):
        decay = 1 - alpha + alpha * own * trajectory.derivative[t - 1]
        trace = decay[:, :, None] * trace + alpha * trajectory.activity[t - 1][:, None, :]
        expected += np.einsum("bi,bi,bij->ij", trajectory.signal[t], trajectory.derivative[t], trace)
    ours = estimated_gradient(problem, "eprop_diagonal")
    assert_equal({"recurrent": ours["recurrent"]}, {"recurrent": expected})
    # The units' own weights matter here: e-prop's gradient differs.
    assert np.abs(ours["recurrent"] - estimated_gradient(problem, "eprop")["recurrent"]).max() > 1e-3


def test_eprop_diagonal_is_eprop_without_weights_of_units_to_themselves() -> None:
    problem = make_problem(constraint="dale")
    assert_equal(estimated_gradient(problem, "eprop_diagonal"), estimated_gradient(problem, "eprop"))


def test_eprop_diagonal_is_bptt_in_a_network_of_one_unit() -> None:
    problem = make_problem(units=1)
    assert_equal(estimated_gradient(problem, "eprop_diagonal"), estimated_gradient(problem, "bptt"))


@pytest.mark.parametrize("noise", [False, True], ids=["noiseless", "noise"])
def test_bptt_equals_real_time_recurrent_learning(noise: bool) -> None:
    """RTRL carries da_t/dW forward in time (paper, equations 5 and 6): a third derivation of the same gradient."""
    problem = make_problem(noise=noise, units=4, trials=3, steps=12)
    trajectory, alpha = simulate(problem), problem.alpha
    weights, units, n_trials = problem.parameters.recurrent.numpy(), 4, 3
    # Influence of every recurrent weight and of a_0 on the membrane state: (trial, unit, ...).
    of_weights = np.zeros((n_trials, units, units, units))
    of_start = np.tile(np.eye(units), (n_trials, 1, 1))
    dw, da0 = np.zeros((units, units)), np.zeros(units)
    for t in range(1, 13):
        jacobian = (1 - alpha) * np.eye(units) + alpha * weights * trajectory.derivative[t - 1][:, None, :]
        of_weights = np.einsum("bij,bjkl->bikl", jacobian, of_weights)
        for i in range(units):
            of_weights[:, i, i, :] += alpha * trajectory.activity[t - 1]
        of_start = np.einsum("bij,bjk->bik", jacobian, of_start)
        factor = trajectory.signal[t] * trajectory.derivative[t]
        dw += np.einsum("bi,bikl->kl", factor, of_weights)
        da0 += np.einsum("bi,bik->k", factor, of_start)
    ours = estimated_gradient(problem, "bptt")
    assert_equal({n: ours[n] for n in ("recurrent", "initial_state")}, {"recurrent": dw, "initial_state": da0})


# ---- ModProp


def signal_with_messages(problem: Problem, trajectory: Trajectory, mu: float, taps: int) -> np.ndarray:
    """l_t joined by what every cell type sent s steps later (earlier version of the paper, equation 9), by loops:
    a unit of type b gets F_s,ab sum_{l in a} f'(a_l,t+s) l_l,t+s, F_s,ab = mu^(s-1) mean of (alpha W)^s from b to a."""
    types, n_steps = problem.connectivity.cell_types, problem.trials.n_steps
    weights = problem.alpha * constrained(problem.connectivity, problem.parameters.recurrent).numpy()
    sent = trajectory.derivative * trajectory.signal
    signal = trajectory.signal.copy()
    for t in range(n_steps + 1):
        for s in range(1, min(taps, n_steps - t) + 1):
            power = np.linalg.matrix_power(weights, s)
            for unit, b in enumerate(types):
                for a in np.unique(types):
                    tap = mu ** (s - 1) * power[np.ix_(types == a, types == b)].mean()
                    signal[t, :, unit] += tap * sent[t + s][:, types == a].sum(1)
    return signal


@pytest.mark.parametrize("taps", [1, 3, 50])
@pytest.mark.parametrize("constraint", ["dale", "dale-sparse"])
@pytest.mark.parametrize("noise", [False, True], ids=["noiseless", "noise"])
def test_modprop_of_the_paper_equals_its_formula(noise: bool, constraint: str, taps: int) -> None:
    problem = problem_for("modprop", noise=noise, constraint=constraint, steps=9, units=7, trials=4)
    trajectory = simulate(problem)
    signal = signal_with_messages(problem, trajectory, 0.7, taps)
    expected = gradient_by_eligibility_traces(problem, trajectory, signal)
    ours = estimated_gradient(problem, "modprop", variant="paper", mu=0.7, taps=taps)
    assert_equal({name: ours[name] for name in expected}, expected)


def test_modprop_of_the_paper_remembers_messages_over_blocks_of_steps() -> None:
    """Blocks of 3 steps, 4 taps."""
    problem = problem_for("modprop", steps=8, units=5, trials=13000)
    trajectory = simulate(problem)
    expected = gradient_by_eligibility_traces(problem, trajectory, signal_with_messages(problem, trajectory, 0.7, 4))
    estimator = make_estimator(problem, "modprop", variant="paper", mu=0.7, taps=4)
    assert estimator.network.steps_per_block == 3
    update_of(estimator, problem)  # messages of one update do not reach the next
    ours = gradient_by(estimator, problem)
    assert_equal({name: ours[name] for name in expected}, expected)


def all_active(alpha: float, steps: int) -> Problem:
    """Every unit is active at every step and has a cell type of its own, so that f' = 1 and W_ab = W_h."""
    problem = problem_for("modprop", noise=False, steps=steps, units=7, constraint="dale-sparse")
    problem.parameters.recurrent.mul_(0.3)
    problem.parameters.bias.fill_(20.0)
    problem.parameters.initial_state.abs_().add_(20.0)
    connectivity = Connectivity(True, problem.connectivity.mask, np.arange(7))
    problem = replace(problem, alpha=alpha, connectivity=connectivity)
    assert (simulate(problem).derivative == 1).all()
    return problem


def test_modprop_with_nothing_approximated_is_bptt() -> None:
    leaky, discrete = all_active(0.1, 23), all_active(1.0, 6)
    assert_equal(estimated_gradient(leaky, "modprop", mu=1.0), estimated_gradient(leaky, "bptt"))
    assert_equal(estimated_gradient(discrete, "modprop", mu=1.0), estimated_gradient(discrete, "bptt"))
    # T taps reach from the last step back to the initial state.
    ours = estimated_gradient(discrete, "modprop", variant="paper", mu=1.0, taps=6)
    assert_equal(ours, estimated_gradient(discrete, "bptt"))
    fewer = estimated_gradient(discrete, "modprop", variant="paper", mu=1.0, taps=5)
    assert abs(fewer["initial_state"] - ours["initial_state"]).max() > 1e-6


def test_modprop_without_credit_between_units_is_eprop() -> None:
    problem = problem_for("modprop")
    assert_equal(estimated_gradient(problem, "modprop", mu=0.0), estimated_gradient(problem, "eprop"))


# ---- evolution strategies


def loss_at(problem: Problem, flat: torch.Tensor) -> float:
    """The total loss at other parameters, by the network's equations."""
    return total_loss(problem, Parameters(problem.parameters.sizes, flat).named()).item()


def drawn_normals(seed: int, shape: tuple[int, ...], sd: float, draw: int = 0) -> torch.Tensor:
    """What a learning rule of this seed draws; test_normals.py tests the numbers."""
    numbers = torch.empty(shape, dtype=torch.float64)
    Normals(seed, numbers.device).fill(numbers, sd, draw)
    return numbers


def estimate_by_hand(problem: Problem, seed: int, draw: int, sigma: float, samples: int, antithetic: bool):
    """1 / (sigma S) sum_s L(theta + sigma eps_s) eps_s, sample by sample; 0 where there is no weight."""
    flat = problem.parameters.flat
    drawn = drawn_normals(seed, (samples // 2 if antithetic else samples, flat.numel()), 1.0, draw)
    estimate = torch.zeros_like(flat)
    for epsilon in torch.cat([drawn, -drawn]) if antithetic else drawn:
        estimate += loss_at(problem, flat + sigma * epsilon) * epsilon / (sigma * samples)
    named = Parameters(problem.parameters.sizes, estimate).named()
    if problem.connectivity.mask is not None:
        named["recurrent"][problem.connectivity.mask == 0] = 0.0
    return {name: tensor.numpy() for name, tensor in named.items()}


@pytest.mark.parametrize("constraint", ["none", "sparse", "dale-sparse"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("antithetic", [False, True], ids=["independent", "antithetic"])
@pytest.mark.parametrize("noise", [False, True], ids=["noiseless", "noise"])
def test_evolution_strategies_equal_their_formula(noise: bool, antithetic: bool, loss: str, constraint: str) -> None:
    """Of two updates in a row, for the same draws; the loss that is reported is the mean over samples."""
    problem = make_problem(noise=noise, loss=loss, constraint=constraint, steps=9)
    estimator = make_estimator(problem, "evolution_strategies", seed=5, sigma=0.3, samples=6, antithetic=antithetic)
    for draw in range(2):
        assert_equal(gradient_by(estimator, problem), estimate_by_hand(problem, 5, draw, 0.3, 6, antithetic))


@pytest.mark.parametrize("steps, trials, together", [(2, 6, 6), (9, 4400, 3), (4, 10500, 1), (2, 41000, 1)])
def test_evolution_strategies_take_samples_side_by_side(steps: int, trials: int, together: int) -> None:
    """All at once, in parts, one by one, and one by one in blocks of one step; in compiled loops, one by one."""
    problem = make_problem(steps=steps, trials=trials, units=5, constraint="dale-sparse")
    expected = estimate_by_hand(problem, 0, 0, 0.1, 6, False)
    for compiled in (False, True):
        estimator = make_estimator(problem, "evolution_strategies", compiled=compiled, samples=6)
        assert estimator.together == (1 if compiled else together)
        assert_equal(gradient_by(estimator, problem), expected)


def test_evolution_strategies_report_mean_losses_over_samples() -> None:
    problem = make_problem()
    update = update_of(make_estimator(problem, "evolution_strategies", sigma=1e-9), problem)
    exact = update_of(make_estimator(problem, "bptt"), problem)
    np.testing.assert_allclose(update.task_loss, exact.task_loss, rtol=1e-6)
    np.testing.assert_allclose(update.mean_square_activity, exact.mean_square_activity, rtol=1e-6)


def test_antithetic_samples_come_in_pairs() -> None:
    with pytest.raises(InputError) as caught:
        load_learning_rule("evolution_strategies").check({"sigma": 0.1, "samples": 5, "antithetic": True})
    assert caught.value.key == "samples" and caught.value.value == 5


# ---- estimates in the mean


def flattened(gradient: Arrays, names: Sequence[str]) -> np.ndarray:
    return np.concatenate([gradient[name].ravel() for name in names])


def assert_means_agree(estimates: np.ndarray, others: np.ndarray, precision: float) -> None:
    """Two sets of independent estimates, (estimate, component), have the same mean; one estimate is taken as exact.

    Every component, and the component along the mean, lies within the quantile of Student's t that all of them
    together leave with probability FALSE_ALARM. The standard errors are the estimates' own.

    Args:
        estimates: ours.
        others: what they are compared with.
        precision: the standard error that the test must reach, relative to the mean's norm; else it would prove little.
    """
    direction = others.mean(0) / np.linalg.norm(others.mean(0))
    parts = [np.column_stack([each, each @ direction]) for each in (estimates, others)]
    means = [part.mean(0) for part in parts]
    errors = [part.std(0, ddof=1) / np.sqrt(len(part)) if len(part) > 1 else 0.0 for part in parts]
    error = np.hypot(*errors)
    bound = scipy.stats.t.isf(FALSE_ALARM / (2 * len(error)), len(estimates) - 1)
    assert np.linalg.norm(error[:-1]) < precision * np.linalg.norm(means[1][:-1])
    assert (np.abs(means[0] - means[1]) <= bound * error + 1e-12).all()


def assert_error_halves(few: np.ndarray, many: np.ndarray, exact: np.ndarray, within: float) -> None:
    """The RMS error of estimates from four times as many samples is half as large, but for a factor of 1 + `within`.

    The log of a mean square over R estimates that are close to normal has a variance of 2 / (R d), with d the effective
    number of independent components; the tolerance has to be so wide that chance exceeds it with at most FALSE_ALARM.
    """
    squares, variance = [], 0.0
    for estimates in (few, many):
        spectrum = np.linalg.eigvalsh(np.cov(estimates.T))
        variance += 2.0 / (len(estimates) * spectrum.sum() ** 2 / (spectrum**2).sum())
        squares.append(np.square(estimates - exact).sum(1).mean())
    assert 2 * np.log(1 + within) > scipy.stats.norm.isf(FALSE_ALARM / 2) * np.sqrt(variance)
    assert 1 / (1 + within) < np.sqrt(squares[0] / squares[1]) / 2 < 1 + within


@pytest.mark.parametrize("antithetic, constraint", [(False, "dale-sparse"), (True, "none")])
def test_evolution_strategies_estimate_the_gradient_of_the_smoothed_loss(antithetic: bool, constraint: str) -> None:
    """E L(theta + sigma eps) eps / sigma = E dL/dtheta(theta + sigma eps) at any sigma (Stein), so there is no bias
    to allow for: the mean of automatic derivatives at other perturbed parameters is what the mean should be."""
    sigma = 0.5
    problem = make_problem(steps=3, trials=3, units=3, constraint=constraint)
    names, flat = list(problem.parameters.named()), problem.parameters.flat
    rng = np.random.default_rng(1)
    smoothed = []
    for _ in range(1000):
        moved = flat + sigma * torch.as_tensor(rng.standard_normal(flat.numel()))
        at = replace(problem, parameters=Parameters(problem.parameters.sizes, moved))
        smoothed.append(flattened(autograd_gradient(at), names))

    def estimates(samples: int, n: int, seed: int) -> np.ndarray:
        options = {"sigma": sigma, "samples": samples, "antithetic": antithetic}
        estimator = make_estimator(problem, "evolution_strategies", seed=seed, **options)
        return np.stack([flattened(gradient_by(estimator, problem), names) for _ in range(n)])

    many = estimates(200, 400, 0)
    assert_means_agree(many, np.stack(smoothed), precision=0.06)
    assert_error_halves(estimates(50, 300, 1), many, np.mean(smoothed, 0), within=0.1)


# ---- node perturbation


@pytest.mark.parametrize("perturb_penalty", [False, True], ids=["penalty exact", "penalty perturbed"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("noise", [False, True], ids=["noiseless", "noise"])
def test_node_perturbation_equals_its_formula(noise: bool, loss: str, perturb_penalty: bool) -> None:
    """A trial of one step: l = (L_t(h + xi) - L_t(h)) xi / sigma^2, trial by trial, for the same draws."""
    problem = make_problem(noise=noise, loss=loss, steps=1, trials=8)
    p, trials, alpha = problem.parameters, problem.trials, problem.alpha
    options = {"sigma": 0.3, "samples": 1, "perturb_activity_penalty": perturb_penalty}
    ours = estimated_gradient(problem, "node_perturbation", seed=7, **options)
    xi = drawn_normals(7, (1, 8, 11), 0.3)[0]

    h_0 = FUNCTIONS["retanh"](p.initial_state)
    inputs = torch.as_tensor(trials.inputs[0])
    a = (1 - alpha) * p.initial_state + alpha * (p.recurrent @ h_0 + inputs @ p.input.T + p.bias)
    clean = FUNCTIONS["retanh"](a)
    h = clean + (problem.noise[0] if noise else 0.0)
    signal = torch.zeros(8, 11, dtype=torch.float64)
    for b in range(8):

        def loss_of_trial(h_b: torch.Tensor, b: int = b) -> torch.Tensor:
            y, target = p.readout @ h_b + p.readout_bias, torch.as_tensor(trials.targets[0, b])
            task = (y - target).square().mean() if loss == "regression" else -y.log_softmax(0)[target]
            penalty = problem.penalty * h_b.square().mean() / 8 if perturb_penalty else 0.0
            return task * trials.scored[0, b] / trials.scored.sum() + penalty

        signal[b] = (loss_of_trial(h[b] + xi[b]) - loss_of_trial(h[b])) * xi[b] / 0.3**2
        if not perturb_penalty:
            signal[b] += 2 * problem.penalty * h[b] / (8 * 11)
    delta = signal * (1 - clean**2) * (a > 0)
    expected = {
        "recurrent": alpha * delta.sum(0)[:, None] * h_0,
        "input": alpha * delta.T @ inputs,
        "bias": alpha * delta.sum(0),
        "initial_state": (1 - alpha) * delta.sum(0),
    }
    assert_equal({name: ours[name] for name in expected}, {name: tensor.numpy() for name, tensor in expected.items()})


@pytest.mark.parametrize("perturb_penalty, constraint", [(False, "none"), (True, "dale-sparse")])
def test_node_perturbation_estimates_the_gradient_of_eprop(
    perturb_penalty: bool, constraint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly so for a quadratic loss, at any sigma; the readout's own gradient is exact in every sample."""
    monkeypatch.setitem(rnn.NUMBERS_PER_BLOCK, "cpu", 2 * 40 * 4)  # blocks of 2, 2 and 1 steps
    problem = replace(make_problem(steps=5, trials=40, units=4, constraint=constraint), penalty=3.0)
    exact = AUTOGRAD["eprop"](problem, None, {})
    names = ["recurrent", "input", "bias", "initial_state"]

    def estimates(samples: int, n: int, seed: int) -> np.ndarray:
        options = {"sigma": 0.5, "samples": samples, "perturb_activity_penalty": perturb_penalty}
        estimator = make_estimator(problem, "node_perturbation", seed=seed, **options)
        assert estimator.network.steps_per_block == 2
        gradients = [gradient_by(estimator, problem) for _ in range(n)]
        for gradient in gradients:
            for name in ("readout", "readout_bias"):
                np.testing.assert_allclose(gradient[name], exact[name], rtol=0, atol=1e-12)
        return np.stack([flattened(gradient, names) for gradient in gradients])

    many = estimates(8, 400, 0)
    assert_means_agree(many, flattened(exact, names)[None], precision=0.015)
    assert_error_halves(estimates(2, 300, 1), many, flattened(exact, names), within=0.2)


# ---- stacks of networks


def make_stack(problems: Sequence[Problem], learning_rule: str, compiled: bool = True, **options):
    """An estimator for several networks at once."""
    first = problems[0]
    masks = [problem.connectivity.mask for problem in problems]
    mask = None if masks[0] is None else torch.stack(masks)
    connectivity = Connectivity(first.connectivity.dale, mask, first.connectivity.cell_types)
    theta = stacked([problem.parameters for problem in problems])
    together = replace(first, parameters=theta, connectivity=connectivity)
    architecture = Architecture(ACTIVATIONS[first.activation], first.alpha, connectivity, compiled)
    trials, seeds = first.trials, list(range(len(problems)))
    options = options_of(learning_rule, **options)
    rule = load_learning_rule(learning_rule)
    return rule.estimator(options, together.parameters, architecture, trials.n_steps, trials.n_trials, seeds)


def assert_stack_equals_each(problems: Sequence[Problem], learning_rule: str, compiled: bool = True, **options) -> None:
    """Two updates, so that random numbers continue as in separate training."""
    estimator = make_stack(problems, learning_rule, compiled, **options)
    alone = [make_estimator(problem, learning_rule, seed=k, **options) for k, problem in enumerate(problems)]
    inputs = torch.as_tensor(np.stack([problem.trials.inputs for problem in problems]))
    batch = ScoredTrials([problem.trials for problem in problems], like=inputs)
    loss = LOSSES[problems[0].loss]
    for _ in range(2):
        noise = None if problems[0].noise is None else torch.stack([problem.noise for problem in problems])
        update = estimator.update(inputs, noise, loss, batch, [problem.penalty for problem in problems])
        assert update.gradient.batch_shape == (len(problems),)
        for k, problem in enumerate(problems):
            expected = update_of(alone[k], problem)
            np.testing.assert_allclose(update.task_loss[k], expected.task_loss, rtol=1e-12)
            np.testing.assert_allclose(update.mean_square_activity[k], expected.mean_square_activity, rtol=1e-12)
            for name, reference in expected.gradient.named().items():
                ours, scale = update.gradient.named()[name][k], reference.abs().max().item()
                assert scale > 1e-6
                assert (ours - reference).abs().max() <= 1e-12 * scale, (k, name)


def three_problems(learning_rule: str, **options) -> list[Problem]:
    """Networks that differ in everything but size: weights, masks, trials, noise, and the weight of the penalty."""
    problems = [problem_for(learning_rule, seed=seed, **options) for seed in range(3)]
    return [replace(problem, penalty=penalty) for problem, penalty in zip(problems, (0.3, 0.0, 2.0), strict=True)]


@pytest.mark.parametrize(
    "learning_rule, constraint", pairs(LEARNING_RULES.names(), ["none", "sparse", "dale", "dale-sparse"])
)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("noise", [False, True], ids=["noiseless", "noise"])
def test_a_stack_gives_each_networks_update(learning_rule: str, noise: bool, loss: str, constraint: str) -> None:
    assert_stack_equals_each(
        three_problems(learning_rule, noise=noise, loss=loss, constraint=constraint), learning_rule
    )


def test_a_stack_gives_each_networks_update_by_modprop_of_the_paper() -> None:
    assert_stack_equals_each(three_problems("modprop", constraint="dale-sparse"), "modprop", variant="paper")


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "PyTorch"])
@pytest.mark.parametrize("learning_rule", LEARNING_RULES.names())
def test_a_stack_gives_each_networks_update_whatever_its_blocks_of_steps(learning_rule: str, compiled: bool) -> None:
    """In PyTorch, a stack goes through in smaller blocks of steps than one network.

    That changes nothing, random draws included.
    """
    problems = three_problems(learning_rule, steps=40, trials=400, units=5)
    if learning_rule != "evolution_strategies":
        expected = 40 if compiled else 33
        assert make_stack(problems, learning_rule, compiled).network.steps_per_block == expected
    assert_stack_equals_each(problems, learning_rule, compiled)


# ---- single precision


def test_float32_keeps_its_digits_over_many_rows() -> None:
    """Summed block by block, 30,000 rows of float32 stay within 1e-5 of float64."""
    problem = make_problem(steps=300, trials=100, units=20, noise=False)
    trials = problem.trials
    single = replace(
        problem,
        parameters=Parameters(problem.parameters.sizes, problem.parameters.flat.float()),
        trials=replace(trials, inputs=trials.inputs.astype(np.float32), targets=trials.targets.astype(np.float32)),
    )
    exact = update_of(make_estimator(problem, "bptt"), problem)
    rounded = update_of(make_estimator(single, "bptt"), single)
    assert rounded.gradient.flat.dtype == torch.float32
    for name, gradient in exact.gradient.named().items():
        error = (rounded.gradient.named()[name] - gradient).abs().max()
        assert error < 1e-5 * gradient.abs().max(), name
    np.testing.assert_allclose(rounded.task_loss, exact.task_loss, rtol=1e-5)
    np.testing.assert_allclose(rounded.mean_square_activity, exact.mean_square_activity, rtol=1e-5)


# ---- compiled loops against those in PyTorch, which a GPU takes


@pytest.mark.parametrize("noise", [False, True], ids=["noiseless", "noise"])
@pytest.mark.parametrize("activation", ["retanh", "relu", "tanh"])
@pytest.mark.parametrize("learning_rule", sorted(set(LEARNING_RULES.names()) - set(CELL_TYPE_RULES)))
def test_compiled_loops_do_what_pytorch_does(learning_rule: str, activation: str, noise: bool) -> None:
    problem = make_problem(activation, noise)
    here, there = (gradient_by(make_estimator(problem, learning_rule, compiled=c), problem) for c in (True, False))
    for name, gradient in here.items():
        np.testing.assert_allclose(gradient, there[name], rtol=0, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("learning_rule", ["bptt", "eprop", "eprop_diagonal", "truncated_bptt"])
def test_a_stack_on_a_cpu_has_the_float32_updates_of_its_networks(learning_rule: str) -> None:
    problems = [make_problem(seed=seed, noise=False) for seed in (0, 1)]
    single = [Parameters(p.parameters.sizes, p.parameters.flat.float()) for p in problems]
    trials = problems[0].trials
    alone = [replace(p, parameters=theta, trials=trials) for p, theta in zip(problems, single, strict=True)]
    expected = [gradient_by(make_estimator(p, learning_rule), p) for p in alone]
    rule = load_learning_rule(learning_rule)
    theta, architecture = stacked(single), Architecture(ACTIVATIONS["retanh"], 0.1, problems[0].connectivity)
    estimator = rule.estimator(options_of(learning_rule), theta, architecture, trials.n_steps, trials.n_trials, [0, 0])
    batch = ScoredTrials([trials, trials], like=theta.flat)
    inputs = torch.as_tensor(np.stack([trials.inputs] * 2)).float()
    found = estimator.update(inputs, None, mean_squared_error, batch, [0.3, 0.3]).gradient.named()
    for k in range(2):
        for name in ("recurrent", "input", "bias", "initial_state", "readout", "readout_bias"):
            np.testing.assert_allclose(found[name][k].numpy(), expected[k][name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("learning_rule", AUTOGRAD)
def test_an_update_that_is_not_finite_leaves_nothing_behind(learning_rule: str) -> None:
    problem = problem_for(learning_rule)
    estimator = make_estimator(problem, learning_rule)
    unusable = replace(problem.trials, inputs=np.full_like(problem.trials.inputs, np.nan))
    assert np.isnan(gradient_by(estimator, replace(problem, trials=unusable))["recurrent"]).any()
    expected = AUTOGRAD[learning_rule](problem, estimator, options_of(learning_rule))
    assert_equal(gradient_by(estimator, problem), expected)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("shape", [(5, 4, 3), (10, 4, 5), (10, 4, 2), (10, 3, 3), (20, 4, 3)])
def test_inputs_of_another_shape_are_refused(shape: tuple[int, ...], compiled: bool) -> None:
    network = Network(Parameters(Sizes(3, 8, 2)), ACTIVATIONS["tanh"], 0.2, 10, 4, compiled=compiled)
    with pytest.raises(RuntimeError):
        network.forward(torch.zeros(shape))


def test_noise_that_a_stack_shares_is_refused_if_activity_is_kept() -> None:
    network = Network(Parameters(Sizes(3, 8, 2), torch.zeros(2, 122)), ACTIVATIONS["tanh"], 0.2, 10, 4)
    with pytest.raises(ValueError, match="noise of their own"):
        network.forward(torch.zeros(10, 4, 3), torch.zeros(10, 4, 8))


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 3e-6), (torch.float64, 1e-12)])
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_forward_passes_of_a_stack_agree(
    activation: str, keep: bool, dtype: torch.dtype, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiled and in PyTorch, in blocks of four of 13 steps, with inputs that are shared, strided and in float64."""
    monkeypatch.setitem(rnn.NUMBERS_PER_BLOCK, "cpu", 3 * 5 * 6 * 4)
    generator = torch.Generator().manual_seed(0)
    theta = Parameters(Sizes(2, 6, 2), 0.5 * torch.randn(3, 74, generator=generator, dtype=dtype))
    inputs = torch.randn(2, 5, 13, generator=generator, dtype=torch.float64).permute(2, 1, 0)
    found = []
    for compiled in (True, False):
        network = Network(theta, ACTIVATIONS[activation], 0.2, 13, 5, keep, compiled)
        found.append((network.forward(inputs).clone(), network.square_activity.clone()))
    for ours, theirs in zip(*found, strict=True):
        assert ((ours - theirs).abs() <= tolerance * (1 + theirs.abs())).all()


def test_the_compiled_tanh_is_near_tanh_and_passes_nan_through() -> None:
    import numba

    from neurorules.network import jit, kernels

    @numba.njit(fastmath=jit.FAST, error_model="numpy")
    def activate(code, a, h):
        for j in range(len(a)):
            h[j] = kernels._activate(code, kernels._lowest(code, a), a[j])

    a = np.concatenate([np.linspace(-12, 12, 200_001), [1e30, -1e30, np.inf, -np.inf]]).astype(np.float32)
    for precision in (np.float32, np.float64):
        h = np.empty(len(a), precision)
        activate(kernels.TANH, a.astype(precision), h)
        assert np.abs(h - np.tanh(a.astype(np.float64))).max() < (3e-7 if precision == np.float32 else 1e-15)
        assert (np.abs(h) <= 1).all()
        for code in (kernels.RETANH, kernels.RELU, kernels.TANH):
            silent, bad = np.zeros(3, precision), np.full(3, np.nan, precision)
            activate(code, silent, h)
            assert (h[:3] == 0).all()
            activate(code, bad, h)
            assert np.isnan(h[:3]).all()


def test_a_step_of_its_own_is_not_run_in_the_compiled_loop_of_its_parent() -> None:
    """BPTT whose step drops the recurrent path is e-prop."""
    from neurorules.learning.bptt import BPTT

    class WithoutRecurrentPath(BPTT):
        def backward_step(self, network, step, derivative, delta_next, delta):
            delta.mul_(derivative).add_(delta_next, alpha=1.0 - network.alpha)

    problem, trials = make_problem(noise=False), make_problem(noise=False).trials
    architecture = Architecture(ACTIVATIONS["retanh"], problem.alpha, problem.connectivity)
    estimator = WithoutRecurrentPath.estimator(
        Options({}), problem.parameters, architecture, trials.n_steps, trials.n_trials, [0]
    )
    expected = gradient_by(make_estimator(problem, "eprop"), problem)
    for name, gradient in gradient_by(estimator, problem).items():
        np.testing.assert_allclose(gradient, expected[name], rtol=0, atol=1e-12, err_msg=name)


REPLAYED = {
    *("bptt", "truncated_bptt", "feedback_alignment"),
    *("eprop", "eprop_random_feedback", "node_perturbation"),
}


def test_rules_that_replay_on_a_gpu() -> None:
    """A recording repeats the same operations on the same memory, which these rules alone do."""

    class Changed(BPTT):
        def backward_step(self, *arguments: Any) -> None: ...

    class Said(Changed):
        replays = True

    names = LEARNING_RULES.names()
    assert {name for name in names if load_learning_rule(name).replays} == REPLAYED
    assert [kind.replays for kind in (LearningRule, Changed, Said)] == [False, False, True]
