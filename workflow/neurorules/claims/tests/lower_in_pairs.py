"""The same networks have a lower value in one place, or at one time, than in another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, missing_columns, two_groups, untestable
from neurorules.statistics.comparison import compare_paired

if TYPE_CHECKING:
    import pandas as pd


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """Paired one-sided t-test over seeds.

    Args:
        rows: columns seed, the value, and those named in the parameters.
        parameters: `value`, the column compared; first, which is lower, and second.
        margin: not used.
    """
    value = parameters["value"]
    if why := missing_columns(rows, "seed", value):
        return untestable(why)
    groups = two_groups(rows, parameters)
    if isinstance(groups, Evidence):
        return groups
    first, second = (group.groupby("seed")[value].mean().dropna() for group in groups)
    seeds = sorted(set(first.index) & set(second.index))
    if not seeds:
        return untestable("no seed common to both groups")
    return decide_lower(compare_paired(first[seeds].to_numpy(), second[seeds].to_numpy()))
