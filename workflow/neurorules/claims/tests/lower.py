"""One group of networks has lower values in a column than another group, or than a given value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.tests.base.claim_test import (
    Evidence,
    decide_lower,
    missing_columns,
    seed_means,
    select,
    two_groups,
    untestable,
)
from neurorules.statistics.comparison import compare, compare_with_value

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """One-sided test over seeds.

    Args:
        rows: columns seed, the value, and those named in the parameters.
        parameters: `value`, the column compared; first; second, or `number`, a fixed value that the first is below;
            `sign` -1 reverses the values, and the claim; `absolute` uses absolute values.
        margin: not used.
    """
    if why := missing_columns(rows, "seed", parameters["value"]):
        return untestable(why)
    groups = values_of(rows, parameters)
    if isinstance(groups, Evidence):
        return groups
    first, second = groups
    comparison = compare_with_value(first, second) if isinstance(second, float) else compare(first, second)
    return decide_lower(comparison)


def values_of(
    rows: pd.DataFrame, parameters: Mapping[str, Any]
) -> tuple[NDArray[Any], NDArray[Any] | float] | Evidence:
    """Means (seed,) of the first group, and those of the second group or the fixed number."""
    value, sign = parameters["value"], float(parameters.get("sign", 1))
    column = rows[value].abs() if parameters.get("absolute") else rows[value]
    rows = rows.assign(**{value: sign * column})
    if "number" in parameters:
        first = select(rows, parameters["first"])
        if first.empty:
            return untestable(f"not found: {parameters['first']}")
        return seed_means(first, value), sign * float(parameters["number"])
    groups = two_groups(rows, parameters)
    if isinstance(groups, Evidence):
        return groups
    return seed_means(groups[0], value), seed_means(groups[1], value)
