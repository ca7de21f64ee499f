"""Behaviour in sessions, averaged over the trials of each condition."""

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
    """Signals at bin starts, averaged over each condition's trials in all sessions, (condition, time) by name.

    If a signal has no value at some time of a trial, this trial is left out of the signal's average.

    Returns:
        The signals, as `<name>_x` and `<name>_y` for two components; and the trials left out, with the reason.

    Raises:
        InputError: a session lacks a signal, sessions differ in its components, or a condition has no trial with values
            at all times.
    """
    found: dict[str, NDArray[Any]] = {}
    left_out: list[dict[str, Any]] = []
    index = [conditions.index(of.keys) for of in trials]
    for name, path in choices.behaviour.items():
        values, components = [], None
        for session, of in zip(sessions, trials, strict=True):
            if path not in session.behaviour:
                raise missing_name("Unknown signal.", session.file, f"behaviour.{name}", path, session.behaviour)
            signal = session.behaviour[path]
            if components not in (None, signal.components):
                raise InputError(
                    f"Sessions differ in this signal's components: {len(components)} in {sessions[0].name}.",
                    file=session.file,
                    key=f"behaviour.{name}",
                    value=len(signal.components),
                    remedy="Remove the session or the signal.",
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
                    f"No trial of {conditions.named(c)} has this signal over the complete window.",
                    file=sessions[0].file,
                    key=f"behaviour.{name}",
                    value=path,
                    remedy="Shorten window_ms, or remove the signal from behaviour.",
                )
        for k, component in enumerate(components or ()):
            found[f"{name}{component}"] = np.array(
                [average(every[whole & (condition == c), :, k]) for c in range(len(conditions.keys))]
            )
    return found, left_out
