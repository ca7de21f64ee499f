"""A study's choices for sessions: conditions, trials, alignment, window, units.

docs/reference/options.md lists the options. Their types are checked with the study file (study/schema), and again here,
because readers can be called without a study file.
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
    """A label of conditions: a column of the trials table, unchanged or in bins.

    Attributes:
        column: column of the trials table.
        edges: edges of bins [a, b), where the last bin includes its end; empty for an unchanged column.
        names: one name per bin; by default, the middle of the bin.
    """

    column: str
    edges: tuple[float, ...] = ()
    names: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Choices:
    """Checked options of a recording made from sessions.

    Attributes:
        labels: labels of conditions, in the study's order.
        grid: window, bins, smoothing.
        align: a column of the trials table, or a table of events.
        keep_trials: which trials to use, by column.
        min_trials: trials that a unit needs in each condition.
        units: which units to use, by column.
        min_rate_hz, min_reliability: lower limits for a unit; None for no limit.
        behaviour: signals of the session, by their names in the recording.
        single_trials: whether single trials are kept in addition to averages.
        union: if True, conditions are those of any session, and units that lack some are left out; if False, those of
            all sessions.
        refuse_overlap: whether overlapping windows are an error.
        max_rate_hz: limit of averaged rates; None for the default.
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
    """The checked options of a recording.

    Raises:
        InputError: an option is missing or invalid.
    """
    units = dict(_mapping(options, "units", "{location: [M1], min_rate_hz: 0.5}"))
    minima = {name: _number_or_none(units.pop(name, None), f"units.{name}") for name in (MIN_RATE, MIN_RELIABILITY)}
    window: Any = options.get("window_ms")
    if not _numbers(window, 2):
        raise InputError(
            "A recording made from sessions needs a window around the event, in ms.",
            key="window_ms",
            value=window,
            remedy="For example, write window_ms: [-250, 450].",
        )
    align = options.get("align")
    if not isinstance(align, str) or not align:
        raise InputError(
            "A recording made from sessions needs an event for aligning trials.",
            key="align",
            value=align,
            remedy="Use a column of the trials table that has times in s (align: move_onset_time), or a table of "
            "events.",
        )
    overlap = options.get("overlapping_windows", WARN)
    if overlap not in (WARN, REFUSE):
        raise InputError(
            "Unknown value of overlapping_windows.",
            key="overlapping_windows",
            value=overlap,
            remedy=f"Write {WARN} or {REFUSE}.",
        )
    min_trials = options.get("min_trials", 1)
    if not isinstance(min_trials, int) or isinstance(min_trials, bool) or min_trials < 1:
        raise InputError(
            "A number of trials must be a whole number above 0.",
            key="min_trials",
            value=min_trials,
            remedy="Use 5, for example.",
        )
    bin_ms, smooth = (
        _number_or_none(options.get(key, default), key) for key, default in (("bin_ms", None), ("smooth_sd_ms", 0))
    )
    if bin_ms is None:
        raise InputError(
            "A recording made from sessions needs the width of its bins.",
            key="bin_ms",
            value=None,
            remedy="Use the dt_ms of the task that it is compared with, for example bin_ms: 10.",
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
            "In a recording made from sessions, keep_trials selects trials by column.",
            key="keep_trials",
            value=options["keep_trials"],
            remedy="For example, write keep_trials: {success: true}. To keep single trials in addition to averages, "
            "set keep_single_trials: true.",
        )
    return _mapping(options, "keep_trials", "{success: true}")


def _labels(given: Any) -> tuple[Label, ...]:
    items = [given] if isinstance(given, str | Mapping) else given
    if not isinstance(items, Sequence) or not items:
        raise InputError(
            "A recording made from sessions needs the columns that define a trial's condition.",
            key="condition",
            value=given,
            remedy="For example, write condition: [target_dir], or condition: [{column: coherence, bins: [-1, 0, 1]}].",
        )
    labels = tuple(_label(item, f"condition.{i}") for i, item in enumerate(items))
    columns = [label.column for label in labels]
    if len(set(columns)) < len(columns):
        raise InputError(
            "Duplicate column in condition.", key="condition", value=columns, remedy="List each column once."
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
            "This is not a valid label of conditions.",
            key=key,
            value=item,
            remedy="Write the name of a column, or {column: coherence, bins: [-1, 0, 1]}; add names: [left, right] "
            "to name the bins.",
        )
    if "bins" not in item:
        return Label(item["column"])
    edges = item["bins"]
    if not _numbers(edges, None) or len(edges) < 2 or any(a >= b for a, b in pairwise(edges)):
        raise InputError(
            "Edges of bins must be two or more ascending numbers.",
            key=f"{key}.bins",
            value=edges,
            remedy="For example, write bins: [-1, 0, 1] for two bins, [-1, 0) and [0, 1].",
        )
    names = item.get("names", [(a + b) / 2 for a, b in pairwise(edges)])
    if not isinstance(names, Sequence) or isinstance(names, str) or len(names) != len(edges) - 1:
        raise InputError(
            f"There are {len(edges) - 1} bins; each needs a name.",
            key=f"{key}.names",
            value=names,
            remedy="Write one name or number per bin, or leave names out to use the middles of the bins.",
        )
    if len(set(map(str, names))) < len(names) or len({isinstance(name, str) for name in names}) > 1:
        raise InputError(
            "Names of bins must be different texts or different numbers.",
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
            "This option must be a mapping of names to values.",
            key=key,
            value=given,
            remedy=f"For example, write {key}: {example}.",
        )
    return dict(given)
