"""Cells of a recording without a number (never written, or missing), and their conditions and neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

NAMED = 5  # conditions or neurons that an error lists


def never_written(variable: xr.Variable) -> NDArray[Any]:
    """Cells with the value that NetCDF puts where nothing was written, bool of the variable's shape.

    A file may declare another such value as `_FillValue`; those cells are NaN by now. A one-byte type has no spare
    value, so 255 counts as never written only if a complete time course is 255.

    Args:
        variable: as xarray read it, with its `encoding`.
    """
    from netCDF4 import default_fillvals

    stored = np.dtype(variable.encoding.get("dtype", variable.dtype))
    fill = default_fillvals.get(f"{stored.kind}{stored.itemsize}")
    if stored.kind not in "iuf" or fill is None or variable.dtype.kind not in "iuf":
        return np.zeros(variable.shape, bool)
    scale, offset = (variable.encoding.get(key) for key in ("scale_factor", "add_offset"))
    if scale is None and offset is None:
        empty = variable.values == np.array(fill, stored)
    else:
        decoded = float(fill) * float(1 if scale is None else scale) + float(0 if offset is None else offset)
        empty = np.isclose(variable.values, decoded, rtol=1e-6, atol=0)
    if stored.itemsize == 1:
        axis = variable.dims.index("time") if "time" in variable.dims else None
        empty = np.broadcast_to(empty.all(axis=axis, keepdims=True), variable.shape)
    return np.asarray(empty)


def describe_cells(wrong: xr.DataArray) -> str:
    """The conditions and neurons in which a value is wrong: "in condition 3 of all 12 neurons".

    Args:
        wrong: bool; only the dimensions condition and neuron are described.
    """
    words = []
    for name in ("condition", "neuron"):
        if name not in wrong.dims:
            continue
        hit = np.flatnonzero(wrong.any([d for d in wrong.dims if d != name]).values)
        if len(hit) == wrong.sizes[name]:
            words.append(f"all {len(hit)} {name}s")
            continue
        # Conditions are shown by number, neurons by name.
        labels = wrong[name].values[hit].tolist() if name == "neuron" and name in wrong.coords else hit.tolist()
        more = f" and {len(hit) - NAMED} more" if len(hit) > NAMED else ""
        named = ", ".join(str(label) for label in labels[:NAMED])
        words.append(f"{len(hit)} of {wrong.sizes[name]} {name}s ({named}{more})")
    return f"in {' and '.join(words)}" if words else f"in {int(wrong.sum())} cells"
