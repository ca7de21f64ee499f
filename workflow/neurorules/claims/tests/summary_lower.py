"""One quantity of the noise-floor table is below another (Figure 5, Table 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, missing_columns, two_groups
from neurorules.statistics.comparison import Comparison, Summary, compare_summaries, compare_summary_with_value

if TYPE_CHECKING:
    import pandas as pd


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """One-sided test over seeds: `first` is below `second`.

    Args:
        rows: columns mean, sd_seeds, n_seeds of `noise_floor_statistics`, one row per quantity.
        parameters: first and second, as {quantity: name}.
        margin: not used.
    """
    comparison = of_summaries(rows, parameters)
    return comparison if isinstance(comparison, Evidence) else decide_lower(comparison)


def of_summaries(
    rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float = float("nan")
) -> Comparison | Evidence:
    """Welch's test over seeds, averaged over splits; a one-sample test for the floor, which has no seeds."""
    from dataclasses import replace

    if why := missing_columns(rows, "quantity", "mean", "sd_seeds", "n_seeds"):
        return Evidence("", why)
    groups = two_groups(rows, parameters)
    if isinstance(groups, Evidence):
        return groups
    first, second = (
        Summary(float(g["mean"].iloc[0]), float(g["sd_seeds"].iloc[0]), int(g["n_seeds"].iloc[0])) for g in groups
    )
    if second.n == 0:
        return compare_summary_with_value(first, second.mean, margin)
    if first.n > 0:
        return compare_summaries(first, second, margin)
    # The same test with the sides exchanged.
    turned = compare_summary_with_value(second, first.mean, margin)
    return replace(
        turned,
        difference=-turned.difference,
        cohens_d=-turned.cohens_d,
        n_first=turned.n_second,
        n_second=turned.n_first,
        first=turned.second,
        second=turned.first,
        p_lower=turned.p_higher,
        p_higher=turned.p_lower,
        ci95=(-turned.ci95[1], -turned.ci95[0]),
        ci90=(-turned.ci90[1], -turned.ci90[0]),
        hedges_g=-turned.hedges_g,
        g_ci95=(-turned.g_ci95[1], -turned.g_ci95[0]),
    )
