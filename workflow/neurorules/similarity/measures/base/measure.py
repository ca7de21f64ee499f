"""The contract of a measure of similarity.

A measure is one file in the folder above with

    LABEL: str                                             axis label, such as "CCA distance"
    def distance(x: NDArray[Any], y: NDArray[Any]) -> float    0 alike, about 1 nothing in common
    def between(x: Samples, y: Samples) -> float           optional: the same, for activities compared several
                                                           times and by other measures too, see `samples.py`

x and y are (condition, time, feature) of the same conditions and times, with any numbers of features: x is the
network's activity, y the recorded rates. A representation without variance has distance 1 to everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from neurorules.plugins import Plugins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.similarity.samples import Samples

MEASURES = Plugins(
    "similarity.measures", "measure of similarity", "comparison.measures", members=("LABEL", "distance", "between")
)

# Options of `comparison` that are lists of measures.
MEASURE_OPTIONS = ("measures", "specification_measures")


def load_between(name: str) -> Callable[[Samples, Samples], float]:
    """A measure as a function of `Samples`, whether or not it has `between`."""
    measure = MEASURES.load(name)
    found: Callable[[Samples, Samples], float] | None = getattr(measure, "between", None)
    return found or (lambda x, y: float(measure.distance(x.activity, y.activity)))


def check_measures(names: Iterable[str], rates: NDArray[Any]) -> None:
    """Check on its first two neurons that distances to a recording can be measured.

    Args:
        names: the measures.
        rates: (condition, time, neuron).

    Raises:
        InputError: raised by a measure, such as one that needs two conditions.
    """
    for name in names:
        MEASURES.load(name).distance(rates[:, :, :2], rates[:, :, :2])
