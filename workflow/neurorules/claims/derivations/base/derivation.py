"""What a derivation is, and how one is found by name: a table that claims are decided from, computed from tidy tables.

A derivation is one file in the folder above with

    TABLES: tuple[str, ...]                                     table types that it reads
    def derive(tables: Mapping[str, DataFrame], parameters: Mapping) -> DataFrame

`tables` holds one tidy table per type, all models below each other; `parameters` are the claim's own.
"""

from __future__ import annotations

from neurorules.plugins import Plugins

DERIVATIONS = Plugins("claims.derivations", "derivation", "claims.derivation", members=("TABLES", "derive"))
