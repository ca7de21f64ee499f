"""The transfer of one file: it resumes, retries, and gives the file its final name only once it is verified."""

from __future__ import annotations

import errno
import hashlib
import math
import os
import shutil
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, TextIO

from neurorules.errors import InputError, shorten
from neurorules.io import limits
from neurorules.io.atomic import write_text
from neurorules.io.identity import sha256_of
from neurorules.io.lock import exclusive
from neurorules.recordings.connection import TIMEOUT_S, Answer, Broken, Changed, LoginNeeded, Refused, ask
from neurorules.recordings.publisher import login_remedy, login_token, published_facts
from neurorules.recordings.verify import checksum_file, recorded_checksum, verify

_BLOCK = 1 << 18
_ATTEMPTS = 4
_PAUSE_S = 0.4  # before the second attempt; doubled before each later one


class Transfer:
    """One file on its way to its destination.

    Args:
        file: the file's entry in the catalogue: `url`, `bytes`, `sha256`, `begins`, `metadata`, `token`.
        target: where it goes.
        remedy: remedy for errors.
        progress: where to report progress.
    """

    def __init__(self, file: Mapping[str, Any], target: Path, remedy: str, progress: TextIO) -> None:
        self.file, self.target, self.remedy, self.progress = file, target, remedy, progress
        self.deadline = math.inf  # on the monotonic clock
        self.token: str | None = None  # for the host of the url only; never printed
        self._name_partial()

    def run(self) -> None:
        """Transfer and verify the file; if it is already there, only verify it.

        Raises:
            InputError: no network, an HTTP error, a wrong checksum, no space left, no permission, or a server that
                sends too much or too slowly.
        """
        try:
            if not self.target.is_file():
                self.target.parent.mkdir(parents=True, exist_ok=True)
                lock = self.target.with_name(f".{self.target.name}.lock")
                with exclusive(lock, f"{self.target.name}: another process is downloading it; waiting ...") as held:
                    if not held:  # another process may be writing the same file
                        self._name_partial(f".{socket.gethostname()}.{os.getpid()}")
                    if not self.target.is_file():
                        self._transfer()
                        return
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise self._refuse(
                    "No space left on the disk; the file is missing.",
                    "Free some space and run the same command again: the download continues from here.",
                ) from error
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise self._refuse(
                    "The file is missing and the folder cannot be written to.",
                    "Make the folder writable, or use another one for downloads.",
                ) from error
            raise
        verify(self.target, sha256=self.file["sha256"], size=self.file["bytes"])

    def _transfer(self) -> None:
        self.deadline = time.monotonic() + limits.DOWNLOAD_S
        self.token = login_token(self.file, self.target, self.remedy)
        facts, unknown = published_facts(self.file)
        self.file = {**self.file, **{name: value for name, value in facts.items() if self.file.get(name) is None}}
        if unknown:
            self._report(f"its publisher's size and digest are unknown ({unknown})")
        attempt = 1
        while True:
            try:
                if self._fetch():
                    break
            except Broken as broken:
                self._report(f"download interrupted ({broken}), attempt {attempt} of {_ATTEMPTS}")
                if attempt == _ATTEMPTS or broken.pause_s > limits.LONGEST_PAUSE_S:
                    wait = f" in {broken.pause_s:.0f} s" if broken.pause_s else ""
                    raise self._refuse(
                        f"The file is missing: its download was interrupted ({broken}).",
                        f"Run the same command again{wait}: it continues from here. {self.remedy}",
                    ) from broken
                time.sleep(max(_PAUSE_S * 2 ** (attempt - 1), broken.pause_s))
                attempt += 1
        self._finish()

    def _name_partial(self, which: str = "") -> None:
        self.partial = self.target.with_name(f"{self.target.name}.partial{which}")
        # The server's tag of this version of the file, so that two versions are never joined.
        self.version = self.partial.with_name(f"{self.partial.name}.version")

    def _refuse(self, problem: str, remedy: str | None = None) -> InputError:
        return InputError(problem, file=self.target, key="url", value=self.file["url"], remedy=remedy or self.remedy)

    def _fetch(self) -> bool:
        """Make one connection, from the end of the partial file to the end of the server's answer.

        Returns:
            Whether the file is complete.
        """
        have = self._resumable_bytes()
        version = self.version.read_text(encoding="utf-8") if have and self.version.is_file() else None
        try:
            answer = ask(self.file["url"], have, version, self.token)
        except Changed:
            self._discard()
            raise
        except LoginNeeded as error:
            if self.token is None:
                raise self._refuse(f"The file is missing and {error}.") from error
            variable = self.file["token"]
            raise self._refuse(
                f"The file is missing and {error}: it rejects the token in {variable}, which may have expired.",
                login_remedy(self.file, self.remedy),
            ) from error
        except Refused as error:
            raise self._refuse(f"The file is missing and {error}.") from error
        with answer.stream:
            self._check(answer, version)
            with open(self.partial, "ab" if answer.start else "wb") as out:
                done = self._copy(answer, out)
        total = self._total(answer)
        if total is None or done == total:
            return True
        if done > total:
            self._discard()
            raise Changed(f"{done} bytes of {total}")
        if answer.stop == done > answer.start:
            return False  # a server may send one part at a time
        raise Broken(f"{done} of {total} bytes")

    def _check(self, answer: Answer, version: str | None) -> None:
        """Check that the answer continues the partial file, shows its own end, and fits on the disk."""
        if answer.start:
            # without a checksum, nothing else would show that two versions were joined
            if answer.version != version and (answer.version is not None or self.file["sha256"] is None):
                self._discard()
                raise Changed("the file at the source has changed")
        elif answer.version is None:
            self.version.unlink(missing_ok=True)
        else:
            self.version.write_text(answer.version, encoding="utf-8")
        published, total = self.file["bytes"], answer.total
        if published is not None and total is not None and total != published:
            self._discard()
            raise self._refuse(f"The file is missing: the download has {total} bytes, the published file {published}.")
        if published is None and self.file["sha256"] is None and not answer.ends_by_protocol:
            raise self._refuse(
                "The file is missing: the server does not give its length, so a truncated download would look complete."
            )
        if total is not None and total > self._largest():
            raise self._too_large(total)
        if total is not None and shutil.disk_usage(self.target.parent).free < total - answer.start:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _largest(self) -> int:
        return limits.DOWNLOAD_BYTES if self.file["bytes"] is None else int(self.file["bytes"])

    def _total(self, answer: Answer) -> int | None:
        published: int | None = self.file["bytes"]
        return answer.total if published is None else published

    def _too_large(self, size: int) -> InputError:
        self._discard()
        return self._refuse(
            f"The file is missing: the server sends {size} bytes or more, but at most {self._largest()} are expected."
        )

    def _copy(self, answer: Answer, out: IO[bytes]) -> int:
        """Append the answer to `out`; returns the length of `out`.

        Raises:
            Broken: the connection broke, or was very slow for a while.
            InputError: the file is too long, or takes too long.
        """
        import http.client

        start = window_start = time.monotonic()
        done = window_done = answer.start
        reported, total = 0.0, self._total(answer)
        while True:
            try:
                block = answer.stream.read1(_BLOCK)  # read() would wait until the block is full
            except (http.client.HTTPException, OSError) as error:
                raise Broken(shorten(error)) from error
            if done + len(block) > self._largest():
                raise self._too_large(done + len(block))
            out.write(block)
            done += len(block)
            now = time.monotonic()
            if not block or now - reported > 2:
                reported = now
                speed = (done - answer.start) / max(now - start, 1e-3)
                of = "" if total is None else f" of {total / 1e6:.1f}"
                left = "" if total is None or not speed else f", {(total - done) / speed:.0f} s left"
                self._report(f"{done / 1e6:.1f}{of} MB{left}")
            if not block:
                return done
            if now > self.deadline:
                raise self._refuse(
                    f"The file is missing: its download was not complete after {limits.DOWNLOAD_S / 3600:g} hours.",
                    f"Run the same command again: it continues from here. {self.remedy}",
                )
            if now - window_start > TIMEOUT_S:
                if done - window_done < limits.SLOWEST_BYTES_PER_S * TIMEOUT_S:
                    raise Broken(f"{done - window_done} bytes in {now - window_start:.0f} s")
                window_start, window_done = now, done

    def _resumable_bytes(self) -> int:
        """Length of the partial file if it can be resumed: its version or the complete file's checksum is known."""
        if not self.partial.is_file() or not (self.version.is_file() or self.file["sha256"]):
            return 0
        return self.partial.stat().st_size

    def _finish(self) -> None:
        """Verify the partial file, record its checksum, and rename it."""
        size = self.partial.stat().st_size
        if size == 0:
            self._discard()
            raise self._refuse("The file is missing: the download is empty.")
        if self.file["bytes"] is not None and size != self.file["bytes"]:
            self._discard()
            raise self._refuse(
                f"The file is missing: the download has {size} bytes, the published file {self.file['bytes']}."
            )
        begins = self.file.get("begins", "").encode()
        with open(self.partial, "rb") as handle:
            head = handle.read(len(begins))
        if head != begins:
            self._discard()
            raise self._refuse("The file is missing: the server sent something else (a web page?) from its address.")
        if "digest" in self.file:
            with open(self.partial, "rb") as handle:
                kind, said = self.file["digest_type"], self.file["digest"]
                digest = hashlib.file_digest(handle, kind).hexdigest()
            if digest != said:
                self._discard()
                raise self._refuse(
                    f"The file is missing: the download has the {kind} {digest}, but its publisher gives {said}.",
                    f"Run the same command again. {self.remedy}",
                )
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
                f"The file is missing: the download has the SHA-256 {found}, but {known} is expected.",
                f"Run the same command again.{first} {self.remedy}",
            )
        with open(self.partial, "rb+") as handle:
            os.fsync(handle.fileno())
        write_text(recorded, f"{found}  {self.target.name}\n")
        os.replace(self.partial, self.target)
        self._discard()
        self._report("complete and verified" if known else "complete; its checksum was recorded")

    def _discard(self) -> None:
        self.partial.unlink(missing_ok=True)
        self.version.unlink(missing_ok=True)

    def _report(self, what: str) -> None:
        print(f"{self.target.name}: {what}", file=self.progress, flush=True)
