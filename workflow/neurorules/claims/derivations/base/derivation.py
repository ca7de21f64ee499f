"""What a derivation is, and how one is found by name: a table that claims are decided from, computed from tidy tables.

A derivation is one file in the folder above with

    TABLES: tuple[str, ...]                                     table types that it reads
    def derive(tables: Mapping[str, DataFrame], parameters: Mapping) -> DataFrame

`tables` holds one tidy table per type, all models below each other; `parameters` are the claim's own.
"""

from __future__ import annotations

from typing import Any

from neurorules.plugins import Plugins

DERIVATIONS = Plugins("claims.derivations", "derivation", "claims.derivation", members=("TABLES", "derive"))


def derivation_names() -> list[str]:
    """Names of the derivations in the folder above."""
    return DERIVATIONS.names()


def load_derivation(name: str) -> Any:
    """The module of a derivation, by name.

    Raises:
        InputError: there is no such derivation.
    """
    return DERIVATIONS.load(name)
