"""What a measure of similarity is, and how one is found by name.

A measure is one file in this folder with

    LABEL: str                                             axis label, e.g. "CCA distance"
    def distance(x: np.ndarray, y: np.ndarray) -> float    0 alike, about 1 nothing in common

x and y are (condition, time, feature) of the same conditions and times, any numbers of features: the network's
activity first, the recorded rates second. A representation without any variance has distance 1 to everything.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from neurorules.errors import InputError

NOT_MEASURES = {"measure"}


def measure_names() -> list[str]:
    """Names of the measures in this folder."""
    import neurorules.similarity.measures as package

    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name not in NOT_MEASURES)


def load_measure(name: str) -> Any:
    """The module of a measure, by name.

    Raises:
        InputError: there is no such measure.
    """
    if name not in measure_names():
        raise InputError(
            "There is no such measure of similarity.",
            key="comparison.measures",
            value=name,
            remedy=f"Use any of {', '.join(measure_names())}, "
            f"or add workflow/neurorules/similarity/measures/{name}.py.",
        )
    return importlib.import_module(f"neurorules.similarity.measures.{name}")
