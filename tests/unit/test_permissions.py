"""Raw files and folders without read permission are reported, with a remedy."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from neurorules.errors import InputError
from neurorules.io.access import require_writable
from neurorules.io.confined import confined
from neurorules.recordings.locate import find_raw
from neurorules.recordings.verify import fingerprint, verify

NOBODY = 65534


@pytest.fixture
def mine() -> Iterator[Path]:
    """A folder of a user who is bound by permissions, unlike root."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # the folders above pytest's own are closed to others
    user = os.geteuid()
    if user == 0:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        os.seteuid(user)
        shutil.rmtree(folder)


def closed(path: Path, check: Callable[[], object]) -> InputError:
    """The error of a check while nothing may be done with a file or folder."""
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        with pytest.raises(InputError, match="Permission denied: this cannot be read") as caught:
            check()
    finally:
        path.chmod(mode)
    assert "chmod" in (caught.value.remedy or "")
    return caught.value


def test_a_closed_file(mine: Path) -> None:
    file = mine / "raw.npy"
    file.write_bytes(b"content")
    for check in (lambda: verify(file, sha256="0" * 64), lambda: fingerprint(file), lambda: confined(int, [file])):
        assert closed(file, check).file == str(file)


def test_a_closed_folder(mine: Path) -> None:
    unpacked = mine / "mante2013" / "PFC data" / "PFC data 1"
    unpacked.mkdir(parents=True)
    (unpacked / "ar_1.mat").write_bytes(b"content")
    assert find_raw("mante2013", "raw", mine, mine / "downloads") == [unpacked / "ar_1.mat"]
    error = closed(unpacked, lambda: find_raw("mante2013", "raw", mine, mine / "downloads"))
    assert (error.file, error.key) == (str(unpacked), "raw_dir")
    error = closed(mine, lambda: find_raw("mante2013", "raw", mine, mine / "downloads"))
    assert (error.file or "").startswith(str(mine))
    for check in (verify, fingerprint):
        assert closed(unpacked, lambda check=check: check(unpacked / "ar_1.mat")).file == str(unpacked / "ar_1.mat")  # type: ignore[misc]


def test_a_folder_that_cannot_be_written_to(mine: Path) -> None:
    require_writable(mine / "results" / "study")
    assert list(mine.iterdir()) == []
    mine.chmod(0o555)
    with pytest.raises(InputError, match="Permission denied") as caught:
        require_writable(mine / "results" / "study")
    mine.chmod(0o755)
    assert str(mine / "results" / "study") in (caught.value.file or "")
