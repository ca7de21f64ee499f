"""One learning rule needs fewer updates than another to reach the same accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, two_groups, untestable
from neurorules.statistics.comparison import compare
from neurorules.tables.base.levels import deciding, reached_text

if TYPE_CHECKING:
    import pandas as pd


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """One-sided Welch test of the updates at which networks reach equal accuracy, see `deciding`.

    Args:
        rows: columns seed, update, accuracy.
        parameters: `first`, which needs fewer updates, and `second`; least_accuracy and least_share, see `least_level`.
        margin: not used.
    """
    groups = two_groups(rows, parameters)
    if isinstance(groups, Evidence):
        return groups
    # Interpolated between neighbouring checkpoints, like distances.
    common = deciding([group.assign(reached_at=group["update"]) for group in groups], parameters, "reached_at")
    if isinstance(common, str):
        return untestable(common)
    upper = compare(common.upper_half[0], common.upper_half[1])
    numbers = {
        "matched_accuracy": common.level,
        "n_reached": reached_text(common),
        "overlap_from": common.lowest,
        "difference_upper_half": upper.difference,
        "p_different_upper_half": upper.p_different,
    }
    return decide_lower(compare(common.at_level[0], common.at_level[1]), numbers)
