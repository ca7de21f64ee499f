"""Tables of NWB files (DynamicTable): columns of plain values, and ragged columns.

HDMF's specification: a column is a dataset with one value per row. A ragged column has an additional dataset
`<column>_index`, whose entry i is the end of row i. A DynamicTableRegion has row numbers of another table.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.recordings.formats.nwb_file import damaged, text_of, values

if TYPE_CHECKING:
    import h5py
    import pandas as pd
    from numpy.typing import NDArray

AXES = ("_x", "_y", "_z")
MOST_COMPONENTS = 16  # of a cell, which become separate columns


def components_of(count: int) -> tuple[str, ...]:
    """Suffixes for the name of an object with several numbers: _x and _y; indices for more than three."""
    if count == 1:
        return ("",)
    return AXES[:count] if count <= len(AXES) else tuple(f"_{i}" for i in range(count))


def row_ends(table: h5py.Group, column: str, n_values: int, n_rows: int, path: Path) -> NDArray[Any]:
    """(row + 1,) starts of each row's values in a ragged column, followed by the end of the last row.

    Raises:
        InputError: the index does not fit the number of values.
    """
    found = values(table[f"{column}_index"], path)
    if found.dtype.kind not in "iu" or found.shape != (n_rows,):
        raise damaged(path, f"the index of a ragged column needs a whole number for each of {n_rows} rows", table.name)
    ends = np.concatenate([[0], found.astype(np.int64)])
    if (np.diff(ends) < 0).any() or ends[-1] > n_values:
        raise damaged(
            path, f"the index of a ragged column does not fit its {n_values} values", f"{table.name}/{column}"
        )
    return ends


def ids_of(table: h5py.Group, path: Path) -> NDArray[Any]:
    """(row,) ids of a table's rows.

    Raises:
        InputError: there are none.
    """
    import h5py

    if not isinstance(table, h5py.Group) or "id" not in table:
        raise damaged(path, "a table with ids is expected", getattr(table, "name", None))
    found = values(table["id"], path)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise damaged(path, "ids of a table must be whole numbers", f"{table.name}/id")
    return found


def columns_of(table: h5py.Group, path: Path, skip: tuple[str, ...] = ()) -> pd.DataFrame:
    """Columns of a table with one value, or a few numbers, per row.

    Args:
        table: the group.
        path: the file, for errors.
        skip: columns that are read elsewhere.

    Returns:
        One row per row of the table; cells of two or three numbers become `<column>_x`, `_y`, `_z`. `attrs["left_out"]`
        gives the reason for each column left out, by name.

    Raises:
        InputError: the table is damaged.
    """
    import h5py
    import pandas as pd

    n_rows = len(ids_of(table, path))
    made: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for name, item in table.items():
        if name in (*skip, "id") or name.endswith("_index") or not isinstance(item, h5py.Dataset):
            continue
        found, why = _column(table, name, n_rows, path)
        made.update(found)
        if why:
            left_out[name] = why
    frame = pd.DataFrame(made, index=range(n_rows))
    frame.attrs["left_out"] = left_out
    return frame


def _column(table: h5py.Group, name: str, n_rows: int, path: Path) -> tuple[dict[str, Any], str]:
    """The columns made from a column of the file, or why there are none."""
    import h5py

    dataset = table[name]
    if h5py.check_ref_dtype(dataset.dtype) is not None:
        return _references(table, name, n_rows, path)
    if dataset.dtype.kind == "V" or dataset.shape is None:
        return {}, "its cells are records"
    if dataset.ndim > 2 or (dataset.ndim == 2 and dataset.shape[1] > MOST_COMPONENTS):
        return {}, f"its cells are arrays of shape {dataset.shape[1:]}"
    found = _elements(dataset, values(dataset, path))
    if f"{name}_index" in table:
        ends = row_ends(table, name, len(found), n_rows, path)
        lengths = np.diff(ends)
        if found.ndim == 1 and n_rows and (lengths == lengths[0]).all() and 0 < lengths[0] <= MOST_COMPONENTS:
            found = found[: ends[-1]].reshape(n_rows, -1)
        elif (lengths == 1).all():
            found = found[:n_rows]
        else:
            return {}, f"its cells are lists of {lengths.min()} to {lengths.max()} values"
    if found.shape[:1] != (n_rows,):
        raise damaged(path, f"a column has {found.shape[0]} cells in a table of {n_rows} rows", f"{table.name}/{name}")
    parts = components_of(found.shape[1]) if found.ndim == 2 else ("",)
    cells = found.reshape(n_rows, len(parts))
    return {f"{name}{part}": _plain(cells[:, i]) for i, part in enumerate(parts)}, ""


def _references(table: h5py.Group, name: str, n_rows: int, path: Path) -> tuple[dict[str, Any], str]:
    """A column of references to objects, such as electrode groups, as the objects' names."""
    import h5py

    if h5py.check_ref_dtype(table[name].dtype) is not h5py.Reference or f"{name}_index" in table:
        return {}, "its cells are references to parts of other objects"
    names = [str(table.file[one].name).rpartition("/")[2] if one else "" for one in values(table[name], path).ravel()]
    if len(names) != n_rows:
        raise damaged(path, f"a column has {len(names)} cells in a table of {n_rows} rows", f"{table.name}/{name}")
    return {name: [text_of(each) for each in names]}, ""


def _elements(dataset: h5py.Dataset, found: NDArray[Any]) -> NDArray[Any]:
    """Values of a categorical column, which stores their indices (EnumData)."""
    reference = dataset.attrs.get("elements")
    if reference is None or found.dtype.kind not in "iu":
        return found
    kinds = [text_of(kind) for kind in np.asarray(dataset.file[reference][()]).ravel()]
    return np.array([kinds[i] if 0 <= i < len(kinds) else "" for i in found.ravel()], dtype=object).reshape(found.shape)


def _plain(cells: NDArray[Any]) -> Any:
    """A column in a form for pandas: numbers, booleans, or text."""
    if cells.dtype.kind in "OSU":
        return [text_of(cell) for cell in cells.tolist()]
    return cells
