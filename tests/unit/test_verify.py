"""Raw files against what is known of them, and what tells one from another."""

from __future__ import annotations

import hashlib
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
    with pytest.raises(InputError, match="checksum of this download is empty") as caught:
        verify(path)
    assert caught.value.file == str(beside)


def test_fingerprints(tmp_path: Path) -> None:
    """By name, size and SHA-256, wherever the file is; a large file by its size, unless its checksum was recorded."""
    path, elsewhere = tmp_path / "a.zip", tmp_path / "b" / "a.zip"
    assert fingerprint(path) == "a.zip, to be downloaded"
    path.write_bytes(CONTENT)
    assert fingerprint(path) == f"a.zip 8 {SHA256}"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(CONTENT)
    assert fingerprint(elsewhere) == fingerprint(path)
    elsewhere.write_bytes(b"raw date")
    assert fingerprint(elsewhere) != fingerprint(path)

    large = tmp_path / "large.zip"
    with open(large, "wb") as handle:
        handle.truncate((100 << 20) + 1)
    assert fingerprint(large) == f"large.zip {(100 << 20) + 1} "
    (tmp_path / "large.zip.sha256").write_text("abc  large.zip\n")
    assert fingerprint(large) == f"large.zip {(100 << 20) + 1} abc"


def test_the_published_file_is_verified(real_data: Path) -> None:
    (path,) = find_raw("hatsopoulos2007", "processed", real_data, Path("nowhere"))
    verify_published(path, "hatsopoulos2007", "processed")
