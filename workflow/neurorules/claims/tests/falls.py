"""A distance falls from each value of a column to the next (Table 4)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.tests.base.claim_test import FAILS, HOLDS, UNDECIDED, Evidence, missing_columns, untestable
from neurorules.statistics.comparison import compare

if TYPE_CHECKING:
    import pandas as pd


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """Holds if the mean falls at every step, fails if it does not fall from the lowest value to the highest.

    Repeats split the same trials, so they are not independent replicates and no p-value decides. The ledger's numbers
    compare the highest value (first) with the lowest (second).

    Args:
        rows: columns `of`, and `value`, with one row per repeat.
        parameters: of, the column that grows; value, the one that falls.
        margin: not used.
    """
    of, value = parameters["of"], parameters["value"]
    if why := missing_columns(rows, of, value):
        return untestable(why)
    groups = [group[value].to_numpy() for _, group in rows.groupby(of, sort=True)]
    if len(groups) < 2:
        return untestable(f"only one value of {of}")
    means = [group.mean() for group in groups]
    comparison = compare(groups[-1], groups[0])
    if all(later < earlier for earlier, later in itertools.pairwise(means)):
        return Evidence(HOLDS, "", comparison)
    if means[-1] >= means[0]:
        return Evidence(FAILS, "", comparison)
    return Evidence(UNDECIDED, "falls overall, but not at every step", comparison)
