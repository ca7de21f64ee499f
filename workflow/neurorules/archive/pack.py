"""Reproducible .zip and .tar.gz archives: files sorted by name, with a fixed time and mode."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO

from neurorules.errors import InputError

ENDINGS = (".zip", ".tar.gz")
MODE = 0o644
ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest time in a zip file
UNIX = 3
LEVEL = 6
# Already compressed, so compressing them again saves nothing.
STORED = (".png", ".pdf")
CHUNK = 1 << 20

Content = bytes | Path


class FileChanged(InputError):
    """A file has changed since its checksum was computed."""


def pack(archive: Path, ending: str, files: Mapping[str, Content], checksums: Mapping[str, str]) -> None:
    """Write an archive. The same files give the same bytes, with the same version of zlib.

    Args:
        archive: the file to write.
        ending: one of ENDINGS, which sets the format.
        files: content or path of each file, by its name in the archive.
        checksums: SHA-256 of the files that are read from disk, by name.

    Raises:
        FileChanged: a file has changed since its checksum was computed.
        OSError: a file cannot be read, or the disk is full.
    """
    write = _write_zip if ending == ".zip" else _write_tar
    write(archive, {name: files[name] for name in sorted(files)}, checksums)


def _write_zip(archive: Path, files: Mapping[str, Content], checksums: Mapping[str, str]) -> None:
    with zipfile.ZipFile(archive, "w", compresslevel=LEVEL) as packed:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(STORED) else zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = UNIX, (0o100000 | MODE) << 16
            entry.file_size = _size(content)  # so that entries of 2 GiB or more use zip64 from the start
            with packed.open(entry, "w") as target:
                for block in _blocks(name, content, checksums):
                    target.write(block)


def _write_tar(archive: Path, files: Mapping[str, Content], checksums: Mapping[str, str]) -> None:
    with (
        open(archive, "wb") as raw,
        gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as packed,
    ):
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = _size(content), MODE, 0
            packed.addfile(entry, _Blocks(_blocks(name, content, checksums)))  # type: ignore[arg-type]


class _Blocks:
    """Blocks of bytes as a readable file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, b""

    def read(self, size: int) -> bytes:
        """The next `size` bytes; fewer at the end."""
        while len(self._rest) < size and (block := next(self._blocks, b"")):
            self._rest += block
        given, self._rest = self._rest[:size], self._rest[size:]
        if not self._rest:
            self._rest += next(self._blocks, b"")  # so that the checksum is checked when the last byte is read
        return given


def _size(content: Content) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _blocks(name: str, content: Content, checksums: Mapping[str, str]) -> Iterator[bytes]:
    """A file's content in blocks.

    Raises:
        FileChanged: it does not match its checksum.
    """
    if isinstance(content, bytes):
        yield content
        return
    digest = hashlib.sha256()
    with open(content, "rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
            yield block
    if digest.hexdigest() != checksums[name]:
        raise FileChanged(
            "The file changed while it was being archived.",
            file=content,
            remedy="Wait until no job of this study is running, and run the same command again.",
        )


def unpack(archive: Path, folder: Path) -> dict[str, str]:
    """Unpack an archive into an empty folder.

    Returns:
        the SHA-256 of each file, by its name in the archive.

    Raises:
        InputError: the archive is missing, damaged or not an archive, or contains unsafe or duplicate names.
    """
    try:
        return dict(_unpacked(archive, folder))
    except FileNotFoundError:
        raise InputError("Archive not found.", file=archive, remedy="Correct its path.") from None
    except (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(
            f"The file is damaged or not an archive ({error}).", file=archive, remedy="Copy or download it again."
        ) from error


def _unpacked(archive: Path, folder: Path) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for name, source in _members(archive):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in name or str(path) != name:
            raise InputError("The archive contains an unsafe path.", file=archive, value=name)
        if name in seen:
            raise InputError("Duplicate file in the archive.", file=archive, value=name)
        seen.add(name)
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with source, open(target, "xb") as file:
            shutil.copyfileobj(source, file, CHUNK)
        with open(target, "rb") as file:
            yield name, hashlib.file_digest(file, "sha256").hexdigest()


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Every file in an archive, opened.

    Raises:
        InputError: it contains something other than files, such as a folder, a link or a device.
    """
    if archive.name.endswith(".zip"):
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                kind = entry.external_attr >> 16 & 0o170000
                if entry.is_dir() or kind not in (0, 0o100000):
                    raise _no_file(archive, entry.filename)
                yield entry.filename, packed.open(entry)
        return
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            source = tar.extractfile(member) if member.isreg() else None
            if source is None:
                raise _no_file(archive, member.name)
            yield member.name, source


def _no_file(archive: Path, name: str) -> InputError:
    return InputError("The archive contains a folder or a link; only files are allowed.", file=archive, value=name)


def ending_of(archive: Path) -> str:
    """The suffix of an archive's name, which sets its format.

    Raises:
        InputError: unknown suffix.
    """
    for ending in ENDINGS:
        if archive.name.endswith(ending) and archive.name != ending:
            return ending
    raise InputError(
        "Unknown archive format.",
        file=archive,
        value=archive.suffix,
        remedy=f"Use a name that ends in one of: {', '.join(ENDINGS)}.",
    )
