"""Networks with their conditions in a different order, to see how much a distance depends on matching conditions."""

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
    """Random orders in which no condition keeps its place, all equally likely.

    Args:
        n_conditions: with fewer than two there is no such order.
        count: the number of orders.
        seed: of the draws.

    Returns:
        Indices (count, condition); (0, condition) if there is no such order.
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
    """For each condition, the one with its target in the opposite direction.

    Args:
        recording: with coordinate `angle_deg` for its conditions, if they are centre-out reaches.

    Returns:
        Indices (condition,); None if conditions have no direction, or directions have no unique opposite.
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
    """Mean distance of several activities, such as a network's with reordered conditions; NaN if there are none.

    Args:
        distance: a measure's distance.
        activities: with the same conditions and times as `rates`.
        rates: what they are compared with.
    """
    return float(np.mean([distance(activity, rates) for activity in activities])) if activities else float("nan")
