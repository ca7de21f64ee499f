"""Dynamical similarity analysis against dsa-metric called directly and linear systems of known eigenvalues."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from neurorules.errors import InputError
from neurorules.similarity.angles import descend, gradient, smallest_angles
from neurorules.similarity.dsa import DelayDynamics, dsa_distances, dynamics_distances


def rotations(angles_and_sizes: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Block-diagonal map of damped rotations, and its eigenvalues."""
    blocks = [s * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a, s in angles_and_sizes]
    n = 2 * len(blocks)
    matrix = np.zeros((n, n))
    for i, block in enumerate(blocks):
        matrix[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = block
    eigenvalues = np.array([s * np.exp(sign * 1j * a) for a, s in angles_and_sizes for sign in (1, -1)])
    return matrix, eigenvalues


def run(matrix: np.ndarray, seed: int, n_features: int, n_conditions: int = 20, n_times: int = 30) -> np.ndarray:
    """x[t + 1] = matrix x[t] from random states, seen through random features: (condition, time, feature)."""
    rng = np.random.default_rng(seed)
    state = rng.standard_normal((n_conditions, len(matrix)))
    states = [state]
    for _ in range(n_times - 1):
        states.append(states[-1] @ matrix.T)
    features = np.linalg.qr(rng.standard_normal((n_features, n_features)))[0][: len(matrix)]
    return np.stack(states, 1) @ features


SLOW, FAST = [(0.2, 0.99), (0.7, 0.97)], [(0.4, 0.98), (1.1, 0.95)]


def test_wasserstein_is_the_best_pairing_of_known_eigenvalues() -> None:
    (slow, eigenvalues_slow), (fast, eigenvalues_fast) = rotations(SLOW), rotations(FAST)
    cost = abs(eigenvalues_slow[:, None] - eigenvalues_fast) ** 2
    expected = cost[linear_sum_assignment(cost)].mean()
    x, y = run(slow, 0, n_features=12), run(fast, 1, n_features=9)
    for n_delays in (1, 5):
        found = dsa_distances(x, y, n_delays, rank=4, scores=["wasserstein"])
        assert set(found) == {"wasserstein"}
        assert found["wasserstein"] == pytest.approx(expected, rel=1e-3)
    spectrum = np.linalg.eigvals(DelayDynamics(x, 5).matrix(4))
    np.testing.assert_allclose(np.sort_complex(spectrum), np.sort_complex(eigenvalues_slow), atol=1e-4)


def test_one_system_seen_twice_is_at_distance_zero() -> None:
    slow, _ = rotations(SLOW)
    x, y = run(slow, 2, n_features=10), run(slow, 3, n_features=14)
    assert dsa_distances(x, y, 3, 4, ["wasserstein"])["wasserstein"] == pytest.approx(0, abs=1e-6)
    # In two dimensions the descent arrives; in four it stops at 0.05 of the same system seen twice.
    x = run(rotations(SLOW[:1])[0], 2, n_features=10)
    turned = 2.5 * x @ np.linalg.qr(np.random.default_rng(0).standard_normal((10, 10)))[0]
    found = dsa_distances(x, turned, 3, 2, restarts=1, iterations=300)
    # arccos is flat at 1: single precision is 5e-4 of an angle.
    assert found["angular"] == pytest.approx(0, abs=1e-3)
    assert found["wasserstein"] == pytest.approx(0, abs=1e-6)


def test_angle_between_multiples_of_rotations() -> None:
    """Rotations of the plane by a and b overlap by 2 cos(a - b) for any rotation C, 2 cos(a + b) for a reflection."""
    a, b = 0.3, 1.0
    x, y = (run(rotations([(angle, 1.0)])[0], seed, 5) for angle, seed in ((a, 0), (b, 1)))
    assert dsa_distances(x, y, 1, 2, ["angular"], restarts=1, iterations=200)["angular"] == pytest.approx(
        b - a, abs=2e-3
    )


def test_against_dsa_metric_itself() -> None:
    from DSA import DSA

    rng = np.random.default_rng(4)
    x, y = run(rotations(SLOW)[0], 5, 8), run(rotations(FAST)[0], 6, 7)
    x, y = x + 0.1 * rng.standard_normal(x.shape) + 1, y + 0.1 * rng.standard_normal(y.shape)
    direct = DSA(x, y, n_delays=3, rank=6, score_method="wasserstein").fit_score()
    # All features kept: embedded in turned axes the maps are the same.
    ours = dsa_distances(x, y, 3, 6, restarts=2, seed=11, iterations=150)
    assert ours["wasserstein"] == pytest.approx(direct, abs=1e-5)
    angles = []
    for seed in (11, 12):
        torch.manual_seed(seed)
        angles.append(DSA(x, y, n_delays=3, rank=6, score_method="angular", iters=150).fit_score())
    # Signs of singular vectors are free, and the descent begins elsewhere for others.
    assert ours["angular"] == pytest.approx(min(angles), abs=0.05)


def test_fewer_components_are_the_same_to_three_digits() -> None:
    """40 features of 4 signals and a little noise: 12 of them say what all do."""
    rng = np.random.default_rng(7)
    x, y = (run(rotations(o)[0], seed, 40, n_times=60) for o, seed in ((SLOW, 8), (FAST, 9)))
    x, y = x + 1e-3 * rng.standard_normal(x.shape), y + 1e-3 * rng.standard_normal(y.shape)
    everything = dsa_distances(x, y, 5, 4, ["wasserstein"], n_components=40)["wasserstein"]
    assert dsa_distances(x, y, 5, 4, ["wasserstein"], n_components=12)["wasserstein"] == pytest.approx(
        everything, rel=1e-3
    )


def test_one_decomposition_serves_all_ranks_and_comparisons() -> None:
    rng = np.random.default_rng(10)
    x, y = rng.standard_normal((2, 6, 20, 5))
    a, b = DelayDynamics(x, 4), DelayDynamics(y, 4)
    for rank in (3, 10, 3):
        for _ in range(2):
            options = {"restarts": 2, "seed": 3, "iterations": 20}
            assert dynamics_distances(a, b, rank, **options) == dsa_distances(x, y, 4, rank, **options)
    one, both = (dynamics_distances(a, b, 5, ["angular"], restarts=n, iterations=20)["angular"] for n in (1, 4))
    assert both <= one


def test_the_gradient_of_the_descent_is_that_of_autograd() -> None:
    rng = np.random.default_rng(11)
    a, b = rng.standard_normal((2, 3, 5, 5)) / 5
    start = rng.standard_normal((3, 4, 5, 5)) / 2
    given = torch.tensor(start, requires_grad=True)
    x, w_1, w_2, w_3 = given.unbind(1)
    z = torch.tanh(torch.tanh(x @ w_1.mT) @ w_2.mT) @ w_3.mT
    skew, identity = z - z.mT, torch.eye(5, dtype=torch.float64)
    c = torch.linalg.solve(identity + skew, identity - skew)
    loss = (torch.tensor(a) - c @ torch.tensor(b) @ c.mT).square().sum((1, 2))
    loss.sum().backward()
    np.testing.assert_allclose(gradient(a, b, start), given.grad.numpy(), atol=1e-12)
    # Ten steps of Adam.
    moving = torch.tensor(start, requires_grad=True)
    optimiser = torch.optim.Adam([moving], lr=5e-3)
    for _ in range(10):
        x, w_1, w_2, w_3 = moving.unbind(1)
        z = torch.tanh(torch.tanh(x @ w_1.mT) @ w_2.mT) @ w_3.mT
        c = torch.linalg.solve(identity + z - z.mT, identity - z + z.mT)
        optimiser.zero_grad()
        (torch.tensor(a) - c @ torch.tensor(b) @ c.mT).square().sum().backward()
        optimiser.step()
    x, w_1, w_2, w_3 = moving.detach().unbind(1)
    z = torch.tanh(torch.tanh(x @ w_1.mT) @ w_2.mT) @ w_3.mT
    c = torch.linalg.solve(identity + z - z.mT, identity - z + z.mT)
    np.testing.assert_allclose(descend(a, b, start, 10)[1], c.numpy(), atol=1e-9)


def test_a_pair_of_maps_has_the_same_angle_alone_and_among_others() -> None:
    a, b = np.random.default_rng(12).standard_normal((2, 3, 7, 7))
    together = smallest_angles(list(zip(a, b, strict=True)), 2, 0, 30)
    assert together.tolist() == [smallest_angles([pair], 2, 0, 30)[0] for pair in zip(a, b, strict=True)]


def test_directions_that_are_not_there_are_zeros() -> None:
    """Two dimensions of dynamics compared at rank 6: four eigenvalues of each are 0."""
    slow, eigenvalues = rotations(SLOW[:1])
    x = run(slow, 12, n_features=6)
    dynamics = DelayDynamics(x, 3)
    assert dynamics.n_dimensions == 2
    assert not dynamics.matrix(6)[2:].any() and not dynamics.matrix(6)[:, 2:].any()
    silent = np.zeros_like(x)
    found = dsa_distances(x, silent, 3, 6)
    assert found["angular"] == np.pi / 2
    assert found["wasserstein"] == pytest.approx((abs(eigenvalues) ** 2).sum() / 6, rel=1e-4)


def test_too_many_delays() -> None:
    with pytest.raises(InputError, match=r"(?s)20 delays.*15 times.*fewer delays"):
        DelayDynamics(np.zeros((72, 15, 4)), 20)
