"""What every script does around its one library call: log, threads, and errors without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from neurorules.errors import InputError


class _Tee:
    """Writes to several streams, so that a job's words reach the terminal and its log."""

    def __init__(self, *streams: TextIO) -> None:
        self.streams = streams

    def write(self, text: str) -> int:
        for stream in self.streams:
            stream.write(text)
            stream.flush()
        return len(text)

    def flush(self) -> None:
        for stream in self.streams:
            stream.flush()


@contextmanager
def job(log: str) -> Iterator[None]:
    """Run the body of a script.

    Standard error goes to the log too. An InputError is printed as its message and ends the job with exit code 1; anything
    else keeps its traceback.

    Args:
        log: path of the job's log.
    """
    import os

    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, "w") as file:
        terminal = sys.stderr
        sys.stderr = _Tee(terminal, file)  # type: ignore[assignment]
        try:
            yield
        except InputError as error:
            print(f"Error: {error}", file=sys.stderr)
            sys.exit(1)
        except Exception:
            import traceback

            traceback.print_exc(file=file)
            raise
        finally:
            sys.stderr = terminal


def one_thread() -> None:
    """One thread for torch: the bytes of a result must not depend on how many cores there are."""
    import torch

    torch.set_num_threads(1)
