"""Lyapunov exponents and gradient flossing, against eigenvalues, determinants, chaotic systems and differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.local_flossing import unrolled
from helpers.options import model_options, network_options, training_options
from scipy.linalg import eigh_tridiagonal
from scipy.optimize import brentq

from neurorules.dynamics.lyapunov import lyapunov_exponents
from neurorules.errors import InputError
from neurorules.network.activations import ACTIVATIONS
from neurorules.network.architecture import Architecture, make_architecture
from neurorules.network.architectures.base.cell import load_architecture, load_cell, tensor_functions
from neurorules.network.cell_tangent import cell_exponents_along
from neurorules.network.connectivity import Connectivity, draw_mask
from neurorules.network.initialisation import initialise
from neurorules.network.parameters import Parameters, Sizes
from neurorules.network.tangent import exponents_along, propagate, random_basis, states, tangent_step
from neurorules.study.load import load_study
from neurorules.tasks.base.task import make_task
from neurorules.training.compiled_flossing import LocalFlossing
from neurorules.training.flossing import FullFlossing, floss
from neurorules.training.train import train

STUDY = load_study("config/config.yaml")
FREE = Connectivity(False, None, None)


def options_of(**network):
    return network_options(**{"tau_steps": 2, "noise_sd": 0.0, **network})


def romo():
    return make_task("romo", STUDY.config["tasks"]["romo"]["task"], None)


def network_of(n_inputs=1, n_outputs=2, seed=0, dtype=torch.float64, **network):
    options = options_of(**network)
    sizes = Sizes(n_inputs, options.units, n_outputs)
    mask = draw_mask(sizes.units, options, np.random.default_rng(seed + 1))
    theta = initialise(sizes, options, np.random.default_rng(seed), mask, dtype=dtype)
    return theta, make_architecture(options, [mask], theta.flat)


def basis_of(n_trials, n_units, k, seed=0):
    return random_basis(n_trials, n_units, k, torch.Generator().manual_seed(seed))


def logs_along(jacobians, k, seed=0):
    """log |R_ii| along a product of given matrices, (step, dimension, dimension)."""
    logs, _ = propagate(lambda t, q: jacobians[t] @ q, len(jacobians), basis_of(1, jacobians.shape[-1], k, seed))
    return logs[:, 0]


# ---- propagation


@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0])
def test_a_linear_network_has_the_logarithms_of_its_eigenvalues_moduli(alpha):
    n, warm_up, n_steps = 6, 2000, 30_000
    weights = torch.as_tensor(np.random.default_rng(3).standard_normal((n, n)) / np.sqrt(n))
    ones = torch.ones(1, n, dtype=torch.float64)  # f' of a linear network
    logs, _ = propagate(lambda t, q: tangent_step(weights, ones, alpha, q), warm_up + n_steps, basis_of(1, n, n))
    eigenvalues = np.linalg.eigvals((1 - alpha) * np.eye(n) + alpha * weights.numpy())
    expected = np.sort(np.log(np.abs(eigenvalues)))[::-1]
    # A complex pair turns in its plane, so that its two exponents are equal in the mean over many turns only.
    assert logs[warm_up:].mean(0)[0].numpy() == pytest.approx(expected, abs=1e-4)


def test_a_symmetric_linear_network_needs_no_long_average():
    n, alpha = 10, 0.3
    factor = np.random.default_rng(0).standard_normal((n, n))
    weights = torch.as_tensor((factor + factor.T) / np.sqrt(2 * n))
    ones = torch.ones(1, n, dtype=torch.float64)
    logs, _ = propagate(lambda t, q: tangent_step(weights, ones, alpha, q), 3000, basis_of(1, n, 4))
    eigenvalues = np.linalg.eigvalsh((1 - alpha) * np.eye(n) + alpha * weights.numpy())
    assert logs[-1, 0].numpy() == pytest.approx(np.sort(np.log(np.abs(eigenvalues)))[::-1][:4], abs=1e-4)


@pytest.mark.parametrize("activation", ["relu", "retanh", "tanh"])
def test_all_exponents_sum_to_the_mean_log_determinant(activation):
    theta, architecture = network_of(activation=activation, gain=1.3, n_inputs=1)
    inputs = torch.as_tensor(romo().batch(np.random.default_rng(0), 5).inputs).double()
    trajectory = states(theta, architecture.activation, architecture.alpha, inputs)
    slopes = architecture.activation.slope(trajectory)
    jacobians = (1 - architecture.alpha) * torch.eye(12, dtype=torch.float64) + architecture.alpha * (
        theta.recurrent * slopes.unsqueeze(-2)
    )
    expected = torch.linalg.slogdet(jacobians)[1].mean()
    exponents, _ = exponents_along(theta, architecture, inputs, basis_of(5, 12, 12))
    assert float(exponents.sum()) == pytest.approx(float(expected), abs=1e-6)


def test_the_henon_map_has_its_published_exponents():
    """Largest exponent .41922 at a = 1.4, b = .3 (Sprott, Chaos and Time-Series Analysis); their sum is log b."""
    a, b, warm_up, n_steps = 1.4, 0.3, 1000, 60_000
    x, y, jacobians = 0.1, 0.1, np.zeros((warm_up + n_steps, 2, 2))
    for t in range(len(jacobians)):
        jacobians[t] = [[-2 * a * x, 1.0], [b, 0.0]]
        x, y = 1 - a * x * x + y, b * x
    exponents = logs_along(torch.as_tensor(jacobians), 2)[warm_up:].mean(0).numpy()
    assert exponents[0] == pytest.approx(0.41922, abs=4e-3)
    assert exponents.sum() == pytest.approx(np.log(b), abs=1e-9)


def mean_field_exponent(gain):
    """Largest exponent, per tau, of dx/dt = -x + g J tanh(x) at infinite N (Sompolinsky, Crisanti and Sommers 1988).

    The autocorrelation c(s) of x moves in a potential, c'' = -dV/dc with V(c) = -c^2/2 + g^2 <F F>, F = log cosh, from
    rest at c(0), where V is as at c = 0. With E_0 the lowest eigenvalue of -d^2/ds^2 + 1 - g^2 <f' f'>(s), the exponent
    is -1 + sqrt(1 - E_0).
    """
    points, weights = np.polynomial.hermite_e.hermegauss(41)
    weights = weights / weights.sum()

    def average(f, c, c0):
        """<f(u) f(v)> of Gaussians of variance c0 and covariance c."""
        rho = np.clip(c / c0, -1.0, 1.0)
        u = np.sqrt(c0) * points
        v = np.sqrt(c0) * (rho * points[:, None] + np.sqrt(1 - rho**2) * points)
        return float(np.sum(weights[:, None] * weights * f(u)[:, None] * f(v)))

    def log_cosh(u):
        return np.log(np.cosh(u))

    def speed(c, c0):
        return np.sqrt(max(c * c - 2 * gain**2 * (average(log_cosh, c, c0) - average(log_cosh, 0.0, c0)), 0.0))

    def well(c, c0):
        return 1 - gain**2 * average(lambda u: 1 / np.cosh(u) ** 2, c, c0)

    def potential_difference(c0):
        return -(c0**2) / 2 + gain**2 * (average(log_cosh, c0, c0) - average(log_cosh, 0.0, c0))

    c0 = brentq(potential_difference, 1e-3, gain**2)
    h = 0.05
    half_step = c0 + h * h / 2 * (c0 - gain**2 * average(np.tanh, c0, c0))  # from rest
    correlation = [c0, half_step]
    while correlation[-1] > 1e-3 * c0:
        c = correlation[-1]
        correlation.append(max(c - h * speed(c - h / 2 * speed(c, c0), c0), 0.0))
    right = np.array([well(c, c0) for c in correlation] + [well(0.0, c0)] * 600)
    walls = np.concatenate([right[:0:-1], right])
    n = len(walls)
    lowest = eigh_tridiagonal(2 / h**2 + walls, -np.ones(n - 1) / h**2, select="i", select_range=(0, 0))[0][0]
    return float(np.sqrt(1 - lowest) - 1)


def test_the_largest_exponent_of_a_random_network_is_that_of_mean_field_theory():
    """At gain 2, in steps of tau / 10 and with 800 units, within .03 / tau of a theory without steps and of
    infinitely many units.

    Below gain 1 the state decays to 0, where the exponent is the logarithm of the largest eigenvalue's modulus.
    """
    alpha, n = 0.1, 800

    def largest(gain, seed):
        sizes, rng = Sizes(1, n, 1), np.random.default_rng(seed)
        weights = Parameters(sizes, dtype=torch.float64)
        weights.recurrent.copy_(torch.as_tensor(gain * rng.standard_normal((n, n)) / np.sqrt(n)))
        weights.initial_state.copy_(torch.as_tensor(rng.standard_normal(n)))
        tanh = ACTIVATIONS["tanh"]
        slopes = tanh.slope(states(weights, tanh, alpha, torch.zeros(3000, 1, 1, dtype=torch.float64)))[500:]
        logs, _ = propagate(
            lambda t, q: tangent_step(weights.recurrent, slopes[t], alpha, q), len(slopes), basis_of(1, n, 1)
        )
        return float(logs[500:].mean()) / alpha, weights.recurrent

    decaying, weights = largest(0.5, 0)
    eigenvalues = np.linalg.eigvals((1 - alpha) * np.eye(n) + alpha * weights.numpy())
    assert decaying == pytest.approx(np.log(np.abs(eigenvalues).max()) / alpha, abs=0.02)
    expected = mean_field_exponent(2.0)
    assert np.mean([largest(2.0, seed)[0] for seed in range(3)]) == pytest.approx(expected, abs=0.03)
    assert expected > 0.06  # so that the chaotic network is told from one at the edge


# ---- states and runs


@pytest.mark.parametrize("activation", ["relu", "retanh", "tanh"])
def test_states_are_those_of_the_network(activation):
    theta, architecture = network_of(activation=activation, gain=1.2)
    theta.initial_state.copy_(torch.linspace(-1, 1, 12, dtype=torch.float64))
    inputs = torch.as_tensor(romo().batch(np.random.default_rng(0), 3).inputs).double()
    trajectory = states(theta, architecture.activation, architecture.alpha, inputs)
    network = architecture.network(theta, len(inputs), 3)
    network.forward(inputs)
    assert torch.allclose(architecture.activation.function(trajectory), network.activity[:-1], atol=1e-12)
    slope = torch.empty_like(trajectory)
    network.derivative(0, len(inputs), slope)
    assert torch.equal(architecture.activation.slope(trajectory) > 0, slope > 0)
    assert torch.allclose(architecture.activation.slope(trajectory), slope, atol=1e-12)


def trained(**training):
    few = {"updates": 2, "batch_size": 4, "n_checkpoints": 2, "activity_penalty": 0.0, "flossing_exponents": 3}
    network = {"tau_steps": 2, "noise_sd": 0.0, "activation": "relu"}
    return train(model_options(task_name="romo", network=network, training={**few, **training}), [0], romo())[0]


def test_exponents_of_a_run_are_those_of_its_weights():
    run = trained()
    own = options_of(activation="relu")
    first = lyapunov_exponents(run, 0, own, romo(), 1, n_exponents=3, n_passes=4)
    every = lyapunov_exponents(run, 0, own, romo(), 1, n_passes=4)
    assert first.shape == (3,) and every.shape == (12,)
    assert np.all(np.diff(every) <= 0)
    assert first == pytest.approx(every[:3], abs=0.02)  # other bases to begin with, the same network and trials
    run["recurrent"][0] = 0.0  # only the leak is left
    assert lyapunov_exponents(run, 0, own, romo(), 1) == pytest.approx(np.log(0.5), abs=1e-12)


def test_exponents_of_a_run_do_not_depend_on_the_first_basis():
    """The earlier passes are for this: random initial bases would cost .04 per step in a trial of 56 steps."""
    run, own = trained(), options_of(activation="relu", units=12)
    one, other = (lyapunov_exponents(run, -1, own, romo(), seed, n_exponents=1, n_passes=40) for seed in (1, 2))
    assert one == pytest.approx(other, abs=5e-3)


# ---- flossing


def loss_at(values, like, architecture, inputs, basis):
    return float(exponents_along(Parameters(like.sizes, values), architecture, inputs, basis)[0].square().sum())


@pytest.mark.parametrize("activation", ["retanh", "tanh", "relu"])
def test_the_gradient_of_the_full_flossing_loss_is_that_of_finite_differences(activation):
    theta, architecture = network_of(activation=activation, gain=1.4, units=6, seed=2)
    theta.initial_state.copy_(torch.linspace(0.1, 0.9, 6, dtype=torch.float64))
    inputs = torch.as_tensor(romo().batch(np.random.default_rng(1), 2).inputs).double()[:20]
    basis = basis_of(2, 6, 3)
    gradient = FullFlossing(theta, architecture)(inputs, basis)[2]
    step, differences = 1e-6, torch.zeros_like(theta.flat)
    for i in range(len(theta.flat)):
        ends = []
        for sign in (1, -1):
            moved = theta.flat.clone()
            moved[i] += sign * step
            ends.append(loss_at(moved, theta, architecture, inputs, basis))
        differences[i] = (ends[0] - ends[1]) / (2 * step)
    assert float(differences.abs().max()) > 1e-2
    assert gradient.numpy() == pytest.approx(differences.numpy(), abs=1e-7)


@pytest.mark.parametrize("activation", ["relu", "retanh", "tanh"])
@pytest.mark.parametrize("k", [1, 3, 12])
def test_local_and_full_flossing_have_the_same_exponents_and_other_gradients(activation, k):
    theta, architecture = network_of(activation=activation, gain=1.4, seed=2)
    theta.initial_state.copy_(torch.linspace(-0.2, 0.9, 12, dtype=torch.float64))
    inputs = torch.as_tensor(romo().batch(np.random.default_rng(1), 2).inputs).double()
    given = inputs, basis_of(2, 12, k)
    full, full_basis, full_gradient = FullFlossing(theta, architecture)(*given)
    local, local_basis, local_gradient = LocalFlossing(theta, architecture, len(inputs), 2, k)(*given)
    assert local == pytest.approx(full, abs=1e-12)
    # The signs are those of LAPACK, and a direction that is nearly lost has a basis of larger rounding errors.
    assert local_basis.numpy() == pytest.approx(full_basis.numpy(), abs=1e-9)
    assert not torch.allclose(local_gradient, full_gradient, rtol=0.1)


@pytest.mark.parametrize("n_steps", [1, 10])
@pytest.mark.parametrize("activation", ["relu", "retanh", "tanh"])
def test_local_flossing_differentiates_a_step_by_its_own_weights_alone(activation, n_steps):
    """Every step has a copy of the weights here, and each log stretch is differentiated by all copies."""
    theta, architecture = network_of(activation=activation, gain=1.4, units=5, seed=1)
    theta.initial_state.copy_(torch.linspace(0.1, 0.9, 5, dtype=torch.float64))
    inputs = torch.as_tensor(romo().batch(np.random.default_rng(1), 2).inputs).double()[:n_steps]
    basis, k = basis_of(2, 5, 2), 2

    for local in (True, False):
        copies = [Parameters(theta.sizes, theta.flat.clone().requires_grad_()) for _ in range(n_steps)]
        reached = torch.zeros(n_steps, n_steps)
        for t, logs in enumerate(unrolled(copies, architecture, inputs, basis, local)):
            gradients = torch.autograd.grad(
                logs.sum(), [one.flat for one in copies], retain_graph=True, allow_unused=True
            )
            reached[t] = torch.tensor([0.0 if g is None else float(g.abs().max()) for g in gradients])
        others = reached - torch.diag(reached.diagonal())
        assert (reached.diagonal() > 0).all()
        assert (others == 0).all() if local else n_steps == 1 or (others != 0).any()

    # The gradient that training uses is the sum over these copies, which have the same value.
    weights = Parameters(theta.sizes, theta.flat.clone().requires_grad_())
    means = unrolled([weights] * n_steps, architecture, inputs, basis).mean((0, 1))
    means.square().sum().backward()
    flossing = LocalFlossing(theta, architecture, n_steps, 2, k)
    for _ in range(2):  # its memory is reused
        exponents, _, gradient = flossing(inputs, basis)
        assert exponents == pytest.approx(means.detach().numpy(), abs=1e-12)
        assert gradient.numpy() == pytest.approx(weights.flat.grad.numpy(), abs=1e-12)


FLOSSING = {"flossing_iterations": 60, "flossing_exponents": 2, "flossing_learning_rate": 1e-2, "flossing_trials": 4}


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("gain", [0.0, 0.3])
def test_flossing_brings_exponents_close_to_0(gain, local):
    theta, architecture = network_of(activation="relu", gain=gain, dtype=torch.float32)
    before = theta.flat.clone()
    history = floss(theta, architecture, romo(), training_options(**FLOSSING, flossing_local=local), 5)
    assert history.shape == (61, 2)
    assert (np.abs(history[0]) > 0.3).all()
    assert np.sum(history[-1] ** 2) < 0.2 * np.sum(history[0] ** 2)
    assert not torch.equal(theta.recurrent, Parameters(theta.sizes, before).recurrent)
    for name in ("readout", "readout_bias"):  # have no part in the dynamics
        assert torch.equal(getattr(theta, name), getattr(Parameters(theta.sizes, before), name))


@pytest.mark.parametrize("constraint", [{"density": 0.5}, {"dale": True}])
def test_flossing_keeps_constraints(constraint):
    theta, architecture = network_of(activation="relu", gain=0.5, dtype=torch.float32, **constraint)
    mask = architecture.connectivity.mask
    floss(theta, architecture, romo(), training_options(**{**FLOSSING, "flossing_iterations": 5}), 5)
    weights = architecture.connectivity.weights(theta).recurrent
    assert (weights[mask == 0] == 0).all()
    if "dale" in constraint:
        assert (weights * mask >= 0).all()


def test_flossing_comes_before_training_and_is_recorded():
    plain, flossed = trained(), trained(flossing_iterations=3)
    assert "flossing_exponents" not in plain
    assert flossed["flossing_exponents"].shape == (4, 3)
    assert not np.array_equal(plain["recurrent"][0], flossed["recurrent"][0])
    for name in ("readout", "bias", "input"):  # ReLU's derivative has none, so only W_h can change
        assert np.array_equal(plain[name][0], flossed[name][0])
    again = trained(flossing_iterations=3)
    assert flossed.identical(again)


def test_lost_exponents_are_said():
    """Without a leak, silent ReLU units forget at once: the last exponents are -infinity."""
    theta, _ = network_of(activation="relu", gain=0.5, dtype=torch.float32)
    theta.bias.fill_(-100.0)
    architecture = Architecture(ACTIVATIONS["relu"], 1.0, FREE)
    with pytest.raises(InputError, match="Lyapunov exponent") as error:
        floss(theta, architecture, romo(), training_options(**FLOSSING), 5)
    assert error.value.key == "training.flossing_exponents"


def test_flossing_that_fails_says_so():
    run = trained(flossing_iterations=5, flossing_learning_rate=1e308)
    assert isinstance(run, InputError)
    assert run.key == "training.flossing_learning_rate"


# ---- gated units


@pytest.mark.parametrize("activation", ["relu", "retanh", "tanh"])
def test_exponents_by_automatic_differentiation_are_those_of_the_written_jacobian(activation):
    """On leaky units, where the Jacobian is written out."""
    theta, architecture = network_of(activation=activation, gain=1.3)
    cell = load_cell(options_of(activation=activation), tensor_functions())
    inputs = torch.as_tensor(romo().batch(np.random.default_rng(0), 4).inputs).double()
    expected, expected_basis = exponents_along(theta, architecture, inputs, basis_of(4, 12, 3))
    ours, basis = cell_exponents_along(theta, cell, inputs, basis_of(4, 12, 3))
    assert ours.numpy() == pytest.approx(expected.numpy(), abs=1e-10)
    assert basis.numpy() == pytest.approx(expected_basis.numpy(), abs=1e-8)


@pytest.mark.parametrize("architecture, dimension", [("gru", 12), ("lstm", 24)])
def test_all_exponents_of_gated_units_sum_to_the_mean_log_determinant_of_pytorchs_module(architecture, dimension):
    sizes = load_architecture(architecture).sizes(1, 12, 2)
    options = options_of(architecture=architecture, activation="tanh", tau_steps=1, gain=1.3)
    theta = initialise(sizes, options, np.random.default_rng(0), dtype=torch.float64)
    inputs = torch.as_tensor(romo().batch(np.random.default_rng(0), 2).inputs[:15]).double()
    module = {"gru": torch.nn.GRUCell, "lstm": torch.nn.LSTMCell}[architecture](1, 12, dtype=torch.float64)
    with torch.no_grad():
        module.weight_ih.copy_(theta.input)
        module.weight_hh.copy_(theta.recurrent)
        module.bias_ih.copy_(theta.bias)
        module.bias_hh.zero_()
        if architecture == "gru":
            module.bias_hh[24:] = theta.named()["recurrent_bias"]

    def after(state, x):
        if architecture == "gru":
            return module(x[None], state[None])[0]
        h, c = module(x[None], (state[None, :12], state[None, 12:]))
        return torch.cat([h[0], c[0]])

    logs = []
    for trial in range(2):
        state = torch.zeros(dimension, dtype=torch.float64)
        for x in inputs[:, trial]:
            logs.append(torch.linalg.slogdet(torch.func.jacrev(after)(state, x))[1])
            state = after(state, x).detach()
    cell = load_cell(options, tensor_functions())
    exponents, _ = cell_exponents_along(theta, cell, inputs, basis_of(2, dimension, dimension))
    assert float(exponents.sum()) == pytest.approx(float(torch.stack(logs).mean().detach()), abs=1e-8)
