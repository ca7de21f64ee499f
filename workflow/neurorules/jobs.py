"""Setup that every script needs around its library call: log, threads, and errors without a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, TextIO

from neurorules.errors import DamagedResult, InputError
from neurorules.io.lock import NOT_WRITABLE, exclusive


class _Tee:
    """Writes to the terminal and to a log. A full disk truncates the log, but never stops output or the job."""

    def __init__(self, terminal: TextIO, path: str) -> None:
        self.terminal = terminal
        self.log: BinaryIO | None = None
        with _if_possible():
            # unbuffered, so that closing it cannot fail
            self.log = open(path, "wb", buffering=0)  # noqa: SIM115

    def write(self, text: str) -> int:
        with _if_possible():  # stderr may be redirected to a file
            self.terminal.write(text)
            self.terminal.flush()
        self.write_log(text)
        return len(text)

    def write_log(self, text: str) -> None:
        if self.log is not None:
            with _if_possible():
                self.log.write(text.encode())

    def flush(self) -> None:
        with _if_possible():
            self.terminal.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.terminal, name)  # encoding, isatty, fileno ...

    def close(self) -> None:
        if self.log is not None:
            self.log.close()


@contextmanager
def _if_possible() -> Iterator[None]:
    """Skip output if the disk is full or not writable."""
    try:
        yield
    except OSError as error:
        if error.errno not in NOT_WRITABLE:
            raise


@contextmanager
def _alone(log: str) -> Iterator[None]:
    """Wait until no other process runs this job. A job that outlived its Snakemake still writes the same files."""
    folder, name = os.path.split(log)
    # do not lock the log itself: Snakemake removes it before it starts a job
    with exclusive(
        os.path.join(folder, f".{name}.lock"),
        "This job still runs for an earlier Snakemake; waiting for it to end ...",
    ):
        yield


@contextmanager
def job(log: str) -> Iterator[None]:
    """Run the body of a script.

    Standard error also goes to the log. An InputError prints its message and ends the job with exit code 1. All other
    exceptions keep their traceback. A damaged result is moved aside, so that the same command makes it again.

    Args:
        log: path of the job's log.
    """
    with _alone(log), _logged(log):
        yield


@contextmanager
def _logged(log: str) -> Iterator[None]:
    """Copy standard error to the log, and show errors that a user can fix without a traceback."""
    terminal = sys.stderr
    tee = _Tee(terminal, log)
    sys.stderr = tee
    try:
        yield
    except InputError as error:
        shown = _set_aside(error) if isinstance(error, DamagedResult) else error
        print(f"Error: {shown}", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        if _is_out_of_memory(error):
            print(f"Error: {_out_of_memory(error)}", file=sys.stderr)
            sys.exit(1)
        import traceback

        tee.write_log(traceback.format_exc())
        raise
    finally:
        sys.stderr = terminal
        tee.close()


def _set_aside(error: DamagedResult) -> InputError:
    """Rename the damaged file and return the error to show. It is not deleted, because the disk may be faulty."""
    aside = f"{error.file}.damaged"
    try:
        os.replace(str(error.file), aside)
    except OSError:  # another job was faster, or the folder is read-only
        return error
    return InputError(
        error.problem,
        file=error.file,
        key=error.key,
        remedy="Run the same snakemake command again: it makes this file again, and the results that depend on it. If "
        f"you first run it with this file as the target, it makes only this file. The damaged file is now {aside}",
    )


def _is_out_of_memory(error: Exception) -> bool:
    """Whether it is an out-of-memory error from Python, NumPy, or PyTorch on a CPU or GPU."""
    torch_on_cpu = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    return isinstance(error, MemoryError) or torch_on_cpu or type(error).__name__ == "OutOfMemoryError"


def _out_of_memory(error: Exception) -> InputError:
    return InputError(
        f"The job ran out of memory ({str(error) or type(error).__name__}).",
        remedy="Run the same snakemake command again with more memory per job: use fewer --cores, so that fewer jobs "
        "share the memory, or a larger machine. On a cluster, set a larger mem_mb with --set-resources.",
    )
