"""Proposition 4.1 (Appendix B): when e-prop's flow comes to the solution that BPTT finds, in one weight.

A linear network of one unit, h_t = w h_{t-1} + x_t with h_0 = 0, reads out y = h_T; the target is 1. Its error
p(w) = y - 1 is a polynomial, sum_t x_t w^(T-t) - 1, and the loss p^2 / 2. Continuous-time updates of w:

    BPTT                                    dw/dt = -p(w) p'(w)
    e-prop with a constant S                dw/dt = -p(w) S          as Appendix B reads
    e-prop by literal truncation            dw/dt = -p(w) h_{T-1}(w) what detaching h in the recurrent product gives

(With the unit's own recurrent weight kept in the trace, as the paper's equation 7 has it, one unit's e-prop is BPTT.)
Let w* be a real root of p and J = d(dw/dt)/dw the flow's Jacobian. The proposition: e-prop converges to w* from within
the radius around w* in which J < 0, and diverges where J > 0 at w_0 and keeps its sign along the way.

Literal truncation never diverges: p h_{T-1} has the odd degree 2T - 3 and the leading coefficient x_1^2 > 0, so that
its flow points inward far out. It can instead stall where h_{T-1}(w) = 0, which solves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.polynomial import Polynomial

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The example's real roots. Of an even number of them the outer edges of p differ: with S > 0, e-prop diverges from far
# left, converges to the second and the fourth root, where p rises, and leaves the neighbourhood of the others.
ROOTS = (-1.2, -0.4, 0.5, 1.1)

CONVERGED, STALLED, DIVERGED, NOT_PREDICTED = "converged", "stalled", "diverged", "not predicted"

# Far beyond every root of the example: whatever comes here and moves outward never turns back.
BOUND = 10.0
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Outcome:
    """Where a flow ends, or should end.

    Attributes:
        what: "converged" to a root of p, "stalled" at a point that is none, "diverged", or "not predicted".
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
    """Real roots, ascending, to 12 digits after the point: roots of a polynomial are found no better."""
    roots = polynomial.roots()
    return np.round(np.sort(roots[np.abs(np.imag(roots)) < 1e-9].real), 12)


def bptt_flow(inputs: Sequence[float] | NDArray[Any]) -> Polynomial:
    """dw/dt = -p p'."""
    p = error(inputs)
    return -p * p.deriv()


def constant_flow(inputs: Sequence[float] | NDArray[Any], constant: float = 1.0) -> Polynomial:
    """dw/dt = -p S; but for its sign, S only sets the unit of time."""
    return -constant * error(inputs)


def truncated_flow(inputs: Sequence[float] | NDArray[Any]) -> Polynomial:
    """dw/dt = -p h_{T-1}."""
    return -error(inputs) * last_state(np.asarray(inputs)[:-1])


def trajectory(flow: Polynomial, start: float, duration: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Times and weights from w(0) = `start`; ends early where |w| passes BOUND."""
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
    """Where the flow from `start` is after `duration`, found by integration; `roots` are those of p."""
    end = trajectory(flow, start, duration)[1][-1]
    if abs(end) >= BOUND - TOLERANCE:
        return Outcome(DIVERGED)
    near = np.flatnonzero(np.abs(np.asarray(roots) - end) < TOLERANCE)
    return Outcome(CONVERGED, float(roots[near[0]])) if len(near) else Outcome(STALLED)


def predicted(inputs: Sequence[float] | NDArray[Any], start: float, constant: float) -> Outcome:
    """What the proposition says of e-prop from `start` with a constant S, by the sign of J = -S p' alone.

    For literal truncation, S is taken as what h_{T-1} is at `start`, as if it stayed so.
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
