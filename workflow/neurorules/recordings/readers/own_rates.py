"""The user's own rates: a recording as one NetCDF file in the form that `recordings/recording.py` describes.

The file holds rates(condition, time, neuron) in spikes/s, time in ms, and a title. Everything else that
`recordings/recording.py` describes is optional.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.io.netcdf import NETCDF_ERRORS, load_netcdf
from neurorules.io.text import title_problem

if TYPE_CHECKING:
    import xarray as xr

UNITS = {"rates": ("spikes/s", "Hz"), "time": ("ms", "milliseconds")}
DIMENSIONS = ("condition", "time", "neuron")


def read(raw: Sequence[Path], options: Mapping[str, Any]) -> xr.Dataset:
    """Read rates that are averaged and binned already.

    Args:
        raw: the one file. Its variables: `rates`, dimensions condition, time and neuron in any order, its attribute
            `units` "spikes/s" or "Hz"; `time`, ascending in equal steps, `units` "ms". Conditions are in the order of
            the task's test trials. Optional: labels of conditions, names of neurons, other numeric variables.
            Its attributes: `title`, shown by figures; optional `licence`, `citation`, `aligned_to`, `left_out` (JSON).
        options: not used.

    Raises:
        InputError: the file is truncated or not NetCDF, lacks one of these, or a value is impossible.
    """
    (path,) = raw
    found = _load(path)
    rates = found.get("rates")
    if rates is None or set(rates.dims) != set(DIMENSIONS):
        raise _wrong(path, "rates", None if rates is None else rates.dims, f"Give it the dimensions {DIMENSIONS}.")
    for name, units in UNITS.items():
        given = found[name].attrs.get("units") if name in found.variables else None
        if str(given) not in units:
            raise _wrong(path, f"{name}.units", given, f'Write {name} in {units[0]} and say so: units = "{units[0]}".')
    for name in ("time", "neuron", "condition"):
        if name in found.variables and found[name].dims != (name,):
            raise _wrong(path, name, found[name].dims, f"Give it the one dimension {name}.")
    for name in ("rates", "time"):
        if found[name].dtype.kind not in "iuf":
            raise _wrong(path, name, str(found[name].dtype), "Write numbers.")
    time_ms = found["time"].values.astype(np.float64)
    steps_ms = np.diff(time_ms)
    if len(time_ms) < 2 or not np.isfinite(time_ms).all() or not np.allclose(steps_ms, steps_ms[0]) or steps_ms[0] <= 0:
        raise _wrong(
            path, "time", time_ms.tolist(), "Bins follow each other in equal steps: write the middle of each, in ms."
        )
    title = str(found.attrs.get("title", "")).strip()
    if not title:
        raise _wrong(path, "title", None, "Write the attribute title: figures show it.")
    if problem := title_problem(title):
        raise InputError(
            problem, file=path, key="title", value=title, remedy="Write a short title of one line: figures show it."
        )

    names = found["neuron"].values.astype(str).tolist() if "neuron" in found.coords else []
    if len(set(names)) < len(names):
        raise _wrong(path, "neuron", names, "Give each neuron a name of its own.")
    coordinates: dict[str, Any] = {
        "condition": np.arange(found.sizes["condition"]),
        "time": ("time", time_ms, {"units": "ms"}),
        "neuron": names or [f"unit{i:03d}" for i in range(1, found.sizes["neuron"] + 1)],
    }
    if "condition" in found.coords:
        named = found["condition"].values.tolist()
        in_order = list(range(len(named)))
        if named != in_order and sorted(map(str, named)) == sorted(map(str, in_order)):
            raise _wrong(path, "condition", named, "Conditions are not in the order of their numbers: sort them.")
        if named != in_order:
            coordinates["condition_name"] = ("condition", found["condition"].values)
    words = [name for name, variable in found.data_vars.items() if variable.dims == ("condition",)]
    found = found.set_coords([name for name in words if found[name].dtype.kind in "OUS"])
    kept = [str(name) for name, variable in found.data_vars.items() if variable.dtype.kind in "iufb"]
    recording = found[kept].drop_encoding().assign_coords(coordinates)
    values = rates.transpose(*DIMENSIONS).values.astype(np.float64)
    recording["rates"] = (DIMENSIONS, values, {"units": "spikes/s"})
    recording.attrs = {
        **{name: str(found.attrs[name]) for name in ("licence", "citation") if name in found.attrs},
        "title": title,
        "source": "netcdf: one's own file",
        "synthetic": int(str(found.attrs.get("synthetic", 0)) != "0"),
        "aligned_to": str(found.attrs.get("aligned_to", "not said")),
        "bin_width_ms": float(steps_ms.mean()),
        "left_out": _left_out(path, found.attrs.get("left_out", "[]")),
    }
    return recording


def _load(path: Path) -> xr.Dataset:
    """The file's content, its times as plain numbers."""
    try:
        return load_netcdf(path, decode_times=False, decode_timedelta=False)
    except NETCDF_ERRORS as error:
        raise InputError(
            f"The file is cut off, damaged, or no NetCDF ({error}).",
            file=path,
            remedy="Write it again, as docs/extending.md shows.",
        ) from error


def _left_out(path: Path, text: object) -> str:
    try:
        left_out = json.loads(str(text))
        if isinstance(left_out, list) and all(
            isinstance(neuron, dict) and {"neuron", "reason"} <= neuron.keys() for neuron in left_out
        ):
            return str(text)
    except ValueError:
        pass
    raise _wrong(path, "left_out", text, 'Write a JSON list of {"neuron": ..., "reason": ...}, or leave it out.')


def _wrong(path: Path, key: str, value: Any, remedy: str) -> InputError:
    return InputError(
        "This is missing in the file of rates, or is not as required.", file=path, key=key, value=value, remedy=remedy
    )
