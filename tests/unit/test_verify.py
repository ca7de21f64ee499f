"""Raw files compared with their known sizes and checksums, and how files are distinguished."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from neurorules.errors import InputError
from neurorules.recordings.locate import find_raw
from neurorules.recordings.verify import fingerprint, verify, verify_published

CONTENT = b"raw data"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_verify_against_what_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with pytest.raises(InputError, match="missing"):
        verify(path)
    path.write_bytes(CONTENT)
    verify(path)  # nothing known of it
    verify(path, sha256=SHA256, size=len(CONTENT))
    with pytest.raises(InputError, match="bytes"):
        verify(path, size=3)
    with pytest.raises(InputError, match="altered"):
        verify(path, sha256="0" * 64)


def test_a_checksum_file_holds_the_checksum(tmp_path: Path) -> None:
    path, beside = tmp_path / "a.zip", tmp_path / "a.zip.sha256"
    path.write_bytes(CONTENT)
    beside.write_text(f"{SHA256}  a.zip\n")
    verify(path)
    beside.write_text(f"{'0' * 64}  a.zip\n")
    with pytest.raises(InputError, match="altered or replaced") as caught:
        verify(path)
    assert (caught.value.key, caught.value.value) == ("sha256", SHA256)
    beside.write_text("")
    with pytest.raises(InputError, match="checksum file of this download is empty") as caught:
        verify(path)
    assert caught.value.file == str(beside)


def test_fingerprints(tmp_path: Path) -> None:
    """By name, size and SHA-256, wherever the file is."""
    path, elsewhere = tmp_path / "a.zip", tmp_path / "b" / "a.zip"
    assert fingerprint(path) == "a.zip, to be downloaded"
    path.write_bytes(CONTENT)
    assert fingerprint(path) == f"a.zip 8 {SHA256}"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(CONTENT)
    assert fingerprint(elsewhere) == fingerprint(path)
    elsewhere.write_bytes(b"raw date")
    assert fingerprint(elsewhere) != fingerprint(path)


def test_a_large_file_is_known_by_its_date_and_blocks_of_it(tmp_path: Path) -> None:
    """A copy over it may have its size and be older (`rsync -t`), or have its date too."""
    size = (100 << 20) + 1
    large = tmp_path / "large.zip"
    with large.open("wb") as handle:
        handle.truncate(size)
    os.utime(large, ns=(0, 10**18))
    first = fingerprint(large)
    os.utime(large, ns=(10**18, 10**18))  # read again
    assert fingerprint(large) == first
    os.utime(large, ns=(0, 10**18 - 1))
    assert fingerprint(large) != first
    for changed in (0, size - 1):
        with large.open("r+b") as handle:
            handle.seek(changed)
            handle.write(b"x")
        os.utime(large, ns=(0, 10**18))
        assert fingerprint(large) != first
        with large.open("r+b") as handle:
            handle.seek(changed)
            handle.write(b"\0")
    os.utime(large, ns=(0, 10**18))
    assert fingerprint(large) == first
    (tmp_path / "large.zip.sha256").write_text("abc  large.zip\n")
    assert fingerprint(large) == f"large.zip {size} abc"


def test_the_published_file_is_verified(real_data: Path) -> None:
    (path,) = find_raw("hatsopoulos2007", "processed", real_data, Path("nowhere"))
    verify_published(path, "hatsopoulos2007", "processed")
