"""A cache of code hashes for unchanged bytes of the package, because every cluster job plans the study again."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from neurorules.provenance.code import code_hash
from neurorules.provenance.source import PACKAGE


class CodeHashes:
    """`code_hash` with a cache on disk.

    The cache is valid only while no byte of the package or its scripts changes. If it cannot be read or written, hashes
    are computed without it.

    Args:
        folder: the cache's folder; it is created only if its parent exists.
        scripts: the folder of scripts.
    """

    def __init__(self, folder: Path, scripts: Path) -> None:
        self.folder, self.scripts = folder, scripts

    def of(self, script: str, plugins: tuple[str, ...] = ()) -> str:
        """See `code_hash`.

        Args:
            script: name of the script in the folder.
            plugins: dotted names in the package.
        """
        key = " ".join((script, *plugins))
        if key not in self._known:
            self._known[key] = code_hash(self.scripts / script, plugins)
            self._write()
        return self._known[key]

    @cached_property
    def _file(self) -> Path:
        digest = hashlib.sha256()
        for root in (PACKAGE, self.scripts):
            for file in sorted(root.rglob("*.py")):
                content = file.read_bytes()
                digest.update(f"{file.relative_to(root)} {len(content)}\n".encode())
                digest.update(content)
        return self.folder / f"code-{digest.hexdigest()}.json"

    @cached_property
    def _known(self) -> dict[str, str]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        whole = isinstance(found, dict) and all(isinstance(value, str) for value in found.values())
        return found if whole else {}

    def _write(self) -> None:
        partial = self._file.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            if self.folder.parent.is_dir():
                self.folder.mkdir(exist_ok=True)
                partial.write_text(json.dumps(self._known, indent=1), encoding="utf-8")
                os.replace(partial, self._file)
                for other in self.folder.glob("code-*.json"):
                    if other != self._file:
                        other.unlink()
