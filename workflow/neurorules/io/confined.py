"""Processing of external files in a child process, which has limits and may crash.

The libraries that read MATLAB and HDF5 files are written in C. A damaged or hostile file can make them crash, compute
for hours or use all memory, and nothing in Python can stop that.
"""

from __future__ import annotations

import faulthandler
import mmap
import os
import pickle
import resource
import signal
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from neurorules.errors import InputError
from neurorules.io import limits
from neurorules.io.access import require_readable
from neurorules.io.threads import one_thread

T = TypeVar("T")

_REMEDY = "Get the file again from its original source, or remove it."
_NAME_BYTES = 4096

_current: mmap.mmap | None = None  # shared with the child, which writes the file that it reads


def reading(file: str | Path) -> None:
    """Record which file is being read, so that an error can name it if reading crashes."""
    if _current is not None:
        name = os.fsencode(file)[: _NAME_BYTES - 1]
        _current[: len(name) + 1] = name + b"\0"


def confined(function: Callable[[], T], files: Sequence[str | Path]) -> T:
    """Call a function in a child process with limits on memory, computing time and waiting time.

    Args:
        function: loads the files' content into memory. It must not change anything else.
        files: the files that it reads; their sizes set the limits.

    Returns:
        The function's result, which must be picklable.

    Raises:
        InputError: raised by the function; or reading crashed or exceeded a limit, with the file.
        MemoryError: the machine, or a limit set earlier, has too little memory.
        Exception: any other exception of the function.
    """
    global _current
    for file in files:
        require_readable(file)
    size = sum(Path(file).stat().st_size for file in files)
    shared = mmap.mmap(-1, _NAME_BYTES)
    context = get_context("fork")  # other methods would run the job's script again
    receiver, sender = context.Pipe(duplex=False)
    _current = shared
    child = None
    try:
        reading(Path(files[0]) if len(files) == 1 else Path(files[0]).parent)
        child = context.Process(target=_run, args=(function, size, receiver, sender))
        with warnings.catch_warnings():  # about threads: those of NumPy's libraries are idle here
            warnings.simplefilter("ignore", DeprecationWarning)
            child.start()
        sender.close()
        message = _receive(receiver, limits.seconds_to_wait(size))
        if message is None:
            child.kill()
        child.join()
    except BaseException:
        if child is not None and child.pid is not None:
            child.kill()
        raise
    finally:
        _current = None
        receiver.close()
    file = os.fsdecode(shared[:].split(b"\0", 1)[0])
    if not message:
        raise _explain(child.exitcode or 0, timed_out=message is None, file=file, size=size)
    kind, value = pickle.loads(message)
    if kind == "value":
        result: T = value
        return result
    if kind == "memory":
        raise _too_much(f"takes more than {limits.memory_to_read(size) / limits.GIB:.1f} GiB of memory", file)
    if kind == "depth":
        raise InputError("The file is damaged or hostile: it is nested too deeply.", file=file, remedy=_REMEDY)
    raise value


def _receive(receiver: Connection, seconds: float) -> bytes | None:
    """The child's message; empty if it ended without one, None if it takes too long."""
    try:
        return receiver.recv_bytes() if receiver.poll(seconds) else None
    except EOFError:
        return b""


def _run(function: Callable[[], Any], size: int, receiver: Connection, sender: Connection) -> None:
    """In the child: call the function and send its result."""
    receiver.close()
    faulthandler.disable()  # the parent reports which file crashed
    one_thread()  # a fork has none of its parent's threads, and a parallel loop would wait for them
    ours = _limit(size)
    try:
        message = ("value", function())
        content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    except KeyboardInterrupt:
        return
    except MemoryError as error:
        content = pickle.dumps(("memory", None) if ours else ("error", MemoryError(str(error))))
    except RecursionError:
        content = pickle.dumps(("depth", None))
    except Exception as error:
        content = _pickled(error)
    with suppress(OSError):  # the parent has ended
        sender.send_bytes(content)


def _limit(size: int) -> bool:
    """Set the limits; returns whether the memory limit is ours, not a narrower one set earlier."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        _narrow(resource.RLIMIT_CPU, limits.seconds_to_read(size))
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        return _narrow(resource.RLIMIT_AS, pages * resource.getpagesize() + limits.memory_to_read(size))
    except (OSError, ValueError):  # not Linux
        return False


def _narrow(what: int, most: int) -> bool:
    soft, hard = resource.getrlimit(what)
    if soft != resource.RLIM_INFINITY and soft <= most:
        return False
    resource.setrlimit(what, (most, hard))
    return True


def _pickled(error: Exception) -> bytes:
    import traceback

    if not isinstance(error, InputError):
        error.add_note("In the process that reads raw files:\n" + traceback.format_exc())
    try:
        content = pickle.dumps(("error", error))
        pickle.loads(content)
        return content
    except Exception:
        return pickle.dumps(("error", RuntimeError(f"{type(error).__name__}: {error}\n{traceback.format_exc()}")))


def _explain(exitcode: int, *, timed_out: bool, file: str, size: int) -> Exception:
    if timed_out:
        return _too_much(f"is not complete after {limits.seconds_to_wait(size)} s", file)
    if exitcode == -signal.SIGXCPU:
        return _too_much(f"takes more than {limits.seconds_to_read(size)} s of computing", file)
    if exitcode == -signal.SIGKILL:  # as the kernel does when memory runs out
        return MemoryError(f"the system killed the process that read {file}")
    if exitcode >= 0:  # interrupted
        return KeyboardInterrupt()  # type: ignore[return-value]
    return InputError(
        f"The file crashes the library that reads it ({signal.Signals(-exitcode).name}). It is damaged or hostile.",
        file=file,
        remedy=_REMEDY,
    )


def _too_much(what: str, file: str) -> InputError:
    return InputError(
        f"The file is damaged or hostile: reading it {what}, far more than a file of its size needs.",
        file=file,
        remedy=_REMEDY,
    )
