"""Claims that a study does not test because it does not show their figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

NOT_SHOWN = "is not part of this study"


def without_figure(table: pd.DataFrame) -> pd.Series:
    """Whether each row of the ledger lacks its figure, bool."""
    return table["why"].str.endswith(NOT_SHOWN)


def figures_missing(rows: pd.DataFrame) -> str:
    """A sentence with the missing figures and their numbers of claims; "" if none is missing.

    Args:
        rows: rows of the ledger.
    """
    counts = rows[without_figure(rows)].groupby("figure", sort=False)["id"].nunique()
    if counts.empty:
        return ""
    figures = ", ".join(f"`{figure}` ({count})" for figure, count in counts.items())
    return f"Not tested, because this study does not show their figures (number of claims): {figures}."
