"""Linear predictivity: how much of the recorded rates a linear map of the network's activity fails to predict.

1 - R^2 of ridge regression from units to neurons on held-out conditions, see `similarity/predictivity.py`. It ignores
rotation, shift and scale of either, and units that are not needed; it is not symmetric. R^2 is an average over neurons,
weighted by variance, so it does not systematically depend on their number. Noise in the rates cannot be predicted, and
R^2 is not divided by a noise ceiling: a perfect model's distance is the share of noise in the rates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurorules.similarity.predictivity import unexplained
from neurorules.similarity.samples import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL = "Linear predictivity distance\n(network to neurons)"


def distance(x: NDArray[Any], y: NDArray[Any]) -> float:
    """1 - R^2 of y predicted from x: 0 for a perfect prediction, above 1 if worse than the mean.

    Args:
        x, y: (condition, time, feature) of the same conditions and times, with any numbers of features.

    Raises:
        InputError: there are fewer than three conditions.
    """
    return between(Samples(x), Samples(y))


def between(x: Samples, y: Samples) -> float:
    """`distance` of activities that are compared more than once."""
    return unexplained(x, y, "linear_predictivity")
