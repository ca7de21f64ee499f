"""Two groups of networks are equally far from the recording, at equal accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.tests.base.claim_test import Evidence, decide_equivalence, two_groups
from neurorules.claims.tests.lower_at_accuracy import at_equal_accuracy
from neurorules.statistics.comparison import compare

if TYPE_CHECKING:
    import pandas as pd


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """Two one-sided Welch tests at equal accuracy, the highest that every network reached, see `deciding`.

    Args:
        rows: columns seed, update, accuracy, distance.
        parameters: first, second; least_accuracy and least_share, see `least_level`; relative_margin, true for a margin
            that is a fraction of the second group's mean.
        margin: of equivalence, in units of the distance.
    """
    groups = two_groups(rows, parameters)
    if isinstance(groups, Evidence):
        return groups
    values = at_equal_accuracy(groups, parameters)
    if isinstance(values, Evidence):
        return values
    first, second, numbers = values
    if parameters.get("relative_margin"):
        margin *= abs(float(second.mean()))
        numbers["margin"] = margin
    return decide_equivalence(compare(first, second, margin), margin, numbers)
