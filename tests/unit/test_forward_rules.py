"""Learning rules that work forward in time, by messages or by perturbation, in float64: what test_learning_rules.py
does not say of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from unit.test_learning_rules import (
    FUNCTIONS,
    Problem,
    assert_equal,
    assert_means_agree,
    autograd_gradient,
    by_kernel,
    by_messages,
    constrained,
    drawn_normals,
    estimated_gradient,
    flattened,
    gradient_by,
    make_estimator,
    make_problem,
    problem_for,
    type_means,
    within_neighbourhoods,
)

from neurorules.errors import InputError
from neurorules.learning import rtrl, uoro
from neurorules.learning.snap2 import SnAp2, neighbourhoods
from neurorules.network.activations import ACTIVATIONS
from neurorules.network.architecture import Architecture
from neurorules.network.connectivity import Connectivity
from neurorules.options import Options
from neurorules.study.load import Study
from neurorules.study.yaml_source import BASE_CONFIG, merge
from neurorules.tasks.base.trials import Trials

HIDDEN = ["recurrent", "input", "bias", "initial_state"]


# ---- RTRL and SnAp


@pytest.mark.parametrize("learning_rule", ["rtrl", "snap2", "uoro"])
def test_groups_of_trials_join(learning_rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One trial at a time, and two, of five."""
    problem = make_problem(trials=5, steps=7, constraint="sparse")
    together = estimated_gradient(problem, learning_rule)
    for numbers in (1, 2 * 11 * 11 * 16):
        for module in (rtrl, uoro):
            monkeypatch.setitem(module.NUMBERS_TOGETHER, "cpu", numbers)
        monkeypatch.setattr("neurorules.learning.snap2.NUMBERS_TOGETHER", rtrl.NUMBERS_TOGETHER)
        assert_equal(estimated_gradient(problem, learning_rule), together)


def chain(units: int) -> Problem:
    """Unit 0 projects to unit 1, this to unit 2, and so on; every unit is read out."""
    problem = make_problem("tanh", units=units, steps=12)
    return replace(problem, connectivity=Connectivity(False, torch.as_tensor(np.eye(units, k=-1)), None))


def by_snap(problem: Problem, n: int) -> dict[str, np.ndarray]:
    """The gradient of SnAp-n."""
    rule = type(f"SnAp{n}", (SnAp2,), {"STEPS": n})
    architecture, trials = Architecture(ACTIVATIONS["tanh"], problem.alpha, problem.connectivity), problem.trials
    estimator = rule.estimator(Options({}), problem.parameters, architecture, trials.n_steps, trials.n_trials, [0])
    return gradient_by(estimator, problem)


def test_snap_reaches_one_unit_further_with_every_step_until_it_is_rtrl() -> None:
    """In a chain of five units, the first unit's parameters reach the last one at n = 5."""
    problem = chain(5)
    exact = autograd_gradient(problem)
    for n in range(1, 8):
        ours = by_snap(problem, n)
        assert_equal({"bias": ours["bias"]}, {"bias": within_neighbourhoods(problem, n)["bias"]})
        # The last n units reach everything that they reach at all.
        error = np.abs(ours["bias"] - exact["bias"])
        assert (error[max(0, 5 - n) :] < 1e-12).all()
        assert (error[: max(0, 5 - n)] > 1e-9).all()
    assert_equal(by_snap(problem, 5), exact)


def test_neighbourhoods_of_a_chain() -> None:
    exists = np.eye(4, k=-1, dtype=bool)
    units, kept = neighbourhoods(exists, 3)
    assert [list(row[keep]) for row, keep in zip(units, kept, strict=True)] == [[0, 1, 2], [1, 2, 3], [2, 3], [3]]
    assert [list(row[~keep]) for row, keep in zip(units, kept, strict=True)] == [[], [], [2], [3, 3]]
    units, _ = neighbourhoods(exists, 1)
    assert units.tolist() == [[0], [1], [2], [3]]


def test_snap1_is_eprop_with_the_own_weight_and_snap2_with_dense_weights_is_rtrl() -> None:
    problem = make_problem()
    assert_equal(estimated_gradient(problem, "snap1"), estimated_gradient(problem, "eprop_diagonal"))
    assert_equal(estimated_gradient(problem, "snap2"), estimated_gradient(problem, "rtrl"))
    assert_equal(estimated_gradient(problem, "rtrl"), estimated_gradient(problem, "bptt"))


def test_a_network_too_large_for_rtrl_is_refused_at_planning() -> None:
    import yaml

    def study(learning_rule: str, **network: object) -> Study:
        entry = {"tasks": ["hatsopoulos2007"], "learning_rules": [learning_rule], "settings": ["mine"]}
        mine = {"use_figures": ["fig7"], "settings": {"mine": {"network": network}}}
        change = {**mine, "figures": {"fig7": {**entry, "extra_models": []}}}
        return Study(merge(yaml.safe_load(BASE_CONFIG.read_text()), change))

    for learning_rule, allowed in (("rtrl", {"units": 64}), ("snap2", {"units": 64})):
        assert study(learning_rule, **allowed)
        with pytest.raises(InputError, match="MB") as caught:
            study(learning_rule, units=65)
        assert (caught.value.key, caught.value.value) == ("settings.mine.network.units", 65)
    assert study("snap2", units=128, density=0.1)
    with pytest.raises(InputError, match="density"):
        study("snap2", units=400, density=0.5)


# ---- UORO


def one_trial(copies: int) -> Problem:
    """The same trial many times, so that a batch has the loss of that trial."""
    problem = make_problem("tanh", units=2, steps=2, trials=1, noise=False, seed=3)
    trials = problem.trials
    inputs, targets = (np.repeat(part, copies, 1) for part in (trials.inputs, trials.targets))
    same = Trials(inputs, targets, np.ones((2, copies), bool), np.zeros(copies, np.int64))
    return replace(problem, trials=same)


def test_uoro_is_bptt_in_the_mean_over_all_signs() -> None:
    """Two units and t = 0, 1, 2: all 64 combinations of signs, one for each copy of a trial."""
    problem = one_trial(64)
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=6))).reshape(64, 3, 2).transpose(1, 0, 2)
    estimator = make_estimator(problem, "uoro")
    estimator.learning_rule.gradient = lambda k, forward: uoro.rank_one_gradient(forward, torch.as_tensor(signs))
    assert_equal(gradient_by(estimator, problem), autograd_gradient(problem))


def test_uoro_equals_its_formula() -> None:
    """Trial by trial and step by step, with the factors that give s and v the same norm."""
    problem = make_problem(noise=True, units=4, trials=3, steps=6)
    p, alpha, f = {k: v.numpy() for k, v in problem.parameters.named().items()}, problem.alpha, FUNCTIONS["retanh"]
    signs = np.where(drawn_normals(5, (7, 3, 4), 1.0).numpy() < 0, -1.0, 1.0)
    a = torch.as_tensor(np.tile(p["initial_state"], (3, 1))).requires_grad_()
    states, hidden = [a], [f(a)]
    for t in range(6):
        drive = hidden[-1] @ problem.parameters.recurrent.T + torch.as_tensor(
            problem.trials.inputs[t] @ p["input"].T + p["bias"]
        )
        a = ((1 - alpha) * states[-1] + alpha * drive).detach().requires_grad_()
        states.append(a)
        hidden.append(f(a) + problem.noise[t])
    h = torch.stack(hidden[1:])
    y = h @ problem.parameters.readout.T + problem.parameters.readout_bias
    scored = torch.as_tensor(problem.trials.scored)
    error = (y - torch.as_tensor(problem.trials.targets))[scored]
    loss = error.square().mean() + problem.penalty * h.square().mean()
    signal = torch.autograd.grad(loss, states[1:])  # c_t: every state is a leaf
    total = np.zeros((4, 9))
    for b in range(3):
        s, v = signs[0, b].copy(), np.zeros((4, 9))
        v[:, -1] = signs[0, b]
        for t in range(1, 7):
            slope = 1 - np.tanh(states[t - 1][b].detach().numpy()) ** 2
            slope *= states[t - 1][b].detach().numpy() > 0
            z = np.concatenate([hidden[t - 1][b].detach().numpy(), problem.trials.inputs[t - 1, b], [1.0], [0.0]])
            passed = ((1 - alpha) * np.eye(4) + alpha * p["recurrent"] * slope) @ s
            injected = alpha * np.outer(signs[t, b], z)
            rho0 = np.sqrt(np.linalg.norm(v) / np.linalg.norm(passed))
            rho1 = np.sqrt(np.linalg.norm(injected) / np.linalg.norm(signs[t, b]))
            s, v = rho0 * passed + rho1 * signs[t, b], v / rho0 + injected / rho1
            total += (signal[t - 1][b].numpy() @ s) * v
    expected = {"recurrent": total[:, :4], "input": total[:, 4:7], "bias": total[:, 7], "initial_state": total[:, 8]}
    ours = estimated_gradient(problem, "uoro", seed=5)
    assert_equal({name: ours[name] for name in expected}, expected, tolerance=1e-5)  # its epsilon is 1e-7


@pytest.mark.parametrize("constraint", ["none", "dale-sparse"])
def test_uoro_estimates_the_gradient_of_bptt(constraint: str) -> None:
    problem = make_problem("tanh", steps=4, trials=40, units=3, constraint=constraint)
    exact = flattened(autograd_gradient(problem), HIDDEN)
    estimator = make_estimator(problem, "uoro")
    drawn = np.stack([flattened(gradient_by(estimator, problem), HIDDEN) for _ in range(600)])
    assert_means_agree(drawn, exact[None], precision=0.03)


# ---- MDGL


@pytest.mark.parametrize("reach", ["synapses", "all"])
@pytest.mark.parametrize("constraint", ["dale", "dale-sparse"])
def test_mdgl_weighs_messages_by_the_mean_of_its_pairs(constraint: str, reach: str) -> None:
    problem = problem_for("mdgl", constraint=constraint)
    assert_equal(estimated_gradient(problem, "mdgl", reach=reach), by_messages(problem, type_means(problem, reach)))


def test_mdgl_whose_types_have_one_weight_each_is_bptt_cut_after_one_synapse() -> None:
    """Then the means are the weights, where there are synapses."""
    problem = problem_for("mdgl", constraint="dale-sparse")
    types = problem.connectivity.cell_types
    values = torch.as_tensor(np.random.default_rng(0).random((4, 4)) + 0.1)
    problem.parameters.recurrent.copy_(values[types][:, types])
    weights = constrained(problem.connectivity, problem.parameters.recurrent).numpy()
    assert_equal(estimated_gradient(problem, "mdgl"), by_messages(problem, weights))


def test_mdgl_that_reaches_all_units_is_modprop_with_one_tap() -> None:
    problem = problem_for("modprop", constraint="dale-sparse")
    one_tap = estimated_gradient(problem, "modprop", variant="paper", taps=1)
    assert_equal(estimated_gradient(problem, "mdgl", reach="all"), one_tap)


# ---- KeRNL


def test_kernl_equals_its_formula_with_any_weights() -> None:
    problem = make_problem()
    estimator = make_estimator(problem, "kernl")
    rng = np.random.default_rng(0)
    estimator.learning_rule.sensitivity.copy_(torch.as_tensor(rng.standard_normal((11, 11))))
    estimator.learning_rule.kernel.copy_(torch.as_tensor(rng.random((1, 11))))
    expected = by_kernel(problem, estimator.learning_rule.sensitivity, estimator.learning_rule.kernel)
    assert_equal(gradient_by(estimator, problem), expected)


def test_kernl_that_does_not_learn_its_kernel_is_eprop() -> None:
    problem = make_problem()
    assert_equal(estimated_gradient(problem, "kernl", rate=0.0), estimated_gradient(problem, "eprop"))


@pytest.mark.parametrize("window", [4, 1000])
def test_kernl_learns_from_a_perturbed_copy_of_the_network(window: int) -> None:
    """Two runs, one of them kicked by 1e-6 psi at every step and set equal to the other after each window; the mismatch
    of kernel and difference, differentiated automatically."""
    problem = make_problem("tanh", steps=9, trials=4, units=5, noise=False)
    estimator = make_estimator(problem, "kernl", seed=3, rate=0.25, window_steps=window)
    rule, alpha, p = estimator.learning_rule, problem.alpha, problem.parameters
    rng = np.random.default_rng(1)
    rule.sensitivity.add_(torch.as_tensor(0.3 * rng.standard_normal((5, 5))))
    beta, kernel = rule.sensitivity.clone().requires_grad_(), rule.kernel.clone().requires_grad_()
    psi = drawn_normals(3, (10, 4, 5), 1.0)
    inputs = torch.as_tensor(problem.trials.inputs)
    a = p.initial_state.expand(4, -1)
    loss, squares, slopes = 0.0, torch.zeros(5), torch.zeros(5)
    for t in range(10):
        if t > 0:
            drive = inputs[t - 1] @ p.input.T + p.bias
            a = (1 - alpha) * a + alpha * (a.tanh() @ p.recurrent.T + drive)
        if t % window == 0:
            kicked, trace, change = a + 1e-6 * psi[t], psi[t], torch.zeros(4, 5)
        else:
            kicked = (1 - alpha) * kicked + alpha * (kicked.tanh() @ p.recurrent.T + drive) + 1e-6 * psi[t]
            trace, change = kernel * trace + psi[t], kernel.detach() * change + trace.detach()
        loss = loss + 0.5 * (trace @ beta.T - (kicked - a) / 1e-6).square().sum() / 40
        squares, slopes = squares + trace.detach().square().sum(0) / 40, slopes + change.square().sum(0) / 40
    by_beta, by_kernel_ = torch.autograd.grad(loss, [beta, kernel])
    gradient_by(estimator, problem)
    expected = beta.detach() - 0.25 * by_beta / squares
    np.testing.assert_allclose(rule.sensitivity, expected, rtol=0, atol=1e-5)
    step = 0.25 * by_kernel_ / (slopes * beta.detach().square().sum(0))
    np.testing.assert_allclose(rule.kernel, (kernel.detach() - step).clamp(0, 1), rtol=0, atol=1e-5)
    assert (rule.kernel - kernel.detach()).abs().max() > 1e-3


def test_kernl_becomes_bptt_where_its_kernel_is_the_networks_own() -> None:
    """Linear units that act on themselves alone: what unit i does to itself decays by 1 - alpha + alpha w_ii."""
    problem = make_problem("relu", steps=40, trials=20, units=4, noise=False)
    p, own = problem.parameters, torch.tensor([-1.0, -0.3, 0.2, 0.7], dtype=torch.float64)
    p.recurrent.copy_(torch.diag(own))
    p.bias.fill_(30.0)
    p.initial_state.fill_(30.0)
    estimator = make_estimator(problem, "kernl", rate=0.5, window_steps=1000)
    for _ in range(60):
        ours = gradient_by(estimator, problem)
    np.testing.assert_allclose(estimator.learning_rule.kernel[0], 0.9 + 0.1 * own, rtol=0, atol=1e-5)
    np.testing.assert_allclose(estimator.learning_rule.sensitivity, np.eye(4), rtol=0, atol=1e-4)
    exact = autograd_gradient(problem)
    assert_equal({name: ours[name] for name in HIDDEN}, {name: exact[name] for name in HIDDEN}, tolerance=1e-3)


# ---- reward-modulated Hebbian learning

PLAIN = {"sigma": 1e-3, "probability": 1.0, "fluctuation": "perturbation", "nonlinearity": "identity"}


def perturbed_run(problem: Problem, xi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Loss of each trial, states a_0..a_T, and z_0..z_{T-1}, with xi_0 on the initial state and xi_t on step t."""
    p, alpha = problem.parameters, problem.alpha
    f, trials = FUNCTIONS[problem.activation], problem.trials
    inputs, kicks = torch.as_tensor(trials.inputs), torch.as_tensor(xi)
    a = p.initial_state + alpha * kicks[0]
    h, states, z, losses = f(a), [a], [], torch.zeros(trials.n_trials, dtype=torch.float64)
    for t in range(trials.n_steps):
        z.append(torch.cat([h, inputs[t], torch.ones(trials.n_trials, 1)], 1))
        drive = h @ constrained(problem.connectivity, p.recurrent).T + inputs[t] @ p.input.T + p.bias
        a = (1 - alpha) * a + alpha * (drive + kicks[t + 1])
        h = f(a) + (0.0 if problem.noise is None else problem.noise[t])
        states.append(a)
        y, target = h @ p.readout.T + p.readout_bias, torch.as_tensor(trials.targets[t])
        if problem.loss == "regression":
            each = (y - target).square().mean(1)
        else:
            each = torch.nn.functional.cross_entropy(y, target, reduction="none")
        losses += torch.as_tensor(trials.scored[t]) * each / trials.scored.sum()
        losses += problem.penalty * h.square().sum(1) / (trials.n_steps * h.numel())
    return losses.numpy(), torch.stack(states).numpy(), torch.stack(z).numpy()


@pytest.mark.parametrize("fluctuation", ["observed", "perturbation"])
@pytest.mark.parametrize("nonlinearity", ["cube", "identity"])
@pytest.mark.parametrize("loss, noise", [("regression", True), ("choice", False)])
def test_reward_hebbian_equals_its_formula(loss: str, noise: bool, nonlinearity: str, fluctuation: str) -> None:
    """By loops over trials and steps, for the same draws; perturbations come to a third of the units at a step. Of two
    updates, the second is compared with the running mean of the first."""
    problem = make_problem("tanh", noise, loss, steps=5, trials=4, units=3)
    options = {"sigma": 0.7, "probability": 0.3, "fluctuation": fluctuation, "nonlinearity": nonlinearity}
    estimator = make_estimator(problem, "reward_hebbian", seed=5, baseline="running-mean", **options)
    baseline = perturbed_run(problem, np.zeros((6, 4, 3)))[0].mean()
    cube: Callable[[np.ndarray], np.ndarray] = (lambda x: x**3) if nonlinearity == "cube" else (lambda x: x)
    for draw in range(2):
        # The quantile 0.3 of the normal distribution (Abramowitz and Stegun, table 26.5).
        xi = (
            drawn_normals(5, (6, 4, 3), 0.7, draw).numpy()
            * (drawn_normals(6, (6, 4, 3), 1.0, draw) < -0.5244005).numpy()
        )
        losses, states, z = perturbed_run(problem, xi)
        total, first = np.zeros((3, 7)), np.zeros(3)
        variance = 0.3 * (3 * 0.7**4 if nonlinearity == "cube" else 0.7**2)
        scale = (
            variance
            if fluctuation == "perturbation"
            else variance * problem.alpha ** (3 if nonlinearity == "cube" else 1)
        )
        for b in range(4):
            mean = states[0, b]
            for t in range(5):
                phi = xi[t + 1, b] if fluctuation == "perturbation" else states[t + 1, b] - mean
                mean = 0.05 * mean + 0.95 * states[t + 1, b]
                total += (losses[b] - baseline) * cube(np.outer(phi, z[t, b])) / scale
            first += (losses[b] - baseline) * cube(xi[0, b]) / (variance * problem.alpha)
        expected = {"recurrent": total[:, :3], "input": total[:, 3:6], "bias": total[:, 6], "initial_state": first}
        ours = gradient_by(estimator, problem)
        assert_equal({name: ours[name] for name in expected}, expected, tolerance=1e-9)
        baseline = 0.75 * baseline + 0.25 * losses.mean()
    readout = autograd_gradient(problem)
    assert_equal({"readout": ours["readout"]}, {"readout": readout["readout"]})


@pytest.mark.parametrize(
    "nonlinearity, constraint", [("identity", "none"), ("identity", "dale-sparse"), ("cube", "none")]
)
def test_reward_hebbian_estimates_bptt_or_its_gradient_with_cubed_activity(nonlinearity: str, constraint: str) -> None:
    """With small perturbations and the loss without them as the baseline."""
    problem = make_problem("tanh", steps=4, trials=30, units=3, constraint=constraint, noise=False)
    exact = autograd_gradient(problem)
    if nonlinearity == "cube":
        exact = cubed_activity(problem)
    options = {**PLAIN, "nonlinearity": nonlinearity, "baseline": "unperturbed"}
    estimator = make_estimator(problem, "reward_hebbian", **options)
    drawn = np.stack([flattened(gradient_by(estimator, problem), HIDDEN) for _ in range(1500)])
    assert_means_agree(drawn, flattened(exact, HIDDEN)[None], precision=0.1 if nonlinearity == "cube" else 0.05)


def cubed_activity(problem: Problem) -> dict[str, np.ndarray]:
    """sum_t dL/d(drive_t) z_{t-1}^3, with the total derivative by automatic differentiation."""
    p, alpha, f, trials = problem.parameters, problem.alpha, FUNCTIONS[problem.activation], problem.trials
    inputs = torch.as_tensor(trials.inputs)
    kicks = torch.zeros(trials.n_steps + 1, trials.n_trials, p.sizes.units, dtype=torch.float64, requires_grad=True)
    a = p.initial_state + kicks[0]
    h, activity = f(a), [f(a)]
    for t in range(trials.n_steps):
        a = (1 - alpha) * a + alpha * (h @ p.recurrent.T + inputs[t] @ p.input.T + p.bias + kicks[t + 1])
        h = f(a)
        activity.append(h)
    hidden = torch.stack(activity[1:])
    scored = torch.as_tensor(trials.scored)
    error = (hidden @ p.readout.T + p.readout_bias - torch.as_tensor(trials.targets))[scored]
    loss = error.square().mean() + problem.penalty * hidden.square().mean()
    (by_kick,) = torch.autograd.grad(loss, kicks)
    before = torch.stack(activity[:-1]).detach()
    return {
        "recurrent": torch.einsum("tbi,tbj->ij", by_kick[1:], before**3).numpy(),
        "input": torch.einsum("tbi,tbj->ij", by_kick[1:], inputs**3).numpy(),
        "bias": by_kick[1:].sum((0, 1)).numpy(),
        "initial_state": by_kick[0].sum(0).numpy(),
    }
