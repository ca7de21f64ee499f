"""A value falls as another column grows, across each seed's models (companion: with the initial gain)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, missing_columns, select, untestable
from neurorules.statistics.comparison import compare_paired

if TYPE_CHECKING:
    import pandas as pd


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """One-sample t-test over seeds: the slope of the value against the other column is below 0.

    Networks with the same seed start from the same draws, so each seed has its own slope. The ledger's first value is
    the slope, its second is 0.

    Args:
        rows: columns seed, `of`, the value, and those named in the parameters.
        parameters: `value`, the column that falls; `of`, the one that grows; `where`, the rows that count; `absolute`
            uses absolute values.
        margin: not used.
    """
    value, of = parameters["value"], parameters["of"]
    if why := missing_columns(rows, "seed", of, value):
        return untestable(why)
    rows = select(rows, parameters.get("where", {}))
    if rows[of].nunique() < 2:
        return untestable(f"fewer than two values of {of}")
    size = rows[value].abs() if parameters.get("absolute") else rows[value]
    table = rows.assign(size=size).pivot_table("size", index="seed", columns=of).dropna()
    if table.empty:
        return untestable(f"no seed common to all values of {of}")
    slopes = np.polyfit(table.columns.to_numpy(float), table.to_numpy().T, 1)[0]
    return decide_lower(compare_paired(slopes, np.zeros_like(slopes)))
