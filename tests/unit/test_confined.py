"""What reads files from outside in a child process: results and errors come back, crashes and excesses are named."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from neurorules.errors import InputError
from neurorules.io import limits
from neurorules.io.confined import confined, reading


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "raw.dat"
    path.write_bytes(b"content")
    return path


def test_the_result_comes_back_from_another_process(file: Path) -> None:
    content, process = confined(lambda: (file.read_bytes(), os.getpid()), [file])
    assert content == b"content"
    assert process != os.getpid()
    # larger than a pipe's buffer
    np.testing.assert_array_equal(confined(lambda: np.arange(1_000_000), [file]), np.arange(1_000_000))


def test_errors_come_back_as_they_are(file: Path) -> None:
    def refuse() -> None:
        raise InputError("Wrong.", file=file, key="a", value=[1], remedy="Mend it.")

    with pytest.raises(InputError) as caught:
        confined(refuse, [file])
    assert str(caught.value) == str(InputError("Wrong.", file=file, key="a", value=[1], remedy="Mend it."))
    assert (caught.value.problem, caught.value.key, caught.value.value) == ("Wrong.", "a", [1])


def test_a_mistake_in_the_code_keeps_its_traceback(file: Path) -> None:
    def mistaken() -> float:
        return 1 / 0

    with pytest.raises(ZeroDivisionError) as caught:
        confined(mistaken, [file])
    assert "in mistaken" in "".join(caught.value.__notes__)


def test_a_crash_names_the_file_that_was_read(file: Path) -> None:
    other = file.with_name("other.dat")

    def crash() -> None:
        reading(other)
        ctypes.string_at(0)

    with pytest.raises(InputError, match="SIGSEGV") as caught:
        confined(crash, [file, file])
    assert caught.value.file == str(other)
    with pytest.raises(InputError, match="SIGABRT") as caught:
        confined(os.abort, [file])
    assert caught.value.file == str(file)


def test_memory_has_a_limit(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "memory_to_read", lambda size: 200 * limits.MIB)
    assert confined(lambda: len(bytearray(50 * limits.MIB)), [file]) == 50 * limits.MIB
    with pytest.raises(InputError, match=r"0\.2 GiB of memory") as caught:
        confined(lambda: len(bytearray(400 * limits.MIB)), [file])
    assert caught.value.file == str(file)


def test_a_limit_that_was_there_before_is_not_the_files_fault(file: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_virtual_memory() + limits.GIB, hard))
    try:
        with pytest.raises(MemoryError):
            confined(lambda: len(bytearray(2 * limits.GIB)), [file])
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _virtual_memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def test_computing_has_a_limit(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "seconds_to_read", lambda size: 1)

    def endless() -> None:
        while True:
            pass

    with pytest.raises(InputError, match="1 s of computing") as caught:
        confined(endless, [file])
    assert caught.value.file == str(file)


def test_waiting_has_a_limit(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "seconds_to_wait", lambda size: 0.2)
    with pytest.raises(InputError, match=r"after 0\.2 s"):
        confined(lambda: time.sleep(60), [file])


def test_depth_has_a_limit(file: Path) -> None:
    with pytest.raises(InputError, match="nested too deeply") as caught:
        confined(lambda: json.loads("[" * 100_000), [file])
    assert caught.value.file == str(file)


def test_a_process_that_the_system_kills_lacks_memory(file: Path) -> None:
    with pytest.raises(MemoryError, match=r"raw\.dat"):
        confined(lambda: os.kill(os.getpid(), signal.SIGKILL), [file])


def test_larger_files_may_take_more() -> None:
    for limit in (limits.memory_to_read, limits.seconds_to_read, limits.seconds_to_wait):
        assert limit(0) < limit(100 * limits.MIB) < limit(limits.GIB)
    assert limits.memory_to_read(3 * limits.MIB) < 3.4e9  # 3 MB of compressed zeros may expand to this
