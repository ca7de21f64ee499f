"""The content of a lab's raw files as plain values: sessions, tables, trees of variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.recordings.formats.matlab_tree import kind_of
from neurorules.recordings.sessions.columns import in_words
from neurorules.recordings.sessions.session import Session
from neurorules.recordings.sessions.spike_times import SpikeTimes
from neurorules.recordings.sessions.trial_bins import TrialBins
from neurorules.recordings.sessions.trial_spikes import TrialSpikes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

MOST_PARTS = 60  # parts of a tree that are listed
FEW_VALUES = 12  # numeric values of a column that are listed with their counts


def session_facts(session: Session) -> dict[str, Any]:
    """Units, trials, events, behaviour and rates of a session."""
    facts: dict[str, Any] = {
        "units": len(session.units),
        "columns of units": table_facts(session.units),
        "trials": len(session.trials),
        "columns of trials": table_facts(session.trials),
    }
    if session.events:
        facts["events"] = {name: _times_in_words(np.asarray(at_s)) for name, at_s in session.events.items()}
    if session.behaviour:
        facts["behaviour"] = {name: len(signal.components) for name, signal in session.behaviour.items()}
    facts["rates"] = rates_in_words(session)
    return {name: value for name, value in facts.items() if value != {}}


def rates_in_words(session: Session) -> str:
    """Mean rate of the units over the complete recording, and its range over units."""
    activity = session.activity
    with np.errstate(invalid="ignore", divide="ignore"):
        if isinstance(activity, SpikeTimes):
            rates = np.array([_rate(times) for times in activity.times_s])
        elif isinstance(activity, TrialBins | TrialSpikes):
            values, amount = activity.totals(), activity.amounts()
            there = np.isfinite(values)
            rates = np.nansum(values, axis=1) / np.where(there, amount, 0).sum(axis=1)
        else:
            return "not looked at"
    known = rates[np.isfinite(rates)]
    if not len(known):
        return "no unit has any"
    words = f"{known.mean():.4g} {activity.units} on average over {len(known)} units"
    words += f", {known.min():.4g} to {known.max():.4g}"
    silent = int((known == 0).sum())
    return words + (f"; {silent} without a spike" if silent and activity.units == "spikes/s" else "")


def _rate(times_s: NDArray[Any]) -> float:
    times_s = np.asarray(times_s)
    return len(times_s) / float(times_s[-1] - times_s[0]) if len(times_s) > 1 and times_s[-1] > times_s[0] else 0.0


def table_facts(table: pd.DataFrame) -> dict[str, str]:
    """For each column, its values with their counts, or its range if it has many different numbers."""
    return {str(name): column_in_words(table[name].tolist()) for name in table.columns}


def column_in_words(values: list[Any]) -> str:
    """Values of a column: "left (40), right (38)", or for many numbers "0.5 to 12.25, 3 missing"."""
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool) and v == v]
    if len(set(numbers)) <= FEW_VALUES or len(numbers) < len(values) / 2:
        return in_words(values)
    array = np.array(numbers, np.float64)
    missing = len(values) - len(numbers)
    return f"{array.min():.6g} to {array.max():.6g}" + (f", {missing} missing" if missing else "")


def _times_in_words(at_s: NDArray[Any]) -> str:
    known = at_s[np.isfinite(at_s)] if at_s.size else at_s
    return f"{len(at_s)}, {known.min():.6g} to {known.max():.6g} s" if len(known) else f"{len(at_s)}"


def tree_facts(tree: Mapping[str, Any]) -> dict[str, str]:
    """Every variable and field by path, with shape and type; struct arrays and cells show their first element."""
    found: dict[str, str] = {}
    for path, value in parts_of(tree):
        if len(found) >= MOST_PARTS:
            found["..."] = "and more"
            break
        found[path] = kind_of(value) + _example(value)
    return found


def parts_of(tree: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Paths in a tree and their values, from the first element of struct arrays and cells."""
    waiting: list[tuple[str, Any]] = [(str(name), value) for name, value in reversed(list(tree.items()))]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if isinstance(value, np.ndarray) and value.dtype.kind == "O" and value.size:
            value = value.flat[0]
            if not isinstance(value, Mapping):
                yield f"{path}{{1}}", value
        if isinstance(value, Mapping):
            waiting += [(f"{path}.{name}", of) for name, of in reversed(list(value.items()))]


def _example(value: Any) -> str:
    if isinstance(value, str):
        return f" {value[:40]!r}"
    if isinstance(value, list):
        return f": {in_words(value)}"
    if isinstance(value, np.ndarray) and value.dtype.kind in "iufb" and value.size:
        if value.size == 1:
            return f" {value.ravel()[0]:g}"
        numbers = value.astype(np.float64)
        if np.isnan(numbers).all():
            return ", all NaN"
        different = len(np.unique(numbers[~np.isnan(numbers)])) if value.size <= 1 << 16 else FEW_VALUES + 1
        missing = f", {np.isnan(numbers).mean():.0%} NaN" if np.isnan(numbers).any() else ""
        if different <= FEW_VALUES and max(value.shape) == value.size:
            return f": {in_words(value.ravel().tolist())}"
        return f", {np.nanmin(numbers):.4g} to {np.nanmax(numbers):.4g}{missing}"
    return ""
