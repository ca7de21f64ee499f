"""What a study chooses to make of sessions: conditions, trials, alignment, window, units.

docs/reference/options.md lists the options. Their types are checked with the study file (study/schema); here they are
checked again, as readers are called without one too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from neurorules.errors import InputError
from neurorules.recordings.sessions.grid import Grid

MIN_RATE, MIN_RELIABILITY = "min_rate_hz", "min_reliability"
WARN, REFUSE = "warn", "refuse"  # values of `overlapping_windows`


@dataclass(frozen=True)
class Label:
    """A label of conditions: a column of the trials table, as it is or in bins.

    Attributes:
        column: of the trials table.
        edges: of bins [a, b), the last one with its end; empty for a column as it is.
        names: what the bins are called, one each: their middles, where the study does not say.
    """

    column: str
    edges: tuple[float, ...] = ()
    names: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Choices:
    """Options of a recording that is made of sessions, checked.

    Attributes:
        labels: of conditions, in the study's order.
        grid: window, bins, smoothing.
        align: a column of the trials table, or a table of events.
        keep_trials: which trials, by column.
        min_trials: that a unit needs in each condition.
        units: which units, by column.
        min_rate_hz, min_reliability: that a unit needs; None for no limit.
        behaviour: signals of the session by the names that they get.
        single_trials: whether they are kept beside the averages.
        union: whether conditions are those of any session, so that units that lack some are left out, rather than those
            of all sessions.
        refuse_overlap: whether windows that overlap are an error.
        max_rate_hz: of averaged rates; None for the default.
    """

    labels: tuple[Label, ...]
    grid: Grid
    align: str
    keep_trials: Mapping[str, Any] = field(default_factory=dict)
    min_trials: int = 1
    units: Mapping[str, Any] = field(default_factory=dict)
    min_rate_hz: float | None = None
    min_reliability: float | None = None
    behaviour: Mapping[str, str] = field(default_factory=dict)
    single_trials: bool = True
    union: bool = False
    refuse_overlap: bool = False
    max_rate_hz: float | None = None


def choices_of(options: Mapping[str, Any]) -> Choices:
    """The options of a recording, checked.

    Raises:
        InputError: an option is missing or impossible.
    """
    units = dict(_mapping(options, "units", "{location: [M1], min_rate_hz: 0.5}"))
    minima = {name: _number_or_none(units.pop(name, None), f"units.{name}") for name in (MIN_RATE, MIN_RELIABILITY)}
    window: Any = options.get("window_ms")
    if not _numbers(window, 2):
        raise InputError(
            "A recording made of sessions needs a window around the event, in ms.",
            key="window_ms",
            value=window,
            remedy="Write window_ms: [-250, 450], say.",
        )
    align = options.get("align")
    if not isinstance(align, str) or not align:
        raise InputError(
            "A recording made of sessions needs an event that trials are aligned to.",
            key="align",
            value=align,
            remedy="Name a column of the trials table that holds times in s (align: move_onset_time), or a table of "
            "events.",
        )
    overlap = options.get("overlapping_windows", WARN)
    if overlap not in (WARN, REFUSE):
        raise InputError(
            "What is done about windows that overlap is not known.",
            key="overlapping_windows",
            value=overlap,
            remedy=f"Write {WARN} or {REFUSE}.",
        )
    min_trials = options.get("min_trials", 1)
    if not isinstance(min_trials, int) or isinstance(min_trials, bool) or min_trials < 1:
        raise InputError(
            "A number of trials is a whole number above 0.", key="min_trials", value=min_trials, remedy="Use 5, say."
        )
    bin_ms, smooth = (
        _number_or_none(options.get(key, default), key) for key, default in (("bin_ms", None), ("smooth_sd_ms", 0))
    )
    if bin_ms is None:
        raise InputError(
            "A recording made of sessions needs the width of its bins.",
            key="bin_ms",
            value=None,
            remedy="Write bin_ms: 10, say: the dt_ms of the task that it is compared with.",
        )
    return Choices(
        labels=_labels(options.get("condition")),
        grid=Grid(float(window[0]), float(window[1]), bin_ms, smooth or 0.0),
        align=align,
        keep_trials=_kept_trials(options),
        min_trials=min_trials,
        units=units,
        min_rate_hz=minima[MIN_RATE],
        min_reliability=minima[MIN_RELIABILITY],
        behaviour=_mapping(options, "behaviour", "{hand_velocity: processing/behavior/hand_vel}"),
        single_trials=bool(options.get("keep_single_trials", True)),
        union=bool(options.get("drop_incomplete_units", False)),
        refuse_overlap=overlap == REFUSE,
        max_rate_hz=_number_or_none(options.get("max_rate_hz"), "max_rate_hz"),
    )


def _kept_trials(options: Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(options.get("keep_trials"), bool):
        raise InputError(
            "In a recording made of sessions, keep_trials says which trials are used.",
            key="keep_trials",
            value=options["keep_trials"],
            remedy="Write keep_trials: {success: true}, say. Single trials beside the averages are kept by "
            "keep_single_trials: true.",
        )
    return _mapping(options, "keep_trials", "{success: true}")


def _labels(given: Any) -> tuple[Label, ...]:
    items = [given] if isinstance(given, str | Mapping) else given
    if not isinstance(items, Sequence) or not items:
        raise InputError(
            "A recording made of sessions needs the columns that say what condition a trial is.",
            key="condition",
            value=given,
            remedy="Write condition: [target_dir], say, or condition: [{column: coherence, bins: [-1, 0, 1]}].",
        )
    labels = tuple(_label(item, f"condition.{i}") for i, item in enumerate(items))
    columns = [label.column for label in labels]
    if len(set(columns)) < len(columns):
        raise InputError(
            "A column stands twice in the condition.", key="condition", value=columns, remedy="Name each column once."
        )
    return labels


def _label(item: Any, key: str) -> Label:
    if isinstance(item, str):
        return Label(item)
    if (
        not isinstance(item, Mapping)
        or set(item) - {"column", "bins", "names"}
        or not isinstance(item.get("column"), str)
    ):
        raise InputError(
            "This is not a label of conditions.",
            key=key,
            value=item,
            remedy="Write the name of a column, or {column: coherence, bins: [-1, 0, 1]}, with names: [left, right] "
            "where bins have names.",
        )
    if "bins" not in item:
        return Label(item["column"])
    edges = item["bins"]
    if not _numbers(edges, None) or len(edges) < 2 or any(a >= b for a, b in pairwise(edges)):
        raise InputError(
            "Edges of bins are two or more numbers, ascending.",
            key=f"{key}.bins",
            value=edges,
            remedy="Write bins: [-1, 0, 1], say: two bins, [-1, 0) and [0, 1].",
        )
    names = item.get("names", [(a + b) / 2 for a, b in pairwise(edges)])
    if not isinstance(names, Sequence) or isinstance(names, str) or len(names) != len(edges) - 1:
        raise InputError(
            f"There are {len(edges) - 1} bins; each needs a name.",
            key=f"{key}.names",
            value=names,
            remedy="Write one name or number for each bin, or leave names out: bins go by their middles then.",
        )
    if len(set(map(str, names))) < len(names) or len({isinstance(name, str) for name in names}) > 1:
        raise InputError(
            "Names of bins are different texts, or different numbers.",
            key=f"{key}.names",
            value=names,
            remedy="Change them.",
        )
    return Label(item["column"], tuple(map(float, edges)), tuple(names))


def _numbers(given: Any, length: int | None) -> bool:
    return (
        isinstance(given, Sequence)
        and not isinstance(given, str)
        and (length is None or len(given) == length)
        and all(isinstance(value, int | float) and not isinstance(value, bool) for value in given)
    )


def _number_or_none(given: Any, key: str) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise InputError("This must be a number.", key=key, value=given, remedy="Write a number.")
    return float(given)


def _mapping(options: Mapping[str, Any], key: str, example: str) -> Mapping[str, Any]:
    given = options.get(key) or {}
    if not isinstance(given, Mapping):
        raise InputError(
            "This option is given by names and values.", key=key, value=given, remedy=f"Write {key}: {example}, say."
        )
    return dict(given)
