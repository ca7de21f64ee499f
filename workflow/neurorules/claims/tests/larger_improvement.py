"""An intervention lowers a value more in one place than in another (companion: flossing, at small gains)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, missing_columns, select, untestable
from neurorules.statistics.comparison import compare_paired

if TYPE_CHECKING:
    import pandas as pd


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """One-sided paired t-test over seeds of the change in one place against the change in another.

    The ledger's first value is the change (with minus without) where it should help more, its second the change where
    it should help less.

    Args:
        rows: columns seed, the value, and those named in the parameters.
        parameters: `value`; `more` and `less`, each with `with` and `without`, dicts column -> value.
        margin: not used.
    """
    value = parameters["value"]
    if why := missing_columns(rows, "seed", value):
        return untestable(why)
    changes = []
    for place in ("more", "less"):
        groups = [select(rows, parameters[place][name]) for name in ("with", "without")]
        if any(group.empty for group in groups):
            return untestable(f"not found: {parameters[place]}")
        treated, untreated = (group.groupby("seed")[value].mean() for group in groups)
        changes.append((treated - untreated).dropna())
    seeds = sorted(set(changes[0].index) & set(changes[1].index))
    if not seeds:
        return untestable("no seed common to all four groups")
    return decide_lower(compare_paired(*(change[seeds].to_numpy() for change in changes)))
