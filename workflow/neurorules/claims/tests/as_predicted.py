"""Computed outcomes agree with a theorem (Proposition 4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.tests.base.claim_test import FAILS, HOLDS, Evidence, missing_columns, untestable

if TYPE_CHECKING:
    import pandas as pd


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """Holds if every case with the given prediction has that outcome; a single other outcome refutes it.

    Args:
        rows: columns predicted and observed; predicted_root and observed_root must agree too, if present.
        parameters: predicted, the outcome that the claim is about.
        margin: not used.
    """
    if why := missing_columns(rows, "predicted", "observed"):
        return untestable(why)
    rows = rows[rows["predicted"] == parameters["predicted"]]
    if rows.empty:
        return untestable(f"no case with the prediction {parameters['predicted']}")
    right = rows["observed"] == rows["predicted"]
    if {"predicted_root", "observed_root"} <= set(rows.columns):
        apart = (rows["predicted_root"] - rows["observed_root"]).abs()
        # Cases without a root have none to compare.
        right &= apart.isna() | (apart < 1e-6)
    return Evidence(
        HOLDS if right.all() else FAILS, "", None, {"cases": len(rows), "cases_as_predicted": int(right.sum())}
    )
