"""Raw files: where they come from, where they lie, how they are fetched and checked.

Read while a Snakefile is parsed, so that nothing heavy is imported at the top.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, TextIO

import yaml

from neurorules.errors import InputError
from neurorules.io.atomic import write_text
from neurorules.io.identity import sha256_of

# Below the folder that the workflow runs in.
DOWNLOADS = Path("resources/raw")
CATALOGUE = Path(__file__).resolve().parents[3] / "resources" / "recordings.yaml"

_READ_TO_IDENTIFY = 100 << 20  # read at every planning: a fifth of a second
_BLOCK = 1 << 18
_TIMEOUT_S = 60
_ATTEMPTS = 4
_PAUSE_S = 0.4  # before the second attempt, then twice as long each time


def entry(recording: str, *, catalogue: Path = CATALOGUE) -> dict[str, Any]:
    """What the catalogue says of `recording`: title, citation, licence, landing_page, sources.

    Raises:
        InputError: the recording is not in the catalogue, or the catalogue is missing or no YAML.
    """
    known = _catalogue(catalogue)
    if recording not in known:
        raise InputError(
            "There is no such recording.",
            file=catalogue,
            key="recordings",
            value=recording,
            remedy=f"Name one of: {', '.join(sorted(known))}.",
        )
    return known[recording]


def _catalogue(catalogue: Path) -> dict[str, Any]:
    try:
        known = yaml.safe_load(catalogue.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            "The catalogue of recordings is missing.", file=catalogue, remedy="Restore it from the repository."
        ) from None
    except yaml.YAMLError as error:
        raise InputError(
            f"The catalogue of recordings is not valid YAML ({error}).", file=catalogue, remedy="Mend the file."
        ) from error
    if not isinstance(known, dict):
        raise InputError(
            "The catalogue of recordings is no mapping of names to entries.", file=catalogue, remedy="Mend the file."
        )
    return known


def known_sources(*, catalogue: Path = CATALOGUE) -> dict[str, set[str]]:
    """Names of the sources of every recording in the catalogue."""
    return {
        name: set(about["sources"]) for name, about in yaml.safe_load(catalogue.read_text(encoding="utf-8")).items()
    }


def _source(recording: str, source: str, catalogue: Path) -> dict[str, Any]:
    known = entry(recording, catalogue=catalogue)["sources"]
    if source not in known:
        raise InputError(
            f"The recording {recording} has no such source.",
            file=catalogue,
            key="source",
            value=source,
            remedy=f"Name one of: {', '.join(sorted(known))}.",
        )
    return known[source]


def is_private(recording: str, source: str, *, catalogue: Path = CATALOGUE) -> bool:
    """Whether the source's files are in the hands of those who asked for them, and nowhere to download from."""
    return any(file.get("private", False) for file in _source(recording, source, catalogue)["files"])


def attributes(recording: str, source: str, *, synthetic: bool, catalogue: Path = CATALOGUE) -> dict[str, Any]:
    """The attributes of a Recording that say where it comes from."""
    about = entry(recording, catalogue=catalogue)
    if synthetic:
        return {
            "name": recording,
            "title": f"{about['title']} (synthetic)",
            "source": f"synthetic, in the raw format of {recording} {source}",
            "licence": "as neurorules itself (see LICENSE)",
            "citation": "synthetic: made by neurorules, no recorded neuron in it",
            "synthetic": 1,
        }
    if is_private(recording, source, catalogue=catalogue):
        where = "private mount"
    else:
        where = " ".join(file["url"] for file in _source(recording, source, catalogue)["files"])
    return {
        "name": recording,
        "title": about["title"],
        "source": f"{source}: {where}",
        "licence": about["licence"],
        "citation": about["citation"],
        "synthetic": 0,
    }


def download_paths(recording: str, source: str, download_dir: Path, *, catalogue: Path = CATALOGUE) -> list[Path]:
    """The files that `download` makes, whether they are there or not."""
    return [Path(download_dir) / file["path"] for file in _source(recording, source, catalogue)["files"]]


def unpacked_folder(
    recording: str, source: str, options: Mapping[str, Any], *, catalogue: Path = CATALOGUE
) -> Path | None:
    """Where the published archive unpacks to, relative to `raw_dir`; None where there is no archive.

    Raises:
        InputError: the option that chooses among its folders (monkey) has an unknown value.
    """
    unpacked = _source(recording, source, catalogue).get("unpacked")
    if unpacked is None:
        return None
    folders = unpacked["folders"]
    chosen = options.get(unpacked["option"], next(iter(folders)))
    if chosen not in folders:
        raise InputError(
            f"The recording {recording} knows no such {unpacked['option']}.",
            key=unpacked["option"],
            value=chosen,
            remedy=f"Name one of: {', '.join(folders)}.",
        )
    return Path(folders[chosen])


def folder_of(text: str, key: str) -> Path:
    """A folder that a study names, in which ~ is someone's home.

    Raises:
        InputError: there is nobody of this name.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise InputError(str(error), key=key, value=text, remedy="Write the folder's whole path.") from None


def find_raw(
    recording: str,
    source: str,
    raw_dir: Path | None,
    download_dir: Path,
    options: Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    catalogue: Path = CATALOGUE,
) -> list[Path]:
    """The raw files that are there, or an empty list if they have to be downloaded.

    `raw_dir` is looked in first, then `download_dir`; in each the published file itself, then the folder
    that the published archive unpacks to (its files sorted by name). The files of a private source are looked
    for in `raw_dir` alone, and stay there.

    Args:
        raw_dir: the user's own copies, laid out as in the catalogue; None if there are none. Of a private source
            the recording's own `path`.
        options: the recording's options; the catalogue names the one that chooses the folder (monkey).
        name: what the config calls it, for errors; else as its reader.

    Raises:
        InputError: unknown recording, source or monkey; `raw_dir` does not exist; an unpacked folder without files;
            a file of a private source is missing.
    """
    about = _source(recording, source, catalogue)
    if is_private(recording, source, catalogue=catalogue):
        return _find_private(name or recording, about["files"], raw_dir)
    if raw_dir is not None and not Path(raw_dir).is_dir():
        raise InputError(
            "The folder of raw recordings does not exist.",
            file=raw_dir,
            key="raw_dir",
            remedy="Correct raw_dir in the configuration, or leave it out to download the recordings.",
        )
    pattern = about.get("unpacked", {}).get("pattern")
    relative = unpacked_folder(recording, source, options or {}, catalogue=catalogue)
    for folder in [Path(f) for f in (raw_dir, download_dir) if f is not None]:
        files = [folder / file["path"] for file in about["files"]]
        if all(file.is_file() for file in files):
            return files
        if relative is not None and (folder / relative).is_dir():
            # macOS leaves hidden "._" companions beside the files of an archive
            units = sorted(f for f in (folder / relative).glob(pattern) if not f.name.startswith("."))
            if not units:
                raise InputError(
                    f"The folder holds no {pattern} file.",
                    file=folder / relative,
                    key="raw_dir",
                    remedy="Unpack the archive into it again, or remove the folder to have the archive downloaded.",
                )
            return units
    return []


def _find_private(recording: str, files: list[dict[str, Any]], folder: Path | None) -> list[Path]:
    key, remedy = f"recordings.{recording}.path", _by_hand(files)
    if folder is None:
        raise InputError("The folder of a private recording is not named.", key=key, value=None, remedy=remedy)
    # os.path, as Path raises where a mount may not be looked into
    if os.path.isfile(folder):
        raise InputError(
            "This is a file; the recording's path is the folder that it is in.",
            file=folder,
            key=key,
            value=str(folder),
            remedy=f"Name that folder, {os.path.dirname(folder) or '.'}. {remedy}",
        )
    if not os.path.isdir(folder):
        raise InputError(
            "The folder of a private recording does not exist, or may not be read.",
            file=folder,
            key=key,
            value=str(folder),
            remedy=remedy,
        )
    paths = [Path(folder) / file["path"] for file in files]
    missing = [path.name for path in paths if not os.path.isfile(path)]
    if missing:
        others = ", ".join(sorted(os.listdir(folder))[:10]) if os.access(folder, os.R_OK) else ""
        raise InputError(
            f"Files of a private recording are missing, or may not be read: {', '.join(missing)}.",
            file=folder,
            key=key,
            value=str(folder),
            remedy=remedy + (f" In that folder there is: {others}." if others else ""),
        )
    return paths


def _by_hand(files: list[dict[str, Any]]) -> str:
    """How to get private files: what the catalogue says of each, once."""
    return "By hand: " + "; ".join(dict.fromkeys(file["by_hand"] for file in files)) + "."


def verify(path: str | Path, *, sha256: str | None = None, size: int | None = None) -> None:
    """Check a raw file against its known size and SHA-256, else against what its first download recorded.

    Files of unknown checksum that the user put there are not checked.

    Raises:
        InputError: missing, or not the file that was published or downloaded at first.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            "The raw file is missing.", file=path, remedy="Run the same command again, or put the file there by hand."
        )
    remedy = "Delete it and run the same command again to download it anew, or put an unaltered copy there."
    if size is not None and path.stat().st_size != size:
        raise InputError(
            f"The raw file has {path.stat().st_size} bytes, the published one {size}.", file=path, remedy=remedy
        )
    recorded = _sidecar(path)
    known = sha256
    if known is None and recorded.is_file():
        known = _recorded(path)
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


def identity(path: str | Path) -> str:
    """What tells a raw file from another one of its name, wherever it lies: its size and SHA-256.

    That of a download was recorded; a large file of another origin is told by its size alone, as reading it takes long.
    """
    path = Path(path)
    if not path.is_file():
        return f"{path.name}, to be downloaded"
    size = path.stat().st_size
    if _sidecar(path).is_file():
        return f"{path.name} {size} {_recorded(path)}"
    return f"{path.name} {size} {sha256_of(path) if size <= _READ_TO_IDENTIFY else ''}"


def verify_published(path: str | Path, recording: str, source: str, *, catalogue: Path = CATALOGUE) -> None:
    """`verify` against what the catalogue knows of the file of this name."""
    for file in _source(recording, source, catalogue)["files"]:
        if Path(file["path"]).name == Path(path).name:
            verify(path, sha256=file["sha256"], size=file["bytes"])
            return
    verify(path)


def download(
    recording: str,
    source: str,
    download_dir: Path,
    *,
    raw_dir: Path | None = None,
    progress: TextIO | None = None,
    catalogue: Path = CATALOGUE,
) -> list[Path]:
    """Fetch the files of one source into `download_dir`; what is already there and right stays.

    A file grows as `<name>.partial` and takes its name only when it is whole and verified. A broken
    transfer goes on where it stopped, in this call or a later one, if the server can do that and the file
    is still the same there; else it starts again.

    Args:
        raw_dir: named in errors as the place for a copy got by hand.
        progress: where to say how far it is; stderr by default.

    Raises:
        InputError: no network, an HTTP error, a wrong checksum, no space left: says which file is missing,
            where to get it by hand, where to put it, and that the demo needs none of it; or the source is private.
    """
    files = _source(recording, source, catalogue)["files"]
    if is_private(recording, source, catalogue=catalogue):
        raise InputError(
            f"The recording {recording} is private: it cannot be downloaded.",
            key=f"recordings.{recording}.path",
            remedy=_by_hand(files),
        )
    paths = []
    for file in files:
        target = Path(download_dir) / file["path"]
        paths.append(target)
        by_hand_path = Path(raw_dir if raw_dir is not None else download_dir) / file["path"]
        remedy = (
            f"By hand: {file['by_hand']}; put it at {by_hand_path}"
            f"{'' if raw_dir is not None else ' (or at the same path below the folder that raw_dir names)'}. "
            "Or run `make demo`, which does everything on synthetic recordings and needs no download."
        )
        _Download(file, target, remedy, progress or sys.stderr).run()
    return paths


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _recorded(path: Path) -> str:
    """The SHA-256 that the first download recorded.

    Raises:
        InputError: there is none in the file.
    """
    words = _sidecar(path).read_text(encoding="utf-8", errors="replace").split()
    if not words:
        raise InputError(
            "The checksum of this download is empty.",
            file=_sidecar(path),
            remedy="Delete this file and the raw file beside it, and run the same command again.",
        )
    return words[0]


class _Broken(Exception):
    """The connection broke or the server is busy: worth another try."""


class _Download:
    def __init__(self, file: Mapping[str, Any], target: Path, remedy: str, progress: TextIO) -> None:
        self.file, self.target, self.remedy, self.progress = file, target, remedy, progress
        self.partial = target.with_name(f"{target.name}.partial")
        # What the server said of this version of the file, so that two versions are never joined.
        self.version = target.with_name(f"{target.name}.partial.version")

    def refuse(self, problem: str, remedy: str | None = None) -> InputError:
        return InputError(problem, file=self.target, key="url", value=self.file["url"], remedy=remedy or self.remedy)

    def run(self) -> None:
        if self.target.is_file():
            verify(self.target, sha256=self.file["sha256"], size=self.file["bytes"])
            return
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    self._fetch()
                    break
                except _Broken as broken:
                    self._say(f"broke off ({broken}), attempt {attempt} of {_ATTEMPTS}")
                    if attempt == _ATTEMPTS:
                        raise self.refuse(
                            f"The file is missing and its download broke off ({broken}).",
                            f"Run the same command again: it goes on from here. {self.remedy}",
                        ) from broken
                    time.sleep(_PAUSE_S * 2 ** (attempt - 1))
            self._finish()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise self.refuse(
                    "No space left on the disk; the file is missing.",
                    "Free some space and run the same command again: the download goes on from here.",
                ) from error
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise self.refuse(
                    "The file is missing and the folder cannot be written to.",
                    "Make the folder writable, or name another one for downloads.",
                ) from error
            raise

    def _fetch(self) -> None:
        """One connection: from where the partial file ends to the end of the file."""
        import http.client
        import urllib.error
        import urllib.request

        request = urllib.request.Request(self.file["url"], headers={"User-Agent": "neurorules"})
        have = self._resumable_bytes()
        if have:
            request.add_header("Range", f"bytes={have}-")
            if self.version.is_file():
                request.add_header("If-Range", self.version.read_text(encoding="utf-8"))
        try:
            response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416:  # the partial file is not a beginning of what is there now
                self._discard()
                raise _Broken("the file at the source has changed") from error
            if error.code in (429, 500, 502, 503, 504):
                raise _Broken(f"HTTP {error.code} {error.reason}") from error
            raise self.refuse(
                f"The file is missing and the server refuses it: HTTP {error.code} {error.reason}."
            ) from error
        except urllib.error.URLError as error:
            raise self.refuse(f"The file is missing and its source cannot be reached ({error.reason}).") from error
        except (http.client.HTTPException, OSError) as error:
            raise _Broken(repr(error)) from error
        with response:
            if response.status != 206 or not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                if response.status == 206:
                    self._discard()
                    raise _Broken("the server sent another part than asked for")
                have = 0
            self._remember_version(response.headers)
            length = response.headers.get("Content-Length")
            total = None if length is None else have + int(length)
            with open(self.partial, "ab" if have else "wb") as out:
                have = self._copy(response, out, have, total)
        if total is not None and have < total:
            raise _Broken(f"{have} of {total} bytes")

    def _copy(self, response: Any, out: IO[bytes], have: int, total: int | None) -> int:
        """Append the response to `out`; the length of the file after it."""
        import http.client

        start, done, said = time.monotonic(), have, 0.0
        while True:
            try:
                block = response.read(_BLOCK)
            except (http.client.HTTPException, OSError) as error:
                raise _Broken(repr(error)) from error
            out.write(block)
            done += len(block)
            now = time.monotonic()
            if not block or now - said > 2:
                said = now
                speed = (done - have) / max(now - start, 1e-3)
                of = "" if total is None else f" of {total / 1e6:.1f}"
                left = "" if total is None or not speed else f", {(total - done) / speed:.0f} s left"
                self._say(f"{done / 1e6:.1f}{of} MB{left}")
            if not block:
                return done

    def _resumable_bytes(self) -> int:
        """Length of the partial file if joining is safe: the same version, or a checksum to tell afterwards."""
        if not self.partial.is_file() or not (self.version.is_file() or self.file["sha256"]):
            return 0
        return self.partial.stat().st_size

    def _remember_version(self, headers: Any) -> None:
        tag = headers.get("ETag")
        # a weak tag promises the same meaning, not the same bytes
        version = tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")
        if version:
            self.version.write_text(version, encoding="utf-8")
        else:
            self.version.unlink(missing_ok=True)

    def _finish(self) -> None:
        """Verify the partial file, record its checksum, and give it its name."""
        size = self.partial.stat().st_size
        if self.file["bytes"] is not None and size != self.file["bytes"]:
            self._discard()
            raise self.refuse(
                f"The file is missing: the download has {size} bytes where {self.file['bytes']} were published."
            )
        begins = self.file.get("begins", "").encode()
        with open(self.partial, "rb") as handle:
            head = handle.read(len(begins))
        if head != begins:
            self._discard()
            raise self.refuse("The file is missing: the server sent something else under its address (a web page?).")
        found = sha256_of(self.partial)
        recorded = _sidecar(self.target)
        known = self.file["sha256"]
        first = ""
        if known is None and recorded.is_file():
            known = _recorded(self.target)
            first = f" If the publisher has replaced the file and you want the new one, delete {recorded} first."
        if known is not None and found != known:
            self._discard()
            raise self.refuse(
                f"The file is missing: the download has the SHA-256 {found} where {known} is expected.",
                f"Run the same command again.{first} {self.remedy}",
            )
        with open(self.partial, "rb+") as handle:
            os.fsync(handle.fileno())
        write_text(recorded, f"{found}  {self.target.name}\n")
        os.replace(self.partial, self.target)
        self._discard()
        self._say("complete and verified" if known else "complete; its checksum is recorded from now on")

    def _discard(self) -> None:
        self.partial.unlink(missing_ok=True)
        self.version.unlink(missing_ok=True)

    def _say(self, what: str) -> None:
        print(f"{self.target.name}: {what}", file=self.progress, flush=True)
