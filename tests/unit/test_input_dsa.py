"""Dynamical similarity with inputs, against known driven systems and dsa-metric called directly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorules.errors import InputError
from neurorules.similarity.dsa import DelayDynamics, wasserstein
from neurorules.similarity.input_dsa import (
    SCORES,
    InputDynamics,
    angle,
    best_rotation,
    controllability_matrix,
    input_distances,
    operator_distances,
    varying_inputs,
)


def system(seed: int, n: int = 4, n_inputs: int = 2, radius: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    """Random A with this spectral radius, and B."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((n, n))
    return a * radius / abs(np.linalg.eigvals(a)).max(), rng.standard_normal((n, n_inputs))


def driven(
    a: np.ndarray, b: np.ndarray, seed: int = 0, n_conditions: int = 12, n_times: int = 20
) -> tuple[np.ndarray, np.ndarray]:
    """States x_t = a x_{t-1} + b u_t from random ones, (condition, time, direction), and white inputs."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n_conditions, n_times, b.shape[1]))
    states = [rng.standard_normal((n_conditions, len(a)))]
    for t in range(1, n_times):
        states.append(states[-1] @ a.T + inputs[:, t] @ b.T)
    return np.stack(states, axis=1), inputs


def orthogonal(n: int, seed: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]


def same_up_to_coordinates(
    found: tuple[np.ndarray, np.ndarray], expected: tuple[np.ndarray, np.ndarray], tolerance: float
) -> None:
    """Check that found = (W A W^-1, W B) with one W, which the controllability matrices give."""
    k_found, k_expected = controllability_matrix(*found), controllability_matrix(*expected)
    w = k_found @ np.linalg.pinv(k_expected)
    np.testing.assert_allclose(found[1], w @ expected[1], atol=tolerance * abs(found[1]).max())
    np.testing.assert_allclose(found[0] @ w, w @ expected[0], atol=tolerance * abs(w).max())


@pytest.mark.parametrize("n_inputs", [1, 3])
def test_a_known_system_is_recovered(n_inputs: int) -> None:
    """Conditions of six times: steps from the end of one to the start of the next would be a fifth of all."""
    a, b = system(1, n_inputs=n_inputs)
    states, inputs = driven(a, b, 2, n_conditions=30, n_times=6)
    activity = states @ np.random.default_rng(3).standard_normal((4, 9))
    found = InputDynamics(activity, inputs, 1).operators(4)
    same_up_to_coordinates(found, (a, b), 1e-5)
    np.testing.assert_allclose(
        np.sort_complex(np.linalg.eigvals(found[0])), np.sort_complex(np.linalg.eigvals(a)), 1e-5
    )
    # Inputs shifted by one time step give a different system.
    late = InputDynamics(activity, np.roll(inputs, 1, axis=1), 1).operators(4)
    assert abs(late[1]).max() < 0.5 * abs(found[1]).max()


def test_with_delays_the_eigenvalues_are_those_of_the_system_and_zeros() -> None:
    """x_{t-1} and u_t determine x_t, so three delays span 4 + 2 x 2 directions, of which four are shifts of inputs."""
    a, b = system(4)
    activity, inputs = driven(a, b, 5, n_conditions=40)
    dynamics = InputDynamics(activity, inputs, 3)
    assert dynamics.n_dimensions == 8
    found = np.linalg.eigvals(dynamics.operators(8)[0])
    expected = np.concatenate([np.linalg.eigvals(a), np.zeros(4)])
    assert wasserstein(found, expected) == pytest.approx(0, abs=1e-3)  # defective zeros turn errors into square roots


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), n_delays=st.integers(1, 3), scale=st.floats(1e-2, 1e3))
def test_rotated_scaled_and_reordered_activity_is_at_distance_zero(seed: int, n_delays: int, scale: float) -> None:
    a, b = system(seed)
    activity, inputs = driven(a, b, seed + 1)
    turned = scale * activity @ orthogonal(4, seed + 2)
    order = np.random.default_rng(seed).permutation(len(activity))
    dynamics = InputDynamics(activity, inputs, n_delays)
    other = InputDynamics(turned[order], inputs[order], n_delays)
    found = input_distances(dynamics, other, dynamics.n_dimensions)
    assert set(found) == set(SCORES)
    assert max(found.values()) < 1e-3
    # Symmetric.
    back = input_distances(other, dynamics, dynamics.n_dimensions)
    assert back == pytest.approx(found, abs=1e-3)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_invertible_maps_of_activity_and_units_of_one_input_make_no_difference(seed: int) -> None:
    """This holds if all directions count. Several inputs keep their relative units."""
    a, b = system(seed, n_inputs=1)
    activity, inputs = driven(a, b, seed + 1)
    sheared = activity @ (orthogonal(4, seed) * [1, 2, 3, 4]) @ orthogonal(4, seed + 3)
    x, y = InputDynamics(activity, inputs, 1), InputDynamics(sheared, 7 * inputs, 1)
    assert max(input_distances(x, y, 4).values()) < 1e-3


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_distances_are_angles_that_orthogonal_coordinates_do_not_change(seed: int) -> None:
    x, y = system(seed), system(seed + 1)
    turn = orthogonal(4, seed)
    found = operator_distances(x, y)
    assert 0 <= found["input"] <= np.pi / 2 + 1e-9
    assert all(0 <= distance <= np.pi for distance in found.values())
    assert operator_distances(x, (turn @ y[0] @ turn.T, turn @ y[1])) == pytest.approx(found, abs=1e-6)
    assert operator_distances(x, (turn @ x[0] @ turn.T, turn @ x[1])) == pytest.approx(
        dict.fromkeys(SCORES, 0), abs=1e-6
    )


def test_another_b_is_seen_where_plain_dsa_sees_nothing() -> None:
    """Decoupled modes with the same eigenvalues, of which the first or the last is driven most."""
    a = np.diag([0.95, 0.7, -0.5])
    b_x, b_y = np.array([[1.0], [0.1], [0.1]]), np.array([[0.1], [0.1], [1.0]])
    assert wasserstein(np.linalg.eigvals(a), np.linalg.eigvals(a)) == 0
    assert operator_distances((a, b_x), (a, b_y))["input"] > 0.5
    x, y = (driven(a, b, seed, n_conditions=200, n_times=30) for seed, b in ((0, b_x), (0, b_y)))
    plain = wasserstein(DelayDynamics(x[0], 1).eigenvalues(3), DelayDynamics(y[0], 1).eigenvalues(3))
    assert plain < 1e-3  # white inputs are noise to it, with the error of a finite sample
    seen = input_distances(InputDynamics(*x, 1), InputDynamics(*y, 1), 3)
    assert seen["input"] > 0.5
    same = input_distances(InputDynamics(*x, 1), InputDynamics(*driven(a, b_x, 1, 200, 30), 1), 3)
    assert same["input"] < 0.1


def test_plain_dsa_takes_the_time_course_of_inputs_for_dynamics() -> None:
    """One system with white inputs and with slow ones: the fit with inputs recovers the same A and B from both."""
    a, b = system(6)
    white, slow = np.random.default_rng(7).standard_normal((2, 40, 30, 2))
    slow = np.cumsum(slow, axis=1)
    made = []
    for inputs in (white, slow):
        states = [np.zeros((40, 4))]
        for t in range(1, 30):
            states.append(states[-1] @ a.T + inputs[:, t] @ b.T)
        made.append(InputDynamics(np.stack(states, axis=1), inputs, 1))
    for dynamics in made:
        same_up_to_coordinates(dynamics.operators(4), (a, b), 1e-5)
    assert wasserstein(*(dynamics.eigenvalues(4) for dynamics in made)) > 0.01


def test_all_powers_up_to_n_are_needed() -> None:
    """In companion form, [b, A b, ..., A^(n-1) b] is the identity whatever the last column, so only A^n b shows it."""
    first, second = np.diag(np.ones(2), -1), np.diag(np.ones(2), -1)
    first[:, 2], second[:, 2] = [0.5, 0, 0], [0, 0, -0.9]
    b = np.eye(3)[:, :1]
    k_first, k_second = controllability_matrix(first, b), controllability_matrix(second, b)
    np.testing.assert_array_equal(k_first[:, :3], np.eye(3))
    np.testing.assert_array_equal(k_second[:, :3], np.eye(3))
    assert operator_distances((first, b), (second, b))["input"] > 0.3


# ---- the peer


def peer(**options: Any) -> Any:
    from DSA.simdist_controllability import ControllabilitySimilarityTransformDist

    return ControllabilitySimilarityTransformDist(**options)


@pytest.mark.parametrize("seed", range(3))
def test_the_steps_are_those_of_dsa_metric(seed: int) -> None:
    """Its K without the powers of A^T, SciPy's rotation, and its other two scores, given its K."""
    x, y = system(seed, 5), system(seed + 10, 5)
    k_x, k_y = (peer().get_controllability_matrix(*of) for of in (x, y))
    blocks = np.split(k_x, 9, axis=1)  # B, A B, A^T B, A^2 B, (A^T)^2 B, ...
    np.testing.assert_allclose(np.hstack([blocks[0], *blocks[1::2]]), controllability_matrix(*x)[:, :-2], atol=1e-12)
    transposed = controllability_matrix(x[0].T, x[1])[:, :-2]
    np.testing.assert_allclose(np.hstack([blocks[0], *blocks[2::2]]), transposed, atol=1e-12)
    rotation = best_rotation(k_x, k_y)
    np.testing.assert_allclose(rotation, scipy.linalg.orthogonal_procrustes(k_y.T, k_x.T)[0].T, atol=1e-9)
    # The package maps the first system onto the second there, so its arguments are exchanged: angles are the same.
    _, state, control = peer(score_method="angular", return_distance_components=True).fit_score(x[0], y[0], x[1], y[1])
    assert angle(x[0], rotation @ y[0] @ rotation.T) == pytest.approx(state, abs=1e-9)
    assert angle(x[1], rotation @ y[1]) == pytest.approx(control, abs=1e-9)


def test_dsa_metric_takes_the_transpose_of_the_best_rotation() -> None:
    """Its joint score of a system and a rotated copy is far from zero. If this fails, the package has changed."""
    x, turn = system(0, 5), orthogonal(5, 1)
    copy = turn @ x[0] @ turn.T, turn @ x[1]
    assert peer(score_method="angular").fit_score(x[0], copy[0], x[1], copy[1]) > 0.5
    assert operator_distances(x, copy)["input"] < 1e-6


@pytest.mark.parametrize("n_delays", [1, 3])
def test_the_fit_is_that_of_dsa_metric(n_delays: int) -> None:
    """One condition, all directions: the same A and B in other coordinates. Single precision in the package."""
    from DSA.dmdc import DMDc

    a, b = system(8)
    rng = np.random.default_rng(9)
    states, inputs = driven(a, b, 10, n_conditions=1, n_times=300)
    activity = states + 0.3 * rng.standard_normal(states.shape)
    n = 4 * n_delays
    # Its input at a time enters after this time.
    direct = DMDc(activity[0], np.roll(inputs[0], -1, axis=0), n_delays=n_delays, rank_input=n + 2, rank_output=n)
    direct.fit()
    ours = InputDynamics(activity, inputs, n_delays)
    same_up_to_coordinates(ours.operators(n), (direct.A_v.numpy(), direct.B_v.numpy()), 2e-3)


def test_directions_that_are_not_there_are_zeros() -> None:
    activity, inputs = driven(*system(11))
    a, b = InputDynamics(activity, inputs, 1).operators(6)
    assert a.shape == (6, 6) and b.shape == (6, 2)
    assert not a[4:].any() and not a[:, 4:].any() and not b[4:].any()
    silent = InputDynamics(np.zeros_like(activity), inputs, 1)
    found = input_distances(InputDynamics(activity, inputs, 1), silent, 6)
    assert found == dict.fromkeys(SCORES, np.pi / 2)


def test_only_inputs_that_vary_are_fitted() -> None:
    inputs = np.ones((3, 4, 3), np.float32)
    inputs[1, :, 1], inputs[:, 2, 2] = 5, 0
    np.testing.assert_array_equal(varying_inputs(inputs), inputs[..., 1:])
    for constant in (np.ones((3, 4, 2)), np.zeros((3, 4, 1)), np.zeros((3, 4, 0))):
        with pytest.raises(InputError, match=r"(?s)No input of the task differs.*dsa_scores"):
            varying_inputs(constant)
