"""MATLAB 7.3 files: HDF5 with MATLAB's conventions.

Matrices are stored transposed, cell arrays as references to their entries, and empty arrays as their dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.io import limits
from neurorules.recordings.formats.hdf5 import stored_elsewhere
from neurorules.recordings.formats.matlab import MatlabError

if TYPE_CHECKING:
    import h5py
    from numpy.typing import NDArray

# Errors of h5py for a file that it cannot read: broken structures, unknown types, arrays that exceed memory.
READ_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError)


@contextmanager
def open_mat73(path: str | Path) -> Iterator[h5py.File]:
    """Open a MATLAB 7.3 file for reading.

    Raises:
        MatlabError: the file, or anything read within the block, is damaged or of another type.
    """
    import h5py

    try:
        # no lock: raw files are never written, and some file systems have no locks
        with h5py.File(path, "r", locking="best-effort") as file:
            yield file
    except READ_ERRORS as error:
        raise MatlabError(f"it is truncated, damaged, or not a MATLAB 7.3 file ({error})") from error


def cells(file: h5py.File, variable: str) -> list[h5py.Dataset]:
    """The entries of a cell array, in MATLAB's order.

    Raises:
        MatlabError: the variable is missing or not a cell array.
    """
    return cell_entries(file, item(file, variable), variable)


def item(file: h5py.File, variable: str) -> Any:
    """The variable with this name.

    Raises:
        MatlabError: it is missing, or in another file.
    """
    import h5py

    link = file.get(variable, getlink=True)
    if link is None:
        raise MatlabError("the variable is missing", variable)
    if not isinstance(link, h5py.HardLink):
        raise MatlabError("the variable is a link to something else", variable)
    return _checked(file[variable], variable)


def _checked(found: Any, variable: str) -> Any:
    """Refuse data that are in other files, or that declare more bytes than the file can contain."""
    import h5py

    if isinstance(found, h5py.Dataset):
        if stored_elsewhere(found):
            raise MatlabError("its values are in another file", variable)
        size = found.file.id.get_filesize()
        if found.nbytes > limits.memory_to_read(size):
            raise MatlabError(f"it declares {found.nbytes} bytes, but the file has {size}", variable)
    return found


def cell_entries(file: h5py.File, found: Any, variable: str) -> list[h5py.Dataset]:
    """Entries of the cell array `found`, which may itself be an entry of the cell array `variable`.

    Raises:
        MatlabError: it is not a cell array.
    """
    if not is_cell(found) or found.shape is None:
        raise MatlabError("the variable is not a cell array", variable)
    # stored with reversed dimensions, so row-major order here is MATLAB's column-major order
    return [_checked(file[reference], variable) for reference in found[()].ravel()]


def is_cell(found: Any) -> bool:
    """Whether an HDF5 object is a cell array with entries."""
    import h5py

    return isinstance(found, h5py.Dataset) and h5py.check_ref_dtype(found.dtype) is h5py.Reference


def is_numeric(found: Any) -> bool:
    """Whether an HDF5 object is an array of real numbers."""
    import h5py

    return isinstance(found, h5py.Dataset) and found.shape is not None and found.dtype.kind in "fiu"


def vector(found: Any, variable: str) -> NDArray[Any]:
    """Numbers of an array of any shape, as a vector of float64.

    Raises:
        MatlabError: it contains something else.
    """
    if not is_numeric(found):
        raise MatlabError("its cells must contain numbers", variable)
    if found.attrs.get("MATLAB_empty", 0):
        return np.empty(0)
    return np.asarray(found[()], dtype=np.float64).ravel()


def matrix(file: h5py.File, variable: str) -> NDArray[Any]:
    """A matrix of numbers, with dimensions in MATLAB's order.

    Raises:
        MatlabError: the variable is missing or not a matrix of numbers.
    """
    found = item(file, variable)
    if not is_numeric(found):
        raise MatlabError("the variable is not a matrix of numbers", variable)
    return np.asarray(found[()]).T
