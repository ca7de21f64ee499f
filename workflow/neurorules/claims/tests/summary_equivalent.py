"""Two quantities of the noise-floor table are equal (Figure 5, Table 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.claims.tests.base.claim_test import Evidence, decide_equivalence
from neurorules.claims.tests.summary_lower import of_summaries

if TYPE_CHECKING:
    import pandas as pd


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """Two one-sided tests over seeds; columns and parameters as for summary_lower."""
    comparison = of_summaries(rows, parameters, margin)
    return comparison if isinstance(comparison, Evidence) else decide_equivalence(comparison, margin)
