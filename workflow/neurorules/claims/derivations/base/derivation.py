"""The contract of a derivation: a table, computed from tidy tables, that decides claims.

A derivation is one file in the folder above with

    TABLES: tuple[str, ...]                                     table types that it reads
    def derive(tables: Mapping[str, DataFrame], parameters: Mapping) -> DataFrame

`tables` has one tidy table per type, with all models concatenated; `parameters` are the claim's own.
"""

from __future__ import annotations

from neurorules.plugins import Plugins

DERIVATIONS = Plugins("claims.derivations", "derivation", "claims.derivation", members=("TABLES", "derive"))
