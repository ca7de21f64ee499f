"""The user's own rates: a recording as one NetCDF file in the form of `recordings/recording.py`.

The file contains rates(condition, time, neuron) in spikes/s, z-scored or soft-normalised, time in ms, and a title. All
other parts of `recordings/recording.py` are optional.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.io.limits import RECORDING_BYTES
from neurorules.io.text import title_problem
from neurorules.recordings.bins import EDGE, MIDDLE, bin_width_ms, uneven_bin
from neurorules.recordings.formats.foreign_netcdf import load_foreign
from neurorules.recordings.missing import describe_cells, never_written
from neurorules.recordings.normalised import with_baseline
from neurorules.recordings.recording import DIMENSIONS, MAX_RATE_HZ, check_plausible
from neurorules.recordings.sessions.session import SOFT_NORMALISED, SPIKES_PER_S, Z_SCORE
from neurorules.recordings.single_trials import CONDITION, NEURON, RATES, fault_of_trials, with_ragged_trials

if TYPE_CHECKING:
    import xarray as xr

UNITS = {"rates": ("spikes/s", "Hz", Z_SCORE, SOFT_NORMALISED), "time": ("ms", "milliseconds")}
REMEDY = "Write it again, as docs/recording-rates.md shows."
YES_OR_NO = {"0": 0, "false": 0, "no": 0, "1": 1, "true": 1, "yes": 1}


def read(raw: Sequence[Path], options: Mapping[str, Any]) -> xr.Dataset:
    """Read rates that are already averaged and binned.

    Args:
        raw: the file. Its variables: `rates`, with dimensions condition, time and neuron in any order, and the
            attribute `units`, "spikes/s", "Hz", "z-score" or "soft-normalised"; `time`, ascending in equal steps, with
            `units` "ms"; labels of conditions, any variable (condition), which comparisons need to pair conditions with
            the task's test trials.
            Optional: names of neurons, single trials, other numeric variables. Its attributes: `title`, shown in
            figures; optional `licence`, `citation`, `aligned_to`, `left_out` (JSON), `time_in_bin` ("edge", "middle").
        options: `time_in_bin`, which overrides the file's; `drop_incomplete_units` (default False) leaves out neurons
            with any NaN rate and lists them in attrs["left_out"]; `max_rate_hz` (default 2000), the largest plausible
            rate.

    Raises:
        InputError: the file is truncated or not NetCDF, points to other files, or lacks one of these, or a value is
            impossible or was never written.
    """
    (path,) = raw
    found = _as_variables(load_foreign(path, RECORDING_BYTES, REMEDY), path)
    time_ms = _times(found, path)
    names = _names(found, path)
    title = found.attrs.get("title", "")
    if np.ndim(title) or not str(title).strip():
        raise _wrong(path, "title", title, "Write the attribute title, one text that figures show.")
    if problem := title_problem(str(title).strip()):
        remedy = "Write a short title of one line, which figures show."
        raise InputError(problem, file=path, key="title", value=str(title), remedy=remedy)
    coordinates: dict[str, Any] = {
        "condition": np.arange(found.sizes["condition"]),
        "time": ("time", time_ms, {"units": "ms"}),
        "neuron": names,
    }
    coordinates |= _condition_names(found, path)
    labels = [name for name, variable in found.data_vars.items() if variable.dims == ("condition",)]
    found = found.set_coords([name for name in labels if found[name].dtype.kind in "OUSiufb"])
    kept = [str(name) for name, variable in found.data_vars.items() if variable.dtype.kind in "iufb"]
    recording = found[kept].drop_encoding().assign_coords(coordinates)
    values = np.ascontiguousarray(found["rates"].transpose(*DIMENSIONS).values, np.float64)
    normalised = found["rates"].attrs["units"] in (Z_SCORE, SOFT_NORMALISED)
    units = str(found["rates"].attrs["units"]) if normalised else SPIKES_PER_S
    recording["rates"] = (DIMENSIONS, values, {"units": units})
    recording.attrs = {
        **{name: " ".join(str(found.attrs[name]).split()) for name in ("licence", "citation") if name in found.attrs},
        "title": str(title).strip(),
        "source": "netcdf: one's own file",
        "synthetic": _synthetic(path, found.attrs.get("synthetic", 0)),
        "aligned_to": str(found.attrs.get("aligned_to", "not said")),
        "bin_width_ms": bin_width_ms(time_ms),
        "left_out": _left_out(path, found.attrs.get("left_out", "[]")),
    }
    where = options.get("time_in_bin", found.attrs.get("time_in_bin"))
    if where is not None:
        if str(where) not in (EDGE, MIDDLE):
            raise _wrong(path, "time_in_bin", where, f"Write {EDGE} or {MIDDLE}, or leave it out.")
        recording.attrs["time_in_bin"] = str(where)
    recording = with_ragged_trials(recording, path)
    recording = _without_incomplete(recording, path, bool(options.get("drop_incomplete_units")))
    if normalised:
        if options.get("max_rate_hz") is not None:
            raise InputError(
                f"Rates of this file are in units of {units}, so a limit in spikes/s does not apply.",
                file=path,
                key="max_rate_hz",
                value=options["max_rate_hz"],
                remedy="Remove the limit.",
            )
        if fault := fault_of_trials(recording):
            key, problem, value = fault
            raise InputError(problem, file=path, key=key, value=value, remedy=REMEDY)
        return with_baseline(recording)
    check_plausible(recording, path, options.get("max_rate_hz", MAX_RATE_HZ))
    return recording


def _as_variables(found: xr.Dataset, path: Path) -> xr.Dataset:
    """The file's content in a form to work with; parts of the contract are not coordinates."""
    for name, variable in found.variables.items():
        if len(set(variable.dims)) < len(variable.dims):
            raise _wrong(path, str(name), variable.dims, "Give each of its dimensions a unique name.")
        empty = never_written(variable)
        if empty.any():
            labels = {key: found[key] for key in ("neuron",) if key in found.coords and found[key].dims == (key,)}
            cells = type(found)({"empty": (variable.dims, empty)}, coords=labels if "neuron" in variable.dims else {})
            raise InputError(
                f"Cells were never written, {describe_cells(cells['empty'])}: they contain NetCDF's fill value.",
                file=path,
                key=str(name),
                value=variable.values[empty][0].item(),
                remedy="Write all cells. For incomplete units, write NaN and set drop_incomplete_units.",
            )
    rates = found["rates"] if "rates" in found.variables else None
    if rates is None or sorted(map(str, rates.dims)) != sorted(DIMENSIONS):
        raise _wrong(path, "rates", None if rates is None else rates.dims, f"Give it the dimensions {DIMENSIONS}.")
    for name, units in UNITS.items():
        given = found[name].attrs.get("units") if name in found.variables else None
        if str(given) not in units:
            raise _wrong(path, f"{name}.units", given, _units_remedy(name, units))
    for name in ("time", "neuron", "condition"):
        if name in found.variables and found[name].dims != (name,):
            raise _wrong(path, name, found[name].dims, f"Give it exactly one dimension, {name}.")
    for name in ("rates", "time"):
        if found[name].dtype.kind not in "iuf":
            raise _wrong(path, name, str(found[name].dtype), "Write numbers.")
    # A file may declare any variable as a coordinate.
    return found.reset_coords([name for name in ("rates", RATES, NEURON, CONDITION) if name in found.coords])


def _units_remedy(name: str, units: Sequence[str]) -> str:
    remedy = f'Write {name} in {units[0]} and set units = "{units[0]}".'
    return f"{remedy} Rates may also be in {Z_SCORE} or {SOFT_NORMALISED}." if name == "rates" else remedy


def _times(found: xr.Dataset, path: Path) -> Any:
    time_ms = found["time"].values.astype(np.float64)
    remedy = "Bins must be evenly spaced: write the middle of each, in ms, without rounding."
    if len(time_ms) < 2 or not np.isfinite(time_ms).all():
        raise _wrong(path, "time", time_ms.tolist(), remedy)
    uneven = uneven_bin(time_ms)
    if uneven is not None:
        near = time_ms[max(uneven - 1, 0) :][:3].tolist()
        raise _wrong(path, "time", near, remedy)
    return time_ms


def _names(found: xr.Dataset, path: Path) -> list[str]:
    """A name for each neuron: from the file, or unit001 and so on."""
    if "neuron" not in found.coords:
        return [f"unit{i:03d}" for i in range(1, found.sizes["neuron"] + 1)]
    try:
        names: list[str] = found["neuron"].values.astype(str).tolist()
    except UnicodeDecodeError as error:
        raise _wrong(path, "neuron", str(error), "Write names in UTF-8.") from error
    if len(set(names)) < len(names):
        raise _wrong(path, "neuron", names, "Give each neuron a unique name.")
    return names


def _condition_names(found: xr.Dataset, path: Path) -> dict[str, Any]:
    """The file's names of conditions, unless it only numbers them."""
    if "condition" not in found.coords:
        return {}
    named = found["condition"].values.tolist()
    in_order = list(range(len(named)))
    if named == in_order:
        return {}
    if sorted(map(str, named)) == sorted(map(str, in_order)):
        raise _wrong(path, "condition", named, "Sort the conditions by their numbers.")
    if "condition_name" in found.variables:
        raise _wrong(path, "condition_name", named, "Name conditions in one place: in condition, or in condition_name.")
    return {"condition_name": ("condition", found["condition"].values)}


def _without_incomplete(recording: xr.Dataset, path: Path, drop: bool) -> xr.Dataset:
    """The recording without neurons that have any NaN rate; these are refused unless `drop`."""
    missing = recording["rates"].isnull()
    incomplete = missing.any(["condition", "time"]).values
    if not incomplete.any():
        return recording
    nowhere = np.flatnonzero(missing.any("time").all("neuron").values).tolist()
    if not drop or nowhere:
        raise InputError(
            f"Rates are missing (NaN) {describe_cells(missing)}.",
            file=path,
            key="rates",
            value=int(missing.sum()),
            remedy=f"No neuron has rates in conditions {nowhere}: write them, or remove these conditions."
            if nowhere
            else "Write their rates; or set drop_incomplete_units to true in the recording's options, which leaves "
            f"{int(incomplete.sum())} neurons out and lists them in left_out.",
        )
    lacking = missing.any("time").values
    left_out = [
        {
            "neuron": str(recording["neuron"].values[unit]),
            "reason": _reason(np.flatnonzero(lacking[:, unit]), len(lacking)),
        }
        for unit in np.flatnonzero(incomplete)
    ]
    kept = recording.isel(neuron=~incomplete)
    if NEURON in kept:
        kept = kept.isel(trial=~incomplete[kept[NEURON].values.clip(0, len(incomplete) - 1)])
        number = np.cumsum(~incomplete) - 1
        kept[NEURON] = kept[NEURON].copy(data=number[kept[NEURON].values])
    kept.attrs["left_out"] = json.dumps([*json.loads(recording.attrs["left_out"]), *left_out])
    return kept


def _reason(conditions: Any, n_conditions: int) -> str:
    return f"rates are missing in {len(conditions)} of {n_conditions} conditions ({', '.join(map(str, conditions))})"


def _synthetic(path: Path, value: Any) -> int:
    said = YES_OR_NO.get(str(value).lower())
    if said is None:
        raise _wrong(path, "synthetic", value, "Write 0 (recorded) or 1 (synthetic), or leave it out.")
    return said


def _left_out(path: Path, text: object) -> str:
    try:
        left_out = json.loads(str(text))
        if isinstance(left_out, list) and all(
            isinstance(neuron, dict)
            and isinstance(neuron.get("neuron"), str | int)
            and isinstance(neuron.get("reason"), str)
            for neuron in left_out
        ):
            return str(text)
    except (ValueError, RecursionError):
        pass
    raise _wrong(path, "left_out", text, 'Write a JSON list of {"neuron": ..., "reason": ...}, or leave it out.')


def _wrong(path: Path, key: str, value: Any, remedy: str) -> InputError:
    return InputError(
        "This part of the file of rates is missing or invalid.", file=path, key=key, value=value, remedy=remedy
    )
