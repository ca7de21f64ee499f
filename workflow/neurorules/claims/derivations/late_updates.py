"""Loss curves without the first part of training (companion paper)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.tables.base.stages import later_than

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("loss_curve",)


def derive(tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> pd.DataFrame:
    """Bins of updates that end after the first part; parameters: `after`, the fraction of a run's updates left out."""
    return later_than(tables["loss_curve"], float(parameters["after"]))
