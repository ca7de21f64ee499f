"""The contract of a claim test, and the rules by which p-values decide a claim.

A claim test is one file in the folder above with

    def decide(rows: DataFrame, parameters: Mapping, margin: float) -> Evidence

`rows` are the rows of the claim's table for one claim unit (one recording, task, setting and so on, see `by` of the
claim); `parameters` are the claim's own. Many tests compare two groups of rows: each of the parameters `first` and
`second` is a dict column -> value that selects one group. Replicates are seeds; repeats within a seed are averaged
first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError
from neurorules.plugins import Plugins

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from neurorules.statistics.comparison import Comparison

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
CLAIM_TESTS = Plugins("claims.tests", "claim test", "claims.test", members=("decide",))
ALPHA = 0.05
NAN = float("nan")


@dataclass(frozen=True)
class Evidence:
    """The result of a claim test.

    Attributes:
        result: holds, fails, undecided, or "" if there is nothing to test; `why` gives the reason for the last two.
        comparison: the numbers on which the result is based.
        numbers: further columns of the ledger: the `matched_accuracy` at which groups were compared, and so on.
        p_claimed: the p-value that decides for the claim; NaN if none does.
        p_against: the p-value that decides against it; 1 if the claim's margin rules this out.
    """

    result: str
    why: str = ""
    comparison: Comparison | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)
    p_claimed: float = NAN
    p_against: float = NAN


def untestable(why: str) -> Evidence:
    """Evidence without a result, for when there is nothing to test."""
    return Evidence("", why)


def decide_equivalence(comparison: Comparison, margin: float, numbers: Mapping[str, Any] | None = None) -> Evidence:
    """Holds if two one-sided tests place the difference within the margin; fails if one places it beyond.

    Both at .05: the 90% interval is within the margin, or entirely beyond it on one side. So each verdict is wrong in
    at most 5% of studies. A significant difference alone does not speak against a claim: it may be smaller than the
    margin.
    """
    p = {"p_claimed": comparison.p_equivalent, "p_against": comparison.p_beyond}
    if why := _no_test(comparison):
        return Evidence(UNDECIDED, why, comparison, numbers or {})
    if comparison.p_equivalent < ALPHA:
        return Evidence(HOLDS, "", comparison, numbers or {}, **p)
    if comparison.p_beyond < ALPHA:
        return Evidence(FAILS, "", comparison, numbers or {}, **p)
    why = "different, but not clearly by more than the margin" if comparison.p_different < ALPHA else "too uncertain"
    return Evidence(UNDECIDED, why, comparison, numbers or {}, **p)


def decide_lower(comparison: Comparison, numbers: Mapping[str, Any] | None = None) -> Evidence:
    """Holds if the first is significantly lower (one-sided p < .05), fails if it is significantly higher."""
    p = {"p_claimed": comparison.p_lower, "p_against": comparison.p_higher}
    if why := _no_test(comparison):
        return Evidence(UNDECIDED, why, comparison, numbers or {})
    if comparison.p_lower < ALPHA:
        return Evidence(HOLDS, "", comparison, numbers or {}, **p)
    if comparison.p_higher < ALPHA:
        return Evidence(FAILS, "", comparison, numbers or {}, **p)
    return Evidence(UNDECIDED, "too uncertain", comparison, numbers or {}, **p)


def _no_test(comparison: Comparison) -> str:
    import math

    return "fewer than two seeds, or no spread across them" if math.isnan(comparison.p_different) else ""


def missing_columns(rows: pd.DataFrame, *columns: str) -> str:
    """The reason why a table cannot be used, or "" if it has all columns."""
    missing = [column for column in columns if column not in rows.columns]
    return f"the table has no column {', '.join(missing)}" if missing else ""


def select(rows: pd.DataFrame, wanted: Mapping[str, Any]) -> pd.DataFrame:
    """Rows whose columns have the wanted values; a list matches any of its values.

    Raises:
        InputError: unknown column.
    """
    for column, value in wanted.items():
        if column not in rows.columns:
            raise InputError(
                "A claim selects by a column that its table does not have.",
                key="claims",
                value={column: value},
                remedy=f"Use one of {', '.join(map(str, rows.columns))}.",
            )
        rows = rows[rows[column].isin(value if isinstance(value, list) else [value])]
    return rows


def two_groups(rows: pd.DataFrame, parameters: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame] | Evidence:
    """The rows of `first` and of `second`, or the reason why there are none."""
    groups = []
    for name in ("first", "second"):
        groups.append(select(rows, parameters[name]))
        if groups[-1].empty:
            what = ", ".join(f"{column} {value}" for column, value in parameters[name].items())
            return untestable(f"not found: {what}")
    return groups[0], groups[1]


def seed_means(rows: pd.DataFrame, value: str) -> NDArray[Any]:
    """Means of a column within each seed, (seed,)."""
    means: NDArray[Any] = rows.groupby("seed", sort=True)[value].mean().to_numpy()
    return means
