"""Whether a raw file is the published one or the one that was downloaded first, and what tells it from another.

It runs while a Snakefile is parsed, so nothing heavy is imported.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from neurorules.errors import InputError
from neurorules.io.access import may_read
from neurorules.io.identity import sha256_of
from neurorules.recordings.catalogue import CATALOGUE, source_entry

_BLOCKS, _BLOCK_BYTES = 64, 64 << 10  # of larger files; evenly spread, the first and the last included
_LARGEST_READ = 100 << 20  # bytes; read each time a study is planned, which takes a fifth of a second


def verify(path: str | Path, *, sha256: str | None = None, size: int | None = None) -> None:
    """Check a raw file against its known size and SHA-256, or against what its first download recorded.

    A file that the user provided and whose checksum is unknown is not checked.

    Args:
        path: the file.
        sha256: its published SHA-256 in hex; None if unknown.
        size: its published size in bytes; None if unknown.

    Raises:
        InputError: missing, closed, or not the file that was published or downloaded first.
    """
    path = Path(path)
    with may_read(path):
        _verify(path, sha256, size)


def _verify(path: Path, sha256: str | None, size: int | None) -> None:
    if not path.is_file():
        raise InputError(
            "The raw file is missing.", file=path, remedy="Run the same command again, or put the file there by hand."
        )
    remedy = "Delete it and run the same command again to download it, or put an unaltered copy there."
    if size is not None and path.stat().st_size != size:
        raise InputError(
            f"The raw file has {path.stat().st_size} bytes, the published one {size}.", file=path, remedy=remedy
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
    """What tells a raw file from another one of the same name, wherever it lies: its size and SHA-256.

    The SHA-256 of a download was recorded. Of a large file of another origin, which takes long to read, it is the time
    of its last change and the SHA-256 of blocks of it: a file copied over it may have the same size and be older.

    Raises:
        InputError: the recorded checksum is empty, or the file may not be read.
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
    """Check a raw file against what the catalogue says about the file of this name.

    Raises:
        InputError: missing, or not the file that was published or downloaded first.
    """
    for file in source_entry(reader, source, catalogue=catalogue)["files"]:
        if Path(file["path"]).name == Path(path).name:
            verify(path, sha256=file["sha256"], size=file["bytes"])
            return
    verify(path)


def checksum_file(path: Path) -> Path:
    """The file beside a download that holds its SHA-256."""
    return path.with_name(f"{path.name}.sha256")


def recorded_checksum(path: Path) -> str:
    """The SHA-256 (hex) that the first download of a file recorded.

    Raises:
        InputError: the file with the checksum is empty.
    """
    words = checksum_file(path).read_text(encoding="utf-8", errors="replace").split()
    if not words:
        raise InputError(
            "The checksum of this download is empty.",
            file=checksum_file(path),
            remedy="Delete this file and the raw file beside it, and run the same command again.",
        )
    return words[0]


def distrust_checksum(path: Path) -> bool:
    """Rename the checksum that the first download of a file recorded, because the file turned out to be damaged.

    Otherwise the right file would be refused for not being the first one.

    Returns:
        whether there was one.
    """
    recorded = checksum_file(path)
    try:
        os.replace(recorded, recorded.with_name(f"{recorded.name}.refused"))
    except OSError:
        return False
    return True
