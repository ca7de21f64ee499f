"""The units of a session that are used, and their rates: averages of each condition, and single trials."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.sessions.choices import MIN_RATE, Choices
from neurorules.recordings.sessions.columns import column, matches, plain
from neurorules.recordings.sessions.conditions import Conditions
from neurorules.recordings.sessions.reliability import average, split_half_reliability
from neurorules.recordings.sessions.session import SPIKES_PER_S
from neurorules.recordings.sessions.trials import Trials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.recordings.sessions.session import Session


@dataclass(frozen=True)
class Unit:
    """A unit that is used.

    Attributes:
        name: name in the recording.
        rates: (condition, time) averaged over trials.
        trial_rates: (trial, time) single trials ordered by condition, float32; None if they are not kept.
        trial_condition: (trial,) the condition of each trial.
    """

    name: str
    rates: NDArray[Any]
    trial_rates: NDArray[Any] | None
    trial_condition: NDArray[Any]


def chosen_units(
    session: Session, trials: Trials, conditions: Conditions, choices: Choices, prefix: str
) -> tuple[list[Unit], list[dict[str, str]]]:
    """The units of a session that a study keeps, and those left out, with the reason.

    Args:
        session: the file's content.
        trials: the trials used.
        conditions: conditions of the recording.
        choices: choices of the study.
        prefix: prefix for the names of units.

    Raises:
        InputError: a column of units is missing, or a limit does not apply to these rates.
    """
    if session.activity.units != SPIKES_PER_S and choices.min_rate_hz is not None:
        raise InputError(
            f"Rates of this file are in units of {session.activity.units}, so a limit in spikes/s does not apply.",
            file=session.file,
            key=f"units.{MIN_RATE}",
            value=choices.min_rate_hz,
            remedy="Remove the limit.",
        )
    reasons = _by_columns(session, choices)
    condition = conditions.index(trials.keys)
    of_condition = np.flatnonzero(condition >= 0)
    order = of_condition[np.argsort(condition[of_condition], kind="stable")]
    rows, at_s, condition = trials.rows[order], trials.at_s[order], condition[order]
    units: list[Unit] = []
    left_out = []
    for i, name in enumerate(map(str, session.units.index)):
        reason = reasons[i]
        if reason is None:
            found = session.activity.trial_rates(i, rows, at_s, choices.grid)
            unit, reason = _unit(found, condition, conditions, choices, session.activity.units)
        if reason is None and unit is not None:
            rates, single, of = unit
            units.append(Unit(prefix + name, rates, single, of))
        else:
            left_out.append({"neuron": prefix + name, "reason": str(reason)})
    return units, left_out


def _by_columns(session: Session, choices: Choices) -> list[str | None]:
    """Why each unit is left out because of its row in the table of units; None for units that are kept."""
    reasons: list[str | None] = [None] * len(session.units)
    for name, wanted in choices.units.items():
        key = f"units.{name}"
        values = column(session.units, name, "units", session.file, key)
        for i, (value, kept) in enumerate(
            zip(values.tolist(), matches(values, wanted, session.file, key), strict=True)
        ):
            if not kept and reasons[i] is None:
                reasons[i] = f"{name} is {'missing' if plain(value) is None else plain(value)}"
    return reasons


Averaged = tuple["NDArray[Any]", "NDArray[Any] | None", "NDArray[Any]"]


def _unit(
    rates: NDArray[Any], condition: NDArray[Any], conditions: Conditions, choices: Choices, units: str
) -> tuple[Averaged | None, str | None]:
    """Averages and single trials of a unit, or why it is left out.

    Args:
        rates: (trial, time), NaN in trials in which the unit was not observed.
        condition: (trial,) condition of each trial, ascending.
        conditions, choices: conditions of the recording and choices of the study.
        units: units of the rates.
    """
    observed = ~np.isnan(rates).any(axis=1)
    n = len(conditions.keys)
    counts = np.bincount(condition[observed], minlength=n)
    few = np.flatnonzero(counts < choices.min_trials)
    if len(few):
        first = int(few[0])
        of = int((condition == first).sum())
        seen = f"observed in {counts[first]} of {of} trials" if of else "no trial"
        more = f" and of {len(few) - 1} more" if len(few) > 1 else ""
        return None, f"{seen} of {conditions.named(first)}{more}; min_trials is {choices.min_trials}"
    rates, condition = rates[observed], condition[observed]
    if units == SPIKES_PER_S and not rates.any():
        return None, f"no spike in the window of any of {len(rates)} trials"
    starts = np.searchsorted(condition, np.arange(n + 1))
    means = np.array([average(rates[a:b]) for a, b in pairwise(starts)])
    if choices.min_rate_hz is not None and (rate := float(means.mean())) < choices.min_rate_hz:
        return None, f"mean rate {rate:.4g} spikes/s, below min_rate_hz {choices.min_rate_hz:g}"
    if choices.min_reliability is not None:
        reliability = split_half_reliability(rates, condition, n)
        if not reliability >= choices.min_reliability:
            fewest = int(counts.min())
            why = f"split-half reliability {reliability:.3g}" if fewest > 1 else "a condition with one trial"
            return None, f"{why}, below min_reliability {choices.min_reliability:g}"
    return (means, rates.astype(np.float32) if choices.single_trials else None, condition), None
