"""Behaviour of sessions, averaged over the trials of each condition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.sessions.choices import Choices
from neurorules.recordings.sessions.columns import missing_name
from neurorules.recordings.sessions.conditions import Conditions
from neurorules.recordings.sessions.reliability import average
from neurorules.recordings.sessions.trials import Trials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.recordings.sessions.session import Session


def averaged_behaviour(
    sessions: Sequence[Session], trials: Sequence[Trials], conditions: Conditions, choices: Choices
) -> tuple[dict[str, NDArray[Any]], list[dict[str, Any]]]:
    """Signals at the starts of bins, averaged over the trials of all sessions, (condition, time) by name.

    A trial in which a signal has no value at some time is left out of its average.

    Returns:
        the signals, `<name>_x` and `<name>_y` of one with two components; and what was left out, with the reason.

    Raises:
        InputError: a session lacks a signal, sessions have it with other components, or a condition has no trial with
            values at all times.
    """
    found: dict[str, NDArray[Any]] = {}
    left_out: list[dict[str, Any]] = []
    index = [conditions.index(of.keys) for of in trials]
    for name, path in choices.behaviour.items():
        values, components = [], None
        for session, of in zip(sessions, trials, strict=True):
            if path not in session.behaviour:
                raise missing_name(
                    "There is no such signal.", session.file, f"behaviour.{name}", path, session.behaviour
                )
            signal = session.behaviour[path]
            if components not in (None, signal.components):
                raise InputError(
                    f"Sessions have this signal with other components: {len(components)} in {sessions[0].name}.",
                    file=session.file,
                    key=f"behaviour.{name}",
                    value=len(signal.components),
                    remedy="Take the session or the signal out.",
                )
            components = signal.components
            values.append(signal.trial_values(of.rows, of.at_s, choices.grid.starts_ms))
        every, condition = np.concatenate(values), np.concatenate(index)
        whole = np.isfinite(every).all(axis=(1, 2))
        if gone := int((~whole & (condition >= 0)).sum()):
            left_out.append({"behaviour": name, "reason": "no value at some time of the window", "trials": gone})
        for c in range(len(conditions.keys)):
            if not (whole & (condition == c)).any():
                raise InputError(
                    f"No trial of {conditions.named(c)} has this signal over the whole window.",
                    file=sessions[0].file,
                    key=f"behaviour.{name}",
                    value=path,
                    remedy="Shorten window_ms, or take the signal out of behaviour.",
                )
        for k, component in enumerate(components or ()):
            found[f"{name}{component}"] = np.array(
                [average(every[whole & (condition == c), :, k]) for c in range(len(conditions.keys))]
            )
    return found, left_out
