"""Distances between networks of the same setting, for settings whose test trials differ, such as delays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from neurorules.options import Options
    from neurorules.tables.base.table_type import ScoredModel

SUBJECT = "group"
NEEDS_RECORDING = False
NEEDS = ("steps", "accuracy")
COMPARISON_KEYS = ()


def table(members: Sequence[ScoredModel], labels: Mapping[str, Any], options: Options, recording: Any) -> pd.DataFrame:
    """The rows of table type model_distances for the pairs within each setting, with a level of its own for each.

    Settings need not have test trials of the same length. A setting with a single network has no rows.
    """
    import pandas as pd

    from neurorules.tables.model_distances import table as between

    settings = sorted({str(member.labels["setting"]) for member in members})
    of_settings = [[member for member in members if member.labels["setting"] == setting] for setting in settings]
    return pd.concat([between(part, labels, options, recording) for part in of_settings], ignore_index=True)
