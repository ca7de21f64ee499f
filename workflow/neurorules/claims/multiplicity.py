"""Correction of the ledger's p-values for multiple tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurorules.claims.tests.base.claim_test import ALPHA, UNDECIDED
from neurorules.claims.verdicts import NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED
from neurorules.statistics.multiple import holm

if TYPE_CHECKING:
    import pandas as pd


def corrected(rows: pd.DataFrame) -> pd.DataFrame:
    """Add p_claimed_holm, p_against_holm, holm_rows and verdict_holm.

    The p-values for the claims and those against them are two families, each over all rows decided by a p-value except
    the primary claim. So in at most 5% of studies an untrue claim counts as reproduced, and in at most 5% a claim
    without an effect counts as not reproduced. There is only one primary claim, so it is not corrected. Rows of
    synthetic recordings are corrected separately.

    Args:
        rows: columns p_claimed, p_against, primary, synthetic and verdict.
    """
    rows = rows.assign(p_claimed_holm=float("nan"), p_against_holm=float("nan"), holm_rows=0)
    others = (rows["primary"] == 0) & rows["p_claimed"].notna()
    for synthetic in (0, 1):
        family = others & (rows["synthetic"] == synthetic)
        for name in ("p_claimed", "p_against"):
            rows.loc[family, f"{name}_holm"] = holm(rows.loc[family, name].to_numpy(float))
        rows.loc[family, "holm_rows"] = int(family.sum())
    verdicts = rows["verdict"].copy()
    counted = others & (verdicts != NOT_TESTABLE)
    verdicts[counted] = UNDECIDED
    verdicts[counted & (rows["p_against_holm"] < ALPHA) & (rows["verdict"] == NOT_REPRODUCED)] = NOT_REPRODUCED
    verdicts[counted & (rows["p_claimed_holm"] < ALPHA) & (rows["verdict"] == REPRODUCED)] = REPRODUCED
    return rows.assign(verdict_holm=verdicts)
