"""Checks that a session's spike times and trials are in s on one clock: files may also have ms or sample numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.sessions.columns import as_numbers
from neurorules.recordings.sessions.spike_times import SpikeTimes
from neurorules.recordings.sessions.trials import START, STOP, Trials

if TYPE_CHECKING:
    from neurorules.recordings.sessions.session import Session

LONGEST_TRIAL_S = 1000.0  # limit of the median; no animal works longer on one trial
FACTOR = (200.0, 5000.0)  # of last spike to last event: 1000 if one is in ms and they end at similar times
FEWEST = 10  # spikes needed to estimate a session's length
SECONDS = "Divide them by 1000 if they are in ms: NWB's times are in s, on the session's clock."


def check_clock(session: Session, trials: Trials) -> None:
    """Refuse times that are not in s.

    Args:
        session: with any activity; activity on each trial's own clock is not checked.
        trials: the trials used.

    Raises:
        InputError: trials are longer than any real trial, or spikes and events are not on one clock.
    """
    if {START, STOP} <= set(session.trials.columns):
        lengths = as_numbers(session.trials[STOP], session.file, STOP) - as_numbers(
            session.trials[START], session.file, START
        )
        median = float(np.median(lengths[np.isfinite(lengths)])) if np.isfinite(lengths).any() else 0.0
        if median > LONGEST_TRIAL_S:
            raise InputError(
                f"Half of the trials are longer than {median:.4g} s: their times are not in s.",
                file=session.file,
                key=f"trials.{STOP}",
                value=median,
                remedy=SECONDS,
            )
    if not isinstance(session.activity, SpikeTimes):
        return
    ends = [(float(times[0]), float(times[-1]), len(times)) for times in session.activity.times_s if len(times)]
    if not ends:
        return
    first, last = min(end[0] for end in ends), max(end[1] for end in ends)
    event, first_event = float(np.abs(trials.at_s).max()), float(trials.at_s.min())
    if sum(end[2] for end in ends) < FEWEST or event == 0 or last == 0:
        return
    ratio = abs(last) / event
    apart = first > trials.at_s.max() or last < first_event
    if FACTOR[0] <= ratio <= FACTOR[1] or FACTOR[0] <= 1 / ratio <= FACTOR[1]:
        what = "spike times" if ratio > 1 else "times of trials"
        raise InputError(
            f"The last spike is at {last:.6g} and the last event at {event:.6g}: {what} seem to be in ms.",
            file=session.file,
            key="spike_times" if ratio > 1 else "trials",
            value=ratio,
            remedy=SECONDS,
        )
    if apart:
        raise InputError(
            f"Spikes are between {first:.6g} and {last:.6g} s, events between {first_event:.6g} and "
            f"{float(trials.at_s.max()):.6g} s: they are not on one clock.",
            file=session.file,
            key="spike_times",
            value=[first, last],
            remedy="Write both in s, on the session's clock.",
        )
