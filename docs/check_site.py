"""Check the built site: it loads nothing from another server, and no internal link is broken.

python docs/check_site.py site
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Attributes that load something when a page is opened; an <a> loads nothing.
LOADS = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}
NOT_LOADED = {"canonical", "next", "prev", "index", "search", "author", "license"}  # of <link rel>
OUTSIDE_STYLE = re.compile(r"(?:@import|url\()\s*[\"']?\s*((?:https?:)?//[^\"')\s]+)")


class _Page(HTMLParser):
    """What a page loads, what it links to, and the anchors that it defines."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.linked: list[str] = []
        self.names: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.names |= {given[name] for name in ("id", "name") if name in given}
        loads = LOADS.get(tag)
        if loads in given and given.get("rel") not in NOT_LOADED:
            self.loaded.append(given[loads])
        if tag == "a" and "href" in given:
            self.linked.append(given["href"])


def _is_outside(address: str) -> bool:
    return bool(urlsplit(address).netloc)


def problems(site: Path) -> Iterator[str]:
    """Describe each problem in one sentence."""
    pages = {file: _Page(file.read_text(encoding="utf-8")) for file in sorted(site.rglob("*.html"))}
    if not pages:
        yield f"{site} contains no pages"
    for file, page in pages.items():
        where = file.relative_to(site)
        yield from (f"{where} loads {address}" for address in page.loaded if _is_outside(address))
        yield from (f"{where} loads {found[1]}" for found in OUTSIDE_STYLE.finditer(file.read_text(encoding="utf-8")))
        for address in page.loaded + page.linked:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file.resolve()
            found_page = pages.get(target)
            if not target.exists():
                yield f"{where} links to {address}, which does not exist"
            elif parts.fragment and found_page and unquote(parts.fragment) not in found_page.names:
                yield f"{where} links to {address}, but that page has no such anchor"
    for file in sorted(site.rglob("*.css")):
        for found in OUTSIDE_STYLE.finditer(file.read_text(encoding="utf-8")):
            yield f"{file.relative_to(site)} loads {found[1]}"


def main(arguments: Sequence[str]) -> int:
    """Print the problems of a site; returns the exit code."""
    found = list(problems(Path(arguments[0]).resolve()))
    print("\n".join(found) or f"{arguments[0]}: no broken links, and nothing is loaded from another server")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
