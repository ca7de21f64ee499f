"""Two groups of networks have equal values in a column, or one group has a given value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.tests.base.claim_test import Evidence, decide_equivalence, missing_columns, untestable
from neurorules.claims.tests.lower import values_of
from neurorules.statistics.comparison import compare, compare_with_value

if TYPE_CHECKING:
    import pandas as pd


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """Two one-sided tests over seeds; columns and parameters as for `lower`."""
    if why := missing_columns(rows, "seed", parameters["value"]):
        return untestable(why)
    groups = values_of(rows, parameters)
    if isinstance(groups, Evidence):
        return groups
    first, second = groups
    comparison = (
        compare_with_value(first, second, margin) if isinstance(second, float) else compare(first, second, margin)
    )
    return decide_equivalence(comparison, margin)
