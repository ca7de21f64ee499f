"""A file lock admits one process at a time, even if the file is removed meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from neurorules.io.atomic import whole_file
from neurorules.io.lock import exclusive

WAITING = "waiting for its end"


class Holder(threading.Thread):
    """Takes the lock and keeps it until told to release it. Two open files in one process also compete for it."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.path, self.inside, self.let_go = path, threading.Event(), threading.Event()
        self.start()

    def run(self) -> None:
        with exclusive(self.path, WAITING):
            self.inside.set()
            self.let_go.wait(10)


def test_a_third_waits_for_the_second(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "logs" / "job.lock"
    first = Holder(path)
    assert first.inside.wait(5)
    second = Holder(path)
    assert not second.inside.wait(0.2)
    assert WAITING in capsys.readouterr().err
    first.let_go.set()
    assert second.inside.wait(5)
    third = Holder(path)
    assert not third.inside.wait(0.3)
    second.let_go.set()
    assert third.inside.wait(5)
    third.let_go.set()
    third.join(5)
    assert list(path.parent.iterdir()) == []


def test_two_that_write_one_file_do_not_mix(tmp_path: Path) -> None:
    """They have one temporary name: the first would give the half of the second its name."""
    file = tmp_path / "result"
    first_is_open, first_is_done = threading.Event(), threading.Event()
    second_is_open, second_is_done = threading.Event(), threading.Event()

    def second() -> None:
        first_is_open.wait(5)
        with whole_file(file) as partial:
            partial.write_text("second, first half")
            second_is_open.set()
            first_is_done.wait(0.5)
            partial.write_text("second, whole")
        second_is_done.set()

    thread = threading.Thread(target=second)
    thread.start()
    with whole_file(file) as partial:
        partial.write_text("first, whole")
        first_is_open.set()
        assert not second_is_open.wait(0.3)
    assert file.read_text() == "first, whole"
    first_is_done.set()
    assert second_is_done.wait(5)
    thread.join()
    assert file.read_text() == "second, whole"
    assert [path.name for path in tmp_path.iterdir()] == ["result"]
