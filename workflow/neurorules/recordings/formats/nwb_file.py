"""NWB files, which are HDF5: opened so that nothing of them is executed and no other file is read.

They are read by their layout (NWB 2: every object has the attribute `neurodata_type`), not by pynwb: of namespaces and
extensions that a file brings nothing is needed, and a table is read without the rest of the file.
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

OBJECTS = 200_000  # groups, datasets and links of a file
PACKED = 1000  # times that compression makes values smaller, at most
LONGEST = 10_000  # characters of a text about the session
ERRORS = (*READ_ERRORS, IndexError, AttributeError, ArithmeticError, RecursionError)

REMEDY = "Get the file again, or write it with pynwb; pynwb-validate says what is wrong with it."


@contextmanager
def open_nwb(path: Path) -> Iterator[h5py.File]:
    """Open a file whose links and storage have been looked at.

    Raises:
        InputError: the file, or what is read within the block, is cut off, damaged, no NWB file, or leads to other
            files.
    """
    import h5py

    check_readable(path)
    try:
        if has_endless_heap(path):
            raise OSError("zeros in its heap")
        # no lock: a raw file is never written to, and some file systems have none
        with h5py.File(path, "r", locking="best-effort") as file:
            _refuse_other_files(file, path)
            if "nwb_version" not in file.attrs or text_of(file.attrs["nwb_version"]).startswith("1"):
                raise damaged(path, "it has no nwb_version of 2 or later", "nwb_version")
            yield file
    except ERRORS as error:
        raise damaged(path, shorten(str(error), 300)) from error


def damaged(path: Path, why: str, key: str | None = None) -> InputError:
    """The error for a file that is not as NWB says."""
    return InputError(f"The file is cut off, damaged, or no NWB file: {why}.", file=path, key=key, remedy=REMEDY)


def _refuse_other_files(file: h5py.File, path: Path) -> None:
    """Refuse links and datasets that lead out of the file.

    Raises:
        InputError: names the link.
    """
    import h5py

    groups, seen, count = [file["/"]], set(), 0
    while groups:
        group = groups.pop()
        for name in group:
            count += 1
            if count > OBJECTS:
                raise damaged(path, f"it holds more than {OBJECTS} objects", group.name)
            link = group.get(name, getlink=True)
            where = f"{group.name.rstrip('/')}/{name}"
            if isinstance(link, h5py.ExternalLink):
                raise _elsewhere(path, "This link leads to another file", where, link.filename)
            if isinstance(link, h5py.SoftLink):
                continue  # within the file, where everything is looked at by its own name
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
        remedy="Write one file that holds everything: pynwb's NWBHDF5IO.export copies what links lead to.",
    )


def values(dataset: h5py.Dataset, path: Path) -> NDArray[Any]:
    """All values of a dataset.

    Raises:
        InputError: it is no array, or declares more values than the file can hold.
    """
    import h5py

    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise damaged(path, "a dataset with values is expected", getattr(dataset, "name", None))
    size = dataset.file.id.get_filesize()
    chunk = int(np.prod(dataset.chunks or (0,), dtype=np.float64)) * dataset.dtype.itemsize
    if max(dataset.nbytes, chunk) > min(memory_to_read(size), 64 * MIB + PACKED * size):
        raise damaged(path, f"it says that it holds {dataset.nbytes} bytes, where the file has {size}", dataset.name)
    found: NDArray[Any] = np.asarray(dataset[()])
    return found


def numbers(dataset: Any, path: Path, dimensions: int = 1) -> NDArray[Any]:
    """The values of a dataset as float64.

    Raises:
        InputError: they are something else, or have other dimensions.
    """
    found = values(dataset, path)
    if found.dtype.kind not in "iufb" or found.ndim != dimensions:
        raise damaged(path, f"numbers in {dimensions} dimension(s) are expected", dataset.name)
    return found.astype(np.float64)


def type_of(item: Any) -> str:
    """The `neurodata_type` of an object; "" without one."""
    return text_of(item.attrs.get("neurodata_type", ""))


def text_of(value: Any) -> str:
    """A value of any form as one line of text that can be shown."""
    if isinstance(value, np.ndarray):
        value = value.ravel().tolist()
    if isinstance(value, list):
        return "; ".join(text_of(item) for item in value)[:LONGEST]
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return printable(" ".join(str(value).split()))[:LONGEST]


def text_at(file: h5py.File, where: str, path: Path) -> str:
    """A text of a file; "" where there is none."""
    import h5py

    found = file.get(where)
    return text_of(values(found, path)) if isinstance(found, h5py.Dataset) and found.shape is not None else ""
