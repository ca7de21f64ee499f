"""Conversion of sessions, as files have them, to a Recording, as a study defines it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.io.limits import RECORDING_BYTES
from neurorules.recordings.bins import EDGE
from neurorules.recordings.normalised import with_baseline
from neurorules.recordings.recording import MAX_RATE_HZ, check_plausible
from neurorules.recordings.sessions.behaviour import averaged_behaviour
from neurorules.recordings.sessions.choices import Choices, choices_of
from neurorules.recordings.sessions.clock import check_clock
from neurorules.recordings.sessions.conditions import shared_conditions
from neurorules.recordings.sessions.session import SPIKES_PER_S
from neurorules.recordings.sessions.trials import Trials, chosen_trials
from neurorules.recordings.sessions.units import Unit, chosen_units
from neurorules.recordings.simultaneous import SIMULTANEOUS, check_session
from neurorules.recordings.texts import LONGEST_TEXT

if TYPE_CHECKING:
    import xarray as xr

    from neurorules.recordings.sessions.session import Session


def recording_of(sessions: Sequence[Session], options: Mapping[str, Any]) -> xr.Dataset:
    """Make a Recording of one session, or of several as one pseudo-population.

    Units of several sessions stay separate as `<session>/<unit>`. Conditions are joined by their labels: those of every
    session, or those of any session with `drop_incomplete_units`.

    Args:
        sessions: one or more.
        options: options of the recording, as listed in docs/reference/options.md.

    Returns:
        rates(condition, time, neuron), labels of conditions, behaviour and single trials in the form of
        `recordings/recording.py`. `time` is the start of each bin. Attributes list what was left out, with reasons:
        `left_out` (units), `trials_left_out`, `conditions_left_out`, `behaviour_left_out`; `overlapping_windows` counts
        windows that overlap the previous one, and `kept_trials` the trials used, by session.

    Raises:
        InputError: an option is missing or invalid, a column or signal is missing, or nothing is left.
    """
    choices = choices_of(options)
    _check_together(sessions, choices)
    trials = []
    for session in sessions:
        of = chosen_trials(session, choices)
        check_clock(session, of)
        trials.append(_in_order(session, of, choices))
    conditions = shared_conditions(sessions, trials, choices)
    units: list[Unit] = []
    left_out: list[dict[str, str]] = []
    for session, of in zip(sessions, trials, strict=True):
        prefix = f"{session.name}/" if len(sessions) > 1 else ""
        kept, gone = chosen_units(session, of, conditions, choices, prefix)
        units += kept
        left_out += gone
    if not units:
        raise _no_unit(sessions, left_out)
    if options.get(SIMULTANEOUS):
        n_trials = int((conditions.index(trials[0].keys) >= 0).sum())
        observed = {unit.name: len(unit.trial_condition) for unit in units}
        check_session([session.file for session in sessions], observed, n_trials)
    behaviour, behaviour_left_out = averaged_behaviour(sessions, trials, conditions, choices)
    recording = _dataset(units, choices, sessions[0].activity.units)
    recording = recording.assign_coords(conditions.coordinates())
    for name, values in behaviour.items():
        if name in recording.variables:
            raise InputError(
                "Duplicate name in the recording.",
                file=sessions[0].file,
                key=f"behaviour.{name}",
                value=name,
                remedy="Rename the signal.",
            )
        recording[name] = (("condition", "time"), values)
    recording.attrs = {
        **_about(sessions),
        "aligned_to": choices.align,
        "bin_width_ms": choices.grid.bin_ms,
        "smoothing_sd_ms": choices.grid.smooth_sd_ms,
        "time_in_bin": EDGE,
        "left_out": json.dumps(left_out),
        "trials_left_out": json.dumps([entry for of in trials for entry in of.left_out]),
        "conditions_left_out": json.dumps(conditions.left_out),
        "behaviour_left_out": json.dumps(behaviour_left_out),
        "kept_trials": json.dumps({s.name: len(of.rows) for s, of in zip(sessions, trials, strict=True)}),
        "overlapping_windows": sum(of.overlaps for of in trials),
    }
    if sessions[0].activity.units == SPIKES_PER_S:
        check_plausible(recording, sessions[0].file, choices.max_rate_hz or MAX_RATE_HZ)
        return recording
    return with_baseline(recording)


def _check_together(sessions: Sequence[Session], choices: Choices) -> None:
    """Refuse sessions that cannot form one recording."""
    if not sessions:
        raise InputError("There are no sessions.", key="path", value=[], remedy="Add a file.")
    names = [session.name for session in sessions]
    for session in sessions:
        if names.count(session.name) > 1:
            raise InputError(
                "Duplicate session name.",
                file=session.file,
                key="session",
                value=session.name,
                remedy="Rename one of the files, or remove the copy.",
            )
        units = session.activity.units
        if units != sessions[0].activity.units:
            raise InputError(
                f"Sessions differ in the units of their rates: {sessions[0].activity.units} in {sessions[0].name}.",
                file=session.file,
                key="units",
                value=units,
                remedy="Make one recording for each unit of measure.",
            )
        if units != SPIKES_PER_S and choices.max_rate_hz is not None:
            raise InputError(
                f"Rates of this file are in units of {units}, so a limit in spikes/s does not apply.",
                file=session.file,
                key="max_rate_hz",
                value=choices.max_rate_hz,
                remedy="Remove the limit.",
            )
        if not len(session.units):
            raise InputError(
                "The file has no units.", file=session.file, key="units", value=0, remedy="Use another file."
            )


def _in_order(session: Session, trials: Trials, choices: Choices) -> Trials:
    """The trials in an order independent of the file's: by their events, then by the activity of the units.

    In trials that were cut out, the event is at the same time on each trial's own clock.
    """
    if (np.diff(trials.at_s) > 0).all():
        return trials
    totals = [
        np.nan_to_num(session.activity.trial_rates(unit, trials.rows, trials.at_s, choices.grid).sum(axis=1))
        for unit in range(len(session.units))
    ]
    order = np.lexsort([*totals, trials.at_s])
    keys = [trials.keys[i] for i in order]
    return Trials(trials.rows[order], trials.at_s[order], keys, trials.left_out, trials.overlaps)


def _dataset(units: Sequence[Unit], choices: Choices, rate_units: str) -> xr.Dataset:
    import xarray as xr

    n_trials = sum(len(unit.trial_condition) for unit in units) if choices.single_trials else 0
    if 4 * n_trials * choices.grid.n_bins > RECORDING_BYTES:
        raise InputError(
            f"The single trials take more than {RECORDING_BYTES} bytes, the limit for a recording.",
            key="keep_single_trials",
            value=True,
            remedy="Set keep_single_trials to false, widen bins, or keep fewer trials or units.",
        )
    recording = xr.Dataset(
        {
            "rates": (
                ("condition", "time", "neuron"),
                np.ascontiguousarray(np.stack([unit.rates for unit in units], axis=-1)),
                {"units": rate_units},
            )
        },
        coords={
            "condition": np.arange(len(units[0].rates)),
            "time": ("time", choices.grid.starts_ms, {"units": "ms"}),
            "neuron": [unit.name for unit in units],
        },
    )
    if choices.single_trials:
        single = np.concatenate([unit.trial_rates for unit in units if unit.trial_rates is not None])
        recording["trial_rates"] = (("trial", "time"), single, {"units": rate_units})
        of_neuron = np.repeat(np.arange(len(units)), [len(unit.trial_condition) for unit in units])
        recording["trial_neuron"] = ("trial", of_neuron)
        recording["trial_condition"] = ("trial", np.concatenate([unit.trial_condition for unit in units]))
    return recording


def _about(sessions: Sequence[Session]) -> dict[str, Any]:
    """The files' own attributes; if sessions differ, all of their values."""
    about: dict[str, list[Any]] = {}
    for session in sessions:
        for name, value in session.attributes.items():
            values = about.setdefault(name, [])
            if value not in values:
                values.append(value)
    joined = {
        name: values[0] if len(values) == 1 else "; ".join(map(str, values))[:LONGEST_TEXT]
        for name, values in about.items()
    }
    return {**joined, "synthetic": int(any(int(value) for value in about.get("synthetic", [0])))}


def _no_unit(sessions: Sequence[Session], left_out: Sequence[Mapping[str, str]]) -> InputError:
    counts: dict[str, int] = {}
    for entry in left_out:
        counts[entry["reason"]] = counts.get(entry["reason"], 0) + 1
    most = sorted(counts.items(), key=lambda item: -item[1])
    listed = "; ".join(f"{reason} ({n})" for reason, n in most[:5])
    more = f"; and {len(most) - 5} more reasons" if len(most) > 5 else ""
    return InputError(
        f"No unit is left of {len(left_out)}: {listed}{more}.",
        file=sessions[0].file,
        key="units",
        value=len(left_out),
        remedy="Change units, min_trials or window_ms. drop_incomplete_units and keep_trials set the conditions that "
        "a unit needs.",
    )
