"""What every script does around its one library call: log, threads, and errors without a traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, TextIO

from neurorules.errors import InputError


class _Tee:
    """Writes to the terminal and to a log. A full disk costs the rest of the log, never the words or the job."""

    def __init__(self, terminal: TextIO, path: str) -> None:
        self.terminal = terminal
        self.log: BinaryIO | None = None
        with self._unless_full():
            os.makedirs(os.path.dirname(path), exist_ok=True)
            # unbuffered, so that nothing is left to fail when it is closed
            self.log = open(path, "wb", buffering=0)  # noqa: SIM115

    def write(self, text: str) -> int:
        self.terminal.write(text)
        self.terminal.flush()
        self.write_log(text)
        return len(text)

    def write_log(self, text: str) -> None:
        if self.log is not None:
            with self._unless_full():
                self.log.write(text.encode())

    def flush(self) -> None:
        self.terminal.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.terminal, name)  # encoding, isatty, fileno ...

    def close(self) -> None:
        if self.log is not None:
            self.log.close()

    @contextmanager
    def _unless_full(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise


@contextmanager
def job(log: str) -> Iterator[None]:
    """Run the body of a script.

    Standard error goes to the log too. An InputError is printed as its message and ends the job with exit code 1;
    anything else keeps its traceback.

    Args:
        log: path of the job's log.
    """
    terminal = sys.stderr
    tee = _Tee(terminal, log)
    sys.stderr = tee
    try:
        yield
    except InputError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)
    except Exception:
        import traceback

        tee.write_log(traceback.format_exc())
        raise
    finally:
        sys.stderr = terminal
        tee.close()


def one_thread() -> None:
    """One thread for torch: the bytes of a result must not depend on how many cores there are."""
    import torch

    torch.set_num_threads(1)
