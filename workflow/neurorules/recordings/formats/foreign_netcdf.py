"""NetCDF files from outside: declarations in a file are checked before any values are read.

An HDF5 file may point to other files on the machine (external storage, links, virtual datasets). In a few kilobytes, it
may declare more cells than fit in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError
from neurorules.io.limits import NETCDF_OBJECTS
from neurorules.io.netcdf import NETCDF_ERRORS, load_netcdf
from neurorules.io.readable import check_readable, is_of_the_system, unreadable
from neurorules.recordings.formats.hdf5 import stored_elsewhere

if TYPE_CHECKING:
    import h5py
    import xarray as xr

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def load_foreign(path: Path, max_bytes: int, remedy: str) -> xr.Dataset:
    """A file's content, loaded into memory; times stay plain numbers.

    Args:
        path: the file.
        max_bytes: the most bytes that it may declare.
        remedy: remedy for a file that cannot be read.

    Raises:
        InputError: the file is truncated, damaged or of another type, points to other files, or declares too much.
    """
    check_readable(path)
    try:
        problem = _problem(path, max_bytes)
        if problem is None:
            return load_netcdf(path, decode_times=False, decode_timedelta=False)
    # For attributes or types that it does not understand, xarray raises errors of any type.
    except (
        *NETCDF_ERRORS,
        TypeError,
        KeyError,
        IndexError,
        NotImplementedError,
        MemoryError,
        ArithmeticError,
    ) as error:
        if is_of_the_system(error):
            raise unreadable(path, error) from error
        raise InputError(
            f"Not a valid NetCDF file: truncated or damaged ({error}).", file=path, remedy=remedy
        ) from error
    what, key, value = problem
    raise InputError(what, file=path, key=key, value=value, remedy=remedy)


def _problem(path: Path, max_bytes: int) -> tuple[str, str, Any] | None:
    with path.open("rb") as file:
        is_hdf5 = file.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE
    if is_hdf5:
        import h5py

        # Nothing is written, so no lock is needed; some file systems have none.
        with h5py.File(path, "r", locking=False) as hdf5:
            return _problem_of_links(hdf5) or _problem_of_sizes(
                ((name, _declared(dataset)) for name, dataset in _datasets(hdf5)), max_bytes
            )
    import netCDF4

    with netCDF4.Dataset(path) as classic:
        sizes = ((name, variable.size * variable.dtype.itemsize) for name, variable in classic.variables.items())
        return _problem_of_sizes(sizes, max_bytes)


def _problem_of_sizes(sizes: Iterator[tuple[str, int]], max_bytes: int) -> tuple[str, str, Any] | None:
    total = 0
    for name, size in sizes:
        total += size
        if total > max_bytes:
            return f"The file declares more than {max_bytes} bytes of values, the most that are read.", name, total
    return None


def _problem_of_links(hdf5: h5py.File) -> tuple[str, str, Any] | None:
    import h5py

    count = 0
    groups, seen = [hdf5["/"]], set()
    while groups:
        group = groups.pop()
        for name in group:
            count += 1
            link = group.get(name, getlink=True)
            where = f"{group.name.rstrip('/')}/{name}"
            if not isinstance(link, h5py.HardLink):
                target = f"{getattr(link, 'filename', '')}:{link.path}".lstrip(":")
                return (
                    "The file contains a link, which may point to other files. Links are not followed.",
                    where,
                    target,
                )
            item = group[name]
            count += len(item.attrs)
            address = h5py.h5o.get_info(item.id).addr
            if isinstance(item, h5py.Group) and address not in seen:
                seen.add(address)
                groups.append(item)
            if isinstance(item, h5py.Dataset) and (elsewhere := stored_elsewhere(item)):
                return "The values of this variable are stored in other files, which are not read.", where, elsewhere
            if count > NETCDF_OBJECTS:
                return f"The file contains more than {NETCDF_OBJECTS} variables, groups and attributes.", where, count
    return None


def _datasets(hdf5: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    import h5py

    return ((name, item) for name, item in hdf5.items() if isinstance(item, h5py.Dataset))


def _declared(dataset: h5py.Dataset) -> int:
    """Bytes of a variable, or of one of its chunks if that is more: chunks are decompressed as a whole."""
    import math

    size: int = dataset.id.get_type().get_size()
    cells: int = max(math.prod(dataset.shape or (0,)), math.prod(dataset.chunks or (0,)))
    return cells * size
