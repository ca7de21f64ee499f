"""Files and folders that may not be read or written to are named."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurorules.errors import InputError


@contextmanager
def may_read(path: str | Path, key: str | None = None) -> Iterator[None]:
    """Turn a lack of permission within the block into an error that names the file or folder.

    Args:
        path: what is read, for errors that do not say it.
        key: the config key that names it.

    Raises:
        InputError: there is no permission.
    """
    try:
        yield
    except PermissionError as error:
        raise no_permission(error.filename or path, key) from error


def require_readable(path: str | Path, key: str | None = None) -> None:
    """Refuse a file or folder that is there and may not be read.

    Raises:
        InputError: there is no permission.
    """
    with may_read(path, key):
        # tried, because what os.access says of a network's file systems need not be true
        if os.path.isdir(path):
            with os.scandir(path) as entries:
                for entry in entries:
                    entry.stat()
                    break
        else:
            with open(path, "rb"):
                pass


def no_permission(path: str | Path, key: str | None = None) -> InputError:
    """The error for a file or folder that may not be read."""
    return InputError(
        "There is no permission to read this.",
        file=path,
        key=key,
        remedy="Make it readable for yourself, and the folders above it: chmod u+r for a file, chmod u+rx for a "
        "folder; or copy it to where you may read it.",
    )


def require_writable(folder: str | Path) -> None:
    """Refuse a folder in which no file can be made; one that is not there yet counts as the one that it will be in.

    Raises:
        InputError: there is no permission, or the file system is read-only.
    """
    path = Path(folder)
    there = next(parent for parent in (path, *path.parents, Path(".")) if os.path.isdir(parent))
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            return
        raise InputError(
            f"No file can be made in this folder: {error.strerror}.",
            file=there if there == path else f"{path} (in {there.resolve()})",
            remedy="Make it writable for yourself (chmod u+rwx), or run in a folder that is.",
        ) from error
