"""Activity (condition, time, unit) of a network of which nothing else is known, with labels of its conditions.

Conditions are matched to the recording's by their labels, and put in its order. If the file has no labels, the study
gives them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.imported.arrays import ONE_ARRAY, read_arrays
from neurorules.io import limits
from neurorules.io.confined import confined
from neurorules.recordings.formats.foreign_netcdf import load_foreign

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

DIMENSIONS = ("condition", "time", "unit")
NETCDF = ".nc"
TOLERANCE = 1e-6  # within which two numbers are the same label

Labels = Mapping[str, Sequence[Any]]


def read_activity(path: Path, spec: Mapping[str, Any], where: str) -> tuple[NDArray[Any], dict[str, list[Any]]]:
    """Activity (condition, time, unit) as float64 in the order of the file, and the labels of its conditions.

    Args:
        path: NetCDF with labels as coordinates of `condition`; or .npy, .npz, .mat or .pt, with the labels in the
            study.
        spec: the network's entry: `activity` (name of the array), `order` of its dimensions, `labels`.
        where: config key of the network, for errors.

    Raises:
        InputError: the file is damaged or of another type, or the array has different dimensions.
    """
    labels = {name: list(values) for name, values in spec.get("labels", {}).items()}
    order = list(spec.get("order", DIMENSIONS))
    if path.suffix == NETCDF:
        name = spec.get("activity", "activity")
        values, order, of_file = confined(lambda: _netcdf(path, name, where), [path])
        labels = labels or of_file
    else:
        key = spec.get("activity", ONE_ARRAY)
        values = read_arrays(path, [(key, f"{where}.activity")])[key]
    if values.ndim != len(DIMENSIONS) or sorted(order) != sorted(DIMENSIONS):
        raise InputError(
            f"The activity has {values.ndim} dimensions; it needs three: condition, time and unit.",
            file=path,
            key=f"{where}.order",
            value=order,
            remedy="Save one array with these dimensions, and give their order: order: [condition, time, unit].",
        )
    if not np.isfinite(values).all():
        raise InputError(
            f"{int((~np.isfinite(values)).sum())} values of the activity are NaN or infinite.",
            file=path,
            key=f"{where}.activity",
            remedy="Leave out the units or conditions that have such values.",
        )
    values = values.transpose([order.index(name) for name in DIMENSIONS])
    wrong = {name: len(found) for name, found in labels.items() if len(found) != len(values)}
    if wrong or not labels:
        raise InputError(
            f"The activity has {len(values)} conditions, but a different number of labels."
            if wrong
            else "The conditions of the activity have no labels, so they cannot be told apart.",
            file=path,
            key=f"{where}.labels",
            value=wrong or None,
            remedy="Give each condition its labels, in the file's order, such as labels: {angle_deg: [0, 45, 90]}.",
        )
    return values, labels


def _netcdf(path: Path, name: str, where: str) -> tuple[NDArray[Any], list[str], dict[str, list[Any]]]:
    remedy = "Save it again: xarray.DataArray(activity, dims=('condition', 'time', 'unit'), name='activity')."
    dataset = load_foreign(path, limits.memory_to_read(path.stat().st_size), remedy)
    if name not in dataset:
        raise InputError(
            "Unknown variable: the file does not have it.",
            file=path,
            key=f"{where}.activity",
            value=name,
            remedy=f"It has: {', '.join(sorted(map(str, dataset.variables))) or 'none'}.",
        )
    found = dataset[name]
    if found.dtype.kind not in "fiu":
        raise InputError("The activity is not an array of real numbers.", file=path, key=name, value=str(found.dtype))
    labels = {
        str(label): values.values.tolist()
        for label, values in dataset.variables.items()
        if values.dims == ("condition",) and label not in ("condition", name)
    }
    return found.values.astype(np.float64), [str(dim) for dim in found.dims], labels


def in_order_of(recording: xr.Dataset, labels: Labels, path: Path, where: str) -> list[int]:
    """For each condition of the recording, the index of the same condition in the activity.

    Raises:
        InputError: the recording has no such label, or a condition has no match or several.
    """
    known = {
        str(name): values.values.tolist()
        for name, values in recording.coords.items()
        if values.dims == ("condition",) and name != "condition"
    }
    unknown = [name for name in labels if name not in known]
    if unknown:
        raise InputError(
            f"Unknown label: the conditions of the recording {recording.attrs['name']} do not have it.",
            file=path,
            key=f"{where}.labels",
            value=unknown[0],
            remedy=f"Its labels: {', '.join(known) or 'none'}.",
        )
    order = []
    for condition in range(recording.sizes["condition"]):
        wanted = {name: known[name][condition] for name in labels}
        same = [
            index
            for index in range(len(next(iter(labels.values()))))
            if all(_equal(labels[name][index], value) for name, value in wanted.items())
        ]
        if len(same) != 1:
            raise InputError(
                f"{len(same) or 'No'} conditions of the activity have the labels of condition {condition} of the "
                f"recording {recording.attrs['name']}; one is expected.",
                file=path,
                key=f"{where}.labels",
                value=wanted,
                remedy="Give labels that tell all conditions apart, with the same values as in the recording.",
            )
        order.append(same[0])
    return order


def _equal(found: Any, wanted: Any) -> bool:
    try:
        return abs(float(found) - float(wanted)) <= TOLERANCE
    except (TypeError, ValueError):
        return str(found) == str(wanted)
