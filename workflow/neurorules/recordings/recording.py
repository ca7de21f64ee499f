"""What a Recording is: rates of neurons over conditions and time, and what made it.

A Recording is an xarray.Dataset with

    rates(condition, time, neuron)   float64, spikes/s, averaged over correct trials
    time                             float64 coordinate, ms relative to the event in attrs["aligned_to"]
    neuron                           string coordinate, the neuron's name, in an order of its own
    condition                        int64 coordinate 0 .. n-1, in the order of the task's test trials
    <label>(condition)               what each condition was (coherence, context, target angle_deg ...)
    shoulder_angle, elbow_angle, hand_x, ... (condition, time)  optional: behaviour, as the task needs it

and optionally the single trials, ragged, as

    trial_rates(trial, time)         spikes/s of one trial of one neuron
    trial_neuron(trial)              index into neuron
    trial_condition(trial)           index into condition

attrs: name, title, source, licence, citation, aligned_to, bin_width_ms, synthetic (0/1), left_out
(JSON list of {"neuron", "reason"}), made_by.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError
from neurorules.io.netcdf import open_dataset
from neurorules.io.stale import check_made_from

if TYPE_CHECKING:
    import xarray as xr

REQUIRED_ATTRIBUTES = (
    "name",
    "title",
    "source",
    "licence",
    "citation",
    "aligned_to",
    "bin_width_ms",
    "synthetic",
    "left_out",
)


def check_recording(recording: xr.Dataset, file: str | Path) -> xr.Dataset:
    """Return `recording` if it keeps to the contract above.

    Args:
        recording: the dataset.
        file: named in the error.

    Raises:
        InputError: a variable, coordinate or attribute is missing, a value is not finite, or a rate is negative.
    """
    import numpy as np

    def refuse(problem: str, key: str | None = None) -> InputError:
        return InputError(
            problem,
            file=file,
            key=key,
            remedy="Check the raw files, or mend the reader that made this recording.",
        )

    if "rates" not in recording or recording["rates"].dims != ("condition", "time", "neuron"):
        raise refuse("A recording needs rates(condition, time, neuron).", "rates")
    for coordinate in ("condition", "time", "neuron"):
        if coordinate not in recording.coords:
            raise refuse("A recording needs this coordinate.", coordinate)
    for attribute in REQUIRED_ATTRIBUTES:
        if attribute not in recording.attrs:
            raise refuse("A recording needs this attribute.", attribute)
    rates = recording["rates"].values
    if not np.isfinite(rates).all():
        raise refuse("Firing rates must be finite; there are NaN or infinite values.", "rates")
    if (rates < 0).any():
        raise refuse("Firing rates must not be negative.", "rates")
    if rates.shape[0] == 0:
        raise refuse("There is no condition in the recording.", "condition")
    if rates.shape[2] == 0:
        raise refuse("No neuron is left in the recording.", "neuron")
    for of in ("neuron", "condition"):
        if f"trial_{of}" in recording and not recording[f"trial_{of}"].isin(range(recording.sizes[of])).all():
            raise refuse(f"A trial is of a {of} that the recording does not have.", f"trial_{of}")
    for name, variable in recording.data_vars.items():
        if variable.dtype.kind == "f" and not np.isfinite(variable.values).all():
            raise refuse("Values must be finite; there are NaN or infinite ones.", str(name))
    return recording


def open_recording(path: str | Path, asked: Mapping[str, Any] | None = None) -> xr.Dataset:
    """Read a Recording that the workflow wrote, and check it.

    Args:
        path: the file.
        asked: attributes that it has to have, see `check_made_from`; None for whatever stands there.

    Raises:
        InputError: it is missing, or no recording.
        DamagedResult: it cannot be read.
        StaleResult: it was made otherwise than asked for.
    """
    recording = open_dataset(path, "a recording")
    check_made_from("recording", path, recording.attrs, asked or {})
    return check_recording(recording, path)
