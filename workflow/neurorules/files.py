"""Files are written whole or not at all, and a full disk says so."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.errors import DamagedResult, InputError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes the name `path`, else it is removed.

    A reader sees the old file or the new one, never a part. The temporary name is the same every
    time, so that what a killed process left behind is overwritten rather than piling up.

    Raises:
        InputError: the disk is full, or the folder cannot be written to.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        yield partial
        with open(partial, "rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(partial, path)
    except BaseException as error:
        explained = _explain(error, path)  # asks the disk, so before the partial file makes room
        with suppress(OSError):
            os.truncate(partial, 0)  # HDF5 holds on to a file that it could not write, and so to its space
        partial.unlink(missing_ok=True)
        if explained is None:
            raise
        raise explained from error


def _explain(error: BaseException, path: Path) -> InputError | None:
    """The clear form of a full disk or a folder without write permission, else None.

    HDF5 reports a full disk in words of its own ("HDF error", even "Permission denied"), so the disk itself is
    asked too.
    """
    if not isinstance(error, OSError | RuntimeError):
        return None
    code = getattr(error, "errno", None)
    folder = next((p for p in path.parents if p.exists()), Path("."))
    disk = os.statvfs(folder)
    full = disk.f_bavail * disk.f_frsize < 1 << 20 and os.access(folder, os.W_OK)
    if full or code in (errno.ENOSPC, errno.EDQUOT):
        return InputError(
            "No space left on the disk; the file was not written, finished files are kept.",
            file=path,
            remedy="Free some space and run the same command again: it goes on from here.",
        )
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return InputError(
            "The file cannot be written: no permission, or the file system is read-only.",
            file=path,
            remedy="Make the folder writable, or run in a folder that is.",
        )
    return None


def write_text(path: str | Path, text: str) -> None:
    """Write `text` (UTF-8) whole or not at all."""
    with whole_file(path) as partial:
        partial.write_bytes(text.encode())


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a tidy table as CSV; floats in the shortest form that reads back the same."""
    with whole_file(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


# Columns of tidy tables that hold names, or hashes, some of which look like numbers ("1234567890123456", "12e4", "NA").
TEXT_COLUMNS = (
    *("recording", "recording_title", "task", "measure", "quantity", "training_code", "scoring_code"),
    *(name + part for name in ("learning_rule", "setting") for part in ("", "_a", "_b")),
)


def read_table(path: str | Path) -> pd.DataFrame:
    """A tidy table as it was written: names stay text, floats are exact.

    Raises:
        DamagedResult: cut off, or not CSV.
    """
    import io

    import pandas as pd

    try:
        text = Path(path).read_text()
        if not text.endswith("\n"):  # a line that is cut off still reads as a row
            raise pd.errors.ParserError("cut off in the middle of a line")
        as_they_are = {column: str for column in TEXT_COLUMNS}
        return pd.read_csv(io.StringIO(text), converters=as_they_are, float_precision="round_trip")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DamagedResult(
            f"The table cannot be read ({error}).",
            file=path,
            remedy="Delete this file and run the same snakemake command again: it is made anew.",
        ) from error


def write_dataset(path: str | Path, dataset: xr.Dataset) -> None:
    """Write an xarray Dataset as netCDF; the same content gives the same bytes, and reading damaged ones fails."""
    checksums = {name: {"fletcher32": True} for name, variable in dataset.variables.items() if variable.ndim}
    with whole_file(path) as partial:
        dataset.to_netcdf(partial, engine="netcdf4", format="NETCDF4", encoding=checksums)


def open_dataset(path: str | Path, what: str) -> xr.Dataset:
    """Read a netCDF file of ours into memory.

    Args:
        path: the file.
        what: what the file should be ("a recording", "a run"), for the error.

    Raises:
        InputError: missing.
        DamagedResult: truncated, altered, or not netCDF.
    """
    try:
        return load_netcdf(path)
    except FileNotFoundError:
        raise InputError(
            f"The file is missing; it should be {what}.",
            file=path,
            remedy="Run the same snakemake command again: it makes what is missing.",
        ) from None
    except NETCDF_ERRORS as error:
        raise DamagedResult(
            f"The file cannot be read as {what} ({error}).",
            file=path,
            remedy="Delete this file and run the same snakemake command again: it is made anew.",
        ) from error


NETCDF_ERRORS = (OSError, RuntimeError, ValueError, AttributeError)  # netCDF4's, and HDF5's through it


def load_netcdf(path: str | Path, **decoding: Any) -> xr.Dataset:
    """A netCDF file's content, in memory.

    Args:
        path: the file.
        decoding: arguments of `xarray.open_dataset`.

    Raises:
        FileNotFoundError: it is missing.
        NETCDF_ERRORS: it is damaged or of another kind.
    """
    import xarray as xr

    if _has_endless_heap(Path(path)):
        raise OSError("NetCDF: HDF error, zeros in its heap")
    with xr.open_dataset(path, engine="netcdf4", **decoding) as dataset:
        return dataset.load()


def _has_endless_heap(path: Path) -> bool:
    """Whether HDF5 would read this file forever: it steps through each collection of the global heap by the sizes
    that stand there, and past a free block of size 0, such as zeros where a power cut lost a page, it never comes.

    Layout: HDF5 File Format Specification, III.E. "GCOL", version, the collection's size at 8; then objects, each
    with its index (0: free space, whose size has the header in it) and at 8 its size.
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


def save_figure(figure: Any, pdf: str | Path, png: str | Path, title: str, made_by: str) -> None:
    """Write a matplotlib figure as PDF and PNG without dates, so that bytes repeat.

    Args:
        figure: the figure.
        pdf, png: where to.
        title: one line, kept in the files' metadata.
        made_by: what the figure was made by, kept there too (PDF keywords, PNG description).
    """
    import io

    metadata = {
        "pdf": {"Title": title, "Keywords": made_by, "CreationDate": None, "ModDate": None},
        "png": {"Title": title, "Description": made_by, "Software": None},
    }
    for path, kind in ((pdf, "pdf"), (png, "png")):
        drawn = io.BytesIO()  # matplotlib's own writing to a full disk ends in errors that hide the cause
        figure.savefig(drawn, format=kind, dpi=200, metadata=metadata[kind])
        with whole_file(path) as partial:
            partial.write_bytes(drawn.getvalue())


def canonical_json(value: Any) -> str:
    """JSON with sorted keys: equal values give equal text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def sha256_of(path: str | Path) -> str:
    """Hex SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def netcdf_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes in the types netCDF can hold: bool as 0/1, None and dict as JSON."""
    encoded: dict[str, Any] = {}
    for name, value in attributes.items():
        if isinstance(value, bool):
            encoded[name] = int(value)
        elif value is None or isinstance(value, dict | list | tuple):
            encoded[name] = canonical_json(value)
        else:
            encoded[name] = value
    return encoded
