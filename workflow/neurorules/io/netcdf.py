"""NetCDF files: equal content gives equal bytes, and a damaged file is refused without blocking."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.errors import DamagedResult, InputError
from neurorules.io.atomic import whole_file
from neurorules.io.identity import canonical_json
from neurorules.io.readable import check_readable, is_of_the_system, unreadable

if TYPE_CHECKING:
    import xarray as xr


NETCDF_ERRORS = (OSError, RuntimeError, ValueError, AttributeError)  # errors of netCDF4, and of HDF5 through it


def write_dataset(path: str | Path, dataset: xr.Dataset) -> None:
    """Write an xarray Dataset as netCDF; equal content gives equal bytes, with checksums that reveal damage."""
    checksums = {name: {"fletcher32": True} for name, variable in dataset.variables.items() if variable.ndim}
    with whole_file(path) as partial, _without_hdf5_locks():
        dataset.to_netcdf(partial, engine="netcdf4", format="NETCDF4", encoding=checksums)


def open_dataset(path: str | Path, what: str) -> xr.Dataset:
    """Read one of our netCDF files into memory.

    Args:
        path: the file.
        what: what the file should be ("a recording", "a run"), for the error.

    Raises:
        InputError: missing, unreadable, or open for writing elsewhere.
        DamagedResult: truncated, altered, or not netCDF.
    """
    try:
        return load_netcdf(path)
    except FileNotFoundError:
        raise InputError(
            f"The file is missing; it should be {what}.",
            file=path,
            remedy="Run the same snakemake command again, which makes missing files.",
        ) from None
    except NETCDF_ERRORS as error:
        if is_of_the_system(error):
            raise unreadable(path, error) from error
        raise DamagedResult(
            f"The file cannot be read as {what} ({error}).",
            file=path,
            remedy="Delete this file and run the same snakemake command again, which makes it again.",
        ) from error


def load_netcdf(path: str | Path, **decoding: Any) -> xr.Dataset:
    """A netCDF file's content, loaded into memory.

    Args:
        path: the file.
        decoding: arguments of `xarray.open_dataset`.

    Raises:
        FileNotFoundError: it is missing.
        InputError: it cannot be read, or another process has it open for writing.
        NETCDF_ERRORS: it is damaged or of another type.
    """
    check_readable(path)
    import xarray as xr

    if _has_endless_heap(Path(path)):
        raise OSError("NetCDF: HDF error, zeros in its heap")
    with _without_hdf5_locks(), xr.open_dataset(path, engine="netcdf4", **decoding) as dataset:
        return dataset.load()


def read_attributes(path: str | Path) -> dict[str, Any]:
    """Attributes of a netCDF file, without loading its content.

    Raises:
        The errors of `load_netcdf`.
    """
    check_readable(path)
    if _has_endless_heap(Path(path)):
        raise OSError("NetCDF: HDF error, zeros in its heap")
    with _without_hdf5_locks():
        import netCDF4

        with netCDF4.Dataset(path) as file:
            return {name: file.getncattr(name) for name in file.ncattrs()}


@contextmanager
def _without_hdf5_locks() -> Iterator[None]:
    """Load HDF5 without file locks: on a file system without locks, it could not read any file.

    With locks, HDF5 would report a file that is open elsewhere as damaged; `check_readable` tells these apart. Our own
    files are written under a temporary name and renamed. HDF5 reads the variable once, when it is loaded; other
    programs keep their locks.
    """
    variable = "HDF5_USE_FILE_LOCKING"
    if variable in os.environ:
        yield
        return
    os.environ[variable] = "FALSE"
    try:
        yield
    finally:
        os.environ.pop(variable, None)


def _has_endless_heap(path: Path) -> bool:
    """Whether HDF5 would read this file forever. HDF5 steps through each collection of the global heap by the sizes
    stored there. It never gets past a free block of size 0, such as zeros where a power cut lost a page.

    Layout: HDF5 File Format Specification, III.E. "GCOL", version, the collection's size at byte 8; then objects, each
    with its index (0: free space, whose size includes the header) and, at byte 8, its size.
    """
    header, alignment = 16, 8
    content = path.read_bytes()
    start = content.find(b"GCOL\x01")
    while start >= 0:
        end = min(start + int.from_bytes(content[start + 8 : start + 16], "little"), len(content))
        at = start + header
        while at + header <= end:
            index = int.from_bytes(content[at : at + 2], "little")
            size = int.from_bytes(content[at + 8 : at + 16], "little")
            step = size if index == 0 else header + -(-size // alignment) * alignment
            if step == 0:
                return True
            at += step
        start = content.find(b"GCOL\x01", start + 1)
    return False


def netcdf_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes in types that netCDF can store: bool as 0/1, None and dict as JSON."""
    encoded: dict[str, Any] = {}
    for name, value in attributes.items():
        if isinstance(value, bool):
            encoded[name] = int(value)
        elif value is None or isinstance(value, dict | list | tuple):
            encoded[name] = canonical_json(value)
        else:
            encoded[name] = value
    return encoded


has_endless_heap = _has_endless_heap  # for any HDF5 file
