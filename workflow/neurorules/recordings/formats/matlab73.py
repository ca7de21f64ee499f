"""MATLAB 7.3 files: HDF5 with MATLAB's conventions.

Matrices are stored transposed, cell arrays as references to their entries, and an empty array as its dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.recordings.formats.matlab import MatlabError

if TYPE_CHECKING:
    import h5py
    from numpy.typing import NDArray

# What h5py raises where it cannot follow a file: broken structures, unknown types, arrays beyond memory.
READ_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError)


@contextmanager
def open_mat73(path: str | Path) -> Iterator[h5py.File]:
    """Open a MATLAB 7.3 file for reading.

    Raises:
        MatlabError: the file, or what is read within the block, is damaged or of another kind.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield file
    except READ_ERRORS as error:
        raise MatlabError(f"it is cut off, damaged, or no MATLAB 7.3 file ({error})") from error


def cells(file: h5py.File, variable: str) -> list[h5py.Dataset]:
    """The entries of a cell array, in MATLAB's order.

    Raises:
        MatlabError: the variable is missing or not a cell array.
    """
    if variable not in file:
        raise MatlabError("the variable is missing", variable)
    return cell_entries(file, file[variable], variable)


def cell_entries(file: h5py.File, item: Any, variable: str) -> list[h5py.Dataset]:
    """The entries of the cell array `item`, which may be an entry of the cell array `variable` itself.

    Raises:
        MatlabError: it is not a cell array.
    """
    if not is_cell(item) or item.shape is None:
        raise MatlabError("the variable is not a cell array", variable)
    # stored with its dimensions reversed, so that row-major order here is MATLAB's column-major order
    return [file[reference] for reference in item[()].ravel()]


def is_cell(item: Any) -> bool:
    """Whether an HDF5 object is a cell array with entries."""
    import h5py

    return isinstance(item, h5py.Dataset) and h5py.check_ref_dtype(item.dtype) is h5py.Reference


def is_numeric(item: Any) -> bool:
    """Whether an HDF5 object is an array of real numbers."""
    import h5py

    return isinstance(item, h5py.Dataset) and item.shape is not None and item.dtype.kind in "fiu"


def vector(item: Any, variable: str) -> NDArray[Any]:
    """The numbers of an array of any shape, as a vector of float64.

    Raises:
        MatlabError: it holds something else.
    """
    if not is_numeric(item):
        raise MatlabError("numbers are expected in its cells", variable)
    if item.attrs.get("MATLAB_empty", 0):
        return np.empty(0)
    return np.asarray(item[()], dtype=np.float64).ravel()


def matrix(file: h5py.File, variable: str) -> NDArray[Any]:
    """A matrix of numbers, its dimensions in MATLAB's order.

    Raises:
        MatlabError: the variable is missing or something else.
    """
    if variable not in file:
        raise MatlabError("the variable is missing", variable)
    if not is_numeric(file[variable]):
        raise MatlabError("the variable is not a matrix of numbers", variable)
    return np.asarray(file[variable][()]).T
