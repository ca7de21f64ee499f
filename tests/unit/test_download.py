"""Downloads from a real server on this machine: resumed, retried, verified."""

from __future__ import annotations

import contextlib
import email.utils
import hashlib
import http.server
import io
import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from neurorules.errors import InputError
from neurorules.io import limits
from neurorules.recordings import connection, transfer
from neurorules.recordings.download import download
from neurorules.recordings.verify import verify

CONTENT = b"PK" + hashlib.sha256(b"seed").digest() * 40_000  # 1.28 MB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves `content` at /file; tests choose its faults."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.etag: str | None = '"v1"'
        self.ranges = True
        self.break_after: list[int] = []  # bytes after which the next connections break
        self.status: list[int] = []  # answers of the next connections instead of the file
        self.asked: list[str | None] = []  # Range headers
        self.answers: list[Callable[[Handler], None]] = []  # of the next connections; the last one of all after it

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/file"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers.get("Range")
        server.asked.append(wanted)
        if server.answers:
            self.close_connection = True
            with contextlib.suppress(ConnectionError):
                (server.answers.pop(0) if len(server.answers) > 1 else server.answers[0])(self)
            return
        if self.path != "/file":
            self.send_error(404)
            return
        if server.status:
            self.send_error(server.status.pop(0))
            return
        start = 0
        same = self.headers.get("If-Range") in (None, server.etag)
        if wanted and server.ranges and same:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted).group(1))  # type: ignore[union-attr]
            if start >= len(server.content):
                self.send_error(416)
                return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
        if server.etag:
            self.send_header("ETag", server.etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.break_after:
            body = body[: server.break_after.pop(0)]
        self.wfile.write(body)
        self.close_connection = True

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """A response with only these headers; `_` in their names means `-`."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    without_proxy(monkeypatch)
    monkeypatch.setattr(transfer, "_PAUSE_S", 0.01)  # only to save time
    running = Server()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def catalogue(folder: Path, url: str, **about: Any) -> Path:
    file = {"path": "lab/data.zip", "url": url, "bytes": None, "sha256": None, "by_hand": "ask the lab", **about}
    path = folder / "recordings.yaml"
    path.write_text(
        yaml.safe_dump(
            {"lab": {"title": "t", "citation": "c", "licence": "l", "sources": {"raw": {"files": [file]}}}},
        )
    )
    return path


def fetch(folder: Path, known: Path, raw_dir: Path | None = None) -> tuple[Path, str]:
    said = io.StringIO()
    (path,) = download("lab", "raw", folder, raw_dir=raw_dir, progress=said, catalogue=known)
    return path, said.getvalue()


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_long_address_is_given_in_full(tmp_path: Path, server: Server) -> None:
    address = f"{server.url}/{'x' * 300}"  # not there: 404
    with pytest.raises(InputError) as caught:
        fetch(tmp_path / "d", catalogue(tmp_path, address))
    assert f"By hand: ask the lab ({address}); put it at" in str(caught.value)


def test_a_download_is_verified_and_recorded(tmp_path: Path, server: Server) -> None:
    path, said = fetch(tmp_path / "d", catalogue(tmp_path, server.url, bytes=len(CONTENT), sha256=SHA256))
    assert path == tmp_path / "d" / "lab" / "data.zip"
    assert path.read_bytes() == CONTENT
    assert left(tmp_path / "d") == ["data.zip", "data.zip.sha256"]
    assert (tmp_path / "d" / "lab" / "data.zip.sha256").read_text() == f"{SHA256}  data.zip\n"
    assert "1.3 of 1.3 MB" in said
    assert "complete and verified" in said
    # a second call asks for nothing
    fetch(tmp_path / "d", tmp_path / "recordings.yaml")
    assert server.asked == [None]


@pytest.mark.parametrize("known", [SHA256, None])
def test_a_broken_download_goes_on(tmp_path: Path, server: Server, known: str | None) -> None:
    server.break_after = [500_000, 300_000]
    path, said = fetch(tmp_path / "d", catalogue(tmp_path, server.url, sha256=known))
    assert path.read_bytes() == CONTENT
    assert server.asked == [None, "bytes=500000-", "bytes=800000-"]
    assert "attempt 1 of 4" in said
    assert left(tmp_path / "d") == ["data.zip", "data.zip.sha256"]


def test_a_later_call_goes_on(tmp_path: Path, server: Server) -> None:
    known = catalogue(tmp_path, server.url)
    server.break_after = [100_000] * 4
    with pytest.raises(InputError, match="continues from here"):
        fetch(tmp_path / "d", known)
    # never half-written under its own name
    assert left(tmp_path / "d") == ["data.zip.partial", "data.zip.partial.version"]
    path, _ = fetch(tmp_path / "d", known)
    assert server.asked[-1] == "bytes=400000-"
    assert path.read_bytes() == CONTENT


def test_a_server_without_ranges_starts_again(tmp_path: Path, server: Server) -> None:
    server.ranges = False
    server.break_after = [500_000]
    path, _ = fetch(tmp_path / "d", catalogue(tmp_path, server.url))
    assert server.asked == [None, "bytes=500000-"]
    assert path.read_bytes() == CONTENT


def test_two_versions_are_never_joined(tmp_path: Path, server: Server) -> None:
    known = catalogue(tmp_path, server.url)
    server.break_after = [100_000] * 4
    with pytest.raises(InputError):
        fetch(tmp_path / "d", known)
    server.content, server.etag = b"PK" + CONTENT[::-1], '"v2"'
    path, _ = fetch(tmp_path / "d", known)
    assert path.read_bytes() == server.content


def test_without_version_or_checksum_it_starts_again(tmp_path: Path, server: Server) -> None:
    server.etag = None
    server.break_after = [500_000]
    path, _ = fetch(tmp_path / "d", catalogue(tmp_path, server.url))
    assert server.asked == [None, None]
    assert path.read_bytes() == CONTENT


def test_a_partial_file_that_is_too_long(tmp_path: Path, server: Server) -> None:
    partial = tmp_path / "d" / "lab" / "data.zip.partial"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(CONTENT + b"more")
    path, _ = fetch(tmp_path / "d", catalogue(tmp_path, server.url, sha256=SHA256))
    assert path.read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(tmp_path: Path, server: Server) -> None:
    server.status = [503, 429]
    path, _ = fetch(tmp_path / "d", catalogue(tmp_path, server.url))
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("about", "named"),
    [
        ({"sha256": "0" * 64}, SHA256),
        ({"bytes": len(CONTENT) + 1}, str(len(CONTENT))),
        ({"begins": "MATLAB 7.3"}, "web page"),
    ],
)
def test_the_wrong_content_is_refused(tmp_path: Path, server: Server, about: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named) as caught:
        fetch(tmp_path / "d", catalogue(tmp_path, server.url, **about), raw_dir=tmp_path / "mine")
    assert left(tmp_path / "d") == []
    # which file, where to get it, where to put it, and the way without it
    assert caught.value.file == str(tmp_path / "d" / "lab" / "data.zip")
    assert caught.value.value == server.url
    for text in ("ask the lab", str(tmp_path / "mine" / "lab" / "data.zip"), "make demo"):
        assert text in (caught.value.remedy or "")


def test_http_errors(tmp_path: Path, server: Server) -> None:
    with pytest.raises(InputError, match="HTTP 404") as caught:
        fetch(tmp_path / "d", catalogue(tmp_path, server.url + "/elsewhere"))
    assert "ask the lab" in str(caught.value)
    server.status = [503] * 4
    with pytest.raises(InputError, match="HTTP 503"):
        fetch(tmp_path / "d", catalogue(tmp_path, server.url))
    assert left(tmp_path / "d") == []


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_proxy(monkeypatch)
    with socket.socket() as unused:  # bound, but not listening: the connection is refused
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/file"
        with pytest.raises(InputError, match="cannot be reached") as caught:
            fetch(tmp_path / "d", catalogue(tmp_path, url))
    assert "make demo" in str(caught.value)
    assert left(tmp_path / "d") == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk(tmp_path: Path, server: Server) -> None:
    partial = tmp_path / "d" / "lab" / "data.zip.partial"
    partial.parent.mkdir(parents=True)
    partial.symlink_to("/dev/full")
    with pytest.raises(InputError, match="No space left"):
        fetch(tmp_path / "d", catalogue(tmp_path, server.url))
    assert not partial.with_name("data.zip").exists()


def test_the_first_checksum_holds_ever_after(tmp_path: Path, server: Server) -> None:
    known = catalogue(tmp_path, server.url)
    path, said = fetch(tmp_path / "d", known)
    assert "its checksum was recorded" in said
    verify(path)

    path.write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(InputError, match="altered or replaced"):
        verify(path)
    with pytest.raises(InputError, match="altered or replaced"):
        fetch(tmp_path / "d", known)

    path.unlink()
    server.content = CONTENT + b"revised"
    with pytest.raises(InputError, match="SHA-256") as caught:
        fetch(tmp_path / "d", known)
    assert "data.zip.sha256" in (caught.value.remedy or "")
    server.content = CONTENT
    assert fetch(tmp_path / "d", known)[0].read_bytes() == CONTENT


def test_a_private_source_is_never_downloaded(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be downloaded") as caught:
        download("sussillo2015", "private", tmp_path / "downloads")
    assert caught.value.key == "recordings.sussillo2015.path"
    assert not (tmp_path / "downloads").exists()


# ---- servers that misbehave, and a file whose length and checksum nobody published

WHOLE = str(len(CONTENT))


def part(start: int, stop: int, etag: str = '"v1"') -> Callable[[Handler], None]:
    """Responds with bytes start..stop of the content, unchanged."""
    return lambda handler: handler.answer(
        206,
        CONTENT[start:stop],
        Content_Range=f"bytes {start}-{stop - 1}/{WHOLE}",
        Content_Length=str(stop - start),
        ETag=etag,
    )


def cut(length: int) -> Callable[[Handler], None]:
    """Promises the whole file and breaks off."""
    return lambda handler: handler.answer(200, CONTENT[:length], Content_Length=WHOLE, ETag='"v1"')


def test_a_server_that_sends_parts(tmp_path: Path, server: Server) -> None:
    sizes = [0, 200_000, 400_000, 600_000, 800_000, 1_000_000, len(CONTENT)]
    server.answers = [part(a, b) for a, b in itertools.pairwise(sizes)]
    path, _ = fetch(tmp_path / "d", catalogue(tmp_path, server.url))
    assert path.read_bytes() == CONTENT
    assert server.asked == [None, *(f"bytes={size}-" for size in sizes[1:-1])]


def test_a_part_that_is_cut_is_not_the_file(tmp_path: Path, server: Server) -> None:
    server.answers = [cut(500_000), lambda handler: part(500_000, 600_000)(handler), cut(0)]
    with pytest.raises(InputError, match="continues from here"):
        fetch(tmp_path / "d", catalogue(tmp_path, server.url))
    assert not (tmp_path / "d" / "lab" / "data.zip").exists()


@pytest.mark.parametrize("etag", ['"v2"', None])
def test_a_part_of_another_version_is_never_joined(tmp_path: Path, server: Server, etag: str | None) -> None:
    """The server ignores If-Range."""

    def other(handler: Handler) -> None:
        tag = {} if etag is None else {"ETag": etag}
        rest = len(CONTENT) - 500_000
        handler.answer(206, bytes(rest), Content_Range=f"bytes 500000-{len(CONTENT) - 1}/{WHOLE}", **tag)

    server.answers = [cut(500_000), other, cut(len(CONTENT))]
    path, said = fetch(tmp_path / "d", catalogue(tmp_path, server.url))
    assert path.read_bytes() == CONTENT
    assert "the file at the source has changed" in said
    assert server.asked == [None, "bytes=500000-", None]


def test_without_a_length_a_cut_file_would_look_whole(tmp_path: Path, server: Server) -> None:
    server.answers = [lambda handler: handler.answer(200, CONTENT[:100_000], Connection="close")]
    with pytest.raises(InputError, match="does not give its length"):
        fetch(tmp_path / "d", catalogue(tmp_path, server.url))
    assert left(tmp_path / "d") == []
    # if the length is known, the end is known too
    with pytest.raises(InputError, match=f"100000 of {WHOLE} bytes"):
        fetch(tmp_path / "d", catalogue(tmp_path, server.url, bytes=len(CONTENT)))


def chunked(content: bytes, end: bytes) -> Callable[[Handler], None]:
    body = b"%x\r\n%s\r\n%s" % (len(content), content, end)
    return lambda handler: handler.answer(200, body, Transfer_Encoding="chunked")


def test_an_answer_in_chunks_has_an_end_of_its_own(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handler, "protocol_version", "HTTP/1.1")
    known = catalogue(tmp_path, server.url)
    server.answers = [chunked(CONTENT[:100_000], b"")]
    with pytest.raises(InputError, match="interrupted"):
        fetch(tmp_path / "d", known)
    server.answers = [chunked(CONTENT, b"0\r\n\r\n")]
    assert fetch(tmp_path / "d", known)[0].read_bytes() == CONTENT


def without_end(handler: Handler) -> None:
    handler.answer(200, Transfer_Encoding="chunked")
    while True:
        handler.wfile.write(b"10000\r\n%s\r\n" % bytes(1 << 16))


def test_a_server_without_end_does_not_fill_the_disk(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handler, "protocol_version", "HTTP/1.1")
    server.answers = [without_end]
    with pytest.raises(InputError, match=f"at most {WHOLE} are expected"):
        fetch(tmp_path / "d", catalogue(tmp_path, server.url, bytes=len(CONTENT)))
    monkeypatch.setattr(limits, "DOWNLOAD_BYTES", 3_000_000)
    with pytest.raises(InputError, match="at most 3000000 are expected"):
        fetch(tmp_path / "d", catalogue(tmp_path, server.url))
    server.answers = [lambda handler: handler.answer(200, Content_Length="1000000000000")]
    with pytest.raises(InputError, match="1000000000000 bytes"):
        fetch(tmp_path / "d", catalogue(tmp_path, server.url))
    assert left(tmp_path / "d") == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda handler: handler.answer(200, CONTENT, Content_Length="abc"), "'abc'"),
        (lambda handler: handler.answer(200, CONTENT, Content_Length="-5"), "'-5'"),
        (lambda handler: handler.answer(206, CONTENT, Content_Range="bytes 0-9/5", Content_Length="10"), "contradicts"),
        (lambda handler: handler.answer(206, CONTENT, Content_Length=WHOLE), "a different part"),
        (lambda handler: handler.answer(200, Content_Length="0"), "empty"),
        (lambda handler: handler.answer(204), "HTTP 204"),
        (lambda handler: handler.answer(520), "HTTP 520"),
        (lambda handler: handler.answer(200, CONTENT, Content_Encoding="gzip", Content_Length=WHOLE), "gzip"),
        (lambda handler: handler.wfile.write(b"\0\xff nonsense\r\n\r\n"), "interrupted"),
        (lambda handler: handler.answer(302, Location="ftp://127.0.0.1:1/file"), "ftp://127.0.0.1:1/file"),
        (lambda handler: handler.answer(301, Location="file:///etc/hostname"), "file:///etc/hostname"),
        (lambda handler: handler.answer(307, Location="data:,PKhello"), "data:,PKhello"),
        (lambda handler: handler.answer(302, Location="http://"), "HTTP|reached|host"),
        (lambda handler: handler.answer(302, Location="/file"), "HTTP 302"),
    ],
)
def test_nonsense_is_refused(tmp_path: Path, server: Server, answer: Callable[[Handler], None], said: str) -> None:
    server.answers = [answer]
    with pytest.raises(InputError, match=said) as caught:
        fetch(tmp_path / "d", catalogue(tmp_path, server.url))
    assert "ask the lab" in (caught.value.remedy or "")
    assert left(tmp_path / "d") == []


def busy(wait: str) -> Callable[[Handler], None]:
    return lambda handler: handler.answer(503, Retry_After=wait)


def test_a_busy_server_says_how_long(tmp_path: Path, server: Server) -> None:
    known, start = catalogue(tmp_path, server.url), time.monotonic()
    server.answers = [busy("1"), cut(len(CONTENT))]
    fetch(tmp_path / "d", known)
    assert time.monotonic() - start >= 1

    tomorrow = email.utils.formatdate(time.time() + 86_400, usegmt=True)
    for wait in ("86400", tomorrow):
        server.answers = [busy(wait)]
        server.asked.clear()
        with pytest.raises(InputError, match="HTTP 503") as caught:
            fetch(tmp_path / "e", known)
        assert re.search(r"in 86(400|39\d) s", caught.value.remedy or "")
        assert server.asked == [None]


def drip_content(handler: Handler) -> None:
    handler.answer(200, Content_Length=WHOLE)
    for byte in CONTENT:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.05)


def drip_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("drip", [drip_content, drip_headers])
def test_a_byte_at_a_time_is_no_download(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, drip: Callable[[Handler], None]
) -> None:
    """Each byte comes in time for the timeout of the socket."""
    monkeypatch.setattr(transfer, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(connection, "TIMEOUT_S", 0.3)
    server.answers = [drip]
    with pytest.raises(InputError, match=r"bytes in 0 s|no answer"):
        fetch(tmp_path / "d", catalogue(tmp_path, server.url))


def test_all_attempts_together_have_a_limit(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DOWNLOAD_S", 0.2)
    server.answers = [drip_content]
    with pytest.raises(InputError, match="not complete after") as caught:
        fetch(tmp_path / "d", catalogue(tmp_path, server.url))
    assert "continues from here" in (caught.value.remedy or "")


def test_two_processes_download_once(tmp_path: Path, server: Server) -> None:
    known = catalogue(tmp_path, server.url)
    server.answers = [lambda handler: (time.sleep(0.3), cut(len(CONTENT))(handler))]  # type: ignore[list-item, return-value]
    both = [threading.Thread(target=fetch, args=(tmp_path / "d", known)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert server.asked == [None]
    assert left(tmp_path / "d") == ["data.zip", "data.zip.sha256"]
    assert (tmp_path / "d" / "lab" / "data.zip").read_bytes() == CONTENT
