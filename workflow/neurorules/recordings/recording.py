"""The contract of a Recording: rates of neurons over conditions and time, and their origin.

A Recording is an xarray.Dataset with

    rates(condition, time, neuron)   float64, spikes/s, averaged over correct trials, not negative; if its attribute
                                     units is "z-score", above baseline(neuron), see z_scores.py
    time                             float64 coordinate, evenly spaced, ms relative to the event in attrs["aligned_to"]
    neuron                           string coordinate, the neuron's name, in any order
    condition                        int64 coordinate 0 .. n-1, in the order of the labels (conditions.py)
    <label>(condition)               coordinates that label each condition (coherence, context, target angle_deg ...).
                                     Test trials find their condition by these labels, never by its position
    shoulder_angle, elbow_angle, hand_x, ... (condition, time)  optional: behaviour, as the task needs it

and optionally the single trials, ragged, as

    trial_rates(trial, time)         spikes/s in one trial of one neuron
    trial_neuron(trial)              int64, index into neuron
    trial_condition(trial)           int64, index into condition; -1: a trial without a condition, which is not used

attrs: name, title, source, licence, citation, aligned_to, bin_width_ms, synthetic (0/1), left_out (JSON list of
{"neuron", "reason"}), made_by; optional time_in_bin, "edge" or "middle": the position of a time in its bin (bins.py
gives the default); simultaneous, 1 or 0: whether all neurons were recorded together (simultaneous.py). Titles and
names are one line without control characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError
from neurorules.io.limits import RECORDING_BYTES
from neurorules.io.netcdf import open_dataset
from neurorules.io.stale import check_made_from
from neurorules.recordings.bins import EDGE, MIDDLE, bin_width_ms, uneven_bin
from neurorules.recordings.missing import describe_cells
from neurorules.recordings.single_trials import fault_of_trials
from neurorules.recordings.texts import faulty_text

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

DIMENSIONS = ("condition", "time", "neuron")
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
MAX_RATE_HZ = 2000.0  # spikes/s, averaged over trials; an option may raise it


def check_recording(recording: xr.Dataset, file: str | Path) -> xr.Dataset:
    """Return `recording` if it meets the contract above.

    Args:
        recording: the dataset.
        file: shown in the error.

    Raises:
        InputError: a variable, coordinate or attribute is missing or invalid, a value is not finite, a rate is
            negative, or the rates never change.
    """

    def refuse(problem: str, key: str, value: Any, remedy: str | None = None) -> InputError:
        return InputError(
            problem,
            file=file,
            key=key,
            value=value,
            remedy=remedy or "Check the raw files, or fix the reader that made this recording.",
        )

    if "rates" not in recording.data_vars or recording["rates"].dims != DIMENSIONS:
        found = recording["rates"].dims if "rates" in recording.variables else None
        raise refuse("A recording needs rates(condition, time, neuron).", "rates", found)
    for attribute in REQUIRED_ATTRIBUTES:
        if attribute not in recording.attrs:
            raise refuse("A recording needs this attribute.", attribute, None)
    if recording.nbytes > RECORDING_BYTES:
        raise refuse(f"The recording is larger than {RECORDING_BYTES} bytes.", "rates", recording.nbytes)
    for check in (_coordinates, _values):
        if fault := check(recording):
            raise refuse(*fault)
    if fault := fault_of_trials(recording):
        key, problem, value = fault
        raise refuse(problem, key, value)
    if text := faulty_text(recording):
        key, value, why = text
        raise refuse(f"This text {why}.", key, value, "Write it as one line of printable characters.")
    return recording


def check_plausible(recording: xr.Dataset, file: str | Path, max_rate_hz: float = MAX_RATE_HZ) -> None:
    """Refuse rates that no neuron can have, a sign of units other than spikes/s.

    For readers of files that state their units; those of published files may be unknown.

    Raises:
        InputError: a rate is above `max_rate_hz`.
    """
    above = recording["rates"] > max_rate_hz
    if above.any():
        largest = float(recording["rates"].max())
        raise InputError(
            f"A rate is above {max_rate_hz:g} spikes/s, {describe_cells(above)}.",
            file=file,
            key="rates",
            value=largest,
            remedy=f"Write rates in spikes/s. If the rates are right, set max_rate_hz to {largest:.6g} or more in the "
            "recording's options.",
        )


Fault = tuple[str, str, Any] | tuple[str, str, Any, str]  # problem, key, value, and a remedy if it is special


def _coordinates(recording: xr.Dataset) -> Fault | None:
    import numpy as np

    for name in DIMENSIONS:
        if name not in recording.coords or recording[name].dims != (name,):
            return f"A recording needs the coordinate {name}({name}).", name, None
        if recording.sizes[name] == 0:
            what = {"condition": "There is no condition", "time": "There is no bin", "neuron": "No neuron is left"}
            return f"{what[name]} in the recording.", name, 0
    condition, time_ms, neuron = (recording[name].values for name in DIMENSIONS)
    if not np.array_equal(condition, np.arange(len(condition))):
        return "Conditions must be numbered from 0, in order.", "condition", condition.tolist()
    if neuron.dtype.kind not in "OU" or len(set(neuron.tolist())) < len(neuron):
        return "Each neuron needs a unique name, as text.", "neuron", neuron.tolist()
    if time_ms.dtype != np.float64 or not np.isfinite(time_ms).all():
        return "Times must be finite numbers (float64), in ms.", "time", time_ms.tolist()
    if len(time_ms) > 1:
        uneven, stated = uneven_bin(time_ms), float(recording.attrs["bin_width_ms"])
        if uneven is not None:
            return "Bins must follow each other in equal steps.", "time", time_ms[max(uneven - 1, 0) :][:3].tolist()
        if abs(stated - bin_width_ms(time_ms)) > 1e-3 * stated:
            return f"The times are {bin_width_ms(time_ms):.6g} ms apart.", "bin_width_ms", stated
    where = recording.attrs.get("time_in_bin", EDGE)
    if where not in (EDGE, MIDDLE):
        return "Unknown value of time_in_bin.", "time_in_bin", where, f"Write {EDGE} or {MIDDLE}."
    return None


def _values(recording: xr.Dataset) -> Fault | None:
    import numpy as np

    rates = recording["rates"].values
    if rates.dtype != np.float64:
        return "Firing rates must be float64.", "rates", str(rates.dtype)
    finite = np.isfinite(rates)
    if not finite.all():
        return (
            f"Firing rates must be finite; there are NaN or infinite values, "
            f"{describe_cells(recording['rates'].copy(data=~finite))}.",
            "rates",
            int((~finite).sum()),
        )
    if (rates < 0).any():
        return (
            f"Firing rates must not be negative, {describe_cells(recording['rates'] < 0)}.",
            "rates",
            float(rates.min()),
            "Write rates in spikes/s, not z-scored and without a subtracted baseline.",
        )
    if not _changes(rates):
        return (
            "The rates never change, over conditions and time, in any neuron. Every distance from them would be 1, "
            "and a noise floor needs neurons that change in both halves.",
            "rates",
            float(rates.flat[0]),
            "Check what was written to rates.",
        )
    for name, variable in recording.data_vars.items():
        if variable.dtype.kind == "f" and not np.isfinite(variable.values).all():
            bad = ~np.isfinite(variable.values)
            return "Values must be finite; there are NaN or infinite ones.", str(name), int(bad.sum())
    return None


def _changes(rates: NDArray[Any]) -> bool:
    """Whether any neuron's rate changes by more than rounding, and enough for its squares not to underflow."""
    import numpy as np

    spread = float(np.ptp(rates, axis=(0, 1)).max())
    return spread > 1e-100 and spread > 1e-12 * float(rates.max())


def values_of(recording: xr.Dataset, name: str, dimensions: tuple[str, ...]) -> NDArray[Any]:
    """Values of a variable, in the order of these dimensions.

    Raises:
        InputError: the variable has other dimensions.
    """
    variable = recording[name]
    if sorted(map(str, variable.dims)) != sorted(dimensions):
        raise InputError(
            f"The variable must be {name}({', '.join(dimensions)}).",
            key=name,
            value=variable.dims,
            remedy="Write it with these dimensions.",
        )
    values: NDArray[Any] = variable.transpose(*dimensions).values
    return values


def open_recording(path: str | Path, asked: Mapping[str, Any] | None = None) -> xr.Dataset:
    """Read a Recording that the workflow wrote, and check it.

    Args:
        path: the file.
        asked: attributes that it must have, see `check_made_from`; None to accept any.

    Raises:
        InputError: it is missing, or not a recording.
        DamagedResult: it cannot be read.
        StaleResult: it does not match the attributes asked for.
    """
    recording = open_dataset(path, "a recording")
    check_made_from("recording", path, recording.attrs, asked or {})
    return check_recording(recording, path)
