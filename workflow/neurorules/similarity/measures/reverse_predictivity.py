"""Reverse predictivity: how much of the network's activity a linear map of the recorded rates fails to predict.

1 - R^2 of ridge regression from neurons to units on held-out conditions, see `similarity/predictivity.py`. It is large
if the network does what the recording does not show, which `linear_predictivity` ignores (Muzellec & Kar 2025). The two
are each other's transpose and have the same invariances. Fewer recorded neurons predict less, so distances to
recordings of different sizes cannot be compared; noise in the rates is noise in the regressors and raises the distance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurorules.similarity.predictivity import unexplained
from neurorules.similarity.samples import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL = "Reverse predictivity distance\n(neurons to network)"


def distance(x: NDArray[Any], y: NDArray[Any]) -> float:
    """1 - R^2 of x predicted from y: 0 for a perfect prediction, above 1 if worse than the mean.

    Args:
        x, y: (condition, time, feature) of the same conditions and times, with any numbers of features.

    Raises:
        InputError: there are fewer than three conditions.
    """
    return between(Samples(x), Samples(y))


def between(x: Samples, y: Samples) -> float:
    """`distance` of activities that are compared more than once."""
    return unexplained(y, x, "reverse_predictivity")
