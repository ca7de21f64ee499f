"""Downloads from a real server on this machine: resumed, retried, verified."""

from __future__ import annotations

import hashlib
import http.server
import io
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from neurorules.errors import InputError
from neurorules.recordings import transfer
from neurorules.recordings.download import download
from neurorules.recordings.verify import verify

CONTENT = b"PK" + hashlib.sha256(b"seed").digest() * 40_000  # 1.28 MB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves `content` at /file; what it does wrong is set by the tests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.etag: str | None = '"v1"'
        self.ranges = True
        self.break_after: list[int] = []  # bytes after which the next connections break
        self.status: list[int] = []  # answers of the next connections instead of the file
        self.asked: list[str | None] = []  # Range headers

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/file"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers.get("Range")
        server.asked.append(wanted)
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
    with socket.socket() as unused:  # bound, yet nobody listens: the connection is refused
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
    assert "its checksum is now recorded" in said
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
