"""Accuracies and distances before and after training, and at equal accuracy, for every setting by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.tables.base.setting_stages import setting_stages

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("distances",)


def derive(tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> pd.DataFrame:
    """See `setting_stages`; parameters: `measure`."""
    distances = tables["distances"]
    return setting_stages(distances[distances["measure"] == parameters["measure"]])
