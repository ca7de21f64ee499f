"""One group of networks is closer to the recording than another, at equal accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, two_groups, untestable
from neurorules.statistics.comparison import compare
from neurorules.tables.base.levels import deciding, reached_text
from neurorules.tables.base.matched import last_values

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """One-sided Welch test: `first` is closer than `second`; columns and parameters as for equivalent_at_accuracy."""
    groups = two_groups(rows, parameters)
    if isinstance(groups, Evidence):
        return groups
    values = at_equal_accuracy(groups, parameters)
    if isinstance(values, Evidence):
        return values
    first, second, numbers = values
    return decide_lower(compare(first, second), numbers)


def at_equal_accuracy(
    groups: tuple[pd.DataFrame, pd.DataFrame], parameters: Mapping[str, Any]
) -> tuple[NDArray[Any], NDArray[Any], dict[str, Any]] | Evidence:
    """Distances of two groups at equal accuracy, (seed,) each, and further numbers for the ledger.

    Args:
        groups: columns seed, update, accuracy, distance.
        parameters: least_accuracy, least_share and level, see `deciding`.

    Returns:
        The distances that decide, see `deciding`, and: `matched_accuracy`, their accuracy; `n_reached`, how many
        networks of each group reached it; `overlap_from`, the accuracy from which all curves overlap. Differences and
        p-values of the means over the upper half of that range, and of the last checkpoints at any accuracy, decide
        nothing.
    """
    common = deciding(groups, parameters)
    if isinstance(common, str):
        return untestable(common)
    upper = compare(common.upper_half[0], common.upper_half[1])
    last = compare(last_values(groups[0]), last_values(groups[1]))
    return (
        common.at_level[0],
        common.at_level[1],
        {
            "matched_accuracy": common.level,
            "n_reached": reached_text(common),
            "overlap_from": common.lowest,
            "difference_upper_half": upper.difference,
            "p_different_upper_half": upper.p_different,
            "difference_last": last.difference,
            "p_different_last": last.p_different,
        },
    )
