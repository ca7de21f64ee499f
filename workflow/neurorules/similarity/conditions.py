"""Conditions of a network put in another order: what a distance owes to the right conditions being compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from neurorules.similarity.samples import Samples

# The orders are the same for every network of a recording, so that networks are compared on equal terms.
ORDER_SEED = 2025

ANGLE = "angle_deg"


def derangements(n_conditions: int, count: int, seed: int = ORDER_SEED) -> NDArray[Any]:
    """Random orders in which no condition keeps its place, all of them equally likely.

    Args:
        n_conditions: with fewer than 2 there is no such order.
        count: how many.
        seed: of the draws.

    Returns:
        (count, condition) indices; (0, condition) where there is none.
    """
    places = np.arange(n_conditions)
    rng = np.random.default_rng(seed)
    orders: list[NDArray[Any]] = []
    while n_conditions > 1 and len(orders) < count:
        order = rng.permutation(n_conditions)  # about 1 in e is a derangement
        if (order != places).all():
            orders.append(order)
    return np.array(orders, dtype=np.int64).reshape(-1, n_conditions)


def opposite_conditions(recording: xr.Dataset) -> NDArray[Any] | None:
    """For each condition, the one whose target lies in the opposite direction.

    Args:
        recording: with `angle_deg` of its conditions, if they are reaches in a circle.

    Returns:
        (condition,) indices; None where conditions have no direction, or directions no single opposite.
    """
    if ANGLE not in recording.coords:
        return None
    angle = recording[ANGLE].values
    apart = np.abs((angle[:, None] - angle[None] - 180.0 + 180.0) % 360.0 - 180.0)
    opposite = apart < 1e-6
    if not (opposite.sum(1) == 1).all() or not (opposite.sum(0) == 1).all():
        return None
    found: NDArray[Any] = opposite.argmax(1)
    return found


def mean_distance(
    distance: Callable[[Samples, Samples], float], activities: Sequence[Samples], rates: Samples
) -> float:
    """Mean distance of several activities, such as a network's with its conditions in other orders; NaN of none.

    Args:
        distance: of a measure.
        activities: of the same conditions and times as `rates`.
        rates: what they are compared with.
    """
    return float(np.mean([distance(activity, rates) for activity in activities])) if activities else float("nan")
