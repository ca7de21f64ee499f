"""One connection to the server of a file: the request, and what the answer says about itself."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurorules.errors import shorten

if TYPE_CHECKING:
    from email.message import Message

TIMEOUT_S = 60
_LONGEST_VERSION = 1000  # characters of an ETag, which is sent back and stored in a file


class Broken(Exception):
    """The connection broke or the server is busy; another attempt may succeed.

    Args:
        reason: what happened.
        pause_s: the pause that the server asks for, in s.
    """

    def __init__(self, reason: str, pause_s: float = 0.0) -> None:
        super().__init__(reason)
        self.pause_s = pause_s


class Refused(Exception):
    """Another attempt would fail in the same way."""


class LoginNeeded(Refused):
    """The server requires a login, or rejects the one that was sent."""


class Changed(Broken):
    """The file at the source is no longer the one that was partly downloaded."""


@dataclass
class Answer:
    """An open answer with the file or a part of it.

    Attributes:
        stream: its bytes, to be read with `read1` and then closed.
        start: offset in the file of the answer's first byte.
        stop: offset after the answer's last byte; None if the server does not say.
        total: length of the complete file; None if the server does not say.
        version: the server's tag of this version of the file; None without a tag that guarantees equal bytes.
        ends_by_protocol: whether a truncated answer can be told from a complete one.
    """

    stream: Any
    start: int
    stop: int | None
    total: int | None
    version: str | None
    ends_by_protocol: bool


def ask(url: str, start: int, version: str | None, token: str | None = None) -> Answer:
    """Request a file from an offset to its end.

    Args:
        url: its address.
        start: how many bytes have been downloaded already.
        version: tag of the version that these bytes are from; None if unknown.
        token: a login for the host of `url`; it is sent to no other host, even after redirects.

    Returns:
        The answer. It starts at 0 if the server does not send parts, or now has another version.

    Raises:
        Broken: the connection broke, or the server is busy or gives an invalid answer.
        Changed: the file is now shorter.
        LoginNeeded: the server requires a login, or rejects this one.
        Refused: the server cannot be reached, refuses, or redirects to a protocol other than http and https.
    """
    import http.client
    import urllib.error
    import urllib.request

    request = urllib.request.Request(url, headers={"User-Agent": "neurorules"})
    if start:
        request.add_header("Range", f"bytes={start}-")
        if version is not None:
            request.add_header("If-Range", version)
    _log_in(request, url, token)
    try:
        response = _within(TIMEOUT_S * 2, lambda: _opener(url, token).open(request, timeout=TIMEOUT_S))
    except urllib.error.HTTPError as error:
        error.close()
        raise _of_status(error.code, str(error.reason), error.headers) from error
    except urllib.error.URLError as error:
        raise Refused(f"its source cannot be reached ({error.reason})") from error
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise Broken(shorten(error)) from error
    try:
        return _answer(response, start)
    except BaseException:
        response.close()
        raise


def _log_in(request: Any, url: str, token: str | None) -> None:
    """Send the token with a request to its host only, and by the same protocol."""
    from urllib.parse import urlsplit

    here, there = urlsplit(request.full_url), urlsplit(url)
    if token is not None and (here.scheme, here.netloc) == (there.scheme, there.netloc):
        # Ordinary headers would follow a redirect to any host.
        request.add_unredirected_header("Authorization", f"Bearer {token}")


def _opener(url: str, token: str | None) -> Any:
    import urllib.request

    class OnlyWeb(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *of: Any) -> Any:
            request = super().redirect_request(*of)
            if request is not None:
                _log_in(request, url, token)
            return request

        def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
            # urllib itself allows ftp
            target = headers.get("location", headers.get("uri", ""))
            if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", target) and not target.lower().startswith(("http:", "https:")):
                raise Refused(f"the server redirects to a protocol other than http or https: {shorten(target)}")
            return super().http_error_302(req, fp, code, msg, headers)

        http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    return urllib.request.build_opener(OnlyWeb)


def _within(seconds: float, function: Callable[[], Any]) -> Any:
    """The function's result; Broken if it takes longer, for example because headers arrive one byte at a time.

    A socket's timeout applies to each read separately. The abandoned thread ends with the program.
    """
    result: dict[str, Any] = {}

    def run() -> None:
        try:
            result["value"] = function()
        except BaseException as error:
            result["error"] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if "error" in result:
        raise result["error"]
    if "value" not in result:
        raise Broken(f"no answer within {seconds:.0f} s")
    return result["value"]


def _of_status(code: int, reason: str, headers: Message) -> Exception:
    if code == 416:
        return Changed("the file at the source has changed")
    if code in (408, 425, 429) or code >= 500:
        return Broken(f"HTTP {code} {reason}", _pause(headers.get("Retry-After")))
    kind = LoginNeeded if code in (401, 403) else Refused
    return kind(f"the server refuses the request: HTTP {code} {reason}")


def _pause(asked: str | None) -> float:
    """Seconds that a Retry-After (a number or a date) asks for; 0 if it is invalid."""
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    if asked is None:
        return 0.0
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", asked):
        return float(asked)
    try:
        until = parsedate_to_datetime(asked)
        return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _answer(response: Any, start: int) -> Answer:
    headers, status = response.headers, response.status
    if status not in (None, 200, 206):  # None: a local file
        raise Refused(f"the server answers HTTP {status}")
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refused(f"the server compresses it ({shorten(headers['Content-Encoding'])})")
    length = _length(headers.get("Content-Length"))
    chunked = headers.get("Transfer-Encoding", "").lower() == "chunked"
    first, total = 0, length
    if status == 206:
        part = re.fullmatch(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", headers.get("Content-Range", ""))
        if part is None or int(part[1]) != start:
            raise Changed("the server sent a different part from the one requested")
        first, last = int(part[1]), int(part[2])
        total = None if part[3] == "*" else int(part[3])
        if last < first or (length is not None and length != last - first + 1) or (total is not None and last >= total):
            raise Broken(f"the server contradicts itself: {part[0]} has {length} bytes")
        length = last - first + 1
    stop = None if length is None else first + length
    return Answer(response, first, stop, total, _version(headers), length is not None or chunked)


def _length(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text.strip()):
        raise Broken(f"the server gives a length that is not a number: {shorten(text)}")
    return int(text)


def _version(headers: Message) -> str | None:
    tag = headers.get("ETag")
    # a weak tag guarantees the same meaning, not the same bytes
    version = tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")
    return version if version and len(version) <= _LONGEST_VERSION and version.isascii() else None
