"""Whether a file can be read now: a system error, or a file that is open elsewhere, does not mean damage."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from functools import cache
from pathlib import Path

from neurorules.errors import InputError
from neurorules.io.access import no_permission

# Errors of flock when a file system, or its lock daemon, has no locks.
NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO, errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EACCES)

# Errors that do not concern a file's content: of the disk, the network, limits.
OF_THE_SYSTEM = (errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR)


def is_of_the_system(error: BaseException) -> bool:
    """Whether an error comes from the disk, the network or a limit, not from a file's content."""
    return isinstance(error, OSError) and error.errno in OF_THE_SYSTEM


def check_readable(path: str | Path) -> None:
    """Check that a file can be opened and read, and that no other process has it open for writing.

    HDF5 locks a file while writing it, as `h5py.File(path, "r+")` in a notebook does.

    Raises:
        FileNotFoundError, IsADirectoryError: it is missing, or a folder.
        InputError: no permission, a disk error, or another process is writing it.
    """
    try:
        with open(path, "rb") as handle:
            handle.read(1)
            _check_not_written(path, handle.fileno())
    except (FileNotFoundError, IsADirectoryError):
        raise
    except PermissionError as error:
        raise no_permission(path) from error
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: str | Path, error: BaseException) -> InputError:
    """The error for a file that the system could not read; its content is unknown."""
    why = getattr(error, "strerror", None) or error
    return InputError(
        f"The file could not be read ({why}). The file itself may be intact: the disk, the network or a limit "
        "of this machine failed.",
        file=path,
        remedy="Run the same command again once the file is readable; `cp FILE /dev/null` tests this.",
    )


def _check_not_written(path: str | Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(
            "The file is in use by another process, which may change it.",
            file=path,
            remedy='Close it in the notebook or program that opened it for writing. Open results read-only ("r").',
        ) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        _say_without_locks(os.path.dirname(os.path.abspath(path)), error.strerror)


@cache
def _say_without_locks(folder: str, why: str) -> None:
    print(f"{folder}: the file system has no locks ({why}); files are read without them.", file=sys.stderr)
