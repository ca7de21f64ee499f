"""Networks trained elsewhere, by the names that they have in place of learning rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_shown: ContextVar[Mapping[str, Mapping[str, Any]]] = ContextVar("networks trained elsewhere", default={})  # noqa: B039


@contextmanager
def showing(networks: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    """Set the networks trained elsewhere, by name with `label`, `colour` and `number`, while a figure is drawn."""
    token = _shown.set(networks)
    try:
        yield
    finally:
        _shown.reset(token)


def imported_networks() -> Mapping[str, Mapping[str, Any]]:
    """The networks trained elsewhere in the figure being drawn."""
    return _shown.get()
