"""Errors that name a file or folder without read or write permission."""

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
    """Turn a lack of permission within the block into an error with the file or folder.

    Args:
        path: what is read, if the error does not say.
        key: the config key that gives it.

    Raises:
        InputError: no permission.
    """
    try:
        yield
    except PermissionError as error:
        raise no_permission(error.filename or path, key) from error


def require_readable(path: str | Path, key: str | None = None) -> None:
    """Refuse a file or folder that exists but may not be read.

    Raises:
        InputError: no permission.
    """
    with may_read(path, key):
        # Opened, because os.access can be wrong on network file systems.
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
        "Permission denied: this cannot be read.",
        file=path,
        key=key,
        remedy="Make it and the folders above it readable for yourself (chmod u+r for a file, chmod u+rx for a "
        "folder), or copy it to a place where you can read it.",
    )


def require_writable(folder: str | Path) -> None:
    """Refuse a folder in which no file can be created; if the folder does not exist yet, its nearest parent is checked.

    Raises:
        InputError: no permission, or the file system is read-only.
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
            f"No file can be created in this folder: {error.strerror}.",
            file=there if there == path else f"{path} (in {there.resolve()})",
            remedy="Make it writable for yourself (chmod u+rwx), or run in a folder that is writable.",
        ) from error
