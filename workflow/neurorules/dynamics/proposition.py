"""Proposition 4.1 (Appendix B): when e-prop's flow reaches BPTT's solution, for a single weight.

A linear network of one unit, h_t = w h_{t-1} + x_t with h_0 = 0, reads out y = h_T; the target is 1. Its error
p(w) = y - 1 is a polynomial, sum_t x_t w^(T-t) - 1, and the loss p^2 / 2. Continuous-time updates of w:

    BPTT                                    dw/dt = -p(w) p'(w)
    e-prop with a constant S                dw/dt = -p(w) S          as in Appendix B
    e-prop by literal truncation            dw/dt = -p(w) h_{T-1}(w) from detaching h in the recurrent product

(If the trace keeps the unit's own recurrent weight, as in the paper's equation 7, e-prop of one unit is BPTT.)

Let w* be a real root of p and J = d(dw/dt)/dw the flow's Jacobian. The proposition: e-prop converges to w* from within
the radius around w* in which J < 0, and diverges if J > 0 at w_0 and keeps its sign along the way.

Literal truncation never diverges: p h_{T-1} has odd degree 2T - 3 and leading coefficient x_1^2 > 0, so its flow points
inward far out. It can stall where h_{T-1}(w) = 0, which is not a solution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.polynomial import Polynomial

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The example's real roots. With an even number of them, the outer slopes of p differ: with S > 0, e-prop diverges from
# far left, converges to the second and fourth roots, where p rises, and moves away from the others.
ROOTS = (-1.2, -0.4, 0.5, 1.1)

CONVERGED, STALLED, DIVERGED, NOT_PREDICTED = "converged", "stalled", "diverged", "not predicted"

# Far beyond every root of the example: a trajectory that gets here and moves outward never turns back.
BOUND = 10.0
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Outcome:
    """The actual or predicted end of a flow.

    Attributes:
        what: "converged" to a root of p, "stalled" at a point that is not a root, "diverged", or "not predicted".
        root: the root, else NaN.
    """

    what: str
    root: float = float("nan")


def inputs_with_roots(roots: Sequence[float]) -> NDArray[Any]:
    """Inputs x_1..x_T, (T,), for which p is the product of (w - root)."""
    inputs = np.poly(roots)
    inputs[-1] += 1.0
    return inputs


def last_state(inputs: Sequence[float] | NDArray[Any]) -> Polynomial:
    """h_T as a polynomial in w; `last_state(inputs[:-1])` is h_{T-1}."""
    return Polynomial(np.asarray(inputs, np.float64)[::-1])


def error(inputs: Sequence[float] | NDArray[Any]) -> Polynomial:
    """p(w) = h_T(w) - 1."""
    return last_state(inputs) - 1.0


def real_roots(polynomial: Polynomial) -> NDArray[Any]:
    """Real roots, ascending, to 12 decimal places, the accuracy at which they are found."""
    roots = polynomial.roots()
    return np.round(np.sort(roots[np.abs(np.imag(roots)) < 1e-9].real), 12)


def bptt_flow(inputs: Sequence[float] | NDArray[Any]) -> Polynomial:
    """dw/dt = -p p'."""
    p = error(inputs)
    return -p * p.deriv()


def constant_flow(inputs: Sequence[float] | NDArray[Any], constant: float = 1.0) -> Polynomial:
    """dw/dt = -p S; apart from its sign, S only sets the unit of time."""
    return -constant * error(inputs)


def truncated_flow(inputs: Sequence[float] | NDArray[Any]) -> Polynomial:
    """dw/dt = -p h_{T-1}."""
    return -error(inputs) * last_state(np.asarray(inputs)[:-1])


def trajectory(flow: Polynomial, start: float, duration: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Times and weights from w(0) = `start`; ends early if |w| passes BOUND."""
    from scipy.integrate import solve_ivp

    def passes_bound(_: float, w: NDArray[Any]) -> float:
        return BOUND - abs(float(w[0]))

    passes_bound.terminal = True  # type: ignore[attr-defined]
    slope = flow.deriv()
    solution = solve_ivp(
        lambda _, w: flow(w),
        (0.0, duration),
        [start],
        method="LSODA",
        jac=lambda _, w: [[slope(w[0])]],
        events=passes_bound,
        rtol=1e-8,
        atol=1e-10,
    )
    return solution.t, solution.y[0]


def outcome(flow: Polynomial, start: float, roots: Sequence[float] | NDArray[Any], duration: float = 2000.0) -> Outcome:
    """The end of the flow from `start` after `duration`, by integration; `roots` are the roots of p."""
    end = trajectory(flow, start, duration)[1][-1]
    if abs(end) >= BOUND - TOLERANCE:
        return Outcome(DIVERGED)
    near = np.flatnonzero(np.abs(np.asarray(roots) - end) < TOLERANCE)
    return Outcome(CONVERGED, float(roots[near[0]])) if len(near) else Outcome(STALLED)


def predicted(inputs: Sequence[float] | NDArray[Any], start: float, constant: float) -> Outcome:
    """The proposition's prediction for e-prop from `start` with a constant S, from the sign of J = -S p' alone.

    For literal truncation, S is h_{T-1} at `start`, as if it stayed constant.
    """
    p = error(inputs)
    jacobian = -constant * p.deriv()
    turns = real_roots(p.deriv())  # where J changes its sign
    for root in real_roots(p):
        radius = np.abs(turns - root).min(initial=np.inf)
        if jacobian(root) < 0 and abs(start - root) < radius:
            return Outcome(CONVERGED, float(root))
    direction = -constant * p(start)
    ahead = turns > start if direction > 0 else turns < start
    if jacobian(start) > 0 and direction != 0 and not ahead.any():
        return Outcome(DIVERGED)
    return Outcome(NOT_PREDICTED)
