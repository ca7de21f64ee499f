"""Whether a result matches the study, according to the attributes in the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from neurorules.errors import StaleResult


def check_made_from(what: str, file: str | Path, attributes: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Refuse a result that was made from other inputs, options or code than asked for.

    Args:
        what: what the file is ("run", "recording", "table").
        file: its path.
        attributes: the file's own attributes; mappings as JSON.
        asked: attributes that it must have; others may differ.

    Raises:
        StaleResult: an attribute differs or is missing.
    """
    found = list(differences(_decoded({key: attributes.get(key) for key in asked}), _decoded(asked)))
    if found:
        raise StaleResult(what, file, found)


def differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Differences of two nested mappings, as `key (it was 1, it is 2)`; keys of `before` alone are left out."""
    for key, value in now.items():
        old = before.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            yield from differences(old, value, f"{prefix}{key}.")
        elif old != value:
            yield f"{prefix}{key} (it was {old!r}, it is {value!r})"


def _decoded(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _mapping(value) for key, value in attributes.items()}


def _mapping(value: Any) -> Any:
    """A mapping or list decoded from JSON; anything else unchanged."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value.item() if hasattr(value, "item") else value
