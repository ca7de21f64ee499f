"""The transfer of one file: it resumes, retries, and gives the file its name only when it is verified."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO

from neurorules.errors import InputError
from neurorules.io.atomic import write_text
from neurorules.io.identity import sha256_of
from neurorules.recordings.verify import checksum_file, recorded_checksum, verify

if TYPE_CHECKING:
    from email.message import Message

_BLOCK = 1 << 18
_TIMEOUT_S = 60
_ATTEMPTS = 4
_PAUSE_S = 0.4  # before the second attempt; doubled before each one after it


class _Broken(Exception):
    """The connection broke or the server is busy; another attempt may succeed."""


class Transfer:
    """One file on its way to its place.

    Args:
        file: the file's entry in the catalogue: `url`, `bytes`, `sha256`, `begins`.
        target: where it goes.
        remedy: what errors say to do.
        progress: where to report progress.
    """

    def __init__(self, file: Mapping[str, Any], target: Path, remedy: str, progress: TextIO) -> None:
        self.file, self.target, self.remedy, self.progress = file, target, remedy, progress
        self.partial = target.with_name(f"{target.name}.partial")
        # The server's tag of this version of the file, so that two versions are never joined.
        self.version = target.with_name(f"{target.name}.partial.version")

    def run(self) -> None:
        """Transfer and verify the file; if it is there already, verify it only.

        Raises:
            InputError: no network, an HTTP error, a wrong checksum, no space left, or no permission.
        """
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
                    self._report(f"broke off ({broken}), attempt {attempt} of {_ATTEMPTS}")
                    if attempt == _ATTEMPTS:
                        raise self._refuse(
                            f"The file is missing and its download broke off ({broken}).",
                            f"Run the same command again: it continues from here. {self.remedy}",
                        ) from broken
                    time.sleep(_PAUSE_S * 2 ** (attempt - 1))
            self._finish()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise self._refuse(
                    "No space left on the disk; the file is missing.",
                    "Free some space and run the same command again: the download continues from here.",
                ) from error
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise self._refuse(
                    "The file is missing and the folder cannot be written to.",
                    "Make the folder writable, or name another one for downloads.",
                ) from error
            raise

    def _refuse(self, problem: str, remedy: str | None = None) -> InputError:
        return InputError(problem, file=self.target, key="url", value=self.file["url"], remedy=remedy or self.remedy)

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
            if error.code == 416:  # the partial file is longer than the file that is there now
                self._discard()
                raise _Broken("the file at the source has changed") from error
            if error.code in (429, 500, 502, 503, 504):
                raise _Broken(f"HTTP {error.code} {error.reason}") from error
            raise self._refuse(
                f"The file is missing and the server refuses it: HTTP {error.code} {error.reason}."
            ) from error
        except urllib.error.URLError as error:
            raise self._refuse(f"The file is missing and its source cannot be reached ({error.reason}).") from error
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
        """Append the response to `out`, which has `have` bytes; returns its length afterwards."""
        import http.client

        start, done, reported = time.monotonic(), have, 0.0
        while True:
            try:
                block = response.read(_BLOCK)
            except (http.client.HTTPException, OSError) as error:
                raise _Broken(repr(error)) from error
            out.write(block)
            done += len(block)
            now = time.monotonic()
            if not block or now - reported > 2:
                reported = now
                speed = (done - have) / max(now - start, 1e-3)
                of = "" if total is None else f" of {total / 1e6:.1f}"
                left = "" if total is None or not speed else f", {(total - done) / speed:.0f} s left"
                self._report(f"{done / 1e6:.1f}{of} MB{left}")
            if not block:
                return done

    def _resumable_bytes(self) -> int:
        """Length of the partial file if it can be resumed: its version or the whole file's checksum is known."""
        if not self.partial.is_file() or not (self.version.is_file() or self.file["sha256"]):
            return 0
        return self.partial.stat().st_size

    def _remember_version(self, headers: Message) -> None:
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
            raise self._refuse(
                f"The file is missing: the download has {size} bytes where {self.file['bytes']} were published."
            )
        begins = self.file.get("begins", "").encode()
        with open(self.partial, "rb") as handle:
            head = handle.read(len(begins))
        if head != begins:
            self._discard()
            raise self._refuse("The file is missing: the server sent something else under its address (a web page?).")
        found = sha256_of(self.partial)
        recorded = checksum_file(self.target)
        known = self.file["sha256"]
        first = ""
        if known is None and recorded.is_file():
            known = recorded_checksum(self.target)
            first = f" If the publisher has replaced the file and you want the new one, delete {recorded} first."
        if known is not None and found != known:
            self._discard()
            raise self._refuse(
                f"The file is missing: the download has the SHA-256 {found} where {known} is expected.",
                f"Run the same command again.{first} {self.remedy}",
            )
        with open(self.partial, "rb+") as handle:
            os.fsync(handle.fileno())
        write_text(recorded, f"{found}  {self.target.name}\n")
        os.replace(self.partial, self.target)
        self._discard()
        self._report("complete and verified" if known else "complete; its checksum is now recorded")

    def _discard(self) -> None:
        self.partial.unlink(missing_ok=True)
        self.version.unlink(missing_ok=True)

    def _report(self, what: str) -> None:
        print(f"{self.target.name}: {what}", file=self.progress, flush=True)
