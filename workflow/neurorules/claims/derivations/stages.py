"""Distances before and after training, and at equal accuracy (Table 1 with its untrained networks)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.tables.base.stages import at_stages

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("distances",)


def derive(tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> pd.DataFrame:
    """See `at_stages`; parameters: `measure`."""
    distances = tables["distances"]
    return at_stages(distances[distances["measure"] == parameters["measure"]])
