"""MATLAB files that are marked as synthetic and always have the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARK = "synthetic recording made by neurorules"


def save_mat(path: Path, variables: dict[str, Any]) -> None:
    """Write a MATLAB 5 file."""
    from scipy.io import savemat

    savemat(path, variables, do_compression=True, oned_as="column", appendmat=False)
    # scipy writes the date into the first 116 bytes, which are free text
    with open(path, "r+b") as handle:
        handle.write(f"MATLAB 5.0 MAT-file, {MARK}".encode().ljust(116))


def mark_mat73(path: Path) -> None:
    """Write MATLAB's header and the mark into the first 128 bytes of an HDF5 file with a user block."""
    with open(path, "r+b") as handle:
        handle.write(f"MATLAB 7.3 MAT-file, {MARK}".encode().ljust(116) + bytes(8) + b"\x00\x02IM")


def put_matrix(group: Any, values: NDArray[Any], name: str | None = None) -> Any:
    """Write a double matrix into an HDF5 group, transposed as in MATLAB; returns the HDF5 dataset."""
    data = np.ascontiguousarray(values.T)
    item = group.create_dataset(
        name or f"v{len(group)}", data=data, track_times=False, compression="gzip" if data.size > 1 else None
    )
    item.attrs["MATLAB_class"] = np.bytes_("double")
    return item


def put_cell(group: Any, items: list[Any], name: str | None = None, column: bool = False) -> Any:
    """Write a 1 x n cell array (n x 1 if `column`) of references to `items`; without items, the empty matrix []."""
    import h5py

    name = name or f"c{len(group)}"
    if not items:
        item = group.create_dataset(name, data=np.zeros(2, dtype=np.uint64), track_times=False)
        item.attrs["MATLAB_class"] = np.bytes_("double")
        item.attrs["MATLAB_empty"] = np.uint8(1)
        return item
    shape = (1, len(items)) if column else (len(items), 1)
    item = group.create_dataset(name, shape=shape, dtype=h5py.ref_dtype, track_times=False)
    item[...] = np.array([other.ref for other in items], dtype=h5py.ref_dtype).reshape(shape)
    item.attrs["MATLAB_class"] = np.bytes_("cell")
    return item
