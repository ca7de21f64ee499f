"""Atomic writing: files are written completely or not at all, and a full disk gives a clear error."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from neurorules.errors import InputError
from neurorules.io.lock import exclusive


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path next to `path`; on success it is renamed to `path`, on failure it is removed.

    A reader sees the old file or the new one, never a part. The temporary name is always the same, so that leftovers of
    a killed process are overwritten and do not pile up. A second process that writes the same file waits for the first.

    Raises:
        InputError: the disk is full, or the folder is not writable.
    """
    path = Path(path)
    lock = path.with_name(f".{path.name}.lock")
    with exclusive(lock, f"{path}: another process is writing it; waiting ..."):
        yield from _whole_file(path)


def _whole_file(path: Path) -> Iterator[Path]:
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        yield partial
        with open(partial, "rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(partial, path)
    except BaseException as error:
        explained = _explain(error, path)  # checks the disk, so it runs before the partial file frees space
        with suppress(OSError):
            os.truncate(partial, 0)  # HDF5 keeps a file that it could not write open, and its space occupied
        partial.unlink(missing_ok=True)
        if explained is None:
            raise
        raise explained from error


def _explain(error: BaseException, path: Path) -> InputError | None:
    """A clear error for a full disk or missing write permission, else None.

    HDF5 reports a full disk in its own words ("HDF error", even "Permission denied"), so the disk itself is checked
    too.
    """
    if not isinstance(error, OSError | RuntimeError):
        return None
    code = getattr(error, "errno", None)
    folder = next((p for p in path.parents if p.exists()), Path("."))
    disk = os.statvfs(folder)
    full = disk.f_bavail * disk.f_frsize < 1 << 20 and os.access(folder, os.W_OK)
    if full or code in (errno.ENOSPC, errno.EDQUOT):
        return InputError(
            "No space left on the disk: the file was not written. Finished files are kept.",
            file=path,
            remedy="Free some space and run the same command again: it continues from here.",
        )
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return InputError(
            "The file cannot be written: no permission, or the file system is read-only.",
            file=path,
            remedy="Make the folder writable, or run in a folder that is writable.",
        )
    return None


def write_text(path: str | Path, text: str) -> None:
    """Write `text` (UTF-8) completely or not at all."""
    with whole_file(path) as partial:
        partial.write_bytes(text.encode())
