"""Identities of values and files: JSON with sorted keys, and checksums."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def canonical_json(value: Any) -> str:
    """JSON with sorted keys: equal values give equal text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def sha256_of(path: str | Path) -> str:
    """Hex SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def short_hash(value: Any) -> str:
    """The first 16 hex digits of a value's SHA-256."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]
