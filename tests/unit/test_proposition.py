"""Proposition 4.1 against a simulated network, automatic differentiation and integrated flows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import Polynomial

from neurorules.dynamics import proposition
from neurorules.dynamics.proposition import CONVERGED, DIVERGED, NOT_PREDICTED, ROOTS, STALLED

INPUTS = proposition.inputs_with_roots(ROOTS)
# Never a root or a turning point itself.
GRID = np.arange(-1.975, 2.0, 0.1)


def simulated_output(inputs: np.ndarray, w: torch.Tensor, detach: bool = False) -> torch.Tensor:
    """y = h_T of the network, one step after the other."""
    h = torch.zeros((), dtype=torch.float64)
    for x in inputs:
        h = w * (h.detach() if detach else h) + float(x)
    return h


def minus_gradient(inputs: np.ndarray, w: float, detach: bool) -> float:
    """-dL/dw of L = (y - 1)^2 / 2 by automatic differentiation."""
    weight = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    loss = 0.5 * (simulated_output(inputs, weight, detach) - 1.0) ** 2
    return -float(torch.autograd.grad(loss, weight)[0])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-2, 2), min_size=2, max_size=7), st.floats(-1.5, 1.5))
def test_flows_are_the_networks_gradients(inputs: list[float], w: float) -> None:
    """p is the simulated output's error; BPTT's flow is autograd's, literal truncation's autograd's with detach."""
    x = np.array(inputs)
    output = float(simulated_output(x, torch.tensor(w, dtype=torch.float64)))
    assert proposition.error(x)(w) == pytest.approx(output - 1.0, abs=1e-10)
    assert proposition.bptt_flow(x)(w) == pytest.approx(minus_gradient(x, w, detach=False), abs=1e-8)
    assert proposition.truncated_flow(x)(w) == pytest.approx(minus_gradient(x, w, detach=True), abs=1e-8)
    assert proposition.constant_flow(x, -2.0)(w) == pytest.approx(2.0 * (output - 1.0), abs=1e-10)


def test_the_example_has_the_roots_that_it_names() -> None:
    np.testing.assert_allclose(proposition.real_roots(proposition.error(INPUTS)), ROOTS, atol=1e-12)
    for root in ROOTS:
        assert float(simulated_output(INPUTS, torch.tensor(root, dtype=torch.float64))) == pytest.approx(1.0)
    # w^2 + 1 has none; (w - 2)(w^2 + 1) has one.
    assert len(proposition.real_roots(Polynomial([1.0, 0.0, 1.0]))) == 0
    np.testing.assert_allclose(proposition.real_roots(Polynomial.fromroots([2.0, 1j, -1j])), [2.0])


def test_trajectory_of_a_flow_known_in_closed_form() -> None:
    """One root: T = 2, p = w - 1/2, so that a constant S gives w = 1/2 + (w_0 - 1/2) e^{-St}."""
    inputs = proposition.inputs_with_roots([0.5])
    times, weights = proposition.trajectory(proposition.constant_flow(inputs, 2.0), -1.0, 3.0)
    np.testing.assert_allclose(weights, 0.5 - 1.5 * np.exp(-2.0 * times), atol=1e-6)
    # dw/dt = w^2 from 1 is at the bound after 1 - 1/bound.
    times, weights = proposition.trajectory(Polynomial([0.0, 0.0, 1.0]), 1.0, 3.0)
    assert times[-1] == pytest.approx(1.0 - 1.0 / proposition.BOUND, abs=1e-6)
    assert weights[-1] == pytest.approx(proposition.BOUND)


def test_prediction_by_hand() -> None:
    """p = w^2 - 1 rises at 1 and falls at -1; J = -2 w S turns at 0, so that each root's radius is 1."""
    inputs = proposition.inputs_with_roots([-1.0, 1.0])

    def what(start: float, constant: float) -> tuple[str, float]:
        prediction = proposition.predicted(inputs, start, constant)
        return prediction.what, prediction.root

    assert what(0.5, 1.0) == what(1.9, 3.0) == (CONVERGED, 1.0)
    assert what(2.1, 1.0)[0] == NOT_PREDICTED  # converges too, from outside the radius
    assert what(-1.5, 1.0)[0] == DIVERGED
    assert what(-0.5, 1.0)[0] == NOT_PREDICTED  # J > 0 here, but not all the way: it comes to 1
    assert what(-1.0, 1.0)[0] == NOT_PREDICTED  # at rest on a root that repels
    assert what(-0.5, -1.0) == (CONVERGED, -1.0)
    assert what(1.5, -1.0)[0] == DIVERGED


@pytest.mark.parametrize("constant", [1.0, -1.0])
def test_constant_signal_does_as_predicted(constant: float) -> None:
    flow = proposition.constant_flow(INPUTS, constant)
    seen = set()
    for start in GRID:
        prediction = proposition.predicted(INPUTS, start, constant)
        seen.add(prediction.what)
        if prediction.what != NOT_PREDICTED:
            found = proposition.outcome(flow, start, ROOTS)
            assert found.what == prediction.what
            assert found.root == pytest.approx(prediction.root, nan_ok=True)
    assert seen == {CONVERGED, DIVERGED, NOT_PREDICTED}  # the example shows all three cases


def test_bptt_always_comes_to_a_root_of_the_example() -> None:
    """All roots of p are real, so that p^2 has no other minimum."""
    flow = proposition.bptt_flow(INPUTS)
    assert {proposition.outcome(flow, start, ROOTS).what for start in GRID} == {CONVERGED}


def test_literal_truncation_never_diverges_and_breaks_the_prediction() -> None:
    """Where h_{T-1} changes its sign on the way, taking it as a constant S misleads."""
    flow = proposition.truncated_flow(INPUTS)
    assert flow.degree() == 2 * len(INPUTS) - 3 and flow.coef[-1] == -(INPUTS[0] ** 2)
    before_last = proposition.last_state(INPUTS[:-1])
    broken = []
    for start in GRID:
        prediction = proposition.predicted(INPUTS, start, before_last(start))
        found = proposition.outcome(flow, start, ROOTS)
        assert found.what in {CONVERGED, STALLED}
        if found.what == STALLED:
            end = proposition.trajectory(flow, start, 2000.0)[1][-1]
            assert before_last(end) == pytest.approx(0.0, abs=1e-3)
        if prediction.what != NOT_PREDICTED and found.what != prediction.what:
            broken.append((round(float(start), 3), prediction.what, found.what))
    # From the far side of a root of h_{T-1}, -1.272 and 1.199, the flow stalls there before it comes to -1.2 or 1.1;
    # at 1.125, between the root 1.1 and 1.199, it moves away from 1.1 and is stopped.
    assert broken == [
        (-1.475, CONVERGED, STALLED),
        (-1.375, CONVERGED, STALLED),
        (-1.275, CONVERGED, STALLED),
        (1.125, DIVERGED, STALLED),
        (1.225, CONVERGED, STALLED),
        (1.325, CONVERGED, STALLED),
    ]
