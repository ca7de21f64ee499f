"""What a measure of similarity is, and how one is found by name.

A measure is one file in the folder above with

    LABEL: str                                             axis label, e.g. "CCA distance"
    def distance(x: NDArray[Any], y: NDArray[Any]) -> float    0 alike, about 1 nothing in common

x and y are (condition, time, feature) of the same conditions and times, any numbers of features: the network's
activity first, the recorded rates second. A representation without any variance has distance 1 to everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurorules.plugins import Plugins

if TYPE_CHECKING:
    pass

MEASURES = Plugins("similarity.measures", "measure of similarity", "comparison.measures", members=("LABEL", "distance"))


def measure_names() -> list[str]:
    """Names of the measures in the folder above."""
    return MEASURES.names()


def load_measure(name: str) -> Any:
    """The module of a measure, by name.

    Raises:
        InputError: there is no such measure.
    """
    return MEASURES.load(name)
