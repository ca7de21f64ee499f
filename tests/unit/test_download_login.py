"""Downloads that need a login, from real servers on this machine: which servers get the token."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from neurorules.errors import InputError
from neurorules.recordings.download import download

CONTENT = b"MATLAB 7.3 MAT-file" + bytes(range(256)) * 500
TOKEN = "s3cret-Token_123"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        server.asked.append((self.path, self.headers.get("Authorization")))
        if self.path == "/metadata":
            return self.answer(200, json.dumps(server.metadata).encode())
        if self.path == "/login" and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(401, b"{}")
        if self.path == "/login" and server.leads_to:
            self.send_response(302)
            self.send_header("Location", server.leads_to)
            self.end_headers()
            return None
        return self.answer(200, server.content)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""


class Server(http.server.ThreadingHTTPServer):
    """Gives a file at /login to those who log in, and at /file to all."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.metadata: Any = {
            "path": "session.mat",
            "size": len(CONTENT),
            "digest": hashlib.md5(CONTENT).hexdigest(),
            "digestType": "md5",
        }
        self.leads_to = ""
        self.asked: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Server]]:
    """The publisher's and the one that it leads to."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    both = Server(), Server()
    for server in both:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield both
    for server in both:
        server.shutdown()
        server.server_close()


def fetch(folder: Path, server: Server, **about: Any) -> tuple[Path, str]:
    """Download a file; returns the messages."""
    file = {
        "path": "lab/session.mat",
        "url": f"{server.url}/login",
        "metadata": f"{server.url}/metadata",
        "token": "LAB_TOKEN",
        "get_token": "ask the archive",
        "bytes": None,
        "sha256": None,
        "begins": "MATLAB 7.3",
        "by_hand": "open the archive's page",
        **about,
    }
    catalogue = folder / "recordings.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    catalogue.write_text(yaml.safe_dump({"lab": {"title": "Lab", "sources": {"raw": {"files": [file]}}}}))
    said = io.StringIO()
    (path,) = download("lab", "raw", folder / "d", progress=said, catalogue=catalogue)
    return path, said.getvalue()


def test_the_token_goes_to_its_host_alone(
    tmp_path: Path, servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher, storage = servers
    publisher.leads_to = f"{storage.url}/file"
    monkeypatch.setenv("LAB_TOKEN", f" {TOKEN}\n")
    path, said = fetch(tmp_path, publisher)
    assert path.read_bytes() == CONTENT
    # What anybody may know is asked for without it: an old token would be refused there too.
    assert publisher.asked == [("/metadata", None), ("/login", f"Bearer {TOKEN}")]
    assert storage.asked == [("/file", None)]
    assert TOKEN not in said and "complete" in said
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and TOKEN.encode() in file.read_bytes()]


def test_the_token_follows_within_its_host(
    tmp_path: Path, servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher, _ = servers
    publisher.leads_to = f"{publisher.url}/elsewhere"
    monkeypatch.setenv("LAB_TOKEN", TOKEN)
    assert fetch(tmp_path, publisher)[0].read_bytes() == CONTENT
    assert publisher.asked[-1] == ("/elsewhere", f"Bearer {TOKEN}")


@pytest.mark.parametrize(
    ("held", "why"), [(None, "is not set"), ("  ", "is not set"), ("a\nHost: b", "not contain a token")]
)
def test_without_a_token_nothing_is_asked(
    tmp_path: Path,
    servers: tuple[Server, Server],
    monkeypatch: pytest.MonkeyPatch,
    held: str | None,
    why: str,
) -> None:
    monkeypatch.delenv("LAB_TOKEN", raising=False)
    if held is not None:
        monkeypatch.setenv("LAB_TOKEN", held)
    with pytest.raises(InputError, match=why) as caught:
        fetch(tmp_path, servers[0])
    assert servers[0].asked == []
    assert caught.value.key == "LAB_TOKEN"
    for text in ("ask the archive", "export LAB_TOKEN", "open the archive's page", "lab/session.mat", "make demo"):
        assert text in (caught.value.remedy or "")
    assert "Host: b" not in str(caught.value)


def test_an_old_token_is_told_from_none(
    tmp_path: Path, servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_TOKEN", "expired-token")
    with pytest.raises(InputError, match=r"HTTP 401.*LAB_TOKEN, which may have expired") as caught:
        fetch(tmp_path, servers[0])
    assert "ask the archive" in (caught.value.remedy or "")
    assert "expired-token" not in str(caught.value)


def test_a_web_page_under_the_address_is_refused(
    tmp_path: Path, servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_TOKEN", TOKEN)
    servers[0].content = b"<!doctype html>" + CONTENT[15:]
    with pytest.raises(InputError, match="web page"):
        fetch(tmp_path, servers[0])


@pytest.mark.parametrize("kind", ["md5", "sha-256", "SHA256", "sha1"])
def test_size_and_digest_are_the_publishers(
    tmp_path: Path, servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("LAB_TOKEN", TOKEN)
    publisher, _ = servers
    digest = hashlib.new(kind.lower().replace("-", ""), CONTENT).hexdigest()
    publisher.metadata |= {"digest": digest, "digestType": kind}
    assert fetch(tmp_path / "right", publisher)[0].read_bytes() == CONTENT

    publisher.content = CONTENT[:-1] + b"x"
    with pytest.raises(InputError, match=r"SHA-256|md5|sha1"):
        fetch(tmp_path / "altered", publisher)
    publisher.content = CONTENT + b"x"
    with pytest.raises(InputError, match=f"{len(CONTENT) + 1} bytes, the published file {len(CONTENT)}"):
        fetch(tmp_path / "longer", publisher)
    assert [file.parent.parent.parent.name for file in tmp_path.rglob("session.mat")] == ["right"]


@pytest.mark.parametrize(
    "metadata", [[], {"size": "many"}, {"digest": "xyz", "digestType": "md5"}, {"digestType": "crc"}]
)
def test_what_the_publisher_does_not_say_is_not_asked_of_the_file(
    tmp_path: Path, servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch, metadata: Any
) -> None:
    monkeypatch.setenv("LAB_TOKEN", TOKEN)
    servers[0].metadata = metadata
    assert fetch(tmp_path, servers[0])[0].read_bytes() == CONTENT


def test_the_catalogue_asks_dryad_for_a_login() -> None:
    from neurorules.recordings.catalogue import source_entry

    (file,) = source_entry("hatsopoulos2007", "dryad")["files"]
    assert re.fullmatch(r"https://datadryad\.org/api/v2/files/\d+/download", file["url"])
    assert file["metadata"] == file["url"].removesuffix("/download") and file["token"] == "DRYAD_TOKEN"
