"""Checks that a raw file is the published one or the first download, and fingerprints of raw files.

This module runs while a Snakefile is parsed, so it imports nothing heavy.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from neurorules.errors import InputError
from neurorules.io.access import may_read
from neurorules.io.identity import sha256_of
from neurorules.recordings.catalogue import CATALOGUE, source_entry

_BLOCKS, _BLOCK_BYTES = 64, 64 << 10  # of larger files; evenly spaced, including the first and the last
_LARGEST_READ = 100 << 20  # bytes; read whenever a study is planned, which takes 0.2 s


def verify(path: str | Path, *, sha256: str | None = None, size: int | None = None) -> None:
    """Check a raw file against its known size and SHA-256, or against the checksum of its first download.

    A user's file without a known checksum is not checked.

    Args:
        path: the file.
        sha256: its published SHA-256 in hex; None if unknown.
        size: its published size in bytes; None if unknown.

    Raises:
        InputError: missing, unreadable, or not the file that was published or downloaded first.
    """
    path = Path(path)
    with may_read(path):
        _verify(path, sha256, size)


def _verify(path: Path, sha256: str | None, size: int | None) -> None:
    if not path.is_file():
        raise InputError(
            "The raw file is missing.", file=path, remedy="Run the same command again, or put the file there."
        )
    remedy = "Delete it and run the same command again to download it, or put an unaltered copy there."
    if size is not None and path.stat().st_size != size:
        raise InputError(
            f"The raw file has {path.stat().st_size} bytes, the published file {size}.", file=path, remedy=remedy
        )
    recorded = checksum_file(path)
    known = sha256
    if known is None and recorded.is_file():
        known = recorded_checksum(path)
    if known is None:
        return
    found = sha256_of(path)
    if found != known:
        raise InputError(
            f"The raw file was altered or replaced: its SHA-256 should be {known}.",
            file=path,
            key="sha256",
            value=found,
            remedy=remedy,
        )


def fingerprint(path: str | Path) -> str:
    """Identity of a raw file among files of the same name in any folder: its size and SHA-256.

    For a download, the SHA-256 is the recorded one. A large file of another origin takes long to read, so its
    fingerprint has its modification time and the SHA-256 of some blocks: a file copied over it may have the same size
    and be older.

    Raises:
        InputError: the recorded checksum is empty, or the file is not readable.
    """
    with may_read(path):
        return _fingerprint(Path(path))


def _fingerprint(path: Path) -> str:
    if not path.is_file():
        return f"{path.name}, to be downloaded"
    size = path.stat().st_size
    if checksum_file(path).is_file():
        return f"{path.name} {size} {recorded_checksum(path)}"
    if size <= _LARGEST_READ:
        return f"{path.name} {size} {sha256_of(path)}"
    return f"{path.name} {size} {path.stat().st_mtime_ns} {_sha256_of_blocks(path, size)}"


def _sha256_of_blocks(path: Path, size: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        for block in range(_BLOCKS):
            handle.seek(block * (size - _BLOCK_BYTES) // (_BLOCKS - 1))
            digest.update(handle.read(_BLOCK_BYTES))
    return digest.hexdigest()


def verify_published(path: str | Path, reader: str, source: str, *, catalogue: Path = CATALOGUE) -> None:
    """Check a raw file against the catalogue's entry for its name.

    Raises:
        InputError: missing, or not the file that was published or downloaded first.
    """
    for file in source_entry(reader, source, catalogue=catalogue)["files"]:
        if Path(file["path"]).name == Path(path).name:
            verify(path, sha256=file["sha256"], size=file["bytes"])
            return
    verify(path)


def checksum_file(path: Path) -> Path:
    """The file next to a download that contains its SHA-256."""
    return path.with_name(f"{path.name}.sha256")


def recorded_checksum(path: Path) -> str:
    """The SHA-256 (hex) recorded by the first download of a file.

    Raises:
        InputError: the checksum file is empty.
    """
    words = checksum_file(path).read_text(encoding="utf-8", errors="replace").split()
    if not words:
        raise InputError(
            "The checksum file of this download is empty.",
            file=checksum_file(path),
            remedy="Delete this file and its raw file in the same folder, and run the same command again.",
        )
    return words[0]


def distrust_checksum(path: Path) -> bool:
    """Rename the checksum recorded by a file's first download, because the file turned out to be damaged.

    Otherwise the intact file would be refused, because it differs from the first one.

    Returns:
        Whether there was a checksum.
    """
    recorded = checksum_file(path)
    try:
        os.replace(recorded, recorded.with_name(f"{recorded.name}.refused"))
    except OSError:
        return False
    return True
