"""The trials of a session that are used, with their events and conditions."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.sessions.choices import Choices, Label
from neurorules.recordings.sessions.columns import as_numbers, column, in_words, matches, missing_name, plain
from neurorules.recordings.sessions.grid import WHOLE
from neurorules.recordings.sessions.spike_times import SpikeTimes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.recordings.sessions.session import Session

START, STOP = "start_time", "stop_time"  # columns of a trials table, named as in NWB

Key = tuple[Any, ...]  # the labels of a condition


@dataclass(frozen=True)
class Trials:
    """The trials of a session that are used, ordered by their events.

    Attributes:
        rows: (trial,) rows of the session's table.
        at_s: (trial,) time of the event, s.
        keys: labels of each trial's condition.
        left_out: reasons for leaving out other trials, with their rows.
        overlaps: number of windows that begin before the previous one has ended.
    """

    rows: NDArray[Any]
    at_s: NDArray[Any]
    keys: list[Key]
    left_out: list[dict[str, Any]]
    overlaps: int


def chosen_trials(session: Session, choices: Choices) -> Trials:
    """The trials that a study keeps.

    Raises:
        InputError: a column is missing, no trials are left, no trial has a time of the event, or windows overlap and
            the study refuses that.
    """
    table, file = session.trials, session.file
    if not len(table):
        raise InputError("The file has no trials.", file=file, key="trials", value=0, remedy="Use another file.")
    used = np.ones(len(table), bool)
    left_out: list[dict[str, Any]] = []
    steps = [f"{len(table)} in the table"]

    def leave(out: NDArray[Any], reason: str, step: str) -> None:
        gone = np.flatnonzero(used & out)
        if len(gone):
            left_out.append({"session": session.name, "reason": reason, "trials": gone.tolist()})
            used[gone] = False
        steps.append(f"{int(used.sum())} {step}")

    for name, wanted in choices.keep_trials.items():
        key = f"keep_trials.{name}"
        values = column(table, name, "trials", file, key)
        kept = matches(values, wanted, file, key)
        leave(~kept, f"{name} is not {_asked(wanted)}", f"with {name} {_asked(wanted)} (it is {in_words(values)})")
    at_s, why = event_times(session, choices.align)
    if not np.isfinite(at_s).any():
        raise InputError(
            "No trial has a time for the event in align.",
            file=file,
            key="align",
            value=choices.align,
            remedy="Use another column of times or table of events.",
        )
    leave(~np.isfinite(at_s), why, f"with a time of {choices.align}")
    keys, faults = labels_of(session, choices.labels)
    for label, fault in faults.items():
        leave(fault, f"{label} is missing or in no bin", f"with a value of {label}")
    if not used.any():
        raise InputError(
            f"No trials are left: {'; '.join(steps)}.",
            file=file,
            key="keep_trials",
            value=dict(choices.keep_trials),
            remedy="Change keep_trials, align or condition.",
        )
    rows = np.flatnonzero(used)
    rows = rows[np.argsort(at_s[rows], kind="stable")]
    trials = Trials(rows, at_s[rows], [keys[row] for row in rows], left_out, 0)
    return _with_overlaps(session, choices, trials)


def event_times(session: Session, align: str) -> tuple[NDArray[Any], str]:
    """(trial,) times of the event, s, NaN if missing; and the reason given for such trials.

    Args:
        session: gives the trials table, or the tables of its events; of these, the first event from a trial's start to
            before its end counts.
        align: name of a column of the trials table or of a table of events.

    Raises:
        InputError: neither has this name, or it does not contain times.
    """
    table, file = session.trials, session.file
    if align in table.columns:
        return as_numbers(table[align], file, f"align: {align}"), f"no time of {align}"
    if align not in session.events:
        raise missing_name(
            "Unknown name: neither a column of trials nor a table of events.",
            file,
            "align",
            align,
            [*table.columns, *session.events],
        )
    start, stop = (as_numbers(column(table, name, "trials", file, "align"), file, name) for name in (START, STOP))
    events = np.sort(np.asarray(session.events[align], np.float64))
    first = np.searchsorted(events, start, side="left")
    padded = np.append(events, np.nan)
    at_s = padded[np.minimum(first, len(events))]
    at_s = np.where(at_s < stop, at_s, np.nan)
    return at_s, f"no event of {align} between its start and end"


def labels_of(session: Session, labels: tuple[Label, ...]) -> tuple[list[Key], Mapping[str, NDArray[Any]]]:
    """Labels of every trial's condition; and for each label (trial,) bool, whether it is missing.

    Raises:
        InputError: a column is missing, or a column to be binned is not numeric.
    """
    file, values, faults = session.file, [], {}
    for i, label in enumerate(labels):
        cells = column(session.trials, label.column, "trials", file, f"condition.{i}")
        if label.edges:
            numbers = as_numbers(cells, file, f"condition.{i}: {label.column}")
            edges = np.array(label.edges)
            bins = np.searchsorted(edges, numbers, side="right") - 1
            bins[numbers == edges[-1]] = len(edges) - 2
            inside = np.isfinite(numbers) & (bins >= 0) & (bins < len(edges) - 1)
            found = [plain(label.names[b]) if ok else None for b, ok in zip(bins, inside, strict=True)]
        else:
            found = [plain(value) for value in cells.tolist()]
        values.append(found)
        faults[label.column] = np.array([value is None for value in found], bool)
    return list(zip(*values, strict=True)), faults


def _asked(wanted: Any) -> str:
    if isinstance(wanted, Mapping):
        return " and ".join(f"{'at least' if k == 'min' else 'at most'} {v}" for k, v in wanted.items())
    return " or ".join(map(str, wanted)) if isinstance(wanted, list | tuple) else str(wanted)


def _with_overlaps(session: Session, choices: Choices, trials: Trials) -> Trials:
    """Add the number of overlapping windows; their spikes count twice, so the trials are not independent.

    Averages are still valid, so this is a warning unless the study says otherwise. It can be checked only for spike
    times on the session's clock: trials that were cut out have separate clocks.
    """
    length_s = (choices.grid.stop_ms - choices.grid.start_ms) / 1000.0
    tolerance_s = WHOLE * choices.grid.bin_ms / 1000.0
    if not isinstance(session.activity, SpikeTimes):
        return trials
    overlaps = int((np.diff(trials.at_s) < length_s - tolerance_s).sum())
    if not overlaps:
        return trials
    if choices.refuse_overlap:
        raise InputError(
            f"In {overlaps} of {len(trials.rows)} trials, the window begins before the end of the previous window.",
            file=session.file,
            key="window_ms",
            value=[choices.grid.start_ms, choices.grid.stop_ms],
            remedy="Shorten the window, keep fewer trials, or set overlapping_windows to warn.",
        )
    print(
        f"{session.file}: {overlaps} of {len(trials.rows)} windows overlap the previous one, so some spikes count "
        f"twice.",
        file=sys.stderr,
    )
    return Trials(trials.rows, trials.at_s, trials.keys, trials.left_out, overlaps)
