"""What every script does around its one library call: log, threads, and errors without a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, TextIO

from neurorules.errors import DamagedResult, InputError
from neurorules.io.lock import NOT_WRITABLE, exclusive


class _Tee:
    """Writes to the terminal and to a log. A full disk costs the rest of the log, never the words or the job."""

    def __init__(self, terminal: TextIO, path: str) -> None:
        self.terminal = terminal
        self.log: BinaryIO | None = None
        with _if_possible():
            # unbuffered, so that nothing is left to fail when it is closed
            self.log = open(path, "wb", buffering=0)  # noqa: SIM115

    def write(self, text: str) -> int:
        with _if_possible():  # a terminal may be a file, too
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
    """Do without words where the disk is full or cannot be written to."""
    try:
        yield
    except OSError as error:
        if error.errno not in NOT_WRITABLE:
            raise


@contextmanager
def _alone(log: str) -> Iterator[None]:
    """Wait until no other process runs this job: one that outlived its Snakemake still writes the same files."""
    folder, name = os.path.split(log)
    # not the log itself, which Snakemake removes before it starts a job
    with exclusive(
        os.path.join(folder, f".{name}.lock"), "This job still runs for an earlier Snakemake; waiting for its end ..."
    ):
        yield


@contextmanager
def job(log: str) -> Iterator[None]:
    """Run the body of a script.

    Standard error goes to the log too. An InputError is printed as its message and ends the job with exit code 1;
    anything else keeps its traceback. A damaged result is set aside, so that the same command makes it anew.

    Args:
        log: path of the job's log.
    """
    with _alone(log), _logged(log):
        yield


@contextmanager
def _logged(log: str) -> Iterator[None]:
    """Standard error to the log, too, and faults that a user can put right without a traceback."""
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
    """Rename the damaged file, and what to say of that; it is not deleted, as the disk may be what fails."""
    aside = f"{error.file}.damaged"
    try:
        os.replace(str(error.file), aside)
    except OSError:  # another job was faster, or the folder is read-only
        return error
    return InputError(
        error.problem,
        file=error.file,
        key=error.key,
        remedy="Run the same snakemake command again: it makes this file anew, and what is made from it. With this "
        f"file as its target first, it makes this file alone, and the rest stays. The damaged file is now {aside}",
    )


def _is_out_of_memory(error: Exception) -> bool:
    """Whether it is Python's or NumPy's word for that, PyTorch's on a CPU, or PyTorch's on a GPU."""
    torch_on_cpu = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    return isinstance(error, MemoryError) or torch_on_cpu or type(error).__name__ == "OutOfMemoryError"


def _out_of_memory(error: Exception) -> InputError:
    return InputError(
        f"The job needs more memory than it is given ({str(error) or type(error).__name__}).",
        remedy="Run the same snakemake command again with more memory: fewer --cores, so that fewer jobs share it, or "
        "another machine; on a cluster, a larger mem_mb by --set-resources.",
    )


def one_thread() -> None:
    """One thread for PyTorch: the bytes of a result must not depend on how many cores there are.

    It is not imported for that. Where it is later on, it takes the number of threads from the environment.
    """
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
