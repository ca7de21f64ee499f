"""NWB files, which are HDF5, opened without executing their content or reading other files.

They are read by their layout (NWB 2: every object has the attribute `neurodata_type`), without pynwb. So namespaces and
extensions in a file are not needed, and a table is read without the rest of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError, shorten
from neurorules.io.limits import MIB, memory_to_read
from neurorules.io.netcdf import has_endless_heap
from neurorules.io.readable import check_readable
from neurorules.io.text import printable
from neurorules.recordings.formats.hdf5 import stored_elsewhere
from neurorules.recordings.formats.matlab73 import READ_ERRORS

if TYPE_CHECKING:
    import h5py
    from numpy.typing import NDArray

OBJECTS = 200_000  # groups, datasets and links in a file
PACKED = 1000  # the highest compression ratio
LONGEST = 10_000  # characters of a text about the session
ERRORS = (*READ_ERRORS, IndexError, AttributeError, ArithmeticError, RecursionError)

REMEDY = "Get the file again, or write it with pynwb; pynwb-validate shows what is wrong with it."


@contextmanager
def open_nwb(path: Path) -> Iterator[h5py.File]:
    """Open a file after checking its links and storage.

    Raises:
        InputError: the file, or anything read within the block, is truncated, damaged, not an NWB file, or points to
            other files.
    """
    import h5py

    check_readable(path)
    try:
        if has_endless_heap(path):
            raise OSError("zeros in its heap")
        # no lock: raw files are never written, and some file systems have no locks
        with h5py.File(path, "r", locking="best-effort") as file:
            _refuse_other_files(file, path)
            if "nwb_version" not in file.attrs or text_of(file.attrs["nwb_version"]).startswith("1"):
                raise damaged(path, "its nwb_version is missing or below 2", "nwb_version")
            yield file
    except ERRORS as error:
        raise damaged(path, shorten(str(error), 300)) from error


def damaged(path: Path, why: str, key: str | None = None) -> InputError:
    """The error for a file that violates the NWB format."""
    return InputError(f"Not a valid NWB file (truncated or damaged?): {why}.", file=path, key=key, remedy=REMEDY)


def _refuse_other_files(file: h5py.File, path: Path) -> None:
    """Refuse links and datasets that lead out of the file.

    Raises:
        InputError: there is one; the error shows it.
    """
    import h5py

    groups, seen, count = [file["/"]], set(), 0
    while groups:
        group = groups.pop()
        for name in group:
            count += 1
            if count > OBJECTS:
                raise damaged(path, f"it contains more than {OBJECTS} objects", group.name)
            link = group.get(name, getlink=True)
            where = f"{group.name.rstrip('/')}/{name}"
            if isinstance(link, h5py.ExternalLink):
                raise _elsewhere(path, "This link points to another file", where, link.filename)
            if isinstance(link, h5py.SoftLink):
                continue  # within the file, where each target is checked under its own name
            item = group[name]
            if isinstance(item, h5py.Group):
                address = h5py.h5o.get_info(item.id).addr
                if address not in seen:
                    seen.add(address)
                    groups.append(item)
            elif isinstance(item, h5py.Dataset) and (elsewhere := stored_elsewhere(item)):
                raise _elsewhere(path, "The values of this dataset are stored in other files", where, elsewhere)


def _elsewhere(path: Path, problem: str, key: str, value: str) -> InputError:
    return InputError(
        f"{problem}, which is not read.",
        file=path,
        key=key,
        value=value,
        remedy="Write one file that contains everything: pynwb's NWBHDF5IO.export copies the targets of links.",
    )


def values(dataset: h5py.Dataset, path: Path) -> NDArray[Any]:
    """All values of a dataset.

    Raises:
        InputError: it is not an array, or declares more values than the file can contain.
    """
    import h5py

    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise damaged(path, "a dataset with values is expected", getattr(dataset, "name", None))
    size = dataset.file.id.get_filesize()
    chunk = int(np.prod(dataset.chunks or (0,), dtype=np.float64)) * dataset.dtype.itemsize
    if max(dataset.nbytes, chunk) > min(memory_to_read(size), 64 * MIB + PACKED * size):
        raise damaged(path, f"it declares {dataset.nbytes} bytes, but the file has {size}", dataset.name)
    found: NDArray[Any] = np.asarray(dataset[()])
    return found


def numbers(dataset: Any, path: Path, dimensions: int = 1) -> NDArray[Any]:
    """The values of a dataset as float64.

    Raises:
        InputError: they are not numbers, or have other dimensions.
    """
    found = values(dataset, path)
    if found.dtype.kind not in "iufb" or found.ndim != dimensions:
        raise damaged(path, f"numbers in {dimensions} dimension(s) are expected", dataset.name)
    return found.astype(np.float64)


def type_of(item: Any) -> str:
    """The `neurodata_type` of an object; "" if it has none."""
    return text_of(item.attrs.get("neurodata_type", ""))


def text_of(value: Any) -> str:
    """A value of any type as one printable line of text."""
    if isinstance(value, np.ndarray):
        value = value.ravel().tolist()
    if isinstance(value, list):
        return "; ".join(text_of(item) for item in value)[:LONGEST]
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return printable(" ".join(str(value).split()))[:LONGEST]


def text_at(file: h5py.File, where: str, path: Path) -> str:
    """A text in a file; "" if there is none."""
    import h5py

    found = file.get(where)
    return text_of(values(found, path)) if isinstance(found, h5py.Dataset) and found.shape is not None else ""
