"""Which neurons were recorded together, so that their single trials have a noise covariance.

A recording declares it with the option `simultaneous`, kept as the attribute `simultaneous` (1 or 0). Without the
option, one session in an NWB file counts as recorded together, which is what a session is in NWB. Other files do not
say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.recordings.single_trials import CONDITION, NEURON, RATES

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

SIMULTANEOUS = "simultaneous"
BY_NATURE = "neurorules.recordings.readers.nwb"  # made_by of recordings that need no declaration


def check_declaration(recording: xr.Dataset, file: str | Path, why_not: str | None = None) -> None:
    """Refuse `simultaneous: true` for a recording whose neurons cannot be matched trial by trial.

    Args:
        recording: as a reader returns it, before `with_ragged_trials`.
        file: shown in errors.
        why_not: why the reader's neurons were not recorded together, if they were not.

    Raises:
        InputError: the neurons were not recorded together, there are no single trials, or neurons were recorded in
            different trials.
    """

    def refuse(problem: str, remedy: str) -> InputError:
        return InputError(problem, file=file, key=SIMULTANEOUS, value=True, remedy=remedy)

    remove = "Remove the option simultaneous"
    if why_not is not None:
        raise refuse(f"These neurons were not recorded together. {why_not}", f"{remove}.")
    if RATES not in recording:
        raise refuse(
            "The recording has no single trials.", f"Store single trials with the recording, or {_low(remove)}."
        )
    if "neuron" in recording[RATES].dims:
        values = recording[RATES].transpose("neuron", ..., "time").values
        missing = np.isnan(values).all(axis=-1).any(axis=0) if values.dtype.kind == "f" else np.zeros(1, bool)
        if missing.any():
            n = int(missing.sum())
            raise refuse(
                f"In {n} of {len(missing)} trials, a neuron was not recorded.",
                f"Leave out these trials or these neurons, or {_low(remove)}.",
            )
    elif _trials_of_neurons(recording) is None:
        raise refuse(
            "The neurons do not have the same trials.",
            f"Leave out neurons that lack trials, or {_low(remove)}.",
        )


def check_session(files: Sequence[Path], trials_of_units: Mapping[str, int], n_trials: int) -> None:
    """Refuse `simultaneous: true` for units of several sessions, and for units that were not observed in all trials.

    Args:
        files: the sessions' files.
        trials_of_units: the number of trials in which each unit was observed.
        n_trials: the number of trials of the recording's conditions.

    Raises:
        InputError: see above.
    """
    if len(files) > 1:
        raise InputError(
            f"The recording consists of {len(files)} sessions, and units of different sessions were not recorded "
            "together.",
            file=files[0],
            key=SIMULTANEOUS,
            value=True,
            remedy="Make one recording of each session, or remove the option simultaneous.",
        )
    short = {name: n for name, n in trials_of_units.items() if n < n_trials}
    if short:
        name, n = min(short.items(), key=lambda item: (item[1], item[0]))
        raise InputError(
            f"{len(short)} of {len(trials_of_units)} units were not observed in all {n_trials} trials; {name} was "
            f"observed in {n}.",
            file=files[0],
            key=SIMULTANEOUS,
            value=True,
            remedy="Leave these units out with `units`, leave out the trials with `keep_trials`, shorten window_ms, or "
            "remove the option simultaneous.",
        )


def simultaneous_trials(recording: xr.Dataset) -> tuple[NDArray[Any], NDArray[Any]]:
    """Single trials of neurons that were recorded together.

    Args:
        recording: in the form of `recordings/recording.py`.

    Returns:
        (trial, time, neuron) rates, and (trial,) the condition of each trial. Trials without a condition are left out.

    Raises:
        InputError: there are no single trials, the neurons were not recorded together or the recording does not say
            so, or neurons have different trials.
    """
    name = recording.attrs["name"]
    option = f"recordings.{name}.options.{SIMULTANEOUS}"
    if RATES not in recording:
        raise InputError(
            f"The recording {name} has no single trials, and noise covariances need them.",
            key=f"recordings.{name}.options.keep_trials",
            remedy="Set keep_trials to true (for sessions: keep_single_trials) if the source has single trials.",
        )
    declared = recording.attrs.get(SIMULTANEOUS)
    sessions = json.loads(recording.attrs.get("kept_trials", "{}"))
    if declared is None and recording.attrs.get("made_by") == BY_NATURE and len(sessions) > 1:
        raise InputError(
            f"The recording {name} consists of {len(sessions)} sessions. Units of different sessions were not recorded "
            "together, so they have no noise covariances.",
            key=f"recordings.{name}.path",
            value=len(sessions),
            remedy="Make one recording of each session.",
        )
    if not declared and (declared is not None or recording.attrs.get("made_by") != BY_NATURE):
        raise InputError(
            f"The recording {name} does not say that its neurons were recorded together. Neurons that were recorded "
            "one after another have no noise covariances.",
            key=option,
            value=None if declared is None else False,
            remedy="If all neurons were recorded at the same time, in the same trials, set simultaneous to true.",
        )
    condition = _trials_of_neurons(recording)
    # An undeclared session was not checked when it was read: equal numbers could be those of different trials.
    unsure = declared is None and condition is not None and len(condition) != sum(sessions.values())
    if condition is None or unsure:
        raise InputError(
            f"The neurons of {name} do not have the same trials."
            if condition is None
            else f"The neurons of {name} have {len(condition)} of {sum(sessions.values())} trials, and it is not known "
            "whether these are the same.",
            key=option,
            value=declared,
            remedy="Set simultaneous to true. If neurons lack trials, the error then says which.",
        )
    order = np.argsort(recording[NEURON].values, kind="stable")
    rates = recording[RATES].values[order].reshape(recording.sizes["neuron"], len(condition), -1)
    kept = condition >= 0
    return rates.transpose(1, 2, 0)[kept], condition[kept]


def _trials_of_neurons(recording: xr.Dataset) -> NDArray[Any] | None:
    """(trial,) the condition of each trial, if all neurons have the same sequence of conditions."""
    neuron, condition = recording[NEURON].values, recording[CONDITION].values
    counts = np.bincount(neuron, minlength=recording.sizes["neuron"])
    if counts.min() != counts.max():
        return None
    of_neurons = condition[np.argsort(neuron, kind="stable")].reshape(len(counts), -1)
    same: NDArray[Any] = of_neurons[0]
    return same if (of_neurons == same).all() else None


def _low(words: str) -> str:
    return words[0].lower() + words[1:]
