"""The contract of a measure of similarity.

A measure is one file in the folder above with

    LABEL: str                                             axis label, such as "CCA distance"
    def distance(x: NDArray[Any], y: NDArray[Any]) -> float    0 alike, about 1 nothing in common
    def between(x: Samples, y: Samples) -> float           optional: the same, for activities compared several
                                                           times and by other measures too, see `samples.py`
    OPTIONS: tuple[str, ...]                               optional: keys of `comparison:` that both functions take as
                                                           keyword arguments; `study/schema/` defines them

x and y are (condition, time, feature) of the same conditions and times, with any numbers of features: x is the
network's activity, y the recorded rates. A representation without variance has distance 1 to everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from neurorules.plugins import Plugins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.similarity.samples import Samples

MEASURES = Plugins(
    "similarity.measures",
    "measure of similarity",
    "comparison.measures",
    members=("LABEL", "OPTIONS", "distance", "between"),
)

# Options of `comparison` that are lists of measures.
MEASURE_OPTIONS = ("measures", "specification_measures")


def options_of(name: str) -> tuple[str, ...]:
    """The keys of `comparison` that a measure takes."""
    return tuple(getattr(MEASURES.load(name), "OPTIONS", ()))


@cache
def measure_keys() -> frozenset[str]:
    """The keys of `comparison` that any measure takes."""
    return frozenset(key for name in MEASURES.names() for key in options_of(name))


def keys_of_measures(comparison: Mapping[str, Any], table_keys: Iterable[str]) -> set[str]:
    """The keys of `comparison` that the measures of a table take.

    Args:
        comparison: options.
        table_keys: the keys that the table's type depends on; some may be lists of measures.
    """
    lists = [comparison.get(key, ()) for key in table_keys if key in MEASURE_OPTIONS]
    return {key for names in lists for name in names if name in MEASURES.names() for key in options_of(name)}


def load_distance(name: str, comparison: Mapping[str, Any]) -> Callable[[NDArray[Any], NDArray[Any]], float]:
    """A measure as a function of activities, with its options."""
    distance: Callable[..., float] = MEASURES.load(name).distance
    return partial(distance, **{key: comparison[key] for key in options_of(name)})


def load_between(name: str, comparison: Mapping[str, Any]) -> Callable[[Samples, Samples], float]:
    """A measure as a function of `Samples`, whether or not it has `between`, with its options."""
    between: Callable[..., float] | None = getattr(MEASURES.load(name), "between", None)
    if between is not None:
        return partial(between, **{key: comparison[key] for key in options_of(name)})
    distance = load_distance(name, comparison)
    return lambda x, y: float(distance(x.activity, y.activity))


def check_measures(names: Iterable[str], rates: NDArray[Any], comparison: Mapping[str, Any]) -> None:
    """Check on its first two neurons that distances to a recording can be measured.

    Args:
        names: the measures.
        rates: (condition, time, neuron).
        comparison: options, among them those of the measures.

    Raises:
        InputError: raised by a measure, such as one that needs two conditions.
    """
    for name in names:
        load_distance(name, comparison)(rates[:, :, :2], rates[:, :, :2])
