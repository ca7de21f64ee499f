"""A lock on a file, so that one process at a time runs a block."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def exclusive(path: str | Path, waiting: str) -> Iterator[bool]:
    """Hold the lock on a file while the block runs, after waiting for any other process that holds it.

    Args:
        path: the file. It is created, and removed at the end.
        waiting: what to print while waiting.

    Yields:
        Whether the lock is held; False if the file cannot be created or the file system has no locks.
    """
    lock = _acquire(path, waiting)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            # Removed under the lock: waiting processes see that it is gone, and create a new one.
            with suppress(OSError):
                os.unlink(path)
            lock.close()


def _acquire(path: str | Path, waiting: str) -> BinaryIO | None:
    while True:
        try:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            lock = open(path, "wb")  # noqa: SIM115
        except OSError as error:
            if error.errno in NOT_WRITABLE:
                return None
            raise
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(waiting, file=sys.stderr, flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            lock.close()
            with suppress(OSError):
                os.unlink(path)
            return None
        except BaseException:
            lock.close()
            raise
        if _is_still(lock, path):
            return lock
        lock.close()


def _is_still(lock: BinaryIO, path: str | Path) -> bool:
    """Whether the path is still the locked file: the previous holder may have removed it."""
    try:
        return os.path.samestat(os.fstat(lock.fileno()), os.stat(path))
    except FileNotFoundError:
        return False
